import * as fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONNECTION_FIELDS, CountersLedger, INTERFACE_FIELDS, type RawCounters } from './counters-ledger';

const PORT = 'port-1';
const INTERFACE = '11111111-2222-4333-8444-555555555555';

function raw(said: Partial<RawCounters> = {}): RawCounters {
  const zeros = Object.fromEntries([...CONNECTION_FIELDS, ...INTERFACE_FIELDS].map((field) => [field, 0]));
  return { ...(zeros as RawCounters), ...said };
}

describe('CountersLedger', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'opendvs-ledger-'));
    file = join(folder, 'counters.json');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const begun = (engineStart = 'engine-1', at: string | null = file) => {
    const ledger = new CountersLedger(at);
    ledger.begin(engineStart);
    return ledger;
  };
  const read = (ledger: CountersLedger, counters: Partial<RawCounters>) => {
    ledger.recordPort(PORT, raw(counters), ledger.vhostConnects(PORT));
    return ledger.countersOf(PORT, ['multicast'])!;
  };

  it('adds what was counted in earlier connections of a VM', () => {
    const ledger = begun();
    ledger.linkSeen(PORT, INTERFACE, true);
    expect(read(ledger, { rxPackets: 100, rxBytes: 6000 }).rxPackets).toBe(100);
    ledger.linkSeen(PORT, INTERFACE, false);
    ledger.linkSeen(PORT, INTERFACE, true);
    const after = read(ledger, { rxPackets: 130, rxBytes: 100 });
    expect(after).toMatchObject({ rxPackets: 230, rxBytes: 6100, vhostConnects: 2 });
  });

  it('does not add a reading that may belong to the connection before', () => {
    const ledger = begun();
    ledger.linkSeen(PORT, INTERFACE, true);
    read(ledger, { rxPackets: 95 });
    const connects = ledger.vhostConnects(PORT);
    ledger.linkSeen(PORT, INTERFACE, false);
    ledger.linkSeen(PORT, INTERFACE, true);
    ledger.recordPort(PORT, raw({ rxPackets: 100 }), connects);
    expect(ledger.countersOf(PORT, [])?.rxPackets).toBe(95);
    expect(read(ledger, { rxPackets: 3 }).rxPackets).toBe(98);
  });

  it('keeps counts of the interface through connections, which do not reset them', () => {
    const ledger = begun();
    ledger.linkSeen(PORT, INTERFACE, true);
    read(ledger, { txDroppedPackets: 7 });
    ledger.linkSeen(PORT, INTERFACE, false);
    ledger.linkSeen(PORT, INTERFACE, true);
    expect(read(ledger, { txDroppedPackets: 9 }).txDroppedPackets).toBe(9);
  });

  it('stays where it was while the engine counts nothing', () => {
    const ledger = begun();
    ledger.linkSeen(PORT, INTERFACE, true);
    read(ledger, { rxPackets: 5 });
    const unknown = Object.fromEntries(
      Object.keys(raw()).map((field) => [field, null]),
    ) as unknown as RawCounters;
    ledger.recordPort(PORT, unknown, 1);
    expect(ledger.countersOf(PORT, [])?.rxPackets).toBe(5);
  });

  it('carries suppressed frames over the change of a meter, exactly', () => {
    const ledger = begun();
    ledger.linkSeen(PORT, INTERFACE, true);
    ledger.recordMeter(PORT, 'multicast', { packets: 10, bytes: 600 });
    ledger.meterRestarted(PORT, 'multicast');
    ledger.recordMeter(PORT, 'multicast', { packets: 25, bytes: 1500 });
    expect(ledger.countersOf(PORT, ['multicast'])?.suppressed).toEqual({
      multicast: { packets: 35, bytes: 2100 },
    });
  });

  it('tells a reading of meters that was taken across a change of them', () => {
    const ledger = begun();
    const [before] = [ledger.meterTime];
    ledger.beginMeterChange();
    expect(ledger.meterTime).toBeNull();
    ledger.endMeterChange();
    expect(ledger.meterTime).not.toBe(before);
    expect(ledger.meterTime).toBe(ledger.meterTime);
  });

  it('goes on in the same epoch when the agent is started again', () => {
    const before = begun();
    before.linkSeen(PORT, INTERFACE, true);
    const first = read(before, { rxPackets: 100 });
    before.linkSeen(PORT, INTERFACE, false);
    before.linkSeen(PORT, INTERFACE, true);
    const second = read(before, { rxPackets: 10 });
    before.save();
    const after = begun();
    after.linkSeen(PORT, INTERFACE, true);
    const third = read(after, { rxPackets: 12 });
    expect([first, second, third].map(({ epoch }) => epoch)).toEqual(Array(3).fill(first.epoch));
    expect([first, second, third].map(({ rxPackets }) => rxPackets)).toEqual([100, 110, 112]);
    expect(third.vhostConnects).toBe(2);
  });

  it('notices by itself that a VM has connected anew while the agent was away', () => {
    const before = begun();
    before.linkSeen(PORT, INTERFACE, true);
    read(before, { rxPackets: 100, rxBytes: 9000 });
    before.save();
    const after = begun();
    after.linkSeen(PORT, INTERFACE, true);
    expect(read(after, { rxPackets: 120, rxBytes: 200 })).toMatchObject({ rxPackets: 220, rxBytes: 9200 });
  });

  it.each([
    ['the engine has started again', () => begun('engine-2')],
    ['the file is gone', () => begun('engine-1', null)],
    [
      'the file is torn',
      () => {
        writeFileSync(file, '{"version":1,"acc');
        return begun();
      },
    ],
  ])('begins a new epoch when %s', (_why, restart) => {
    const before = begun();
    before.linkSeen(PORT, INTERFACE, true);
    const { epoch } = read(before, { rxPackets: 100 });
    before.save();
    const after = restart();
    after.linkSeen(PORT, INTERFACE, true);
    const counters = read(after, { rxPackets: 1 });
    expect(counters.epoch).not.toBe(epoch);
    expect(counters.rxPackets).toBe(1);
  });

  it('begins a new epoch when the interface was made anew', () => {
    const ledger = begun();
    ledger.linkSeen(PORT, INTERFACE, true);
    const { epoch } = read(ledger, { rxPackets: 100 });
    ledger.linkSeen(PORT, '99999999-2222-4333-8444-555555555555', true);
    expect(read(ledger, { rxPackets: 1 })).toMatchObject({
      rxPackets: 1,
      epoch: expect.not.stringMatching(epoch) as string,
    });
  });

  it('forgets ports that are no more', () => {
    const ledger = begun();
    ledger.linkSeen(PORT, INTERFACE, true);
    ledger.retain(new Set());
    expect(ledger.countersOf(PORT, [])).toBeNull();
  });

  it('never counts backwards within an epoch, whatever happens', () => {
    const number = fc.nat(1000);
    const event = fc.oneof(
      fc.record({
        type: fc.constant('read' as const),
        rxPackets: number,
        rxBytes: number,
        txDroppedPackets: number,
      }),
      fc.record({ type: fc.constant('link' as const), up: fc.boolean() }),
      fc.record({ type: fc.constant('meter' as const), packets: number }),
      fc.constant({ type: 'meter-restart' as const }),
      fc.constant({ type: 'agent-restart' as const }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        rmSync(file, { force: true });
        let ledger = begun();
        ledger.linkSeen(PORT, INTERFACE, true);
        let last = ledger.countersOf(PORT, ['multicast'])!;
        for (const one of events) {
          if (one.type === 'read') ledger.recordPort(PORT, raw(one), ledger.vhostConnects(PORT));
          if (one.type === 'link') ledger.linkSeen(PORT, INTERFACE, one.up);
          if (one.type === 'meter') ledger.recordMeter(PORT, 'multicast', { packets: one.packets, bytes: 0 });
          if (one.type === 'meter-restart') ledger.meterRestarted(PORT, 'multicast');
          if (one.type === 'agent-restart') {
            ledger.save();
            ledger = begun();
          }
          const now = ledger.countersOf(PORT, ['multicast'])!;
          expect(now.epoch).toBe(last.epoch);
          expect(now.rxPackets).toBeGreaterThanOrEqual(last.rxPackets);
          expect(now.txDroppedPackets).toBeGreaterThanOrEqual(last.txDroppedPackets);
          expect(now.vhostConnects).toBeGreaterThanOrEqual(last.vhostConnects);
          expect(now.suppressed.multicast!.packets).toBeGreaterThanOrEqual(
            last.suppressed.multicast!.packets,
          );
          last = now;
        }
      }),
      { numRuns: 60 },
    );
  });
});
