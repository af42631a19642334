import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@opendvs/config';
import { configHelp, environmentSchema, loadAgentConfig } from './agent-config';

const needed = {
  OPENDVS_HOST_ID: '3F0E8A4C-6B0B-4C0F-8A55-0C1F5D4B2A11',
  NATS_URL: 'nats://agent:s3cret@bus:4222',
};

describe("the agent's configuration", () => {
  it('needs no more than who the host is and where its bus is', () => {
    expect(loadAgentConfig(needed)).toMatchObject({
      hostId: '3f0e8a4c-6b0b-4c0f-8a55-0c1f5d4b2a11',
      natsUrl: 'nats://agent:s3cret@bus:4222',
      engine: 'ovs-dpdk',
      ovsdbSocket: '/var/run/openvswitch/db.sock',
      vhostSocketDir: '/run/opendvs/vhost',
      metricsAddress: '127.0.0.1',
      countersIntervalMs: 5000,
    });
  });

  it('takes the address of the bus from a file, so that its password is in no environment', () => {
    const dir = mkdtempSync(join(tmpdir(), 'opendvs-config-'));
    const file = join(dir, 'nats');
    writeFileSync(file, 'nats://agent:s3cret@bus:4222\n');
    const { natsUrl } = loadAgentConfig({ ...needed, NATS_URL: undefined, NATS_URL_FILE: file });
    expect(natsUrl).toBe('nats://agent:s3cret@bus:4222');
    rmSync(dir, { recursive: true });
  });

  it.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ['no host id', { OPENDVS_HOST_ID: '' }, /OPENDVS_HOST_ID/],
    ['a name for an id', { OPENDVS_HOST_ID: 'host-1' }, /UUID of this host in the manager/],
    ['no bus', { NATS_URL: '' }, /Neither NATS_URL nor NATS_URL_FILE/],
    ['two buses', { NATS_URL_FILE: '/x' }, /Both NATS_URL and NATS_URL_FILE/],
    ['a bus of another kind', { NATS_URL: 'http://agent:s3cret@bus' }, /nats:\/\//],
    [
      'a file that is not there',
      { NATS_URL: '', NATS_URL_FILE: '/nowhere' },
      /NATS_URL_FILE can't be read: ENOENT/,
    ],
    ['an unknown engine', { OPENDVS_ENGINE: 'vpp' }, /OPENDVS_ENGINE/],
    [
      'a relative socket folder',
      { OPENDVS_VHOST_SOCKET_DIR: 'vhost' },
      /OPENDVS_VHOST_SOCKET_DIR: has to be an absolute/,
    ],
    ['a socket folder with ..', { OPENDVS_VHOST_SOCKET_DIR: '/run/../etc' }, /must not contain ".."/],
    ['a socket folder too long', { OPENDVS_VHOST_SOCKET_DIR: `/${'x'.repeat(90)}` }, /81 bytes at most/],
    ['a local socket too long', { OPENDVS_AGENT_SOCKET: `/${'x'.repeat(107)}` }, /at most 107 bytes/],
    ['a user that is an option', { OPENDVS_VHOST_SOCKET_USER: '-x' }, /OPENDVS_VHOST_SOCKET_USER/],
    ['counters too often', { OPENDVS_COUNTERS_INTERVAL_MS: '1' }, /OPENDVS_COUNTERS_INTERVAL_MS/],
  ])('is refused with %s, without a secret in the message', (_what, env, reason) => {
    const load = () => loadAgentConfig({ ...needed, ...env });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(reason);
    expect(load).not.toThrow(/s3cret/);
  });

  it('is explained variable by variable, with defaults', () => {
    const help = configHelp();
    for (const name of Object.keys(environmentSchema.shape)) expect(help).toContain(`  ${name}\n      `);
    expect(help).toContain('[/run/opendvs/vhost]');
    expect(Object.values(environmentSchema.shape).every((field) => field.description)).toBe(true);
  });
});
