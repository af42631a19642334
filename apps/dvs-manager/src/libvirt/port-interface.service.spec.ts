import { ProblemError } from '../problems/problem';
import { renderPort } from './port-interface.service';

const port = {
  id: '01234567-89ab-4000-8000-000000000000',
  name: 'web-1-nic0',
  macAddress: '0a:d5:00:12:34:56',
  queues: 2,
  ringSize: 512,
};
const host = { vhostSocketDir: '/run/opendvs/vhost' };
const onSwitch = { name: 'prod', mode: 'user-mode' as const, mtuBytes: 9000 };

describe('renderPort', () => {
  it('takes MTU from the switch, the socket from the host, and the rest from the port', () => {
    expect(renderPort(port, host, onSwitch)).toBe(`<interface type='vhostuser'>
  <!-- the switch carries packets of 9000 bytes; set this MTU inside the guest, which takes 1500 by itself -->
  <mac address='0a:d5:00:12:34:56'/>
  <source type='unix' path='/run/opendvs/vhost/dv0123456789ab.sock' mode='server'/>
  <target dev='dv0123456789ab'/>
  <model type='virtio'/>
  <driver queues='2' rx_queue_size='512' tx_queue_size='512'/>
</interface>
`);
  });

  it.each([
    [
      { ringSize: 4096 },
      {},
      "port web-1-nic0: a ring of 4096 descriptors: QEMU's virtio-net takes 256, 512, 1024",
    ],
    [{}, { mode: 'sriov-passthrough' as const }, 'whose mode is sriov-passthrough'],
  ])('refuses %j on %j with 422 and the reason', (portPart, switchPart, reason) => {
    const refused = () => renderPort({ ...port, ...portPart }, host, { ...onSwitch, ...switchPart });
    expect(refused).toThrow(ProblemError);
    expect(refused).toThrow(reason);
    expect(refused).toThrow(expect.objectContaining({ status: 422 }) as Error);
  });
});
