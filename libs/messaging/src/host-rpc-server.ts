import { ServerNats, type MessageHandler } from '@nestjs/microservices';
import type { NatsOptions } from './nats-options';

/**
 * Nest's NATS server transport for one host: every `@MessagePattern('plan')` listens on `<prefix>.plan`, so the same controllers
 * serve each host on subjects of its own.
 */
export class HostRpcServer extends ServerNats {
  constructor(
    private readonly subjectPrefix: string,
    options: NatsOptions,
  ) {
    super({ ...options, gracefulShutdown: false });
  }

  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    super.addHandler(`${this.subjectPrefix}.${String(pattern)}`, callback, isEventHandler, extras);
  }
}
