import { setTimeout as delay } from 'node:timers/promises';
import type { Heartbeat, StatusReport } from '@opendvs/contracts';
import type { PortStatus } from '@opendvs/model';
import type { ReconcilerChange, ReconcilerSnapshot } from '@opendvs/reconciler';
import { anId, eventually } from '@opendvs/testing';
import type { BusSession, BusState } from '../bus/nats-bus';
import { AgentIdentity } from '../agent-identity';
import { NothingToReportError, Reporter } from './reporter';
import { ReportComposer } from './report-composer';

const port: PortStatus = {
  portId: anId(),
  state: 'wired',
  reason: null,
  since: '2026-01-01T00:00:00Z',
  appliedRevision: 3,
};
const change = (more: Partial<ReconcilerChange>): ReconcilerChange => ({
  ports: [],
  gonePortIds: [],
  appliedRevisions: null,
  engineChanged: false,
  problemsChanged: false,
  ...more,
});

/** A bus that only remembers. */
class FakeBus {
  up = true;
  readonly sent: { kind: string; body: unknown }[] = [];
  private session: (session: BusSession) => void = () => {};

  get state(): BusState {
    return this.up ? { up: true } : { up: false, reason: 'away' };
  }

  publish(subject: string, payload: string): boolean {
    this.sent.push({ kind: subject.split('.').at(-1) ?? '', body: JSON.parse(payload) as unknown });
    return true;
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  onSession(listener: (session: BusSession) => void): void {
    this.session = listener;
  }

  connected(): void {
    this.session({} as BusSession);
  }
}

/** A reporter and what it reports on. */
class Desk {
  readonly bus = new FakeBus();
  snapshot: ReconcilerSnapshot = {
    description: null,
    engineUp: true,
    engineReason: null,
    appliedRevisions: { host: 0, shared: 0 },
    ports: new Map(),
    problems: [],
    totals: { rounds: 0, audits: 0, stepsApplied: 0, stepsFailed: 0, repairs: 0 },
  };
  desiredPorts: number | null = null;
  readonly stop = new AbortController();
  readonly reporter = new Reporter({
    hostId: anId(),
    bus: this.bus,
    composer: new ReportComposer(new AgentIdentity(anId(), '1', anId())),
    snapshot: () => this.snapshot,
    standing: () => ({ state: 'none', reason: 'waiting' }),
    problems: () => [],
    desiredPorts: () => this.desiredPorts,
  });

  roundDone(): void {
    this.desiredPorts = 1;
    this.snapshot = {
      ...this.snapshot,
      appliedRevisions: { host: 3, shared: 2 },
      ports: new Map([[port.portId, port]]),
    };
  }

  get statuses(): StatusReport[] {
    return this.bus.sent.filter(({ kind }) => kind === 'status').map(({ body }) => body as StatusReport);
  }

  get heartbeats(): Heartbeat[] {
    return this.bus.sent.filter(({ kind }) => kind === 'heartbeat').map(({ body }) => body as Heartbeat);
  }
}

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
  desk.reporter.start(desk.stop.signal);
});
afterEach(() => desk.stop.abort());

describe('reporting', () => {
  it('sends no full report before the ports are known, as it would say that there are none', async () => {
    desk.desiredPorts = 1;
    desk.bus.connected();
    expect(desk.statuses).toEqual([]);
    await expect(desk.reporter.reportAll()).rejects.toThrow(NothingToReportError);
    desk.roundDone();
    desk.reporter.portsChanged(change({ ports: [port], appliedRevisions: { host: 3, shared: 2 } }));
    expect(desk.statuses).toMatchObject([{ full: true, ports: [port] }]);
  });

  it('sends a full report without a round when the engine is away, as then every port is known to be in error', () => {
    desk.desiredPorts = 1;
    desk.snapshot = { ...desk.snapshot, engineUp: false, ports: new Map([[port.portId, port]]) };
    desk.bus.connected();
    expect(desk.statuses).toMatchObject([{ full: true }]);
  });

  it('sends changes at once, and nothing when nothing changed', () => {
    desk.roundDone();
    desk.bus.connected();
    const full = desk.statuses.length;
    desk.reporter.portsChanged(change({}));
    expect(desk.statuses).toHaveLength(full);
    desk.reporter.portsChanged(change({ gonePortIds: [port.portId] }));
    desk.reporter.portsChanged(change({ appliedRevisions: { host: 4, shared: 2 } }));
    expect(desk.statuses.slice(full)).toMatchObject([
      { full: false, gone: [port.portId], seq: 1 },
      { full: false, ports: [], appliedRevisions: { host: 4, shared: 2 }, seq: 2 },
    ]);
  });

  it('keeps nothing for a bus that is away, and tells all again when it is back', () => {
    desk.roundDone();
    desk.bus.connected();
    desk.bus.up = false;
    const sent = desk.bus.sent.length;
    desk.reporter.portsChanged(change({ ports: [port] }));
    desk.reporter.counters(new Date(), []);
    expect(desk.bus.sent).toHaveLength(sent);
    desk.bus.up = true;
    desk.bus.connected();
    expect(desk.statuses.at(-1)).toMatchObject({ full: true, seq: 1 });
  });

  it('makes one heartbeat of many changes of a moment', async () => {
    const before = desk.heartbeats.length;
    for (let i = 0; i < 50; i++) {
      desk.reporter.changed();
      await delay(1);
    }
    await eventually('a heartbeat told of them', () => desk.heartbeats.length > before);
    expect(desk.heartbeats.length - before).toBeLessThan(20);
  });

  it('beats no more after the end', async () => {
    desk.stop.abort();
    const before = desk.heartbeats.length;
    desk.reporter.changed();
    await delay(30);
    expect(desk.heartbeats).toHaveLength(before);
  });
});
