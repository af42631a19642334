import fc from 'fast-check';
import { desiredKeys, type DesiredEntry } from '@opendvs/contracts';
import { anId, aPort, aPortGroup, aSwitch } from '@opendvs/testing';
import { ENTRY_BYTES_MAX, readDesiredEntry } from './desired-entry';

const hostId = anId();
const dvs = aSwitch();
const port = aPort(aPortGroup(dvs), { hostId });
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const portEntry = (changes: object = {}): DesiredEntry => ({
  kind: 'port',
  revision: 1,
  object: { ...port, ...changes },
});

describe('an entry of the desired-state bucket', () => {
  it('is read when key, schema and host fit', () => {
    const reading = readDesiredEntry(hostId, desiredKeys.port(hostId, port.id), bytes(portEntry()));
    expect(reading).toEqual({ ok: true, entry: portEntry() });
  });

  it('is read as a tombstone when its object is null', () => {
    const tombstone = { kind: 'switch', revision: 9, object: null };
    const reading = readDesiredEntry(hostId, desiredKeys.switch(dvs.id), bytes(tombstone));
    expect(reading).toEqual({ ok: true, entry: tombstone });
  });

  const ownKey = desiredKeys.port(hostId, port.id);
  it.each<[string, string, Uint8Array, RegExp]>([
    ['no JSON', ownKey, new TextEncoder().encode('{'), /not JSON in UTF-8 \(syntax error\)/],
    ['malformed UTF-8', ownKey, Uint8Array.from([0x22, 0xff, 0x22]), /not JSON in UTF-8 \(malformed UTF-8\)/],
    ['an empty value', ownKey, new Uint8Array(), /not JSON/],
    ['a VLAN as port number', ownKey, bytes(portEntry({ number: 0 })), /object\.number: /],
    ['NaN, which JSON makes null', ownKey, bytes(portEntry({ number: NaN })), /object\.number: /],
    ['an unknown kind', ownKey, bytes({ kind: 'router', revision: 1, object: null }), /kind: /],
    ['another host', ownKey, bytes(portEntry({ hostId: anId() })), /the port is of another host/],
    ['another id', desiredKeys.port(hostId, anId()), bytes(portEntry()), /doesn't belong under this key/],
    [
      'another kind',
      desiredKeys.switch(port.id),
      bytes(portEntry()),
      /kind port doesn't belong under this key/,
    ],
    [
      'a key of no known form',
      `host.${hostId}.port.${port.id}.x`,
      bytes(portEntry()),
      /doesn't belong under/,
    ],
    [
      'an object newer than its entry',
      ownKey,
      bytes(portEntry({ revision: 2 })),
      /later revision than its entry/,
    ],
    [
      'too many bytes',
      ownKey,
      new Uint8Array(ENTRY_BYTES_MAX + 1).fill(0x20),
      /262145 bytes, more than 262144/,
    ],
  ])('is refused with %s', (_what, key, value, reason) => {
    expect(readDesiredEntry(hostId, key, value)).toEqual({
      ok: false,
      reason: expect.stringMatching(reason) as string,
    });
  });

  it('is refused, never thrown at, however deep or odd its JSON', () => {
    const deep = new TextEncoder().encode('['.repeat(100_000) + ']'.repeat(100_000));
    expect(readDesiredEntry(hostId, ownKey, deep).ok).toBe(false);
    fc.assert(
      fc.property(
        fc.string(),
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((json) => new TextEncoder().encode(json)),
        ),
        (key, value) => {
          expect(readDesiredEntry(hostId, key, value).ok).toBe(false);
        },
      ),
    );
  });

  it('is refused without quoting its payload', () => {
    const reading = readDesiredEntry(hostId, ownKey, bytes({ ...portEntry({ name: 7 }), secret: 's3cret' }));
    expect(JSON.stringify(reading)).not.toContain('s3cret');
  });
});
