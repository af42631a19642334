import { randomUUID } from 'node:crypto';
import { type Heartbeat, HEARTBEAT_TIMEOUT_MS, type StatusReport } from '@opendvs/contracts';
import type { PortStatus } from '@opendvs/model';
import { HostRecord } from './host-record';

const HOST = randomUUID();
const [P1, P2, P3] = [randomUUID(), randomUUID(), randomUUID()];
const NOW = new Date('2026-01-01T00:00:00Z');
const known = () => true;

const port = (portId: string, state: PortStatus['state'] = 'wired'): PortStatus => ({
  portId,
  state,
  reason: null,
  since: NOW.toISOString(),
  appliedRevision: 1,
});

class Agent {
  bootId = randomUUID();
  private seq = { heartbeat: 0, status: 0 };

  heartbeat(applied = 0): Heartbeat {
    return {
      ...this.source('heartbeat'),
      agentVersion: '1',
      engine: null,
      desiredState: 'current',
      desiredStateReason: null,
      appliedRevisions: { host: applied, shared: applied },
      problems: [],
    };
  }

  status(part: Partial<StatusReport>): StatusReport {
    const rest = {
      full: false,
      part: 0,
      last: true,
      appliedRevisions: { host: 1, shared: 1 },
      ports: [],
      gone: [],
    };
    return { ...this.source('status'), ...rest, ...part };
  }

  private source(kind: 'heartbeat' | 'status') {
    return { hostId: HOST, bootId: this.bootId, seq: this.seq[kind]++, sentAt: NOW.toISOString() };
  }
}

function tell(record: HostRecord, report: StatusReport, atMs = 0) {
  const admission = record.admit('status', report, atMs);
  if (admission.refused !== null) throw new Error(admission.refused);
  return record.foldStatus(report, admission.gap, known, NOW);
}

describe('a host record', () => {
  let record: HostRecord;
  let agent: Agent;
  beforeEach(() => {
    record = new HostRecord(HOST, NOW);
    agent = new Agent();
  });

  it('is complete after a full report, and then follows changes', () => {
    tell(record, agent.status({ full: true, ports: [port(P1), port(P2)] }));
    expect(record.incomplete).toBe(false);
    const changes = tell(record, agent.status({ ports: [port(P1, 'connected'), port(P2)], gone: [] }));
    expect(changes.changed.map(({ portId }) => portId)).toEqual([P1]);
    expect(record.ports.get(P1)?.state).toBe('connected');
    expect(tell(record, agent.status({ gone: [P2] })).gone).toEqual([P2]);
  });

  it('drops ports that a full report does not have any more', () => {
    tell(record, agent.status({ full: true, ports: [port(P1), port(P2)] }));
    expect(tell(record, agent.status({ full: true, ports: [port(P2)] })).gone).toEqual([P1]);
  });

  it('puts a split full report together', () => {
    tell(record, agent.status({ full: true, ports: [port(P1)] }));
    tell(record, agent.status({ full: true, part: 0, last: false, ports: [port(P2)] }));
    const changes = tell(record, agent.status({ full: true, part: 1, last: true, ports: [port(P3)] }));
    expect(changes.gone).toEqual([P1]);
    expect([...record.ports.keys()]).toEqual([P2, P3]);
  });

  it('forgets nothing when a piece of a split full report is lost, and stays incomplete', () => {
    tell(record, agent.status({ full: true, ports: [port(P1)] }));
    tell(record, agent.status({ full: true, part: 0, last: false, ports: [port(P2)] }));
    agent.status({ full: true, part: 1, last: false, ports: [port(P1)] }); // never arrives
    tell(record, agent.status({ full: true, part: 2, last: true, ports: [port(P3)] }));
    expect([...record.ports.keys()]).toEqual([P1, P2, P3]);
    expect(record.incomplete).toBe(true);
  });

  it('does not believe "applied" after a gap until a full report has come', () => {
    tell(record, agent.status({ full: true, ports: [port(P1)] }));
    agent.status({ ports: [port(P1, 'error')] }); // never arrives
    tell(record, agent.status({ appliedRevisions: { host: 9, shared: 9 } }));
    expect(record.status.appliedRevisions).toEqual({ host: 1, shared: 1 });
    expect(record.incomplete).toBe(true);
    tell(
      record,
      agent.status({ full: true, ports: [port(P1, 'error')], appliedRevisions: { host: 9, shared: 9 } }),
    );
    expect(record.status.appliedRevisions).toEqual({ host: 9, shared: 9 });
  });

  it('takes a whole full report after messages that this manager never saw', () => {
    for (let i = 0; i < 5; i += 1) agent.status({});
    tell(record, agent.status({ full: true, ports: [port(P1)] }));
    expect(record.incomplete).toBe(false);
  });

  it('wants a full report after a new start of the agent', () => {
    tell(record, agent.status({ full: true, ports: [port(P1)] }));
    agent.bootId = randomUUID();
    record.admit('heartbeat', agent.heartbeat(), 0);
    expect(record.incomplete).toBe(true);
    expect(record.ports.has(P1)).toBe(true);
  });

  it('wants a full report when heartbeats stay ahead of the status reports', () => {
    tell(record, agent.status({ full: true, ports: [port(P1)] }));
    record.foldHeartbeat(agent.heartbeat(7), 0);
    record.foldHeartbeat(agent.heartbeat(7), 999);
    expect(record.incomplete).toBe(false);
    record.foldHeartbeat(agent.heartbeat(7), 1000);
    expect(record.incomplete).toBe(true);
  });

  it('refuses a repeated message', () => {
    const report = agent.status({ full: true });
    tell(record, report);
    expect(record.admit('status', report, 0).refused).toMatch(/already passed/);
  });

  it('refuses a second agent with the same host id while the newer one lives, and takes it back when that is silent', () => {
    const rival = new Agent();
    expect(record.admit('heartbeat', agent.heartbeat(), 0).refused).toBeNull();
    expect(record.admit('heartbeat', rival.heartbeat(), 100).refused).toBeNull();
    expect(record.admit('heartbeat', agent.heartbeat(), 200).refused).toMatch(/two agents/);
    expect(record.admit('heartbeat', agent.heartbeat(), 100 + HEARTBEAT_TIMEOUT_MS).refused).toBeNull();
  });
});
