import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { problem } from '../../../libs/api-client/testing/http-fake';
import { fakeIo } from '../testing/fake-io';
import { FakeManager } from '../testing/fake-manager';
import { EXIT_CODES } from './exit-code';
import { buildProgram } from './program';
import { configPath, readLogin } from './settings/config-file';

let manager: FakeManager;
beforeEach(async () => {
  manager = await FakeManager.start();
});
afterEach(() => manager.stop());

describe('dvsctl', () => {
  it.each(['--help', 'help', '--version', 'switch --help', 'help port'])(
    'answers "%s" with status 0, on stdout, without asking anybody',
    async (line) => {
      const { code, stdout, stderr } = await manager.dvsctl(line.split(' '));
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout.length).toBeGreaterThan(4);
      expect(manager.requests).toEqual([]);
    },
  );

  it.each([
    ['', 'Usage: dvsctl'],
    ['swich list', "unknown command 'swich'"],
    ['switch list --colour', "unknown option '--colour'"],
    ['switch list -o xml', 'Allowed choices are table, json, yaml'],
    ['switch list --limit 0', 'A number from 1 is expected'],
    ['switch get', "missing required argument 'name'"],
    ['port wait p --timeout 5', '"5" is no duration; write for example 500ms'],
    ['port-group create x --admin maybe', 'Allowed choices are up, down'],
    ['completion tcsh', 'Allowed choices are bash, zsh, fish'],
  ])('refuses "%s" with status 1 and the reason on stderr', async (line, reason) => {
    const { code, stdout, stderr } = await manager.dvsctl(line.split(' ').filter(Boolean));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(reason);
  });

  it.each([
    [
      problem(401, 'unauthorized', 'the token is not valid'),
      2,
      'dvsctl: the token is not valid\nLog in with "dvsctl login"',
    ],
    [problem(404, 'not-found', 'there is none'), 3, 'dvsctl: there is none'],
    [problem(409, 'conflict', 'taken'), 4, 'dvsctl: taken'],
    [problem(412, 'precondition-failed', 'changed'), 4, 'dvsctl: changed'],
    [
      problem(422, 'unsupported-by-hosts', 'host a: no meters (and 1 more)', {
        hosts: [
          { hostName: 'a', reason: 'no meters' },
          { hostName: 'b', reason: 'too old' },
        ],
      }),
      2,
      '\n  b: too old\n',
    ],
    [problem(429, 'too-many-requests', 'wait 5 s'), 2, 'dvsctl: wait 5 s'],
    [problem(500, 'internal-error', 'its log has the details under 7'), 2, 'Asked: GET /api/v1/switches'],
    [problem(504, 'host-silent', 'no answer'), 5, 'dvsctl: no answer'],
    [{ status: 502, body: 'Bad Gateway' }, 5, 'which is no answer of a manager'],
  ])('ends %# with the status of what the manager answered', async (reply, code, words) => {
    manager.script('GET /api/v1/switches', reply);
    const result = await manager.dvsctl(['switch', 'list']);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(words);
  });

  it('names everybody who uses an object when the manager named only some', async () => {
    const prod = manager.add('switches', { name: 'prod' });
    const items = ['a', 'b', 'c', 'd'].map((name) => ({ id: name, name }));
    manager.script(
      `DELETE /api/v1/switches/${prod.id}`,
      problem(409, 'in-use', 'used by 30 ports', { usedBy: [{ kind: 'port', count: 30, items }] }),
    );
    expect((await manager.dvsctl(['switch', 'delete', 'prod', '-y'])).stderr).toContain(
      '  ports: a, b, c, d, and 26 more\n',
    );
  });

  it('ends with status 5 when there is no manager', async () => {
    await manager.stop();
    const { code, stderr } = await manager.dvsctl(['switch', 'list']);
    expect(code).toBe(5);
    expect(stderr).toContain('nothing listens there; is the manager running, and is the address right?');
  });

  it('never shows the token', async () => {
    const answers = [
      await manager.dvsctl(['status', '--token', 'top-secret']),
      await manager.dvsctl(['status', '--token', 'top secret']),
    ];
    expect(JSON.stringify(answers)).not.toMatch(/top.secret/);
    expect(answers.map(({ code }) => code)).toEqual([2, 1]);
  });

  it('uses every exit status for one thing only', () => {
    const codes = Object.values(EXIT_CODES).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it('describes every command and every option, and gives an example for every command that takes more than a name', () => {
    const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
    for (const command of all(buildProgram(fakeIo().io))) {
      if (command.name().startsWith('__')) continue;
      expect([command.name(), command.description()]).toEqual([command.name(), expect.stringMatching(/\w/)]);
      for (const option of command.options)
        expect([option.flags, option.description]).toEqual([option.flags, expect.stringMatching(/\w/)]);
      for (const argument of command.registeredArguments) expect(argument.description).toMatch(/\w/);
    }
  });
});

describe('login', () => {
  const homeDir = mkdtempSync(join(tmpdir(), 'dvsctl-login-'));
  afterAll(() => rmSync(homeDir, { recursive: true, force: true }));
  const path = configPath({ env: {}, homeDir });
  const login = (args: string[], given: object = {}) =>
    manager.dvsctl(['login', ...args], { homeDir, env: { DVSCTL_TOKEN: '' }, ...given });

  it('keeps a token that the manager accepts, read from stdin, and later commands use it', async () => {
    const { code, stdout, stderr } = await login([], { stdin: 'secret\n' });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain(`logged in to ${manager.url}`);
    expect(readLogin(path)).toEqual({ server: manager.url, token: 'secret' });
    expect(
      (await manager.dvsctl(['switch', 'list'], { homeDir, env: { DVSCTL_SERVER: '', DVSCTL_TOKEN: '' } }))
        .code,
    ).toBe(0);
  });

  it('keeps nothing when the manager refuses the token', async () => {
    await manager.dvsctl(['logout'], { homeDir });
    expect((await login(['--token', 'wrong'])).code).toBe(2);
    expect((await login([], { stdin: '' })).code).toBe(1);
    expect(readLogin(path)).toBeNull();
  });

  it('replaces a login that can not be used any more', async () => {
    await login(['--token', 'secret']);
    writeFileSync(path, 'nonsense');
    expect(
      (await manager.dvsctl(['switch', 'list'], { homeDir, env: { DVSCTL_TOKEN: '' } })).stderr,
    ).toContain('run "dvsctl login" to write it anew');
    expect((await login(['--token', 'secret'])).code).toBe(0);
    expect((await manager.dvsctl(['logout'], { homeDir })).stderr).toContain('forgot the login');
  });
});
