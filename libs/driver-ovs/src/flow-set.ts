/**
 * Flows of one owner on a bridge, as the spec says them and as the switch takes them. Keys and bodies are the canonical bytes of
 * libs/openflow: what is in the switch is compared with what should be as strings, and only what differs is looked at more closely.
 */
import { decodeFlow, flowBody, flowKey, type FlowMod } from '@opendvs/openflow';
import type { FlowsSpec } from './ovs-objects';
import { cookieOf, type FlowOwner, type PipelineFlow } from './pipeline';

/** Flow key → flow body, ascending by key. */
export type FlowBodies = ReadonlyMap<string, string>;

const compiled = new WeakMap<FlowsSpec, FlowBodies>();

export function bodiesOf(spec: FlowsSpec): FlowBodies {
  const known = compiled.get(spec);
  if (known) return known;
  const cookie = cookieOf(spec.flowsOf);
  const bodies = new Map(spec.flows.map((flow) => [flowKey(flow), flowBody({ ...flow, cookie })]));
  compiled.set(spec, bodies);
  return bodies;
}

export function sameBodies(a: FlowBodies, b: FlowBodies): boolean {
  if (a.size !== b.size) return false;
  for (const [key, body] of a) if (b.get(key) !== body) return false;
  return true;
}

/** The spec of flows that the switch reports. */
export function specOfBodies(bridge: string, flowsOf: FlowOwner, bodies: FlowBodies): FlowsSpec {
  const flows = [...bodies].map(([key, body]): PipelineFlow => {
    const { cookie: _, ...flow } = decodeFlow(key, body);
    return flow;
  });
  const spec: FlowsSpec = { kind: 'flows', bridge, flowsOf, flows };
  compiled.set(spec, bodies);
  return spec;
}

/** What turns the flows `before` into those of `after`; `null`: into none. */
export function flowMods(before: FlowBodies, after: FlowsSpec | null): FlowMod[] {
  const wanted: FlowBodies = after ? bodiesOf(after) : new Map();
  const stale = [...before].filter(([key]) => !wanted.has(key));
  const changed = [...wanted].filter(([key, body]) => before.get(key) !== body);
  return [
    ...changed.map(([key, body]): FlowMod => ({ command: 'add', flow: decodeFlow(key, body) })),
    ...stale.map(([key, body]): FlowMod => ({ command: 'delete', flow: decodeFlow(key, body) })),
  ];
}
