import recorded from '../test-vectors/recorded-port-stats.json';
import { decodePortStats } from './ports';
import { ReservedPort } from './protocol';

// Recorded: see `from` in the file.
const [local, vhost] = decodePortStats(Buffer.from(recorded.replyBody, 'hex'));

describe('port statistics of the switch', () => {
  it('say what a vhost-user port has received and sent', () => {
    expect(vhost).toMatchObject({
      port: 1,
      durationMs: 2553,
      rxPackets: 603264,
      rxBytes: 603264 * 128,
      txPackets: 0,
      txBytes: 0,
    });
  });

  it('tell multicast from broadcast on a vhost-user port', () => {
    expect(vhost).toMatchObject({
      rxMulticastPackets: 603264,
      rxBroadcastPackets: 0,
      txMulticastPackets: 0,
      txBroadcastPackets: 0,
    });
  });

  it('carry the counters that only this port type has, by its own names', () => {
    expect(vhost?.custom).toMatchObject({
      ovs_tx_failure_drops: 0,
      rx_q0_size_128_255_packets: 603264,
      tx_q0_inflight_completed: 0,
    });
  });

  it('are null where the port does not count', () => {
    expect(vhost).toMatchObject({ rxErrors: null, txErrors: null });
    expect(local).toMatchObject({
      port: ReservedPort.LOCAL,
      rxErrors: 0,
      txDropped: 603264,
      rxMulticastPackets: null,
      rxBroadcastPackets: null,
    });
    expect(local?.custom).toEqual({});
  });

  it('that end in the middle of a port are refused', () => {
    const cut = Buffer.from(recorded.replyBody, 'hex').subarray(0, 400);
    expect(() => decodePortStats(cut)).toThrow('where 94 are left');
  });
});
