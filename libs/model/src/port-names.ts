/** How a port is called on its host. Both names follow from its id alone, so no component needs to ask another. */

/** sun_path of unix(7) without its terminating NUL: what QEMU and OVS can open. */
export const SOCKET_PATH_BYTES_MAX = 107;
/** IFNAMSIZ without its NUL. */
export const INTERFACE_NAME_BYTES_MAX = 15;

/** Interface name of a port in the dataplane: "dv" and 12 hex digits of its id, 14 bytes. */
export function interfaceName(portId: string): string {
  return `dv${portId.replaceAll('-', '').slice(0, 12)}`;
}

/** Where the port's vhost-user socket is: QEMU listens there, the switch connects. */
export function vhostSocketPath(vhostSocketDir: string, portId: string): string {
  return `${vhostSocketDir.replace(/\/+$/, '')}/${interfaceName(portId)}.sock`;
}

/** Name of the bridge that realises a switch on a host: "br-" and 11 hex digits of its id, 14 bytes. */
export function bridgeName(switchId: string): string {
  return `br-${switchId.replaceAll('-', '').slice(0, 11)}`;
}
