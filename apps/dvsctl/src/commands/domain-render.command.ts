/** dvsctl domain render: a libvirt domain whose interfaces on a switch become vhost-user ports. */
import type { Command } from 'commander';
import { rewriteDomain } from '@opendvs/libvirt';
import { act, withExamples } from '../command-setup';
import { ApiPortResolver } from '../domain/api-port-resolver';
import { UsageError } from '../failure';
import { readText } from '../input';
import type { Io } from '../io';
import type { Session } from '../session';

interface RenderOptions {
  host?: string;
  libvirtNetwork: string[];
}

export function addDomainCommands(program: Command, io: Io): void {
  const domain = program.command('domain').summary('libvirt domains').description('Work on libvirt domains.');
  const command = domain
    .command('render')
    .description(
      'Read a libvirt domain and write it with every <interface type="network"> whose <source network="SWITCH" portgroup="GROUP"/> names\n' +
        'a switch and a port group made a vhost-user port, with shared memory, NUMA memAccess and queues to suit. Ports that do not\n' +
        'exist are created (named VM-nicN); rendering the same domain again finds them. Everything else stays as it is, character for\n' +
        'character. Nothing is created when the domain is refused. Notes go to stderr.',
    )
    .argument('[file]', 'the domain; stdin when not given, or "-"')
    .option('--host <name>', 'the host that the VM runs on; may be left out when the switch has only one')
    .option(
      '--libvirt-network <name>',
      'a libvirt network with portgroups of its own, to be left alone; may be repeated',
      collect,
      [],
    );
  withExamples(command, [
    'domain render < web-1.xml > web-1.vhost.xml && virsh define web-1.vhost.xml',
    'domain render web-1.xml --host compute-1 | virsh define /dev/stdin',
  ]);
  act<[string?], RenderOptions>(command, io, (session, [file], options) =>
    render(session, file ?? '-', options),
  );
}

async function render(
  session: Session,
  file: string,
  { host, libvirtNetwork }: RenderOptions,
): Promise<void> {
  const xml = await readText(file, session.io);
  if (xml.trim() === '')
    throw new UsageError(
      'a libvirt domain is expected on stdin, for example from "virsh dumpxml --inactive VM"',
    );
  const options = { host: host ?? null, libvirtNetworks: libvirtNetwork };
  const resolver = new ApiPortResolver(session.api, options, ({ name, macAddress }) =>
    session.note(`created port ${name} (${macAddress})`),
  );
  const result = await rewriteDomain(xml, resolver);
  for (const { line, message } of result.notes) session.note(`line ${line}: ${message}`);
  if (result.rewritten === 0)
    session.note('no interface of the domain names a switch; it is written as it was');
  session.io.out(result.xml);
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}
