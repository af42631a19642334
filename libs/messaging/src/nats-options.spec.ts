import { natsOptions } from './nats-options';

describe('natsOptions', () => {
  it('takes servers and credentials apart', () => {
    expect(natsOptions('nats://dvs:p%40ss@127.0.0.1:4222,nats://[::1]:4223', 'agent')).toMatchObject({
      servers: ['127.0.0.1:4222', '[::1]:4223'],
      user: 'dvs',
      pass: 'p@ss',
      maxReconnectAttempts: -1,
    });
  });

  it('reads a lone user part as a token and tls:// as a demand for TLS', () => {
    expect(natsOptions('tls://t0ken@bus.example:4222', 'x')).toMatchObject({ token: 't0ken', tls: {} });
  });

  it.each(['', 'http://host:1', 'host:4222,', 'nats://'])('refuses %j without repeating it', (url) => {
    expect(() => natsOptions(url, 'x')).toThrow(/NATS server 1 of the list is not of the form/);
  });
});
