/** Bad input gets a clear error and changes nothing: every case ends with the revision it began with. */
import { randomUUID } from 'node:crypto';
import { ManagerRig, type Named, type Problem, aName, aPlace } from './manager-api-rig';

const NOBODY = '00000000-0000-4000-8000-000000000000';

let rig: ManagerRig;
let place: Awaited<ReturnType<typeof aPlace>>;
let revisionBefore: number;

beforeAll(async () => {
  rig = await ManagerRig.start();
  place = await aPlace(rig);
}, 60_000);
afterAll(() => rig?.stop());
beforeEach(async () => {
  revisionBefore = await rig.revision();
});

async function expectNothingChanged(): Promise<void> {
  expect(await rig.revision()).toBe(revisionBefore);
}

/** Problem documents have a type, a title, the status and a detail, and name the path. */
async function expectRefusal(
  answer: { status: number; headers: object; body: Problem },
  status: number,
  slug: string,
): Promise<void> {
  expect(answer).toMatchObject({
    status,
    headers: { 'content-type': expect.stringContaining('application/problem+json') },
    body: {
      type: `https://opendvs.dev/problems/${slug}`,
      title: expect.any(String),
      status,
      detail: expect.any(String),
    },
  });
  expect(answer.body.detail.length).toBeGreaterThan(10);
  await expectNothingChanged();
}

