/** The demonstration's VMs: test guests whose names begin alike, so that those of a killed run are found, and nothing else is touched. */
import {
  destroyGuest,
  ensureGuestImage,
  ensureLibvirt,
  Guest,
  guestNames,
  type Libvirt,
} from '../../../dataplane/guest/src';

const NAME_PREFIX = 'opendvs-quickstart-';

export interface VmSpec {
  name: string;
  address: string;
  interfaceXml: string;
}

export class Vms {
  private constructor(
    private readonly libvirt: Libvirt,
    private readonly workDir: string,
  ) {}

  /** @returns also how many VMs of a killed run were destroyed */
  static async prepare(workDir: string, logDir: string): Promise<{ vms: Vms; destroyed: number }> {
    const vms = new Vms(await ensureLibvirt(logDir), workDir);
    return { vms, destroyed: await vms.destroyAll() };
  }

  get libvirtIsOurs(): boolean {
    return this.libvirt.isOurs;
  }

  /** All at once, as each spends its time on booting. */
  async start(specs: readonly VmSpec[]): Promise<Guest[]> {
    const image = await ensureGuestImage();
    const { workDir } = this;
    return Promise.all(
      specs.map(({ name, address, interfaceXml }) =>
        Guest.start({ name: `${NAME_PREFIX}${name}`, address, interfaces: [interfaceXml], image, workDir }),
      ),
    );
  }

  /** Destroys the VMs, and stops libvirt if it wasn't there before. */
  async stop(): Promise<void> {
    await this.destroyAll();
    await this.libvirt.stop();
  }

  private async destroyAll(): Promise<number> {
    const names = await guestNames(NAME_PREFIX);
    await Promise.all(names.map(destroyGuest));
    return names.length;
  }
}
