import { EntityManager, IsolationLevel } from '@mikro-orm/postgresql';
import { Injectable, Logger } from '@nestjs/common';
import { HostEntity } from '../hosts/host.entity';
import { PortGroupEntity } from '../port-groups/port-group.entity';
import { PortEntity } from '../ports/port.entity';
import { SwitchEntity } from '../switches/switch.entity';
import { type Refusal, adoptEntry, inOrderOfDependency } from './adoption';
import { ChangeTransactions } from './change-transactions.service';
import { type KeyedEntry, hostEntry, portEntry, portGroupEntry, switchEntry } from './desired-entry';
import { loadHostParts } from './host-parts';

/** Who changes of a recovery are by, in history. */
export const RECOVERY_ACTOR = 'system:recovery';

/** Objects a transaction: other writers wait for it. */
const ADOPTED_AT_ONCE = 500;

/** Reads everything that is desired out of PostgreSQL, as the bus carries it. */
@Injectable()
export class DesiredEntries {
  private readonly log = new Logger('Recovery');

  constructor(
    private readonly em: EntityManager,
    private readonly transactions: ChangeTransactions,
  ) {}

  /** All of it, of one moment, in no particular order; without `shared.meta`, which is the publisher's. */
  async loadAll(): Promise<KeyedEntry[]> {
    return this.em.fork().transactional(
      async (em) => {
        const switches = await em.findAll(SwitchEntity);
        const portGroups = await em.findAll(PortGroupEntity);
        const hosts = await em.findAll(HostEntity);
        const ports = await em.findAll(PortEntity);
        const parts = await loadHostParts(em, null);
        return [
          ...switches.map(switchEntry),
          ...portGroups.map(portGroupEntry),
          ...hosts.map((host) => hostEntry(host, parts(host.id))),
          ...ports.map(portEntry),
        ];
      },
      { isolationLevel: IsolationLevel.REPEATABLE_READ, readOnly: true },
    );
  }

  /**
   * Takes objects that only the bus knows back into PostgreSQL, after an older dump was restored: each with a history entry by
   * `system:recovery` and a new revision, which is published in turn. What can't be taken back is left alone on the bus and told in the log.
   */
  async adopt(entries: readonly KeyedEntry[]): Promise<void> {
    const ordered = inOrderOfDependency(entries);
    for (let i = 0; i < ordered.length; i += ADOPTED_AT_ONCE) {
      const batch = ordered.slice(i, i + ADOPTED_AT_ONCE);
      const refusals = await this.transactions.run(RECOVERY_ACTOR, async (tx) => {
        const reasons: Refusal[] = [];
        for (const entry of batch) reasons.push(await adoptEntry(tx, entry));
        return () => reasons;
      });
      refusals.forEach((reason, index) => {
        if (reason) this.log.error(`${batch[index]?.key} stays on the bus only: ${reason}`);
      });
    }
  }
}
