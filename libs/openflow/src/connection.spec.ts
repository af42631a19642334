import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, ConnectOptions } from './connection';
import { connect } from './connection';
import { ConnectionClosedError, ProtocolError, RequestTimeoutError, VersionMismatchError } from './errors';
import type { Message } from './message';
import { barrierMessage, MessageSplitter, writeMessage } from './message';
import { MessageType, MultipartType } from './protocol';
import { Transaction } from './transaction';
import { Writer } from './wire/writer';

const bytes = (type: number, xid: number, body: (writer: Writer) => void = () => undefined): Buffer => {
  const writer = new Writer();
  writeMessage(writer, { type, writeBody: body }, xid);
  return Buffer.from(writer.view());
};
const hello = bytes(MessageType.HELLO, 1, (w) =>
  w
    .u16(1)
    .u16(8)
    .u32(1 << 5),
);
const features = (xid: number): Buffer =>
  bytes(MessageType.FEATURES_REPLY, xid, (w) => w.u64(0xabcn).u32(0).u8(254).zeros(3).u32(0).u32(0));
const error = (xid: number, type: number, code: number): Buffer =>
  bytes(MessageType.ERROR, xid, (w) => w.u16(type).u16(code));

/** A switch that greets as told and answers each message as told; what it isn't told it leaves unanswered. */
class FakeSwitch {
  readonly received: Message[] = [];
  peer: Socket | null = null;
  greeting = hello;
  answers: Partial<Record<number, (message: Message) => Buffer | void>> = {
    [MessageType.FEATURES_REQUEST]: ({ xid }) => features(xid),
    [MessageType.BARRIER_REQUEST]: ({ xid }) => bytes(MessageType.BARRIER_REPLY, xid),
  };
  private readonly directory = mkdtempSync(join(tmpdir(), 'openflow-'));
  readonly path = join(this.directory, 'br0.mgmt');
  private readonly server: Server = createServer((socket) => {
    this.peer = socket;
    const splitter = new MessageSplitter();
    socket.write(this.greeting);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      for (const message of splitter.push(chunk)) {
        this.received.push(message);
        const answer = this.answers[message.type]?.(message);
        if (answer) socket.write(answer);
      }
    });
  });

  async listen(): Promise<void> {
    await once(this.server.listen(this.path), 'listening');
  }

  stop(): void {
    this.peer?.destroy();
    this.server.close();
    rmSync(this.directory, { recursive: true });
  }
}

let bridge: FakeSwitch;
let connection: Connection | undefined;

async function connected(options: ConnectOptions = {}): Promise<Connection> {
  connection = await connect(bridge.path, undefined, options);
  return connection;
}

beforeEach(async () => {
  bridge = new FakeSwitch();
  await bridge.listen();
});

afterEach(() => {
  connection?.close();
  connection = undefined;
  bridge.stop();
});

describe('connecting', () => {
  it('offers version 1.4 alone and learns who the bridge is', async () => {
    const { features: learnt } = await connected();
    expect(learnt).toEqual({ datapathId: '0000000000000abc', tables: 254 });
    expect(bridge.received[0]).toMatchObject({ type: MessageType.HELLO, version: 5 });
    expect(bridge.received[0]?.body.toString('hex')).toBe('0001000800000020');
  });

  it('says which versions the bridge speaks, and what to do, when 1.4 is none of them', async () => {
    bridge.greeting = bytes(MessageType.HELLO, 1, (w) =>
      w
        .u16(1)
        .u16(8)
        .u32((1 << 1) | (1 << 4)),
    );
    const failure = connected();
    await expect(failure).rejects.toThrow(VersionMismatchError);
    await expect(failure).rejects.toThrow(
      `the bridge at ${bridge.path} doesn't speak OpenFlow 1.4 but only 1.0, 1.3: add OpenFlow14 to the "protocols" column`,
    );
  });

  it('takes a hello without a version bitmap as the version of its header', async () => {
    bridge.greeting = Buffer.from('0100000800000001', 'hex');
    await expect(connected()).rejects.toThrow("doesn't speak OpenFlow 1.4 but only 1.0");
  });

  it('rejects with the cause when nobody listens', async () => {
    const failure = connect('/nonexistent/br0.mgmt');
    await expect(failure).rejects.toThrow(ConnectionClosedError);
    await expect(failure).rejects.toMatchObject({ cause: { code: 'ENOENT' } });
  });

  it('gives up when the time is over', async () => {
    bridge.greeting = Buffer.alloc(0);
    await expect(connected({ connectTimeoutMs: 20 })).rejects.toMatchObject({
      cause: { name: 'RequestTimeoutError' },
    });
  });

  it('gives up when it is aborted, and hangs up', async () => {
    bridge.greeting = Buffer.alloc(0);
    const controller = new AbortController();
    const failure = connect(bridge.path, controller.signal);
    controller.abort(new Error('enough'));
    await expect(failure).rejects.toMatchObject({ cause: { message: 'enough' } });
  });

  it('does not begin with a signal that is aborted already', async () => {
    await expect(connect(bridge.path, AbortSignal.abort(new Error('never')))).rejects.toThrow('never');
    expect(bridge.received).toEqual([]);
  });
});

