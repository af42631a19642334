/**
 * @needs root hugepages
 *
 * Rewritten domains before the real libvirt: its schema and its QEMU driver accept them, keep what we wrote, and
 * map all of the guest's memory shared. A libvirtd of our own, as an unprivileged user's session, so that nothing of the machine's is touched.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rewriteDomain } from '@opendvs/libvirt';
import { FakePorts } from '../../libs/libvirt/testing/fake-ports';
import { SessionLibvirt } from './session-libvirt';

const folder = join(__dirname, '../../libs/libvirt/testing/domains');
const corpus = readdirSync(folder).map((name): [string, string] => [
  name,
  readFileSync(join(folder, name), 'utf8'),
]);

describe('domains rewritten for vhost-user', () => {
  const libvirt = new SessionLibvirt();
  beforeAll(() => libvirt.start(), 60_000);
  afterAll(() => libvirt.stop(), 30_000);

  it.each(corpus)('%s passes the schema and the checks of the QEMU driver', async (_name, xml) => {
    const { xml: rewritten } = await rewriteDomain(forThisMachine(xml), new FakePorts());
    const defined = await libvirt.define(rewritten);
    expect(defined).toMatch(/<access mode='shared'\/>/);
    const written = rewritten
      .match(/path=['"]\/run\/opendvs\/vhost\/[^'"]*\.sock/g)
      ?.map((path) => path.replace('"', "'"));
    expect(written?.length).toBeGreaterThan(0);
    expect(defined.match(/path='\/run\/opendvs\/vhost\/[^']*\.sock/g)).toEqual(written);
  });

  it.each(corpus)('%s gets memory backends that QEMU shares, all of them', async (_name, xml) => {
    const { xml: rewritten } = await rewriteDomain(forThisMachine(xml), new FakePorts());
    const backends = memoryBackends(await libvirt.qemuArguments(withoutInterfaces(rewritten)));
    const ram = backends.filter(({ id }) => !id.startsWith('memnvdimm'));
    expect(ram.length).toBeGreaterThan(0);
    expect(ram.filter(({ share }) => share !== true)).toEqual([]);
  });

  it('libvirt starts a rewritten domain, and QEMU listens on the socket of its port', async () => {
    const xml = startable(readFileSync(join(folder, 'minimal.xml'), 'utf8'));
    const socketPath = join(libvirt.socketDir, 'dv0.sock');
    const ports = new FakePorts({ socketPath, queues: 2, ringSize: 1024, mtuBytes: 9000 });
    const { xml: rewritten } = await rewriteDomain(xml, ports);
    await libvirt.startUntil(rewritten, 'QEMU listens', () => existsSync(socketPath));
    rmSync(socketPath, { force: true });
    const withMtu = rewritten.replace("<model type='virtio'/>", "<model type='virtio'/><mtu size='9000'/>");
    await expect(libvirt.startUntil(withMtu, 'QEMU listens', () => existsSync(socketPath))).rejects.toThrow(
      "Cannot set interface MTU on ''", // when libvirt can do this, <mtu> may be written again
    );
  }, 60_000);

  it('sees the difference: the same domains as given have memory that is not shared', async () => {
    const given = forThisMachine(readFileSync(join(folder, 'numa-hugepages.xml'), 'utf8'));
    const backends = memoryBackends(await libvirt.qemuArguments(withoutInterfaces(given)));
    expect(backends.some(({ share }) => share !== true)).toBe(true);
  });
});

/** The corpus is for machines with KVM, several NUMA nodes and pages of 1 GiB. */
function forThisMachine(xml: string): string {
  return xml
    .replace(/(<domain[^>]*\stype=)(['"])kvm\2/, '$1$2qemu$2')
    .replace(/<cpu mode=(['"])host-(model|passthrough)\1[^>/]*(\/?)>/, '<cpu$3>')
    .replace(/<numatune>[^]*<\/numatune>/, '')
    .replace("<page size='1' unit='G'", "<page size='2' unit='M'");
}

/** Small, and without KVM. */
function startable(xml: string): string {
  return forThisMachine(xml).replace("<memory unit='GiB'>2</memory>", "<memory unit='MiB'>64</memory>");
}

/** libvirt can't write the arguments for a network that isn't running. */
function withoutInterfaces(xml: string): string {
  return xml
    .replace(/(?<=>\s*)<interface\s[^]*?<\/interface>/g, '')
    .replace(/<qemu:override>[^]*<\/qemu:override>/, '');
}

function memoryBackends(argv: string): { id: string; share?: boolean }[] {
  return [...argv.matchAll(/-object '(\{"qom-type":"memory-backend-[^']*\})'/g)].map(
    ([, json = '']) => JSON.parse(json) as { id: string; share?: boolean },
  );
}
