import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../failure';
import { fakeIo } from '../../testing/fake-io';
import { configPath, forgetLogin, readLogin, saveLogin } from './config-file';
import { DEFAULT_SERVER, resolveSettings } from './settings';

describe('settings', () => {
  const homeDir = mkdtempSync(join(tmpdir(), 'dvsctl-home-'));
  afterAll(() => rmSync(homeDir, { recursive: true, force: true }));
  const path = configPath({ env: {}, homeDir });
  afterEach(() => rmSync(path, { force: true }));

  const resolve = (options: object = {}, env: Record<string, string> = {}) =>
    resolveSettings({ output: 'table', ...options }, fakeIo({ homeDir, env }).io);

  it('asks the manager of this machine, without a token, when nothing is said', () => {
    expect(resolve()).toEqual({ server: DEFAULT_SERVER, token: null });
  });

  it('prefers options to the environment, and that to the saved login', () => {
    saveLogin(path, { server: 'http://saved:1', token: 'saved' });
    expect(resolve()).toEqual({ server: 'http://saved:1', token: 'saved' });
    expect(resolve({}, { DVSCTL_SERVER: 'http://env:2/', DVSCTL_TOKEN: 'env' })).toEqual({
      server: 'http://env:2',
      token: 'env',
    });
    expect(
      resolve(
        { server: 'http://option:3', token: 'option' },
        { DVSCTL_SERVER: 'http://env:2', DVSCTL_TOKEN: 'env' },
      ),
    ).toEqual({
      server: 'http://option:3',
      token: 'option',
    });
  });

  it('never sends a saved token to another manager than it was saved for', () => {
    saveLogin(path, { server: 'http://saved:1', token: 'saved' });
    expect(resolve({ server: 'http://other:1' }).token).toBeNull();
    expect(resolve({}, { DVSCTL_SERVER: 'http://other:1' }).token).toBeNull();
    expect(resolve({ server: 'http://saved:1/' }).token).toBe('saved');
  });

  it('reads a token from a file, without its line end', () => {
    const file = join(homeDir, 'token');
    writeFileSync(file, 'from-file\n');
    expect(resolve({ tokenFile: file }).token).toBe('from-file');
    expect(resolve({}, { DVSCTL_TOKEN_FILE: file }).token).toBe('from-file');
  });

  it('keeps the login so that others can not read it, and refuses one that they can', () => {
    saveLogin(path, { server: 'http://saved:1', token: 'saved' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    chmodSync(path, 0o644);
    expect(() => readLogin(path)).toThrow(`run: chmod 600 ${path}`);
  });

  it('replaces a login that others could read by one that they can not', () => {
    saveLogin(path, { server: 'http://saved:1', token: 'old' });
    chmodSync(path, 0o666);
    saveLogin(path, { server: 'http://saved:1', token: 'new' });
    expect(readLogin(path)?.token).toBe('new');
  });

  it('forgets a login, and says whether there was one', () => {
    saveLogin(path, { server: 'http://saved:1', token: 'saved' });
    expect(forgetLogin(path)).toBe(true);
    expect(forgetLogin(path)).toBe(false);
    expect(readLogin(path)).toBeNull();
  });

  it('follows XDG_CONFIG_HOME', () => {
    expect(configPath({ env: { XDG_CONFIG_HOME: '/xdg' }, homeDir })).toBe('/xdg/dvsctl/config.yaml');
  });

  it.each([
    [{ server: 'localhost:8420' }, {}, '"localhost:8420" (--server) is no address of a manager'],
    [{ server: 'ftp://x' }, {}, 'is no address of a manager'],
    [{}, { DVSCTL_SERVER: 'nonsense' }, '"nonsense" (DVSCTL_SERVER)'],
    [{ server: 'http://me:secret@x' }, {}, 'give a token instead'],
    [{ server: 'http://x/?a=1' }, {}, 'must end before "?"'],
    [{ token: 'two words' }, {}, '--token does not hold a token'],
    [{}, { DVSCTL_TOKEN: 'a\nb' }, 'DVSCTL_TOKEN does not hold a token'],
    [{ tokenFile: '/does/not/exist' }, {}, "can't read the token (--token-file)"],
  ])('refuses %j with %j, saying where it came from', (options, env, message) => {
    expect(() => resolve(options, env as Record<string, string>)).toThrow(UsageError);
    expect(() => resolve(options, env as Record<string, string>)).toThrow(message);
  });

  it('never repeats a token in a message', () => {
    expect(() => resolve({ token: 'sec ret' })).not.toThrow('sec ret');
  });

  it.each([
    ['a: [', 'is not valid YAML'],
    ['server: http://x', 'must hold "server" and "token"'],
  ])('refuses a config file of %j', (text, message) => {
    saveLogin(path, { server: 'http://saved:1', token: 'saved' });
    writeFileSync(path, text);
    expect(() => resolve()).toThrow(message);
  });
});
