/**
 * What every dataplane engine's driver does for the reconciler, and no more: say what it is, turn desired state into the
 * engine's own objects, read back what exists, and apply steps of a plan. Diff, order, retry and status are written once,
 * in libs/reconciler.
 */
import type {
  Host,
  Port,
  PortCounters,
  PortGroup,
  Switch,
  SuppressionKind,
  SwitchMode,
} from '@opendvs/model';

/** All that one host must realise: complete, or it is not passed to a driver at all. Every reference in it resolves. */
export interface HostDesired {
  host: Host;
  switches: Switch[];
  portGroups: PortGroup[];
  ports: Port[];
}

/** Which object of the model a backend object serves; errors are reported at it. */
export type OwnerRef = { kind: 'switch' | 'port' | 'uplink-group'; id: string };

/**
 * A thing in the engine (bridge, port, meter, flow …) as plain data.
 * `key` is its identity, the same when rendered and when observed. `spec` is everything we set of it, comparable by its JSON
 * with sorted keys. It can be made once all of `dependsOn` (keys) exist. `claims` are names it holds exclusively in the engine
 * (`netdev:eth1`, a port number): whoever claims the same can have it only after this has let go. Both follow from the spec.
 * `because` is for people: which switch, port group and port it serves. Specs, rendered or observed, are never changed once they
 * are made; a driver gives those of unchanged objects again by identity where it can, which spares comparing them.
 */
export interface BackendObject<S = unknown> {
  kind: string;
  key: string;
  spec: S;
  dependsOn: readonly string[];
  claims: readonly string[];
  owner: OwnerRef;
  because: string;
}

/**
 * What exists and bears our mark. `dependsOn`: keys of the objects that it stands on now (a flow on its port and meter, a
 * port on its bridge) and that can only go after it; a key that isn't observed says nothing. `owner` null: the engine can't tell.
 */
export type ObservedObject<S = unknown> = Omit<BackendObject<S>, 'because' | 'owner'> & {
  owner: OwnerRef | null;
};

export type Step<S = unknown> =
  | { verb: 'create'; key: string; to: BackendObject<S> }
  | { verb: 'update'; key: string; from: ObservedObject<S>; to: BackendObject<S> }
  | { verb: 'delete'; key: string; from: ObservedObject<S> };

/** Steps that don't depend on one another: a driver sends them as one transaction where the engine has such. */
export type Batch<S = unknown> = readonly Step<S>[];

/** A failed step is data, not an exception: `error` says what, where and what to do. */
export type StepResult = { key: string; ok: true } | { key: string; ok: false; error: string };

export interface Problem {
  owner: OwnerRef;
  /** What is wrong, where and what to do. */
  message: string;
}

export interface Capabilities {
  switchModes: SwitchMode[];
  /** Kinds it can enforce; each kind it can't, with the reason that users are given. */
  suppressionKinds: SuppressionKind[];
  unsupported: Record<string, string>;
  maxPorts: number;
}

export interface DriverDescription {
  engine: string;
  /** As the engine tells it: "Open vSwitch 3.1.0, DPDK 22.11.11". */
  engineVersion: string;
  capabilities: Capabilities;
}

/** What the engine says of a port that bears our mark. `faulty`: the engine has refused or lost it. */
export interface LivePort {
  portId: string;
  link: 'no-peer' | 'connected' | 'disconnected' | 'faulty';
  /** For `faulty`: what the engine said, and what to do. */
  reason: string | null;
  vhostConnects: number;
}

export type DriverEvent =
  /** Something of ours changed on the engine's side, not by us: read it again and repair. */
  | { type: 'drift'; what: string }
  /** The engine was away and is back, perhaps empty. */
  | { type: 'engine-restarted' }
  | { type: 'engine-lost'; reason: string }
  /** A port's link or fault state may have changed: readPorts() tells. */
  | { type: 'ports-changed'; portIds: string[] };

export class EngineUnavailableError extends Error {
  override readonly name = 'EngineUnavailableError';
}

/**
 * Contract, executable as libs/testing's driver contract suite:
 * - All calls come from one loop, one at a time, except readPorts, readCounters and events, which may overlap with anything.
 * - open, observe, apply, readPorts, readCounters reject with EngineUnavailableError while the engine is away; the driver reconnects by itself
 *   and says `engine-restarted` when it is back, and only then is it worth calling again.
 * - open may be tried again until it succeeds. A call whose signal is aborted rejects; afterwards the driver is as usable as before.
 * - render and validate are pure: same input, same output, no I/O. render is also asked for what validate objects to (the objects of
 *   those owners are then left alone), and leaves an object out or renders it as far as it can, but doesn't throw.
 * - apply is idempotent, and after it (all steps ok) observe equals render for every object touched.
 * - Nothing without our mark is ever changed, deleted or reported by observe.
 */
export interface DataplaneDriver<S = unknown> {
  open(signal: AbortSignal): Promise<DriverDescription>;
  /** What of the desired state this engine can't do. Empty when all is fine. */
  validate(desired: HostDesired): Problem[];
  render(desired: HostDesired): BackendObject<S>[];
  /**
   * Everything that exists and bears our mark. With `audit`, read back from the engine; without, the driver may answer from what
   * the engine's monitors and its own last apply have told it.
   */
  observe(options: { audit: boolean }, signal: AbortSignal): Promise<ObservedObject<S>[]>;
  /** 'recreate' drops the traffic of the object for a moment; the plan shows it. */
  changeMode(from: ObservedObject<S>, to: BackendObject<S>): 'in-place' | 'recreate';
  apply(batch: Batch<S>, signal: AbortSignal): Promise<StepResult[]>;
  /** One consumer. Ends when the signal is aborted. */
  events(signal: AbortSignal): AsyncIterable<DriverEvent>;
  readPorts(signal: AbortSignal): Promise<LivePort[]>;
  readCounters(signal: AbortSignal): Promise<PortCounters[]>;
  close(): Promise<void>;
}
