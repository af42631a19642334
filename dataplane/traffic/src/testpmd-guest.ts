/**
 * A VM's end of a vhost-user port without a VM: dpdk-testpmd with a virtio-user device that listens on the port's socket as QEMU
 * does. It counts what it receives, and can send given frames over and over, as fast as it can. For tests and benchmarks.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePcapFile } from './pcap-file';

export interface TestpmdGuestOptions {
  /** Of the port; must not exist yet. */
  socketPath: string;
  mac: string;
  /** What {@link TestpmdGuest.startSending} sends, in turn; left out, the guest only receives. */
  frames?: readonly Buffer[];
  /** Hugepage memory, 128 by default. */
  memoryMib?: number;
  /** Descriptors of a queue: a power of two up to 1024, the default. Fewer overflow while the guest waits for its CPU. */
  queueSize?: number;
  /** Queue pairs, 1 by default. */
  queues?: number;
  /** The CPU that it runs on, 0 by default: a polling process. */
  cpu?: number;
  /** Default 20,000: the switch tries to connect once a second. */
  connectTimeoutMs?: number;
}

/** Since the guest was connected. */
export interface GuestCounters {
  rxPackets: number;
  rxBytes: number;
  rxBroadcastPackets: number;
  rxMulticastPackets: number;
  txPackets: number;
  txBytes: number;
}

export interface TestpmdGuest {
  readonly pid: number;
  counters(): Promise<GuestCounters>;
  /** Sends `frames` until {@link stopSending}. */
  startSending(): Promise<void>;
  stopSending(): Promise<void>;
  /** As a VM that is switched off. */
  close(): Promise<void>;
  /** As a VM that crashes: SIGKILL. */
  kill(): Promise<void>;
}

const PROMPT = 'testpmd> ';
const QUIT_DEADLINE_MS = 3000;
const CONNECT_TIMEOUT_MS = 20_000;
let guests = 0;

/** Resolves when the switch has connected. */
export async function startTestpmdGuest(options: TestpmdGuestOptions): Promise<TestpmdGuest> {
  const guest = new Guest(options);
  try {
    await guest.untilConnected(options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
    return guest;
  } catch (error) {
    await guest.kill();
    throw error;
  }
}

class Guest implements TestpmdGuest {
  private readonly folder = mkdtempSync(join(tmpdir(), 'testpmd-'));
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;
  /** Since the last command. */
  private output = '';
  /** All of standard error: apart, as it comes in the middle of prompts. */
  private complaints = '';
  private wake: () => void = () => undefined;
  private readonly sends: boolean;

  constructor(options: TestpmdGuestOptions) {
    this.sends = options.frames !== undefined;
    const pcapFile = join(this.folder, 'frames.pcap');
    if (options.frames) writePcapFile(pcapFile, options.frames);
    // Its answers go through stdio, its prompt doesn't: without lines flushed one by one the prompt would come first.
    const command = ['stdbuf', '-oL', 'dpdk-testpmd', ...argumentsOf(options, pcapFile)];
    const child = spawn('setpriv', ['--pdeathsig', 'SIGKILL', ...command], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      this.wake();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.complaints += text));
    this.exited = new Promise((resolve) => {
      child.once('close', () => resolve());
      child.once('error', (error) => {
        this.complaints += error.message;
        resolve();
      });
    });
    void this.exited.then(() => this.wake());
  }

  get pid(): number {
    return this.child.pid!;
  }

  async untilConnected(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), timeoutMs);
    try {
      await this.until(PROMPT);
    } catch (error) {
      throw new Error(`no switch has connected within ${timeoutMs} ms: ${(error as Error).message}`, {
        cause: error,
      });
    } finally {
      clearTimeout(timer);
    }
    await this.command('start');
  }

  async counters(): Promise<GuestCounters> {
    const text = await this.command('show port xstats 0');
    const value = (name: string) => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(text)?.[1] ?? 0);
    const ofQueues = (pattern: RegExp) =>
      [...text.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0);
    return {
      rxPackets: value('rx_good_packets'),
      rxBytes: value('rx_good_bytes'),
      rxBroadcastPackets: ofQueues(/^rx_q\d+_broadcast_packets: (\d+)/gm),
      rxMulticastPackets: ofQueues(/^rx_q\d+_multicast_packets: (\d+)/gm),
      txPackets: value('tx_good_packets'),
      txBytes: value('tx_good_bytes'),
    };
  }

  /** The device of the frames is polled or not; the virtio device always is. */
  async startSending(): Promise<void> {
    if (!this.sends) throw new Error('this guest was given no frames to send');
    await this.forward('0,1', 'io');
  }

  async stopSending(): Promise<void> {
    await this.forward('0', 'rxonly');
  }

  async close(): Promise<void> {
    const insist = setTimeout(() => this.child.kill('SIGKILL'), QUIT_DEADLINE_MS);
    this.child.stdin?.write('quit\n');
    await this.exited;
    clearTimeout(insist);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async forward(ports: string, mode: string): Promise<void> {
    await this.command('stop');
    await this.command(`set portlist ${ports}`);
    await this.command(`set fwd ${mode}`);
    await this.command('start');
  }

  /** What testpmd says until it asks for the next command. */
  private async command(text: string): Promise<string> {
    this.output = '';
    this.child.stdin!.write(`${text}\n`);
    return this.until(PROMPT);
  }

  private async until(text: string): Promise<string> {
    while (!this.output.includes(text)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        const last = `${this.output}\n${this.complaints}`.trim().split('\n').slice(-4);
        throw new Error(`dpdk-testpmd has ended: ${last.join(' | ')}`);
      }
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    return this.output;
  }
}

function argumentsOf(options: TestpmdGuestOptions, pcapFile: string): string[] {
  const { socketPath, mac, frames, memoryMib = 128, queueSize = 1024, queues = 1, cpu = 0 } = options;
  guests += 1;
  const virtio = `net_virtio_user0,path=${socketPath},server=1,mac=${mac},queue_size=${queueSize},queues=${queues}`;
  return [
    ...['--no-pci', '--in-memory', '-m', `${memoryMib}`, '--single-file-segments', '--no-telemetry'],
    ...['--file-prefix', `testpmd-${process.pid}-${guests}`, '--lcores', `0@${cpu},1@${cpu}`],
    ...[`--vdev=${virtio}`, ...(frames ? [`--vdev=net_pcap0,rx_pcap=${pcapFile},infinite_rx=1`] : [])],
    '--',
    ...['-i', '--portlist=0', '--forward-mode=rxonly', '--total-num-mbufs=8192'],
    ...['--rxq', `${queues}`, '--txq', `${queues}`],
  ];
}
