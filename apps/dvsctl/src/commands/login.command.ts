/** dvsctl login and logout: remember one manager and its token. */
import type { Command } from 'commander';
import { bodyOf, createApiClient } from '@opendvs/api-client';
import { ask } from '../ask';
import { act, withExamples } from '../command-setup';
import { UsageError } from '../failure';
import { type Io, readBytes } from '../io';
import type { Session } from '../session';
import { configPath, forgetLogin, saveLogin } from '../settings/config-file';
import { DEFAULT_SERVER, givenSettings, readToken } from '../settings/settings';

export function addLoginCommands(program: Command, io: Io): void {
  const login = program
    .command('login')
    .summary('remember a manager and its token')
    .description(
      'Checks the token with the manager, and keeps both in ~/.config/dvsctl/config.yaml, readable by you alone.\n' +
        'Without --token, --token-file, DVSCTL_TOKEN or DVSCTL_TOKEN_FILE, the token is asked for, or read from stdin.',
    );
  withExamples(login, [
    'login --server http://127.0.0.1:8420',
    'login --token-file /var/lib/opendvs/admin-token',
  ]);
  act(login, io, runLogin);

  const logout = program
    .command('logout')
    .summary('forget the manager and the token')
    .description(
      'Deletes what login has kept. The token itself stays valid; "dvsctl token delete" revokes it.',
    );
  act(logout, io, async ({ io: { env, homeDir }, note }) => {
    const path = configPath({ env, homeDir });
    note(forgetLogin(path) ? `forgot the login in ${path}` : 'there was no login');
  });
}

async function runLogin(session: Session): Promise<void> {
  const { io } = session;
  const given = givenSettings(session.options, io);
  const server = given.server ?? DEFAULT_SERVER;
  const token = given.token ?? readToken(await askForToken(io, server), 'stdin');
  const api = createApiClient({ ...session.clientOptions, server, token });
  const { revision } = await bodyOf(api.http.GET('/api/v1/revision'));
  const path = configPath(io);
  saveLogin(path, { server, token });
  session.note(`logged in to ${server} (revision ${revision}); kept in ${path}`);
}

async function askForToken(io: Io, server: string): Promise<string> {
  if (!io.isInteractive) return (await readBytes(io.stdin)).toString('utf8');
  const line = await ask(io, `Token for ${server}: `, { secret: true });
  if (line === null) throw new UsageError('no token was given');
  return line;
}
