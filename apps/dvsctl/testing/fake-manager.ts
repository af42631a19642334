/**
 * As much of a manager as dvsctl can tell from a real one: objects in memory behind real HTTP, with ETags, pages and problem
 * documents. What it should answer otherwise is scripted. test/integration/dvsctl.spec.ts runs the same commands against the real one.
 */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { HttpFake, problem, type Reply, type SeenRequest } from '../../../libs/api-client/testing/http-fake';
import { fakeIo } from './fake-io';
import { runCli } from '../src/run-cli';

type Stored = Record<string, unknown> & { id: string; name: string; version: number };
type Members = Partial<Stored>;

const TIME = '2026-01-02T03:04:05.000Z';
const HOST_STATUS = {
  state: 'alive',
  since: TIME,
  reason: null,
  lastSeenAt: TIME,
  agentVersion: '0.1.0',
  engine: {
    name: 'sim',
    version: 'sim 1',
    up: true,
    reason: null,
    capabilities: { switchModes: [], suppressionKinds: [], unsupported: {}, maxPorts: 1 },
  },
  desiredState: 'current',
  desiredStateReason: null,
  appliedRevisions: { host: 0, shared: 0 },
  problems: [],
};
const DEFAULTS: Record<string, object> = {
  switches: { mode: 'user-mode', mtuBytes: 1500, vlanPools: null, description: '' },
  hosts: { engine: 'ovs-dpdk', vhostSocketDir: '/run/opendvs/vhost', switchIds: [], status: HOST_STATUS },
  'port-groups': {
    description: '',
    type: 'access',
    vlanId: 0,
    trunkVlans: null,
    nativeVlanId: null,
    adminStatus: 'up',
    portCount: 0,
    broadcastSuppression: {
      observeOnly: false,
      arpBroadcast: null,
      ipBroadcast: null,
      allBroadcast: null,
      multicast: null,
      unknownUnicast: null,
    },
  },
  ports: {
    queues: 1,
    ringSize: 256,
    vmId: null,
    vmName: null,
    number: 1,
    status: { state: 'wired', reason: null, since: TIME, appliedRevision: 0, stale: false },
  },
  'uplink-groups': { members: [], bondMode: 'active-backup', primary: null, lacp: null },
  tokens: { createdBy: 'admin' },
};

export class FakeManager {
  private readonly store = new Map<string, Stored[]>(Object.keys(DEFAULTS).map((name) => [name, []]));
  private readonly scripted = new Map<string, Reply[]>();
  private readonly streams = new Set<ServerResponse>();
  private revision = 0;
  private http!: HttpFake;

  static async start(): Promise<FakeManager> {
    const manager = new FakeManager();
    manager.http = await HttpFake.start((request, response) => manager.handle(request, response));
    return manager;
  }

  get url(): string {
    return this.http.url;
  }

  get requests(): SeenRequest[] {
    return this.http.requests;
  }

  /** Requests that could change something, as "METHOD path". */
  get writes(): string[] {
    return this.requests
      .filter(({ method }) => method !== 'GET')
      .map(({ method, url }) => `${method} ${url}`);
  }

  stop(): Promise<void> {
    return this.http.stop();
  }

  add(collection: string, members: Members & { name: string }): Stored {
    this.revision += 1;
    const base = { id: randomUUID(), version: 1, revision: this.revision, createdAt: TIME, updatedAt: TIME };
    const object = { ...base, ...DEFAULTS[collection], ...members } as Stored;
    this.objects(collection).push(object);
    return object;
  }

  change(collection: string, id: string, members: object): void {
    Object.assign(this.find(collection, id) ?? {}, members);
  }

  objects(collection: string): Stored[] {
    return this.store.get(collection) ?? [];
  }

  /** Answers the next request of `METHOD /path` (without its query) with `reply`. */
  script(request: string, reply: Reply): void {
    this.scripted.set(request, [...(this.scripted.get(request) ?? []), reply]);
  }

  get streamCount(): number {
    return this.streams.size;
  }

