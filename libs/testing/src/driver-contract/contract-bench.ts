/** What the cases of the contract share: one rig, and how long things may take on it. */
import type { DriverContractOptions, DriverHarness } from '../driver-harness';
import { DriverRig } from '../driver-rig';

export class ContractBench {
  readonly testTimeoutMs: number;
  readonly tamperings: readonly string[];
  private made: DriverRig | null = null;

  constructor(
    readonly name: string,
    private readonly options: DriverContractOptions,
  ) {
    this.testTimeoutMs = options.testTimeoutMs ?? 30_000;
    this.tamperings = options.tamperings;
  }

  /** Only within cases: the rig is made before the first of them. */
  get rig(): DriverRig {
    if (!this.made) throw new Error(`the rig of ${this.name} has not been made`);
    return this.made;
  }

  async setUp(start: () => Promise<DriverHarness>): Promise<void> {
    const harness = await start();
    await harness.createForeignObjects();
    this.made = new DriverRig(harness, this.options.eventTimeoutMs ?? 10_000);
    await this.made.open();
  }

  async tearDown(): Promise<void> {
    if (!this.made) return;
    await this.made.close();
    await this.made.harness.dispose();
  }

  case(title: string, body: () => Promise<void>): void {
    it(title, body, this.testTimeoutMs);
  }

  /** A case that needs something of the rig: where that is unsupported, it is skipped by a name that says why. */
  caseNeeding(
    need: keyof NonNullable<DriverContractOptions['unsupported']>,
    title: string,
    body: () => Promise<void>,
  ): void {
    const reason = this.options.unsupported?.[need];
    if (reason === undefined) this.case(title, body);
    else it.skip(`${title} [SKIPPED on ${this.name}: ${reason}]`, body);
  }
}
