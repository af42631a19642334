/**
 * Messages that the switch answers only when it refuses them (flow mods, meter mods, bundle controls), sent together with a
 * barrier behind them: once that is answered, every refusal is known. Errors may also arrive later than that for an earlier
 * message of the same transaction, as they do when a bundle is committed.
 */
import type { Connection } from './connection';
import { readError } from './error-message';
import type { OpenFlowError } from './errors';
import type { OutgoingMessage } from './message';
import { barrierMessage } from './message';
import { MessageType } from './protocol';

export class Transaction {
  /** What was refused, by the index of the message among all that were sent. */
  readonly errors = new Map<number, OpenFlowError>();
  private sent = 0;
  private readonly releases: (() => void)[] = [];

  constructor(private readonly connection: Connection) {}

  /** Resolves when the switch has been through all of `messages`; whether it accepted them, `errors` says. */
  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    const first = this.sent;
    const release = this.connection.send(messages, (index, answer) => {
      if (answer.type === MessageType.ERROR) this.errors.set(first + index, readError(answer.body));
    });
    this.sent += messages.length;
    this.releases.push(release);
    await this.connection.request(barrierMessage);
  }

  /** Call when done, whatever the outcome: errors are no longer collected. */
  end(): void {
    for (const release of this.releases) release();
  }
}
