import { randomUUID } from 'node:crypto';
import { type Heartbeat, HEARTBEAT_TIMEOUT_MS, type StatusReport } from '@opendvs/contracts';
import { ChangeFeed } from '../events/change-feed';
import { Inventory } from './inventory';
import { ReadModel } from './read-model';

const HOST = randomUUID();
const [PORT, ELSEWHERE] = [randomUUID(), randomUUID()];
const bootId = randomUUID();
const at = (ms: number) => new Date(1_700_000_000_000 + ms);

const heartbeat = (seq: number): Heartbeat => ({
  hostId: HOST,
  bootId,
  seq,
  sentAt: at(0).toISOString(),
  agentVersion: '1',
  engine: null,
  desiredState: 'current',
  desiredStateReason: null,
  appliedRevisions: { host: 0, shared: 0 },
  problems: [],
});
const status = (seq: number, portIds: string[]): StatusReport => ({
  hostId: HOST,
  bootId,
  seq,
  sentAt: at(0).toISOString(),
  full: true,
  part: 0,
  last: true,
  appliedRevisions: { host: 3, shared: 4 },
  ports: portIds.map((portId) => ({
    portId,
    state: 'wired',
    reason: null,
    since: at(0).toISOString(),
    appliedRevision: 3,
  })),
  gone: [],
});

async function aModel(): Promise<ReadModel> {
  const feed = new ChangeFeed(
    { currentRevision: async () => 0, after: async () => [] },
    { warn: () => undefined },
  );
  const ports = [
    { id: PORT, hostId: HOST },
    { id: ELSEWHERE, hostId: randomUUID() },
  ];
  const inventory = new Inventory({ hostIds: async () => [HOST], ports: async () => ports }, feed);
  await inventory.start();
  const model = new ReadModel(inventory);
  model.nowListening(0);
  return model;
}

describe('the read model', () => {
  it('shows a host down within HEARTBEAT_TIMEOUT_MS of its last message, its ports stale, and alive again with the next', async () => {
    const model = await aModel();
    model.accept({ kind: 'heartbeat', report: heartbeat(0) }, at(0), 0);
    model.accept({ kind: 'status', report: status(0, [PORT]) }, at(0), 0);
    expect(model.port(PORT)).toMatchObject({ state: 'wired', stale: false });
    for (let ms = 0; ms < HEARTBEAT_TIMEOUT_MS; ms += 250) model.sweep(at(ms), ms, null);
    expect(model.host(HOST, at(0)).state).toBe('alive');
    model.sweep(at(HEARTBEAT_TIMEOUT_MS), HEARTBEAT_TIMEOUT_MS, null);
    expect(model.host(HOST, at(0))).toMatchObject({
      state: 'down',
      reason: expect.stringContaining('silent since') as string,
    });
    expect(model.port(PORT)).toMatchObject({ state: 'wired', stale: true });
    model.accept({ kind: 'heartbeat', report: heartbeat(1) }, at(9000), 9000);
    expect(model.host(HOST, at(0)).state).toBe('alive');
  });

  it('does not call hosts down that it could not hear: neither without the bus, nor after it was stalled itself', async () => {
    const model = await aModel();
    model.accept({ kind: 'heartbeat', report: heartbeat(0) }, at(0), 0);
    for (let ms = 0; ms <= 10_000; ms += 250) model.sweep(at(ms), ms, 'connection refused');
    expect(model.host(HOST, at(0))).toMatchObject({
      state: 'unknown',
      reason: expect.stringContaining('connection refused') as string,
    });
    model.nowListening(10_000);
    model.accept({ kind: 'heartbeat', report: heartbeat(1) }, at(10_500), 10_500);
    model.sweep(at(10_500), 10_500, null);
    model.sweep(at(20_000), 20_000, null);
    expect(model.host(HOST, at(0)).state).toBe('alive');
    for (let ms = 20_250; ms <= 24_000; ms += 250) model.sweep(at(ms), ms, null);
    expect(model.host(HOST, at(0)).state).toBe('down');
  });

  it('lets nothing in about hosts that do not exist, nor about ports of other hosts', async () => {
    const model = await aModel();
    const stranger = { ...heartbeat(0), hostId: randomUUID() };
    expect(model.accept({ kind: 'heartbeat', report: stranger }, at(0), 0)).toBe('there is no such host');
    expect(model.unknownPorts(status(0, [PORT, ELSEWHERE]))).toBe(true);
    model.accept({ kind: 'status', report: status(0, [PORT, ELSEWHERE]) }, at(0), 0);
    expect([...model.portsOf(HOST)].map(({ portId }) => portId)).toEqual([PORT]);
    expect(model.port(ELSEWHERE)).toBeUndefined();
  });

  it('shows what an earlier manager knew, as stale, and a host that then stays silent as down', async () => {
    const before = await aModel();
    before.accept({ kind: 'heartbeat', report: heartbeat(0) }, at(0), 0);
    before.accept({ kind: 'status', report: status(0, [PORT]) }, at(0), 0);
    const model = await aModel();
    model.restore({ hosts: [before.host(HOST, at(0))], ports: [...before.portsOf(HOST)] }, at(60_000));
    expect(model.host(HOST, at(0))).toMatchObject({
      state: 'unknown',
      agentVersion: '1',
      appliedRevisions: { host: 3, shared: 4 },
    });
    expect(model.port(PORT)).toMatchObject({ state: 'wired', stale: true });
    model.sweep(at(60_000), HEARTBEAT_TIMEOUT_MS, null);
    expect(model.host(HOST, at(0)).state).toBe('down');
  });
});
