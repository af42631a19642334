import { json, problem, type HttpRoute } from '../local-api/local-http';
import type { AgentMetrics } from './agent-metrics';

export interface Health {
  engineUp: boolean;
  natsUp: boolean;
  desiredState: string;
}

/**
 * /metrics, and /healthz for supervisors: it answers 200 as long as the agent is alive, whatever it waits for, because a
 * restart helps neither an absent engine nor an absent bus. What it waits for is in the body.
 */
export function metricsApi(metrics: AgentMetrics, health: () => Health): HttpRoute {
  return async (path) => {
    if (path === '/healthz') return json({ status: 'alive', ...health() });
    if (path !== '/metrics') return problem(404, `There is no ${path}; there are /metrics and /healthz.`);
    return { status: 200, contentType: metrics.registry.contentType, body: await metrics.registry.metrics() };
  };
}
