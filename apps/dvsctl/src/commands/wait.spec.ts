import { eventually } from '@opendvs/testing';
import { FakeManager } from '../../testing/fake-manager';

let manager: FakeManager;
let portId: string;
let hostId: string;
const TIME = '2026-01-02T03:04:05.000Z';
const status = (state: string, more: object = {}) => ({
  status: { state, reason: null, since: TIME, appliedRevision: 99, stale: false, ...more },
});

beforeEach(async () => {
  manager = await FakeManager.start();
  const switchId = manager.add('switches', { name: 'prod' }).id;
  hostId = manager.add('hosts', { name: 'compute-1' }).id;
  const portGroupId = manager.add('port-groups', { name: 'web', switchId }).id;
  portId = manager.add('ports', { name: 'p', switchId, hostId, portGroupId, ...status('wired') }).id;
});
afterEach(() => manager.stop());

const listening = () => eventually('dvsctl follows the events', () => manager.streamCount > 0);

describe('port wait', () => {
  it('ends at once when it is so already', async () => {
    expect(await manager.dvsctl(['port', 'wait', 'p', '--for', 'wired'])).toEqual({
      code: 0,
      stdout: 'port p is wired\n',
      stderr: '',
    });
    manager.change('ports', portId, status('connected'));
    expect((await manager.dvsctl(['port', 'wait', 'p', '--for', 'wired'])).stdout).toBe(
      'port p is wired (connected)\n',
    );
  });

  it('ends as soon as an event tells of it', async () => {
    const waited = manager.dvsctl(['port', 'wait', 'p', '--timeout', '20s']);
    await listening();
    manager.tell('port-status', { portId: 'another' });
    manager.change('ports', portId, status('connected'));
    manager.tell('port-status', { portId });
    expect((await waited).code).toBe(0);
  });

  it('gives up after the timeout with status 6, saying what was missing', async () => {
    manager.change('ports', portId, status('down', { reason: 'the VM has gone' }));
    expect(await manager.dvsctl(['port', 'wait', 'p', '--timeout', '200ms'])).toEqual({
      code: 6,
      stdout: '',
      stderr: 'dvsctl: port p to be connected was not seen within 0.2 s: it is down (the VM has gone)\n',
    });
  });

  it('gives up at once with status 7 when the port is in error', async () => {
    manager.change('ports', portId, status('error', { reason: 'no mempool' }));
    expect(await manager.dvsctl(['port', 'wait', 'p'])).toMatchObject({
      code: 7,
      stderr: 'dvsctl: port p is in error: no mempool\n',
    });
  });

  it('does not take an error of older settings for that of the latest', async () => {
    manager.change('ports', portId, status('error', { reason: 'old', appliedRevision: 1 }));
    expect((await manager.dvsctl(['port', 'wait', 'p', '--timeout', '200ms'])).code).toBe(6);
  });

  it('does not believe a state of a host that is away', async () => {
    manager.change('ports', portId, status('connected', { stale: true }));
    const { code, stderr } = await manager.dvsctl(['port', 'wait', 'p', '--timeout', '200ms']);
    expect(code).toBe(6);
    expect(stderr).toContain('its host is not alive');
  });

  it('waits for the port, its group and its switch with --for applied', async () => {
    const applied = (host: number, shared: number) =>
      manager.change('hosts', hostId, {
        status: { ...(manager.objects('hosts')[0]!.status as object), appliedRevisions: { host, shared } },
      });
    const { revision } = manager.objects('ports')[0]!;
    applied(Number(revision), 2);
    const late = await manager.dvsctl(['port', 'wait', 'p', '--for', 'applied', '--timeout', '200ms']);
    expect(late.code).toBe(6);
    expect(late.stderr).toContain('shared ones up to 2 of 3');
    applied(Number(revision), 3);
    expect((await manager.dvsctl(['port', 'wait', 'p', '--for', 'applied'])).code).toBe(0);
  });

  it('outlasts a manager that ends its stream', async () => {
    const waited = manager.dvsctl(['port', 'wait', 'p', '--timeout', '20s']);
    await listening();
    manager.endStreams();
    manager.change('ports', portId, status('connected'));
    expect((await waited).code).toBe(0);
  });

  it('outlasts a connection that breaks', async () => {
    const waited = manager.dvsctl(['port', 'wait', 'p', '--timeout', '20s']);
    const looks = () => manager.requests.filter(({ url }) => url === `/api/v1/ports/${portId}`).length;
    await eventually('dvsctl has heard the manager and looked', () => looks() > 0);
    manager.cutStreams();
    manager.change('ports', portId, status('connected'));
    expect((await waited).code).toBe(0);
  });

  it('is interrupted by Ctrl-C with status 130', async () => {
    const waited = manager.interruptible(['port', 'wait', 'p']);
    await listening();
    waited.interrupt();
    expect(await waited.ended).toBe(130);
  });

  it('does not wait for a manager that was never there', async () => {
    const gone = await FakeManager.start();
    await gone.stop();
    expect((await gone.dvsctl(['port', 'wait', portId])).code).toBe(5);
  });
});

describe('host wait', () => {
  it('waits for the host to be alive', async () => {
    expect((await manager.dvsctl(['host', 'wait', 'compute-1'])).stdout).toBe('host compute-1 is alive\n');
  });

  it('asks for an audit with --for in-sync, and says how much is to be done', async () => {
    const steps = [{ verb: 'create', key: 'port:1', because: 'port p', dropsTraffic: false }];
    for (let i = 0; i < 20; i += 1)
      manager.script(`GET /api/v1/hosts/${hostId}/plan`, { body: { hostId, inSync: false, steps } });
    const { code, stderr } = await manager.dvsctl([
      'host',
      'wait',
      'compute-1',
      '--for',
      'in-sync',
      '--timeout',
      '300ms',
    ]);
    expect(code).toBe(6);
    expect(stderr).toContain('1 steps are to be done ("dvsctl host plan compute-1" lists them)');
  });
});
