/**
 * Turns one `<interface type='network'>` into a vhost-user port, in place. What says how the guest reaches its network is ours
 * (type, MAC, source, target, queues, rings, MTU); the rest (boot order, address, alias, link state, offloads,
 * comments, elements nobody knows) stays as it is. What libvirt would refuse or silently ignore on vhost-user is either dropped
 * with a note, when only speed is lost, or refused, when a policy would be.
 */
import type { DomainRemark } from './domain-problem';
import {
  driverElement,
  macElement,
  modelElement,
  guestMtuAdvice,
  sourceElement,
  targetElement,
  type PortFacts,
} from './interface-xml';
import type { XmlEdits } from './xml-edits';
import { findAttribute, findChild, lineAt, type XmlElement } from './xml-source';

/** Elements that carry policy which vhost-user would lose without a word (seen with libvirt 9.0). */
const REFUSED: Record<string, string> = {
  vlan: 'libvirt refuses <vlan> on vhost-user; remove it, the port group sets the VLAN',
  filterref:
    'libvirt ignores <filterref> on vhost-user, so the filter would be lost; remove it if that is what you want',
  bandwidth:
    'libvirt ignores <bandwidth> on vhost-user, so the limit would be lost; remove it if that is what you want',
};

/** Elements that mean nothing to a vhost-user port, or with which libvirt doesn't start one. */
const DROPPED: Record<string, string> = {
  mtu: 'dropped <mtu>: libvirt does not start a vhost-user interface that has it; set the MTU inside the guest',
  virtualport: 'dropped <virtualport>: the port group takes its place',
  coalesce: 'dropped <coalesce>: libvirt has it for tap devices only',
  tune: 'dropped <tune>: a send buffer belongs to tap devices',
};

/** What must be changed in the element by its owner before it can be a vhost-user port. */
export function interfaceProblems(xml: string, element: XmlElement): DomainRemark[] {
  const problems: DomainRemark[] = [];
  const report = (at: XmlElement, message: string) => problems.push({ line: lineAt(xml, at.start), message });
  for (const child of element.children) {
    const refusal = Object.hasOwn(REFUSED, child.name) ? REFUSED[child.name] : undefined;
    if (refusal) report(child, refusal);
    if (child.name === 'port' && findAttribute(child, 'isolated')?.value === 'yes') {
      report(
        child,
        "libvirt refuses <port isolated='yes'/> on vhost-user; remove it if that is what you want",
      );
    }
  }
  const model = findChild(element, 'model');
  const type = findAttribute(model, 'type')?.value;
  if (model && !type?.startsWith('virtio')) {
    report(
      model,
      `vhost-user needs a virtio interface, not model "${type ?? ''}"; write <model type='virtio'/> if the guest has its driver`,
    );
  }
  return problems;
}

/** Queue pairs that the guest gets: more than it has vCPUs would never be served. */
export function effectiveQueues(portQueues: number, vcpus: number): number {
  return Math.min(portQueues, vcpus);
}

/** Makes the element the port's interface. Returns what was changed that its owner may not expect. */
export function rewriteInterface(
  xml: string,
  element: XmlElement,
  port: PortFacts,
  edits: XmlEdits,
): DomainRemark[] {
  const notes: DomainRemark[] = [];
  const note = (at: XmlElement, message: string) => notes.push({ line: lineAt(xml, at.start), message });
  const child = (name: string) => findChild(element, name);
  const source = child('source');
  if (!source) throw new Error('a network interface without a source was selected');
  const add = (markup: string) => edits.insertAfter(source, markup);

  edits.setAttribute(element, 'type', 'vhostuser');
  const mac = child('mac');
  if (!mac) edits.insertBefore(source, macElement(port));
  else if (!sameMac(findAttribute(mac, 'address')?.value, port))
    edits.setAttribute(mac, 'address', port.macAddress);
  edits.replaceElement(source, sourceElement(port));
  const target = child('target');
  if (target) edits.replaceElement(target, targetElement(port));
  else add(targetElement(port));
  if (!child('model')) add(modelElement());
  const driver = child('driver');
  if (driver) rewriteDriver(driver, port, edits);
  else add(driverElement(port));
  const advice = guestMtuAdvice(port);
  if (advice !== null) note(element, advice);
  for (const dropped of element.children) {
    const reason = Object.hasOwn(DROPPED, dropped.name) ? DROPPED[dropped.name] : undefined;
    if (!reason) continue;
    edits.removeElement(dropped);
    note(dropped, reason);
  }
  return notes;
}

function rewriteDriver(driver: XmlElement, port: PortFacts, edits: XmlEdits): void {
  if (port.queues > 1 || findAttribute(driver, 'queues'))
    edits.setAttribute(driver, 'queues', String(port.queues));
  edits.setAttribute(driver, 'rx_queue_size', String(port.ringSize));
  edits.setAttribute(driver, 'tx_queue_size', String(port.ringSize));
}

function sameMac(address: string | undefined, port: PortFacts): boolean {
  return address?.toLowerCase() === port.macAddress.toLowerCase();
}
