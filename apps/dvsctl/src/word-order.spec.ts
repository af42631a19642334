import { inCommandOrder } from './word-order';

describe('inCommandOrder', () => {
  it.each([
    ['list ports', 'port list'],
    ['list port', 'port list'],
    ['get switch prod -o yaml', 'switch get prod -o yaml'],
    ['create port-group web --vlan 1', 'port-group create web --vlan 1'],
    ['list switches', 'switch list'],
    ['list changes', 'change list'],
    ['wait host compute-1', 'host wait compute-1'],
  ])('takes "%s" for "%s"', (given, meant) => {
    expect(inCommandOrder(given.split(' ')).join(' ')).toBe(meant);
  });

  it.each(['port list', 'events', 'list', 'list nonsense', 'domain render', 'port get list'])(
    'leaves "%s" as it is',
    (given) => {
      expect(inCommandOrder(given.split(' ')).join(' ')).toBe(given);
    },
  );
});
