import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildArchive } from './cpio';

describe('buildArchive', () => {
  const folder = mkdtempSync(join(tmpdir(), 'opendvs-cpio-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('makes an archive that busybox unpacks to the same tree', () => {
    const archive = buildArchive([
      { path: 'bin', content: null },
      { path: 'bin/tool', content: Buffer.from('#!/bin/sh\n'), isExecutable: true },
      { path: 'odd', content: Buffer.from([1, 2, 3, 4, 5]) },
    ]);

    execFileSync('busybox', ['cpio', '-idm'], {
      cwd: folder,
      input: archive,
      stdio: ['pipe', 'ignore', 'ignore'],
    });

    expect(readFileSync(join(folder, 'bin/tool'), 'utf8')).toBe('#!/bin/sh\n');
    expect(statSync(join(folder, 'bin/tool')).mode & 0o777).toBe(0o755);
    expect([...readFileSync(join(folder, 'odd'))]).toEqual([1, 2, 3, 4, 5]);
  });

  it('pads every part to four bytes and ends with the trailer', () => {
    const archive = buildArchive([{ path: 'a', content: Buffer.from('x') }]);

    expect(archive.length % 4).toBe(0);
    expect(archive.subarray(0, 6).toString()).toBe('070701');
    expect(archive.toString('latin1')).toContain('TRAILER!!!');
  });
});
