/** What the driver says of itself and of desired states: pure answers, before anything is applied. */
import type { HostDesired } from '@opendvs/dataplane';
import { SUPPRESSION_KINDS } from '@opendvs/model';
import { aSuppression, withEdit } from '../builders';
import { aSmallWorld } from './small-world';
import type { ContractBench } from './contract-bench';

export function describeDescribing(on: ContractBench): void {
  describe('describes itself', () => {
    it('tells its engine, the version and what it can do', () => {
      const { engine, engineVersion, capabilities } = on.rig.description;
      expect(engine).toMatch(/\S/);
      expect(engineVersion).toMatch(/\d/);
      expect(capabilities.switchModes.length).toBeGreaterThan(0);
      expect(capabilities.maxPorts).toBeGreaterThan(0);
    });

    it('gives a reason for each suppression kind that it lacks, and for none that it has', () => {
      const { suppressionKinds, unsupported: reasons } = on.rig.description.capabilities;
      const lacking = SUPPRESSION_KINDS.filter((kind) => !suppressionKinds.includes(kind));
      expect(lacking.filter((kind) => !reasons[kind])).toEqual([]);
      expect(suppressionKinds.filter((kind) => reasons[kind])).toEqual([]);
    });
  });

  describe('validate', () => {
    it('finds nothing wrong with what it says it supports', () => {
      expect(on.rig.driver.validate(aSmallWorld(on.rig).desired)).toEqual([]);
    });

    it('names every port that asks for a suppression kind it lacks', () => {
      const { suppressionKinds } = on.rig.description.capabilities;
      for (const kind of SUPPRESSION_KINDS.filter((one) => !suppressionKinds.includes(one))) {
        const { desired, trunk, ports } = aSmallWorld(on.rig);
        const asking = withEdit(desired, 'portGroups', trunk.id, {
          broadcastSuppression: aSuppression({ [kind]: { unit: 'pps', rate: 10 } }),
        });
        const problems = on.rig.driver.validate(asking);
        expect(problems.map(({ owner }) => owner)).toEqual([{ kind: 'port', id: ports[2].id }]);
        expect(problems[0]?.message).toMatch(/\S/);
      }
    });

    it('refuses a switch mode that it lacks at the switch', () => {
      const { switchModes } = on.rig.description.capabilities;
      const lacking = (['user-mode', 'sriov-passthrough', 'common'] as const).find(
        (mode) => !switchModes.includes(mode),
      );
      if (!lacking) return;
      const { desired, dvs } = aSmallWorld(on.rig);
      const problems = on.rig.driver.validate(withEdit(desired, 'switches', dvs.id, { mode: lacking }));
      expect(problems.map(({ owner }) => owner)).toContainEqual({ kind: 'switch', id: dvs.id });
    });
  });

  describe('render', () => {
    it('is pure: the same input gives the same objects, and is left as it was', () => {
      const { desired } = aSmallWorld(on.rig);
      const first = on.rig.driver.render(deepFreeze(desired));
      expect(on.rig.driver.render(structuredClone(desired))).toEqual(first);
      expect(first.length).toBeGreaterThan(desired.ports.length);
    });

    it('gives every object a key of its own, and dependencies that are rendered too', () => {
      const rendered = on.rig.driver.render(aSmallWorld(on.rig).desired);
      const keys = new Set(rendered.map(({ key }) => key));
      expect(keys.size).toBe(rendered.length);
      expect(rendered.flatMap(({ dependsOn }) => dependsOn).filter((key) => !keys.has(key))).toEqual([]);
    });

    it('gives specs that are plain JSON, and names who each object is for', () => {
      const { desired, ports } = aSmallWorld(on.rig);
      const rendered = on.rig.driver.render(desired);
      for (const { spec, because } of rendered) {
        expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
        expect(because).toMatch(/\S/);
      }
      for (const port of ports) {
        const own = rendered.filter(({ owner }) => owner.kind === 'port' && owner.id === port.id);
        expect(own.length).toBeGreaterThan(0);
        expect(own.filter(({ because }) => !because.includes(port.name))).toEqual([]);
      }
    });

    it('leaves the objects of other ports alone when one port changes', () => {
      const { desired, ports, trunk } = aSmallWorld(on.rig);
      const others = (world: HostDesired) =>
        on.rig.driver.render(world).filter(({ owner }) => owner.id !== ports[0].id);
      expect(others(withEdit(desired, 'ports', ports[0].id, { portGroupId: trunk.id }))).toEqual(
        others(desired),
      );
    });
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}
