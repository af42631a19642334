/**
 * A dataplane engine that exists only in memory: it keeps objects, minds their dependencies and claims, knows which VMs are
 * on its ports, and can be damaged in every way that a real one is. Drivers connect to it, go, and come again; with a state
 * file even a new process finds it as it was. It forwards nothing: its traffic is computed.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { EngineUnavailableError, type DriverEvent, type LivePort } from '@opendvs/dataplane';
import type { PortCounters } from '@opendvs/model';
import { ObjectStore } from './object-store';
import type { MeterSpec, PortSpec, RuleSpec, SimObject, SimSpec } from './sim-objects';
import { SimulatedGuests } from './simulated-guests';
import { SimulatedTraffic, type OfferedLoad, type TrafficPort } from './simulated-traffic';

export interface SimulatedEngineOptions {
  /** Names or PCI addresses of the host's NICs; left out: whichever is asked for is there. */
  nics?: readonly string[];
  /** How long every call takes. 0 by default. */
  latencyMs?: number;
  /** Where the objects are kept, so that the next process finds them. Left out: they end with this one. */
  stateFile?: string;
  /** Milliseconds that never run backwards; the traffic's time. */
  monotonicMs?: () => number;
}

export class SimulatedEngine {
  readonly version = '1.0';
  private readonly store: ObjectStore;
  private readonly listeners = new Set<(event: DriverEvent) => void>();
  private readonly guests = new SimulatedGuests();
  private readonly applyFaults = new Map<string, { error: string; times: number }>();
  private readonly monotonicMs: () => number;
  private traffic = new SimulatedTraffic(randomUUID());
  private settledAtMs: number;
  private awayBecause: string | null = null;
  private latencyMs: number;

  constructor(private readonly options: SimulatedEngineOptions = {}) {
    this.store = new ObjectStore(options.stateFile);
    this.monotonicMs = options.monotonicMs ?? (() => performance.now());
    this.settledAtMs = this.monotonicMs();
    this.latencyMs = options.latencyMs ?? 0;
    for (const { portId } of this.ports()) this.guests.portMade(portId);
  }

  // What a driver uses. Each call takes the engine's latency, and rejects with EngineUnavailableError while it is away.

