/**
 * What `dvsctl login` keeps between calls: one manager and its token, in $XDG_CONFIG_HOME/dvsctl/config.yaml. The token is a
 * secret, so the file has mode 0600, and one that others can read is refused rather than used.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { UsageError } from '../failure';
import type { Io } from '../io';

export interface SavedLogin {
  server: string;
  token: string;
}

export function configPath({ env, homeDir }: Pick<Io, 'env' | 'homeDir'>): string {
  return join(env.XDG_CONFIG_HOME || join(homeDir, '.config'), 'dvsctl', 'config.yaml');
}

/** Null when there is none. @throws UsageError when it can't be used, saying what to do. */
export function readLogin(path: string): SavedLogin | null {
  const text = readIfPresent(path);
  if (text === null) return null;
  if ((statSync(path).mode & 0o077) !== 0)
    throw new UsageError(`${path} holds a token and others can read it; run: chmod 600 ${path}`);
  const value = parseLogin(text, path);
  const { server, token } = (value ?? {}) as Record<string, unknown>;
  if (typeof server !== 'string' || typeof token !== 'string') {
    throw new UsageError(`${path} must hold "server" and "token"; run "dvsctl login" to write it anew`);
  }
  return { server, token };
}

/** Replaces the file in one step, so that a reader never sees half of it. */
export function saveLogin(path: string, login: SavedLogin): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, stringify(login), { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, path);
}

/** Whether there was one. */
export function forgetLogin(path: string): boolean {
  const present = readIfPresent(path) !== null;
  rmSync(path, { force: true });
  return present;
}

function readIfPresent(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new UsageError(`can't read ${path}: ${(error as Error).message}`);
  }
}

function parseLogin(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new UsageError(`${path} is not valid YAML: ${(error as Error).message}`);
  }
}
