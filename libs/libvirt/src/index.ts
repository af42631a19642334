export { DomainXmlError, type DomainRemark } from './domain-problem';
export type { DomainFacts, NetworkInterface } from './domain-source';
export { PortNotRenderableError, renderInterface, QUEUES_MAX, type PortFacts } from './interface-xml';
export { rewriteDomain, type PortResolver, type RewrittenDomain } from './rewrite-domain';
