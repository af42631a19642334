import { bridgeName, INTERFACE_NAME_BYTES_MAX, interfaceName, vhostSocketPath } from './port-names';

const id = '0b5ef1d2-7c1a-4a7e-9d3e-2f6a8c9b1e40';

describe('names on a host', () => {
  it('follow from the id alone and fit an interface name', () => {
    expect(interfaceName(id)).toBe('dv0b5ef1d27c1a');
    expect(bridgeName(id)).toBe('br-0b5ef1d27c1');
    expect(Math.max(interfaceName(id).length, bridgeName(id).length)).toBeLessThanOrEqual(
      INTERFACE_NAME_BYTES_MAX,
    );
  });

  it('put the socket in the host’s folder, with or without a trailing slash', () => {
    expect(vhostSocketPath('/run/opendvs/vhost/', id)).toBe('/run/opendvs/vhost/dv0b5ef1d27c1a.sock');
    expect(vhostSocketPath('/run/opendvs/vhost', id)).toBe('/run/opendvs/vhost/dv0b5ef1d27c1a.sock');
  });
});