describe('fields', () => {
  it.each<[string, string, object, string, RegExp]>([
    ['VLAN 4095', '/port-groups', { vlanId: 4095 }, '/vlanId', /0 to 4094; got 4095/],
    ['a VLAN in text', '/port-groups', { vlanId: '100' }, '/vlanId', /integer .* got "100"/],
    ['a broken VLAN', '/port-groups', { vlanId: 1.5 }, '/vlanId', /integer/],
    [
      'trunk "5-2"',
      '/port-groups',
      { type: 'trunk', trunkVlans: '5-2' },
      '/trunkVlans',
      /backwards; write "2-5"/,
    ],
    ['trunk "0-5"', '/port-groups', { type: 'trunk', trunkVlans: '0-5' }, '/trunkVlans', /outside 1..4094/],
    ['trunk "a"', '/port-groups', { type: 'trunk', trunkVlans: 'a' }, '/trunkVlans', /not a VLAN or a range/],
    ['a trunk without VLANs', '/port-groups', { type: 'trunk' }, '/trunkVlans', /needed for type trunk/],
    [
      'a trunk with an access VLAN',
      '/port-groups',
      { type: 'trunk', trunkVlans: '1-5', vlanId: 3 },
      '/vlanId',
      /type access/,
    ],
    [
      'an access group with a native VLAN',
      '/port-groups',
      { vlanId: 3, nativeVlanId: 5 },
      '/nativeVlanId',
      /type trunk/,
    ],
    [
      'native VLAN 0',
      '/port-groups',
      { type: 'trunk', trunkVlans: '1-5', nativeVlanId: 0 },
      '/nativeVlanId',
      /1 to 4094/,
    ],
    [
      'threshold -1',
      '/port-groups',
      { broadcastSuppression: { arpBroadcast: { rateKbps: -1 } } },
      '/broadcastSuppression/arpBroadcast/rateKbps',
      /got -1/,
    ],
    [
      'threshold 0',
      '/port-groups',
      { broadcastSuppression: { arpBroadcast: { ratePps: 0 } } },
      '/broadcastSuppression/arpBroadcast/ratePps',
      /got 0/,
    ],
    [
      'threshold 10^12',
      '/port-groups',
      { broadcastSuppression: { multicast: { ratePps: 1e12 } } },
      '/broadcastSuppression/multicast/ratePps',
      /got 1000000000000/,
    ],
    [
      'a threshold in two units',
      '/port-groups',
      { broadcastSuppression: { multicast: { ratePps: 1, rateKbps: 1 } } },
      '/broadcastSuppression/multicast',
      /either rateKbps or ratePps/,
    ],
    [
      'a threshold in no unit',
      '/port-groups',
      { broadcastSuppression: { multicast: {} } },
      '/broadcastSuppression/multicast',
      /either/,
    ],
    [
      'a threshold as a number',
      '/port-groups',
      { broadcastSuppression: { multicast: 5 } },
      '/broadcastSuppression/multicast',
      /must be an object/,
    ],
    [
      'an unknown kind of traffic',
      '/port-groups',
      { broadcastSuppression: { anycast: { ratePps: 1 } } },
      '/broadcastSuppression/anycast',
      /not a field/,
    ],
    ['MTU 100', '/switches', { mtuBytes: 100 }, '/mtuBytes', /1280 to 9702 \(bytes\); got 100/],
    ['MTU 9703', '/switches', { mtuBytes: 9703 }, '/mtuBytes', /got 9703/],
    ['an unknown mode', '/switches', { mode: 'magic' }, '/mode', /user-mode, sriov-passthrough, common/],
    ['VLAN pools that run backwards', '/switches', { vlanPools: '300-200' }, '/vlanPools', /backwards/],
    ['an empty name', '/switches', { name: '' }, '/name', /1 to 256 characters/],
    ['a name of 257 characters', '/switches', { name: 'x'.repeat(257) }, '/name', /got 257/],
    ['a name with a space at its end', '/switches', { name: 'a ' }, '/name', /white space/],
    ['a name with NUL', '/switches', { name: 'a\u0000b' }, '/name', /control characters/],
    ['a name with half a character', '/switches', { name: 'a\ud800' }, '/name', /surrogates/],
    ['a name that is a number', '/switches', { name: 5 }, '/name', /must be text; got 5/],
    [
      'a description of 1025 characters',
      '/switches',
      { description: 'x'.repeat(1025) },
      '/description',
      /1024/,
    ],
    ['an unknown field', '/switches', { colour: 'red' }, '/colour', /not a field that can be set/],
    ['a read-only field', '/switches', { revision: 3 }, '/revision', /not a field that can be set/],
    [
      'a socket path over 107 bytes',
      '/hosts',
      { vhostSocketDir: `/${'d'.repeat(87)}` },
      '/vhostSocketDir',
      /108 bytes.* at most 107/,
    ],
    ['a relative socket folder', '/hosts', { vhostSocketDir: 'run/vhost' }, '/vhostSocketDir', /absolute/],
    ['a socket folder that climbs', '/hosts', { vhostSocketDir: '/run/../etc' }, '/vhostSocketDir', /".."/],
    ['an unknown engine', '/hosts', { engine: 'vpp' }, '/engine', /ovs-dpdk, sim/],
    ['9 queues', '/ports', { queues: 9 }, '/queues', /1 to 8/],
    ['ring size 300', '/ports', { ringSize: 300 }, '/ringSize', /256, 512/],
    ['a multicast MAC address', '/ports', { macAddress: '01:00:5e:00:00:01' }, '/macAddress', /unicast/],
    ['half a MAC address', '/ports', { macAddress: '0a:00' }, '/macAddress', /such as/],
    ['an id that is none', '/ports', { portGroupId: '../etc' }, '/portGroupId', /UUID/],
    [
      'a NIC with a slash',
      '/uplink-groups',
      { members: [{ kernelName: '../eth1' }] },
      '/members/0/kernelName',
      /kernel interface name/,
    ],
    [
      'a NIC that looks like an option',
      '/uplink-groups',
      { members: [{ kernelName: '-eth1' }] },
      '/members/0/kernelName',
      /kernel/,
    ],
    [
      'a NIC with two names',
      '/uplink-groups',
      { members: [{ kernelName: 'eth1', pciAddress: '0000:3b:00.0' }] },
      '/members/0',
      /either/,
    ],
    [
      'a NIC twice in a group',
      '/uplink-groups',
      { members: [{ kernelName: 'eth1' }, { kernelName: 'eth1' }] },
      '/members/1',
      /twice/,
    ],
    ['no NIC', '/uplink-groups', { members: [] }, '/members', /1 to 8 items/],
    [
      'a primary that is no member',
      '/uplink-groups',
      { primary: 'eth9' },
      '/primary',
      /one of the members: eth1/,
    ],
    ['LACP settings without LACP', '/uplink-groups', { lacp: {} }, '/lacp', /bondMode lacp/],
    [
      'an unknown bond mode',
      '/uplink-groups',
      { bondMode: 'xor' },
      '/bondMode',
      /active-backup, balance-slb, lacp/,
    ],
  ])('%s', async (_, path, wrong, field, reason) => {
    const { dvs, host, group } = place;
    const right: Record<string, object> = {
      '/switches': { name: aName('s') },
      '/hosts': { name: aName('h') },
      '/port-groups': { switchId: dvs.id, name: aName('g') },
      '/ports': { portGroupId: group.id, hostId: host.id, name: aName('p') },
      '/uplink-groups': {
        name: aName('u'),
        hostId: host.id,
        switchId: dvs.id,
        members: [{ kernelName: 'eth1' }],
      },
    };
    const answer = await rig.send<Problem>('POST', path, { ...right[path], ...wrong });
    await expectRefusal(answer, 400, 'validation-failed');
    expect(answer.body.instance).toBe(`/api/v1${path}`);
    expect(answer.body.errors).toContainEqual({ in: 'body', field, reason: expect.stringMatching(reason) });
  });

  it('are all named at once', async () => {
    const answer = await rig.send<Problem>('POST', '/switches', { mtuBytes: 1, mode: 'x', extra: true });
    await expectRefusal(answer, 400, 'validation-failed');
    expect(answer.body.errors?.map(({ field }) => field).sort()).toEqual([
      '/extra',
      '/mode',
      '/mtuBytes',
      '/name',
    ]);
  });

  it('that are unknown, fixed or wrong are refused in a patch too', async () => {
    const { group, host, dvs } = place;
    const patch = (path: string, body: unknown) =>
      rig.send<Problem>('PATCH', path, body, { 'if-match': '*' });
    const refused = async (path: string, body: unknown, field: string) => {
      const answer = await patch(path, body);
      await expectRefusal(answer, 400, 'validation-failed');
      expect(answer.body.errors).toMatchObject([{ field }]);
    };
    await refused(`/port-groups/${group.id}`, { colour: null }, '/colour');
    await refused(`/port-groups/${group.id}`, { switchId: NOBODY }, '/switchId');
    await refused(`/port-groups/${group.id}`, { name: null }, '/name');
    await refused(`/port-groups/${group.id}`, { vlanId: 4095 }, '/vlanId');
    await refused(`/port-groups/${group.id}`, { broadcastSuppression: { x: 1 } }, '/broadcastSuppression/x');
    await refused(`/hosts/${host.id}`, { status: {} }, '/status');
    await refused(`/hosts/${host.id}`, { id: randomUUID() }, '/id');
    for (const body of [[], 'text', 5, null]) await refused(`/switches/${dvs.id}`, JSON.stringify(body), '');
  });
});

