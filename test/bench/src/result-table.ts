/** The figures as a table for people. */
import Table from 'cli-table3';
import type { ProcessUsage } from './process-usage';

export interface SectionResult {
  figures: object;
  manager: ProcessUsage;
  agent: ProcessUsage;
}

/** What each figure should be, where the project has set itself a mark. */
const TARGETS: Record<string, (figures: Record<string, number>) => { text: string; met: boolean }> = {
  'wire.p50Ms': (f) => {
    const limit = Math.min(40, f.floorP50Ms! + 25);
    return { text: `≤ floor + 25 and ≤ 40`, met: f.p50Ms! <= limit };
  },
  'burst.ratio': (f) => ({ text: '≤ 1.3', met: f.ratio! <= 1.3 }),
  'burst.bulkRatio': (f) => ({ text: '≤ 1.3', met: f.bulkRatio! <= 1.3 }),
  'edit.thresholdP50Ms': (f) => ({ text: '≤ 50', met: f.thresholdP50Ms! <= 50 }),
  'edit.vlanP50Ms': (f) => ({ text: '≤ 50', met: f.vlanP50Ms! <= 50 }),
  'restart.lost': (f) => ({ text: '0', met: f.lost === 0 }),
  'throughput.ratio': (f) => ({ text: '≥ 0.97', met: f.ratio! >= 0.97 }),
};

export function renderTable(results: Record<string, SectionResult | undefined>): string {
  const table = new Table({
    head: ['section', 'figure', 'value', 'target', ''],
    style: { head: [], border: [] },
  });
  for (const [section, result] of Object.entries(results)) {
    if (!result) continue;
    const figures = result.figures as Record<string, number>;
    for (const [figure, value] of Object.entries(figures)) {
      const target = TARGETS[`${section}.${figure}`]?.(figures);
      table.push([section, figure, `${value}`, target?.text ?? '', target ? (target.met ? '✓' : '✗') : '']);
    }
    for (const process of ['manager', 'agent'] as const) {
      const { cpuSeconds, rssMib } = result[process];
      table.push([section, process, `${cpuSeconds} s CPU, ${rssMib} MiB`, '', '']);
    }
  }
  return table.toString();
}
