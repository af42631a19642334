/** What of a desired state this engine can't do, found before anything is tried: pure. */
import type { Capabilities, HostDesired, Problem } from '@opendvs/dataplane';
import {
  PORT_NUMBER_MAX,
  SOCKET_PATH_BYTES_MAX,
  SUPPRESSION_KINDS,
  vhostSocketPath,
  type Port,
  type PortGroup,
} from '@opendvs/model';
import { LIMITED_KINDS } from './pipeline';

const UNKNOWN_UNICAST_REASON =
  'Open vSwitch looks the destination up inside of its NORMAL action, after the flow tables: no flow can tell an unknown unicast address from a known one';

/**
 * DPDK's vhost library handles 1023 sockets in a process: MAX_FDS 1024 in its lib/vhost/fd_man.h, one of them its own. It is the
 * smallest of the limits (OpenFlow port numbers, meters).
 */
export const VHOST_PORTS_MAX = Math.min(1023, PORT_NUMBER_MAX);

export const OVS_CAPABILITIES: Capabilities = {
  switchModes: ['user-mode'],
  suppressionKinds: LIMITED_KINDS.map(({ kind }) => kind),
  unsupported: {
    unknownUnicast: UNKNOWN_UNICAST_REASON,
    'sriov-passthrough': 'Open vSwitch forwards in software: virtual functions bypass it',
    common: "this driver runs Open vSwitch's userspace datapath, not the kernel's",
  },
  maxPorts: VHOST_PORTS_MAX,
};

export function validateForOvs(desired: HostDesired): Problem[] {
  const groups = new Map(desired.portGroups.map((group) => [group.id, group]));
  return [
    ...switchProblems(desired),
    ...desired.ports.flatMap((port) => [
      ...suppressionProblems(port, groups.get(port.portGroupId)!),
      ...socketProblems(port, desired.host.vhostSocketDir),
    ]),
  ];
}

function switchProblems({ switches }: HostDesired): Problem[] {
  return switches
    .filter(({ mode }) => !OVS_CAPABILITIES.switchModes.includes(mode))
    .map(({ id, name, mode }) => ({
      owner: { kind: 'switch', id },
      message: `switch "${name}" has mode ${mode}, which OVS-DPDK can't do (${OVS_CAPABILITIES.unsupported[mode]}): use a host with another engine, or mode user-mode`,
    }));
}

function suppressionProblems(port: Port, group: PortGroup): Problem[] {
  const lacking = SUPPRESSION_KINDS.filter(
    (kind) => group.broadcastSuppression[kind] && !OVS_CAPABILITIES.suppressionKinds.includes(kind),
  );
  return lacking.map((kind) => ({
    owner: { kind: 'port', id: port.id },
    message: `port group "${group.name}" has a threshold for ${kind}, which OVS-DPDK can't enforce (${OVS_CAPABILITIES.unsupported[kind]}): take it off the group`,
  }));
}

function socketProblems(port: Port, vhostSocketDir: string): Problem[] {
  const path = vhostSocketPath(vhostSocketDir, port.id);
  const bytes = Buffer.byteLength(path);
  if (bytes <= SOCKET_PATH_BYTES_MAX) return [];
  return [
    {
      owner: { kind: 'port', id: port.id },
      message: `the socket of port "${port.name}" would be ${path}, ${bytes} bytes; ${SOCKET_PATH_BYTES_MAX} are possible: give the host a shorter vhost socket directory`,
    },
  ];
}
