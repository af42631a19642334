import { TokenEntity } from '../auth/token.entity';
import { ChangeEntity, OutboxEntity } from '../changes/change.entity';
import { HostEntity } from '../hosts/host.entity';
import { PortGroupEntity } from '../port-groups/port-group.entity';
import { PortEntity } from '../ports/port.entity';
import { MembershipEntity, SwitchEntity } from '../switches/switch.entity';
import { UplinkGroupEntity } from '../uplink-groups/uplink-group.entity';

/** Every table that is mapped to objects; features whose tables are written by plain SQL only don't appear. */
export const entities = [
  SwitchEntity,
  MembershipEntity,
  HostEntity,
  UplinkGroupEntity,
  PortGroupEntity,
  PortEntity,
  ChangeEntity,
  OutboxEntity,
  TokenEntity,
];
