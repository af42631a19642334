/** Commands that go on until Ctrl-C, and those that show what the manager tells of hosts and ports. */
import { eventually } from '@opendvs/testing';
import { problem } from '../../../../libs/api-client/testing/http-fake';
import { FakeManager } from '../../testing/fake-manager';

let manager: FakeManager;
beforeEach(async () => {
  manager = await FakeManager.start();
});
afterEach(() => manager.stop());
const listening = () => eventually('dvsctl follows the events', () => manager.streamCount > 0);

describe('events', () => {
  it('shows a line for each event, and for programs an object a line', async () => {
    const people = manager.interruptible(['events']);
    await listening();
    const change = {
      revision: 7,
      at: '2026-01-02T03:04:05.000Z',
      actor: 'admin',
      action: 'create',
      kind: 'switch',
      objectName: 'prod',
    };
    manager.tell('change', change);
    manager.tell('port-status', {
      portId: 'p-1',
      hostId: 'h',
      status: { state: 'down', reason: 'the VM has gone' },
    });
    manager.tell('port-status', { portId: 'p-2', hostId: 'h', status: null });
    manager.tell('host-status', { hostId: 'h-1', state: 'down', reason: 'silent\u001b[2J' });
    await eventually('all four are shown', () => people.stdout().split('\n').length > 5);
    people.interrupt();
    expect(await people.ended).toBe(130);
    expect(people.stdout()).toContain('03:04:05  change  7  admin: create switch prod\n');
    expect(people.stdout()).toMatch(/port {4}p-1 {2}down: the VM has gone\n/);
    expect(people.stdout()).toMatch(/port {4}p-2 {2}gone from its host\n/);
    expect(people.stdout()).toContain('host    h-1  down: silent\\u001b[2J');

    await eventually('the stream is closed', () => manager.streamCount === 0);
    const programs = manager.interruptible(['events', '-o', 'json', '--types', 'change']);
    await listening();
    manager.tell('change', change);
    await eventually('the change is shown', () => programs.stdout().split('\n').length > 2);
    programs.interrupt();
    await programs.ended;
    expect(
      programs
        .stdout()
        .split('\n')
        .slice(1, 2)
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([{ type: 'change', ...change }]);
  });

  it('connects again after the stream has ended, and goes on where it was', async () => {
    manager.add('switches', { name: 'prod' });
    const following = manager.interruptible(['events', '--since', '0']);
    await listening();
    manager.endStreams();
    await eventually(
      'it has connected again',
      () => manager.requests.filter(({ url }) => url.startsWith('/api/v1/events')).length === 2,
    );
    following.interrupt();
    await following.ended;
    expect(manager.requests.map(({ headers }) => headers['last-event-id'])).toEqual(['0', '1']);
  });

  it('ends when the manager refuses it', async () => {
    manager.script(
      'GET /api/v1/events',
      problem(400, 'validation-failed', 'types: must be of change, port-status'),
    );
    expect(await manager.dvsctl(['events', '--types', 'x'])).toMatchObject({ code: 2 });
  });
});

describe('port stats', () => {
  const counters = {
    ...{
      portId: 'p',
      epoch: 'e',
      rxPackets: 1234567,
      rxBytes: 9,
      txPackets: 1,
      txBytes: 2,
      rxUnicastPackets: 3,
      rxMulticastPackets: 4,
    },
    ...{
      rxBroadcastPackets: 5,
      rxDroppedPackets: 6,
      txDroppedPackets: 7,
      rxErrors: 8,
      txErrors: 9,
      vhostConnects: 1,
    },
    suppressed: { arpBroadcast: { packets: 4321, bytes: 259260 } },
  };
  const rates = {
    ...{
      rxBitsPerSecond: 12_300_000,
      rxPacketsPerSecond: 1500,
      txBitsPerSecond: 0,
      txPacketsPerSecond: 0,
      rxUnicastPacketsPerSecond: 0,
    },
    ...{
      rxMulticastPacketsPerSecond: 0,
      rxBroadcastPacketsPerSecond: 1500,
      rxDroppedPacketsPerSecond: 0,
      txDroppedPacketsPerSecond: 0,
    },
    ...{
      rxErrorsPerSecond: 0,
      txErrorsPerSecond: 0,
      suppressed: { arpBroadcast: { packetsPerSecond: 432, bitsPerSecond: 1 } },
    },
  };
  const stats = (second: number) => ({
    body: {
      portId: 'p',
      hostId: 'h',
      stale: false,
      takenAt: `2026-01-02T03:04:0${second}.000Z`,
      counters,
      rates,
      ratesSeconds: 5,
    },
  });

  it('shows counters with their units, suppressed ones for the kinds that have any', async () => {
    const { id } = manager.add('ports', { name: 'p' });
    manager.script(`GET /api/v1/ports/${id}/stats`, stats(1));
    const { stdout } = await manager.dvsctl(['port', 'stats', 'p']);
    expect(stdout).toMatch(/^rx packets +1,234,567$/m);
    expect(stdout).toMatch(/^suppressed arpBroadcast packets +4,321$/m);
    expect(stdout).not.toContain('multicast bytes');
    expect(stdout).toMatch(/^rx now +12\.3 Mbit\/s, 1\.5 kpkt\/s$/m);
  });

  it('watches: a line for every new report, none for the same one again', async () => {
    const { id } = manager.add('ports', { name: 'p' });
    for (const second of [1, 1, 2]) manager.script(`GET /api/v1/ports/${id}/stats`, stats(second));
    const watching = manager.interruptible(['port', 'stats', 'p', '--watch']);
    await eventually('two reports are shown', () => watching.stdout().split('\n').length === 4, {
      timeoutMs: 10_000,
    });
    watching.interrupt();
    const lines = watching.stdout().split('\n');
    expect(lines[0]).toMatch(/^TIME +RX +RX PACKETS .* SUPPRESSED$/);
    expect(lines[1]).toMatch(/^03:04:01 +12\.3 Mbit\/s +1\.5 kpkt\/s .* 432 pkt\/s$/);
    expect(lines[2]).toMatch(/^03:04:02 /);
    await watching.ended;
  }, 15_000);
});

describe('port xml', () => {
  it('prints the element as the manager gives it', async () => {
    const { id } = manager.add('ports', { name: 'p' });
    manager.script(`GET /api/v1/ports/${id}/libvirt-xml`, { body: "<interface type='vhostuser'/>\n" });
    expect(await manager.dvsctl(['port', 'xml', 'p'])).toEqual({
      code: 0,
      stdout: "<interface type='vhostuser'/>\n",
      stderr: '',
    });
  });
});

describe('host plan', () => {
  it('lists steps, and says when there are none', async () => {
    const { id } = manager.add('hosts', { name: 'compute-1' });
    const steps = [{ verb: 'recreate', key: 'port:dv1', because: 'port p of group web', dropsTraffic: true }];
    manager.script(`GET /api/v1/hosts/${id}/plan`, { body: { hostId: id, inSync: false, steps } });
    expect((await manager.dvsctl(['host', 'plan', 'compute-1'])).stdout).toMatch(
      /^recreate +port:dv1 +yes +port p of group web$/m,
    );
    manager.script(`GET /api/v1/hosts/${id}/plan`, { body: { hostId: id, inSync: true, steps: [] } });
    expect((await manager.dvsctl(['host', 'plan', 'compute-1'])).stdout).toBe(
      'nothing to do: the engine is as desired\n',
    );
  });

  it('ends with status 5 when the host does not answer', async () => {
    const { id } = manager.add('hosts', { name: 'compute-1' });
    manager.script(
      `GET /api/v1/hosts/${id}/plan`,
      problem(504, 'host-silent', 'host compute-1 did not answer'),
    );
    expect(await manager.dvsctl(['host', 'plan', 'compute-1'])).toMatchObject({
      code: 5,
      stderr: 'dvsctl: host compute-1 did not answer\n',
    });
  });
});

describe('switch add-host', () => {
  it('puts hosts into the switch, none when one of them is unknown', async () => {
    const prod = manager.add('switches', { name: 'prod' });
    const host = manager.add('hosts', { name: 'compute-1' });
    expect((await manager.dvsctl(['switch', 'add-host', 'prod', 'compute-1', 'nope'])).code).toBe(3);
    expect(manager.writes).toEqual([]);
    const path = `/api/v1/switches/${prod.id}/hosts/${host.id}`;
    manager.script(`PUT ${path}`, { status: 201, body: { switchId: prod.id, hostId: host.id } });
    expect((await manager.dvsctl(['switch', 'add-host', 'prod', 'compute-1', '--wait'])).stdout).toBe(
      'host compute-1 is in switch prod\n',
    );
    expect(manager.writes).toEqual([`PUT ${path}?wait=applied&timeoutMs=10000`]);
    manager.script(`DELETE ${path}`, { status: 204 });
    expect((await manager.dvsctl(['switch', 'remove-host', 'prod', 'compute-1'])).stdout).toBe(
      'host compute-1 is no longer in switch prod\n',
    );
  });
});

describe('status', () => {
  it('shows hosts with their ports, and everything that is not well', async () => {
    const ports = { pending: 0, wired: 1, connected: 12, down: 0, error: 3 };
    const good = manager.add('hosts', { name: 'compute-1' });
    const bad = manager.add('hosts', { name: 'compute-2' });
    manager.change('hosts', bad.id, {
      status: {
        ...(bad.status as object),
        state: 'down',
        reason: 'silent for 9 s',
        problems: [{ object: 'uplink eth1', message: 'no link' }],
      },
    });
    for (const { id } of [good, bad])
      manager.script(`GET /api/v1/hosts/${id}/stats`, { body: { hostId: id, portsByState: ports } });
    const { stdout } = await manager.dvsctl(['status']);
    expect(stdout).toMatch(/^compute-1 +alive +0 +1 +12 +0 +3 +0$/m);
    expect(stdout).toContain('compute-2 is down: silent for 9 s\ncompute-2: uplink eth1: no link\n');
  });
});
