import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OvsdbConnectionError, OvsdbRequestError } from './errors';
import { JsonRpcConnection, type Json } from './json-rpc-connection';
import { JsonSplitter } from './json-splitter';

type Message = { [key: string]: Json };

describe('JsonRpcConnection', () => {
  let folder: string;
  let socketPath: string;
  let server: Server;
  let peers: Socket[];
  let received: Message[];
  /** What the server at the other end does with a message. */
  let respond: (message: Message, peer: Socket) => void;
  const opened: JsonRpcConnection[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'opendvs-rpc-'));
    socketPath = join(folder, 'sock');
    peers = [];
    received = [];
    respond = () => undefined;
    server = createServer((peer) => {
      const splitter = new JsonSplitter();
      peers.push(peer);
      peer.on('data', (chunk) => {
        for (const text of splitter.push(chunk)) {
          const message = JSON.parse(text) as Message;
          received.push(message);
          respond(message, peer);
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  });
  afterEach(() => {
    for (const connection of opened.splice(0)) connection.close();
    for (const peer of peers) peer.destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });

  const connect = async (probeIntervalMs = 1500) => {
    const connection = await JsonRpcConnection.connect({ socketPath, probeIntervalMs });
    opened.push(connection);
    return connection;
  };
  const answer = (result: Json) => (message: Message, peer: Socket) =>
    peer.write(JSON.stringify({ id: message.id, result, error: null }));

  it('gives each request its own answer, in whatever order they come', async () => {
    const waiting: Message[] = [];
    respond = (message, peer) => {
      waiting.push(message);
      if (waiting.length < 2) return;
      for (const { id, params } of waiting.reverse())
        peer.write(JSON.stringify({ id, result: params, error: null }));
    };
    const connection = await connect();
    const answers = await Promise.all([connection.request('a', [1]), connection.request('b', [2])]);
    expect(answers).toEqual([[1], [2]]);
  });

  it('turns a refusal into an error that names the method and the reason', async () => {
    respond = ({ id }, peer) => peer.write(JSON.stringify({ id, result: null, error: 'unknown database' }));
    const connection = await connect();
    await expect(connection.request('get_schema', ['X'])).rejects.toThrow(
      new OvsdbRequestError('get_schema', 'unknown database'),
    );
  });

  it("answers the peer's echo", async () => {
    const connection = await connect();
    const answered = new Promise<Message>((resolve) => (respond = resolve));
    await untilPeer();
    peers[0]!.write('{"method":"echo","params":["x"],"id":"e1"}');
    expect(await answered).toEqual({ id: 'e1', result: ['x'], error: null });
    expect(connection.isOpen).toBe(true);
  });

  it('passes notifications on in order', async () => {
    const connection = await connect();
    const seen: Json[] = [];
    const both = new Promise<void>((resolve) => {
      connection.onNotification = (_method, params) => {
        seen.push(params[0]!);
        if (seen.length === 2) resolve();
      };
    });
    await untilPeer();
    peers[0]!.write('{"method":"update","params":[1],"id":null}{"method":"update","params":[2],"id":null}');
    await both;
    expect(seen).toEqual([1, 2]);
  });

  it('notices a peer that is silent and does not answer an echo', async () => {
    const connection = await connect(40);
    const pending = connection.request('transact', []);
    await expect(pending).rejects.toThrow(OvsdbConnectionError);
    expect((await connection.closed)?.message).toMatch(/no answer to an echo within 40 ms/);
    expect(received.map(({ method }) => method)).toEqual(['transact', 'echo']);
  });

  it('stays connected to a peer that is silent but answers echoes', async () => {
    let echoes = 0;
    const connection = await connect(40);
    const enough = new Promise<void>((resolve) => {
      respond = (message, peer) => {
        answer([])(message, peer);
        echoes += 1;
        if (echoes === 4) resolve();
      };
    });
    await enough;
    expect(connection.isOpen).toBe(true);
  });

  it('rejects what is under way, and all later requests, when the peer goes', async () => {
    respond = (_message, peer) => peer.destroy();
    const connection = await connect();
    await expect(connection.request('transact', [])).rejects.toThrow('the peer closed the connection');
    await expect(connection.request('transact', [])).rejects.toThrow(OvsdbConnectionError);
  });

  it('ends the connection when the stream is not JSON-RPC', async () => {
    respond = (_message, peer) => peer.write('220 smtp.example.org ESMTP');
    const connection = await connect();
    await expect(connection.request('list_dbs', [])).rejects.toThrow('expected a JSON object');
  });

  it('closes without a reason when its owner closes it', async () => {
    const connection = await connect();
    connection.close();
    expect(await connection.closed).toBeNull();
  });

  it('says which socket it could not connect to', async () => {
    const missing = join(folder, 'missing');
    await expect(JsonRpcConnection.connect({ socketPath: missing })).rejects.toThrow(
      `cannot connect to ${missing}`,
    );
  });

  async function untilPeer(): Promise<void> {
    while (peers.length === 0) await new Promise((resolve) => setImmediate(resolve));
  }
});
