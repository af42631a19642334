import { z } from 'zod';
import { ConfigError, flag, loadConfig, tcpPort } from './load-config';

const schema = z.object({
  PORT: tcpPort.default(8420),
  VERBOSE: flag.default(false),
  NAME: z.string().min(2),
});

describe('loadConfig', () => {
  it('applies defaults to unset and to empty variables', () => {
    expect(loadConfig(schema, { NAME: 'manager', PORT: '' })).toEqual({
      NAME: 'manager',
      PORT: 8420,
      VERBOSE: false,
    });
  });

  it('names every wrong variable in one error and quotes no value', () => {
    const load = () => loadConfig(schema, { PORT: '70000', VERBOSE: 's3cret' });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(/PORT[\s\S]*VERBOSE[\s\S]*NAME|NAME[\s\S]*PORT[\s\S]*VERBOSE/);
    expect(load).not.toThrow(/s3cret/);
  });
});
