import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostDesired } from '@opendvs/dataplane';
import { desiredKeys, type DesiredEntry } from '@opendvs/contracts';
import type { AppliedRevisions } from '@opendvs/model';
import { anId, eventually, FakeManager } from '@opendvs/testing';
import { LocalProblems } from '../local-problems';
import {
  DesiredStateSource,
  type DesiredStateSourceOptions,
  type DesiredStateStanding,
} from './desired-state-source';
import { DISK_COPY_FILE, DiskCopy } from './disk-copy';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

let stateDir: string;
let source: DesiredStateSource;
let manager: FakeManager;
let acted: { desired: HostDesired; revisions: AppliedRevisions }[];
let standings: DesiredStateStanding[];
let problems: LocalProblems;
let onBus: DesiredStateSource | null;

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'opendvs-source-'));
  onBus = null;
  manager = new FakeManager(undefined, (key, entry) => {
    if (onBus) deliver(onBus, key, entry);
    return Promise.resolve();
  });
  source = newSource();
});
afterEach(async () => {
  await source.stop();
  await rm(stateDir, { recursive: true });
});

function newSource(said: Partial<DesiredStateSourceOptions> = {}): DesiredStateSource {
  acted = [];
  standings = [];
  problems = new LocalProblems();
  return new DesiredStateSource({
    hostId: manager.hostId,
    local: { engine: 'sim', vhostSocketDir: '/run/opendvs/vhost', stateDir },
    diskCopy: new DiskCopy(stateDir, manager.hostId),
    problems,
    logger: silent,
    act: (desired, revisions) => acted.push({ desired, revisions }),
    onStanding: (standing) => standings.push(standing),
    onBadMessage: () => {},
    diskRetryMs: 50,
    ...said,
  });
}

function deliver(to: DesiredStateSource, key: string, entry: DesiredEntry | string): void {
  to.message({
    stream: key.startsWith('shared.') ? 'shared' : 'host',
    key,
    operation: 'PUT',
    value: new TextEncoder().encode(typeof entry === 'string' ? entry : JSON.stringify(entry)),
    initialValuesDone: true,
  });
}

/** The watches begin, and deliver what the manager has. */
function watchBegins(): void {
  source.restarted();
  for (const [key, entry] of manager.entries) deliver(source, key, entry);
  onBus = source;
}

async function aWorld() {
  const dvs = await manager.putSwitch();
  const group = await manager.putPortGroup(dvs);
  const host = await manager.putHost([dvs]);
  const port = await manager.putPort(group);
  await manager.putMeta();
  return { dvs, group, host, port };
}

const isCurrent = () => eventually('the state is current', () => source.current().state === 'current');
const portsActedOn = () => acted.at(-1)?.desired.ports.map(({ id }) => id);

