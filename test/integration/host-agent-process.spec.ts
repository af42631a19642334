import { ClientNats } from '@nestjs/microservices';
import { lastValueFrom, timeout } from 'rxjs';
import {
  planReplySchema,
  portReplySchema,
  reportAllReplySchema,
  rpcSubject,
  type RpcPattern,
} from '@opendvs/contracts';
import { SimulatedEngine } from '@opendvs/driver-sim';
import { natsOptions } from '@opendvs/messaging';
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
