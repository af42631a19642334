import type { BackendObject, ObservedObject, Problem } from '@opendvs/dataplane';
import { StrictEngine } from '@opendvs/testing';
import * as fc from 'fast-check';
import { executePlan } from './execute-plan';
import { describePlan, type Plan } from './plan';
import { planSteps } from './plan-steps';

interface Spec {
  shape: number;
  colour: number;
  /** What it depends on and claims follows from the spec, as in any engine. */
  uses?: readonly string[];
}
type Desired = BackendObject<Spec>;
type Seen = ObservedObject<Spec>;

/** In these worlds another colour is a change in place, another shape needs a new object. */
const changeMode = (from: Seen, to: Desired) => (from.spec.shape === to.spec.shape ? 'in-place' : 'recreate');

const plan = (rendered: Desired[], observed: Seen[], problems: Problem[] = []) =>
  planSteps(rendered, observed, changeMode, problems);

function thing(key: string, said: Partial<Desired> = {}): Desired {
  return {
    kind: 'thing',
    key,
    spec: { shape: 0, colour: 0 },
    dependsOn: [],
    claims: [],
    owner: { kind: 'port', id: key },
    because: `for ${key}`,
    ...said,
  };
}

const lines = (of: Plan) =>
  describePlan(of).map(({ verb, key, dropsTraffic }) => `${verb} ${key}${dropsTraffic ? ' (drops)' : ''}`);
const batches = (of: Plan) => of.batches.map((batch) => batch.map(({ step }) => `${step.verb} ${step.key}`));
const reasons = (of: Plan) => Object.fromEntries(of.withheld.map(({ key, reason }) => [key, reason]));
const never = new AbortController().signal;

