/** A host's agent as far as the bus can tell: beats, applies whatever it sees in an instant, reports, answers. */
import { randomUUID } from 'node:crypto';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import {
  type CountersReport,
  DESIRED_BUCKET,
  type DesiredEntry,
  desiredKeys,
  HEARTBEAT_INTERVAL_MS,
  type Heartbeat,
  hostSubjects,
  rpcSubject,
  type RpcPattern,
  type StatusReport,
} from '@opendvs/contracts';
import { natsOptions } from '@opendvs/messaging';
import type { PortCounters, PortStatus } from '@opendvs/model';

export class FakeAgent {
  bootId = randomUUID();
  readonly ports = new Map<string, PortStatus>();
  readonly applied = { host: 0, shared: 0 };
  /** What `apply` makes of a port. */
  outcome: Pick<PortStatus, 'state' | 'reason'> = { state: 'wired', reason: null };
  /** Status reports are made, and not sent. */
  mute = false;
  reportAllRequests = 0;
  private readonly seq = { heartbeat: 0, status: 0, counters: 0 };
  private beating: NodeJS.Timeout | null = null;

  private constructor(
    readonly hostId: string,
    private readonly nats: NatsConnection,
  ) {}

  static async start(natsUrl: string, hostId: string): Promise<FakeAgent> {
    const agent = new FakeAgent(hostId, await connect(natsOptions(natsUrl, `agent ${hostId}`)));
    agent.answer('report-all', () => {
      agent.reportAllRequests += 1;
      agent.report(true);
      return { ports: agent.ports.size };
    });
    agent.beat();
    agent.beating = setInterval(() => agent.beat(), HEARTBEAT_INTERVAL_MS);
    return agent;
  }

  /** Follows the bus, and reports each change as applied. */
  async apply(): Promise<void> {
    const bucket = await new Kvm(this.nats).open(DESIRED_BUCKET);
    for (const [stream, key] of [
      ['shared', desiredKeys.allShared],
      ['host', desiredKeys.allOfHost(this.hostId)],
    ] as const)
      void this.follow(await bucket.watch({ key }), stream);
  }

  beat(part: Partial<Heartbeat> = {}): void {
    const report: Heartbeat = {
      ...this.source('heartbeat'),
      agentVersion: '1.2.3',
      engine: {
        name: 'fake',
        version: '1',
        up: true,
        reason: null,
        capabilities: {
          switchModes: ['user-mode'],
          suppressionKinds: ['arpBroadcast'],
          unsupported: {},
          maxPorts: 4000,
        },
      },
      desiredState: 'current',
      desiredStateReason: null,
      appliedRevisions: { ...this.applied },
      problems: [],
      ...part,
    };
    this.send(hostSubjects.heartbeat(this.hostId), report);
  }

  report(full: boolean, portIds = [...this.ports.keys()], gone: string[] = []): void {
    const report: StatusReport = {
      ...this.source('status'),
      full,
      part: 0,
      last: true,
      appliedRevisions: { ...this.applied },
      ports: portIds.map((portId) => this.ports.get(portId)!),
      gone,
    };
    if (!this.mute) this.send(hostSubjects.status(this.hostId), report);
  }

  set(portId: string, state: PortStatus['state'], reason: string | null = null): void {
    const appliedRevision = this.ports.get(portId)?.appliedRevision ?? 0;
    this.ports.set(portId, { portId, state, reason, since: new Date().toISOString(), appliedRevision });
    this.report(false, [portId]);
  }

  count(takenAt: Date, ports: Partial<PortCounters>[]): void {
    const zero = {
      epoch: 'one',
      rxPackets: 0,
      rxBytes: 0,
      txPackets: 0,
      txBytes: 0,
      rxUnicastPackets: 0,
      rxMulticastPackets: 0,
      rxBroadcastPackets: 0,
      rxDroppedPackets: 0,
      txDroppedPackets: 0,
      rxErrors: 0,
      txErrors: 0,
      suppressed: {},
      vhostConnects: 1,
    };
    const report: CountersReport = {
      ...this.source('counters'),
      takenAt: takenAt.toISOString(),
      ports: ports.map((port) => ({ portId: '', ...zero, ...port })),
    };
    this.send(hostSubjects.counters(this.hostId), report);
  }

  send(subject: string, message: object | string): void {
    this.nats.publish(subject, typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** As Nest's NATS server does. */
  answer(pattern: RpcPattern, reply: (request: unknown) => unknown): void {
    this.nats.subscribe(rpcSubject(this.hostId, pattern), {
      callback: (_error, message) => {
        const { id, data } = message.json<{ id: string; data: unknown }>();
        const response = reply(data);
        message.respond(
          typeof response === 'string' ? response : JSON.stringify({ id, response, isDisposed: true }),
        );
      },
    });
  }

  /** As kill -9. */
  async die(): Promise<void> {
    if (this.beating) clearInterval(this.beating);
    await this.nats.close();
  }

  private async follow(
    entries: AsyncIterable<{ key: string; json<T>(): T }>,
    stream: 'host' | 'shared',
  ): Promise<void> {
    for await (const message of entries) {
      const entry = message.json<DesiredEntry>();
      this.applied[stream] = Math.max(this.applied[stream], entry.revision);
      const portId = entry.kind === 'port' ? message.key.split('.').at(-1)! : null;
      if (portId === null) this.report(false, []);
      else if (entry.object) {
        this.ports.set(portId, {
          portId,
          ...this.outcome,
          since: new Date().toISOString(),
          appliedRevision: entry.revision,
        });
        this.report(false, [portId]);
      } else {
        this.ports.delete(portId);
        this.report(false, [], [portId]);
      }
    }
  }

  private source(kind: 'heartbeat' | 'status' | 'counters') {
    return {
      hostId: this.hostId,
      bootId: this.bootId,
      seq: this.seq[kind]++,
      sentAt: new Date().toISOString(),
    };
  }
}
