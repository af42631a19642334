import { PortNotRenderableError, renderInterface, type PortFacts } from './interface-xml';

const port: PortFacts = {
  interfaceName: 'dv0123456789ab',
  socketPath: '/run/opendvs/vhost/dv0123456789ab.sock',
  macAddress: '52:54:00:12:34:56',
  queues: 1,
  ringSize: 256,
  mtuBytes: 1500,
};

describe('renderInterface', () => {
  it('writes the element that libvirt expects of a vhost-user port on which QEMU listens', () => {
    expect(renderInterface({ ...port, queues: 4, ringSize: 1024 })).toBe(
      [
        "<interface type='vhostuser'>",
        "  <mac address='52:54:00:12:34:56'/>",
        "  <source type='unix' path='/run/opendvs/vhost/dv0123456789ab.sock' mode='server'/>",
        "  <target dev='dv0123456789ab'/>",
        "  <model type='virtio'/>",
        "  <driver queues='4' rx_queue_size='1024' tx_queue_size='1024'/>",
        '</interface>',
      ].join('\n'),
    );
  });

  it('leaves a single queue to libvirt, which has no other default', () => {
    expect(renderInterface(port)).toContain("<driver rx_queue_size='256' tx_queue_size='256'/>");
  });

  it('never says <mtu>, with which libvirt 9.0 would not start the guest, but tells people of another MTU than 1500', () => {
    expect(renderInterface(port)).not.toMatch(/mtu/i);
    for (const mtuBytes of [1280, 9000]) {
      const element = renderInterface({ ...port, mtuBytes });
      expect(element).not.toContain('<mtu');
      expect(element).toContain(`<!-- the switch carries packets of ${mtuBytes} bytes`);
    }
  });

  it('escapes what a path may hold', () => {
    expect(renderInterface({ ...port, socketPath: "/run/a'b&<c>/x.sock" })).toContain(
      "path='/run/a&apos;b&amp;&lt;c&gt;/x.sock'",
    );
  });

  it('takes a socket path of 107 bytes and refuses one of 108, however few its characters', () => {
    const path = (bytes: number) =>
      `/${'é'.repeat((bytes - 3) / 2 - 1)}${'x'.repeat(4)}`.padEnd(bytes - ((bytes - 3) / 2 - 1), 'x');
    expect(Buffer.byteLength(path(107))).toBe(107);
    expect(() => renderInterface({ ...port, socketPath: path(107) })).not.toThrow();
    expect(() => renderInterface({ ...port, socketPath: `${path(107)}x` })).toThrow(
      '(108 bytes) must be an absolute path of at most 107 bytes',
    );
  });

  it.each<[keyof PortFacts, string | number, string]>([
    ['socketPath', 'run/x.sock', 'must be an absolute path'],
    ['macAddress', '01:00:5e:00:00:01', 'no unicast MAC address'],
    ['macAddress', '52:54:00:12:34', 'no unicast MAC address'],
    ['macAddress', "52:54:00:12:34:56'/>", 'no unicast MAC address'],
    ['queues', 0, '0 queues are outside 1..8'],
    ['queues', 9, '9 queues are outside 1..8'],
    ['queues', 1.5, '1.5 queues'],
    ['ringSize', 2048, "QEMU's virtio-net takes 256, 512, 1024"],
    ['ringSize', 300, 'a ring of 300 descriptors'],
  ])('refuses %s %j, naming the field and the reason', (field, value, reason) => {
    const refused = () => renderInterface({ ...port, [field]: value });
    expect(refused).toThrow(PortNotRenderableError);
    expect(refused).toThrow(
      expect.objectContaining({ field, message: expect.stringContaining(reason) as string }) as Error,
    );
  });
});
