/** A switch called "prod" whose ports exist for the asking: facts follow from the interface alone. */
import type { DomainFacts, NetworkInterface, PortFacts, PortResolver } from '../src/index';

export class FakePorts implements PortResolver {
  /** What resolve() was asked for. */
  readonly resolved: NetworkInterface[] = [];

  constructor(private readonly overrides: Partial<PortFacts> = {}) {}

  async select({ interfaces }: DomainFacts): Promise<NetworkInterface[]> {
    return interfaces.filter(({ network }) => network === 'prod');
  }

  async resolve(_domain: DomainFacts, selected: readonly NetworkInterface[]): Promise<PortFacts[]> {
    this.resolved.push(...selected);
    return selected.map(({ nicIndex, macAddress, queues }) => ({
      interfaceName: `dv00000000000${nicIndex}`,
      socketPath: `/run/opendvs/vhost/dv00000000000${nicIndex}.sock`,
      macAddress: macAddress ?? `52:54:00:ff:00:0${nicIndex}`,
      queues: queues ?? 1,
      ringSize: 256,
      mtuBytes: 1500,
      ...this.overrides,
    }));
  }
}