describe('references', () => {
  it('a port group on a VLAN outside the pools of its switch', async () => {
    const dvs = await rig.ok<Named>('POST', '/switches', { name: aName('s'), vlanPools: '100-199,300' });
    revisionBefore = await rig.revision();
    const group = (settings: object) =>
      rig.send<Problem>('POST', '/port-groups', { switchId: dvs.id, name: aName('g'), ...settings });
    for (const [settings, field] of [
      [{ vlanId: 200 }, '/vlanId'],
      [{ type: 'trunk', trunkVlans: '100-200' }, '/trunkVlans'],
      [{ type: 'trunk', trunkVlans: '100-150', nativeVlanId: 4 }, '/nativeVlanId'],
    ] as const) {
      const answer = await group(settings);
      await expectRefusal(answer, 422, 'invalid-reference');
      expect(answer.body.errors).toMatchObject([{ field, reason: expect.stringContaining('100-199,300') }]);
    }
    for (const settings of [
      { vlanId: 300 },
      { vlanId: 0 },
      { type: 'trunk', trunkVlans: '100-150,300', nativeVlanId: 160 },
    ]) {
      expect(await group(settings)).toMatchObject({ status: 201 });
    }
  });

  it('VLAN pools that leave a port group outside, which is named', async () => {
    const answer = await rig.send<Problem>(
      'PATCH',
      `/switches/${place.dvs.id}`,
      { vlanPools: '200-300' },
      { 'if-match': '*' },
    );
    await expectRefusal(answer, 409, 'in-use');
    expect(answer.body.usedBy).toMatchObject([
      { kind: 'port-group', count: 1, items: [{ id: place.group.id }] },
    ]);
  });

  it.each([
    ['a port in an unknown group', '/ports', { portGroupId: NOBODY }, '/portGroupId', /no port group/],
    ['a port on an unknown host', '/ports', { hostId: NOBODY }, '/hostId', /no host/],
    ['a port group of an unknown switch', '/port-groups', { switchId: NOBODY }, '/switchId', /no switch/],
    ['an uplink group of an unknown host', '/uplink-groups', { hostId: NOBODY }, '/hostId', /no host/],
    [
      'an uplink group of an unknown switch',
      '/uplink-groups',
      { switchId: NOBODY },
      '/switchId',
      /no switch/,
    ],
  ])('%s', async (_, path, wrong, field, reason) => {
    const { dvs, host, group } = place;
    const right = {
      '/ports': { portGroupId: group.id, hostId: host.id, name: aName('p') },
      '/port-groups': { switchId: dvs.id, name: aName('g') },
      '/uplink-groups': {
        name: aName('u'),
        hostId: host.id,
        switchId: dvs.id,
        members: [{ kernelName: 'eth1' }],
      },
    }[path];
    const answer = await rig.send<Problem>('POST', path, { ...right, ...wrong });
    await expectRefusal(answer, 422, 'invalid-reference');
    expect(answer.body.errors).toMatchObject([{ field, reason: expect.stringMatching(reason) }]);
  });

  it('a port, or an uplink group, on a host that is not in the switch', async () => {
    const host = await rig.ok<Named>('POST', '/hosts', { name: aName('h') });
    revisionBefore = await rig.revision();
    const port = await rig.send<Problem>('POST', '/ports', {
      portGroupId: place.group.id,
      hostId: host.id,
      name: 'p',
    });
    await expectRefusal(port, 422, 'invalid-reference');
    expect(port.body.errors).toMatchObject([
      { field: '/hostId', reason: expect.stringContaining(host.name) },
    ]);
    const uplink = { name: 'u', hostId: host.id, switchId: place.dvs.id, members: [{ kernelName: 'eth1' }] };
    await expectRefusal(await rig.send<Problem>('POST', '/uplink-groups', uplink), 422, 'invalid-reference');
  });

  it('a port that would change its switch', async () => {
    const other = await aPlace(rig);
    const port = await rig.ok<Named>('POST', '/ports', { ...place.port, name: aName('p') });
    revisionBefore = await rig.revision();
    const answer = await rig.send<Problem>(
      'PATCH',
      `/ports/${port.id}`,
      { portGroupId: other.group.id },
      { 'if-match': '*' },
    );
    await expectRefusal(answer, 422, 'invalid-reference');
  });
});

