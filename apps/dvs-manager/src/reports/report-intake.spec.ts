import { randomUUID } from 'node:crypto';
import { hostSubjects } from '@opendvs/contracts';
import { ChangeFeed, type CommittedChange } from '../events/change-feed';
import { BadMessages } from './bad-messages';
import { Inventory } from './inventory';
import { ReadModel } from './read-model';
import { ReportIntake } from './report-intake';

const HOST = randomUUID();
const [PORT, NEW_PORT] = [randomUUID(), randomUUID()];
const NOW = '2026-01-01T00:00:00.000Z';

const creation: CommittedChange = {
  revision: 7,
  at: new Date(),
  actor: 'a',
  action: 'create',
  kind: 'port',
  objectId: NEW_PORT,
  objectName: 'new',
  before: null,
  after: { hostId: HOST },
};

class World {
  readonly counts: Record<string, number> = {};
  readonly lines: string[] = [];
  readonly requested: string[] = [];
  readonly counters: unknown[] = [];
  committed: CommittedChange[] = [];
  private readonly feed = new ChangeFeed(
    {
      currentRevision: async () => 0,
      after: async (revision) => this.committed.filter((c) => c.revision > revision),
    },
    { warn: () => undefined },
  );
  private readonly inventory = new Inventory(
    { hostIds: async () => [HOST], ports: async () => [{ id: PORT, hostId: HOST }] },
    this.feed,
  );
  readonly model = new ReadModel(this.inventory);
  readonly intake = new ReportIntake({
    readModel: this.model,
    badMessages: new BadMessages(
      { inc: (labels: unknown) => this.count((labels as { kind: string }).kind) },
      { warn: (line) => this.lines.push(line) },
    ),
    catchUp: () => this.feed.catchUp(),
    requestFull: (hostId) => this.requested.push(hostId),
    onCounters: (report) => this.counters.push(report),
  });

  static async make(): Promise<World> {
    const world = new World();
    await world.feed.start();
    await world.inventory.start();
    return world;
  }

  receive(subject: string, message: unknown): void {
    this.intake.receive(
      subject,
      Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)),
    );
  }

  caughtUp(): Promise<void> {
    return this.feed.catchUp();
  }

  private count(kind: string): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }
}

const source = (seq = 0, bootId = '5a9bd3ca-8e0a-4c0e-9a50-1e5d3e1c2f10') => ({
  hostId: HOST,
  bootId,
  seq,
  sentAt: NOW,
});
const status = (seq: number, ...portIds: string[]) => ({
  ...source(seq),
  full: seq === 0,
  last: true,
  appliedRevisions: { host: 1, shared: 1 },
  gone: [],
  ports: portIds.map((portId) => ({ portId, state: 'wired', reason: null, since: NOW, appliedRevision: 1 })),
});
const heartbeat = (seq: number) => ({
  ...source(seq),
  agentVersion: '1',
  engine: null,
  desiredState: 'current',
  desiredStateReason: null,
  appliedRevisions: { host: 1, shared: 1 },
  problems: [],
});

describe('the intake of reports', () => {
  it('folds what hosts report', async () => {
    const world = await World.make();
    world.receive(hostSubjects.status(HOST), status(0, PORT));
    expect(world.model.port(PORT)?.state).toBe('wired');
    expect(world.counts).toEqual({});
  });

  it.each([
    ['not JSON', hostSubjects.status(HOST), '{'],
    ['not UTF-8', hostSubjects.status(HOST), '\ud800{}'],
    ['not an object', hostSubjects.heartbeat(HOST), 'null'],
    ['another schema', hostSubjects.counters(HOST), heartbeat(0)],
    ['an unknown subject', `opendvs.v1.host.${HOST}.gossip`, heartbeat(0)],
    ['somebody else’s subject', hostSubjects.heartbeat(randomUUID()), heartbeat(0)],
    ['an absurd number', hostSubjects.heartbeat(HOST), { ...heartbeat(0), seq: -1 }],
    ['a prototype', hostSubjects.heartbeat(HOST), '{"__proto__": {"hostId": "x"}}'],
  ])('counts a message that is %s, says so once, and goes on', async (_what, subject, message) => {
    const world = await World.make();
    world.receive(subject, message);
    world.receive(subject, message);
    expect(world.counts).toEqual({ malformed: 2 });
    expect(world.lines).toHaveLength(1);
    expect(world.lines[0]).toContain(subject);
    world.receive(hostSubjects.status(HOST), status(0, PORT));
    expect(world.model.port(PORT)?.state).toBe('wired');
  });

  it('counts reports of hosts that do not exist', async () => {
    const world = await World.make();
    const stranger = randomUUID();
    world.receive(hostSubjects.heartbeat(stranger), { ...heartbeat(0), hostId: stranger });
    expect(world.counts).toEqual({ 'unknown-host': 1 });
  });

  it('waits for a port that another manager has just made, and keeps the order of its host', async () => {
    const world = await World.make();
    world.committed = [creation];
    world.receive(hostSubjects.status(HOST), status(0, PORT, NEW_PORT));
    world.receive(hostSubjects.status(HOST), { ...status(1), gone: [PORT] });
    await world.caughtUp();
    await new Promise(setImmediate);
    expect(world.model.port(NEW_PORT)?.state).toBe('wired');
    expect(world.model.port(PORT)).toBeUndefined();
    expect(world.counts).toEqual({});
  });

  it('leaves out ports that do not exist, and counts them', async () => {
    const world = await World.make();
    world.receive(hostSubjects.status(HOST), status(0, PORT, randomUUID()));
    await world.caughtUp();
    await new Promise(setImmediate);
    expect(world.model.port(PORT)?.state).toBe('wired');
    expect(world.counts).toEqual({ 'unknown-port': 1 });
  });

  it('asks a host for a full report until it has one', async () => {
    const world = await World.make();
    world.receive(hostSubjects.heartbeat(HOST), heartbeat(0));
    expect(world.requested).toEqual([HOST]);
    world.receive(hostSubjects.status(HOST), status(0, PORT));
    world.receive(hostSubjects.heartbeat(HOST), heartbeat(1));
    expect(world.requested).toEqual([HOST]);
  });
});
