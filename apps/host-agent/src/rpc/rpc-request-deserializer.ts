/**
 * Reads requests of Nest's NATS transport with suspicion. Nest's own reader throws where nobody catches, and so would let
 * anybody on the bus end the agent with a malformed message.
 */
import type { ConsumerDeserializer, IncomingRequest } from '@nestjs/microservices';

export class RpcRequestDeserializer implements ConsumerDeserializer {
  /**
   * `data` is undefined when the message makes no sense: the handler's schema refuses it. There is always an id, as Nest runs
   * messages without one as events, whose failures nobody catches either.
   */
  deserialize(value: Uint8Array, options?: { channel?: string }): IncomingRequest {
    const packet = parse(value);
    return {
      pattern: options?.channel,
      data: packet?.data,
      id: typeof packet?.id === 'string' ? packet.id : 'none',
    };
  }
}

function parse(value: Uint8Array): { data?: unknown; id?: unknown } | null {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value));
    return typeof json === 'object' ? json : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null; // not JSON, or not UTF-8
    throw error;
  }
}
