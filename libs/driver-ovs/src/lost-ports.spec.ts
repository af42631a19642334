import type { Step } from '@opendvs/dataplane';
import type { OvsObject, OvsSpec, PortSpec } from './ovs-objects';
import { lossReason, Revivals } from './lost-ports';

function updateOf(name: string, fault?: string): Step<OvsSpec> {
  const spec = { kind: 'port', name, fault } as PortSpec;
  const object = { key: `port/${name}`, spec } as OvsObject;
  return { verb: 'update', key: object.key, from: object, to: object };
}

describe('Revivals', () => {
  it('lets a lost port be made again, but not again and again', () => {
    const revivals = new Revivals();
    const step = updateOf('dv1', lossReason('dv1'));
    expect(revivals.admit([step], 0)).toEqual({ tried: [step], held: [] });
    expect(revivals.admit([step], 29_000)).toEqual({
      tried: [],
      held: [{ key: 'port/dv1', ok: false, error: lossReason('dv1') }],
    });
    expect(revivals.admit([step], 31_000).tried).toEqual([step]);
  });

  it('holds back no other step', () => {
    const revivals = new Revivals();
    const lost = updateOf('dv1', lossReason('dv1'));
    const others = [updateOf('dv2'), updateOf('dv3', 'another fault')];
    revivals.admit([lost], 0);
    expect(revivals.admit([lost, ...others], 1).tried).toEqual(others);
    expect(revivals.admit(others, 2).tried).toEqual(others);
  });
});
