/** Reads replies without trusting them: Nest's own throws on a reply that isn't JSON where nobody can catch it, and the process would end. */
import type { IncomingResponse } from '@nestjs/microservices';

export class ReplyDeserializer {
  deserialize(value: Uint8Array): IncomingResponse {
    const reply = parse(value);
    if (reply === undefined) return { id: '', err: { message: 'its reply is not JSON' }, isDisposed: true };
    if (isNestReply(reply)) return reply;
    return { id: '', response: reply, isDisposed: true };
  }
}

function parse(value: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(value).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isNestReply(reply: unknown): reply is IncomingResponse {
  return (
    typeof reply === 'object' &&
    reply !== null &&
    ('err' in reply || 'response' in reply || 'isDisposed' in reply)
  );
}
