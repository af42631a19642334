/**
 * The agent's parts and how they hang together: desired state from the bus or disk → reconciler → driver; what comes of it →
 * reporter, local API, metrics.
 */
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { DataplaneDriver } from '@opendvs/dataplane';
import { natsOptions } from '@opendvs/messaging';
import { Reconciler } from '@opendvs/reconciler';
import type { AgentConfig } from './agent-config';
import { AgentIdentity } from './agent-identity';
import type { AgentLogger } from './agent-logger';
import { agentVersion } from './agent-version';
import { NatsBus } from './bus/nats-bus';
import { DesiredStateSource } from './desired-state/desired-state-source';
import { DiskCopy } from './desired-state/disk-copy';
import { HostInspection } from './host-inspection';
import { listenOnSocket, localApi } from './local-api/local-api';
import { LocalHttpServer } from './local-api/local-http';
import { LocalProblems } from './local-problems';
import { AgentMetrics } from './metrics/agent-metrics';
import { metricsApi } from './metrics/metrics-api';
import { CountersSampler } from './reports/counters-sampler';
import { ReportComposer } from './reports/report-composer';
import { Reporter } from './reports/reporter';

export interface AgentPartsOptions {
  config: AgentConfig;
  logger: AgentLogger;
  driver: DataplaneDriver;
}

export class AgentParts {
  readonly identity: AgentIdentity;
  readonly problems = new LocalProblems();
  readonly bus: NatsBus;
  readonly metrics: AgentMetrics;
  readonly reconciler: Reconciler;
  readonly source: DesiredStateSource;
  readonly reporter: Reporter;
  readonly sampler: CountersSampler;
  readonly inspection: HostInspection;
  readonly localServer: LocalHttpServer;
  readonly metricsServer: LocalHttpServer;

  constructor(private readonly options: AgentPartsOptions) {
    const { config, logger, driver } = options;
    const { hostId } = config;
    this.identity = new AgentIdentity(hostId, agentVersion(), randomUUID());
    this.bus = new NatsBus(natsOptions(config.natsUrl, `opendvs host-agent ${hostId}`), logger);
    this.metrics = new AgentMetrics({
      snapshot: () => this.reconciler.snapshot(),
      standing: () => this.source.current(),
      desiredRevisions: () => this.source.revisions,
      natsUp: () => this.bus.state.up,
      counters: () => this.sampler.latest(),
    });
    this.reconciler = new Reconciler({ driver: this.metrics.measured(driver), logger });
    this.source = this.makeSource();
    this.reporter = new Reporter({
      hostId,
      bus: this.bus,
      composer: new ReportComposer(this.identity),
      snapshot: () => this.reconciler.snapshot(),
      standing: () => this.source.current(),
      problems: () => this.problems.all(),
      desiredPorts: () => this.source.desired?.ports.length ?? null,
    });
    this.sampler = new CountersSampler(driver, config.countersIntervalMs, logger, (takenAt, ports) =>
      this.reporter.counters(takenAt, ports),
    );
    const desired = () => this.source.desired;
    this.inspection = new HostInspection({ hostId, driver, reconciler: this.reconciler, desired });
    this.localServer = this.makeLocalServer();
    this.metricsServer = this.makeMetricsServer();
  }

  private makeSource(): DesiredStateSource {
    const { config, logger } = this.options;
    return new DesiredStateSource({
      hostId: config.hostId,
      local: config,
      diskCopy: new DiskCopy(config.stateDir, config.hostId),
      problems: this.problems,
      logger,
      act: (desired, revisions) => this.reconciler.setDesired(desired, revisions),
      onStanding: () => this.reporter.changed(),
      onBadMessage: () => this.metrics.badMessage(),
    });
  }

  private makeLocalServer(): LocalHttpServer {
    const { agentSocket } = this.options.config;
    const route = localApi({
      identity: this.identity,
      inspection: this.inspection,
      snapshot: () => this.reconciler.snapshot(),
      standing: () => this.source.current(),
      revisions: () => this.source.revisions,
      bus: () => this.bus.state,
      problems: () => this.problems.all(),
    });
    const trouble = this.trouble('local-api', `the local API can't listen on ${agentSocket}`);
    return new LocalHttpServer(route, listenOnSocket(agentSocket), trouble);
  }

  private makeMetricsServer(): LocalHttpServer {
    const { metricsAddress, metricsPort } = this.options.config;
    const route = metricsApi(this.metrics, () => ({
      engineUp: this.reconciler.snapshot().engineUp,
      natsUp: this.bus.state.up,
      desiredState: this.source.current().state,
    }));
    const what = `/metrics can't listen on ${metricsAddress}:${metricsPort}; set OPENDVS_METRICS_PORT`;
    const listen = (server: Server): void => void server.listen(metricsPort, metricsAddress);
    return new LocalHttpServer(route, listen, this.trouble('metrics', what));
  }

  private trouble(object: string, what: string): (reason: string | null) => void {
    return (reason) => {
      const message = reason && `${what} (${reason}); trying again`;
      if (this.problems.set(object, message) && message) this.options.logger.error(message);
    };
  }
}
