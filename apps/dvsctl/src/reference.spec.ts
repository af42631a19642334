import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fakeIo } from '../testing/fake-io';
import { buildProgram } from './program';
import { renderReference } from './reference';

describe('docs/reference/dvsctl.md', () => {
  it('says what the commands say; run scripts/generate-dvsctl-reference.mjs after a change', () => {
    const written = readFileSync(join(__dirname, '../../../docs/reference/dvsctl.md'), 'utf8');
    expect(written).toBe(renderReference(buildProgram(fakeIo().io)));
  });
});
