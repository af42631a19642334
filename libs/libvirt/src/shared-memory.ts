/**
 * A vhost-user switch reads and writes the guest's memory, so all of it must be mapped shared. libvirt decides this for
 * each piece: the `memAccess` of a NUMA cell and the `access` of a memory device override `<memoryBacking><access mode>`, which
 * holds for the rest (QEMU: `share=on` of each memory backend; seen with libvirt 9.0 and QEMU 7.2 for every case below).
 * So one `<access mode='shared'/>` is enough where there are no cells, and none need be invented: a cell would show
 * the guest a NUMA topology that it didn't have.
 *
 * Guests get hugepages unless they already say where their memory comes from.
 */
import type { DomainRemark } from './domain-problem';
import type { XmlEdits } from './xml-edits';
import { findAttribute, findChild, findChildren, lineAt, type XmlElement } from './xml-source';

const HUGEPAGES = '<hugepages/>';
const SHARED = "<access mode='shared'/>";

/** Edits a domain so that all its memory is shared. Returns what its owner may not expect. */
export function shareMemory(xml: string, domain: XmlElement, edits: XmlEdits): DomainRemark[] {
  const notes: DomainRemark[] = [];
  const note = (at: XmlElement, message: string) => notes.push({ line: lineAt(xml, at.start), message });
  const backing = findChild(domain, 'memoryBacking');
  if (backing) shareBacking(backing, edits, note);
  else
    edits.insertAfter(
      backingAnchor(domain),
      `<memoryBacking>\n  ${HUGEPAGES}\n  ${SHARED}\n</memoryBacking>`,
    );
  for (const cell of numaCells(domain)) {
    if (findAttribute(cell, 'memAccess')?.value === 'private')
      note(cell, 'memAccess of the NUMA cell changed from private to shared');
    edits.setAttribute(cell, 'memAccess', 'shared');
  }
  for (const device of privateMemoryDevices(domain)) {
    edits.setAttribute(device, 'access', 'shared');
    note(device, 'access of the memory device changed from private to shared');
  }
  return notes;
}

type Note = (at: XmlElement, message: string) => void;

function shareBacking(backing: XmlElement, edits: XmlEdits, note: Note): void {
  const access = findChild(backing, 'access');
  const says = ['hugepages', 'source'].some((name) => findChild(backing, name));
  const sharedAlready = findAttribute(access, 'mode')?.value === 'shared';
  if (!findChild(backing, 'hugepages') && (says || sharedAlready)) {
    note(
      backing,
      'the memory is not on hugepages: the switch reaches it more slowly; add <hugepages/> unless that is meant',
    );
  }
  const missing = says || sharedAlready ? [] : [HUGEPAGES];
  if (!access) missing.push(SHARED);
  else if (!sharedAlready) {
    edits.setAttribute(access, 'mode', 'shared');
    note(access, 'access to the memory changed from private to shared');
  }
  if (missing.length > 0) edits.insertFirst(backing, missing.join('\n'));
}

/** Beside the sizes of the memory, where libvirt prints it. */
function backingAnchor(domain: XmlElement): XmlElement {
  for (const name of ['currentMemory', 'memory', 'name']) {
    const anchor = findChild(domain, name);
    if (anchor) return anchor;
  }
  throw new Error('a domain without a name was read');
}

function numaCells(domain: XmlElement): XmlElement[] {
  const numa = findChildren(domain, 'cpu').flatMap((cpu) => findChildren(cpu, 'numa'));
  return numa.flatMap((element) => findChildren(element, 'cell'));
}

/** NVDIMMs are left alone: private there means that the guest's writes never reach the file behind it. */
function privateMemoryDevices(domain: XmlElement): XmlElement[] {
  const devices = findChildren(domain, 'devices').flatMap((element) => findChildren(element, 'memory'));
  return devices.filter(
    (device) =>
      findAttribute(device, 'access')?.value === 'private' &&
      findAttribute(device, 'model')?.value !== 'nvdimm',
  );
}
