/** The kinds of things in a simulated engine: those of a real one, in simple form. */
import type { BackendObject, OwnerRef } from '@opendvs/dataplane';
import type { BondMode, SuppressionKind, UplinkGroup, VlanConfig } from '@opendvs/model';

export interface BridgeSpec {
  kind: 'bridge';
  name: string;
  mtuBytes: number;
}

export interface UplinkSpec {
  kind: 'uplink';
  bridge: string;
  nics: string[];
  /** null with a single NIC. */
  bond: { mode: BondMode; primary: string | null; lacp: UplinkGroup['lacp'] } | null;
}

export interface PortSpec {
  kind: 'port';
  bridge: string;
  portId: string;
  number: number;
  socketPath: string;
  vlan: VlanConfig;
  enabled: boolean;
}

/** A token bucket: `rate` and `burst` in frames (pps) or kbit (kbps). */
export interface MeterSpec {
  kind: 'meter';
  unit: 'kbps' | 'pps';
  rate: number;
  burst: number;
}

/** Sends what a VM sends of one suppression kind through a meter. */
export interface RuleSpec {
  kind: 'rule';
  portId: string;
  suppress: SuppressionKind;
  meterKey: string;
  observeOnly: boolean;
}

export type SimSpec = BridgeSpec | UplinkSpec | PortSpec | MeterSpec | RuleSpec;

/** As the engine keeps it. `owner` is our mark; null: somebody else's. */
export type SimObject = Omit<BackendObject<SimSpec>, 'because' | 'owner'> & { owner: OwnerRef | null };

export const bridgeKey = (bridge: string): string => `bridge/${bridge}`;
export const uplinkKey = (bridge: string): string => `uplink/${bridge}`;
export const portKey = (interfaceName: string): string => `port/${interfaceName}`;
export const meterKey = (interfaceName: string, kind: SuppressionKind): string =>
  `meter/${interfaceName}/${kind}`;
export const ruleKey = (interfaceName: string, kind: SuppressionKind): string =>
  `rule/${interfaceName}/${kind}`;
