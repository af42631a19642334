/**
 * The contract of libs/dataplane as one suite: what every driver must do on its engine before a reconciler may rely on it.
 * A driver's own specs cover what is peculiar to its engine.
 */
import { EngineUnavailableError, type HostDesired } from '@opendvs/dataplane';
import { SUPPRESSION_KINDS, type BroadcastSuppression, type PortGroup } from '@opendvs/model';
import { describePlan } from '@opendvs/reconciler';
import { aPort, aPortGroup, aSuppression, aSwitch, anUplinkGroup, withEdit, withoutPort } from './builders';
import type { DriverContractOptions, DriverHarness } from './driver-harness';
import { DriverRig } from './driver-rig';

/** A switch with an uplink, a group for each kind of VLAN, thresholds on one, and three ports. */
function aSmallWorld(rig: DriverRig) {
  const dvs = aSwitch();
  const uplink = anUplinkGroup(rig.harness.nics.slice(0, 1));
  const access = aPortGroup(dvs, { broadcastSuppression: allSupported(rig, { unit: 'pps', rate: 1000 }) });
  const trunk = aPortGroup(dvs, {
    vlan: { type: 'trunk', trunkVlans: [{ first: 200, last: 209 }], nativeVlanId: 200 },
  });
  const ports = [aPort(access), aPort(access), aPort(trunk)];
  const desired = rig.desired({
    switches: [dvs],
    portGroups: [access, trunk],
    ports,
    uplinks: { [dvs.id]: uplink },
  });
  return { desired, dvs, uplink, access, trunk, ports: ports as [Ports, Ports, Ports] };
}
type Ports = ReturnType<typeof aPort>;

