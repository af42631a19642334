import { SOCKET_PATH_BYTES_MAX, vhostSocketPath } from '@opendvs/model';
import type { ProblemError } from '../problems/problem';
import type { HostCapabilityReport } from '../reports/host-capabilities.service';
import { refuseIfUnsupported } from './capability-check';
import { socketDirReason } from './socket-dir';

describe('a socket folder', () => {
  it('may be as long as the longest socket path leaves room for', () => {
    const longest = `/${'d'.repeat(86)}`;
    expect(Buffer.byteLength(vhostSocketPath(longest, '6a0f6ed1-6f3c-4c0c-9f3d-0c1f6f9f3b11'))).toBe(
      SOCKET_PATH_BYTES_MAX,
    );
    expect(socketDirReason(longest)).toBeNull();
    expect(socketDirReason(`${longest}d`)).toMatch(/108 bytes.*at most 107.*shorter by 1$/);
  });

  it.each(['/run/opendvs/vhost', '/a', '/run/a.b_c-d'])('may be %s', (dir) => {
    expect(socketDirReason(dir)).toBeNull();
  });

  it.each([
    'run',
    './run',
    '/',
    '/run/',
    '/run//vhost',
    '/run/../etc',
    '/run/.',
    '/run/a b',
    '/run/ä',
    '/run;rm',
    '/run\n',
  ])('may not be %j', (dir) => {
    expect(socketDirReason(dir)).not.toBeNull();
  });
});

describe('what engines can do', () => {
  const ovs: HostCapabilityReport = {
    engine: 'ovs-dpdk (Open vSwitch 3.1.0)',
    switchModes: ['user-mode'],
    suppressionKinds: ['arpBroadcast'],
    unsupported: { unknownUnicast: 'NORMAL looks the address up itself' },
    maxPorts: 10,
  };
  const hosts = [
    { id: '1', name: 'known' },
    { id: '2', name: 'never-heard-of' },
  ];
  const capabilities = { of: (id: string) => (id === '1' ? ovs : null) };
  const wantedBy = 'port group g';

  it('is asked of every host, those never heard of given the benefit of the doubt', () => {
    const wanted = [
      { kind: 'suppression', name: 'arpBroadcast', wantedBy },
      { kind: 'switch-mode', name: 'user-mode', wantedBy },
    ] as const;
    expect(() => refuseIfUnsupported(hosts, wanted, capabilities)).not.toThrow();
    expect(() =>
      refuseIfUnsupported(
        [hosts[1]!],
        [{ kind: 'suppression', name: 'unknownUnicast', wantedBy }],
        capabilities,
      ),
    ).not.toThrow();
  });

  it("is refused with the host's own reason where it gives one, else with ours", () => {
    const refusal = (name: 'unknownUnicast' | 'multicast') => {
      try {
        refuseIfUnsupported(
          hosts,
          [{ kind: 'suppression', name, wantedBy, field: `/x/${name}` }],
          capabilities,
        );
      } catch (error) {
        return error as ProblemError;
      }
      throw new Error('it was not refused');
    };
    expect(refusal('unknownUnicast')).toMatchObject({
      slug: 'unsupported-by-hosts',
      detail: 'host known: NORMAL looks the address up itself',
      extras: {
        errors: [{ field: '/x/unknownUnicast' }],
        members: { hosts: [{ hostId: '1', hostName: 'known', capability: 'unknownUnicast' }] },
      },
    });
    expect(refusal('multicast').detail).toContain(
      'ovs-dpdk (Open vSwitch 3.1.0) does not support multicast, which port group g asks for',
    );
  });
});
