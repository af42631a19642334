import { Subject } from 'rxjs';
import { type HostStatus, neverReported, type ReportedPortStatus } from './host-status';
import { LastKnownRecorder } from './last-known-recorder';
import type { PortStatusChange, ReadModel } from './read-model';

const NOW = new Date('2026-01-01T12:00:00Z');
const host: HostStatus = { ...neverReported('h', NOW), state: 'alive', lastSeenAt: NOW };
const port = (portId: string, state: ReportedPortStatus['state'] = 'wired'): ReportedPortStatus => ({
  portId,
  hostId: 'h',
  state,
  reason: null,
  since: NOW.toISOString(),
  appliedRevision: 1,
  reportedAt: NOW,
  stale: false,
});

class FakeReadModel implements Pick<
  ReadModel,
  'hostChanges' | 'portChanges' | 'hostIds' | 'host' | 'portsOf'
> {
  hostChanges = new Subject<HostStatus>();
  portChanges = new Subject<PortStatusChange>();
  hostIds = ['h'];
  host = () => host;
  *portsOf() {
    yield port('refreshed');
  }
}

describe('LastKnownRecorder', () => {
  let model: FakeReadModel;
  let saves: { hosts: HostStatus[]; ports: ReportedPortStatus[]; gone: string[] }[];
  let leader: boolean;
  let away: boolean;
  let recorder: LastKnownRecorder;

  beforeEach(() => {
    jest.useFakeTimers({ now: NOW });
    model = new FakeReadModel();
    [saves, leader, away] = [[], true, false];
    const save = async (hosts: HostStatus[], ports: ReportedPortStatus[], gone: string[]) => {
      if (away) throw new Error('no PostgreSQL');
      saves.push({ hosts, ports, gone });
    };
    recorder = new LastKnownRecorder(model as unknown as ReadModel, { save }, () => leader, {
      warn: () => undefined,
    });
    recorder.start();
  });
  afterEach(async () => {
    await recorder.stop();
    jest.useRealTimers();
  });

  const change = (status: ReportedPortStatus | null, portId = 'p') =>
    model.portChanges.next({ portId, hostId: 'h', status });

  it('saves once a second, of each port the last state', async () => {
    change(port('p', 'wired'));
    change(port('p', 'connected'));
    change(null, 'q');
    await jest.advanceTimersByTimeAsync(1000);
    expect(saves).toEqual([{ hosts: [], ports: [port('p', 'connected')], gone: ['q'] }]);
    await jest.advanceTimersByTimeAsync(5000);
    expect(saves).toHaveLength(1);
  });

  it('keeps what could not be saved, unless it has changed again', async () => {
    away = true;
    change(port('p', 'wired'));
    change(port('q', 'wired'), 'q');
    await jest.advanceTimersByTimeAsync(1000);
    change(port('p', 'down'));
    away = false;
    await jest.advanceTimersByTimeAsync(1000);
    expect(saves.flatMap(({ ports }) => ports)).toEqual(
      expect.arrayContaining([port('p', 'down'), port('q', 'wired')]),
    );
    expect(saves.flatMap(({ ports }) => ports)).toHaveLength(2);
  });

  it('saves everything when it becomes the leader, and nothing before', async () => {
    leader = false;
    change(port('p'));
    await jest.advanceTimersByTimeAsync(5000);
    expect(saves).toEqual([]);
    leader = true;
    await jest.advanceTimersByTimeAsync(1000);
    expect(saves).toEqual([{ hosts: [host], ports: [port('refreshed')], gone: [] }]);
  });

  it('saves the last sign of life every half minute', async () => {
    await jest.advanceTimersByTimeAsync(31_000);
    expect(saves).toEqual([{ hosts: [host], ports: [], gone: [] }]);
  });
});