function allSupported(
  rig: DriverRig,
  threshold: { unit: 'kbps' | 'pps'; rate: number },
): BroadcastSuppression {
  const kinds = rig.description.capabilities.suppressionKinds;
  return aSuppression(Object.fromEntries(kinds.map((kind) => [kind, threshold])));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

/** @param start makes the rig once; the cases share it, one after another, and each brings the engine to its own world first. */
export function describeDriverContract(
  name: string,
  start: () => Promise<DriverHarness>,
  options: DriverContractOptions,
): void {
  const { tamperings, unsupported = {}, testTimeoutMs = 30_000, eventTimeoutMs = 10_000 } = options;
  let rig: DriverRig;

  /** A case that needs something of the rig: where that is unsupported, it is skipped by a name that says why. */
  const caseNeeding = (need: keyof typeof unsupported, title: string, body: () => Promise<void>) => {
    const reason = unsupported[need];
    if (reason === undefined) it(title, body, testTimeoutMs);
    else it.skip(`${title} [SKIPPED on ${name}: ${reason}]`, body);
  };

  describe(`driver contract: ${name}`, () => {
    beforeAll(async () => {
      const harness = await start();
      await harness.createForeignObjects();
      rig = new DriverRig(harness, eventTimeoutMs);
      await rig.open();
    }, 120_000);

    afterEach(async () => {
      expect(await rig.harness.damagedForeignObjects()).toEqual([]);
    });

    afterAll(async () => {
      await rig?.close();
      await rig?.harness.dispose();
    }, 60_000);

    describe('describes itself', () => {
      it('tells its engine, the version and what it can do', () => {
        const { engine, engineVersion, capabilities } = rig.description;
        expect(engine).toMatch(/\S/);
        expect(engineVersion).toMatch(/\d/);
        expect(capabilities.switchModes.length).toBeGreaterThan(0);
        expect(capabilities.maxPorts).toBeGreaterThan(0);
      });

      it('gives a reason for each suppression kind that it lacks, and for none that it has', () => {
        const { suppressionKinds, unsupported: reasons } = rig.description.capabilities;
        const lacking = SUPPRESSION_KINDS.filter((kind) => !suppressionKinds.includes(kind));
        expect(lacking.filter((kind) => !reasons[kind])).toEqual([]);
        expect(suppressionKinds.filter((kind) => reasons[kind])).toEqual([]);
      });
    });

    describe('validate', () => {
      it('finds nothing wrong with what it says it supports', () => {
        expect(rig.driver.validate(aSmallWorld(rig).desired)).toEqual([]);
      });

      it('names every port that asks for a suppression kind it lacks', () => {
        const { suppressionKinds } = rig.description.capabilities;
        for (const kind of SUPPRESSION_KINDS.filter((one) => !suppressionKinds.includes(one))) {
          const { desired, trunk, ports } = aSmallWorld(rig);
          const asking = withEdit(desired, 'portGroups', trunk.id, {
            broadcastSuppression: aSuppression({ [kind]: { unit: 'pps', rate: 10 } }),
          });
          const problems = rig.driver.validate(asking);
          expect(problems.map(({ owner }) => owner)).toEqual([{ kind: 'port', id: ports[2].id }]);
          expect(problems[0]?.message).toMatch(/\S/);
        }
      });

      it('refuses a switch mode that it lacks at the switch', () => {
        const { switchModes } = rig.description.capabilities;
        const lacking = (['user-mode', 'sriov-passthrough', 'common'] as const).find(
          (mode) => !switchModes.includes(mode),
        );
        if (!lacking) return;
        const { desired, dvs } = aSmallWorld(rig);
        const problems = rig.driver.validate(withEdit(desired, 'switches', dvs.id, { mode: lacking }));
        expect(problems.map(({ owner }) => owner)).toContainEqual({ kind: 'switch', id: dvs.id });
      });
    });

    describe('render', () => {
      it('is pure: the same input gives the same objects, and is left as it was', () => {
        const { desired } = aSmallWorld(rig);
        const first = rig.driver.render(deepFreeze(desired));
        expect(rig.driver.render(structuredClone(desired))).toEqual(first);
        expect(first.length).toBeGreaterThan(desired.ports.length);
      });

      it('gives every object a key of its own, and dependencies that are rendered too', () => {
        const rendered = rig.driver.render(aSmallWorld(rig).desired);
        const keys = new Set(rendered.map(({ key }) => key));
        expect(keys.size).toBe(rendered.length);
        expect(rendered.flatMap(({ dependsOn }) => dependsOn).filter((key) => !keys.has(key))).toEqual([]);
      });

      it('gives specs that are plain JSON, and names who each object is for', () => {
        const { desired, ports } = aSmallWorld(rig);
        const rendered = rig.driver.render(desired);
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
        const { desired, ports, trunk } = aSmallWorld(rig);
        const others = (world: HostDesired) =>
          rig.driver.render(world).filter(({ owner }) => owner.id !== ports[0].id);
        expect(others(withEdit(desired, 'ports', ports[0].id, { portGroupId: trunk.id }))).toEqual(
          others(desired),
        );
      });
    });

    describe('apply', () => {
      it(
        'makes the world as rendered, and then finds nothing left to do',
        async () => {
          await rig.convergeAndCheck(aSmallWorld(rig).desired);
        },
        testTimeoutMs,
      );

      it(
        'does no harm when the same steps are applied twice',
        async () => {
          const { desired } = aSmallWorld(rig);
          await rig.converge(rig.desired({}));
          const plan = await rig.converge(desired);
          expect((await rig.execute(plan)).failures).toEqual([]);
          await rig.expectInSync(desired);
        },
        testTimeoutMs,
      );

      it(
        'keeps two switches apart, each with its uplink',
        async () => {
          const [left, right] = [aSwitch(), aSwitch({ mtuBytes: 2000 })];
          const groups = [aPortGroup(left), aPortGroup(right)] as const;
          const uplinks = {
            [left.id]: anUplinkGroup(rig.harness.nics.slice(0, 1)),
            [right.id]: anUplinkGroup(rig.harness.nics.slice(1, 2)),
          };
          const ports = groups.map((group) => aPort(group));
          await rig.convergeAndCheck(
            rig.desired({ switches: [left, right], portGroups: [...groups], ports, uplinks }),
          );
        },
        testTimeoutMs,
      );

      it(
        'moves a NIC from one switch to another',
        async () => {
          const [left, right] = [aSwitch(), aSwitch()];
          const uplink = anUplinkGroup(rig.harness.nics.slice(0, 1));
          const before = rig.desired({ switches: [left, right], uplinks: { [left.id]: uplink } });
          const after = {
            ...before,
            host: {
              ...before.host,
              switches: [
                { switchId: left.id, uplinkGroup: null },
                { switchId: right.id, uplinkGroup: uplink },
              ],
            },
          };
          await rig.convergeAndCheck(before);
          await rig.convergeAndCheck(after);
        },
        testTimeoutMs,
      );

      it(
        'bonds two NICs, and goes back to one',
        async () => {
          const dvs = aSwitch();
          const bond = anUplinkGroup(rig.harness.nics.slice(0, 2), { bondMode: 'balance-slb' });
          const bonded = rig.desired({ switches: [dvs], uplinks: { [dvs.id]: bond } });
          await rig.convergeAndCheck(bonded);
          const single = { ...bond, members: bond.members.slice(0, 1) };
          await rig.convergeAndCheck({
            ...bonded,
            host: { ...bonded.host, switches: [{ switchId: dvs.id, uplinkGroup: single }] },
          });
        },
        testTimeoutMs,
      );

      it(
        'deletes a port with all that is its own, and nothing else',
        async () => {
          const { desired, ports } = aSmallWorld(rig);
          await rig.converge(desired);
          const plan = await rig.convergeAndCheck(withoutPort(desired, ports[0].id));
          const own = rig.driver.render(desired).filter(({ owner }) => owner.id === ports[0].id);
          expect(
            describePlan(plan)
              .map(({ verb, key }) => `${verb} ${key}`)
              .sort(),
          ).toEqual(own.map(({ key }) => `delete ${key}`).sort());
        },
        testTimeoutMs,
      );

      it(
        'leaves nothing of ours when the host is in no switch any more',
        async () => {
          await rig.converge(aSmallWorld(rig).desired);
          await rig.converge(rig.desired({}));
          expect(await rig.observe()).toEqual([]);
        },
        testTimeoutMs,
      );

      it(
        'reports a step that fails as data, with what and where',
        async () => {
          await rig.converge(rig.desired({}));
          const orphan = rig.driver
            .render(aSmallWorld(rig).desired)
            .find(({ dependsOn }) => dependsOn.length > 0)!;
          const results = await rig.driver.apply(
            [{ verb: 'create', key: orphan.key, to: orphan }],
            rig.signal,
          );
          expect(results).toEqual([
            { key: orphan.key, ok: false, error: expect.stringMatching(/\S+ \S+/) as string },
          ]);
          expect(await rig.observe()).toEqual([]);
        },
        testTimeoutMs,
      );

      it(
        'fails only the uplink when its NIC is not there, naming it',
        async () => {
          const dvs = aSwitch();
          const group = aPortGroup(dvs);
          const uplink = anUplinkGroup([rig.harness.missingNic]);
          const desired = rig.desired({
            switches: [dvs],
            portGroups: [group],
            ports: [aPort(group)],
            uplinks: { [dvs.id]: uplink },
          });
          const plan = await rig.plan(desired);
          const { failures, applied } = await rig.execute(plan);
          const failed = failures.filter(({ kind }) => kind === 'failed');
          expect(failed.map(({ planned }) => planned.owner)).toEqual([
            { kind: 'uplink-group', id: uplink.id },
          ]);
          expect(failed[0]?.error).toContain(Object.values(rig.harness.missingNic)[0]);
          expect(applied.some(({ owner }) => owner?.kind === 'port')).toBe(true);
          await rig.convergeAndCheck({
            ...desired,
            host: { ...desired.host, switches: [{ switchId: dvs.id, uplinkGroup: null }] },
          });
        },
        testTimeoutMs,
      );

      it(
        'rejects a call whose signal is aborted, and works on afterwards',
        async () => {
          const { desired } = aSmallWorld(rig);
          const aborted = AbortSignal.abort();
          await expect(rig.driver.observe({ audit: true }, aborted)).rejects.toThrow();
          await expect(rig.driver.apply([], aborted)).rejects.toThrow();
          await rig.convergeAndCheck(desired);
        },
        testTimeoutMs,
      );
    });

    describe('changes in place', () => {
      const suppression = (edit: (rig: DriverRig) => BroadcastSuppression) => ({
        of: 'access' as const,
        edit: (): Partial<PortGroup> => ({ broadcastSuppression: edit(rig) }),
      });
      it.each([
        ['another access VLAN', { of: 'access', edit: () => ({ vlan: { type: 'access', vlanId: 101 } }) }],
        [
          'an access VLAN to untagged',
          { of: 'access', edit: () => ({ vlan: { type: 'access', vlanId: 0 } }) },
        ],
        [
          'access to trunk',
          {
            of: 'access',
            edit: () => ({
              vlan: { type: 'trunk', trunkVlans: [{ first: 300, last: 302 }], nativeVlanId: null },
            }),
          },
        ],
        ['trunk to access', { of: 'trunk', edit: () => ({ vlan: { type: 'access', vlanId: 4094 } }) }],
        [
          'the VLANs of a trunk',
          {
            of: 'trunk',
            edit: () => ({
              vlan: { type: 'trunk', trunkVlans: [{ first: 1, last: 4094 }], nativeVlanId: null },
            }),
          },
        ],
        ['a group administratively down', { of: 'access', edit: () => ({ adminStatus: 'down' }) }],
        ['a threshold', suppression((on) => allSupported(on, { unit: 'pps', rate: 2000 }))],
        ['the unit of a threshold', suppression((on) => allSupported(on, { unit: 'kbps', rate: 5 }))],
        [
          'thresholds to observe-only',
          suppression((on) => ({ ...allSupported(on, { unit: 'pps', rate: 1000 }), observeOnly: true })),
        ],
        [
          'one threshold of several taken away',
          suppression((on) => ({ ...allSupported(on, { unit: 'pps', rate: 1000 }), multicast: null })),
        ],
        ['no thresholds any more', suppression(() => aSuppression({}))],
        [
          'first thresholds',
          {
            of: 'trunk',
            edit: () => ({ broadcastSuppression: allSupported(rig, { unit: 'kbps', rate: 64 }) }),
          },
        ],
      ] as [string, { of: 'access' | 'trunk'; edit: () => Partial<PortGroup> }][])(
        '%s, and back',
        async (_title, { of, edit }) => {
          const world = aSmallWorld(rig);
          await rig.converge(world.desired);
          await expectInPlace(world.desired, withEdit(world.desired, 'portGroups', world[of].id, edit()));
        },
        testTimeoutMs,
      );

      it(
        'the MTU of a switch, and back',
        async () => {
          const { desired, dvs } = aSmallWorld(rig);
          await rig.converge(desired);
          await expectInPlace(desired, withEdit(desired, 'switches', dvs.id, { mtuBytes: 1400 }));
        },
        testTimeoutMs,
      );

      it(
        'a port moved to another group, and back',
        async () => {
          const { desired, ports, trunk } = aSmallWorld(rig);
          await rig.converge(desired);
          await expectInPlace(desired, withEdit(desired, 'ports', ports[0].id, { portGroupId: trunk.id }));
        },
        testTimeoutMs,
      );

      /** There and back, each by a plan that does something and drops no traffic. */
      const expectInPlace = async (before: HostDesired, after: HostDesired) => {
        for (const target of [after, before]) {
          const lines = describePlan(await rig.convergeAndCheck(target));
          expect(lines.length).toBeGreaterThan(0);
          expect(lines.filter(({ dropsTraffic }) => dropsTraffic)).toEqual([]);
        }
      };
    });

    describe('heals', () => {
      it(
        'finds everything in sync when a new agent opens the same engine',
        async () => {
          const { desired } = aSmallWorld(rig);
          await rig.converge(desired);
          await rig.restartDriver();
          await rig.expectInSync(desired);
        },
        testTimeoutMs,
      );

      it.each(tamperings)(
        '%s: an audit finds it, a plan repairs it',
        async (tampering) => {
          const { desired } = aSmallWorld(rig);
          await rig.converge(desired);
          await rig.harness.tamperings[tampering]!(desired);
          expect(describePlan(await rig.plan(desired))).not.toEqual([]);
          await rig.convergeAndCheck(desired);
        },
        testTimeoutMs,
      );

      caseNeeding(
        'stopEngine',
        'says when the engine goes and is back, refuses calls meanwhile, and replays everything',
        async () => {
          const { desired } = aSmallWorld(rig);
          await rig.converge(desired);
          await rig.harness.stopEngine();
          await rig.eventually('the driver says that the engine is lost', () =>
            rig.events.some(({ type }) => type === 'engine-lost'),
          );
          await expect(rig.observe()).rejects.toThrow(EngineUnavailableError);
          await expect(rig.driver.readPorts(rig.signal)).rejects.toThrow(EngineUnavailableError);
          rig.events.length = 0;
          await rig.harness.startEngine();
          await rig.eventually('the driver says that the engine is back', () =>
            rig.events.some(({ type }) => type === 'engine-restarted'),
          );
          await rig.convergeAndCheck(desired);
        },
      );
    });

    describe('tells of ports', () => {
      it(
        'lists every port of ours, without a VM at first',
        async () => {
          const { desired, ports } = aSmallWorld(rig);
          await rig.converge(desired);
          await rig.eventually('all three ports are there', async () => {
            const live = await rig.driver.readPorts(rig.signal);
            expect(live.map(({ portId, link, reason }) => ({ portId, link, reason })).sort(byPort)).toEqual(
              ports.map(({ id }) => ({ portId: id, link: 'no-peer', reason: null })).sort(byPort),
            );
            return true;
          });
        },
        testTimeoutMs,
      );

      caseNeeding('connectVm', 'follows a VM that connects and goes', async () => {
        const { desired, ports } = aSmallWorld(rig);
        await rig.converge(desired);
        const linkOf = async () =>
          (await rig.driver.readPorts(rig.signal)).find(({ portId }) => portId === ports[0].id);
        await rig.harness.connectVm(ports[0].id);
        await rig.eventually('the port is connected', async () => (await linkOf())?.link === 'connected');
        await rig.eventually('an event has told so', () => toldOf(ports[0].id));
        expect((await linkOf())?.vhostConnects).toBe(1);
        rig.events.length = 0;
        await rig.harness.disconnectVm(ports[0].id);
        await rig.eventually(
          'the port is disconnected',
          async () => (await linkOf())?.link === 'disconnected',
        );
        await rig.eventually('an event has told so', () => toldOf(ports[0].id));
      });

      it(
        'counts for every port, never backwards within an epoch',
        async () => {
          const { desired, ports } = aSmallWorld(rig);
          await rig.converge(desired);
          const first = await countersOf(ports.map(({ id }) => id));
          const second = await countersOf(ports.map(({ id }) => id));
          for (const [i, before] of first.entries()) {
            const after = second[i]!;
            expect(before.epoch).toMatch(/\S/);
            if (after.epoch !== before.epoch) continue;
            for (const [name, value] of Object.entries(before)) {
              if (typeof value === 'number') expect(after[name as 'rxPackets']).toBeGreaterThanOrEqual(value);
            }
          }
        },
        testTimeoutMs,
      );

      it(
        'counts suppression for exactly the kinds that have a threshold',
        async () => {
          const { desired, ports } = aSmallWorld(rig);
          await rig.converge(desired);
          const [limited, , free] = await countersOf(ports.map(({ id }) => id));
          expect(Object.keys(limited!.suppressed).sort()).toEqual(
            [...rig.description.capabilities.suppressionKinds].sort(),
          );
          expect(free!.suppressed).toEqual({});
        },
        testTimeoutMs,
      );

      const toldOf = (portId: string) =>
        rig.events.some((event) => event.type === 'ports-changed' && event.portIds.includes(portId));

      /** In the order of `portIds`, once the engine counts for all of them; every number is a count. */
      const countersOf = (portIds: string[]) =>
        rig.eventually('there are counters of every port', async () => {
          const all = await rig.driver.readCounters(rig.signal);
          expect(all.map(({ portId }) => portId).sort()).toEqual([...portIds].sort());
          const counts = all.flatMap((one) =>
            Object.values(one).filter((value) => typeof value === 'number'),
          );
          expect(counts.filter((value) => !Number.isFinite(value) || value < 0)).toEqual([]);
          return portIds.map((id) => all.find(({ portId }) => portId === id)!);
        });
    });
  });
}

function byPort(a: { portId: string }, b: { portId: string }): number {
  return a.portId < b.portId ? -1 : 1;
}
