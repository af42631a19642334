import { desiredKeys } from '@opendvs/contracts';
import { parseDesiredKey } from './desired-key';

const ID = '0a1b2c3d-0000-4000-8000-000000000001';
const HOST = '0a1b2c3d-0000-4000-8000-000000000002';

it.each([
  [desiredKeys.switch(ID), 'switch', ID],
  [desiredKeys.portGroup(ID), 'port-group', ID],
  [desiredKeys.host(HOST), 'host', HOST],
  [desiredKeys.port(HOST, ID), 'port', ID],
])('reads %s back', (key, kind, id) => {
  expect(parseDesiredKey(key)).toEqual({ kind, id });
});

it.each(['shared.meta', 'shared.switch.1', `host.x.port.${ID}`, `shared.switch.${ID}.more`, ''])(
  'takes %j for no object',
  (key) => expect(parseDesiredKey(key)).toBeNull(),
);
