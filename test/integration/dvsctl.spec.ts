import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RESOURCES } from '../../apps/dvsctl/src/program';
import type { Lookup } from '../../apps/dvsctl/src/resources/lookup';
import type { Setting } from '../../apps/dvsctl/src/resources/resource';
import { DvsctlRig } from './dvsctl.rig';

jest.setTimeout(60_000);
const root = join(__dirname, '../..');

let rig: DvsctlRig;
beforeAll(async () => {
  rig = await DvsctlRig.start();
});
afterAll(() => rig.stop());

describe('dvsctl with a real manager', () => {
  beforeAll(async () => {
    await rig.ok('switch create prod --mtu 9000 --vlan-pools 100-199,300');
    await rig.ok('host create compute-1 --engine sim');
    await rig.ok('switch add-host prod compute-1');
    await rig.ok(
      'port-group create web --switch prod --vlan 100 --suppress-arp 64kbps --suppress-broadcast 1000pps',
    );
    await rig.ok('port-group create backbone --switch prod --trunk 100-110,300 --native-vlan 150');
  });

  it('shows what it has created', async () => {
    expect(await rig.ok('port-group get web')).toMatch(/^limit of ARP broadcasts +64 kbit\/s$/m);
    expect(await rig.ok('port-group list --switch prod --sort name')).toMatch(
      /^backbone +prod +trunk +100-110,300 \(native 150\).*\nweb +prod +access +100 +up +arp 64 kbit\/s, broadcast 1000 pkt\/s/m,
    );
    expect(await rig.ok('switch hosts prod')).toMatch(/^compute-1 +unknown/m);
  });

  it('creates again from what it shows', async () => {
    const yaml = await rig.ok('port-group get web -o yaml');
    await rig.ok('port-group create web-copy -f -', yaml);
    const [web, copy] = await Promise.all(
      ['web', 'web-copy'].map((name) => rig.json(`port-group get ${name}`)),
    );
    expect(copy?.broadcastSuppression).toEqual(web?.broadcastSuppression);
    await rig.ok('port-group delete web-copy --yes');
    expect((await rig.dvsctl(['port-group', 'get', 'web-copy'])).code).toBe(3);
  });

  it('edits by options and by a shown document, and refuses one that is out of date', async () => {
    const old = await rig.ok('port-group get web -o yaml');
    await rig.ok('port-group edit web --suppress-arp off --description changed');
    expect(await rig.json('port-group get web')).toMatchObject({
      description: 'changed',
      broadcastSuppression: { arpBroadcast: null },
    });
    const stale = await rig.dvsctl(
      ['port-group', 'edit', 'web', '-f', '-'],
      old.replace('vlanId: 100', 'vlanId: 101'),
    );
    expect(stale.code).toBe(4);
    expect(await rig.json('port-group get web')).toMatchObject({ vlanId: 100 });
    const fresh = await rig.ok('port-group get web -o yaml');
    await rig.ok('port-group edit web -f -', fresh.replace('vlanId: 100', 'vlanId: 101'));
    expect(await rig.json('port-group get web')).toMatchObject({ vlanId: 101 });
    expect(await rig.ok('change list --kind port-group --object web --limit 2')).toMatch(
      /update +port-group +web/,
    );
  });

  it.each([
    [
      'port-group create x --switch prod --vlan 4095',
      2,
      'vlanId: must be an integer from 0 to 4094; got 4095',
    ],
    ['port-group create x --switch prod --trunk 5-2', 2, 'runs backwards'],
    ['port-group create x --switch prod --vlan 200', 2, 'outside the pools of switch prod'],
    [
      'port-group create x --switch prod --vlan 100 --suppress-ip 1000000000000pps',
      2,
      'broadcastSuppression.ipBroadcast.ratePps',
    ],
    ['port-group create web --switch prod --vlan 100', 4, 'another port group of the switch has this name'],
    ['port-group create x --switch nowhere --vlan 100', 3, 'no switch is called "nowhere"'],
    ['switch create x --mtu 100', 2, 'mtuBytes: must be an integer from 1280 to 9702 (bytes); got 100'],
    ['switch delete prod --yes', 4, 'used by 2 port-groups'],
    ['port create p --port-group web', 2, 'hostId'],
  ])('"%s" ends with status %i and says "%s"', async (line, code, reason) => {
    const before = await rig.manager.revision();
    const result = await rig.dvsctl(line.split(' '));
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(reason);
    expect(await rig.manager.revision()).toBe(before);
  });

  it('logs in with a new token, which works until it is revoked', async () => {
    const token = (await rig.ok('token create ci')).trim();
    expect((await rig.dvsctl(['login', '--token', token])).code).toBe(0);
    expect((await rig.dvsctl(['switch', 'list', '--token', token])).code).toBe(0);
    await rig.ok('token delete ci --yes');
    expect((await rig.dvsctl(['switch', 'list', '--token', token])).code).toBe(2);
  });

  it('renders a domain twice to the same, with one port for each interface', async () => {
    const folder = join(root, 'libs/libvirt/testing/domains');
    const xml = readFileSync(join(folder, 'mixed-networks.xml'), 'utf8').replace(
      "portgroup='db'",
      "portgroup='backbone'",
    );
    const first = await rig.dvsctl(['domain', 'render'], xml);
    expect(first.code).toBe(0);
    const second = await rig.dvsctl(['domain', 'render'], xml);
    expect(second).toEqual({
      code: 0,
      stdout: first.stdout,
      stderr: first.stderr.replace(/^created port .*\n/gm, ''),
    });
    const ports = await rig.json<{ name: string; socketPath: string }[]>('port list --vm router --sort name');
    expect(ports.map(({ name }) => name)).toEqual(['router-nic2', 'router-nic4']);
    for (const { socketPath } of ports) expect(first.stdout).toContain(`path='${socketPath}' mode='server'`);
    expect(first.stderr).toContain('the switch carries packets of 9000 bytes');
  });

  it('prints the interface of one port as the manager and as a rendered domain have it', async () => {
    const element = await rig.ok('port xml router-nic2');
    const { macAddress, socketPath } = await rig.json('port get router-nic2');
    expect(element).toContain(`<mac address='${String(macAddress)}'/>`);
    expect(element).toContain(`<source type='unix' path='${String(socketPath)}' mode='server'/>`);
  });
});

