/** dvsctl port xml: the element of a libvirt domain for one port. */
import type { Command } from 'commander';
import { act, withExamples } from '../command-setup';
import type { Io } from '../io';
import { Lookup } from '../resources/lookup';

export function addPortXmlCommand(parent: Command, io: Io): void {
  const command = parent
    .command('xml')
    .description(
      "Print the port's <interface> for a libvirt domain, always as XML.\n" +
        'The domain needs shared memory too: "dvsctl domain render" rewrites a whole domain.',
    )
    .argument('<port>', 'name or id of the port')
    .option('--in-switch <name>', 'the switch of the port, when another switch has one of the name');
  withExamples(command, [
    'port xml web-1-nic0',
    'port xml web-1-nic0 > nic.xml && virsh attach-device web-1 nic.xml',
  ]);
  act<[string], { inSwitch?: string }>(command, io, async (session, [name], { inSwitch }) => {
    const lookup = new Lookup(session.api);
    const id = await lookup.id(
      'port',
      name,
      inSwitch ? { switchId: await lookup.id('switch', inSwitch) } : {},
    );
    const answer = await session.api.send('GET', `/api/v1/ports/${id}/libvirt-xml`, {
      headers: { accept: 'application/xml' },
    });
    io.out(await answer.text());
  });
}
