import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FakeManager } from '../../testing/fake-manager';
import { SHELL_SCRIPTS } from './shell-scripts';

let manager: FakeManager;
beforeEach(async () => {
  manager = await FakeManager.start();
});
afterEach(() => manager.stop());

async function complete(...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await manager.dvsctl(['__complete', '--', ...words]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split('\n').flatMap((line) => line.split('\t')[0] || []);
}

describe('completion', () => {
  it('offers commands, then their commands, then their options', async () => {
    expect(await complete('po')).toEqual(['port-group', 'port']);
    expect(await complete('switch', '')).toEqual([
      'list',
      'get',
      'create',
      'edit',
      'delete',
      'hosts',
      'add-host',
      'remove-host',
    ]);
    expect(await complete('switch', 'create', 'x', '--m')).toEqual(['--mode', '--mtu']);
    expect(await complete('switch', 'list', '--ou')).toEqual(['--output']);
  });

  it('offers the choices of an option, and names where an option takes one', async () => {
    manager.add('switches', { name: 'prod' });
    manager.add('hosts', { name: 'compute-1' });
    expect(await complete('-o', '')).toEqual(['table', 'json', 'yaml']);
    expect(await complete('port-group', 'create', 'x', '--admin', '')).toEqual(['up', 'down']);
    expect(await complete('port-group', 'list', '--switch', 'p')).toEqual(['prod']);
    expect(await complete('domain', 'render', '--host', '')).toEqual(['compute-1']);
  });

  it('offers names of what a command is about, and none where a new one is asked for', async () => {
    manager.add('port-groups', { name: 'web' });
    manager.add('switches', { name: 'prod' });
    manager.add('hosts', { name: 'compute-1' });
    expect(await complete('port-group', 'get', '')).toEqual(['web']);
    expect(await complete('port-group', 'delete', 'web', '')).toEqual(['web']);
    expect(await complete('switch', 'add-host', '')).toEqual(['prod']);
    expect(await complete('switch', 'add-host', 'prod', '')).toEqual(['compute-1']);
    expect(await complete('port-group', 'create', '')).toEqual([]);
  });

  it('goes without names when the manager is away', async () => {
    await manager.stop();
    expect(await complete('switch', 'get', '')).toEqual([]);
    expect(await complete('switch', 'g')).toEqual(['get']);
  });

  it('works in bash, for names with blanks too', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'dvsctl-bash-'));
    const command = join(dir, 'dvsctl');
    writeFileSync(
      command,
      '#!/bin/sh\n[ "$1 $2 $3 $4 $5" = "__complete -- switch get p" ] && printf \'prod\\tswitch\\nplan b\\tswitch\\n\'\n',
      { mode: 0o755 },
    );
    const script = `${SHELL_SCRIPTS.bash}\nCOMP_WORDS=(dvsctl switch get p) COMP_CWORD=3\n_dvsctl\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script], {
      env: { PATH: `${dir}:/usr/bin:/bin` },
    });
    rmSync(dir, { recursive: true });
    expect(stdout).toBe('prod\nplan\\ b\n');
  });
});
