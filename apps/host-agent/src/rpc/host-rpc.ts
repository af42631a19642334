import { setTimeout as delay } from 'node:timers/promises';
import { rpcSubjectPrefix } from '@opendvs/contracts';
import { HostRpcServer, natsOptions } from '@opendvs/messaging';
import type { NatsConnection } from 'nats';
import type { AgentConfig } from '../agent-config';
import type { NatsBus } from '../bus/nats-bus';
import { RpcRequestDeserializer } from './rpc-request-deserializer';

const RETRY_PAUSE_MS = 500;

/**
 * Nest's transport for the requests to this host, on a connection of its own. It begins when the agent's main connection is up,
 * which says why it isn't, and then comes back to NATS for ever. Can be closed at any time, also while it connects.
 */
export class AgentRpcServer extends HostRpcServer {
  private readonly closing = new AbortController();

  constructor(
    { hostId, natsUrl }: Pick<AgentConfig, 'hostId' | 'natsUrl'>,
    private readonly bus: Pick<NatsBus, 'onSession'>,
  ) {
    const options = {
      ...natsOptions(natsUrl, `opendvs host-agent ${hostId} rpc`),
      waitOnFirstConnect: false, // the client library can't be told to stop waiting
      ignoreAuthErrorAbort: true,
      deserializer: new RpcRequestDeserializer(),
    };
    super(rpcSubjectPrefix(hostId), options);
  }

  override async createNatsClient(): Promise<NatsConnection> {
    await new Promise<void>((resolve) => this.bus.onSession(() => resolve()));
    for (;;) {
      const client = await this.tryToConnect();
      if (client && !this.closing.signal.aborted) return client;
      await client?.close();
      if (this.closing.signal.aborted) return new Promise(() => {}); // nobody is left to have one
      await delay(RETRY_PAUSE_MS);
    }
  }

  /** null: not now; the main connection tells why. */
  private tryToConnect(): Promise<NatsConnection | null> {
    return (super.createNatsClient() as Promise<NatsConnection>).catch(() => null);
  }

  override async close(): Promise<void> {
    this.closing.abort();
    await super.close();
  }
}