describe('what is taken', () => {
  it('names: of switches and hosts everywhere, of port groups and ports in their switch', async () => {
    const { dvs, host, group, port } = place;
    const taken = aName('p');
    await rig.ok('POST', '/ports', { ...port, name: taken, macAddress: '0a:00:00:00:00:77' });
    revisionBefore = await rig.revision();
    for (const [path, body, field] of [
      ['/switches', { name: dvs.name }, '/name'],
      ['/hosts', { name: host.name }, '/name'],
      ['/port-groups', { switchId: dvs.id, name: group.name }, '/name'],
      ['/ports', { ...port, name: taken }, '/name'],
      ['/ports', { ...port, name: aName('p'), macAddress: '0A:00:00:00:00:77' }, '/macAddress'],
    ] as const) {
      const answer = await rig.send<Problem>('POST', path, body);
      await expectRefusal(answer, 409, 'conflict');
      expect(answer.body.errors).toMatchObject([{ field }]);
    }
    const other = await aPlace(rig);
    expect(
      await rig.send('POST', '/ports', { ...other.port, name: taken, macAddress: '0a:00:00:00:00:77' }),
    ).toMatchObject({ status: 201 });
  });

  it('a NIC that another switch uses on that host, naming the switch', async () => {
    const { host, dvs } = place;
    const second = await rig.ok<Named>('POST', '/switches', { name: aName('s') });
    await rig.ok('PUT', `/switches/${second.id}/hosts/${host.id}`);
    const uplink = (switchId: string, ...nics: string[]) =>
      rig.send<Problem & Named>('POST', '/uplink-groups', {
        name: aName('u'),
        hostId: host.id,
        switchId,
        members: nics.map((kernelName) => ({ kernelName })),
      });
    expect(await uplink(dvs.id, 'eth1', 'eth2')).toMatchObject({ status: 201 });
    revisionBefore = await rig.revision();
    const refused = await uplink(second.id, 'eth3', 'eth2');
    await expectRefusal(refused, 409, 'conflict');
    expect(refused.body.errors).toMatchObject([
      { field: '/members/1', reason: expect.stringContaining(`switch ${dvs.name}`) },
    ]);
    await expectRefusal(await uplink(dvs.id, 'eth4'), 409, 'conflict'); // one group for a switch on a host
    const free = await uplink(second.id, 'eth3');
    revisionBefore = await rig.revision();
    const path = `/uplink-groups/${free.body.id}`;
    await expectRefusal(
      await rig.send<Problem>('PATCH', path, { members: [{ kernelName: 'eth1' }] }, { 'if-match': '*' }),
      409,
      'conflict',
    );
  });
});

