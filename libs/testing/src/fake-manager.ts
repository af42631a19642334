/**
 * What a manager has on the bus, without a manager: objects with revisions in the order of their changes, tombstones, and the
 * bucket's own record. Writes to nothing by itself: `publish` is called with each entry, in the order of the bus.
 */
import { desiredKeys, type DesiredEntry } from '@opendvs/contracts';
import type { Host, Port, PortGroup, Switch } from '@opendvs/model';
import { aPort, aPortGroup, aSwitch, anId } from './builders';

export type PublishEntry = (key: string, entry: DesiredEntry) => Promise<void>;

export class FakeManager {
  revision = 0;
  readonly entries = new Map<string, DesiredEntry>();

  constructor(
    readonly hostId: string = anId(),
    private readonly publish: PublishEntry = () => Promise.resolve(),
    readonly storeId: string = anId(),
  ) {}

  /** A host with engine `sim` that takes part in `switches`, unless `said` otherwise. */
  async putHost(switches: readonly Switch[], said: Partial<Host> = {}): Promise<Host> {
    const host: Host = {
      id: this.hostId,
      name: 'a host',
      engine: 'sim',
      vhostSocketDir: '/run/opendvs/vhost',
      switches: switches.map(({ id }) => ({ switchId: id, uplinkGroup: null })),
      ...said,
      revision: this.nextRevision(),
    };
    await this.put(desiredKeys.host(host.id), { kind: 'host', revision: host.revision, object: host });
    return host;
  }

  async putSwitch(said: Partial<Switch> = {}): Promise<Switch> {
    const object = aSwitch({ ...said, revision: this.nextRevision() });
    await this.put(desiredKeys.switch(object.id), { kind: 'switch', revision: object.revision, object });
    return object;
  }

  async putPortGroup(ofSwitch: Pick<Switch, 'id'>, said: Partial<PortGroup> = {}): Promise<PortGroup> {
    const object = aPortGroup(ofSwitch, { ...said, revision: this.nextRevision() });
    await this.put(desiredKeys.portGroup(object.id), {
      kind: 'port-group',
      revision: object.revision,
      object,
    });
    return object;
  }

  async putPort(ofGroup: Pick<PortGroup, 'id' | 'switchId'>, said: Partial<Port> = {}): Promise<Port> {
    const object = aPort(ofGroup, { hostId: this.hostId, ...said, revision: this.nextRevision() });
    await this.put(desiredKeys.port(this.hostId, object.id), {
      kind: 'port',
      revision: object.revision,
      object,
    });
    return object;
  }

  /** The same object with something changed. */
  async edit(portGroup: PortGroup, changes: Partial<PortGroup>): Promise<PortGroup> {
    return this.putPortGroup({ id: portGroup.switchId }, { ...portGroup, ...changes });
  }

  /** The object of `key` is deleted: a tombstone. */
  async delete(key: string): Promise<void> {
    const entry = this.entries.get(key);
    if (!entry) throw new Error(`${key} was never put`);
    await this.put(key, { ...entry, revision: this.nextRevision(), object: null });
  }

  async putMeta(): Promise<void> {
    const object = { storeId: this.storeId, revision: this.revision };
    await this.put(desiredKeys.meta, { kind: 'meta', revision: this.revision, object });
  }

  /** Everything live once more, as into an empty bucket: shared objects, ports, the host, and the bucket's record last. */
  async fill(): Promise<void> {
    for (const [key, entry] of this.fillOrder()) await this.publish(key, entry);
    await this.putMeta();
  }

  /** The live entries in the order of a fill, the bucket's record not among them. */
  fillOrder(): [string, DesiredEntry][] {
    const rank = ({ kind }: DesiredEntry): number =>
      ['switch', 'port-group', 'port', 'host', 'meta'].indexOf(kind);
    return [...this.entries]
      .filter(([, entry]) => entry.object && entry.kind !== 'meta')
      .sort(([, a], [, b]) => rank(a) - rank(b) || a.revision - b.revision);
  }

  private nextRevision(): number {
    return ++this.revision;
  }

  private async put(key: string, entry: DesiredEntry): Promise<void> {
    this.entries.set(key, entry);
    await this.publish(key, entry);
  }
}
