/** All of ours in the engine: the database's part from the replica, meters and flows of every bridge that vswitchd has. */
import { ConnectionClosedError } from '@opendvs/openflow';
import type { EngineSession } from './engine-session';
import { isLost, lossReason } from './lost-ports';
import type { ObservedBridge, ObservedDatabase, ObservedPort } from './observe-database';
import { uplinkKey, type BridgeSpec, type OvsObserved, type PortSpec } from './ovs-objects';

/** @param audit read meters and flows back, rather than answer from memory */
export async function observeEngine(
  session: EngineSession,
  database: ObservedDatabase,
  audit: boolean,
): Promise<OvsObserved[]> {
  const bridges = [...database.bridges.values()].map((bridge) =>
    observeBridge(session, database, bridge, audit),
  );
  return (await Promise.all(bridges)).flat();
}

/** OpenFlow numbers that ports and uplinks of ours have on a bridge. */
export function numbersOn(bridge: string, database: ObservedDatabase): Set<number> {
  const numbers = portsOn(bridge, database).flatMap(({ object }) =>
    (object.spec as PortSpec).interfaces.flatMap(({ ofportRequest }) => ofportRequest ?? []),
  );
  return new Set(numbers);
}

export function portsOn(bridge: string, database: ObservedDatabase): ObservedPort[] {
  return [...database.ports.values()].filter((port) => port.bridge.name === bridge);
}

async function observeBridge(
  session: EngineSession,
  database: ObservedDatabase,
  { object, row }: ObservedBridge,
  audit: boolean,
): Promise<OvsObserved[]> {
  const ports = portsOn(row.name, database);
  const asInDatabase = ports.map((port) => port.object);
  if ((object.spec as BridgeSpec).fault !== undefined) return [object, ...asInDatabase];
  try {
    const bridge = await session.bridge(row.name);
    if (audit) await bridge.refreshPorts();
    const programmed = await bridge.observe(audit, numbersOn(row.name, database));
    const keyOfNumber = portKeysByNumber(ports);
    return [
      object,
      ...ports.map((port) =>
        isLost(port, bridge) ? withFault(port.object, lossReason(port.row.name)) : port.object,
      ),
      ...programmed.map((one) => standingOnPort(one, row.name, keyOfNumber)),
    ];
  } catch (error) {
    session.lost.throwIfAborted();
    if (!(error instanceof ConnectionClosedError)) throw error;
    return [withFault(object, `bridge ${row.name} can't be programmed: ${error.message}`), ...asInDatabase];
  }
}

function portKeysByNumber(ports: readonly ObservedPort[]): Map<number, string> {
  return new Map(
    ports.flatMap(({ object }) =>
      (object.spec as PortSpec).interfaces.map(
        ({ ofportRequest }) => [ofportRequest ?? -1, object.key] as const,
      ),
    ),
  );
}

/** Flows of a port go before the port does. */
function standingOnPort(
  object: OvsObserved,
  bridge: string,
  keyOfNumber: ReadonlyMap<number, string>,
): OvsObserved {
  const { spec } = object;
  if (spec.kind !== 'flows' || spec.flowsOf.of === 'switch') return object;
  const port = spec.flowsOf.of === 'port' ? keyOfNumber.get(spec.flowsOf.portNumber) : uplinkKey(bridge);
  return port === undefined ? object : { ...object, dependsOn: [...object.dependsOn, port] };
}

function withFault(object: OvsObserved, fault: string): OvsObserved {
  return { ...object, spec: { ...(object.spec as PortSpec | BridgeSpec), fault } };
}
