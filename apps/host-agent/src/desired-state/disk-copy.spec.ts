import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { desiredKeys, type DesiredEntry } from '@opendvs/contracts';
import { anId, FakeManager } from '@opendvs/testing';
import { assembleDesired } from './assemble-desired';
import type { AcceptedState } from './acceptance';
import { DISK_COPY_FILE, DiskCopy } from './disk-copy';

let stateDir: string;
let file: string;
beforeEach(async () => {
  stateDir = join(await mkdtemp(join(tmpdir(), 'opendvs-disk-copy-')), 'agent');
  file = join(stateDir, DISK_COPY_FILE);
});
afterEach(async () => {
  for (const copy of opened.splice(0)) await copy.close();
  await rm(join(stateDir, '..'), { recursive: true });
});

const opened: DiskCopy[] = [];
function copyOf(hostId: string): DiskCopy {
  const copy = new DiskCopy(stateDir, hostId);
  opened.push(copy);
  return copy;
}

function stateOf(manager: FakeManager): AcceptedState {
  const entries: ReadonlyMap<string, DesiredEntry> = manager.entries;
  const assembly = assembleDesired(manager.hostId, { shared: entries, host: entries });
  if (!assembly.complete) throw new Error(assembly.reason);
  const { storeId, desired } = assembly.state;
  return {
    storeId,
    revisions: { host: manager.revision, shared: manager.revision },
    desired,
    entries: assembly.state.entries,
  };
}

async function aWorld() {
  const manager = new FakeManager();
  const dvs = await manager.putSwitch();
  const group = await manager.putPortGroup(dvs);
  await manager.putHost([dvs]);
  await manager.putMeta();
  return { manager, group };
}

/** Saves a state after each of `count` new ports; gives the states. */
async function saveSome(
  copy: DiskCopy,
  { manager, group }: Awaited<ReturnType<typeof aWorld>>,
  count: number,
) {
  const states: AcceptedState[] = [];
  for (let i = 0; i < count; i++) {
    await manager.putPort(group);
    states.push(stateOf(manager));
    await copy.save(states.at(-1) as AcceptedState);
  }
  await copy.close();
  return states;
}

describe('the copy of the desired state on disk', () => {
  it('gives nothing where there is none', async () => {
    expect(await copyOf(anId()).load()).toBeNull();
  });

  it('gives back the state saved last, after additions, edits and deletions', async () => {
    const { manager, group } = await aWorld();
    const copy = copyOf(manager.hostId);
    await copy.save(stateOf(manager));
    const ports = [await manager.putPort(group), await manager.putPort(group)] as const;
    await copy.save(stateOf(manager));
    await manager.delete(desiredKeys.port(manager.hostId, ports[0].id));
    await manager.edit(group, { adminStatus: 'down' });
    const last = stateOf(manager);
    await copy.save(last);
    expect(await copyOf(manager.hostId).load()).toEqual(last);
  });

  it('is readable by its owner alone', async () => {
    const world = await aWorld();
    await saveSome(copyOf(world.manager.hostId), world, 1);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(stateDir)).mode & 0o777).toBe(0o700);
  });

  it('passes over a last record that was being written, and no further', async () => {
    const world = await aWorld();
    const states = await saveSome(copyOf(world.manager.hostId), world, 3);
    const whole = await readFile(file, 'utf8');
    const ends = [...whole.matchAll(/\n/g)].map(({ index }) => index + 1);
    expect(ends).toHaveLength(3);
    for (let length = whole.length; length >= 0; length -= 37) {
      await truncate(file, length);
      const loading = copyOf(world.manager.hostId).load();
      const durable = ends.filter((end) => end <= length).length;
      if (durable === 0) await expect(loading).rejects.toThrow(/can't be used: its first record was cut off/);
      else expect(await loading).toEqual(states[durable - 1]);
    }
  });

  it('goes on after a torn record as if it had never been', async () => {
    const world = await aWorld();
    await saveSome(copyOf(world.manager.hostId), world, 2);
    await appendFile(file, 'half a rec');
    const copy = copyOf(world.manager.hostId);
    await copy.load();
    const [last] = await saveSome(copy, world, 1);
    expect(await copyOf(world.manager.hostId).load()).toEqual(last);
  });

  it('is not used when any byte of a finished record has changed: an older state must not be acted on', async () => {
    const world = await aWorld();
    await saveSome(copyOf(world.manager.hostId), world, 2);
    const whole = await readFile(file);
    for (let at = 0; at < whole.length - 1; at += 41) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ 0x01;
      if (damaged.lastIndexOf('\n') !== whole.lastIndexOf('\n')) continue;
      await writeFile(file, damaged);
      await expect(copyOf(world.manager.hostId).load()).rejects.toThrow(
        new RegExp(`${file}, can't be used: `),
      );
    }
  });

  it.each([
    ['nothing in it', ''],
    ['something else in it', 'hello\n'],
    ['zeros in it', '\0'.repeat(4096)],
  ])('is not used with %s', async (_what, text) => {
    const world = await aWorld();
    await saveSome(copyOf(world.manager.hostId), world, 1);
    await writeFile(file, text);
    await expect(copyOf(world.manager.hostId).load()).rejects.toThrow(/can't be used/);
  });

  it('is not used on another host, as when a machine was cloned', async () => {
    const world = await aWorld();
    await saveSome(copyOf(world.manager.hostId), world, 1);
    await expect(copyOf(anId()).load()).rejects.toThrow(`it belongs to host ${world.manager.hostId}`);
  });

  it('stays small when it is tidied, and holds the same', async () => {
    const world = await aWorld();
    const copy = copyOf(world.manager.hostId);
    await copy.save(stateOf(world.manager));
    while (!copy.untidy) {
      const port = await world.manager.putPort(world.group);
      await copy.save(stateOf(world.manager));
      await world.manager.delete(desiredKeys.port(world.manager.hostId, port.id));
      await copy.save(stateOf(world.manager));
    }
    const grown = (await stat(file)).size;
    await copy.tidy();
    expect(copy.untidy).toBe(false);
    expect((await stat(file)).size).toBeLessThan(grown / 20);
    const [last] = await saveSome(copy, world, 1);
    expect(await copyOf(world.manager.hostId).load()).toEqual(last);
  });

  it('writes only what changed', async () => {
    const world = await aWorld();
    await saveSome(copyOf(world.manager.hostId), world, 100);
    const copy = copyOf(world.manager.hostId);
    await copy.save(stateOf(world.manager));
    const before = (await stat(file)).size;
    await saveSome(copy, world, 1);
    expect((await stat(file)).size - before).toBeLessThan(1000);
  });

  it('can be written again after its folder was away', async () => {
    const world = await aWorld();
    const copy = copyOf(world.manager.hostId);
    await writeFile(stateDir, 'a file where the folder should be');
    await expect(copy.save(stateOf(world.manager))).rejects.toThrow();
    await rm(stateDir);
    const [last] = await saveSome(copy, world, 1);
    expect(await copyOf(world.manager.hostId).load()).toEqual(last);
  });
});