describe('a connection', () => {
  it('answers echo requests with their own content', async () => {
    await connected();
    const answered = new Promise<Message>((resolve) => {
      bridge.answers[MessageType.ECHO_REPLY] = (message) => {
        resolve(message);
        return Buffer.alloc(0);
      };
    });
    bridge.peer?.write(bytes(MessageType.ECHO_REQUEST, 77, (w) => w.u32(0xcafe)));
    expect(await answered).toMatchObject({ xid: 77, body: Buffer.from([0, 0, 0xca, 0xfe]) });
  });

  it('gives each answer to its own request, in whatever order they come', async () => {
    const held: Message[] = [];
    bridge.answers[MessageType.MULTIPART_REQUEST] = (message) => {
      held.push(message);
      if (held.length < 2) return Buffer.alloc(0);
      const reply = (request: Message): Buffer =>
        bytes(MessageType.MULTIPART_REPLY, request.xid, (w) => w.bytes(request.body));
      return Buffer.concat([reply(held[1] as Message), reply(held[0] as Message)]);
    };
    const { requestMultipart } = await connected();
    const ask = requestMultipart.bind(connection);
    const answers = await Promise.all([
      ask(MultipartType.METER, (w) => w.u32(1)),
      ask(MultipartType.METER, (w) => w.u32(2)),
    ]);
    expect(answers.flat().map((part) => part.readUInt32BE(0))).toEqual([1, 2]);
  });

  it('puts the parts of a reply together, however the stream is cut', async () => {
    bridge.answers[MessageType.MULTIPART_REQUEST] = ({ xid }) => {
      const part = (more: number, value: number): Buffer =>
        bytes(MessageType.MULTIPART_REPLY, xid, (w) =>
          w.u16(MultipartType.METER).u16(more).zeros(4).u32(value),
        );
      const all = Buffer.concat([part(1, 10), part(1, 20), part(0, 30)]);
      bridge.peer?.write(all.subarray(0, 3));
      setImmediate(() => bridge.peer?.write(all.subarray(3, 45)));
      setImmediate(() => bridge.peer?.write(all.subarray(45)));
      return Buffer.alloc(0);
    };
    const parts = await (await connected()).requestMultipart(MultipartType.METER, () => undefined);
    expect(parts.map((part) => part.readUInt32BE(0))).toEqual([10, 20, 30]);
  });

  it('rejects a refused request with the symbolic name of the error', async () => {
    bridge.answers[MessageType.MULTIPART_REQUEST] = ({ xid }) => error(xid, 12, 3);
    await expect(
      (await connected()).requestMultipart(MultipartType.METER, () => undefined),
    ).rejects.toMatchObject({
      name: 'OpenFlowError',
      errorName: 'OFPMMFC_UNKNOWN_METER',
      errorType: 12,
      errorCode: 3,
    });
  });

  it('rejects a request that is not answered in time, and goes on', async () => {
    delete bridge.answers[MessageType.BARRIER_REQUEST];
    const patient = await connected({ requestTimeoutMs: 20 });
    await expect(patient.request(barrierMessage)).rejects.toThrow(RequestTimeoutError);
    bridge.answers[MessageType.BARRIER_REQUEST] = ({ xid }) => bytes(MessageType.BARRIER_REPLY, xid);
    expect(await patient.request(barrierMessage)).toMatchObject({ type: MessageType.BARRIER_REPLY });
  });

  it('tells of an error that answers nothing under way', async () => {
    const stray = once(await connected(), 'strayError');
    bridge.peer?.write(error(4711, 5, 1));
    expect(await stray).toMatchObject([{ errorName: 'OFPFMFC_TABLE_FULL' }]);
  });

  it('rejects what is under way, and then says so, when the switch hangs up', async () => {
    bridge.answers[MessageType.BARRIER_REQUEST] = () => void bridge.peer?.destroy();
    const lost = await connected();
    const pending = lost.request(barrierMessage);
    const closed = once(lost, 'close');
    await expect(pending).rejects.toThrow(ConnectionClosedError);
    expect(await closed).toMatchObject([{ message: 'the peer has hung up' }]);
    await expect(lost.request(barrierMessage)).rejects.toThrow(ConnectionClosedError);
  });

  it('says close once, without a reason, when it is closed by its owner', async () => {
    const own = await connected();
    const reasons: (Error | null)[] = [];
    own.on('close', (reason) => reasons.push(reason));
    own.close();
    own.close();
    expect(reasons).toEqual([null]);
  });

  it.each([
    ['a length shorter than a header', '0500000400000001'],
    ['another version than agreed', '0614000800000001'],
    ['an error too short for its type', '0501000900000009ff'],
  ])('ends when the peer sends %s', async (_, malformed) => {
    const closed = once(await connected(), 'close');
    bridge.peer?.write(Buffer.from(malformed, 'hex'));
    expect((await closed)[0]).toBeInstanceOf(ProtocolError);
  });

  it('sends nothing of a batch in which one message cannot be encoded', async () => {
    const own = await connected();
    const good = { type: MessageType.METER_MOD, writeBody: (w: Writer) => w.u32(1) };
    const bad = { type: MessageType.METER_MOD, writeBody: (w: Writer) => w.u8(256) };
    const huge = { type: MessageType.METER_MOD, writeBody: (w: Writer) => w.zeros(0x10000) };
    expect(() => own.send([good, bad])).toThrow('out of range');
    expect(() => own.send([good, huge])).toThrow('an OpenFlow message holds at most 65535 bytes');
    await own.request(barrierMessage);
    expect(bridge.received.map(({ type }) => type)).not.toContain(MessageType.METER_MOD);
  });
});

