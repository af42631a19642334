/**
 * The kinds of things the driver makes in Open vSwitch, as plain data. Specs of what lives in the database have the shape of its
 * columns; of its maps they hold the keys that are ours, others in the same map are somebody else's.
 */
import type { BackendObject, ObservedObject } from '@opendvs/dataplane';
import type { SuppressionKind } from '@opendvs/model';
import type { FlowOwner, PipelineFlow } from './pipeline';

export interface BridgeSpec {
  kind: 'bridge';
  name: string;
  datapathType: string;
  failMode: string | null;
  protocols: readonly string[];
  otherConfig: Readonly<Record<string, string>>;
  externalIds: Readonly<Record<string, string>>;
  fault?: string;
}

export interface VlanColumns {
  mode: string | null;
  tag: number | null;
  /** "100-199,300"; empty: none. The column holds every single one. */
  trunks: string;
}

export interface InterfaceColumns {
  name: string;
  type: string;
  options: Readonly<Record<string, string>>;
  mtuRequest: number | null;
  ofportRequest: number | null;
  externalIds: Readonly<Record<string, string>>;
}

export interface BondColumns {
  mode: string | null;
  lacp: string | null;
  otherConfig: Readonly<Record<string, string>>;
}

/**
 * A row of table Port with its interfaces: one for a VM's port, one or several for an uplink.
 * `fault` is only ever observed: what Open vSwitch says against it; a rendered spec has none, so a faulty port is never in sync.
 */
export interface PortSpec {
  kind: 'port' | 'uplink';
  bridge: string;
  name: string;
  vlan: VlanColumns;
  bond: BondColumns;
  externalIds: Readonly<Record<string, string>>;
  interfaces: readonly InterfaceColumns[];
  fault?: string;
}

export interface MeterSpec {
  kind: 'meter';
  bridge: string;
  id: number;
  unit: 'kbps' | 'pps';
  rate: number;
  /** Bucket: kbit or frames. */
  burst: number;
}

/** The flows of one owner on one bridge: they come and go together, in one bundle. */
export interface FlowsSpec {
  kind: 'flows';
  bridge: string;
  flowsOf: FlowOwner;
  flows: readonly PipelineFlow[];
}

export type OvsSpec = BridgeSpec | PortSpec | MeterSpec | FlowsSpec;
export type OvsObject = BackendObject<OvsSpec>;
export type OvsObserved = ObservedObject<OvsSpec>;

export const bridgeKey = (bridge: string): string => `bridge/${bridge}`;
export const uplinkKey = (bridge: string): string => `uplink/${bridge}`;
export const portKey = (interfaceName: string): string => `port/${interfaceName}`;
/** Of meters and flows the engine tells a number and no name: their keys follow from it. */
export const meterKey = (bridge: string, portNumber: number, kind: SuppressionKind): string =>
  `meter/${bridge}/${portNumber}/${kind}`;
export const flowsKey = (bridge: string, owner: FlowOwner): string =>
  `flows/${bridge}/${owner.of === 'port' ? owner.portNumber : owner.of}`;

/** Names that are unique in the engine: of all interfaces of all bridges, and of port numbers of one bridge. */
export const interfaceClaim = (name: string): string => `interface:${name}`;
export const ofportClaim = (bridge: string, ofport: number): string => `ofport:${bridge}/${ofport}`;

export function claimsOfPort(spec: Pick<PortSpec, 'bridge' | 'interfaces'>): string[] {
  return spec.interfaces.flatMap(({ name, ofportRequest }) => [
    interfaceClaim(name),
    ...(ofportRequest === null ? [] : [ofportClaim(spec.bridge, ofportRequest)]),
  ]);
}
