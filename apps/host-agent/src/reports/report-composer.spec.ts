import { countersReportSchema, heartbeatSchema, statusReportSchema } from '@opendvs/contracts';
import type { PortCounters, PortStatus } from '@opendvs/model';
import type { ReconcilerChange, ReconcilerSnapshot } from '@opendvs/reconciler';
import { anId } from '@opendvs/testing';
import { AgentIdentity } from '../agent-identity';
import { ReportComposer } from './report-composer';

const identity = new AgentIdentity(anId(), '0.1.0', anId());
const aStatus = (reason: string | null = null): PortStatus => ({
  portId: anId(),
  state: reason === null ? 'wired' : 'error',
  reason,
  since: new Date().toISOString(),
  appliedRevision: 1,
});
const snapshotOf = (ports: PortStatus[], more: Partial<ReconcilerSnapshot> = {}): ReconcilerSnapshot => ({
  description: {
    engine: 'sim',
    engineVersion: 'v'.repeat(300),
    capabilities: {
      switchModes: ['user-mode'],
      suppressionKinds: ['arpBroadcast'],
      unsupported: {},
      maxPorts: 9,
    },
  },
  engineUp: true,
  engineReason: null,
  appliedRevisions: { host: 7, shared: 5 },
  ports: new Map(ports.map((port) => [port.portId, port])),
  problems: [],
  totals: { rounds: 1, audits: 1, stepsApplied: 1, stepsFailed: 0, repairs: 0 },
  ...more,
});
const changeOf = (ports: PortStatus[], more: Partial<ReconcilerChange> = {}): ReconcilerChange => ({
  ports,
  gonePortIds: [],
  appliedRevisions: null,
  engineChanged: false,
  problemsChanged: false,
  ...more,
});

describe('the messages of an agent', () => {
  it('are within the contract whatever engines and hosts say', () => {
    const composer = new ReportComposer(identity);
    const long = 'x'.repeat(5000);
    const problems = Array.from({ length: 150 }, (_, i) => ({ object: `bus:${i}${long}`, message: long }));
    const heartbeat = composer.heartbeat(
      snapshotOf([], {
        engineUp: false,
        engineReason: long,
        problems: [{ owner: { kind: 'switch', id: anId() }, message: long }],
      }),
      { state: 'refused', reason: long },
      problems,
    );
    expect(heartbeatSchema.safeParse(heartbeat).error).toBeUndefined();
    expect(heartbeat.problems).toHaveLength(100);
    for (const report of composer.fullStatus(snapshotOf([aStatus(long)]))) {
      expect(statusReportSchema.safeParse(report).error).toBeUndefined();
    }
  });

  it('say why an engine was never opened, though nothing is known of it', () => {
    const heartbeat = new ReportComposer(identity).heartbeat(
      snapshotOf([], { description: null, engineUp: false, engineReason: 'no socket' }),
      { state: 'none', reason: 'waiting' },
      [],
    );
    expect(heartbeatSchema.parse(heartbeat)).toMatchObject({
      engine: null,
      problems: [{ object: 'engine', message: 'no socket' }],
    });
  });

  it('are numbered apart by subject, without gaps', () => {
    const composer = new ReportComposer(identity);
    const beat = () => composer.heartbeat(snapshotOf([]), { state: 'none', reason: null }, []).seq;
    expect([beat(), beat()]).toEqual([0, 1]);
    const statuses = [
      ...composer.fullStatus(snapshotOf([])),
      ...composer.changedStatus(changeOf([aStatus()])),
    ];
    expect(statuses.map(({ seq }) => seq)).toEqual([0, 1]);
    expect(beat()).toBe(2);
  });

  it('split a full report of many ports, and number its pieces', () => {
    const ports = Array.from({ length: 4100 }, () => aStatus());
    const reports = new ReportComposer(identity).fullStatus(snapshotOf(ports));
    expect(reports.map(({ part, last, full }) => ({ part, last, full }))).toEqual(
      reports.map((_, part) => ({ part, last: part === reports.length - 1, full: true })),
    );
    expect(reports.length).toBeGreaterThan(2);
    expect(reports.flatMap((report) => report.ports)).toEqual(ports);
    for (const report of reports) expect(statusReportSchema.safeParse(report).error).toBeUndefined();
  });

  it('acknowledge only with the last piece of a change, when every error has been told', () => {
    const composer = new ReportComposer(identity);
    composer.fullStatus(snapshotOf([]));
    const gone = Array.from({ length: 2500 }, () => anId());
    const reports = composer.changedStatus(
      changeOf(
        Array.from({ length: 4100 }, () => aStatus()),
        { gonePortIds: gone, appliedRevisions: { host: 9, shared: 9 } },
      ),
    );
    expect(reports.slice(0, -1).every(({ appliedRevisions }) => appliedRevisions.host === 7)).toBe(true);
    expect(reports.at(-1)).toMatchObject({ last: true, appliedRevisions: { host: 9, shared: 9 } });
    expect(reports.flatMap((report) => report.gone)).toEqual(gone);
    expect(composer.changedStatus(changeOf([aStatus()]))[0]?.appliedRevisions).toEqual({
      host: 9,
      shared: 9,
    });
  });

  it('carry counters in batches of a thousand at most, and none when there are no ports', () => {
    const composer = new ReportComposer(identity);
    const counters: PortCounters = {
      portId: anId(),
      epoch: 'e',
      rxPackets: 2 ** 52,
      rxBytes: 1,
      txPackets: 1,
      txBytes: 1,
      rxUnicastPackets: 1,
      rxMulticastPackets: 1,
      rxBroadcastPackets: 1,
      rxDroppedPackets: 1,
      txDroppedPackets: 1,
      rxErrors: 0,
      txErrors: 0,
      suppressed: { arpBroadcast: { packets: 1, bytes: 60 } },
      vhostConnects: 1,
    };
    const reports = composer.counters(
      new Date(),
      Array.from({ length: 2500 }, () => counters),
    );
    expect(reports.map(({ ports }) => ports.length)).toEqual([1000, 1000, 500]);
    for (const report of reports) expect(countersReportSchema.safeParse(report).error).toBeUndefined();
    expect(composer.counters(new Date(), [])).toEqual([]);
  });
});
