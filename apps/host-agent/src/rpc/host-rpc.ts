import { rpcSubjectPrefix } from '@opendvs/contracts';
import { HostRpcServer, natsOptions } from '@opendvs/messaging';
import type { AgentConfig } from '../agent-config';
import type { NatsBus } from '../bus/nats-bus';
import { RpcRequestDeserializer } from './rpc-request-deserializer';

/**
 * Nest's transport for the requests to this host, on a connection of its own. It begins when the agent's main connection is up
 * for the first time, which says why it isn't, and comes back to NATS for ever.
 */
export class AgentRpcServer extends HostRpcServer {
  constructor(
    { hostId, natsUrl }: Pick<AgentConfig, 'hostId' | 'natsUrl'>,
    private readonly bus: Pick<NatsBus, 'onSession'>,
  ) {
    const options = {
      ...natsOptions(natsUrl, `opendvs host-agent ${hostId} rpc`),
      ignoreAuthErrorAbort: true,
      deserializer: new RpcRequestDeserializer(),
    };
    super(rpcSubjectPrefix(hostId), options);
  }

  override async createNatsClient(): ReturnType<HostRpcServer['createNatsClient']> {
    await new Promise<void>((resolve) => this.bus.onSession(() => resolve()));
    return super.createNatsClient();
  }
}
