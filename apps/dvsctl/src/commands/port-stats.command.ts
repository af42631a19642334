/** dvsctl port stats: counters and rates of a port, once or as they come. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { bodyOf, type components } from '@opendvs/api-client';
import { SUPPRESSION_KINDS } from '@opendvs/model';
import { act, withExamples } from '../command-setup';
import type { Io } from '../io';
import { renderJson, renderYaml } from '../output/document';
import { renderRecord, type Column } from '../output/table';
import { bitRate, count, packetRate } from '../output/units';
import { Lookup } from '../resources/lookup';
import type { Session } from '../session';

type Stats = components['schemas']['PortStatsDto'];

const POLL_MS = 1000;

export function addPortStatsCommand(parent: Command, io: Io): void {
  const command = parent
    .command('stats')
    .description('Show counters and rates of a port: rx is what the VM sent, tx what it was sent.')
    .argument('<port>', 'name or id of the port')
    .option('--in-switch <name>', 'the switch of the port, when another switch has one of the name')
    .option('-w, --watch', 'go on with a line for every new report of its host, until Ctrl-C');
  withExamples(command, ['port stats web-1-nic0', 'port stats web-1-nic0 --watch']);
  act<[string], { inSwitch?: string; watch?: boolean }>(
    command,
    io,
    async (session, [name], { inSwitch, watch }) => {
      const lookup = new Lookup(session.api);
      const id = await lookup.id(
        'port',
        name,
        inSwitch ? { switchId: await lookup.id('switch', inSwitch) } : {},
      );
      if (watch) return follow(session, id);
      const stats = await readStats(session, id);
      session.print(stats, () => renderRecord(columnsOf(stats), stats));
    },
  );
}

function readStats(session: Session, id: string): Promise<Stats> {
  return bodyOf(session.api.http.GET('/api/v1/ports/{id}/stats', { params: { path: { id } } }));
}

const COUNTERS = [
  ['rx packets', 'rxPackets'],
  ['rx bytes', 'rxBytes'],
  ['rx unicast packets', 'rxUnicastPackets'],
  ['rx multicast packets', 'rxMulticastPackets'],
  ['rx broadcast packets', 'rxBroadcastPackets'],
  ['rx dropped packets', 'rxDroppedPackets'],
  ['rx errors', 'rxErrors'],
  ['tx packets', 'txPackets'],
  ['tx bytes', 'txBytes'],
  ['tx dropped packets', 'txDroppedPackets'],
  ['tx errors', 'txErrors'],
  ['vhost connects', 'vhostConnects'],
] as const;

function columnsOf(stats: Stats): Column<Stats>[] {
  const suppressed = SUPPRESSION_KINDS.filter((kind) => stats.counters?.suppressed[kind]);
  return [
    {
      header: 'taken at',
      value: ({ takenAt, stale }) =>
        takenAt ? `${takenAt}${stale ? ' (its host is not alive)' : ''}` : 'never',
    },
    ...COUNTERS.map(([header, field]) => ({
      header,
      value: ({ counters }: Stats) => counters && count(counters[field]),
    })),
    ...suppressed.flatMap((kind): Column<Stats>[] => [
      {
        header: `suppressed ${kind} packets`,
        value: ({ counters }) => counters && count(counters.suppressed[kind]?.packets ?? 0),
      },
      {
        header: `suppressed ${kind} bytes`,
        value: ({ counters }) => counters && count(counters.suppressed[kind]?.bytes ?? 0),
      },
    ]),
    {
      header: 'rx now',
      value: ({ rates }) =>
        rates && `${bitRate(rates.rxBitsPerSecond / 8)}, ${packetRate(rates.rxPacketsPerSecond)}`,
    },
    {
      header: 'tx now',
      value: ({ rates }) =>
        rates && `${bitRate(rates.txBitsPerSecond / 8)}, ${packetRate(rates.txPacketsPerSecond)}`,
    },
  ];
}

const WATCHED: [header: string, width: number, value: (rates: NonNullable<Stats['rates']>) => string][] = [
  ['rx', 14, (rates) => bitRate(rates.rxBitsPerSecond / 8)],
  ['rx packets', 14, (rates) => packetRate(rates.rxPacketsPerSecond)],
  ['tx', 14, (rates) => bitRate(rates.txBitsPerSecond / 8)],
  ['tx packets', 14, (rates) => packetRate(rates.txPacketsPerSecond)],
  ['rx broadcast', 14, (rates) => packetRate(rates.rxBroadcastPacketsPerSecond)],
  [
    'dropped rx/tx',
    22,
    (rates) =>
      `${packetRate(rates.rxDroppedPacketsPerSecond)} ${packetRate(rates.txDroppedPacketsPerSecond)}`,
  ],
  [
    'suppressed',
    14,
    (rates) =>
      packetRate(
        SUPPRESSION_KINDS.reduce((sum, kind) => sum + (rates.suppressed[kind]?.packetsPerSecond ?? 0), 0),
      ),
  ],
];

/** A line (or document) for each report; reports come every few seconds, so they are looked for more often than that. */
async function follow(session: Session, id: string): Promise<void> {
  const { io, output } = session;
  if (output === 'table')
    io.out(
      `${'TIME'.padEnd(10)}${WATCHED.map(([header, width]) => header.toUpperCase().padStart(width)).join('')}\n`,
    );
  for (
    let last: string | null = null;
    !io.interrupted.aborted;
    await pause(POLL_MS, undefined, { signal: io.interrupted })
  ) {
    const stats = await readStats(session, id);
    if (stats.takenAt === null || stats.takenAt === last) continue;
    last = stats.takenAt;
    if (output === 'json') io.out(renderJson(stats));
    else if (output === 'yaml') io.out(`---\n${renderYaml(stats)}`);
    else io.out(watchLine(stats));
  }
}

function watchLine({ takenAt, rates }: Stats): string {
  const time = (takenAt ?? '').slice(11, 19).padEnd(10);
  return `${time}${rates ? WATCHED.map(([, width, value]) => value(rates).padStart(width)).join('') : ' no two readings of one epoch yet'}\n`;
}
