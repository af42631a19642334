/** The host's end of the test guest's serial line; the protocol is described in control.c. */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { once } from 'node:events';

export interface CommandResult {
  code: number;
  /** Standard output and error, line by line. */
  lines: string[];
}

/** A command that runs in the guest. */
export class GuestCommand {
  readonly lines: string[] = [];
  /** When it has ended; rejects when the guest has gone. */
  readonly ended: Promise<CommandResult>;
  private settle!: { resolve: (result: CommandResult) => void; reject: (error: Error) => void };
  private readonly listeners = new Set<() => void>();

  constructor(
    readonly text: string,
    private readonly sendSignal: (number: number) => void,
  ) {
    this.ended = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    this.ended.catch(() => undefined); // whoever asks for the result gets the error
  }

  /** Asks it to end, as Ctrl-C would. */
  interrupt(): void {
    this.sendSignal(2);
  }

  /** The first line, already printed or still to come, for which `matches` is true. @throws when the command ends without */
  line(matches: (line: string) => boolean): Promise<string> {
    return this.lineAfter(0, matches);
  }

  /** As {@link line}, but not among the first `skipped` lines. */
  async lineAfter(skipped: number, matches: (line: string) => boolean): Promise<string> {
    const find = () => this.lines.slice(skipped).find(matches);
    const seen = find();
    if (seen !== undefined) return seen;
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        if (found === undefined) return;
        this.listeners.delete(look);
        resolve(found);
      };
      this.listeners.add(look);
      this.ended.then(
        ({ code }) => reject(new Error(`"${this.text}" ended with ${code}: ${this.lines.join(' / ')}`)),
        reject,
      );
    });
  }

  /** For {@link GuestControl} alone. */
  add(line: string): void {
    this.lines.push(line);
    for (const listener of this.listeners) listener();
  }
  end(code: number): void {
    this.settle.resolve({ code, lines: this.lines });
  }
  fail(error: Error): void {
    this.settle.reject(error);
  }
}

export class GuestControl {
  private readonly commands = new Map<string, GuestCommand>();
  private lastId = 0;
  private onReady: () => void = () => undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly name: string,
  ) {
    createInterface({ input: socket })
      .on('line', (line) => this.receive(line))
      .on('error', (error: Error) => this.failAll(error)); // it passes the socket's on
    socket.on('close', () => this.failAll(null));
    socket.on('error', (error) => this.failAll(error));
  }

  /** Resolves once the guest has booted. @throws when it hasn't in time */
  static async connect(name: string, socketPath: string, bootTimeoutMs: number): Promise<GuestControl> {
    const socket = connect(socketPath);
    await once(socket, 'connect');
    const control = new GuestControl(socket, name);
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        control.onReady = resolve;
        socket.once('close', () => reject(new Error(`guest ${name} went away while it booted`)));
        timer = setTimeout(
          () => reject(new Error(`guest ${name} did not boot within ${bootTimeoutMs} ms`)),
          bootTimeoutMs,
        );
      });
    } catch (error) {
      control.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return control;
  }

  start(command: string): GuestCommand {
    const id = `${(this.lastId += 1)}`;
    const started = new GuestCommand(command, (number) => this.socket.write(`${id} signal ${number}\n`));
    this.commands.set(id, started);
    this.socket.write(`${id} run ${Buffer.from(command).toString('base64')}\n`);
    return started;
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(line: string): void {
    if (line === 'ready') return this.onReady();
    const match = /^(\d+)([|=])(.*)$/.exec(line);
    const command = match && this.commands.get(match[1]!);
    if (!command) return; // noise of the boot
    if (match[2] === '|') return command.add(match[3]!);
    this.commands.delete(match[1]!);
    command.end(Number(match[3]));
  }

  private failAll(cause: Error | null): void {
    const error = new Error(`guest ${this.name} has gone${cause ? `: ${cause.message}` : ''}`);
    for (const command of this.commands.values()) command.fail(error);
    this.commands.clear();
  }
}
