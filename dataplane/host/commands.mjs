// Runs the system's own tools for provisioning: quiet while all is well, with their last words when not.
import { spawn } from 'node:child_process';

const LINES_KEPT = 15;

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, onLine?: (line: string) => void }} options
 * @returns {Promise<string>} what it wrote, both streams
 */
export function run(command, args, { cwd, env, onLine } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const take = (data) => {
      output += data;
      const last = output.trimEnd().split('\n').at(-1);
      if (last) onLine?.(last);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', (error) =>
      reject(new Error(`${command} could not be run: ${error.message}`, { cause: error })),
    );
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output);
      const said = output.trimEnd().split('\n').slice(-LINES_KEPT).join('\n');
      reject(new Error(`"${[command, ...args].join(' ')}" ended with ${signal ?? code}:\n${said}`));
    });
  });
}
