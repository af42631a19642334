/** The tables and columns of Open vSwitch's database that the driver uses: ovs-vswitchd.conf.db(5). */
import { column, defineDatabase, type Row } from '@opendvs/ovsdb';

export const OVS_DATABASE = defineDatabase('Open_vSwitch', {
  Open_vSwitch: {
    bridges: column.set('uuid'),
    /** Somebody asks vswitchd to take a change over by raising `next_cfg`; it answers by `cur_cfg`. */
    next_cfg: column.scalar('integer'),
    cur_cfg: column.scalar('integer'),
    ovs_version: column.optional('string'),
    dpdk_version: column.optional('string'),
    dpdk_initialized: column.scalar('boolean'),
  },
  Bridge: {
    name: column.scalar('string'),
    ports: column.set('uuid'),
    datapath_type: column.scalar('string'),
    fail_mode: column.optional('string'),
    protocols: column.set('string'),
    other_config: column.map('string', 'string'),
    external_ids: column.map('string', 'string'),
    datapath_id: column.optional('string'),
  },
  Port: {
    name: column.scalar('string'),
    interfaces: column.set('uuid'),
    vlan_mode: column.optional('string'),
    tag: column.optional('integer'),
    trunks: column.set('integer'),
    bond_mode: column.optional('string'),
    lacp: column.optional('string'),
    other_config: column.map('string', 'string'),
    external_ids: column.map('string', 'string'),
  },
  Interface: {
    name: column.scalar('string'),
    type: column.scalar('string'),
    options: column.map('string', 'string'),
    mtu_request: column.optional('integer'),
    ofport_request: column.optional('integer'),
    external_ids: column.map('string', 'string'),
    /** Written by vswitchd: the port's number, -1 when it could not be made. */
    ofport: column.optional('integer'),
    error: column.optional('string'),
    /** In use; less than asked for where the NIC can't do more. */
    mtu: column.optional('integer'),
    /** Of a vhost-user port: `status` is `connected` or `disconnected`. */
    status: column.map('string', 'string'),
  },
});

export type OvsTables = (typeof OVS_DATABASE)['tables'];
export type BridgeRow = Row<OvsTables['Bridge']>;
export type PortRow = Row<OvsTables['Port']>;
export type InterfaceRow = Row<OvsTables['Interface']>;
