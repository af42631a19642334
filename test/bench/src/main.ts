/**
 * `npm run bench`: everything in one run on real OVS-DPDK with dpdkvhostuserclient ports, so that ratios mean something although the machine's
 * absolute figures may not. A table for people; `--json FILE` for programs; `--only wire,edit` for a part.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { FloorClient } from './floor';
import { agentPid, managerPid, setPmdMaxSleep, startLab, type BenchLab } from './lab';
import { measureBurst } from './measure-burst';
import { measureEdit } from './measure-edit';
import { measureRestart } from './measure-restart';
import { measureThroughput } from './measure-throughput';
import { measureWire } from './measure-wire';
import { processUsage, usageBetween, type ProcessUsage } from './process-usage';
import { renderTable, type SectionResult } from './result-table';

const RUN_DIR = '/var/lib/opendvs-bench';
const SECTIONS = {
  wire: (lab: BenchLab) => measureWire(lab, () => openFloor(lab)),
  burst: (lab: BenchLab) => measureBurst(lab, () => openFloor(lab)),
  edit: measureEdit,
  restart: measureRestart,
  throughput: measureThroughput,
} as const;
type SectionName = keyof typeof SECTIONS;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });
  const names = sectionNames(values.only);
  rmSync(RUN_DIR, { recursive: true, force: true });
  mkdirSync(RUN_DIR, { recursive: true, mode: 0o755 });
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  console.error('starting PostgreSQL, NATS, OVS-DPDK, manager and agent …');
  const lab = await startLab(RUN_DIR);
  await setPmdMaxSleep(lab, 0);
  const results: Partial<Record<SectionName, SectionResult>> = {};
  try {
    for (const name of names) {
      abort.signal.throwIfAborted();
      console.error(`measuring ${name} …`);
      try {
        results[name] = await measured(lab, SECTIONS[name]);
      } catch (error) {
        console.error(`${name} could not be measured:`, error);
        process.exitCode = 1;
      }
    }
  } finally {
    await lab.installation.stop();
  }
  console.log(renderTable(results));
  if (values.json)
    writeFileSync(values.json, `${JSON.stringify({ machine: machine(), ...results }, null, 2)}\n`);
}

function sectionNames(only: string | undefined): SectionName[] {
  const all = Object.keys(SECTIONS) as SectionName[];
  if (only === undefined) return all;
  const wanted = only.split(',');
  const unknown = wanted.filter((name) => !(name in SECTIONS));
  if (unknown.length > 0) throw new Error(`--only knows ${all.join(', ')}; not ${unknown.join(', ')}`);
  return all.filter((name) => wanted.includes(name));
}

/** Manager and agent may be other processes afterwards (restart): then their use counts from their start. */
async function measured(lab: BenchLab, measure: (lab: BenchLab) => Promise<object>): Promise<SectionResult> {
  const before = { manager: usageOf(managerPid(lab)), agent: usageOf(agentPid(lab)) };
  const figures = await measure(lab);
  const after = { manager: usageOf(managerPid(lab)), agent: usageOf(agentPid(lab)) };
  return { figures, manager: used(before.manager, after.manager), agent: used(before.agent, after.agent) };
}

interface Look {
  pid: number;
  usage: ProcessUsage;
}

const usageOf = (pid: number): Look => ({ pid, usage: processUsage(pid) });
const used = (before: Look, after: Look) =>
  before.pid === after.pid ? usageBetween(before.usage, after.usage) : after.usage;

function openFloor(lab: BenchLab): Promise<FloorClient> {
  const { ovsdbSocket, runDir } = lab.installation.ovs!.running;
  return FloorClient.open(ovsdbSocket, runDir, runDir);
}

const machine = () => ({
  cpus: cpus().length,
  cpu: cpus()[0]?.model ?? 'unknown',
  memoryGib: Math.round(totalmem() / 2 ** 30),
});

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
