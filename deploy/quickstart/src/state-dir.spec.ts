import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processIdentity } from '@opendvs/host';
import { StateDir } from './state-dir';

describe('StateDir', () => {
  let folder: string;
  const children: ChildProcess[] = [];
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'opendvs-state-'))));
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  const sleeper = () => {
    const child = spawn('sleep', ['60']);
    children.push(child);
    return { child, identity: processIdentity(child.pid!)! };
  };
  const gone = async () => {
    const { child, identity } = sleeper();
    child.kill('SIGKILL');
    await once(child, 'exit');
    return identity;
  };
  const writeOwner = (owner: object) => writeFileSync(join(folder, 'owner.json'), JSON.stringify(owner));

  it('gives every run a folder of its own, which is gone after it', async () => {
    const { stateDir, leftovers } = await StateDir.claim(folder);
    expect(leftovers).toBe(0);
    expect(existsSync(stateDir.runDir)).toBe(true);

    stateDir.release({ keepRun: false });

    expect(existsSync(stateDir.runDir)).toBe(false);
    expect((await StateDir.claim(folder)).leftovers).toBe(0);
  });

  it('keeps the folder of a failed run until the next one', async () => {
    const { stateDir } = await StateDir.claim(folder);
    writeFileSync(join(stateDir.runDir, 'x.log'), 'why');
    stateDir.release({ keepRun: true });
    expect(existsSync(join(stateDir.runDir, 'x.log'))).toBe(true);

    await StateDir.claim(folder);

    expect(existsSync(join(stateDir.runDir, 'x.log'))).toBe(false);
  });

  it('refuses a second quickstart while the first runs, and says which process it is', async () => {
    const { identity } = sleeper();
    writeOwner({ quickstart: identity, processes: [] });

    await expect(StateDir.claim(folder)).rejects.toThrow(`process ${identity.pid}`);
  });

  it('ends what a killed quickstart has left', async () => {
    const { child, identity } = sleeper();
    writeOwner({ quickstart: await gone(), processes: [identity] });
    const ended = once(child, 'exit');

    expect((await StateDir.claim(folder)).leftovers).toBe(1);

    expect(await ended).toEqual([null, 'SIGTERM']);
  });

  it('does not touch a process that only has the number of one that it left', async () => {
    const { child, identity } = sleeper();
    writeOwner({
      quickstart: await gone(),
      processes: [{ ...identity, startTicks: identity.startTicks - 1 }],
    });

    expect((await StateDir.claim(folder)).leftovers).toBe(0);

    expect(child.exitCode).toBeNull();
    expect(child.signalCode).toBeNull();
  });
});
