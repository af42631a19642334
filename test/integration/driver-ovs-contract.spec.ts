/**
 * @needs root hugepages
 * The driver contract on real OVS-DPDK.
 */
import { bridgeName, interfaceName, type Port } from '@opendvs/model';
import { describeDriverContract, type DriverHarness } from '@opendvs/testing';
import { OvsRig } from './driver-ovs-rig';

const FOREIGN_BRIDGE = 'br-foreign';

/** Damage by hand, with the tools that people have at hand. */
const TAMPERINGS: Record<string, (rig: OvsRig, port: Port) => Promise<unknown>> = {
  'all flows of a bridge are deleted by hand': (rig, port) =>
    rig.ofctl('del-flows', bridgeName(port.switchId)),
  'a flow is deleted by hand': (rig, port) =>
    rig.ofctl(
      '--strict',
      'del-flows',
      bridgeName(port.switchId),
      `table=0,priority=100,in_port=${port.number}`,
    ),
  'what a flow does is changed by hand': (rig, port) =>
    rig.ofctl('mod-flows', bridgeName(port.switchId), `table=0,in_port=${port.number},actions=drop`),
  'a flow with our cookie is added by hand': (rig, port) =>
    rig.ofctl(
      'add-flow',
      bridgeName(port.switchId),
      `table=0,priority=999,cookie=0x4456000300000000,in_port=${port.number},actions=drop`,
    ),
  'a meter is deleted by hand': (rig, port) =>
    rig.ofctl('del-meter', bridgeName(port.switchId), `meter=${port.number * 4 + 3}`),
  'a meter is changed by hand': (rig, port) =>
    rig.ofctl(
      'mod-meter',
      bridgeName(port.switchId),
      `meter=${port.number * 4 + 3},pktps,burst,stats,band=type=drop,rate=1,burst_size=1`,
    ),
  'a port is deleted by hand': (rig, port) => rig.vsctl('del-port', interfaceName(port.id)),
  'a port is deleted from the datapath by hand': (rig, port) =>
    rig.appctl('dpctl/del-if', 'netdev@ovs-netdev', interfaceName(port.id)),
  'a bridge is deleted by hand': (rig, port) => rig.vsctl('del-br', bridgeName(port.switchId)),
  'the VLAN of a port is changed by hand': (rig, port) =>
    rig.vsctl('set', 'Port', interfaceName(port.id), 'tag=66'),
  'the fail mode of a bridge is changed by hand': (rig, port) =>
    rig.vsctl('set-fail-mode', bridgeName(port.switchId), 'standalone'),
  'the mark is taken off a port by hand': (rig, port) =>
    rig.vsctl('clear', 'Port', interfaceName(port.id), 'external_ids'),
  'the NIC of the uplink is taken out by hand': (rig, port) =>
    rig.vsctl('del-port', bridgeName(port.switchId).replace('br-', 'up-')),
};

async function harness(): Promise<DriverHarness> {
  const rig = await OvsRig.start();
  for (const nic of ['up0', 'up1', 'other0']) await rig.addNic(nic);
  const describeForeign = async () => [
    await rig.vsctl('--columns=name,fail_mode,external_ids,other_config', 'list', 'Bridge', FOREIGN_BRIDGE),
    await rig.vsctl('--columns=name,tag,external_ids', 'list', 'Port', 'other0'),
    await rig.ofctl('--no-stats', 'dump-flows', FOREIGN_BRIDGE),
    await rig.ofctl('dump-meters', FOREIGN_BRIDGE),
  ];
  const addForeignFlows = async () => {
    await rig.ofctl(
      'add-meter',
      FOREIGN_BRIDGE,
      'meter=4,pktps,burst,stats,band=type=drop,rate=7,burst_size=7',
    );
    await rig.ofctl('add-flow', FOREIGN_BRIDGE, 'table=0,priority=5,in_port=1,actions=meter:4,NORMAL');
  };
  let foreign: string[] = [];
  return {
    newDriver: () => rig.newDriver(),
    host: { engine: 'ovs-dpdk', vhostSocketDir: rig.folder },
    nics: [{ kernelName: 'up0' }, { kernelName: 'up1' }],
    missingNic: { kernelName: 'nosuchnic0' },
    connectVm: async (portId) => void (await rig.connectGuest(portId)),
    disconnectVm: (portId) => rig.disconnectGuest(portId),
    createForeignObjects: async () => {
      const bridge = ['add-br', FOREIGN_BRIDGE, '--', 'set', 'Bridge', FOREIGN_BRIDGE];
      await rig.vsctl(...bridge, 'datapath_type=netdev', 'fail_mode=secure', 'external_ids:owner=somebody');
      await rig.vsctl('add-port', FOREIGN_BRIDGE, 'other0', 'tag=7');
      await addForeignFlows();
      foreign = await describeForeign();
    },
    damagedForeignObjects: async () => {
      const now = await describeForeign();
      return now.filter((text, i) => text !== foreign[i]);
    },
    tamperings: Object.fromEntries(
      Object.entries(TAMPERINGS).map(([title, tamper]) => [
        title,
        async (desired) => void (await tamper(rig, desired.ports[0]!)),
      ]),
    ),
    stopEngine: async () => {
      process.kill(rig.ovs.pids.vswitchd!, 'SIGKILL');
      await rig.ovs.stopVswitchd();
    },
    startEngine: async () => {
      await rig.ovs.startVswitchd();
      await addForeignFlows(); // its owner programs them again too
    },
    dispose: () => rig.stop(),
  };
}

describeDriverContract('Open vSwitch with DPDK', harness, { tamperings: Object.keys(TAMPERINGS) });
