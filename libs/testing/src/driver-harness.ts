/** What the driver contract suite needs of a rig: a driver, its engine, VMs, and somebody who meddles with it by hand. */
import type { DataplaneDriver, HostDesired } from '@opendvs/dataplane';
import type { Host, Nic } from '@opendvs/model';

export interface DriverHarness {
  /**
   * A driver on the engine, not opened yet. Called again for a second agent on the same engine, after the first driver was
   * closed: as when an agent is restarted.
   */
  newDriver(): DataplaneDriver;
  /** What the desired host has to say on this rig. */
  host: Pick<Host, 'engine' | 'vhostSocketDir'>;
  /** NICs that the suite may use as uplinks, at least two. */
  nics: readonly Nic[];
  /** A NIC that doesn't exist. */
  missingNic: Nic;
  /** A VM opens the port's socket; resolves without waiting for the driver to notice. */
  connectVm(portId: string): Promise<void>;
  disconnectVm(portId: string): Promise<void>;
  /** Makes objects in the engine as another user of it would: without our mark. */
  createForeignObjects(): Promise<void>;
  /** What of the foreign objects has been damaged, in words. Empty: they are as they were made. */
  damagedForeignObjects(): Promise<string[]>;
  /** By the names given to the suite: each changes or deletes something of ours behind the driver's back. */
  tamperings: Record<string, (desired: HostDesired) => Promise<void>>;
  /** The engine dies, as by SIGKILL; resolves when it is gone. */
  stopEngine(): Promise<void>;
  /** And comes back, having lost whatever such an engine loses. */
  startEngine(): Promise<void>;
  dispose(): Promise<void>;
}

export interface DriverContractOptions {
  /** Names of {@link DriverHarness.tamperings}, needed before the harness is made: each is a test. */
  tamperings: readonly string[];
  /** What the rig cannot do, with the reason: these tests are skipped, and say so. */
  unsupported?: Partial<Record<'connectVm' | 'stopEngine', string>>;
  /** Of one test; 30,000 by default. */
  testTimeoutMs?: number;
  /** To wait for something that the engine does by itself; 10,000 by default. */
  eventTimeoutMs?: number;
}
