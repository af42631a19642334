/** The API and what hosts report: refusals of what engines can't do, acknowledgements, statuses in answers. */
import { randomUUID } from 'node:crypto';
import { type NatsConnection, connect } from '@nats-io/transport-node';
import { type Heartbeat, type StatusReport, hostSubjects } from '@opendvs/contracts';
import { natsOptions } from '@opendvs/messaging';
import { ManagerRig, type Named, type Problem, aName, aPlace, some } from './manager-api-rig';

let rig: ManagerRig;
let nats: NatsConnection;
beforeAll(async () => {
  rig = await ManagerRig.start();
  nats = await connect({ ...natsOptions(rig.config.NATS_URL, 'test agent'), waitOnFirstConnect: true });
}, 60_000);
afterAll(async () => {
  await nats?.close();
  await rig?.stop();
});

/** What an agent says, by hand. */
class Agent {
  private readonly bootId = randomUUID();
  private heartbeats = 0;
  private reports = 0;

  constructor(private readonly hostId: string) {}

  heartbeat(capabilities: Partial<NonNullable<Heartbeat['engine']>['capabilities']> = {}): void {
    const report: Heartbeat = {
      ...this.source(this.heartbeats++),
      agentVersion: '0.1.0',
      engine: {
        name: 'Open vSwitch',
        version: '3.1.0',
        up: true,
        reason: null,
        capabilities: {
          switchModes: ['user-mode'],
          suppressionKinds: ['arpBroadcast', 'ipBroadcast', 'allBroadcast', 'multicast'],
          unsupported: { unknownUnicast: 'the pipeline can not tell unknown unicast' },
          maxPorts: 1000,
          ...capabilities,
        },
      },
      desiredState: 'current',
      desiredStateReason: null,
      appliedRevisions: { host: 0, shared: 0 },
      problems: [],
    };
    this.publish(hostSubjects.heartbeat(this.hostId), report);
  }

  status(applied: number, ports: StatusReport['ports'] = [], full = true): void {
    const report: StatusReport = {
      ...this.source(this.reports++),
      full,
      part: 0,
      last: true,
      appliedRevisions: { host: applied, shared: applied },
      ports,
      gone: [],
    };
    this.publish(hostSubjects.status(this.hostId), report);
  }

  private source(seq: number) {
    return { hostId: this.hostId, bootId: this.bootId, seq, sentAt: new Date().toISOString() };
  }

  private publish(subject: string, report: object): void {
    nats.publish(subject, JSON.stringify(report));
  }
}