describe('a transaction', () => {
  const flowMod = { type: MessageType.FLOW_MOD, writeBody: () => undefined };

  it('knows by its barrier which messages were refused', async () => {
    let seen = 0;
    bridge.answers[MessageType.FLOW_MOD] = ({ xid }) => (++seen === 2 ? error(xid, 5, 1) : Buffer.alloc(0));
    const transaction = new Transaction(await connected());
    await transaction.send([flowMod, flowMod, flowMod]);
    expect([...transaction.errors.keys()]).toEqual([1]);
  });

  it('still gets an error for an early message after a later barrier, until it ends', async () => {
    const transaction = new Transaction(await connected());
    await transaction.send([flowMod, flowMod]);
    const { xid } = bridge.received.filter(({ type }) => type === MessageType.FLOW_MOD)[1] as Message;
    bridge.answers[MessageType.BUNDLE_CONTROL] = () => error(xid, 5, 1);
    await transaction.send([{ type: MessageType.BUNDLE_CONTROL, writeBody: () => undefined }]);
    expect([...transaction.errors.keys()]).toEqual([1]);
    transaction.end();
    const stray = once(connection as Connection, 'strayError');
    bridge.peer?.write(error(xid, 5, 1));
    expect(await stray).toHaveLength(1);
  });
});
