/** A test guest as a libvirt domain: small, hugepages shared with the switch, two serial lines, and the interfaces as the manager gave them. */
import type { GuestImage } from './image';

export interface GuestSpec {
  name: string;
  /** `<interface>` elements, eth0 first: what GET /api/v1/ports/{id}/libvirt-xml answers. */
  interfaces: readonly string[];
  /** Of eth0, with its prefix: 10.0.0.1/24. */
  address?: string;
  /** Of eth0; default what the interface element says. */
  mtuBytes?: number;
}

export interface GuestFiles {
  controlSocket: string;
  consoleLog: string;
}

export const GUEST_MEMORY_MIB = 96;

/**
 * TCG and one vCPU, as /dev/kvm can't be relied on here. The override of `vectors` is for QEMU 7.2 alone, which crashes with vhost-user and MSI-X
 * under TCG; no user's domain carries it.
 */
export function renderGuestDomain(spec: GuestSpec, image: GuestImage, files: GuestFiles): string {
  const mib = GUEST_MEMORY_MIB;
  const devices = [
    ...spec.interfaces,
    serial('file', files.consoleLog, 0),
    serial('unix', files.controlSocket, 1),
  ];
  return `<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>${escapeXml(spec.name)}</name>
  <memory unit='MiB'>${mib}</memory>
  <memoryBacking><hugepages><page size='2' unit='MiB'/></hugepages><access mode='shared'/></memoryBacking>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>${escapeXml(image.kernelFile)}</kernel>
    <initrd>${escapeXml(image.initramfsFile)}</initrd>
    <cmdline>${escapeXml(kernelParameters(spec))}</cmdline>
  </os>
  <features><acpi/></features>
  <cpu><numa><cell id='0' cpus='0' memory='${mib}' unit='MiB' memAccess='shared'/></numa></cpu>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>destroy</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    ${devices.join('\n    ')}
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
  <qemu:override>${spec.interfaces.map((_, index) => withoutVectors(`net${index}`)).join('')}</qemu:override>
</domain>
`;
}

function kernelParameters({ name, address, mtuBytes }: GuestSpec): string {
  const own = { hostname: name, address, mtu: mtuBytes };
  const set = Object.entries(own).flatMap(([key, value]) =>
    value === undefined ? [] : [`opendvs.${key}=${value}`],
  );
  return ['console=ttyS0 quiet panic=-1', ...set].join(' ');
}

function serial(type: 'file' | 'unix', path: string, port: number): string {
  const mode = type === 'unix' ? " mode='bind'" : '';
  return `<serial type='${type}'><source${mode} path='${escapeXml(path)}'/><target type='isa-serial' port='${port}'/></serial>`;
}

function withoutVectors(alias: string): string {
  return `<qemu:device alias='${alias}'><qemu:frontend><qemu:property name='vectors' type='unsigned' value='0'/></qemu:frontend></qemu:device>`;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>'"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
