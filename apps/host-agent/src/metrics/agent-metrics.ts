/** The agent's numbers for Prometheus. Most are read when they are asked for; only durations and sizes are recorded as they happen. */
import { PORT_STATES, type PortCounters } from '@opendvs/model';
import type { Batch, DataplaneDriver, StepResult } from '@opendvs/dataplane';
import type { ReconcilerSnapshot } from '@opendvs/reconciler';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { AppliedRevisions } from '@opendvs/model';
import type { DesiredStateStanding } from '../desired-state/desired-state-source';

/** More ports than this are not shown one by one: a scrape has to stay readable. */
const PORTS_SHOWN_MAX = 5000;

export interface AgentMetricsSources {
  snapshot: () => ReconcilerSnapshot;
  standing: () => DesiredStateStanding;
  desiredRevisions: () => AppliedRevisions | null;
  natsUp: () => boolean;
  counters: () => ReadonlyMap<string, PortCounters>;
}

export class AgentMetrics {
  readonly registry = new Registry();
  private readonly badMessages: Counter;
  private readonly applySeconds: Histogram;
  private readonly batchSteps: Histogram;

  constructor(private readonly sources: AgentMetricsSources) {
    collectDefaultMetrics({ register: this.registry });
    const registers = [this.registry];
    this.badMessages = new Counter({
      name: 'opendvs_agent_bad_desired_messages_total',
      help: 'Messages of the desired state that were of no use, and left the last good value in force.',
      registers,
    });
    this.applySeconds = new Histogram({
      name: 'opendvs_agent_apply_seconds',
      help: 'Time that the engine took for one batch of a plan.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
    this.batchSteps = new Histogram({
      name: 'opendvs_agent_batch_steps',
      help: 'Steps in one batch of a plan.',
      buckets: [1, 2, 5, 10, 50, 100, 500, 1000, 5000],
      registers,
    });
    this.showEngine(registers);
    this.showDesiredState(registers);
    this.showPorts(registers);
  }

  badMessage(): void {
    this.badMessages.inc();
  }

  /** The same driver, with its applying measured. */
  measured(driver: DataplaneDriver): DataplaneDriver {
    const apply = async (batch: Batch, signal: AbortSignal): Promise<StepResult[]> => {
      this.batchSteps.observe(batch.length);
      const end = this.applySeconds.startTimer();
      try {
        return await driver.apply(batch, signal);
      } finally {
        end();
      }
    };
    return new Proxy(driver, {
      get(target, name) {
        if (name === 'apply') return apply;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }

  private showEngine(registers: Registry[]): void {
    const { snapshot, natsUp } = this.sources;
    gauge(registers, 'opendvs_agent_engine_up', '1 while the engine answers.', (up) =>
      up.set(snapshot().engineUp ? 1 : 0),
    );
    gauge(registers, 'opendvs_agent_nats_up', '1 while connected to NATS.', (up) => up.set(natsUp() ? 1 : 0));
    gauge(
      registers,
      'opendvs_agent_problems',
      'Objects that could not be applied, ports apart.',
      (problems) => problems.set(snapshot().problems.length),
    );
    for (const [field, name, help] of RECONCILER_TOTALS) {
      counter(registers, `opendvs_agent_${name}_total`, help, [], (total) =>
        total.inc(snapshot().totals[field]),
      );
    }
  }

  private showDesiredState(registers: Registry[]): void {
    const { snapshot, standing, desiredRevisions } = this.sources;
    const revision = (name: string, help: string, read: () => AppliedRevisions | null): void =>
      gauge(
        registers,
        name,
        help,
        (largest) => {
          const revisions = read() ?? { host: 0, shared: 0 };
          largest.set({ stream: 'host' }, revisions.host);
          largest.set({ stream: 'shared' }, revisions.shared);
        },
        ['stream'],
      );
    revision('opendvs_agent_desired_revision', 'Largest revision of the state acted on.', desiredRevisions);
    revision(
      'opendvs_agent_applied_revision',
      'All up to it is in the dataplane.',
      () => snapshot().appliedRevisions,
    );
    const help = '1 for how the state acted on stands to the bus: none, cached, current or refused.';
    gauge(
      registers,
      'opendvs_agent_desired_state',
      help,
      (shown) => {
        const { state } = standing();
        for (const one of ['none', 'cached', 'current', 'refused'])
          shown.set({ state: one }, one === state ? 1 : 0);
      },
      ['state'],
    );
  }

  private showPorts(registers: Registry[]): void {
    const { snapshot, counters } = this.sources;
    gauge(
      registers,
      'opendvs_ports',
      'Ports of this host by state.',
      (ports) => {
        for (const state of PORT_STATES) ports.set({ state }, 0);
        for (const { state } of snapshot().ports.values()) ports.inc({ state });
      },
      ['state'],
    );
    for (const [field, name, help] of PORT_COUNTERS) {
      counter(registers, `opendvs_port_${name}_total`, help, ['port'], (count) => {
        for (const port of firstOf(counters())) count.inc({ port: port.portId }, port[field]);
      });
    }
    for (const unit of ['packets', 'bytes'] as const) {
      const help = `Broadcast suppression: ${unit} above the threshold of a kind, dropped or, with observe-only, counted.`;
      counter(registers, `opendvs_port_suppressed_${unit}_total`, help, ['port', 'kind'], (count) => {
        for (const { portId, suppressed } of firstOf(counters())) {
          for (const [kind, above] of Object.entries(suppressed))
            count.inc({ port: portId, kind }, above[unit]);
        }
      });
    }
  }
}

const RECONCILER_TOTALS = [
  ['rounds', 'rounds', 'Rounds of the reconciler.'],
  ['audits', 'audits', 'Times that the engine was read back in full.'],
  ['stepsApplied', 'steps_applied', 'Steps that the engine carried out.'],
  ['stepsFailed', 'steps_failed', 'Steps that failed.'],
  ['repairs', 'repairs', 'Steps that put right what somebody else had changed in the engine.'],
] as const;

const PORT_COUNTERS = [
  ['rxPackets', 'rx_packets', 'Packets that the VM sent.'],
  ['rxBytes', 'rx_bytes', 'Bytes that the VM sent.'],
  ['txPackets', 'tx_packets', 'Packets delivered to the VM.'],
  ['txBytes', 'tx_bytes', 'Bytes delivered to the VM.'],
  ['rxDroppedPackets', 'rx_dropped_packets', 'Packets of the VM that the switch dropped.'],
  ['txDroppedPackets', 'tx_dropped_packets', 'Packets for the VM that it did not take.'],
] as const;

function firstOf(counters: ReadonlyMap<string, PortCounters>): PortCounters[] {
  return [...counters.values()].slice(0, PORTS_SHOWN_MAX);
}

/** A gauge that `show` sets when it is scraped. */
function gauge(
  registers: Registry[],
  name: string,
  help: string,
  show: (gauge: Gauge) => void,
  labelNames: string[] = [],
): void {
  new Gauge({
    name,
    help,
    labelNames,
    registers,
    collect() {
      show(this);
    },
  });
}

/** A counter kept elsewhere: `show` adds up its present value when it is scraped. */
function counter(
  registers: Registry[],
  name: string,
  help: string,
  labelNames: string[],
  show: (counter: Counter) => void,
): void {
  new Counter({
    name,
    help,
    labelNames,
    registers,
    collect() {
      this.reset();
      show(this);
    },
  });
}
