/** Which manager to ask, as whom, and how to show the answer: options win over the environment, that over the saved login. */
import { readFileSync } from 'node:fs';
import { UsageError } from '../failure';
import type { Io } from '../io';
import { configPath, readLogin } from './config-file';

export const DEFAULT_SERVER = 'http://127.0.0.1:8420';
export const OUTPUT_FORMATS = ['table', 'json', 'yaml'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** As commander collects them. */
export interface GlobalOptions {
  server?: string;
  token?: string;
  tokenFile?: string;
  output: OutputFormat;
}

export interface Settings {
  /** Base URL, without a slash at its end. */
  server: string;
  token: string | null;
}

/** @throws UsageError for what can't be used, with its origin and what to do. */
export function resolveSettings(options: GlobalOptions, io: Io): Settings {
  const given = givenSettings(options, io);
  if (given.server && given.token) return { server: given.server, token: given.token };
  const path = configPath(io);
  const login = readLogin(path);
  const savedServer = login && readServer(login.server, path);
  const server = given.server ?? savedServer ?? DEFAULT_SERVER;
  // A token is only ever sent to the manager it was saved for.
  return { server, token: given.token ?? (savedServer === server ? (login?.token ?? null) : null) };
}

/** What options and the environment say, the saved login aside. */
export function givenSettings(
  options: GlobalOptions,
  io: Io,
): { server: string | null; token: string | null } {
  const server = options.server ?? io.env.DVSCTL_SERVER;
  return {
    server: server ? readServer(server, options.server ? '--server' : 'DVSCTL_SERVER') : null,
    token: givenToken(options, io),
  };
}

function givenToken({ token, tokenFile }: GlobalOptions, { env }: Io): string | null {
  if (token) return readToken(token, '--token');
  if (tokenFile) return readTokenFile(tokenFile, '--token-file');
  if (env.DVSCTL_TOKEN) return readToken(env.DVSCTL_TOKEN, 'DVSCTL_TOKEN');
  if (env.DVSCTL_TOKEN_FILE) return readTokenFile(env.DVSCTL_TOKEN_FILE, 'DVSCTL_TOKEN_FILE');
  return null;
}

function readTokenFile(path: string, origin: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`can't read the token (${origin}): ${(error as Error).message}`);
  }
  return readToken(text, `${origin} ${path}`);
}

/** One word of printable ASCII, or it would break the header it travels in. Never repeated in a message. */
export function readToken(text: string, origin: string): string {
  const token = text.trim();
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new UsageError(`${origin} does not hold a token: one word is expected, as the manager printed it`);
  return token;
}

export function readServer(text: string, origin: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new UsageError(
      `"${text}" (${origin}) is no address of a manager; write for example ${DEFAULT_SERVER}`,
    );
  }
  if (url.username || url.password)
    throw new UsageError(`a user or password in the address (${origin}) has no effect; give a token instead`);
  if (url.search || url.hash) throw new UsageError(`"${text}" (${origin}) must end before "?" and "#"`);
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}
