/** What a bridge says of its flows and meters as objects of ours: pure. Whose they are follows from cookies and meter ids alone. */
import type { FlowStats, Meter } from '@opendvs/openflow';
import { bodiesOf, sameBodies, specOfBodies, type FlowBodies } from './flow-set';
import {
  bridgeKey,
  flowsKey,
  meterKey,
  type FlowsSpec,
  type MeterSpec,
  type OvsObserved,
} from './ovs-objects';
import { meterOf, ownerOfCookie, type FlowOwner } from './pipeline';

/** Objects on one bridge, by key. */
export type BridgeState = ReadonlyMap<string, OvsObserved>;

/**
 * @param ownNumbers port numbers of our rows on the bridge: their meters are ours even if no flow uses them
 * @param known the state as remembered: specs that are still right are taken from it
 */
export function stateOf(
  bridge: string,
  flows: readonly FlowStats[],
  meters: readonly Meter[],
  ownNumbers: ReadonlySet<number>,
  known: BridgeState,
): BridgeState {
  const flowSets = flowsByOwner(bridge, flows, known);
  const used = new Set(flowSets.flatMap(({ spec }) => metersOf(spec as FlowsSpec)));
  const own = meters.filter(({ id }) => used.has(id) || ownNumbers.has(meterOf(id).portNumber));
  return new Map(
    [...own.map((meter) => meterObject(bridge, meter)), ...flowSets].map((one) => [one.key, one]),
  );
}

export function observedOnBridge(key: string, spec: MeterSpec | FlowsSpec): OvsObserved {
  const meters = spec.kind === 'flows' ? metersOf(spec) : [];
  const dependsOn = meters.map((id) => keyOfMeter(spec.bridge, id));
  return {
    kind: spec.kind,
    key,
    spec,
    dependsOn: [bridgeKey(spec.bridge), ...dependsOn],
    claims: [],
    owner: null,
  };
}

function flowsByOwner(bridge: string, flows: readonly FlowStats[], known: BridgeState): OvsObserved[] {
  const sets = new Map<string, { owner: FlowOwner; entries: [string, string][] }>();
  for (const one of flows) {
    const owner = ownerOfCookie(one.cookie);
    if (!owner) continue;
    const key = flowsKey(bridge, owner);
    const set = sets.get(key) ?? { owner, entries: [] };
    sets.set(key, set);
    set.entries.push([one.key, one.body]);
  }
  return [...sets].map(([key, { owner, entries }]) => {
    const bodies: FlowBodies = new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
    const before = known.get(key)?.spec as FlowsSpec | undefined;
    const isSame = before !== undefined && sameBodies(bodiesOf(before), bodies);
    return observedOnBridge(key, isSame ? before : specOfBodies(bridge, owner, bodies));
  });
}

/** Ours have one band; what has another number of them differs from everything that is rendered. */
function meterObject(bridge: string, { id, unit, bands }: Meter): OvsObserved {
  const [band] = bands.length === 1 ? bands : [];
  return observedOnBridge(keyOfMeter(bridge, id), {
    kind: 'meter',
    bridge,
    id,
    unit: unit === 'pktps' ? 'pps' : 'kbps',
    rate: band?.rate ?? 0,
    burst: band?.burst ?? 0,
  });
}

function keyOfMeter(bridge: string, id: number): string {
  const { portNumber, kind } = meterOf(id);
  return meterKey(bridge, portNumber, kind);
}

function metersOf({ flows }: FlowsSpec): number[] {
  return flows.flatMap(({ instructions }) => instructions.meter ?? []);
}
