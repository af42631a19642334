import { type VlanConfig, parseVlanRanges } from '@opendvs/model';
import { vlansOutside } from './vlan-pools';

const pools = parseVlanRanges('100-199,300');
const access = (vlanId: number): VlanConfig => ({ type: 'access', vlanId });
const trunk = (vlans: string, nativeVlanId: number | null = null): VlanConfig => ({
  type: 'trunk',
  trunkVlans: parseVlanRanges(vlans),
  nativeVlanId,
});

it.each([
  [access(100), null],
  [access(199), null],
  [access(300), null],
  [access(0), null],
  [access(99), { field: 'vlanId', vlans: '99' }],
  [access(200), { field: 'vlanId', vlans: '200' }],
  [trunk('110-120,300'), null],
  [trunk('110-120,300', 150), null],
  [trunk('110-210,301'), { field: 'trunkVlans', vlans: '110-210,301' }],
  [trunk('110', 4), { field: 'nativeVlanId', vlans: '4' }],
] as const)('%j against 100-199,300: %j', (vlan, expected) => {
  expect(vlansOutside(vlan, pools)).toEqual(expected);
});

it('allows everything where a switch has no pools', () => {
  expect(vlansOutside(access(4094), null)).toBeNull();
  expect(vlansOutside(trunk('1-4094', 1), undefined)).toBeNull();
});
