/**
 * A port as libvirt's `<interface type='vhostuser'>`: QEMU listens on the port's socket (`mode='server'`) and the switch
 * connects, so that either may restart without the other. Element by element as in libvirt's formatdomain, "vhost-user interface".
 *
 * There is no `<mtu>`: libvirt 9.0 takes it for the kernel's device of a tap, and doesn't start a domain that has it on a vhost-user
 * interface ("Cannot set interface MTU on ''", with any target). So a guest takes 1500 until somebody sets its MTU inside it.
 */
import { RING_SIZES, SOCKET_PATH_BYTES_MAX } from '@opendvs/model';
import { escapeAttribute } from './xml-edits';

/** What a guest's interface must know of its port. */
export interface PortFacts {
  /** Name of the port in the dataplane: libvirt looks its counters up by it (`virsh domifstat`). */
  interfaceName: string;
  socketPath: string;
  /** Six pairs of hex digits, unicast. */
  macAddress: string;
  /** Queue pairs, 1..8. */
  queues: number;
  /** Descriptors of each virtqueue: 256, 512 or 1024. */
  ringSize: number;
  /** Largest IP packet that the switch carries. Not part of the element, see above; but its owner is told. */
  mtuBytes: number;
}

export const QUEUES_MAX = 8;
/** Of a virtio-net device that isn't told another. */
const GUEST_MTU_BYTES_DEFAULT = 1500;

/** The port can't be a QEMU guest's interface as it is. The message says which field, why, and what to do. */
export class PortNotRenderableError extends Error {
  override readonly name = 'PortNotRenderableError';

  constructor(
    readonly field: keyof PortFacts,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The whole element, indented by two spaces a level, without a newline at its end; with a comment where the guest has to be told its MTU.
 * @throws PortNotRenderableError
 */
export function renderInterface(port: PortFacts): string {
  checkPortFacts(port);
  const advice = guestMtuAdvice(port);
  const children = [
    ...(advice === null ? [] : [`<!-- ${advice} -->`]),
    macElement(port),
    sourceElement(port),
    targetElement(port),
    modelElement(),
    driverElement(port),
  ];
  const lines = children.map((child) => `  ${child}`);
  return ["<interface type='vhostuser'>", ...lines, '</interface>'].join('\n');
}

/** What to do about the guest's MTU; null when the one that it takes by itself is right. */
export function guestMtuAdvice({ mtuBytes }: PortFacts): string | null {
  if (mtuBytes === GUEST_MTU_BYTES_DEFAULT) return null;
  return mtuBytes > GUEST_MTU_BYTES_DEFAULT
    ? `the switch carries packets of ${mtuBytes} bytes; set this MTU inside the guest, which takes ${GUEST_MTU_BYTES_DEFAULT} by itself`
    : `the switch carries packets of ${mtuBytes} bytes only; set this MTU inside the guest, or larger packets are lost`;
}

export function checkPortFacts(port: PortFacts): void {
  const fail = (field: keyof PortFacts, message: string) => {
    throw new PortNotRenderableError(field, message);
  };
  const pathBytes = Buffer.byteLength(port.socketPath);
  if (!port.socketPath.startsWith('/') || pathBytes > SOCKET_PATH_BYTES_MAX) {
    const limit = `an absolute path of at most ${SOCKET_PATH_BYTES_MAX} bytes`;
    fail(
      'socketPath',
      `socket path "${port.socketPath}" (${pathBytes} bytes) must be ${limit}; shorten the host's vhostSocketDir`,
    );
  }
  if (!/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i.test(port.macAddress)) {
    fail('macAddress', `"${port.macAddress}" is no unicast MAC address such as 52:54:00:12:34:56`);
  }
  if (!Number.isInteger(port.queues) || port.queues < 1 || port.queues > QUEUES_MAX) {
    fail('queues', `${port.queues} queues are outside 1..${QUEUES_MAX}`);
  }
  if (!RING_SIZES.some((size) => size === port.ringSize)) {
    fail(
      'ringSize',
      `a ring of ${port.ringSize} descriptors: QEMU's virtio-net takes ${RING_SIZES.join(', ')}; change the port's ringSize`,
    );
  }
}

/** The parts, each for itself: a rewritten interface takes only those that it lacks. */
export const macElement = (port: PortFacts): string => `<mac address='${port.macAddress}'/>`;
export const sourceElement = (port: PortFacts): string =>
  `<source type='unix' path='${escapeAttribute(port.socketPath)}' mode='server'/>`;
export const targetElement = (port: PortFacts): string =>
  `<target dev='${escapeAttribute(port.interfaceName)}'/>`;
export const modelElement = (): string => "<model type='virtio'/>";
/** One queue pair is libvirt's default, and left out as libvirt itself does. */
export const driverElement = ({ queues, ringSize }: PortFacts): string =>
  `<driver${queues > 1 ? ` queues='${queues}'` : ''} rx_queue_size='${ringSize}' tx_queue_size='${ringSize}'/>`;