describe('what is in use', () => {
  it('can not be deleted, and who uses it is told', async () => {
    const { dvs, host, group, port } = await aPlace(rig);
    const create = Array.from({ length: 25 }, (_, i) => ({
      ...port,
      name: `p${String(i).padStart(2, '0')}`,
    }));
    await rig.ok('POST', '/ports/bulk', { create });
    revisionBefore = await rig.revision();
    const remove = (path: string) => rig.send<Problem>('DELETE', path);
    const ofGroup = await remove(`/port-groups/${group.id}`);
    await expectRefusal(ofGroup, 409, 'in-use');
    expect(ofGroup.body.usedBy).toMatchObject([{ kind: 'port', count: 25 }]);
    expect(ofGroup.body.usedBy?.[0]?.items.map(({ name }) => name)).toEqual(
      create.slice(0, 20).map(({ name }) => name),
    );
    for (const [path, kinds] of [
      [`/switches/${dvs.id}`, ['port-group', 'host']],
      [`/hosts/${host.id}`, ['port', 'switch']],
      [`/switches/${dvs.id}/hosts/${host.id}`, ['port']],
    ] as const) {
      const answer = await remove(path);
      await expectRefusal(answer, 409, 'in-use');
      expect(answer.body.usedBy?.map(({ kind }) => kind)).toEqual(kinds);
    }
  });

  it('keeps what its users were built on: mode, engine, socket folder', async () => {
    const { dvs, host, port } = place;
    await rig.ok('POST', '/ports', { ...port, name: aName('p') });
    revisionBefore = await rig.revision();
    const patch = (path: string, body: object) => rig.send<Problem>('PATCH', path, body, { 'if-match': '*' });
    await expectRefusal(await patch(`/switches/${dvs.id}`, { mode: 'common' }), 409, 'in-use');
    await expectRefusal(await patch(`/hosts/${host.id}`, { engine: 'sim' }), 409, 'in-use');
    await expectRefusal(await patch(`/hosts/${host.id}`, { vhostSocketDir: '/elsewhere' }), 409, 'in-use');
  });
});