describe('planSteps', () => {
  const bridge = thing('bridge');
  const port = thing('port', { dependsOn: ['bridge'] });
  const meter = thing('meter', { dependsOn: ['bridge'] });
  const flow = thing('flow', { dependsOn: ['port', 'meter'] });

  it('creates dependencies first, and what is independent together', () => {
    expect(batches(plan([flow, meter, port, bridge], []))).toEqual([
      ['create bridge'],
      ['create meter', 'create port'],
      ['create flow'],
    ]);
  });

  it('deletes dependents first', () => {
    expect(batches(plan([], [bridge, port, meter, flow]))).toEqual([
      ['delete flow'],
      ['delete port', 'delete meter'],
      ['delete bridge'],
    ]);
  });

  it('is empty when all is as rendered, whatever the order of properties', () => {
    const seen = { ...port, spec: { colour: 0, shape: 0 } };
    expect(plan([bridge, port], [seen, bridge])).toEqual({ batches: [], withheld: [] });
  });

  it('changes in place without touching what stands on it', () => {
    expect(lines(plan([{ ...bridge, spec: { shape: 0, colour: 1 } }, port], [bridge, port]))).toEqual([
      'update bridge',
    ]);
  });

  it('makes anew what cannot be changed, with all that stands on it, and says that this drops traffic', () => {
    const other = { ...port, spec: { shape: 1, colour: 0 } };
    const made = plan([bridge, other, meter, flow], [bridge, port, meter, flow]);
    expect(batches(made)).toEqual([['delete flow'], ['delete port'], ['create port'], ['create flow']]);
    expect(lines(made)).toEqual(['recreate port (drops)', 'recreate flow (drops)']);
    expect(describePlan(made).map(({ because }) => because)).toEqual([
      'for port; made anew, as it cannot be changed in place',
      'for flow; made anew, as it stands on port: it cannot be changed in place',
    ]);
  });

  it('builds before it cleans up, so that a flow stops using a meter before that goes', () => {
    const without = { ...flow, dependsOn: ['port'], spec: { shape: 0, colour: 1 } };
    expect(batches(plan([bridge, port, without], [bridge, port, meter, flow]))).toEqual([
      ['update flow'],
      ['delete meter'],
    ]);
  });

  describe('claims', () => {
    const uplink = (key: string, ...nics: string[]) =>
      thing(key, {
        claims: nics,
        spec: { shape: 0, colour: nics.reduce((sum, nic) => sum + Number(nic.slice(3)) * 7, 0) },
      });

    it('are freed by what goes before they are given to what comes', () => {
      expect(batches(plan([uplink('new', 'nic1')], [uplink('old', 'nic1')]))).toEqual([
        ['delete old'],
        ['create new'],
      ]);
    });

    it('move from one bond to another by updates in the right order, without dropping traffic', () => {
      const made = plan(
        [uplink('b', 'nic2', 'nic3'), uplink('a', 'nic1')],
        [uplink('a', 'nic1', 'nic2'), uplink('b', 'nic3')],
      );
      expect(batches(made)).toEqual([['update a'], ['update b']]);
      expect(describePlan(made).some(({ dropsTraffic }) => dropsTraffic)).toBe(false);
    });

    it('are exchanged by tearing one down, as neither can go first', () => {
      const made = plan(
        [uplink('a', 'nic2'), uplink('b', 'nic1')],
        [uplink('a', 'nic1'), uplink('b', 'nic2')],
      );
      expect(made.batches.flat().filter(({ recreate }) => recreate)).toHaveLength(2); // both halves of one
      expect(made.withheld).toEqual([]);
    });

    it('that two desired objects want go to the one that has it; the other is withheld and says who has it', () => {
      const made = plan([uplink('b', 'nic1'), uplink('a', 'nic1')], [uplink('a', 'nic1')]);
      expect(made.batches).toEqual([]);
      expect(reasons(made)).toEqual({ b: 'nic1 is already taken by a (for a)' });
    });
  });

  describe('withholds', () => {
    it('what depends on something that is not desired, naming it', () => {
      expect(reasons(plan([port], []))).toEqual({
        port: 'needs bridge, which is not part of the desired state',
      });
    });

    it('a cycle, naming it, and what waits for it, and goes on with the rest', () => {
      const [a, b] = [thing('a', { dependsOn: ['b'] }), thing('b', { dependsOn: ['a'] })];
      const made = plan([a, b, thing('c', { dependsOn: ['a'] }), thing('d')], []);
      expect(lines(made)).toEqual(['create d']);
      const cycle = 'depends on itself: a → b → a; this is a fault of the driver, report it';
      expect(reasons(made)).toEqual({ a: cycle, b: cycle, c: `waits for a: ${cycle}` });
    });

    it('two objects of one key, and leaves what exists of it', () => {
      const made = plan(
        [thing('a'), thing('a', { spec: { shape: 1, colour: 1 } })],
        [thing('a', { spec: { shape: 2, colour: 2 } })],
      );
      expect(made.batches).toEqual([]);
      expect(reasons(made).a).toMatch(/two desired objects have the key a/);
    });

    it('the objects of an invalid owner, and keeps what exists of them and what that stands on', () => {
      const problems: Problem[] = [{ owner: { kind: 'port', id: 'flow' }, message: 'not with this engine' }];
      const made = plan([{ ...flow, spec: { shape: 1, colour: 1 } }], [bridge, port, meter, flow], problems);
      expect(made.batches).toEqual([]);
      expect(reasons(made)).toEqual({ flow: 'not with this engine' });
    });

    it('what waits for an invalid object that does not exist, with the reason of that one', () => {
      const problems: Problem[] = [{ owner: bridge.owner, message: 'no such mode' }];
      expect(reasons(plan([bridge, port, flow, meter], [], problems))).toEqual({
        bridge: 'no such mode',
        port: 'waits for bridge: no such mode',
        meter: 'waits for bridge: no such mode',
        flow: 'waits for bridge: no such mode',
      });
    });

    it('nothing that stands on an invalid object which is there already', () => {
      const problems: Problem[] = [{ owner: bridge.owner, message: 'no such mode' }];
      expect(lines(plan([bridge, port], [bridge], problems))).toEqual(['create port']);
    });

    it('a recreation that would take down what is kept, and says what that is', () => {
      const problems: Problem[] = [{ owner: port.owner, message: 'not with this engine' }];
      const made = plan([{ ...bridge, spec: { shape: 1, colour: 0 } }, port], [bridge, port], problems);
      expect(made.batches).toEqual([]);
      expect(reasons(made).bridge).toMatch(/^port would go down for it/);
    });
  });

  it('costs milliseconds for thousands of objects in sync', () => {
    const rendered = [
      bridge,
      ...Array.from({ length: 3500 }, (_, i) => thing(`p${i}`, { dependsOn: ['bridge'], claims: [`n${i}`] })),
    ];
    const observed = structuredClone(rendered);
    plan(rendered, observed);
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      expect(plan(rendered, observed).batches).toEqual([]);
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(50); // about 5 ms on a quiet machine
  });
});

