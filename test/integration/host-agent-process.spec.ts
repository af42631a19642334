import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { ClientNats } from '@nestjs/microservices';
import { lastValueFrom, timeout } from 'rxjs';
import {
  desiredKeys,
  planReplySchema,
  portReplySchema,
  reportAllReplySchema,
  rpcSubject,
  type RpcPattern,
} from '@opendvs/contracts';
import { SimulatedEngine } from '@opendvs/driver-sim';
import { freePort } from '@opendvs/embedded';
import { natsOptions } from '@opendvs/messaging';
import { NO_SUPPRESSION, vhostSocketPath } from '@opendvs/model';
import { anId, eventually } from '@opendvs/testing';
import { AgentRig } from './host-agent.rig';

jest.setTimeout(30_000);

let rig: AgentRig;
beforeEach(async () => {
  rig = await AgentRig.start();
});
afterEach(() => rig.dispose());

describe('requests to an agent', () => {
  let engine: SimulatedEngine;
  let client: ClientNats;
  beforeEach(() => {
    engine = new SimulatedEngine();
    client = new ClientNats(natsOptions(rig.config.natsUrl, 'test'));
  });
  afterEach(() => client.close());

  const ask = (pattern: RpcPattern, request: object): Promise<unknown> =>
    lastValueFrom(client.send(rpcSubject(rig.manager.hostId, pattern), request).pipe(timeout(3000)));
  const untilItListens = () =>
    eventually('the agent listens to requests', () => ask('plan', { hostId: rig.manager.hostId }));

  it('answers with the plan, a port, and a full report', async () => {
    const { hostId } = rig.manager;
    const { ports } = await rig.fillWorld();
    await rig.startAgent(engine);
    await rig.untilApplied();
    await untilItListens();
    expect(planReplySchema.parse(await ask('plan', { hostId }))).toEqual({
      hostId,
      inSync: true,
      steps: [],
      omitted: 0,
      withheld: [],
    });
    const port = portReplySchema.parse(await ask('port', { hostId, portId: ports[0]!.id }));
    expect(port).toMatchObject({
      status: { state: 'wired' },
      counters: { portId: ports[0]!.id },
      engine: { link: 'no-peer' },
    });
    expect(JSON.stringify(port.engine.objects)).toContain(ports[0]!.name);
    expect(portReplySchema.parse(await ask('port', { hostId, portId: anId() })).status).toBeNull();
    const statuses = rig.reports.statuses.length;
    expect(reportAllReplySchema.parse(await ask('report-all', { hostId }))).toEqual({ ports: 2 });
    await eventually('the report is there', () =>
      rig.reports.statuses.slice(statuses).some(({ full }) => full),
    );
  });

  it('refuses what does not fit or is for another host, with the reason', async () => {
    await rig.fillWorld();
    await rig.startAgent(engine);
    await rig.untilApplied();
    await untilItListens();
    await expect(ask('plan', {})).rejects.toMatchObject({
      message: expect.stringMatching(/hostId/) as string,
    });
    await expect(ask('plan', { hostId: anId() })).rejects.toMatchObject({
      message: expect.stringMatching(/this is host/) as string,
    });
    await expect(ask('port', { hostId: rig.manager.hostId, portId: '../x' })).rejects.toMatchObject({
      message: expect.stringMatching(/portId/) as string,
    });
  });

  it('says why it has nothing to report before there is a desired state', async () => {
    await rig.startAgent(engine);
    await eventually('it listens', () => ask('port', { hostId: rig.manager.hostId, portId: anId() }));
    await expect(ask('report-all', { hostId: rig.manager.hostId })).rejects.toMatchObject({
      message: expect.stringMatching(/no desired state yet: the bus has no record of its store/) as string,
    });
  });
});

