/** The world that most cases begin with. */
import type { BroadcastSuppression } from '@opendvs/model';
import { aPort, aPortGroup, aSuppression, aSwitch, anUplinkGroup } from '../builders';
import type { DriverRig } from '../driver-rig';

/** A switch with an uplink, a group for each kind of VLAN, thresholds on one, and three ports. */
export function aSmallWorld(rig: DriverRig) {
  const dvs = aSwitch();
  const uplink = anUplinkGroup(rig.harness.nics.slice(0, 1));
  const access = aPortGroup(dvs, { broadcastSuppression: allSupported(rig, { unit: 'pps', rate: 1000 }) });
  const trunk = aPortGroup(dvs, {
    vlan: { type: 'trunk', trunkVlans: [{ first: 200, last: 209 }], nativeVlanId: 200 },
  });
  const ports = [aPort(access), aPort(access), aPort(trunk)] as const;
  const desired = rig.desired({
    switches: [dvs],
    portGroups: [access, trunk],
    ports: [...ports],
    uplinks: { [dvs.id]: uplink },
  });
  return { desired, dvs, uplink, access, trunk, ports };
}
/** A threshold for every kind that the driver can enforce. */
export function allSupported(
  rig: DriverRig,
  threshold: { unit: 'kbps' | 'pps'; rate: number },
): BroadcastSuppression {
  const kinds = rig.description.capabilities.suppressionKinds;
  return aSuppression(Object.fromEntries(kinds.map((kind) => [kind, threshold])));
}
