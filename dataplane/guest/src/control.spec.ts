import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@opendvs/testing';
import { GuestControl } from './control';

/** The guest's end of the line, held by the test. */
class FakeGuest {
  readonly received: string[] = [];
  private socket!: Socket;
  private constructor(
    private readonly server: Server,
    readonly path: string,
  ) {}

  static async listen(folder: string): Promise<FakeGuest> {
    const path = join(folder, 'ctl');
    const server = createServer().listen(path);
    await once(server, 'listening');
    const guest = new FakeGuest(server, path);
    server.once('connection', (socket: Socket) => {
      guest.socket = socket;
      socket
        .setEncoding('utf8')
        .on('data', (data: string) => guest.received.push(...data.trim().split('\n')));
      socket.write('\x1b[2Jgarbage of the boot\nready\n');
    });
    return guest;
  }

  say(text: string): void {
    this.socket.write(text);
  }

  unplug(): void {
    this.socket?.destroy();
    this.server.close();
  }
}

describe('GuestControl', () => {
  let folder: string;
  let guest: FakeGuest;
  let control: GuestControl;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'opendvs-control-'));
    guest = await FakeGuest.listen(folder);
    control = await GuestControl.connect('test', guest.path, 1000);
  });
  afterEach(() => {
    control.close();
    guest.unplug();
    rmSync(folder, { recursive: true });
  });

  it('keeps the output of commands that run side by side apart', async () => {
    const [first, second] = [control.start('one'), control.start('two')];
    guest.say('2|b1\n1|a1\n2|b2\n2=0\n1|\n1|a=3|\n1=7\n');

    expect(await first.ended).toEqual({ code: 7, lines: ['a1', '', 'a=3|'] });
    expect(await second.ended).toEqual({ code: 0, lines: ['b1', 'b2'] });
  });

  it('sends commands in base64 and signals by number', async () => {
    const command = control.start("echo 'ä\n'");
    command.interrupt();
    await eventually('both lines have arrived', () => guest.received.length === 2);

    expect(guest.received).toEqual([`1 run ${Buffer.from("echo 'ä\n'").toString('base64')}`, '1 signal 2']);
  });

  it('waits for a line, also one that was there before', async () => {
    const command = control.start('count');
    const listening = command.line((line) => line.startsWith('listening'));
    guest.say('1|listening on eth0\n');

    expect(await listening).toBe('listening on eth0');
    expect(await command.line((line) => line.startsWith('listening'))).toBe('listening on eth0');
  });

  it('fails a wait for a line when the command ends without it, and says how', async () => {
    const command = control.start('false');
    const waiting = command.line(() => false);
    guest.say('1|no such device\n1=1\n');

    await expect(waiting).rejects.toThrow('"false" ended with 1: no such device');
  });

  it('fails what runs when the guest goes', async () => {
    const command = control.start('sleep 100');
    guest.unplug();

    await expect(command.ended).rejects.toThrow('guest test has gone');
  });

  it('gives up on a guest that does not boot', async () => {
    const path = join(folder, 'silent');
    const server = createServer(() => undefined).listen(path);
    await once(server, 'listening');

    await expect(GuestControl.connect('slow', path, 50)).rejects.toThrow(
      'guest slow did not boot within 50 ms',
    );
    server.close();
  });
});
