import { aHostDesired, aPort, aPortGroup, aSuppression, aSwitch } from '@opendvs/testing';
import type { Host } from '@opendvs/model';
import { validateForOvs } from './validate';

function worldOn(host: Partial<Host>, suppression = aSuppression({})) {
  const dvs = aSwitch();
  const group = aPortGroup(dvs, { name: 'web', broadcastSuppression: suppression });
  return aHostDesired({
    host,
    switches: [dvs],
    portGroups: [group],
    ports: [aPort(group, { name: 'web-1' })],
  });
}

describe('validateForOvs', () => {
  it('says why a threshold on unknown unicast cannot be had, and what to do', () => {
    const world = worldOn({}, aSuppression({ unknownUnicast: { unit: 'pps', rate: 5 } }));
    expect(validateForOvs(world)).toEqual([
      {
        owner: { kind: 'port', id: world.ports[0]!.id },
        message: expect.stringMatching(
          /"web" has a threshold for unknownUnicast.*NORMAL.*take it off/,
        ) as string,
      },
    ]);
  });

  it('refuses a socket path that is too long for the kernel, by one byte', () => {
    const withFolderOf = (bytes: number) => worldOn({ vhostSocketDir: `/${'x'.repeat(bytes - 1)}` });
    const socketName = '/dv0123456789ab.sock'.length;
    expect(validateForOvs(withFolderOf(107 - socketName))).toEqual([]);
    expect(validateForOvs(withFolderOf(108 - socketName))[0]?.message).toMatch(/108 bytes; 107 are possible/);
  });
});