describe('dvsctl with a host', () => {
  beforeAll(async () => {
    await rig.startAgent('compute-1');
    await rig.ok('port create vm-1-nic0 --port-group web --host compute-1 --vm vm-1 --wait');
  });

  it('waits for the dataplane: --wait has ended after the host has acknowledged', async () => {
    const { id } = await rig.json<{ id: string }>('port get vm-1-nic0');
    expect(rig.engine.inspect().some(({ spec }) => spec.kind === 'port' && spec.portId === id)).toBe(true);
    expect(await rig.ok('port wait vm-1-nic0 --for wired')).toContain('is wired');
    expect(await rig.ok('port-group edit web --suppress-broadcast 500pps --wait')).toContain('changed');
    expect(await rig.ok('port wait vm-1-nic0 --for applied --timeout 5s')).toContain('is applied');
    expect(await rig.ok('host wait compute-1 --for in-sync --timeout 5s')).toContain('is in-sync');
    expect(await rig.ok('host plan compute-1')).toBe('nothing to do: the engine is as desired\n');
  });

  it('sees a VM come, its counters, and the VM go', async () => {
    const { id } = await rig.json<{ id: string }>('port get vm-1-nic0');
    const connected = rig.dvsctl(['port', 'wait', 'vm-1-nic0', '--timeout', '10s']);
    rig.engine.connectVm(id);
    expect((await connected).code).toBe(0);
    rig.engine.offer(id, [{ frameClass: 'otherBroadcast', packetsPerSecond: 5000, frameBytes: 100 }]);
    await expect(untilSuppressed()).resolves.toMatch(/^suppressed allBroadcast packets +[\d,]+$/m);
    rig.engine.disconnectVm(id);
    expect((await rig.dvsctl(['port', 'wait', 'vm-1-nic0', '--for', 'down', '--timeout', '10s'])).code).toBe(
      0,
    );
    expect(await rig.ok('status')).toMatch(/^compute-1 +alive/m);
  });

  it('shows what an engine lacks, and says so with status 7 when a change fails there', async () => {
    const { id } = await rig.json<{ id: string }>('port get vm-1-nic0');
    rig.engine.setPortFault(id, 'the mempool is missing: install it');
    const waited = await rig.dvsctl(['port', 'wait', 'vm-1-nic0', '--timeout', '10s']);
    expect(waited).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('the mempool is missing: install it') as string,
    });
    rig.engine.setPortFault(id, null);
  });

  it('says which host has not acknowledged a change, with status 6', async () => {
    await rig.stopAgent();
    const late = await rig.dvsctl([
      'port-group',
      'edit',
      'web',
      '--suppress-broadcast',
      '400pps',
      '--wait',
      '500ms',
    ]);
    expect(late.code).toBe(6);
    expect(late.stderr).toMatch(
      /is saved \(revision \d+\), but not in the dataplane of every host:\n {2}compute-1 has not acknowledged it: /,
    );
  });

  async function untilSuppressed(): Promise<string> {
    for (;;) {
      const stats = await rig.ok('port stats vm-1-nic0');
      if (stats.includes('suppressed allBroadcast packets')) return stats;
    }
  }
});

