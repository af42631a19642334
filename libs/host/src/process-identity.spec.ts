import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isSameProcess, processIdentity } from './process-identity';

describe('processIdentity', () => {
  it('knows a running process, and sees when it has ended', async () => {
    const child = spawn('sleep', ['60']);
    const identity = processIdentity(child.pid!)!;
    expect(identity.pid).toBe(child.pid);
    expect(isSameProcess(identity)).toBe(true);

    child.kill('SIGKILL');
    await once(child, 'exit');

    expect(isSameProcess(identity)).toBe(false);
    expect(processIdentity(child.pid!)).toBeNull();
  });

  it('does not take another process with the same id for it', () => {
    const own = processIdentity(process.pid)!;

    expect(isSameProcess({ ...own, startTicks: own.startTicks - 1 })).toBe(false);
  });

  it('reads past a program name with spaces and parentheses', async () => {
    const child = spawn('bash', ['-c', 'printf ") S 1 (" > /proc/$$/comm; echo renamed; read']);
    await once(child.stdout, 'data');
    const identity = processIdentity(child.pid!)!;

    expect(identity.startTicks).toBeGreaterThanOrEqual(processIdentity(process.pid)!.startTicks);
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
});