/** Asks until the answer is as expected; the manager hears reports a moment after they were sent. */
async function eventually(check: () => Promise<void>): Promise<void> {
  const giveUpAt = Date.now() + 10_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function aHostThatReports(capabilities = {}) {
  const place = await aPlace(rig);
  const agent = new Agent(place.host.id);
  agent.heartbeat(capabilities);
  agent.status(0);
  await eventually(async () => {
    expect((await rig.ok('GET', `/hosts/${place.host.id}`)).status).toMatchObject({
      state: 'alive',
      engine: { up: true },
    });
  });
  return { ...place, agent };
}

const status = (portId: string, revision: number, more: Partial<StatusReport['ports'][number]> = {}) => ({
  portId,
  state: 'wired' as const,
  reason: null,
  since: '2026-01-02T03:04:05.678Z',
  appliedRevision: revision,
  ...more,
});

describe('what a host can not do', () => {
  it('is refused with the host and its reason: a kind of suppression', async () => {
    const { dvs, host, group } = await aHostThatReports();
    const threshold = { broadcastSuppression: { unknownUnicast: { ratePps: 100 } } };
    const refused = [
      await rig.send<Problem>('POST', '/port-groups', { switchId: dvs.id, name: 'g', ...threshold }),
      await rig.send<Problem>('PATCH', `/port-groups/${group.id}`, threshold, { 'if-match': '*' }),
    ];
    for (const answer of refused) {
      expect(answer).toMatchObject({
        status: 422,
        body: {
          type: 'https://opendvs.dev/problems/unsupported-by-hosts',
          errors: [
            {
              field: '/broadcastSuppression/unknownUnicast',
              reason: 'the pipeline can not tell unknown unicast',
            },
          ],
          hosts: [
            { hostId: host.id, hostName: host.name, reason: 'the pipeline can not tell unknown unicast' },
          ],
        },
      });
    }
    const arp = { broadcastSuppression: { arpBroadcast: { ratePps: 100 } } };
    expect(await rig.send('PATCH', `/port-groups/${group.id}`, arp, { 'if-match': '*' })).toMatchObject({
      status: 200,
    });
  });

  it('is refused when it enters a switch: the mode, and what the port groups there ask for', async () => {
    const { host } = await aHostThatReports();
    const sriov = await rig.ok<Named>('POST', '/switches', { name: aName('s'), mode: 'sriov-passthrough' });
    const join = (switchId: string) => rig.send<Problem>('PUT', `/switches/${switchId}/hosts/${host.id}`);
    expect(await join(sriov.id)).toMatchObject({
      status: 422,
      body: { hosts: [{ capability: 'sriov-passthrough' }] },
    });
    const strict = await rig.ok<Named>('POST', '/switches', { name: aName('s') });
    await rig.ok('POST', '/port-groups', {
      switchId: strict.id,
      name: 'g',
      broadcastSuppression: { unknownUnicast: { ratePps: 1 } },
    });
    expect(await join(strict.id)).toMatchObject({
      status: 422,
      body: { hosts: [{ capability: 'unknownUnicast' }] },
    });
  });

  it('is refused: more ports than its engine carries', async () => {
    const { port } = await aHostThatReports({ maxPorts: 2 });
    const create = (names: string[]) =>
      rig.send<Problem>('POST', '/ports/bulk', { create: names.map((name) => ({ ...port, name })) });
    expect(await create(['a', 'b', 'c'])).toMatchObject({
      status: 422,
      body: { hosts: [{ capability: 'maxPorts' }] },
    });
    expect(await create(['a', 'b'])).toMatchObject({ status: 200 });
    expect(await rig.send('POST', '/ports', { ...port, name: 'c' })).toMatchObject({ status: 422 });
  });
});

describe('?wait=applied', () => {
  it('answers when the host has acknowledged, with the status it reports', async () => {
    const { port, agent } = await aHostThatReports();
    const waiting = rig.send('POST', '/ports?wait=applied&timeoutMs=10000', { ...port, name: 'p' });
    let id = '';
    await eventually(async () => {
      const { items } = await rig.ok<{ items: Named[] }>('GET', `/ports?hostId=${port.hostId}`);
      expect(items).toHaveLength(1);
      id = items[0]!.id;
    });
    const revision = await rig.revision();
    agent.status(revision, [status(id, revision)], false);
    expect(await waiting).toMatchObject({
      status: 201,
      body: { id, applied: true, status: { state: 'wired', appliedRevision: revision, stale: false } },
    });
    expect(await rig.ok('GET', `/ports?state=wired&hostId=${port.hostId}`)).toMatchObject({
      items: [{ id }],
    });
    expect(await rig.ok('GET', `/ports?state=pending&hostId=${port.hostId}`)).toMatchObject({ total: 0 });
  });

  it("tells a port's error, the change being saved all the same", async () => {
    const { port, host, agent } = await aHostThatReports();
    const created = await rig.ok<Named>('POST', '/ports', { ...port, name: 'p' });
    const waiting = rig.send(
      'PATCH',
      `/ports/${created.id}?wait=applied`,
      { queues: 2 },
      { 'if-match': '"1"' },
    );
    await eventually(async () =>
      expect(await rig.ok('GET', `/ports/${created.id}`)).toMatchObject({ version: 2 }),
    );
    const revision = await rig.revision();
    const reason = 'the socket folder /run/opendvs/vhost is missing: create it';
    agent.status(revision, [status(created.id, revision, { state: 'error', reason })], false);
    expect(await waiting).toMatchObject({
      status: 202,
      headers: { etag: '"2"' },
      body: {
        applied: false,
        queues: 2,
        waitingFor: [],
        failures: [{ hostId: host.id, portId: created.id, reason }],
        status: { state: 'error', reason },
      },
    });
  });

  it('of an edit of a port group waits for every host in the switch', async () => {
    const first = await aHostThatReports();
    const second = await rig.ok<Named>('POST', '/hosts', { name: aName('host') });
    await rig.ok('PUT', `/switches/${first.dvs.id}/hosts/${second.id}`);
    const waiting = rig.send(
      'PATCH',
      `/port-groups/${first.group.id}?wait=applied&timeoutMs=1500`,
      { vlanId: 7 },
      { 'if-match': '*' },
    );
    await eventually(async () =>
      expect(await rig.ok('GET', `/port-groups/${first.group.id}`)).toMatchObject({ vlanId: 7 }),
    );
    first.agent.status(await rig.revision(), [], false);
    expect(await waiting).toMatchObject({
      status: 202,
      body: {
        vlanId: 7,
        applied: false,
        waitingFor: [{ hostId: second.id, reason: some.text }],
        failures: [],
      },
    });
  });

  it('of a patch that changes nothing waits for the change that made it so', async () => {
    const { port, agent } = await aHostThatReports();
    const created = await rig.ok<Named>('POST', '/ports', { ...port, name: 'p' });
    const same = (query: string) =>
      rig.send('PATCH', `/ports/${created.id}?wait=applied${query}`, { name: 'p' }, { 'if-match': '*' });
    expect(await same('&timeoutMs=0')).toMatchObject({ status: 202, body: { applied: false } });
    agent.status(created.revision, [status(created.id, created.revision)], false);
    expect(await same('')).toMatchObject({ status: 200, body: { applied: true, version: 1 } });
  });
});