describe('the source of desired state', () => {
  it('acts once on all that came together, and is current', async () => {
    const { port } = await aWorld();
    await source.start();
    expect(source.current().state).toBe('none');
    watchBegins();
    await isCurrent();
    expect(acted).toHaveLength(1);
    expect(portsActedOn()).toEqual([port.id]);
    expect(acted[0]?.revisions).toEqual({ host: port.revision, shared: manager.revision });
  });

  it('has each state on disk before it is acted on', async () => {
    const { group } = await aWorld();
    const onDisk: (string[] | undefined)[] = [];
    const copy = new DiskCopy(stateDir, manager.hostId);
    const reads: Promise<unknown>[] = [];
    source = newSource({
      act: () => {
        reads.push(copy.load().then((state) => onDisk.push(state?.desired.ports.map(({ id }) => id))));
      },
    });
    watchBegins();
    await isCurrent();
    await manager.putPort(group);
    await eventually('the second state is acted on', () => reads.length === 2);
    await Promise.all(reads);
    expect(onDisk.map((ports) => ports?.length)).toEqual([1, 2]);
  });

  it('acts on the copy of the disk at once after a restart, and changes nothing when the bus agrees', async () => {
    const { port } = await aWorld();
    watchBegins();
    await isCurrent();
    await source.stop();
    source = newSource();
    await source.start();
    expect(source.current().state).toBe('cached');
    expect(portsActedOn()).toEqual([port.id]);
    watchBegins();
    await isCurrent();
    expect(acted).toHaveLength(1);
  });

  it('waits for the bus when the copy of the disk is damaged, and says so until it is whole again', async () => {
    await aWorld();
    await writeFile(join(stateDir, DISK_COPY_FILE), 'x\n');
    await source.start();
    expect(acted).toEqual([]);
    expect(problems.all()).toEqual([
      { object: 'disk-copy', message: expect.stringMatching(/checksum.*until the bus/) as string },
    ]);
    watchBegins();
    await isCurrent();
    expect(problems.all()).toEqual([]);
  });

  it("doesn't act on a copy made for another socket folder", async () => {
    await aWorld();
    watchBegins();
    await isCurrent();
    await source.stop();
    source = newSource({ local: { engine: 'sim', vhostSocketDir: '/elsewhere', stateDir } });
    await source.start();
    expect(acted).toEqual([]);
    expect(source.current()).toEqual({
      state: 'refused',
      reason: expect.stringMatching(/OPENDVS_VHOST_SOCKET_DIR/) as string,
    });
  });

  it('keeps the last good state while a wiped bucket is filled again, and deletes nothing', async () => {
    const { port } = await aWorld();
    watchBegins();
    await isCurrent();
    source.interrupted('the bucket is not on the bus');
    expect(source.current()).toEqual({ state: 'cached', reason: 'the bucket is not on the bus' });
    source.restarted();
    for (const [key, entry] of manager.fillOrder()) {
      deliver(source, key, entry);
      await new Promise(setImmediate);
      expect(acted).toHaveLength(1);
    }
    await eventually('it waits for the record of the store', () =>
      source.current().reason?.includes('not filled'),
    );
    await manager.putMeta();
    await isCurrent();
    expect(acted.every(({ desired }) => desired.ports[0]?.id === port.id)).toBe(true);
  });

  it('holds a port until its port group is there, without a word while it is quick', async () => {
    const { dvs } = await aWorld();
    watchBegins();
    await isCurrent();
    const told = standings.length;
    const groupId = anId();
    const port = await manager.putPort({ id: groupId, switchId: dvs.id });
    await new Promise(setImmediate);
    expect(acted).toHaveLength(1);
    await manager.putPortGroup(dvs, { id: groupId });
    await eventually('the port is acted on', () => portsActedOn()?.includes(port.id));
    expect(standings).toHaveLength(told);
  });

  it('says which reference does not resolve when it lasts', async () => {
    const { dvs } = await aWorld();
    watchBegins();
    await isCurrent();
    const groupId = anId();
    await manager.putPort({ id: groupId, switchId: dvs.id });
    await eventually('it is told', () => source.current().state === 'cached');
    expect(source.current().reason).toContain(`port group ${groupId}, which is not on the bus`);
    expect(acted).toHaveLength(1);
  });

  it('refuses another store and stays with what it has', async () => {
    await aWorld();
    watchBegins();
    await isCurrent();
    const other = new FakeManager(manager.hostId);
    await other.putHost([]);
    await other.putMeta();
    source.restarted();
    for (const [key, entry] of other.entries) deliver(source, key, entry);
    await eventually('it refuses', () => source.current().state === 'refused');
    expect(source.current().reason).toContain(other.storeId);
    expect(acted).toHaveLength(1);
  });

  it('moves the revision on for a change that is not its own', async () => {
    await aWorld();
    watchBegins();
    await isCurrent();
    await manager.putSwitch();
    await eventually('the revision is acted on', () => acted.at(-1)?.revisions.shared === manager.revision);
    expect(acted.at(-1)?.desired.switches).toEqual(acted[0]?.desired.switches);
  });

  it('tells of an unusable message until a good one comes', async () => {
    const { group } = await aWorld();
    watchBegins();
    await isCurrent();
    const key = desiredKeys.portGroup(group.id);
    deliver(source, key, '{}');
    await eventually('it is told', () => problems.all().length === 1);
    expect(problems.all()).toEqual([
      { object: `bus:${key}`, message: expect.stringMatching(/last good value stays/) as string },
    ]);
    await manager.edit(group, {});
    await eventually('it is told no longer', () => problems.all().length === 0);
  });

  it('goes on acting when the disk fails, and says so', async () => {
    const { port } = await aWorld();
    await rm(stateDir, { recursive: true });
    await appendFile(stateDir, 'a file where the folder should be');
    watchBegins();
    await isCurrent();
    expect(portsActedOn()).toEqual([port.id]);
    expect(problems.all()).toEqual([
      { object: 'disk-copy', message: expect.stringMatching(/can't be kept in/) as string },
    ]);
    await rm(stateDir);
    await eventually('the copy is written after all', () => problems.all().length === 0, {
      timeoutMs: 10_000,
    });
    expect((await new DiskCopy(stateDir, manager.hostId).load())?.desired.ports[0]?.id).toBe(port.id);
  });

  it('tidies the copy of the disk in between', async () => {
    const { group } = await aWorld();
    const diskCopy = new DiskCopy(stateDir, manager.hostId);
    source = newSource({ diskCopy });
    watchBegins();
    await isCurrent();
    for (let i = 0; i < 250; i++) {
      const before = acted.length;
      await manager.edit(group, {});
      await eventually('it is acted on', () => acted.length > before, { intervalMs: 0 });
    }
    await eventually('it is tidy', () => !diskCopy.untidy);
    expect((await new DiskCopy(stateDir, manager.hostId).load())?.desired.portGroups[0]?.revision).toBe(
      manager.revision,
    );
  });
});
