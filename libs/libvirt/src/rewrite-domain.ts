/**
 * A whole libvirt domain, with its `<interface type='network'><source network='SWITCH' portgroup='GROUP'/>` made vhost-user
 * ports and its memory shared with the switch. Everything is checked before the first port is asked for, so that a domain which is refused
 * has changed nothing. What it yields has no such interface any more: a second run changes nothing.
 */
import { DomainXmlError, type DomainRemark } from './domain-problem';
import { readDomain, type DomainFacts, type NetworkInterface } from './domain-source';
import { checkPortFacts, type PortFacts } from './interface-xml';
import { effectiveQueues, interfaceProblems, rewriteInterface } from './rewrite-interface';
import { shareMemory } from './shared-memory';
import { XmlEdits } from './xml-edits';

/** Knows switches and ports. The messages of its errors reach the user; for a fault of the domain it throws DomainXmlError. */
export interface PortResolver {
  /** Which of the interfaces are ports of a switch; the others stay as they are. Changes nothing. */
  select(domain: DomainFacts): Promise<NetworkInterface[]>;
  /** The port of each selected interface, in their order. May create ports; called once, when nothing else can fail. */
  resolve(domain: DomainFacts, selected: readonly NetworkInterface[]): Promise<PortFacts[]>;
}

export interface RewrittenDomain {
  xml: string;
  /** Interfaces that were rewritten. */
  rewritten: number;
  /** What the owner of the domain may not expect, in the order of its lines. */
  notes: DomainRemark[];
}

/**
 * @throws DomainXmlError naming the lines, what is wrong there and what to do.
 * @throws PortNotRenderableError when a port can't be a guest's interface.
 */
export async function rewriteDomain(xml: string, resolver: PortResolver): Promise<RewrittenDomain> {
  const source = readDomain(xml);
  const selected = await resolver.select(source.facts);
  if (selected.length === 0) return { xml, rewritten: 0, notes: [] };
  const elementOf = ({ nicIndex }: NetworkInterface) => {
    const element = source.elements.get(nicIndex);
    if (!element) throw new Error(`interface ${nicIndex} was selected, which the domain has not`);
    return element;
  };
  const problems = selected.flatMap((nic) => interfaceProblems(xml, elementOf(nic)));
  if (problems.length > 0) throw new DomainXmlError(problems);

  const edits = new XmlEdits(xml);
  const notes = shareMemory(xml, source.root, edits);
  const ports = await resolver.resolve(source.facts, selected);
  selected.forEach((nic, i) => {
    const port = ports[i];
    if (!port) throw new Error(`interface ${nic.nicIndex} was selected and got no port`);
    checkPortFacts(port);
    const queues = effectiveQueues(port.queues, source.facts.vcpus);
    if (queues < port.queues) {
      notes.push({
        line: nic.line,
        message: `${queues} of the port's ${port.queues} queues are used: the domain has ${source.facts.vcpus} vCPUs`,
      });
    }
    notes.push(...rewriteInterface(xml, elementOf(nic), { ...port, queues }, edits));
  });
  return { xml: edits.apply(), rewritten: selected.length, notes: notes.sort((a, b) => a.line - b.line) };
}
