/** The commands that every kind of object has: list, get, create, edit, delete. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { problem } from '../../../../libs/api-client/testing/http-fake';
import { FakeManager } from '../../testing/fake-manager';

let manager: FakeManager;
let dir: string;
beforeEach(async () => {
  manager = await FakeManager.start();
  dir = mkdtempSync(join(tmpdir(), 'dvsctl-'));
});
afterEach(async () => {
  await manager.stop();
  rmSync(dir, { recursive: true, force: true });
});
const lastBody = () => JSON.parse(manager.requests.at(-1)?.body ?? 'null') as unknown;

describe('list', () => {
  it('shows a line for each object, with units in the header', async () => {
    manager.add('switches', { name: 'prod', mtuBytes: 9000, vlanPools: '100-199' });
    manager.add('switches', { name: 'lab' });
    const { code, stdout, stderr } = await manager.dvsctl(['switch', 'list']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^NAME +MODE +MTU \(BYTES\) +VLAN POOLS +ID$/);
    expect(lines[1]).toMatch(/^prod +user-mode +9000 +100-199 +[0-9a-f-]{36}$/);
    expect(lines[2]).toMatch(/^lab +user-mode +1500 +any +[0-9a-f-]{36}$/);
  });

  it('gives programs what the API gives, as JSON or YAML', async () => {
    const prod = manager.add('switches', { name: 'prod' });
    expect(JSON.parse((await manager.dvsctl(['-o', 'json', 'switch', 'list'])).stdout)).toEqual([prod]);
    expect(parse((await manager.dvsctl(['switch', 'list', '-o', 'yaml'])).stdout)).toEqual([prod]);
  });

  it('shows names where the API has ids, and asks for each only once', async () => {
    const prod = manager.add('switches', { name: 'prod' });
    for (const name of ['web', 'db']) manager.add('port-groups', { name, switchId: prod.id });
    const { stdout } = await manager.dvsctl(['port-group', 'list']);
    expect(stdout).toMatch(/^web +prod +access +untagged +up +off +0 /m);
    expect(manager.requests.filter(({ url }) => url === `/api/v1/switches/${prod.id}`)).toHaveLength(1);
  });

  it('stops at the limit and says how many there are, or goes through all pages', async () => {
    for (let i = 0; i < 1205; i += 1) manager.add('switches', { name: `s${i}` });
    const few = await manager.dvsctl(['switch', 'list', '--limit', '7', '-o', 'json']);
    expect(JSON.parse(few.stdout)).toHaveLength(7);
    expect(few.stderr).toBe('7 of 1205 switches; --all shows them all\n');
    const all = await manager.dvsctl(['switch', 'list', '--all', '-o', 'json']);
    expect(JSON.parse(all.stdout)).toHaveLength(1205);
    expect(all.stderr).toBe('');
  });

  it('turns filters into parameters, names into ids', async () => {
    const prod = manager.add('switches', { name: 'prod' });
    await manager.dvsctl([
      'port-group',
      'list',
      '--switch',
      'prod',
      '--vlan',
      '100',
      '--name',
      'we',
      '--sort',
      '-name',
    ]);
    const { searchParams } = new URL(manager.requests.at(-1)?.url ?? '', 'http://x');
    expect(Object.fromEntries(searchParams)).toEqual({
      switchId: prod.id,
      vlanId: '100',
      nameContains: 'we',
      sort: '-name',
      limit: '100',
    });
  });

  it('says that there is nothing on stderr, so that an empty answer stays empty', async () => {
    expect(await manager.dvsctl(['port', 'list'])).toEqual({
      code: 0,
      stdout: '',
      stderr: 'nothing found\n',
    });
    expect((await manager.dvsctl(['port', 'list', '-o', 'json'])).stdout).toBe('[]\n');
  });

  it('never lets a name move the cursor', async () => {
    manager.add('switches', { name: 'evil\u001b[2J\nname' });
    expect((await manager.dvsctl(['switch', 'list'])).stdout).toContain('evil\\u001b[2J\\u000aname');
  });
});

describe('get', () => {
  it('shows one object by name or by id, field by field', async () => {
    const prod = manager.add('switches', { name: 'prod', mtuBytes: 9000 });
    const byName = await manager.dvsctl(['switch', 'get', 'prod']);
    expect(byName.stdout).toMatch(/^MTU \(bytes\) +9000$/m);
    expect((await manager.dvsctl(['switch', 'get', prod.id.toUpperCase()])).stdout).toBe(byName.stdout);
  });

  it('ends with status 3 when there is no such object', async () => {
    expect(await manager.dvsctl(['switch', 'get', 'nope'])).toEqual({
      code: 3,
      stdout: '',
      stderr: 'dvsctl: no switch is called "nope"; "dvsctl switch list" shows what there is\n',
    });
    expect((await manager.dvsctl(['switch', 'get', '00000000-0000-4000-8000-000000000000'])).code).toBe(3);
  });

  it('asks which one is meant when a name is not unique', async () => {
    const [prod, lab] = ['prod', 'lab'].map((name) => manager.add('switches', { name }));
    for (const { id } of [prod!, lab!]) manager.add('port-groups', { name: 'web', switchId: id });
    const { code, stderr } = await manager.dvsctl(['port-group', 'get', 'web']);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /2 port groups are called "web"; say which with --in-switch.*\n.* switch prod\n.* switch lab\n/,
    );
    const scoped = await manager.dvsctl(['port-group', 'get', 'web', '--in-switch', 'lab', '-o', 'json']);
    expect(JSON.parse(scoped.stdout)).toMatchObject({ switchId: lab!.id });
  });
});

describe('create', () => {
  it('makes an object of options, each in its own unit', async () => {
    const prod = manager.add('switches', { name: 'prod' });
    const { code, stdout } = await manager.dvsctl([
      ...[
        'port-group',
        'create',
        'guests',
        '--switch',
        'prod',
        '--vlan',
        '200',
        '--admin',
        'down',
        '--observe-only',
        'yes',
      ],
      ...[
        '--suppress-arp',
        '64kbps',
        '--suppress-ip',
        '1.5Mbps',
        '--suppress-broadcast',
        '1000pps',
        '--suppress-multicast',
        'off',
      ],
    ]);
    expect(code).toBe(0);
    expect(lastBody()).toEqual({
      name: 'guests',
      switchId: prod.id,
      type: 'access',
      vlanId: 200,
      trunkVlans: null,
      nativeVlanId: null,
      adminStatus: 'down',
      broadcastSuppression: {
        arpBroadcast: { rateKbps: 64, ratePps: null },
        ipBroadcast: { rateKbps: 1500, ratePps: null },
        allBroadcast: { rateKbps: null, ratePps: 1000 },
        multicast: null,
        observeOnly: true,
      },
    });
    expect(stdout).toMatch(/^port group guests created, id [0-9a-f-]{36}\n$/);
  });

  it('takes a shown object back from a file or stdin, without the fields that nobody sets', async () => {
    const yaml = (
      await manager.dvsctl([
        'switch',
        'get',
        manager.add('switches', { name: 'prod', mtuBytes: 9000 }).id,
        '-o',
        'yaml',
      ])
    ).stdout;
    writeFileSync(join(dir, 'switch.yaml'), yaml);
    expect(
      (await manager.dvsctl(['switch', 'create', 'copy', '-f', join(dir, 'switch.yaml'), '--mtu', '4000']))
        .code,
    ).toBe(0);
    expect(lastBody()).toEqual({
      name: 'copy',
      mode: 'user-mode',
      mtuBytes: 4000,
      vlanPools: null,
      description: '',
    });
    expect(
      (await manager.dvsctl(['switch', 'create', '-f', '-'], { stdin: '{"name": "from-json"}' })).code,
    ).toBe(0);
    expect(lastBody()).toEqual({ name: 'from-json' });
  });

  it('sends an Idempotency-Key, another one each time', async () => {
    await manager.dvsctl(['switch', 'create', 'a']);
    await manager.dvsctl(['switch', 'create', 'b']);
    const keys = manager.requests
      .filter(({ method }) => method === 'POST')
      .map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(2);
  });

  it('prints a new token alone, for a file', async () => {
    expect((await manager.dvsctl(['token', 'create', 'ci'])).stdout).toBe('odvs_new\n');
  });

  it.each([
    [['switch', 'create'], 'name the new switch: dvsctl switch create NAME'],
    [['switch', 'create', 'x', '--mtu', 'big'], '"big" is not an MTU in bytes'],
    [['port-group', 'create', 'x', '--suppress-arp', '64'], '"64" is no threshold; write for example 64kbps'],
    [['port-group', 'create', 'x', '--suppress-arp', '-1pps'], 'is no threshold'],
    [['port-group', 'create', 'x', '--suppress-arp', 'NaNkbps'], 'is no threshold'],
    [['switch', 'create', 'x', '-f', '/does/not/exist'], "can't read /does/not/exist"],
    [['switch', 'create', '-f', '-'], 'stdin must hold one object'],
  ])('refuses %j before anything is sent, with status 1', async (args, reason) => {
    const { code, stderr } = await manager.dvsctl(args, { stdin: '[]' });
    expect(code).toBe(1);
    expect(stderr).toContain(reason);
    expect(manager.writes).toEqual([]);
  });

  it('shows every field that the manager refuses, and ends with status 2', async () => {
    const errors = [
      { in: 'body', field: '/vlanId', reason: 'must be an integer from 0 to 4094; got 4095' },
      {
        in: 'body',
        field: '/broadcastSuppression/arpBroadcast/rateKbps',
        reason: 'must be an integer from 1',
      },
      { in: 'body', field: '/members/3/kernelName', reason: 'must be text' },
    ];
    manager.script(
      'POST /api/v1/switches',
      problem(400, 'validation-failed', '3 fields are wrong', { errors }),
    );
    const { code, stderr } = await manager.dvsctl(['switch', 'create', 'x']);
    expect(code).toBe(2);
    expect(stderr).toBe(
      [
        'dvsctl: 3 fields are wrong',
        '  vlanId: must be an integer from 0 to 4094; got 4095',
        '  broadcastSuppression.arpBroadcast.rateKbps: must be an integer from 1',
        '  members[3].kernelName: must be text',
        '',
      ].join('\n'),
    );
  });

  it('waits with --wait, and tells success, delay and failure apart', async () => {
    const host = manager.add('hosts', { name: 'compute-1' });
    const reply = (outcome: object, status: number) => ({
      status,
      headers: { 'opendvs-revision': '9' },
      body: { id: 'i', name: 'x', ...outcome },
    });
    manager.script('POST /api/v1/switches', reply({ applied: true }, 201));
    expect((await manager.dvsctl(['switch', 'create', 'x', '--wait'])).code).toBe(0);
    expect(manager.requests.at(-1)?.url).toBe('/api/v1/switches?wait=applied&timeoutMs=10000');

    manager.script(
      'POST /api/v1/switches',
      reply({ applied: false, waitingFor: [{ hostId: host.id, reason: 'it is down' }], failures: [] }, 202),
    );
    const late = await manager.dvsctl(['switch', 'create', 'x', '--wait', '1s']);
    expect(late.code).toBe(6);
    expect(late.stdout).toContain('switch x created');
    expect(late.stderr).toBe(
      'dvsctl: switch x is saved (revision 9), but not in the dataplane of every host:\n  compute-1 has not acknowledged it: it is down\n',
    );

    const failures = [{ hostId: host.id, portId: null, reason: 'no hugepages' }];
    manager.script('POST /api/v1/switches', reply({ applied: false, waitingFor: [], failures }, 202));
    const failed = await manager.dvsctl(['switch', 'create', 'x', '--wait']);
    expect(failed.code).toBe(7);
    expect(failed.stderr).toContain('compute-1 failed: no hugepages');
  });
});

describe('edit', () => {
  it('patches what the options say, on the version that was read', async () => {
    manager.add('switches', { name: 'prod', version: 7 });
    expect(
      (await manager.dvsctl(['switch', 'edit', 'prod', '--mtu', '9000', '--rename', 'prod2'])).stdout,
    ).toMatch(/^switch prod2 changed, revision \d+\n$/);
    const sent = manager.requests.at(-1);
    expect(lastBody()).toEqual({ mtuBytes: 9000, name: 'prod2' });
    expect(sent?.headers).toMatchObject({
      'if-match': '"7"',
      'content-type': 'application/merge-patch+json',
    });
  });

  it('refuses a document that is based on an older version, with status 4', async () => {
    manager.add('switches', { name: 'prod', version: 7 });
    const { code, stderr } = await manager.dvsctl(['switch', 'edit', 'prod', '-f', '-'], {
      stdin: 'version: 6\nmtuBytes: 9000\n',
    });
    expect(code).toBe(4);
    expect(stderr).toContain('prod has changed: its ETag is "7" now; read it again');
    expect(manager.objects('switches')[0]).toMatchObject({ mtuBytes: 1500 });
  });

  it('opens $EDITOR when nothing says what to change, and patches the difference', async () => {
    manager.add('switches', { name: 'prod', vlanPools: '1-10' });
    const editor = editorScript('s/^mtuBytes: 1500$/mtuBytes: 9000/; /^vlanPools/d');
    const result = await manager.dvsctl(['switch', 'edit', 'prod'], {
      isInteractive: true,
      env: { EDITOR: editor },
    });
    expect(result).toMatchObject({ code: 0 });
    expect(lastBody()).toEqual({ mtuBytes: 9000, vlanPools: null });
  });

  it('keeps the text that the manager refuses, and tells where', async () => {
    const prod = manager.add('switches', { name: 'prod' });
    manager.script(`PATCH /api/v1/switches/${prod.id}`, problem(400, 'validation-failed', 'MTU too small'));
    const { code, stderr } = await manager.dvsctl(['switch', 'edit', 'prod'], {
      isInteractive: true,
      env: { EDITOR: editorScript('s/1500/9/') },
    });
    expect(code).toBe(2);
    const path = /your text is kept in (\S+);/.exec(stderr)?.[1] ?? '';
    expect(readFileSync(path, 'utf8')).toContain('mtuBytes: 9');
    rmSync(join(path, '..'), { recursive: true });
  });

  it('changes nothing when the text is left as it is, emptied, or the editor fails', async () => {
    manager.add('switches', { name: 'prod' });
    const edit = (EDITOR: string) =>
      manager.dvsctl(['switch', 'edit', 'prod'], { isInteractive: true, env: { EDITOR } });
    expect(await edit('true')).toMatchObject({ code: 0, stderr: 'nothing to change\n' });
    expect((await edit(editorScript('d'))).code).toBe(130);
    expect((await edit('false')).code).toBe(130);
    expect((await edit('/does/not/exist')).code).toBe(1);
    expect(manager.writes).toEqual([]);
  });

  it('opens no editor where nobody could use it', async () => {
    manager.add('switches', { name: 'prod' });
    const { code, stderr } = await manager.dvsctl(['switch', 'edit', 'prod']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'dvsctl: nothing says what to change: give an option, or a document with -f\n',
    });
  });

  it('has no option for what is fixed after creation', async () => {
    manager.add('port-groups', { name: 'web' });
    expect((await manager.dvsctl(['port-group', 'edit', 'web', '--switch', 'x'])).stderr).toContain(
      "unknown option '--switch'",
    );
  });

  function editorScript(sed: string): string {
    const path = join(dir, 'editor');
    writeFileSync(path, `#!/bin/sh\nsed -i '${sed}' "$1"\n`);
    chmodSync(path, 0o755);
    return path;
  }
});

describe('delete', () => {
  it('asks a person, and takes anything but yes for no', async () => {
    manager.add('switches', { name: 'prod' });
    const no = await manager.dvsctl(['switch', 'delete', 'prod'], { isInteractive: true, stdin: '\n' });
    expect(no).toEqual({
      code: 130,
      stdout: '',
      stderr: 'Delete switch prod? [y/N] dvsctl: nothing was deleted\n',
    });
    expect(manager.objects('switches')).toHaveLength(1);
    expect(
      (await manager.dvsctl(['switch', 'delete', 'prod'], { isInteractive: true, stdin: 'yes\n' })).code,
    ).toBe(0);
    expect(manager.objects('switches')).toHaveLength(0);
  });

  it('needs --yes where nobody can be asked', async () => {
    manager.add('switches', { name: 'prod' });
    const { code, stderr } = await manager.dvsctl(['switch', 'delete', 'prod']);
    expect(code).toBe(1);
    expect(stderr).toContain('Nobody can be asked here: add --yes');
    expect((await manager.dvsctl(['switch', 'delete', 'prod', '--yes'])).stdout).toBe(
      'switch prod deleted\n',
    );
  });

  it('deletes nothing when one of the names is wrong', async () => {
    manager.add('switches', { name: 'prod' });
    expect((await manager.dvsctl(['switch', 'delete', 'prod', 'nope', '--yes'])).code).toBe(3);
    expect(manager.objects('switches')).toHaveLength(1);
  });

  it('ends with status 4 and says who uses the object', async () => {
    const prod = manager.add('switches', { name: 'prod' });
    const detail = 'switch prod can not be deleted: used by 2 port-groups (web, db); delete them first';
    manager.script(
      `DELETE /api/v1/switches/${prod.id}`,
      problem(409, 'in-use', detail, { usedBy: [{ kind: 'port-group', count: 2, items: [] }] }),
    );
    expect(await manager.dvsctl(['switch', 'delete', 'prod', '-y'])).toEqual({
      code: 4,
      stdout: '',
      stderr: `dvsctl: ${detail}\n`,
    });
  });
});