describe('what is generated from the API', () => {
  type Schema = { properties?: Record<string, unknown>; required?: string[] };
  let description: { paths: Record<string, unknown>; components: { schemas: Record<string, Schema> } };
  beforeAll(async () => {
    description = (await (await fetch(`${rig.url}/api/openapi.json`)).json()) as typeof description;
  });

  it.each(['generate-api-client', 'generate-api-reference'])(
    'fits it still; run scripts/%s.mjs after a change of the API',
    async (script) => {
      const file = join(rig.dir, 'openapi.json');
      writeFileSync(file, JSON.stringify(description));
      const args = [join(root, `scripts/${script}.mjs`), file, '--check'];
      await expect(promisify(execFile)(process.execPath, args)).resolves.toBeDefined();
    },
  );

  it.each(RESOURCES.map((resource) => [resource.noun, resource] as const))(
    'every field of a %s has an option, or is named as read-only',
    async (noun, resource) => {
      const dto = noun.replace(/(^|-)(.)/g, (_, _dash, letter: string) => letter.toUpperCase());
      const fieldsOf = (name: string) => Object.keys(description.components.schemas[name]?.properties ?? {});
      const settable = fieldsOf(`Create${dto}Dto`);
      const covered = new Set(['name', ...(await Promise.all(resource.settings.map(fieldsSetBy))).flat()]);
      expect(settable.filter((field) => !covered.has(field))).toEqual([]);
      expect(settable.length).toBeGreaterThan(0);
      const shown = fieldsOf(`${dto}Dto`);
      expect(shown.filter((field) => !settable.includes(field)).sort()).toEqual(
        [...resource.readOnly].filter((field) => !settable.includes(field)).sort(),
      );
    },
  );

  async function fieldsSetBy({ choices, fragment }: Setting): Promise<string[]> {
    const lookup = { id: () => Promise.resolve('id') } as unknown as Lookup;
    for (const sample of [...(choices ?? []), '1', '64kbps']) {
      try {
        return Object.keys(await fragment(sample, lookup, {}));
      } catch {
        continue; // not a value of this option
      }
    }
    throw new Error('no sample fits the option');
  }
});
