/**
 * How rows of the database show that they are ours, and why they exist. Whatever doesn't bear `opendvs:kind` belongs to somebody
 * else and is never changed, whatever its name.
 */
const PREFIX = 'opendvs:';
const KIND = 'opendvs:kind';
const SWITCH_ID = 'opendvs:switch-id';
const PORT_ID = 'opendvs:port-id';
const PORT_GROUP_ID = 'opendvs:port-group-id';
const UPLINK_GROUP_ID = 'opendvs:uplink-group-id';

type Marks = Readonly<Record<string, string>>;
export type MarkedKind = 'bridge' | 'port' | 'uplink';

export const bridgeMarks = (switchId: string): Marks => ({ [KIND]: 'bridge', [SWITCH_ID]: switchId });

export const portMarks = (port: { id: string; switchId: string; portGroupId: string }): Marks => ({
  [KIND]: 'port',
  [PORT_ID]: port.id,
  [SWITCH_ID]: port.switchId,
  [PORT_GROUP_ID]: port.portGroupId,
});

export const uplinkMarks = (switchId: string, uplinkGroupId: string): Marks => ({
  [KIND]: 'uplink',
  [SWITCH_ID]: switchId,
  [UPLINK_GROUP_ID]: uplinkGroupId,
});

/** `null`: not ours. */
export function markedKind(externalIds: ReadonlyMap<string, string>): MarkedKind | null {
  const kind = externalIds.get(KIND);
  return kind === 'bridge' || kind === 'port' || kind === 'uplink' ? kind : null;
}

export const markedSwitchId = (externalIds: ReadonlyMap<string, string>) =>
  externalIds.get(SWITCH_ID) ?? null;
export const markedPortId = (externalIds: ReadonlyMap<string, string>) => externalIds.get(PORT_ID) ?? null;
export const markedUplinkGroupId = (externalIds: ReadonlyMap<string, string>) =>
  externalIds.get(UPLINK_GROUP_ID) ?? null;

/** Keys of `external_ids` that are ours to write and to compare. */
export const isMark = (key: string): boolean => key.startsWith(PREFIX);
