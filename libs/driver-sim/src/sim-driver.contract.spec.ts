import { bridgeName, interfaceName, type Port } from '@opendvs/model';
import type { HostDesired } from '@opendvs/dataplane';
import { describeDriverContract, type DriverHarness } from '@opendvs/testing';
import { SimDriver, SIMULATED_CAPABILITIES } from './sim-driver';
import { bridgeKey, meterKey, portKey, ruleKey, type SimObject } from './sim-objects';
import { SimulatedEngine } from './simulated-engine';

const FOREIGN: SimObject[] = [
  {
    kind: 'bridge',
    key: bridgeKey('br-somebody'),
    spec: { kind: 'bridge', name: 'br-somebody', mtuBytes: 1500 },
    dependsOn: [],
    claims: [],
    owner: null,
  },
];

/** Damage by hand that no event tells of: an audit has to find it. */
const TAMPERINGS: Record<string, (engine: SimulatedEngine, port: Port, desired: HostDesired) => void> = {
  'a rule is deleted by hand': (engine, port) =>
    engine.drop(ruleKey(interfaceName(port.id), 'multicast'), { silently: true }),
  'a meter is deleted by hand': (engine, port) =>
    engine.drop(meterKey(interfaceName(port.id), 'multicast'), { silently: true }),
  'a port is deleted by hand': (engine, port) =>
    engine.drop(portKey(interfaceName(port.id)), { silently: true }),
  'a bridge is deleted by hand': (engine, port) =>
    engine.drop(bridgeKey(bridgeName(port.switchId)), { silently: true }),
  'the VLAN of a port is changed by hand': (engine, port) => {
    const object = engine.inspect().find(({ key }) => key === portKey(interfaceName(port.id)))!;
    if (object.spec.kind !== 'port') throw new Error(`${object.key} is not a port`);
    engine.tamper(
      { ...object, spec: { ...object.spec, vlan: { type: 'access', vlanId: 66 } } },
      { silently: true },
    );
  },
  'an object with our mark is added by hand': (engine, port) => {
    const spec = { kind: 'bridge', name: 'br-stray', mtuBytes: 1500 } as const;
    engine.tamper(
      {
        kind: 'bridge',
        key: bridgeKey(spec.name),
        spec,
        dependsOn: [],
        claims: [],
        owner: { kind: 'switch', id: port.switchId },
      },
      { silently: true },
    );
  },
};

function harness(capabilities = SIMULATED_CAPABILITIES): DriverHarness {
  const engine = new SimulatedEngine({ nics: ['sim0', 'sim1'] });
  return {
    newDriver: () => new SimDriver(engine, capabilities),
    host: { engine: 'sim', vhostSocketDir: '/run/opendvs/vhost' },
    nics: [{ kernelName: 'sim0' }, { kernelName: 'sim1' }],
    missingNic: { kernelName: 'nosuchnic0' },
    connectVm: async (portId) => engine.connectVm(portId),
    disconnectVm: async (portId) => engine.disconnectVm(portId),
    createForeignObjects: async () => FOREIGN.forEach((object) => engine.tamper(object)),
    damagedForeignObjects: async () => {
      const existing = new Map(engine.inspect().map((object) => [object.key, JSON.stringify(object)]));
      return FOREIGN.filter((object) => existing.get(object.key) !== JSON.stringify(object)).map(
        ({ key }) => key,
      );
    },
    tamperings: Object.fromEntries(
      Object.entries(TAMPERINGS).map(([title, tamper]) => [
        title,
        async (desired) => tamper(engine, desired.ports[0]!, desired),
      ]),
    ),
    stopEngine: async () => engine.stop(),
    startEngine: async () => engine.start(),
    dispose: async () => undefined,
  };
}

describeDriverContract('sim', async () => harness(), { tamperings: Object.keys(TAMPERINGS) });

describeDriverContract(
  'sim that lacks what Open vSwitch lacks',
  async () =>
    harness({
      ...SIMULATED_CAPABILITIES,
      switchModes: ['user-mode'],
      suppressionKinds: ['arpBroadcast', 'ipBroadcast', 'allBroadcast', 'multicast'],
      unsupported: { unknownUnicast: 'it cannot tell unknown unicast' },
    }),
  { tamperings: Object.keys(TAMPERINGS) },
);
