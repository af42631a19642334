/**
 * The nouns of OpenDVS, as the control plane passes them about: the manager keeps them, the bus carries them, a host
 * realises them. Ids are UUIDs in lower case. `revision` is that of the last change of the object: revisions grow by
 * one with every change of anything, so they order all changes of an installation.
 */
import type { BroadcastSuppression } from './broadcast-suppression';
import type { VlanConfig } from './vlan';

export type Revision = number;

/** user-mode: vhost-user on a userspace dataplane. sriov-passthrough: VFs. common: the kernel's datapath. */
export const SWITCH_MODES = ['user-mode', 'sriov-passthrough', 'common'] as const;
export type SwitchMode = (typeof SWITCH_MODES)[number];

export const ENGINES = ['ovs-dpdk', 'sim'] as const;
/** What forwards packets on a host. `sim` keeps everything in memory: for tests and `quickstart -- --sim`. */
export type Engine = (typeof ENGINES)[number];

export const MTU_BYTES_MIN = 1280;
export const MTU_BYTES_MAX = 9702;
export const MTU_BYTES_DEFAULT = 1500;

export interface Switch {
  id: string;
  revision: Revision;
  name: string;
  mode: SwitchMode;
  /** Largest IP packet, as on an interface: the Ethernet header and VLAN tag come on top. */
  mtuBytes: number;
}

export type AdminStatus = 'up' | 'down';

export interface PortGroup {
  id: string;
  revision: Revision;
  switchId: string;
  name: string;
  vlan: VlanConfig;
  /** down: its ports neither send nor receive; the VM's link stays as it is. */
  adminStatus: AdminStatus;
  broadcastSuppression: BroadcastSuppression;
}

/** Descriptors of a virtio ring. QEMU's virtio-net takes no more than 1024 (VIRTQUEUE_MAX_SIZE). */
export const RING_SIZES = [256, 512, 1024] as const;

export interface Port {
  id: string;
  revision: Revision;
  hostId: string;
  switchId: string;
  portGroupId: string;
  name: string;
  /**
   * Number of the port on its host, unique there while the port exists and not given again soon after: the OpenFlow port number, the base of
   * its meter ids, part of its cookies. {@link PORT_NUMBER_MIN}..{@link PORT_NUMBER_MAX}.
   */
  number: number;
  macAddress: string;
  queues: number;
  ringSize: number;
}

export const PORT_NUMBER_MIN = 1;
export const PORT_NUMBER_MAX = 60_000;
/** Uplink members get OpenFlow port numbers from here on, in the order of the group's members. */
export const UPLINK_NUMBER_BASE = 60_001;

export const BOND_MODES = ['active-backup', 'balance-slb', 'lacp'] as const;
export type BondMode = (typeof BOND_MODES)[number];

/** A NIC by its kernel name (`eth1`) or its PCI address (`0000:3b:00.0`); a PCI NIC is driven by DPDK. */
export type Nic = { kernelName: string } | { pciAddress: string };

/** What ties one switch on one host to the physical network: one NIC, or several as a bond. */
export interface UplinkGroup {
  id: string;
  name: string;
  members: Nic[];
  /** Of no effect with a single member. */
  bondMode: BondMode;
  /** Preferred member of an active-backup bond, by the name or address it has in `members`. */
  primary: string | null;
  lacp: { mode: 'active' | 'passive'; rate: 'slow' | 'fast' } | null;
}

/** One host, what it takes part in, and where its VMs' sockets are. */
export interface Host {
  id: string;
  revision: Revision;
  name: string;
  engine: Engine;
  /** Folder of the vhost-user sockets on the host, absolute. */
  vhostSocketDir: string;
  switches: { switchId: string; uplinkGroup: UplinkGroup | null }[];
}

export function nicName(nic: Nic): string {
  return 'kernelName' in nic ? nic.kernelName : nic.pciAddress;
}
