/** A libvirt domain as the rewriting sees it: whose it is, how many vCPUs it has, and its interfaces on networks. */
import { DomainXmlError } from './domain-problem';
import {
  findAttribute,
  findChild,
  findChildren,
  lineAt,
  readXml,
  XmlSyntaxError,
  type XmlElement,
} from './xml-source';

/** An `<interface type='network'>`: perhaps a port of a switch, perhaps on a network of libvirt's own. */
export interface NetworkInterface {
  /** Place among all interfaces of the domain, the first being 0. */
  nicIndex: number;
  line: number;
  network: string;
  portgroup: string | null;
  /** As written, lower case; null: libvirt would choose one. */
  macAddress: string | null;
  /** `<driver queues=…>`; null when not said. */
  queues: number | null;
}

export interface DomainFacts {
  name: string;
  /** Null before libvirt has seen the domain. */
  uuid: string | null;
  /** Most that it may have, the hot-pluggable ones included. */
  vcpus: number;
  interfaces: NetworkInterface[];
}

export interface DomainSource {
  xml: string;
  root: XmlElement;
  facts: DomainFacts;
  /** Elements of `facts.interfaces`, by nicIndex. */
  elements: ReadonlyMap<number, XmlElement>;
}

/** Drivers of libvirt whose guests are QEMU's, and so can be behind vhost-user. */
const QEMU_DOMAIN_TYPES = ['kvm', 'qemu', 'hvf'];

/** @throws DomainXmlError when the text is no QEMU domain of libvirt. */
export function readDomain(xml: string): DomainSource {
  const root = readRoot(xml);
  const fail = (element: XmlElement, message: string): never => {
    throw new DomainXmlError([{ line: lineAt(xml, element.start), message }]);
  };
  if (root.name !== 'domain')
    fail(root, `<${root.name}> where <domain> was expected; give what "virsh dumpxml --inactive" prints`);
  const type = findAttribute(root, 'type')?.value;
  if (!type || !QEMU_DOMAIN_TYPES.includes(type)) {
    fail(root, `a domain of type "${type ?? ''}": vhost-user needs QEMU, that is type='kvm' or type='qemu'`);
  }
  const name = findChild(root, 'name')?.text.trim();
  if (!name) return fail(root, 'the domain has no <name>');
  const elements = new Map(networkElements(root));
  const interfaces = [...elements].map(([nicIndex, element]) => readInterface(xml, nicIndex, element));
  const uuid = findChild(root, 'uuid')?.text.trim().toLowerCase() || null;
  return { xml, root, elements, facts: { name, uuid, vcpus: readVcpus(root, fail), interfaces } };
}

function readRoot(xml: string): XmlElement {
  const encoding = /^\ufeff?<\?xml[^>]*?\sencoding=["']([^"']*)["']/.exec(xml)?.[1];
  if (encoding && !/^(utf-?8|us-ascii)$/i.test(encoding)) {
    throw new DomainXmlError([
      {
        line: 1,
        message: `the encoding "${encoding}" is not accepted; convert the file to UTF-8 (iconv -t UTF-8)`,
      },
    ]);
  }
  try {
    return readXml(xml);
  } catch (error) {
    if (error instanceof XmlSyntaxError)
      throw new DomainXmlError([{ line: error.line, message: error.reason }]);
    throw error;
  }
}

function networkElements(root: XmlElement): [number, XmlElement][] {
  const devices = findChildren(root, 'devices');
  return devices
    .flatMap((element) => findChildren(element, 'interface'))
    .map((element, nicIndex): [number, XmlElement] => [nicIndex, element])
    .filter(([, element]) => findAttribute(element, 'type')?.value === 'network');
}

function readInterface(xml: string, nicIndex: number, element: XmlElement): NetworkInterface {
  const value = (child: string, attribute: string) =>
    findAttribute(findChild(element, child), attribute)?.value;
  const queues = value('driver', 'queues');
  return {
    nicIndex,
    line: lineAt(xml, element.start),
    network: value('source', 'network') ?? '',
    portgroup: value('source', 'portgroup') ?? null,
    macAddress: value('mac', 'address')?.toLowerCase() ?? null,
    queues: queues && /^[1-9]\d{0,3}$/.test(queues) ? Number(queues) : null,
  };
}

/** `<vcpu>` holds the most a domain may have (`current` says how many it starts with); without it there is one. */
function readVcpus(root: XmlElement, fail: (element: XmlElement, message: string) => never): number {
  const element = findChild(root, 'vcpu');
  if (!element) return 1;
  const text = element.text.trim();
  return /^[1-9]\d{0,4}$/.test(text)
    ? Number(text)
    : fail(element, `<vcpu> holds "${text}" where a number of vCPUs was expected`);
}
