/**
 * @needs root hugepages
 * The starter of Open vSwitch instances, and how the driver takes it when one half of an instance goes and comes back.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DriverEvent } from '@opendvs/dataplane';
import { eventually } from '@opendvs/testing';
import {
  startOvs,
  type DaemonExit,
  type OvsInstance,
  type StartOvsOptions,
} from '../../dataplane/ovs-dpdk/src';
import { OvsRig } from './driver-ovs-rig';

const DPDK = { lcoreMask: '0x1', pmdCpuMask: '0x2', socketMemMib: 256, extra: '--no-pci' };

describe('startOvs', () => {
  let folder: string;
  const running: OvsInstance[] = [];
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'opendvs-start-'))));
  afterEach(async () => {
    await Promise.all(running.splice(0).map((ovs) => ovs.stop()));
    rmSync(folder, { recursive: true });
  });

  const start = async (name: string, options: Partial<StartOvsOptions> = {}) => {
    const ovs = await startOvs({ runDir: join(folder, name), dpdk: null, ownNetwork: true, ...options });
    running.push(ovs);
    return ovs;
  };
  const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

  it('runs two instances with DPDK side by side', async () => {
    const both = [
      await start('a', { dpdk: DPDK, pmdMaxSleepUs: 250 }),
      await start('b', { dpdk: DPDK, pmdMaxSleepUs: 250 }),
    ];
    for (const { version, pids } of both) {
      expect(version).toMatch(/^Open vSwitch \d+\.\d+\.\d+, DPDK \d+/);
      expect([isAlive(pids.ovsdbServer), isAlive(pids.vswitchd!)]).toEqual([true, true]);
    }
  }, 30_000);

  it('leaves nothing running when it is stopped', async () => {
    const { pids, stop } = await start('a').then((ovs) => ({ pids: ovs.pids, stop: () => ovs.stop() }));
    await stop();
    expect([isAlive(pids.ovsdbServer), isAlive(pids.vswitchd!)]).toEqual([false, false]);
  });

  it('refuses a second instance in the same run directory, and does not disturb the first', async () => {
    const first = await start('a');
    await expect(start('a')).rejects.toThrow(
      /an ovsdb-server already answers at .*: stop it, or choose another/,
    );
    expect(isAlive(first.pids.vswitchd!)).toBe(true);
  });

  it('tells when a daemon dies by itself, starts it again, and keeps the database', async () => {
    const exits: [string, DaemonExit][] = [];
    const ovs = await start('a', {
      dpdk: DPDK,
      pmdMaxSleepUs: 250,
      onExit: (daemon, exit) => exits.push([daemon, exit]),
    });
    process.kill(ovs.pids.vswitchd!, 'SIGKILL');
    await eventually('the death is told', () => exits.length > 0);
    expect(exits).toEqual([['ovs-vswitchd', { code: null, signal: 'SIGKILL' }]]);
    await ovs.startVswitchd();
    expect(isAlive(ovs.pids.vswitchd!)).toBe(true);
    await ovs.stop();
    expect(exits).toHaveLength(1);
    const size = readFileSync(join(folder, 'a/conf.db')).length;
    const again = await start('a', { dpdk: DPDK, pmdMaxSleepUs: 250 });
    expect(readFileSync(join(folder, 'a/conf.db')).length).toBeGreaterThan(size);
    expect(again.version).toBe(ovs.version);
  }, 30_000);

  it('says what ovs-vswitchd said when DPDK cannot be set up, and leaves nothing behind', async () => {
    const failing = start('a', { dpdk: { ...DPDK, extra: '--no-such-option' } });
    await expect(failing).rejects.toThrow(/ended while starting[^]*Unable to initialize DPDK/);
    expect(existsSync(join(folder, 'a/db.sock'))).toBe(false);
  });

  it('refuses a run directory whose sockets would have too long a path', async () => {
    await expect(start('x'.repeat(100))).rejects.toThrow(/107 are possible: use a shorter run directory/);
  });
});

describe('the driver, when half of Open vSwitch goes', () => {
  let rig: OvsRig;
  beforeAll(async () => (rig = await OvsRig.start({ dpdk: null })), 30_000);
  afterAll(() => rig?.stop());

  it.each([
    [
      'ovsdb-server',
      (ovs: OvsInstance) => ovs.pids.ovsdbServer,
      (ovs: OvsInstance) => ovs.startOvsdbServer(),
    ],
    ['ovs-vswitchd', (ovs: OvsInstance) => ovs.pids.vswitchd!, (ovs: OvsInstance) => ovs.startVswitchd()],
  ])(
    'notices the death of %s at once, and its return',
    async (_name, pidOf, startAgain) => {
      const driver = rig.newDriver(null);
      const stop = new AbortController();
      const events: DriverEvent[] = [];
      try {
        await driver.open(stop.signal);
        const listening = (async () => {
          for await (const event of driver.events(stop.signal)) events.push(event);
        })();
        const killedAt = performance.now();
        process.kill(pidOf(rig.ovs), 'SIGKILL');
        await eventually('the loss is told', () => events.some(({ type }) => type === 'engine-lost'));
        expect(performance.now() - killedAt).toBeLessThan(1000);
        await expect(driver.open(stop.signal)).rejects.toThrow('Open vSwitch is not available');
        await startAgain(rig.ovs);
        const backAt = performance.now();
        await eventually('the return is told', () => events.some(({ type }) => type === 'engine-restarted'), {
          timeoutMs: 15_000,
        });
        expect(performance.now() - backAt).toBeLessThan(5000);
        expect(await driver.observe({ audit: true }, stop.signal)).toEqual([]);
        stop.abort();
        await listening;
      } finally {
        stop.abort();
        await driver.close();
      }
    },
    30_000,
  );
});