describe('planSteps, for any world', () => {
  const KEYS = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7'];
  const CLAIMS = ['c0', 'c1', 'c2'];
  const uses = (of: Spec, dependsOn: string[], claims: string[]) => ({
    spec: { ...of, uses: [...dependsOn, ...claims] },
    dependsOn,
    claims,
  });
  const spec = fc.record({ shape: fc.integer({ min: 0, max: 1 }), colour: fc.integer({ min: 0, max: 2 }) });

  /** Each key depends only on earlier ones, and each claim is held by one. */
  const soundWorld = fc
    .record({
      present: fc.subarray(KEYS),
      specs: fc.tuple(...KEYS.map(() => spec)),
      edges: fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 12 }),
      holders: fc.tuple(...CLAIMS.map(() => fc.option(fc.nat(7)))),
    })
    .map(({ present, specs, edges, holders }) =>
      present.map((key) => {
        const own = KEYS.indexOf(key);
        const dependsOn = edges
          .filter(([a, b]) => a === own && b < own && present.includes(KEYS[b]!))
          .map(([, b]) => KEYS[b]!);
        return thing(key, {
          ...uses(
            specs[own]!,
            [...new Set(dependsOn)],
            CLAIMS.filter((_, i) => holders[i] === own),
          ),
          owner: { kind: 'port', id: `owner ${own % 3}` },
        });
      }),
    );

  /** As a driver with faults might render: dependencies on anything, claims and keys twice. */
  const brokenWorld = fc.array(
    fc
      .record({
        key: fc.constantFrom(...KEYS),
        spec,
        dependsOn: fc.uniqueArray(fc.constantFrom(...KEYS, 'nowhere'), { maxLength: 2 }),
        claims: fc.uniqueArray(fc.constantFrom(...CLAIMS), { maxLength: 2 }),
        owner: fc.nat(2),
      })
      .map(({ key, owner, ...said }) =>
        thing(key, { ...said, owner: { kind: 'port', id: `owner ${owner}` } }),
      ),
    { maxLength: 8 },
  );

  const seenAs = (rendered: Desired[]): Seen[] => rendered.map(({ because: _, ...seen }) => seen);
  const sorted = (objects: Seen[]) => [...objects].sort((a, b) => (a.key < b.key ? -1 : 1));
  const essence = (objects: Seen[]) => sorted(objects).map(({ key, spec: of }) => ({ key, spec: of }));

  const carryOut = async (engine: StrictEngine<Spec>, rendered: Desired[], problems: Problem[] = []) => {
    const made = plan(rendered, engine.observe(), problems);
    const outcome = await executePlan(made, engine, never);
    return { made, outcome };
  };

  /** What is withheld may wait for a claim that this very plan frees: then the next plan has something to do, but not for ever. */
  const expectToSettle = async (
    engine: StrictEngine<Spec>,
    rendered: Desired[],
    problems: Problem[] = [],
  ) => {
    for (let plans = 0; plans < KEYS.length; plans++) {
      const { made } = await carryOut(engine, rendered, problems);
      if (made.batches.length === 0) break;
    }
    expect(engine.objections).toEqual([]);
    expect(plan(rendered, engine.observe(), problems).batches).toEqual([]);
  };

  it('ends exactly as rendered, by steps to which the strictest engine has no objection, and then has nothing to do', () =>
    fc.assert(
      fc.asyncProperty(soundWorld, soundWorld, async (rendered, observed) => {
        const engine = new StrictEngine<Spec>(seenAs(observed));
        const { made, outcome } = await carryOut(engine, rendered);
        expect(engine.objections).toEqual([]);
        expect(outcome.failures).toEqual([]);
        expect(made.withheld).toEqual([]);
        expect(essence(engine.observe())).toEqual(essence(rendered));
        expect(plan(rendered, engine.observe()).batches).toEqual([]);
      }),
      { numRuns: 500 },
    ));

  it('names a key at most once as deleted and once as made', () => {
    fc.assert(
      fc.property(soundWorld, soundWorld, (rendered, observed) => {
        const steps = plan(rendered, seenAs(observed))
          .batches.flat()
          .map(({ step }) => `${step.verb === 'delete'} ${step.key}`);
        expect(new Set(steps).size).toBe(steps.length);
      }),
    );
  });

  it('ends after any sequence of edits as a first start with the last state does', () =>
    fc.assert(
      fc.asyncProperty(fc.array(soundWorld, { minLength: 1, maxLength: 6 }), async (states) => {
        const edited = new StrictEngine<Spec>();
        for (const state of states) await carryOut(edited, state);
        const fresh = new StrictEngine<Spec>();
        await carryOut(fresh, states.at(-1)!);
        expect(edited.objections).toEqual([]);
        expect(essence(edited.observe())).toEqual(essence(fresh.observe()));
      }),
      { numRuns: 200 },
    ));

  it('never touches what belongs to an invalid owner, and gives the engine nothing to object to', () =>
    fc.assert(
      fc.asyncProperty(soundWorld, soundWorld, async (rendered, observed) => {
        const owner = { kind: 'port' as const, id: 'owner 1' };
        const engine = new StrictEngine<Spec>(seenAs(observed));
        const ofOwner = () => sorted(engine.observe().filter((object) => object.owner?.id === owner.id));
        const before = ofOwner();
        const problems = [{ owner, message: 'invalid' }];
        const { made } = await carryOut(engine, rendered, problems);
        expect(engine.objections).toEqual([]);
        expect(ofOwner()).toEqual(before);
        const told = new Set(made.withheld.map(({ key }) => key));
        expect(rendered.filter((object) => object.owner.id === owner.id && !told.has(object.key))).toEqual(
          [],
        );
        await expectToSettle(engine, rendered, problems);
        expect(ofOwner()).toEqual(before);
      }),
      { numRuns: 500 },
    ));

  it('makes the best of a faulty rendering: no objection, a reason for each thing withheld, and soon nothing to do', () =>
    fc.assert(
      fc.asyncProperty(brokenWorld, soundWorld, async (rendered, observed) => {
        const engine = new StrictEngine<Spec>(seenAs(observed));
        const { made } = await carryOut(engine, rendered);
        expect(engine.objections).toEqual([]);
        const reached = new Set(engine.observe().map(({ key }) => key));
        const told = new Set(made.withheld.map(({ key }) => key));
        expect(rendered.filter(({ key }) => !reached.has(key) && !told.has(key))).toEqual([]);
        for (
          let plans = 0;
          plans < KEYS.length && plan(rendered, engine.observe()).batches.length > 0;
          plans++
        ) {
          await carryOut(engine, rendered);
        }
        expect(engine.objections).toEqual([]);
        expect(plan(rendered, engine.observe()).batches).toEqual([]);
      }),
      { numRuns: 500 },
    ));

  it('lets failing steps stop only what needs them, and ends right once they succeed', () =>
    fc.assert(
      fc.asyncProperty(
        soundWorld,
        soundWorld,
        fc.subarray(KEYS, { maxLength: 2 }),
        async (rendered, observed, refused) => {
          const engine = new StrictEngine<Spec>(seenAs(observed));
          for (const key of refused) engine.refuses.add(key);
          const { outcome } = await carryOut(engine, rendered);
          expect(engine.objections).toEqual([]);
          const stopped = outcome.failures.filter(({ kind }) => kind === 'skipped');
          expect(stopped.filter(({ error }) => !refused.some((key) => error.includes(key)))).toEqual([]);
          engine.refuses.clear();
          await carryOut(engine, rendered);
          expect(engine.objections).toEqual([]);
          expect(essence(engine.observe())).toEqual(essence(rendered));
        },
      ),
      { numRuns: 500 },
    ));
});
