import { planReplySchema, portReplySchema } from '@opendvs/contracts';
import { EngineUnavailableError, type LivePort } from '@opendvs/dataplane';
import type { Plan } from '@opendvs/reconciler';
import { aHostDesired, anId, aPort, aPortGroup, aSwitch } from '@opendvs/testing';
import { HostInspection, type HostInspectionOptions } from './host-inspection';

const dvs = aSwitch();
const group = aPortGroup(dvs);
const port = aPort(group);
const desired = aHostDesired({ switches: [dvs], portGroups: [group], ports: [port] });
const status = {
  portId: port.id,
  state: 'wired' as const,
  reason: null,
  since: new Date().toISOString(),
  appliedRevision: 1,
};
const live: LivePort = { portId: port.id, link: 'no-peer', reason: null, vhostConnects: 0 };

function inspection(
  said: { plan?: () => Promise<Plan>; readPorts?: () => Promise<LivePort[]> } = {},
): HostInspection {
  const options: HostInspectionOptions = {
    hostId: desired.host.id,
    driver: {
      render: ({ ports }) =>
        ports.map(({ id, name }) => ({
          kind: 'port',
          key: `port:${id}`,
          spec: {},
          dependsOn: [],
          claims: [],
          owner: { kind: 'port', id },
          because: `port "${name}"`,
        })),
      readPorts: said.readPorts ?? (() => Promise.resolve([live])),
      readCounters: () => Promise.resolve([]),
    },
    reconciler: {
      planNow: said.plan ?? (() => Promise.resolve({ batches: [], withheld: [] })),
      snapshot: () => ({ ports: new Map([[port.id, status]]) }) as never,
    },
    desired: () => desired,
  };
  return new HostInspection(options);
}

const longPlan = (steps: number): Plan => ({
  batches: [
    Array.from({ length: steps }, (_, i) => ({
      phase: 'cleanup' as const,
      step: {
        verb: 'delete' as const,
        key: `port:${i}`,
        from: { kind: 'port', key: `port:${i}`, spec: {}, dependsOn: [], claims: [], owner: null },
      },
      needs: [],
      owner: null,
      because: 'x'.repeat(100),
      recreate: false,
    })),
  ],
  withheld: [],
});

describe('what an agent answers about its host', () => {
  it('is in sync only when nothing is to do and nothing is withheld', async () => {
    expect(await inspection().plan()).toMatchObject({ inSync: true, omitted: 0 });
    const withheld = [
      { key: 'port:x', owner: { kind: 'port' as const, id: port.id }, reason: 'its NIC is not there' },
    ];
    const plan = () => Promise.resolve({ batches: [], withheld });
    expect(await inspection({ plan }).plan()).toMatchObject({
      inSync: false,
      steps: [],
      withheld: [{ key: 'port:x', reason: 'its NIC is not there' }],
    });
  });

  it('fits a message however long the plan is, and says what it leaves out', async () => {
    const reply = planReplySchema.parse(
      await inspection({ plan: () => Promise.resolve(longPlan(50_000)) }).plan(),
    );
    expect(Buffer.byteLength(JSON.stringify(reply))).toBeLessThan(1024 * 1024);
    expect(reply.steps[0]?.key).toBe('port:0');
    expect(reply.steps.length + reply.omitted).toBe(50_000);
  });

  it('is found out once for all who ask at the same time', async () => {
    let asked = 0;
    const one = inspection({ plan: () => (asked++, Promise.resolve(longPlan(1))) });
    await Promise.all([one.plan(), one.plan(), one.plan()]);
    expect(asked).toBe(1);
    await one.plan();
    expect(asked).toBe(2);
  });

  it('tells of a port what is asked of the engine and why', async () => {
    const reply = portReplySchema.parse(await inspection().port(port.id));
    expect(reply).toMatchObject({ status: { state: 'wired' }, engine: { link: 'no-peer' } });
    expect(JSON.stringify(reply.engine.objects)).toContain(port.name);
  });

  it('tells of a port what it knows while the engine is away', async () => {
    const readPorts = () => Promise.reject(new EngineUnavailableError('ovs-vswitchd is not running'));
    expect(await inspection({ readPorts }).port(port.id)).toMatchObject({
      status: { state: 'wired' },
      engine: { unavailable: 'ovs-vswitchd is not running' },
    });
  });

  it('tells of a port that only the engine has, and nothing of one that nobody has', async () => {
    const stray = anId();
    const readPorts = () => Promise.resolve([{ ...live, portId: stray }]);
    expect(await inspection({ readPorts }).port(stray)).toMatchObject({
      status: null,
      engine: { link: 'no-peer' },
    });
    expect(await inspection().port(anId())).toBeNull();
  });
});
