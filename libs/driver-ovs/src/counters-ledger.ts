/**
 * Open vSwitch's counters start again from zero at the wrong moments: those of a vhost-user port with every VM that connects, those
 * of a meter whenever it is changed. The ledger carries what was counted before over, so that within an epoch a port's counters
 * only grow. An epoch is one start of vswitchd and one life of the interface. The ledger survives the agent in a file, written before
 * anything that it holds is reported; without the file, what was carried over is unknown and every port begins a new epoch.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { PortCounters, SuppressionKind } from '@opendvs/model';

/** Counts of a vhost-user port that begin anew with every connection of a VM. */
export const CONNECTION_FIELDS = [
  'rxPackets',
  'rxBytes',
  'txPackets',
  'txBytes',
  'rxMulticastPackets',
  'rxBroadcastPackets',
] as const;
/** Counts that live as long as the interface. */
export const INTERFACE_FIELDS = ['rxDroppedPackets', 'txDroppedPackets', 'rxErrors', 'txErrors'] as const;
type Field = (typeof CONNECTION_FIELDS)[number] | (typeof INTERFACE_FIELDS)[number];

/** As read; null: not counted at the moment. */
export type RawCounters = Record<Field, number | null>;
export type MeterCount = { packets: number; bytes: number };

/** A number that may start again from zero: all that was before, and where it stands since. */
interface Running {
  before: number;
  now: number;
}

interface Account {
  epoch: string;
  interfaceUuid: string;
  vhostConnects: number;
  isConnected: boolean;
  /** `vhostConnects` at the time of the last reading. */
  connectsRead: number;
  fields: Record<Field, Running>;
  suppressed: Partial<Record<SuppressionKind, { packets: Running; bytes: Running }>>;
}

interface LedgerFile {
  version: 1;
  engineStart: string;
  accounts: Record<string, Account>;
}

export class CountersLedger {
  private accounts = new Map<string, Account>();
  private engineStart = '';
  private metersChanging = 0;
  private meterChanges = 0;

  /** @param file where the ledger is kept; null: nowhere */
  constructor(private readonly file: string | null) {}

  /**
   * An engine has been found; `engineStart` names this start of it. With the one that the ledger is about, everything goes on.
   * @throws Error when the file can't be read; a file that isn't there, or isn't a ledger, is an empty one
   */
  begin(engineStart: string): void {
    if (this.engineStart === '' && this.file !== null) this.load(this.file);
    if (this.engineStart === engineStart) return;
    this.engineStart = engineStart;
    for (const [portId, account] of this.accounts) {
      this.accounts.set(portId, this.newAccount(account.interfaceUuid, account));
    }
  }

  /** Tells of a port's link. Returns how often a VM has connected. */
  linkSeen(portId: string, interfaceUuid: string, isConnected: boolean): number {
    const account = this.accountOf(portId, interfaceUuid);
    if (isConnected && !account.isConnected) account.vhostConnects += 1;
    account.isConnected = isConnected;
    return account.vhostConnects;
  }

  vhostConnects(portId: string): number {
    return this.accounts.get(portId)?.vhostConnects ?? 0;
  }

  /**
   * @param connects what {@link vhostConnects} gave before the counters were read: when a VM has connected since, it isn't known on
   * which side of that they were taken, and the next reading will tell
   */
  recordPort(portId: string, raw: RawCounters, connects: number): void {
    const account = this.accounts.get(portId);
    if (!account) return;
    for (const field of INTERFACE_FIELDS) advance(account.fields[field], raw[field]);
    if (account.vhostConnects !== connects) return;
    if (account.connectsRead !== connects || hasRestarted(account, raw)) {
      for (const field of CONNECTION_FIELDS) restart(account.fields[field]);
    }
    account.connectsRead = connects;
    for (const field of CONNECTION_FIELDS) advance(account.fields[field], raw[field]);
  }

  recordMeter(portId: string, kind: SuppressionKind, count: MeterCount): void {
    const account = this.accounts.get(portId);
    if (!account) return;
    const meter = (account.suppressed[kind] ??= {
      packets: { before: 0, now: 0 },
      bytes: { before: 0, now: 0 },
    });
    advance(meter.packets, count.packets);
    advance(meter.bytes, count.bytes);
  }

  /**
   * Stands for the time at which meters are read. A reading may be recorded if this is still the same when it is there: otherwise
   * meters have been changed meanwhile, and it isn't known on which side of that it was taken. `null`: they are being changed.
   */
  get meterTime(): number | null {
    return this.metersChanging > 0 ? null : this.meterChanges;
  }

