import { rpcSubjectPrefix } from '@opendvs/contracts';
import { HostRpcServer, natsOptions } from '@opendvs/messaging';
import type { AgentConfig } from '../agent-config';
import { RpcRequestDeserializer } from './rpc-request-deserializer';

/** Nest's transport for the requests to this host: it waits for NATS, and comes back to it, for ever. */
export function hostRpcServer({ hostId, natsUrl }: AgentConfig): HostRpcServer {
  const options = {
    ...natsOptions(natsUrl, `opendvs host-agent ${hostId} rpc`),
    ignoreAuthErrorAbort: true,
    deserializer: new RpcRequestDeserializer(),
  };
  return new HostRpcServer(rpcSubjectPrefix(hostId), options);
}
