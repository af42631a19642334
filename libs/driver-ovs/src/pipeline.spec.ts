import * as fc from 'fast-check';
import { flowKey } from '@opendvs/openflow';
import { PORT_NUMBER_MAX, SUPPRESSION_KINDS, type BroadcastSuppression } from '@opendvs/model';
import {
  cookieOf,
  LIMITED_KINDS,
  meterIdOf,
  meterOf,
  ownerOfCookie,
  portFlows,
  TABLES,
  uplinkFlows,
} from './pipeline';

const portNumber = fc.integer({ min: 1, max: PORT_NUMBER_MAX });
const threshold = fc.option(
  fc.record({ unit: fc.constantFrom('kbps', 'pps'), rate: fc.integer({ min: 1, max: 1e8 }) }),
);
const suppression = fc.record({
  observeOnly: fc.boolean(),
  ...Object.fromEntries(SUPPRESSION_KINDS.map((kind) => [kind, threshold])),
}) as fc.Arbitrary<BroadcastSuppression>;
const adminStatus = fc.constantFrom('up', 'down');

describe('pipeline', () => {
  it('gives every port meters of its own, and tells from a meter whose it is', () => {
    fc.assert(
      fc.property(portNumber, fc.constantFrom(...LIMITED_KINDS), (number, { kind, meterIndex }) => {
        expect(meterOf(meterIdOf(number, meterIndex))).toEqual({ portNumber: number, kind });
      }),
    );
    expect(new Set(LIMITED_KINDS.map(({ meterIndex }) => meterIndex)).size).toBe(LIMITED_KINDS.length);
  });

  it('tells from a cookie whose flow it is, and knows cookies that are not ours', () => {
    fc.assert(
      fc.property(portNumber, (number) => {
        const owner = { of: 'port', portNumber: number } as const;
        expect(ownerOfCookie(cookieOf(owner))).toEqual(owner);
      }),
    );
    expect(ownerOfCookie(cookieOf({ of: 'uplink' }))).toEqual({ of: 'uplink' });
    expect(ownerOfCookie(cookieOf({ of: 'switch' }))).toEqual({ of: 'switch' });
    expect(ownerOfCookie(0n)).toBeNull();
    expect(ownerOfCookie(0xdeadbeef00000001n)).toBeNull();
  });

  it('lists flows in the order of their keys, as they come back from a switch', () => {
    fc.assert(
      fc.property(portNumber, adminStatus, suppression, (number, status, policy) => {
        const keys = portFlows(number, status, policy).map(flowKey);
        expect(keys).toEqual([...new Set(keys)].sort());
      }),
    );
    const uplinkKeys = uplinkFlows([60_002, 60_001]).map(flowKey);
    expect(uplinkKeys).toEqual([...uplinkKeys].sort());
  });

  it('matches the port in every flow, so that no port is under the thresholds of another', () => {
    fc.assert(
      fc.property(portNumber, adminStatus, suppression, (number, status, policy) => {
        for (const { match } of portFlows(number, status, policy)) expect(match.inPort).toBe(number);
      }),
    );
  });

  it('drops by meters only where it is not told to observe', () => {
    fc.assert(
      fc.property(portNumber, suppression, (number, policy) => {
        const observed: number[] = [TABLES.stormKindObserved, TABLES.stormAllObserved];
        const withMeter = portFlows(number, 'up', policy).filter(
          ({ instructions }) => instructions.meter !== undefined,
        );
        expect(withMeter.length).toBe(LIMITED_KINDS.filter(({ kind }) => policy[kind] !== null).length);
        for (const { table } of withMeter) expect(observed.includes(table)).toBe(policy.observeOnly);
      }),
    );
  });

  it('goes on to a later table from everywhere but the end, and never into a dead end', () => {
    fc.assert(
      fc.property(portNumber, suppression, (number, policy) => {
        const onTheWay = portFlows(number, 'up', policy).filter(
          ({ table }) => table !== TABLES.stormKindObserved && table !== TABLES.stormAllObserved,
        );
        for (const { table, instructions } of onTheWay) expect(instructions.gotoTable).toBeGreaterThan(table);
      }),
    );
  });

  it('drops all that a port of a group that is down sends', () => {
    fc.assert(
      fc.property(portNumber, suppression, (number, policy) => {
        const flows = portFlows(number, 'down', policy);
        expect(flows.map(({ instructions }) => instructions)).toEqual([{}]);
      }),
    );
  });
});
