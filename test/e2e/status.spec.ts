/** @needs root hugepages */
import { eventually } from '@opendvs/testing';
import type { Item } from '@opendvs/api-client';
import { ping, Storm } from '../../dataplane/traffic-vm/src';
import { Lab, type LabGuest } from './lab';

describe('status and counters of ports with real VMs', () => {
  let lab: Lab;
  let group: Item<'port-groups'>;
  let left: LabGuest, right: LabGuest;

  beforeAll(async () => {
    lab = await Lab.start({ mtuBytes: 9000 });
    group = await lab.createGroup('office', { vlanId: 30 });
    [left, right] = (await lab.startGuests(
      { name: 'left', portGroup: group },
      { name: 'right', portGroup: group },
    )) as [LabGuest, LabGuest];
  }, 120_000);
  afterAll(() => lab?.stop(), 60_000);

  const countersOf = ({ port }: LabGuest) => lab.settledCounters(port.id);

  it('follows a port from wired to connected to down as its VM comes and goes', async () => {
    const port = await lab.createPort({ name: 'visitor', portGroup: group });
    await lab.network.untilState(port.id, 'wired');

    const { guest } = await lab.startGuest(port);
    const { status } = await lab.network.untilState(port.id, 'connected');
    expect(status.reason).toBeNull();

    await guest.destroy();
    const gone = await lab.network.untilState(port.id, 'down', 5000);
    expect(gone.status.reason).not.toBeNull();
    expect(Date.parse(gone.status.since)).toBeGreaterThan(Date.parse(status.since));
    await lab.network.delete('ports', port.id);
  }, 90_000);

  it('cuts the VMs of a port group that is administratively down off, says so, and lets them back', async () => {
    expect((await ping(left.guest, right.address, { count: 5 })).received).toBe(5);

    await lab.network.patch('port-groups', group.id, { adminStatus: 'down' });
    await lab.network.untilState(left.port.id, 'down');
    expect((await ping(left.guest, right.address, { count: 5 })).received).toBe(0);

    await lab.network.patch('port-groups', group.id, { adminStatus: 'up' });
    await lab.network.untilState(left.port.id, 'connected');
    expect((await ping(left.guest, right.address, { count: 5 })).received).toBe(5);
  }, 60_000);

  it('counts every frame that a VM sends and receives, by kind', async () => {
    // a neighbour that is remembered is asked after by and by, with a frame more
    for (const { guest } of [left, right]) await guest.expect('ip neigh flush dev eth0');
    const [before, beforeRight] = [await countersOf(left), await countersOf(right)];
    const offer = { frameBytes: 200, packetsPerSecond: 500, seconds: 2, toMac: right.port.macAddress };
    const sent = { unicast: 0, broadcast: 0, multicast: 0 };
    for (const kind of ['unicast', 'broadcast', 'multicast'] as const) {
      sent[kind] = (await Storm.start(left.guest, { kind, ...offer }).sent()).packets;
      expect(sent[kind]).toBeGreaterThan(900);
    }
    const [after, afterRight] = [await countersOf(left), await countersOf(right)];

    const all = sent.unicast + sent.broadcast + sent.multicast;
    expect(after.epoch).toBe(before.epoch);
    const grown = (
      name: 'rxPackets' | 'rxBytes' | 'rxUnicastPackets' | 'rxBroadcastPackets' | 'rxMulticastPackets',
    ) => after[name] - before[name];
    expect(grown('rxPackets')).toBe(all);
    expect(grown('rxBytes')).toBe(all * 200);
    expect({
      unicast: grown('rxUnicastPackets'),
      broadcast: grown('rxBroadcastPackets'),
      multicast: grown('rxMulticastPackets'),
    }).toEqual(sent);
    expect(afterRight.txPackets - beforeRight.txPackets).toBe(all);
  }, 60_000);

  it('carries jumbo frames between VMs on a switch of MTU 9000', async () => {
    const { lines } = await left.guest.run(`ping -c 10 -i 0.1 -s 8972 ${right.address}`);
    expect(lines.join('\n')).toContain('10 packets transmitted, 10 packets received');
  }, 30_000);

  it('shows the host down within 5 s of its death, and alive again after', async () => {
    const stateOf = async () =>
      (await lab.installation.api.collection('hosts').get(lab.host.id)).value.status.state;
    const [agentPid] = lab.host.agent.pids;
    process.kill(agentPid!, 'SIGSTOP');
    try {
      await eventually('the host is shown down', async () => (await stateOf()) === 'down', {
        timeoutMs: 5000,
      });
    } finally {
      process.kill(agentPid!, 'SIGCONT');
    }
    await eventually('the host is shown alive', async () => (await stateOf()) === 'alive', {
      timeoutMs: 5000,
    });
  }, 30_000);
});
