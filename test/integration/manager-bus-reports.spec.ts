/** What hosts report, and what the manager makes of it: waiting, statuses, events, statistics. */
import { randomUUID } from 'node:crypto';
import { hostSubjects } from '@opendvs/contracts';
import { noDeltas } from '../../apps/dvs-manager/src/stats/counter-deltas';
import { PortMinutesStore } from '../../apps/dvs-manager/src/stats/port-minutes.store';
import { FakeAgent } from './manager-bus.agent';
import { EventReader } from './manager-bus.events';
import { Rig, type TestHost, type TestManager, type TestNats, until } from './manager-bus.rig';

jest.setTimeout(60_000);

describe('reports', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start();
  });
  afterEach(() => rig.clean());
  afterAll(() => rig.stop());

  interface World {
    database: string;
    nats: TestNats;
    manager: TestManager;
    host: TestHost;
    agent: FakeAgent;
  }

  async function aWorld(ports = 2): Promise<World> {
    const database = await rig.newDatabase();
    const nats = await rig.newNats();
    const manager = await rig.manager(database, nats.url);
    const host = await manager.createHostWithPorts(ports);
    const agent = await startAgent(nats, host.hostId);
    await until('the agent in step', () => agent.applied.host >= host.revision);
    return { database, nats, manager, host, agent };
  }

  async function startAgent(nats: TestNats, hostId: string): Promise<FakeAgent> {
    const agent = await FakeAgent.start(nats.url, hostId);
    rig.later(() => agent.die());
    await until('the bucket', () =>
      agent.apply().then(
        () => true,
        () => false,
      ),
    );
    return agent;
  }

  const stateOf = async (manager: TestManager, hostId: string) =>
    (await manager.request('GET', `/hosts/${hostId}`)).body.status as {
      state: string;
      reason: string;
      appliedRevisions: object;
    };
  const portOf = async (manager: TestManager, portId: string) =>
    (await manager.request('GET', `/ports/${portId}`)).body.status as {
      state: string;
      reason: string;
      stale: boolean;
    };

  it('lets a write wait until its host has applied it, on the manager that publishes and on another', async () => {
    const { database, nats, manager, host } = await aWorld();
    const other = await rig.manager(database, nats.url);
    const create = (name: string) => ({ portGroupId: host.portGroupId, hostId: host.hostId, name });
    for (const [asked, name] of [
      [manager, 'a'],
      [other, 'b'],
    ] as const) {
      const answer = await asked.request('POST', '/ports?wait=applied&timeoutMs=5000', create(name));
      expect(answer).toMatchObject({ status: 201, body: { applied: true, status: { state: 'wired' } } });
    }
    const edit = await other.request(
      'PATCH',
      `/port-groups/${host.portGroupId}?wait=applied&timeoutMs=5000`,
      { vlanId: 200 },
    );
    expect(edit).toMatchObject({ status: 200, body: { applied: true } });
  });

  it('tells a waiting write at once why its port failed', async () => {
    const { manager, host, agent } = await aWorld();
    const reason = String.raw`it's "odd" \ ? :x $1 → memory pool`;
    agent.outcome = { state: 'error', reason };
    const startedAt = performance.now();
    const answer = await manager.request('POST', '/ports?wait=applied&timeoutMs=20000', {
      portGroupId: host.portGroupId,
      hostId: host.hostId,
      name: 'bad',
    });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({
      applied: false,
      failures: [{ hostId: host.hostId, portId: answer.body.id, reason }],
    });
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it('shows a host down within 5 s of its agent’s death, and a waiting write says so', async () => {
    const { manager, host, agent } = await aWorld();
    await until('it alive', async () => (await stateOf(manager, host.hostId)).state === 'alive');
    await agent.die();
    const diedAt = performance.now();
    await until('it down', async () => (await stateOf(manager, host.hostId)).state === 'down');
    expect(performance.now() - diedAt).toBeLessThan(5000);
    expect(await portOf(manager, host.portIds[0]!)).toMatchObject({ state: 'wired', stale: true });
    const answer = await manager.request(
      'PATCH',
      `/port-groups/${host.portGroupId}?wait=applied&timeoutMs=50`,
      { vlanId: 7 },
    );
    expect(answer).toMatchObject({
      status: 202,
      body: {
        waitingFor: [{ hostId: host.hostId, reason: expect.stringMatching(/down.*silent since/) as string }],
      },
    });
  });

  it('asks for a full report when one was lost, and has the right state again', async () => {
    const { manager, host, agent } = await aWorld();
    const [portId] = host.portIds;
    await until('its state', async () => (await portOf(manager, portId!)).state === 'wired');
    agent.mute = true;
    agent.set(portId!, 'connected');
    agent.mute = false;
    agent.set(host.portIds[1]!, 'connected');
    await until('the lost state', async () => (await portOf(manager, portId!)).state === 'connected');
    expect(agent.reportAllRequests).toBeGreaterThan(0);
  });

  it('finds out from the heartbeat that the last report was lost', async () => {
    const { manager, host, agent } = await aWorld();
    agent.mute = true;
    const waiting = manager.request(
      'PATCH',
      `/port-groups/${host.portGroupId}?wait=applied&timeoutMs=10000`,
      { vlanId: 7 },
    );
    await until('it applied', () => agent.applied.shared > host.revision);
    agent.mute = false;
    expect(await waiting).toMatchObject({ status: 200, body: { applied: true } });
  });

  it('keeps what it knows over a restart, as stale until the host confirms it', async () => {
    const { database, nats, manager, host, agent } = await aWorld();
    const reason = String.raw`it's "odd" \ ? :x`;
    agent.set(host.portIds[0]!, 'error', reason);
    agent.set(host.portIds[1]!, 'connected');
    await until('it known', async () => (await portOf(manager, host.portIds[0]!)).state === 'error');
    await agent.die();
    await manager.stop();

    const next = await rig.manager(database, nats.url);
    expect(await portOf(next, host.portIds[0]!)).toMatchObject({ state: 'error', reason, stale: true });
    expect(await portOf(next, host.portIds[1]!)).toMatchObject({ state: 'connected', stale: true });
    expect(await stateOf(next, host.hostId)).toMatchObject({ state: 'unknown', agentVersion: '1.2.3' });
    await startAgent(nats, host.hostId);
    await until('it confirmed', async () => !(await portOf(next, host.portIds[1]!)).stale);
    expect(await portOf(next, host.portIds[1]!)).toMatchObject({ state: 'wired', stale: false });
  });

  it('survives whatever is on the bus, and counts it', async () => {
    const { manager, host, agent } = await aWorld();
    const junk = [
      '',
      '{',
      'null',
      '[]',
      '"x"',
      '{"hostId":1}',
      '\u0000',
      '{"__proto__":{}}',
      'x'.repeat(100_000),
    ];
    for (const text of junk)
      for (const subject of Object.values(hostSubjects)) agent.send(subject(host.hostId), text);
    agent.send('opendvs.v1.host.not-a-uuid.heartbeat', '{}');
    agent.send(hostSubjects.heartbeat(randomUUID()), {});
    agent.set(host.portIds[0]!, 'connected');
    await until(
      'the good report',
      async () => (await portOf(manager, host.portIds[0]!)).state === 'connected',
    );
    const { body } = await manager.request('GET', '/metrics');
    const counted = /opendvs_manager_bad_messages_total\{kind="malformed"\} (\d+)/.exec(
      body.text as string,
    )?.[1];
    expect(Number(counted)).toBe(junk.length * 3 + 2);
    expect(body.text).toMatch(/opendvs_manager_ports\{state="connected"\} 1/);
    expect(body.text).toMatch(/opendvs_manager_hosts\{state="alive"\} 1/);
    expect(body.text).toMatch(/opendvs_manager_outbox_entries 0/);
  });

  it('asks agents for plans and live ports, and says when they do not answer', async () => {
    const { manager, nats, host, agent } = await aWorld();
    const [portId] = host.portIds;
    const plan = {
      hostId: host.hostId,
      inSync: false,
      steps: [{ verb: 'create', key: 'k', because: 'b', dropsTraffic: false }],
    };
    agent.answer('plan', () => plan);
    agent.answer('port', () => ({ status: agent.ports.get(portId!), counters: null, engine: { ofport: 3 } }));
    expect(await manager.request('GET', `/hosts/${host.hostId}/plan`)).toMatchObject({
      status: 200,
      body: plan,
    });
    expect(await manager.request('GET', `/ports/${portId}/live`)).toMatchObject({
      status: 200,
      body: { portId, status: { state: 'wired' }, engine: { ofport: 3 } },
    });
    expect(await manager.request('GET', `/hosts/${randomUUID()}/plan`)).toMatchObject({ status: 404 });
    const silent = await manager.change('POST', '/hosts', { name: 'silent', engine: 'sim' });
    expect(await manager.request('GET', `/hosts/${silent.id}/plan`)).toMatchObject({
      status: 504,
      body: { type: expect.stringMatching(/host-silent/) as string },
    });
    const garbage = await manager.change('POST', '/hosts', { name: 'garbage', engine: 'sim' });
    const bad = await FakeAgent.start(nats.url, garbage.id);
    rig.later(() => bad.die());
    bad.answer('plan', () => 'no JSON {');
    expect(await manager.request('GET', `/hosts/${garbage.id}/plan`)).toMatchObject({
      status: 502,
      body: { detail: expect.stringMatching(/not JSON/) as string },
    });
  });

  it('counts in epochs: a restart of the engine never shows as a rate', async () => {
    const { manager, host, agent } = await aWorld();
    const [portId] = host.portIds;
    const begin = Date.now();
    const at = (seconds: number) => new Date(begin + seconds * 1000);
    const stats = async () =>
      (await manager.request('GET', `/ports/${portId}/stats`)).body as {
        rates: Record<string, unknown> | null;
        counters: { rxPackets: number };
      };
    agent.count(at(0), [{ portId, rxPackets: 1_000_000 }]);
    await until('the first reading', async () => (await stats()).counters?.rxPackets === 1_000_000);
    expect((await stats()).rates).toBeNull();
    agent.count(at(0.25), [
      { portId, rxPackets: 1_000_500, suppressed: { arpBroadcast: { packets: 25, bytes: 1500 } } },
    ]);
    await until('a rate', async () => (await stats()).rates);
    expect((await stats()).rates).toMatchObject({
      rxPacketsPerSecond: 2000,
      suppressed: { arpBroadcast: { packetsPerSecond: 100, bitsPerSecond: 48_000 } },
    });
    agent.count(at(5), [{ portId, epoch: 'two', rxPackets: 9_000_000 }]);
    await until('the new epoch', async () => (await stats()).counters.rxPackets === 9_000_000);
    expect((await stats()).rates).toBeNull();
    const recent = (await manager.request('GET', `/ports/${portId}/stats/history?step=5`)).body as {
      points: object[];
    };
    expect(recent.points).toMatchObject([{ rates: { rxPacketsPerSecond: 2000 } }]);
    expect((await manager.request('GET', `/hosts/${host.hostId}/stats`)).body).toMatchObject({
      portsByState: { wired: 2 },
      rates: { rxPacketsPerSecond: 0 },
    });
  });

  it('keeps minutes in PostgreSQL, the fuller of two, in steps and as long as wanted', async () => {
    const { manager, host } = await aWorld();
    const store = manager.get(PortMinutesStore);
    const [portId, other] = host.portIds as [string, string];
    const minute = (at: string, seconds: number, rxPackets: number) => ({
      portId,
      minute: new Date(`2026-01-01T12:${at}Z`),
      deltas: {
        ...noDeltas(),
        seconds,
        counts: { ...noDeltas().counts, rxPackets },
        suppressed: { multicast: { packets: 6, bytes: 60 } },
      },
    });
    await store.save([
      minute('00:00', 60, 600),
      minute('01:00', 30, 900),
      { ...minute('00:00', 60, 1), portId: other },
    ]);
    await store.save([minute('00:00', 10, 1), minute('01:00', 60, 1200)]);
    const history = async (query: string) =>
      (
        await manager.request(
          'GET',
          `/ports/${portId}/stats/history?from=2026-01-01T12:00:00Z&to=2026-01-01T12:10:00Z&step=${query}`,
        )
      ).body.points as { rates: object }[];
    expect(await history('60')).toMatchObject([
      {
        at: '2026-01-01T12:00:00.000Z',
        observedSeconds: 60,
        rates: {
          rxPacketsPerSecond: 10,
          suppressed: { multicast: { packetsPerSecond: 0.1, bitsPerSecond: 8 } },
        },
      },
      { at: '2026-01-01T12:01:00.000Z', observedSeconds: 60, rates: { rxPacketsPerSecond: 20 } },
    ]);
    expect((await history('60'))[0]!.rates).not.toHaveProperty('suppressed.arpBroadcast');
    expect(await history('300')).toMatchObject([
      { at: '2026-01-01T12:00:00.000Z', observedSeconds: 120, rates: { rxPacketsPerSecond: 15 } },
    ]);
    expect(await store.prune(new Date('2026-01-01T12:01:00Z'))).toBe(false);
    expect(await history('60')).toHaveLength(1);
  });

  it('times requests by route', async () => {
    const { manager } = await aWorld(1);
    await manager.request('GET', `/ports/${randomUUID()}`);
    const { body } = await manager.request('GET', '/metrics');
    expect(body.text).toMatch(
      /opendvs_manager_http_request_seconds_count\{method="GET",route="\/api\/v1\/ports\/:id",status="404"\} 1/,
    );
  });

  describe('the event stream', () => {
    it('tells of changes of any manager, and of statuses', async () => {
      const { database, nats, manager, host, agent } = await aWorld();
      const other = await rig.manager(database, nats.url);
      const reader = await EventReader.open(other);
      rig.later(async () => reader.close());
      await reader.next('ready');
      const { id, revision } = await manager.createSwitch('new');
      expect(await reader.next('change')).toMatchObject({
        id: `${revision}`,
        data: { revision, kind: 'switch', action: 'create', objectId: id, actor: 'administrator' },
      });
      agent.set(host.portIds[0]!, 'connected');
      const status = await reader.next(
        'port-status',
        (data) => (data as { portId: string }).portId === host.portIds[0],
      );
      expect(status.data).toMatchObject({ hostId: host.hostId, status: { state: 'connected' } });
      await agent.die();
      expect(
        (await reader.next('host-status', (data) => (data as { state: string }).state === 'down')).data,
      ).toMatchObject({ hostId: host.hostId });
    });

    it('resumes after Last-Event-ID without a gap or a repetition, while changes go on', async () => {
      const { manager, host } = await aWorld(1);
      const first = await EventReader.open(manager, { types: 'change' });
      await first.next('ready');
      await manager.createSwitch('seen');
      const seen = await first.next('change');
      first.close();
      const create = Array.from({ length: 450 }, (_, i) => ({
        portGroupId: host.portGroupId,
        hostId: host.hostId,
        name: `missed ${i}`,
      }));
      const missed = await manager.request('POST', '/ports/bulk', { create });
      const meanwhile = (async () => {
        for (let i = 0; i < 20; i += 1) await manager.createSwitch(`meanwhile ${i}`);
      })();
      const second = await EventReader.open(manager, { types: 'change', lastEventId: seen.id! });
      rig.later(async () => second.close());
      await meanwhile;
      const told: number[] = [];
      while (told.length < 470) told.push(Number((await second.next('change')).id));
      expect(told).toEqual(Array.from({ length: 470 }, (_, i) => Number(seen.id) + 1 + i));
      expect(missed.revision).toBe(Number(seen.id) + 450);
    });

    it('says when the revisions that a client knows are gone', async () => {
      const { manager } = await aWorld();
      const reader = await EventReader.open(manager, { lastEventId: '999999' });
      rig.later(async () => reader.close());
      expect((await reader.next('reset')).data).toMatchObject({
        reason: expect.stringMatching(/restored/) as string,
      });
    });

    it('ends when its token is revoked', async () => {
      const { manager } = await aWorld(1);
      const { body } = await manager.request('POST', '/tokens', { name: 'watcher' });
      const reader = await EventReader.open(manager, { token: body.token as string });
      rig.later(async () => reader.close());
      await reader.next('ready');
      await manager.change('DELETE', `/tokens/${body.id as string}`);
      expect((await reader.next('end')).data).toEqual({ reason: 'the token was revoked' });
    });

    it('wants a token, and known types', async () => {
      const { manager } = await aWorld(1);
      expect((await manager.app.inject({ url: '/api/v1/events' })).statusCode).toBe(401);
      expect(await manager.request('GET', '/events?types=weather')).toMatchObject({ status: 400 });
    });
  });
});
