import * as fc from 'fast-check';
import { PORT_NUMBER_MAX, SUPPRESSION_KINDS, type BroadcastSuppression } from '@opendvs/model';
import { bodiesOf, flowMods, sameBodies, specOfBodies } from './flow-set';
import type { FlowsSpec } from './ovs-objects';
import { portFlows, SWITCH_FLOWS, uplinkFlows, type FlowOwner, type PipelineFlow } from './pipeline';

const specOf = (flowsOf: FlowOwner, flows: readonly PipelineFlow[]): FlowsSpec => ({
  kind: 'flows',
  bridge: 'br-1',
  flowsOf,
  flows,
});

const threshold = fc.option(fc.constant({ unit: 'pps' as const, rate: 5 }));
const suppression = fc.record({
  observeOnly: fc.boolean(),
  ...Object.fromEntries(SUPPRESSION_KINDS.map((kind) => [kind, threshold])),
}) as fc.Arbitrary<BroadcastSuppression>;
const portSpec = fc
  .tuple(
    fc.integer({ min: 1, max: PORT_NUMBER_MAX }),
    fc.constantFrom('up' as const, 'down' as const),
    suppression,
  )
  .map(([portNumber, status, policy]) =>
    specOf({ of: 'port', portNumber }, portFlows(portNumber, status, policy)),
  );
const anySpec = fc.oneof(
  portSpec,
  fc.constant(specOf({ of: 'switch' }, SWITCH_FLOWS)),
  fc.constant(specOf({ of: 'uplink' }, uplinkFlows([60_001, 60_002]))),
);

/** What the switch has after `mods`, when it had `before`. */
function applied(
  before: ReadonlyMap<string, string>,
  mods: ReturnType<typeof flowMods>,
): Map<string, string> {
  const after = new Map(before);
  for (const mod of mods) {
    const [[key, body]] = [...bodiesOfFlow(mod.flow as PipelineFlow & { cookie: bigint })] as [
      [string, string],
    ];
    if (mod.command === 'delete') after.delete(key);
    else after.set(key, body);
  }
  return new Map([...after].sort(([a], [b]) => (a < b ? -1 : 1)));
}
function bodiesOfFlow({ cookie, ...flow }: PipelineFlow & { cookie: bigint }) {
  const portNumber = Number(cookie & 0xffff_ffffn);
  const of = (['switch', 'uplink', 'port'] as const)[Number((cookie >> 32n) & 0xffffn) - 1]!;
  return bodiesOf(specOf(of === 'port' ? { of, portNumber } : { of }, [flow]));
}

describe('flow sets', () => {
  it('are read from a switch as they were rendered, by an agent that remembers nothing', () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        expect(specOfBodies(spec.bridge, spec.flowsOf, bodiesOf(structuredClone(spec)))).toEqual(spec);
      }),
    );
  });

  it('turn into one another by the flow mods that are made of them', () => {
    fc.assert(
      fc.property(portSpec, suppression, (before, policy) => {
        const { flowsOf } = before;
        const portNumber = flowsOf.of === 'port' ? flowsOf.portNumber : 0;
        const after = specOf(flowsOf, portFlows(portNumber, 'up', policy));
        const result = applied(bodiesOf(before), flowMods(bodiesOf(before), after));
        expect(sameBodies(result, bodiesOf(after))).toBe(true);
        expect(applied(result, flowMods(result, null)).size).toBe(0);
        expect(flowMods(bodiesOf(after), structuredClone(after))).toEqual([]);
      }),
    );
  });

  it('differ when a flow has another body, another key or is one too many', () => {
    const bodies = new Map([
      ['k1', 'a'],
      ['k2', 'b'],
    ]);
    expect(sameBodies(bodies, new Map(bodies))).toBe(true);
    expect(
      sameBodies(
        bodies,
        new Map([
          ['k1', 'a'],
          ['k2', 'c'],
        ]),
      ),
    ).toBe(false);
    expect(
      sameBodies(
        bodies,
        new Map([
          ['k1', 'a'],
          ['k3', 'b'],
        ]),
      ),
    ).toBe(false);
    expect(sameBodies(bodies, new Map([['k1', 'a']]))).toBe(false);
  });
});