describe('requests', () => {
  const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
    rig.send<Problem>('POST', '/switches', body, headers);

  it.each<[string, string | Buffer]>([
    ['JSON that is cut off', '{"name": "x"'],
    ['NaN', '{"name": "x", "mtuBytes": NaN}'],
    ['malformed UTF-8', Buffer.from([...Buffer.from('{"name": "'), 0xc3, 0x28, ...Buffer.from('"}')])],
    ['UTF-16', Buffer.from('{"name": "x"}', 'utf16le')],
    ['JSON 33 levels deep', `{"name": ${'['.repeat(32)}${']'.repeat(32)}}`],
    ['JSON a million levels deep', '['.repeat(1_000_000)],
    ['a key named __proto__', '{"name": "x", "__proto__": {"polluted": true}}'],
    ['a key that reaches for prototypes', '{"name": "x", "constructor": {"prototype": {}}}'],
  ])('with %s can not be read', async (_, body) => {
    await expectRefusal(await post(body), 400, 'malformed-request');
  });

  it.each(['[]', '"x"', '5', 'null', ''])('with %j where an object belongs', async (body) => {
    await expectRefusal(await post(body), 400, 'validation-failed');
  });

  it('with a body of 50 MB are refused', async () => {
    const body = Buffer.alloc(50_000_000, 0x20);
    await expectRefusal(await post(body), 413, 'payload-too-large');
    await expectRefusal(await rig.send<Problem>('POST', '/ports/bulk', body), 413, 'payload-too-large');
  });

  it('over 1 MiB are for bulk only', async () => {
    const padded = (bytes: number) => `{"name": "x",${' '.repeat(bytes)} "mtuBytes": 1}`;
    await expectRefusal(await post(padded(1_048_576)), 413, 'payload-too-large');
    const bulk = await rig.send<Problem>('POST', '/ports/bulk', `{${' '.repeat(7_000_000)}}`);
    await expectRefusal(bulk, 400, 'validation-failed'); // it was read
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/xml',
    'application/json-patch+json',
  ])('of content type %s are refused', async (type) => {
    const answer = await post('{"name":"x"}', { 'content-type': type });
    await expectRefusal(answer, 415, 'unsupported-media-type');
    expect(answer.body.detail).toContain('application/json');
  });

  it('for paths and methods that are not there', async () => {
    await expectRefusal(await rig.send<Problem>('GET', '/nothing'), 404, 'no-such-route');
    await expectRefusal(await rig.send<Problem>('GET', '//'), 404, 'no-such-route');
    const answer = await rig.send<Problem>('PUT', '/switches', {});
    await expectRefusal(answer, 405, 'method-not-allowed');
    expect(answer.headers.allow).toBe('GET, HEAD, POST');
    await expectRefusal(await rig.send<Problem>('POST', `/ports/${NOBODY}`, {}), 405, 'method-not-allowed');
  });

  it('for objects that are not there', async () => {
    for (const path of ['/switches', '/hosts', '/uplink-groups', '/port-groups', '/ports']) {
      await expectRefusal(await rig.send<Problem>('GET', `${path}/${NOBODY}`), 404, 'not-found');
      await expectRefusal(await rig.send<Problem>('DELETE', `${path}/${NOBODY}`), 404, 'not-found');
      await expectRefusal(
        await rig.send<Problem>('PATCH', `${path}/${NOBODY}`, {}, { 'if-match': '*' }),
        404,
        'not-found',
      );
      const answer = await rig.send<Problem>('GET', `${path}/not-an-id`);
      await expectRefusal(answer, 400, 'validation-failed');
    }
    await expectRefusal(
      await rig.send<Problem>('PUT', `/switches/${NOBODY}/hosts/${place.host.id}`),
      404,
      'not-found',
    );
    await expectRefusal(
      await rig.send<Problem>('PUT', `/switches/${place.dvs.id}/hosts/${NOBODY}`),
      404,
      'not-found',
    );
  });

  it('that would overwrite what they have not seen', async () => {
    const path = `/switches/${place.dvs.id}`;
    const patch = (headers: Record<string, string>) =>
      rig.send<Problem>('PATCH', path, { description: 'x' }, headers);
    await expectRefusal(await patch({}), 428, 'precondition-required');
    const stale = await patch({ 'if-match': '"99"' });
    await expectRefusal(stale, 412, 'precondition-failed');
    expect(stale.headers.etag).toBe('"1"');
    await expectRefusal(await patch({ 'if-match': 'W/"1"' }), 412, 'precondition-failed');
    await expectRefusal(await patch({ 'if-match': '1' }), 400, 'validation-failed');
  });

  it.each([
    ['?wait=yes', 'wait'],
    ['?wait=applied&timeoutMs=60001', 'timeoutMs'],
    ['?wait=applied&timeoutMs=-1', 'timeoutMs'],
    ['?timeoutMs=5', 'timeoutMs'],
    ['?force=true', 'force'],
  ])('with %s', async (query, field) => {
    const answer = await rig.send<Problem>('POST', `/switches${query}`, { name: aName('s') });
    await expectRefusal(answer, 400, 'validation-failed');
    expect(answer.body.errors).toMatchObject([{ in: 'query', field }]);
  });

  it('with an Idempotency-Key that can not be one', async () => {
    const answer = await rig.send<Problem>(
      'POST',
      '/switches',
      { name: aName('s') },
      { 'idempotency-key': 'a b' },
    );
    await expectRefusal(answer, 400, 'validation-failed');
  });
});