  /** Tells `listener` of everything that happens; returns what ends that. */
  attach(listener: (event: DriverEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async reach(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.mustBeThere();
    if (this.latencyMs > 0) await pause(this.latencyMs, undefined, { signal });
    this.mustBeThere();
  }

  async list(signal: AbortSignal): Promise<SimObject[]> {
    await this.reach(signal);
    return this.store.all();
  }

  /**
   * Hands `change` the engine's objects to work on: {@link put} and {@link remove} are for it alone. What it did outlives the
   * process, if there is a state file.
   */
  async transact<T>(change: () => T, signal: AbortSignal): Promise<T> {
    await this.reach(signal);
    this.settle();
    const result = change();
    this.store.save();
    return result;
  }

  /** Makes or changes an object. @throws Error with what the engine says */
  put(object: SimObject): void {
    this.failIfTold(object.key);
    this.checkNics(object.spec);
    this.store.put(object);
    if (object.spec.kind === 'port') this.guests.portMade(object.spec.portId);
  }

  /** Deletes an object and what stands on it, if it exists. @throws Error with what the engine says */
  remove(key: string): void {
    this.failIfTold(key);
    if (this.store.get(key)?.owner === null) throw new Error(`${key} is somebody else's`);
    this.forget(this.store.remove(key));
  }

  async livePorts(signal: AbortSignal): Promise<LivePort[]> {
    await this.reach(signal);
    return this.ports().map(({ portId }) => this.guests.livePort(portId));
  }

  async counters(signal: AbortSignal): Promise<PortCounters[]> {
    await this.reach(signal);
    this.settle();
    return this.trafficPorts().map((port) =>
      this.traffic.countersOf(port, this.guests.connectsTo(port.spec.portId)),
    );
  }

  // What VMs do.

  /** A VM opens the socket of the port, which need not exist yet. */
  connectVm(portId: string): void {
    this.settle();
    if (this.guests.connect(portId)) this.tell({ type: 'ports-changed', portIds: [portId] });
  }

  disconnectVm(portId: string): void {
    this.settle();
    if (this.guests.disconnect(portId)) this.tell({ type: 'ports-changed', portIds: [portId] });
  }

  /** What the connected VM sends from now on. @throws Error when no VM is connected to the port */
  offer(portId: string, offers: readonly OfferedLoad[]): void {
    this.settle();
    this.guests.offer(portId, offers);
  }

  // What goes wrong.

  /** The engine dies. */
  stop(reason = 'the simulated engine was stopped'): void {
    this.settle();
    this.awayBecause = reason;
    this.tell({ type: 'engine-lost', reason });
  }

  /**
   * The engine comes back: `empty`, or as Open vSwitch does, with its bridges and ports but no rules and meters. `silently`: no
   * event tells of it.
   */
  start({ empty = false, silently = false }: { empty?: boolean; silently?: boolean } = {}): void {
    this.settle();
    for (const { key, spec, owner } of this.store.all()) {
      if (owner !== null && (empty || spec.kind === 'rule' || spec.kind === 'meter'))
        this.forget(this.store.remove(key));
    }
    this.store.save();
    this.traffic = new SimulatedTraffic(randomUUID());
    this.awayBecause = null;
    if (!silently) this.tell({ type: 'engine-restarted' });
  }

  /** The connection breaks while the engine works on; {@link restoreConnection} brings it back. */
  loseConnection(reason = 'the connection to the simulated engine broke'): void {
    this.awayBecause = reason;
    this.tell({ type: 'engine-lost', reason });
  }

  restoreConnection(): void {
    this.awayBecause = null;
    this.tell({ type: 'engine-restarted' });
  }

  /** The next `times` steps on `key` fail with `error`. */
  failApply(key: string, error: string, times = 1): void {
    this.applyFaults.set(key, { error, times });
  }

  /** The engine refuses to work the port for `reason`; null: it works again. */
  setPortFault(portId: string, reason: string | null): void {
    this.guests.setFault(portId, reason);
    this.tell({ type: 'ports-changed', portIds: [portId] });
  }

  setLatency(latencyMs: number): void {
    this.latencyMs = latencyMs;
  }

  /** Somebody deletes an object, and what stands on it, by hand. `silently`: no event tells of it. */
  drop(key: string, { silently = false }: { silently?: boolean } = {}): void {
    this.settle();
    const removed = this.store.remove(key);
    if (removed.length === 0) throw new Error(`the simulated engine has no ${key} to drop`);
    this.forget(removed);
    this.store.save();
    if (!silently) this.tell({ type: 'drift', what: `${key} was deleted` });
  }

  /** Somebody makes or changes an object by hand; without an owner it is a foreign one. */
  tamper(object: SimObject, { silently = false }: { silently?: boolean } = {}): void {
    this.settle();
    this.store.put(object);
    this.store.save();
    if (!silently) this.tell({ type: 'drift', what: `${object.key} was changed` });
  }

  /** Everything that the engine has, foreign objects included, whether it can be reached or not. */
  inspect(): readonly SimObject[] {
    return this.store.all();
  }

  private tell(event: DriverEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  private mustBeThere(): void {
    if (this.awayBecause !== null) throw new EngineUnavailableError(this.awayBecause);
  }

  private failIfTold(key: string): void {
    const fault = this.applyFaults.get(key);
    if (!fault) return;
    if (--fault.times <= 0) this.applyFaults.delete(key);
    throw new Error(fault.error);
  }

  private checkNics(spec: SimSpec): void {
    if (spec.kind !== 'uplink' || !this.options.nics) return;
    const missing = spec.nics.filter((nic) => !this.options.nics?.includes(nic));
    if (missing.length > 0)
      throw new Error(`this host has no NIC ${missing.join(', ')}; it has ${this.options.nics.join(', ')}`);
  }

  private ports(): PortSpec[] {
    return this.store.all().flatMap(({ spec }) => (spec.kind === 'port' ? [spec] : []));
  }

  private forget(removed: readonly SimObject[]): void {
    for (const { spec } of removed) {
      if (spec.kind !== 'port') continue;
      this.guests.portGone(spec.portId);
      this.traffic.forget(spec.portId);
    }
  }

  /** Accounts for the traffic until now; whatever is about to change counts from now on. */
  private settle(): void {
    const nowMs = this.monotonicMs();
    const seconds = this.awayBecause === null ? (nowMs - this.settledAtMs) / 1000 : 0;
    this.settledAtMs = nowMs;
    if (seconds > 0 && this.guests.anyOffers()) this.traffic.pass(this.trafficPorts(), seconds);
  }

  private trafficPorts(): TrafficPort[] {
    const meters = new Map<string, MeterSpec>();
    const rules = new Map<string, RuleSpec[]>();
    for (const { key, spec } of this.store.all()) {
      if (spec.kind === 'meter') meters.set(key, spec);
      if (spec.kind === 'rule') rules.set(spec.portId, [...(rules.get(spec.portId) ?? []), spec]);
    }
    return this.ports().map((spec) => ({
      spec,
      connected: this.guests.isConnected(spec.portId),
      offers: this.guests.offersOf(spec.portId),
      rules: (rules.get(spec.portId) ?? []).flatMap((rule) => {
        const meter = meters.get(rule.meterKey);
        return meter ? [{ spec: rule, meter }] : [];
      }),
    }));
  }
}