  /** Tells every open event stream. */
  tell(type: string, data: object): void {
    for (const stream of this.streams) stream.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Runs dvsctl against this manager. */
  async dvsctl(
    args: string[],
    given: Parameters<typeof fakeIo>[0] = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const { io, stdout, stderr } = fakeIo({
      ...given,
      env: { DVSCTL_SERVER: this.url, DVSCTL_TOKEN: 'secret', ...given.env },
    });
    const code = await runCli(args, io);
    return { code, stdout: stdout(), stderr: stderr() };
  }

  endStreams(): void {
    for (const stream of this.streams) stream.end();
  }

  cutStreams(): void {
    for (const stream of this.streams) stream.destroy();
  }

  /** Starts dvsctl without waiting for its end. */
  interruptible(args: string[]): { interrupt: () => void; ended: Promise<number>; stdout: () => string } {
    const { io, interrupt, stdout } = fakeIo({ env: { DVSCTL_SERVER: this.url, DVSCTL_TOKEN: 'secret' } });
    return { interrupt, ended: runCli(args, io), stdout };
  }

  private handle({ method, url, headers, body }: SeenRequest, response: ServerResponse): Reply | null {
    const { pathname, searchParams } = new URL(url, 'http://fake');
    const scripted = this.scripted.get(`${method} ${pathname}`)?.shift();
    if (scripted) return scripted;
    if (headers.authorization !== 'Bearer secret')
      return problem(401, 'unauthorized', 'the token is not valid, or was revoked');
    if (pathname === '/api/v1/revision') return { body: { revision: this.revision, storeId: randomUUID() } };
    if (pathname === '/api/v1/events') return this.stream(response);
    const [collection = '', id, ...rest] = pathname.replace('/api/v1/', '').split('/');
    if (!this.store.has(collection) || rest.length > 0)
      return problem(404, 'no-such-route', `the API has nothing at ${pathname}`);
    if (id === undefined)
      return method === 'GET' ? this.list(collection, searchParams) : this.create(collection, body);
    const object = this.find(collection, id);
    if (!object) return problem(404, 'not-found', `there is no object ${id}`);
    if (method === 'PATCH') return this.patch(object, headers['if-match'], body);
    if (method === 'DELETE')
      this.store.set(
        collection,
        this.objects(collection).filter((other) => other !== object),
      );
    return method === 'DELETE'
      ? { status: 204, headers: { 'opendvs-revision': `${++this.revision}` } }
      : shown(object);
  }

  private list(collection: string, query: URLSearchParams): Reply {
    const filters = [...query].filter(([name]) => !['limit', 'cursor', 'sort'].includes(name));
    const fits = this.objects(collection).filter((object) =>
      filters.every(([name, value]) => matches(object, name, value)),
    );
    const [from, limit] = [Number(query.get('cursor') ?? 0), Number(query.get('limit') ?? 100)];
    const following = new URLSearchParams(query);
    following.set('cursor', `${from + limit}`);
    const next = from + limit < fits.length ? `/api/v1/${collection}?${following.toString()}` : null;
    return { body: { items: fits.slice(from, from + limit), total: fits.length, next } };
  }

  private create(collection: string, body: string): Reply {
    const object = this.add(collection, JSON.parse(body) as { name: string });
    if (collection === 'ports') this.completePort(object);
    if (collection === 'tokens') return { status: 201, body: { ...object, token: 'odvs_new' } };
    return { ...shown(object), status: 201 };
  }

  private completePort(port: Stored): void {
    port.macAddress ??= `0a:d5:00:00:00:0${this.objects('ports').length}`;
    port.switchId = this.find('port-groups', port.portGroupId as string)?.switchId;
    port.interfaceName = `dv${port.id.replaceAll('-', '').slice(0, 12)}`;
    port.socketPath = `/run/opendvs/vhost/${port.interfaceName as string}.sock`;
  }

  private patch(object: Stored, ifMatch: string | undefined, body: string): Reply {
    if (ifMatch !== '*' && ifMatch !== `"${object.version}"`) {
      return problem(
        412,
        'precondition-failed',
        `${object.name} has changed: its ETag is "${object.version}" now; read it again`,
      );
    }
    this.revision += 1;
    Object.assign(object, JSON.parse(body), { version: object.version + 1, revision: this.revision });
    return {
      ...shown(object),
      headers: { etag: `"${object.version}"`, 'opendvs-revision': `${this.revision}` },
    };
  }

  private stream(response: ServerResponse): null {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`id: ${this.revision}\nevent: ready\ndata: {"revision":${this.revision}}\n\n`);
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
    return null;
  }

  private find(collection: string, id: string): Stored | undefined {
    return this.objects(collection).find((object) => object.id === id);
  }
}

function shown(object: Stored): Reply {
  return { body: object, headers: { etag: `"${object.version}"` } };
}

function matches(object: Stored, name: string, value: string): boolean {
  if (name === 'nameContains') return object.name.toLowerCase().includes(value.toLowerCase());
  if (name === 'switchId' && Array.isArray(object.switchIds)) return object.switchIds.includes(value);
  return String(object[name]) === value;
}
