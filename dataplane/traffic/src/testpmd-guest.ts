/**
 * A guest that does nothing but frames: DPDK's testpmd with a virtio-user device behind a vhost-user socket. It takes the place of a VM where
 * millions of frames a second are wanted; to the switch it is one (it listens on the socket, as QEMU does).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface TestpmdGuestOptions {
  /** Names its shared files: unique on the machine while it runs. */
  name: string;
  socketPath: string;
  macAddress: string;
  /** What it does between {@link TestpmdGuest.start} and {@link TestpmdGuest.stop}: send UDP frames as fast as it can, or swallow what arrives. */
  mode: 'send' | 'receive';
  /** Destination of what it sends; a group address makes it a storm. */
  destinationMac?: string;
  /** Whole frame without FCS, 64..1518. Default 64. */
  frameBytes?: number;
  /** Core that it may use; testpmd polls, so it takes all of it while forwarding. Default 0. */
  core?: number;
}

export interface TestpmdCounters {
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
}

const COMMAND_TIMEOUT_MS = 20_000;
const PROMPT = 'testpmd> ';
const FORWARD_MODES = { send: 'txonly', receive: 'rxonly' } as const;

export class TestpmdGuest {
  private output = '';
  private ended: string | null = null;
  private readonly listeners = new Set<() => void>();

  private constructor(private readonly child: ChildProcess) {
    child.stdout!.setEncoding('utf8').on('data', (text: string) => this.received(text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => this.received(text));
    child.once('exit', (code, signal) => this.finished(`ended with ${signal ?? `code ${code}`}`));
    child.once('error', (error) => this.finished(`could not be started: ${error.message}`));
  }

  /** Returns once it listens on its socket and takes commands. @throws Error with testpmd's own words */
  static async launch(options: TestpmdGuestOptions): Promise<TestpmdGuest> {
    // testpmd writes prompts at once and all else through stdio, which holds back what goes to a pipe: by line keeps the order
    const lineBuffered = ['stdbuf', '-oL', 'dpdk-testpmd', ...testpmdArguments(options)];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...lineBuffered], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const guest = new TestpmdGuest(child);
    await guest.nextPrompt();
    return guest;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Between {@link stop} and {@link start}. */
  async become(mode: TestpmdGuestOptions['mode']): Promise<void> {
    await this.command(`set fwd ${FORWARD_MODES[mode]}`);
  }

  async start(): Promise<void> {
    await this.command('start');
  }

  async stop(): Promise<void> {
    await this.command('stop');
  }

  /** Since it was launched. */
  async counters(): Promise<TestpmdCounters> {
    const text = await this.command('show port stats 0');
    const count = (name: string) => {
      const match = new RegExp(`${name}:\\s*(\\d+)`).exec(text);
      if (!match) throw new Error(`testpmd gave no ${name}: ${text}`);
      return Number(match[1]);
    };
    return {
      rxPackets: count('RX-packets'),
      rxBytes: count('RX-bytes'),
      txPackets: count('TX-packets'),
      txBytes: count('TX-bytes'),
    };
  }

  async quit(): Promise<void> {
    if (this.ended !== null) return;
    const gone = once(this.child, 'exit');
    this.child.stdin!.end('quit\n');
    const killer = setTimeout(() => this.child.kill('SIGKILL'), 5000);
    await gone;
    clearTimeout(killer);
  }

  private async command(line: string): Promise<string> {
    this.output = '';
    this.child.stdin!.write(`${line}\n`);
    return this.nextPrompt();
  }

  /** What it printed up to the next prompt. */
  private async nextPrompt(): Promise<string> {
    const deadline = AbortSignal.timeout(COMMAND_TIMEOUT_MS);
    while (!this.output.trimEnd().endsWith(PROMPT.trim())) {
      if (this.ended !== null) throw new Error(`dpdk-testpmd ${this.ended}:\n${this.output.slice(-2000)}`);
      if (deadline.aborted)
        throw new Error(
          `dpdk-testpmd did not answer in ${COMMAND_TIMEOUT_MS} ms:\n${this.output.slice(-2000)}`,
        );
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.listeners.delete(wake);
          deadline.removeEventListener('abort', wake);
          resolve();
        };
        this.listeners.add(wake);
        deadline.addEventListener('abort', wake, { once: true });
      });
    }
    return this.output;
  }

  private received(text: string): void {
    this.output += text;
    for (const wake of [...this.listeners]) wake();
  }

  private finished(how: string): void {
    this.ended ??= how;
    for (const wake of [...this.listeners]) wake();
  }
}

function testpmdArguments(options: TestpmdGuestOptions): string[] {
  const { name, socketPath, macAddress, mode, destinationMac, frameBytes = 64, core = 0 } = options;
  const eal = [
    '--no-pci',
    '--in-memory',
    '-m',
    '128',
    `--file-prefix=${name}`,
    '--lcores',
    `0@${core},1@${core}`,
    '--single-file-segments',
  ];
  const device = `--vdev=net_virtio_user0,path=${socketPath},server=1,mac=${macAddress},queue_size=256`;
  const peer = destinationMac ? [`--eth-peer=0,${destinationMac}`] : [];
  return [
    ...eal,
    device,
    '--',
    '-i',
    `--forward-mode=${FORWARD_MODES[mode]}`,
    '--total-num-mbufs=4096',
    `--txpkts=${frameBytes}`,
    ...peer,
  ];
}