describe('what people on the host can ask', () => {
  it('gets an answer on the unix socket, which is for root and its group alone', async () => {
    const { ports } = await rig.fillWorld();
    await rig.startAgent(new SimulatedEngine());
    await rig.untilApplied();
    expect((await stat(rig.config.agentSocket)).mode & 0o777).toBe(0o660);
    expect(await rig.status()).toMatchObject({
      desiredState: { state: 'current', reason: null },
      bus: { up: true },
      ports: { wired: 2 },
      problems: [],
    });
    expect((await rig.get<unknown[]>('/v1/ports')).body).toHaveLength(2);
    expect((await rig.get('/v1/plan')).body).toMatchObject({ inSync: true, steps: [] });
    const { body } = await rig.get<{ engine: { socket: string } }>(`/v1/ports/${ports[0]?.id.toUpperCase()}`);
    expect(body.engine.socket).toBe(vhostSocketPath(rig.config.vhostSocketDir, ports[0]!.id));
    for (const path of [`/v1/ports/${anId()}`, '/v1/ports/../status/x', '/v2/status', '/', '/v1/status/x']) {
      expect((await rig.get(path)).status).toBe(404);
    }
  });

  it('gets the plan refused with the reason while there is nothing to plan for', async () => {
    await rig.startAgent(new SimulatedEngine());
    expect(await rig.get('/v1/plan')).toMatchObject({
      status: 503,
      body: { detail: expect.stringMatching(/complete desired state/) as string },
    });
  });

  it('gets numbers for Prometheus, per port and kind, and health', async () => {
    const { dvs, ports } = await rig.fillWorld();
    const engine = new SimulatedEngine();
    const metricsPort = await freePort();
    await rig.startAgent(engine, { metricsPort });
    await rig.untilApplied();
    const group = await rig.manager.putPortGroup(dvs, {
      broadcastSuppression: { ...NO_SUPPRESSION, arpBroadcast: { unit: 'pps', rate: 1 } },
    });
    const port = await rig.manager.putPort(group, { number: 9 });
    await rig.put(desiredKeys.port(rig.manager.hostId, ports[0]!.id), '{}');
    await rig.untilApplied();
    engine.connectVm(port.id);
    engine.offer(port.id, [{ frameClass: 'arpBroadcast', packetsPerSecond: 1000, frameBytes: 64 }]);
    const get = async (path: string) => (await fetch(`http://127.0.0.1:${metricsPort}${path}`)).text();
    const value = async (series: string): Promise<number> =>
      Number(
        new RegExp(`^${series.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(await get('/metrics'))?.[1],
      );
    await eventually(
      'suppressed packets are shown',
      async () =>
        (await value(`opendvs_port_suppressed_packets_total{port="${port.id}",kind="arpBroadcast"}`)) > 10,
    );
    expect(await value('opendvs_ports{state="connected"}')).toBe(1);
    expect(await value('opendvs_ports{state="wired"}')).toBe(2);
    expect(await value('opendvs_agent_engine_up')).toBe(1);
    expect(await value('opendvs_agent_nats_up')).toBe(1);
    expect(await value('opendvs_agent_desired_state{state="current"}')).toBe(1);
    expect(await value('opendvs_agent_bad_desired_messages_total')).toBe(1);
    expect(await value('opendvs_agent_applied_revision{stream="host"}')).toBe(port.revision);
    expect(await value('opendvs_agent_apply_seconds_count')).toBeGreaterThan(1);
    expect(JSON.parse(await get('/healthz'))).toEqual({
      status: 'alive',
      engineUp: true,
      natsUp: true,
      desiredState: 'current',
    });
    await rig.stopBus();
    await eventually('NATS is shown as away', async () => (await value('opendvs_agent_nats_up')) === 0);
    expect(JSON.parse(await get('/healthz'))).toMatchObject({ status: 'alive', natsUp: false });
  });

  it('gets told that the port of /metrics is taken, and gets it when it is free', async () => {
    const metricsPort = await freePort();
    const taken = createServer().listen(metricsPort, '127.0.0.1');
    await once(taken, 'listening');
    await rig.startAgent(new SimulatedEngine(), { metricsPort });
    const problems = await eventually('it says so', async () => {
      const found = (await rig.status()).problems;
      return found.length > 0 && found;
    });
    expect(problems).toEqual([
      { object: 'metrics', message: expect.stringMatching(/EADDRINUSE.*trying again/) as string },
    ]);
    taken.close();
    await eventually('it listens', async () => (await rig.status()).problems.length === 0, {
      timeoutMs: 10_000,
    });
  });
});

describe('an agent with a wrong password for its bus', () => {
  it('says why it is not connected, and goes on trying', async () => {
    const natsUrl = rig.config.natsUrl.replace(/:[^:@]*@/, ':wrong@');
    await rig.startAgent(new SimulatedEngine(), { natsUrl });
    await eventually('it says why', async () =>
      /authorization/i.test(JSON.stringify((await rig.status()).bus)),
    );
    expect(JSON.stringify(await rig.status())).not.toContain('wrong');
  });
});

describe('an agent as a process', () => {
  it('has every port of the engine in its copy when it is killed in the middle of a burst, and takes nothing back', async () => {
    const { group } = await rig.fillWorld(1);
    await rig.spawnAgent();
    await rig.untilApplied();
    const burst = Promise.all(
      Array.from({ length: 200 }, (_, i) => rig.manager.putPort(group, { number: 100 + i })),
    );
    await eventually('some of them are there', () => rig.reports.ports.size > 20, { intervalMs: 0 });
    rig.kill();
    await rig.untilGone();
    await burst;
    await rig.stopBus();
    const before = await rig.simulatedPorts();
    expect(before.length).toBeGreaterThan(20);
    await rig.spawnAgent();
    const status = await eventually('a round is over', async () => {
      const now = await rig.status();
      return now.totals.rounds > 0 && now;
    });
    expect(status).toMatchObject({ desiredState: { state: 'cached' }, bus: { up: false } });
    expect(await rig.simulatedPorts()).toEqual(expect.arrayContaining(before));
    await rig.startBus();
    await rig.manager.fill();
    await rig.untilApplied();
    expect(await rig.simulatedPorts()).toHaveLength(201);
  });

  it('is not ended by malformed messages', async () => {
    await rig.fillWorld();
    await rig.spawnAgent();
    await rig.untilApplied();
    const { hostId } = rig.manager;
    const client = new ClientNats(natsOptions(rig.config.natsUrl, 'test'));
    const plan = () => lastValueFrom(client.send(rpcSubject(hostId, 'plan'), { hostId }).pipe(timeout(3000)));
    await eventually('it listens', plan);
    for (const pattern of ['plan', 'port', 'report-all'] as const) {
      for (const text of [
        '',
        '{',
        'null',
        '7',
        '[]',
        '"x"',
        '{"data":{"hostId":"x"}}',
        '{"id":{},"data":1}',
        '\xff',
      ]) {
        rig.bus.publish(rpcSubject(hostId, pattern), text);
        rig.bus.publish(rpcSubject(hostId, pattern), text, { reply: 'nobody.listens' });
      }
    }
    await rig.bus.flush();
    expect(await plan()).toMatchObject({ inSync: true });
    await client.close();
  });

  it('ends on SIGTERM with 0 and leaves the engine as it is', async () => {
    await rig.fillWorld();
    await rig.spawnAgent();
    await rig.untilApplied();
    const before = await rig.simulatedPorts();
    rig.terminate();
    expect(await rig.untilGone()).toEqual({ code: 0, signal: null });
    expect(await rig.simulatedPorts()).toEqual(before);
  });

  it('does not start beside another one on the same host', async () => {
    await rig.spawnAgent();
    await expect(rig.runSecondAgent()).resolves.toMatchObject({
      code: 1,
      output: expect.stringMatching(/an agent is already running on this host/) as string,
    });
    expect((await rig.status()).engine.up).toBe(true);
  });
});