  beginMeterChange(): void {
    this.metersChanging += 1;
  }

  endMeterChange(): void {
    this.metersChanging -= 1;
    this.meterChanges += 1;
  }

  /** A meter was made, changed or deleted: it counts from zero. */
  meterRestarted(portId: string, kind: SuppressionKind): void {
    const meter = this.accounts.get(portId)?.suppressed[kind];
    if (!meter) return;
    restart(meter.packets);
    restart(meter.bytes);
  }

  /** @param kinds that have a threshold now */
  countersOf(portId: string, kinds: readonly SuppressionKind[]): PortCounters | null {
    const account = this.accounts.get(portId);
    if (!account) return null;
    const total = (field: Field) => totalOf(account.fields[field]);
    const groupCast = total('rxMulticastPackets') + total('rxBroadcastPackets');
    return {
      portId,
      epoch: account.epoch,
      rxPackets: total('rxPackets'),
      rxBytes: total('rxBytes'),
      txPackets: total('txPackets'),
      txBytes: total('txBytes'),
      rxUnicastPackets: Math.max(0, total('rxPackets') - groupCast),
      rxMulticastPackets: total('rxMulticastPackets'),
      rxBroadcastPackets: total('rxBroadcastPackets'),
      rxDroppedPackets: total('rxDroppedPackets'),
      txDroppedPackets: total('txDroppedPackets'),
      rxErrors: total('rxErrors'),
      txErrors: total('txErrors'),
      suppressed: Object.fromEntries(
        kinds.map((kind) => {
          const meter = account.suppressed[kind];
          return [
            kind,
            meter
              ? { packets: totalOf(meter.packets), bytes: totalOf(meter.bytes) }
              : { packets: 0, bytes: 0 },
          ];
        }),
      ),
      vhostConnects: account.vhostConnects,
    };
  }

  /** Forgets ports that are no more. */
  retain(portIds: ReadonlySet<string>): void {
    for (const portId of this.accounts.keys()) if (!portIds.has(portId)) this.accounts.delete(portId);
  }

  save(): void {
    if (this.file === null) return;
    const content: LedgerFile = {
      version: 1,
      engineStart: this.engineStart,
      accounts: Object.fromEntries(this.accounts),
    };
    const written = `${this.file}.new`;
    writeFileSync(written, JSON.stringify(content), { mode: 0o640 });
    renameSync(written, this.file);
  }

  private load(file: string): void {
    const content = readLedger(file);
    if (!content) return;
    this.engineStart = content.engineStart;
    this.accounts = new Map(Object.entries(content.accounts));
  }

  private accountOf(portId: string, interfaceUuid: string): Account {
    const known = this.accounts.get(portId);
    if (known?.interfaceUuid === interfaceUuid) return known;
    const account = this.newAccount(interfaceUuid, null);
    this.accounts.set(portId, account);
    return account;
  }

  /** Connections are counted on through a restart of the engine. */
  private newAccount(interfaceUuid: string, before: Account | null): Account {
    const vhostConnects = before?.vhostConnects ?? 0;
    return {
      epoch: `${this.engineStart}.${interfaceUuid.slice(0, 8)}.${randomBytes(4).toString('hex')}`,
      interfaceUuid,
      vhostConnects,
      isConnected: false,
      connectsRead: vhostConnects,
      fields: Object.fromEntries(
        [...CONNECTION_FIELDS, ...INTERFACE_FIELDS].map((field) => [field, { before: 0, now: 0 }]),
      ) as Record<Field, Running>,
      suppressed: {},
    };
  }
}

const totalOf = ({ before, now }: Running): number => before + now;

function restart(running: Running): void {
  running.before += running.now;
  running.now = 0;
}

/** A number that is smaller than it was has started again. */
function advance(running: Running, value: number | null): void {
  if (value === null) return;
  if (value < running.now) restart(running);
  running.now = value;
}

/** The counters of a connection start again together, and not all of them need be smaller than they were. */
function hasRestarted({ fields }: Account, raw: RawCounters): boolean {
  return CONNECTION_FIELDS.some((field) => raw[field] !== null && raw[field] < fields[field].now);
}

function readLedger(file: string): LedgerFile | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const content = JSON.parse(text) as LedgerFile;
    return content.version === 1 ? content : null;
  } catch {
    return null; // torn by a crash of the machine: as good as not there, every port begins a new epoch
  }
}
