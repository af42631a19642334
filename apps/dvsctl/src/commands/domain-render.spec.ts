import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { problem } from '../../../../libs/api-client/testing/http-fake';
import { FakeManager } from '../../testing/fake-manager';

const corpus = (name: string) =>
  readFileSync(join(__dirname, '../../../../libs/libvirt/testing/domains', name), 'utf8');

let manager: FakeManager;
let prodId: string;
let hostId: string;
let webId: string;
beforeEach(async () => {
  manager = await FakeManager.start();
  prodId = manager.add('switches', { name: 'prod', mtuBytes: 9000 }).id;
  hostId = manager.add('hosts', { name: 'compute-1', switchIds: [prodId] }).id;
  webId = manager.add('port-groups', { name: 'web', switchId: prodId }).id;
});
afterEach(() => manager.stop());

const render = (stdin: string | Buffer, ...args: string[]) =>
  manager.dvsctl(['domain', 'render', ...args], { stdin });

describe('domain render', () => {
  it('creates the ports of the domain and writes it with their facts', async () => {
    const { code, stdout, stderr } = await render(corpus('minimal.xml'));
    expect(code).toBe(0);
    const [port] = manager.objects('ports');
    expect(port).toMatchObject({
      name: 'web-1-nic0',
      portGroupId: webId,
      hostId,
      vmName: 'web-1',
      vmId: null,
      queues: 1,
    });
    expect(stdout).toContain(`path='${port?.socketPath as string}' mode='server'`);
    expect(stdout).toContain(`<mac address='${port?.macAddress as string}'/>`);
    expect(stderr.split('\n')).toEqual([
      `created port web-1-nic0 (${port?.macAddress as string})`,
      'line 9: the switch carries packets of 9000 bytes; set this MTU inside the guest, which takes 1500 by itself',
      '',
    ]);
  });

  it('gives the same result the second time, and creates nothing', async () => {
    const first = await render(corpus('minimal.xml'));
    expect(await render(corpus('minimal.xml'))).toEqual({
      ...first,
      stderr: first.stderr.replace(/^created .*\n/, ''),
    });
    expect(manager.objects('ports')).toHaveLength(1);
  });

  it('leaves a rendered domain as it is', async () => {
    const { stdout } = await render(corpus('minimal.xml'));
    const again = await render(stdout);
    expect(again).toEqual({
      code: 0,
      stdout,
      stderr: 'no interface of the domain names a switch; it is written as it was\n',
    });
  });

  it('knows a port by the MAC address that the domain gives, whatever it is called', async () => {
    manager.add('port-groups', { name: 'db', switchId: prodId });
    const numbered = (mac: string) =>
      corpus('minimal.xml').replace('<source', `<mac address='${mac}'/><source`);
    await render(numbered('52:54:00:00:00:AA'));
    expect(manager.objects('ports')[0]).toMatchObject({ macAddress: '52:54:00:00:00:aa' });
    manager.change('ports', manager.objects('ports')[0]!.id, { name: 'renamed' });
    expect((await render(numbered('52:54:00:00:00:AA'))).code).toBe(0);
    expect(manager.objects('ports')).toHaveLength(1);
  });

  it('takes queues from the domain, and VM name and UUID', async () => {
    manager.add('port-groups', { name: 'web-api', switchId: prodId });
    await render(corpus('virt-manager.xml'));
    expect(manager.objects('ports')[0]).toMatchObject({
      name: 'debian12-nic0',
      queues: 4,
      vmName: 'debian12',
      vmId: '0f2a4c57-7c1b-4a43-8f35-0d1b6b1f6d8e',
    });
  });

  it('leaves networks of libvirt alone', async () => {
    manager.add('port-groups', { name: 'db', switchId: prodId });
    const { code, stdout } = await render(corpus('mixed-networks.xml'));
    expect(code).toBe(0);
    expect(stdout).toContain("<source network='default'/>");
    expect(manager.objects('ports').map(({ name }) => name)).toEqual(['router-nic2', 'router-nic4']);
  });

  it('takes a network with portgroups for a switch, unless it is told otherwise', async () => {
    const xml = corpus('minimal.xml').replace("network='prod'", "network='prodd'");
    const refused = await render(xml);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toBe(
      'dvsctl: the domain can not be rendered:\n  line 9: no switch is called "prodd" ("dvsctl switch list" shows what there is); if it is a libvirt network, add --libvirt-network prodd\n',
    );
    expect(await render(xml, '--libvirt-network', 'prodd')).toMatchObject({ code: 0, stdout: xml });
  });

  it.each([
    ["portgroup='nope'", 'line 9: switch prod has no port group "nope"; it has web'],
    ['', 'line 9: the interface on switch prod names no portgroup; it has web'],
  ])('refuses %j with what there is', async (portgroup, reason) => {
    const { code, stderr } = await render(corpus('minimal.xml').replace("portgroup='web'", portgroup));
    expect(code).toBe(1);
    expect(stderr).toContain(reason);
  });

  it('changes nothing when any interface of the domain is at fault', async () => {
    const { code, stderr } = await render(corpus('mixed-networks.xml')); // there is no port group db
    expect(code).toBe(1);
    expect(stderr).toContain('line 37: switch prod has no port group "db"; it has web');
    const vlan = corpus('minimal.xml').replace('</interface>', "<vlan><tag id='5'/></vlan></interface>");
    expect((await render(vlan)).stderr).toContain('remove it, the port group sets the VLAN');
    expect(manager.writes).toEqual([]);
  });

  it('never moves a port that is there: it says what to do', async () => {
    await render(corpus('minimal.xml'));
    const dbId = manager.add('port-groups', { name: 'db', switchId: prodId }).id;
    const port = manager.objects('ports')[0]!;
    manager.change('ports', port.id, { portGroupId: dbId });
    expect((await render(corpus('minimal.xml'))).stderr).toContain(
      '"dvsctl port edit web-1-nic0 --port-group web" moves it',
    );
    manager.change('ports', port.id, { portGroupId: webId, vmName: 'other-vm' });
    expect((await render(corpus('minimal.xml'))).stderr).toContain('belongs to VM other-vm');
    expect(manager.writes).toEqual(['POST /api/v1/ports']);
  });

  it('needs --host when the switch has several, and a host that is in the switch', async () => {
    manager.add('hosts', { name: 'compute-2', switchIds: [prodId] });
    manager.add('hosts', { name: 'outside' });
    expect(await render(corpus('minimal.xml'))).toMatchObject({
      code: 1,
      stderr: 'dvsctl: switch prod has 2 hosts; say which with --host: compute-1, compute-2\n',
    });
    expect(await render(corpus('minimal.xml'), '--host', 'outside')).toMatchObject({
      code: 4,
      stderr:
        'dvsctl: host outside is not in switch prod; "dvsctl switch add-host prod outside" puts it in\n',
    });
    expect((await render(corpus('minimal.xml'), '--host', 'compute-2')).code).toBe(0);
  });

  it('refuses what is no domain, and an empty stdin', async () => {
    expect((await render('<network/>')).stderr).toContain('line 1: <network> where <domain> was expected');
    expect((await render('')).stderr).toContain('a libvirt domain is expected on stdin');
    expect((await manager.dvsctl(['domain', 'render', '/does/not/exist'])).code).toBe(1);
  });

  it('refuses a domain that is not UTF-8, rather than replace its characters', async () => {
    const { code, stderr } = await render(
      Buffer.from(corpus('minimal.xml').replace('web-1', 'w\u00e9b'), 'latin1'),
    );
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'dvsctl: stdin is not UTF-8; convert it first (iconv -t UTF-8)\n',
    });
  });

  it('leaves an interface alone that names no network', async () => {
    const xml = corpus('minimal.xml').replace(/<source[^>]*>/, '');
    expect(await render(xml)).toMatchObject({ code: 0, stdout: xml });
  });

  it('writes nothing to stdout when the manager refuses a port', async () => {
    manager.script('POST /api/v1/ports', problem(422, 'invalid-reference', 'no room on compute-1'));
    expect(await render(corpus('minimal.xml'))).toEqual({
      code: 2,
      stdout: '',
      stderr: 'dvsctl: no room on compute-1\n',
    });
  });
});
