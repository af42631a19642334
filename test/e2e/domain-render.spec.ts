/** @needs root hugepages */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../../apps/dvsctl/src/run-cli';
import { fakeIo } from '../../apps/dvsctl/testing/fake-io';
import { destroyGuest, ensureGuestImage } from '../../dataplane/guest/src';
import { GuestControl } from '../../dataplane/guest/src/control';
import { renderGuestDomain } from '../../dataplane/guest/src/domain-xml';
import { virsh } from '../../dataplane/guest/src/libvirt';
import { ping } from '../../dataplane/traffic-vm/src';
import { Lab, type LabGuest } from './lab';

describe('a libvirt domain that names a switch and a port group', () => {
  let lab: Lab;
  let neighbour: LabGuest;
  const name = `opendvs-e2e-${process.pid}-rendered`;

  beforeAll(async () => {
    lab = await Lab.start({ mtuBytes: 9000 });
    const red = await lab.createGroup('red', { vlanId: 100 });
    await lab.createGroup('blue', { vlanId: 200 });
    [neighbour] = (await lab.startGuests({ name: 'neighbour', portGroup: red })) as [LabGuest];
  }, 120_000);
  afterAll(async () => {
    await destroyGuest(name);
    await lab?.stop();
  }, 60_000);

  async function dvsctl(
    line: string,
    stdin?: string,
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const env = { DVSCTL_SERVER: lab.installation.apiUrl, DVSCTL_TOKEN_FILE: lab.installation.tokenFile };
    const { io, stdout, stderr } = fakeIo({ env, stdin });
    const code = await runCli(line.split(' '), io);
    return { code, stdout: stdout(), stderr: stderr() };
  }

  /** A guest as its owner might write it: on a network, with memory and CPUs of no special kind. */
  async function domainOnNetwork(controlSocket: string): Promise<string> {
    const spec = {
      name,
      address: '10.43.7.7/16',
      interfaces: [
        "<interface type='network'>\n      <source network='lab' portgroup='red'/>\n    </interface>",
      ],
    };
    const xml = renderGuestDomain(spec, await ensureGuestImage(), {
      controlSocket,
      consoleLog: join(lab.runDir, 'rendered.console.log'),
    });
    return xml.replace(/ *<memoryBacking>.*<\/memoryBacking>\n/, '').replace(/ *<cpu>.*<\/cpu>\n/, '');
  }

  it('runs on the switch after "dvsctl domain render", and reaches its neighbour', async () => {
    const controlSocket = join(lab.runDir, 'rendered.ctl');
    const xml = await domainOnNetwork(controlSocket);
    const rendered = await dvsctl('domain render', xml);
    expect(rendered).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`created port ${name}-nic0`) as string,
    });
    writeFileSync(join(lab.runDir, 'rendered.xml'), rendered.stdout);
    await virsh('create', '--validate', join(lab.runDir, 'rendered.xml'));
    const control = await GuestControl.connect(name, controlSocket, 60_000);
    try {
      expect((await dvsctl(`port wait ${name}-nic0 --timeout 10s`)).code).toBe(0);
      const { ended } = control.start(`ping -c 10 -i 0.2 -W 2 ${neighbour.address}`);
      expect((await ended).lines.join('\n')).toContain('10 packets transmitted, 10 packets received');
      expect(await ping(neighbour.guest, '10.43.7.7', { count: 5 })).toEqual({ transmitted: 5, received: 5 });

      expect((await dvsctl(`port edit ${name}-nic0 --port-group blue --wait`)).code).toBe(0);
      expect(await ping(neighbour.guest, '10.43.7.7', { count: 3 })).toMatchObject({ received: 0 });
      expect((await dvsctl(`port edit ${name}-nic0 --port-group red --wait`)).code).toBe(0);
      expect(await dvsctl('domain render', xml)).toMatchObject({ code: 0, stdout: rendered.stdout });
    } finally {
      control.close();
    }
    await destroyGuest(name);
    expect((await dvsctl(`port wait ${name}-nic0 --for down --timeout 10s`)).code).toBe(0);
  }, 120_000);
});
