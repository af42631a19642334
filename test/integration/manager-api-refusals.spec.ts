/** Bad input gets a clear error and changes nothing: every case ends with the revision it began with. */
import { randomUUID } from 'node:crypto';
import { ManagerRig, type Named, type Problem, RefusalCheck, aName, aPlace, some } from './manager-api-rig';

const NOBODY = '00000000-0000-4000-8000-000000000000';

let rig: ManagerRig;
let place: Awaited<ReturnType<typeof aPlace>>;
const refusal = new RefusalCheck(() => rig);

beforeAll(async () => {
  rig = await ManagerRig.start();
  place = await aPlace(rig);
}, 60_000);
afterAll(() => rig?.stop());
beforeEach(() => refusal.begin());

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
    await refusal.expect(answer, 400, 'validation-failed');
    expect(answer.body.instance).toBe(`/api/v1${path}`);
    expect(answer.body.errors).toContainEqual({ in: 'body', field, reason: some.matching(reason) });
  });

  it('are all named at once', async () => {
    const answer = await rig.send<Problem>('POST', '/switches', { mtuBytes: 1, mode: 'x', extra: true });
    await refusal.expect(answer, 400, 'validation-failed');
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
      await refusal.expect(answer, 400, 'validation-failed');
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
    await refusal.begin();
    const group = (settings: object) =>
      rig.send<Problem>('POST', '/port-groups', { switchId: dvs.id, name: aName('g'), ...settings });
    for (const [settings, field] of [
      [{ vlanId: 200 }, '/vlanId'],
      [{ type: 'trunk', trunkVlans: '100-200' }, '/trunkVlans'],
      [{ type: 'trunk', trunkVlans: '100-150', nativeVlanId: 4 }, '/nativeVlanId'],
    ] as const) {
      const answer = await group(settings);
      await refusal.expect(answer, 422, 'invalid-reference');
      expect(answer.body.errors).toMatchObject([{ field, reason: some.containing('100-199,300') }]);
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
    await refusal.expect(answer, 409, 'in-use');
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
    await refusal.expect(answer, 422, 'invalid-reference');
    expect(answer.body.errors).toMatchObject([{ field, reason: some.matching(reason) }]);
  });

  it('a port, or an uplink group, on a host that is not in the switch', async () => {
    const host = await rig.ok<Named>('POST', '/hosts', { name: aName('h') });
    await refusal.begin();
    const port = await rig.send<Problem>('POST', '/ports', {
      portGroupId: place.group.id,
      hostId: host.id,
      name: 'p',
    });
    await refusal.expect(port, 422, 'invalid-reference');
    expect(port.body.errors).toMatchObject([{ field: '/hostId', reason: some.containing(host.name) }]);
    const uplink = { name: 'u', hostId: host.id, switchId: place.dvs.id, members: [{ kernelName: 'eth1' }] };
    await refusal.expect(await rig.send<Problem>('POST', '/uplink-groups', uplink), 422, 'invalid-reference');
  });

  it('a port that would change its switch', async () => {
    const other = await aPlace(rig);
    const port = await rig.ok<Named>('POST', '/ports', { ...place.port, name: aName('p') });
    await refusal.begin();
    const answer = await rig.send<Problem>(
      'PATCH',
      `/ports/${port.id}`,
      { portGroupId: other.group.id },
      { 'if-match': '*' },
    );
    await refusal.expect(answer, 422, 'invalid-reference');
  });
});

describe('what is taken', () => {
  it('names: of switches and hosts everywhere, of port groups and ports in their switch', async () => {
    const { dvs, host, group, port } = place;
    const taken = aName('p');
    await rig.ok('POST', '/ports', { ...port, name: taken, macAddress: '0a:00:00:00:00:77' });
    await refusal.begin();
    for (const [path, body, field] of [
      ['/switches', { name: dvs.name }, '/name'],
      ['/hosts', { name: host.name }, '/name'],
      ['/hosts', { id: host.id, name: aName('h') }, '/id'],
      ['/port-groups', { switchId: dvs.id, name: group.name }, '/name'],
      ['/ports', { ...port, name: taken }, '/name'],
      ['/ports', { ...port, name: aName('p'), macAddress: '0A:00:00:00:00:77' }, '/macAddress'],
    ] as const) {
      const answer = await rig.send<Problem>('POST', path, body);
      await refusal.expect(answer, 409, 'conflict');
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
    await refusal.begin();
    const refused = await uplink(second.id, 'eth3', 'eth2');
    await refusal.expect(refused, 409, 'conflict');
    expect(refused.body.errors).toMatchObject([
      { field: '/members/1', reason: some.containing(`switch ${dvs.name}`) },
    ]);
    await refusal.expect(await uplink(dvs.id, 'eth4'), 409, 'conflict'); // one group for a switch on a host
    const free = await uplink(second.id, 'eth3');
    await refusal.begin();
    const path = `/uplink-groups/${free.body.id}`;
    await refusal.expect(
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
    await refusal.begin();
    const remove = (path: string) => rig.send<Problem>('DELETE', path);
    const ofGroup = await remove(`/port-groups/${group.id}`);
    await refusal.expect(ofGroup, 409, 'in-use');
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
      await refusal.expect(answer, 409, 'in-use');
      expect(answer.body.usedBy?.map(({ kind }) => kind)).toEqual(kinds);
    }
  });

  it('keeps what its users were built on: mode, engine, socket folder', async () => {
    const { dvs, host, port } = place;
    await rig.ok('POST', '/ports', { ...port, name: aName('p') });
    await refusal.begin();
    const patch = (path: string, body: object) => rig.send<Problem>('PATCH', path, body, { 'if-match': '*' });
    await refusal.expect(await patch(`/switches/${dvs.id}`, { mode: 'common' }), 409, 'in-use');
    await refusal.expect(await patch(`/hosts/${host.id}`, { engine: 'sim' }), 409, 'in-use');
    await refusal.expect(await patch(`/hosts/${host.id}`, { vhostSocketDir: '/elsewhere' }), 409, 'in-use');
  });
});