describe('tokens', () => {
  const get = (authorization: string | undefined, path = '/switches') =>
    rig.send<Problem>('GET', path, undefined, { authorization });

  it('are needed everywhere but on health and the documentation', async () => {
    for (const path of ['/switches', '/revision', '/nothing', '//metrics', '/changes']) {
      const answer = await get(undefined, path);
      await expectRefusal(answer, 401, 'unauthorized');
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    }
    for (const path of ['//healthz', '//readyz', '/api/docs', '/api/openapi.json']) {
      expect(await get(undefined, path)).toMatchObject({ status: 200 });
    }
  });

  it('that are wrong in any part are refused', async () => {
    const secret = rig.token.slice(38);
    const flipped = rig.token.slice(0, -1) + (rig.token.endsWith('A') ? 'B' : 'A');
    for (const token of [
      flipped,
      `odvs_${NOBODY.replaceAll('-', '')}_${secret}`,
      'x',
      `${rig.token} ${rig.token}`,
    ]) {
      await expectRefusal(await get(`Bearer ${token}`), 401, 'unauthorized');
    }
    await expectRefusal(await get(`Basic ${rig.token}`), 401, 'unauthorized');
    expect(await get(`bearer ${rig.token}`)).toMatchObject({ status: 200 });
  });

  it('are kept as hashes, and shown once', async () => {
    const made = await rig.ok<{ id: string; token: string }>('POST', '/tokens', { name: aName('t') });
    const list = await rig.ok('GET', '/tokens');
    const secret = made.token.slice(38);
    expect(JSON.stringify(list)).not.toContain(secret);
    for (const table of ['tokens', 'changes', 'outbox', 'idempotency_keys']) {
      expect(JSON.stringify(await rig.sql(`select * from ${table}`))).not.toContain(secret);
    }
  });

  it('let nobody in once they are revoked', async () => {
    const made = await rig.ok<{ id: string; token: string }>('POST', '/tokens', { name: aName('t') });
    expect(await get(`Bearer ${made.token}`)).toMatchObject({ status: 200 });
    await rig.ok('DELETE', `/tokens/${made.id}`);
    expect(await get(`Bearer ${made.token}`)).toMatchObject({ status: 401 });
  });

  it('can not be revoked down to the last', async () => {
    const { items } = await rig.ok<{ items: Named[] }>('GET', '/tokens');
    const own = items.find(({ name }) => name === 'administrator')!;
    for (const { id } of items) if (id !== own.id) await rig.ok('DELETE', `/tokens/${id}`);
    revisionBefore = await rig.revision();
    await expectRefusal(await rig.send<Problem>('DELETE', `/tokens/${own.id}`), 409, 'in-use');
  });

  it('that fail too often make their sender wait, while valid ones still get in', async () => {
    const answers = [];
    for (let i = 0; i < 25; i += 1) answers.push(await get(`Bearer wrong-${i}`));
    const last = answers.at(-1)!;
    await expectRefusal(last, 429, 'too-many-requests');
    expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
    expect(await get(`Bearer ${rig.token}`)).toMatchObject({ status: 200 });
  });
});
