import { EntityManager } from '@mikro-orm/postgresql';
import { Injectable } from '@nestjs/common';
import { type PortFacts, PortNotRenderableError, renderInterface } from '@opendvs/libvirt';
import { interfaceName, vhostSocketPath } from '@opendvs/model';
import { HostEntity, type HostRow } from '../hosts/host.entity';
import { PortEntity, type PortRow } from '../ports/port.entity';
import { notFound, ProblemError } from '../problems/problem';
import { SwitchEntity, type SwitchRow } from '../switches/switch.entity';

/** Ports as elements of libvirt domains. */
@Injectable()
export class PortInterfaces {
  constructor(private readonly em: EntityManager) {}

  /** @throws ProblemError: 404, or 422 when QEMU can't have such an interface */
  async render(portId: string): Promise<string> {
    const em = this.em.fork();
    const port = await em.findOne(PortEntity, { id: portId });
    const host = port && (await em.findOne(HostEntity, { id: port.hostId }));
    const onSwitch = port && (await em.findOne(SwitchEntity, { id: port.switchId }));
    if (!host || !onSwitch) throw notFound('port', portId);
    return renderPort(port, host, onSwitch);
  }
}

/** With a newline at its end, as a file has. */
export function renderPort(
  port: Pick<PortRow, 'id' | 'name' | 'macAddress' | 'queues' | 'ringSize'>,
  host: Pick<HostRow, 'vhostSocketDir'>,
  onSwitch: Pick<SwitchRow, 'name' | 'mode' | 'mtuBytes'>,
): string {
  if (onSwitch.mode !== 'user-mode') {
    throw refusal(
      `port ${port.name} is on switch ${onSwitch.name}, whose mode is ${onSwitch.mode}: only ports of user-mode switches are vhost-user interfaces`,
    );
  }
  const facts: PortFacts = {
    interfaceName: interfaceName(port.id),
    socketPath: vhostSocketPath(host.vhostSocketDir, port.id),
    macAddress: port.macAddress,
    queues: port.queues,
    ringSize: port.ringSize,
    mtuBytes: onSwitch.mtuBytes,
  };
  try {
    return `${renderInterface(facts)}\n`;
  } catch (error) {
    if (error instanceof PortNotRenderableError) throw refusal(`port ${port.name}: ${error.message}`);
    throw error;
  }
}

function refusal(detail: string): ProblemError {
  return new ProblemError('invalid-reference', detail);
}
