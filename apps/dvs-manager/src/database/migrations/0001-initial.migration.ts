import { Migration } from '@mikro-orm/migrations';

/**
 * The first schema. Constraint names are part of the code's contract: src/database/constraint-problems.ts turns each into what
 * the API answers, so that a race that slips past a check ends in the same problem document as the check.
 *
 * `switch_id` on ports and the composite keys make "a port's group, host and switch belong together" the database's business.
 */
export class Migration0001Initial extends Migration {
  override up(): void {
    for (const statement of [...STORE, ...INVENTORY, ...SWITCHING, ...PORTS, ...RECORDS])
      this.addSql(statement);
  }
}

/** One row: whose database this is, and the counter that every revision comes from. */
const STORE = [
  `create table store (
     singleton boolean not null default true constraint store_pk primary key constraint store_one_row check (singleton),
     store_id uuid not null default gen_random_uuid(),
     revision bigint not null default 0)`,
  `insert into store default values`,
];

const OBJECT_COLUMNS = `
     id uuid not null,
     version integer not null default 1,
     revision bigint not null default 0,
     name text not null,
     created_at timestamptz not null,
     updated_at timestamptz not null`;

const INVENTORY = [
  `create table hosts (${OBJECT_COLUMNS},
     engine text not null,
     vhost_socket_dir text not null,
     constraint hosts_pk primary key (id),
     constraint hosts_name_unique unique (name))`,
  `create index hosts_created on hosts (created_at, id)`,
  `create table port_numbers (
     host_id uuid not null constraint port_numbers_pk primary key
       constraint port_numbers_host_fk references hosts (id) on delete cascade,
     last_number integer not null default 0,
     wrapped boolean not null default false)`,
];

const SWITCHING = [
  `create table switches (${OBJECT_COLUMNS},
     description text not null,
     mode text not null,
     mtu_bytes integer not null,
     vlan_pools jsonb,
     constraint switches_pk primary key (id),
     constraint switches_name_unique unique (name))`,
  `create index switches_created on switches (created_at, id)`,
  `create table memberships (
     switch_id uuid not null constraint memberships_switch_fk references switches (id),
     host_id uuid not null constraint memberships_host_fk references hosts (id),
     revision bigint not null default 0,
     created_at timestamptz not null,
     constraint memberships_pk primary key (switch_id, host_id))`,
  `create index memberships_host on memberships (host_id)`,
  `create table uplink_groups (${OBJECT_COLUMNS},
     host_id uuid not null,
     switch_id uuid not null,
     members jsonb not null,
     bond_mode text not null,
     primary_member text,
     lacp jsonb,
     constraint uplink_groups_pk primary key (id),
     constraint uplink_groups_membership_fk foreign key (switch_id, host_id) references memberships (switch_id, host_id),
     constraint uplink_groups_one_per_switch unique (host_id, switch_id),
     constraint uplink_groups_name_unique unique (host_id, name))`,
  `create index uplink_groups_created on uplink_groups (created_at, id)`,
  `create table port_groups (${OBJECT_COLUMNS},
     switch_id uuid not null constraint port_groups_switch_fk references switches (id),
     description text not null,
     vlan jsonb not null,
     admin_status text not null,
     broadcast_suppression jsonb not null,
     constraint port_groups_pk primary key (id),
     constraint port_groups_switch_key unique (id, switch_id),
     constraint port_groups_name_unique unique (switch_id, name))`,
  `create index port_groups_created on port_groups (created_at, id)`,
];

const PORTS = [
  `create table ports (${OBJECT_COLUMNS},
     switch_id uuid not null,
     port_group_id uuid not null,
     host_id uuid not null,
     number integer not null,
     mac_address text not null,
     queues integer not null,
     ring_size integer not null,
     vm_id text,
     vm_name text,
     constraint ports_pk primary key (id),
     constraint ports_port_group_fk foreign key (port_group_id, switch_id) references port_groups (id, switch_id),
     constraint ports_membership_fk foreign key (switch_id, host_id) references memberships (switch_id, host_id),
     constraint ports_name_unique unique (switch_id, name),
     constraint ports_mac_unique unique (switch_id, mac_address),
     constraint ports_number_unique unique (host_id, number))`,
  `create index ports_created on ports (created_at, id)`,
  `create index ports_port_group on ports (port_group_id)`,
];

const RECORDS = [
  `create table changes (
     revision bigint not null constraint changes_pk primary key,
     at timestamptz not null,
     actor text not null,
     action text not null,
     kind text not null,
     object_id uuid not null,
     object_name text not null,
     before jsonb,
     after jsonb)`,
  `create index changes_object on changes (object_id, revision)`,
  `create table outbox (
     revision bigint not null constraint outbox_pk primary key,
     key text not null,
     entry jsonb not null)`,
  `create table tokens (
     id uuid not null constraint tokens_pk primary key,
     name text not null,
     secret_hash bytea not null,
     created_at timestamptz not null,
     created_by text not null,
     constraint tokens_name_unique unique (name))`,
  `create table idempotency_keys (
     actor text not null,
     key text not null,
     request_hash text not null,
     answer jsonb not null,
     created_at timestamptz not null,
     constraint idempotency_keys_pk primary key (actor, key))`,
  `create index idempotency_keys_created on idempotency_keys (created_at)`,
];
