/** An object in the user's own editor, as YAML. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CommandError, UsageError } from '../failure';
import { parseDocument } from '../input';
import type { Io } from '../io';
import { renderYaml } from '../output/document';
import type { Fragment } from '../resources/resource';

/**
 * Waits until the editor has ended, and applies what it leaves. When that fails the text is kept, and its place told: nobody types twice.
 * @throws CommandError when the user has emptied it: nothing is wanted then.
 */
export async function withEditor<T>(
  value: Fragment,
  title: string,
  io: Io,
  apply: (edited: Fragment) => Promise<T>,
): Promise<T> {
  const path = join(mkdtempSync(join(tmpdir(), 'dvsctl-')), 'edit.yaml');
  const forget = () => rmSync(dirname(path), { recursive: true, force: true });
  writeFileSync(
    path,
    `# ${title}. Save and leave to apply; empty the text to change nothing.\n${renderYaml(value)}`,
    { mode: 0o600 },
  );
  await runEditor(io.env.VISUAL || io.env.EDITOR || 'vi', path);
  const text = readFileSync(path, 'utf8');
  if (text.replace(/^#.*$/gm, '').trim() === '') {
    forget();
    throw new CommandError('interrupted', 'nothing was changed');
  }
  try {
    const done = await apply(parseDocument(text, 'your text'));
    forget();
    return done;
  } catch (error) {
    if (error instanceof CommandError)
      forget(); // saved: it is the hosts that lag behind
    else io.err(`dvsctl: your text is kept in ${path}; mend it and give it with -f\n`);
    throw error;
  }
}

/** $EDITOR may carry arguments ("code --wait"); it is split at blanks, never handed to a shell. */
async function runEditor(editor: string, path: string): Promise<void> {
  const [command = 'vi', ...args] = editor.split(/\s+/).filter(Boolean);
  const child = spawn(command, [...args, path], { stdio: 'inherit' });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) =>
      reject(new UsageError(`can't run the editor "${editor}": ${error.message}; set EDITOR`)),
    );
    child.once('exit', resolve);
  });
  if (status !== 0)
    throw new CommandError(
      'interrupted',
      `the editor ended with status ${status ?? 'unknown'}; nothing was changed`,
    );
}
