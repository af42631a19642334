/** What an administrator does through the API, each change held until the hosts concerned have it in their dataplane. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  bodyOf,
  type ApiClient,
  type CollectionName,
  type Item,
  type NewItem,
  type WriteResult,
} from '@opendvs/api-client';
import type { PortState } from '@opendvs/model';

const APPLY_TIMEOUT_MS = 15_000;
const STATE_TIMEOUT_MS = 15_000;
const POLL_MS = 50;

/** The dataplane doesn't have a change that was asked for. */
export class NotAppliedError extends Error {
  override readonly name = 'NotAppliedError';
}

export class Network {
  constructor(readonly api: ApiClient) {}

  /** A switch with the hosts in it. */
  async createSwitch(settings: NewItem<'switches'>, hostIds: readonly string[]): Promise<Item<'switches'>> {
    const made = await this.create('switches', settings);
    for (const hostId of hostIds) {
      await this.api.send(
        'PUT',
        `/api/v1/switches/${made.id}/hosts/${hostId}?wait=applied&timeoutMs=${APPLY_TIMEOUT_MS}`,
      );
    }
    return made;
  }

  async create<C extends CollectionName>(collection: C, settings: NewItem<C>): Promise<Item<C>> {
    return applied(await this.api.collection(collection).create(settings, { waitMs: APPLY_TIMEOUT_MS }));
  }

  /** Whatever version there is; a demonstration has no rival. */
  async patch<C extends CollectionName>(collection: C, id: string, patch: object): Promise<Item<C>> {
    return applied(await this.api.collection(collection).patch(id, patch, '*', { waitMs: APPLY_TIMEOUT_MS }));
  }

  async delete(collection: CollectionName, id: string): Promise<void> {
    applied(await this.api.collection(collection).delete(id, { ifMatch: '*', waitMs: APPLY_TIMEOUT_MS }));
  }

  /** `<interface>` element of a guest on the port. */
  async interfaceXml(portId: string): Promise<string> {
    const response = await this.api.send('GET', `/api/v1/ports/${portId}/libvirt-xml`, {
      headers: { accept: '*/*' },
    });
    return response.text();
  }

  async port(portId: string): Promise<Item<'ports'>> {
    return (await this.api.collection('ports').get(portId)).value;
  }

  async stats(portId: string) {
    return bodyOf(this.api.http.GET('/api/v1/ports/{id}/stats', { params: { path: { id: portId } } }));
  }

  /** @throws when the port isn't in the state in time, with the state it is in and why */
  async untilState(portId: string, state: PortState, timeoutMs = STATE_TIMEOUT_MS): Promise<Item<'ports'>> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const port = await this.port(portId);
      if (port.status.state === state) return port;
      if (Date.now() > deadline) {
        throw new Error(
          `port ${port.name} is not ${state} after ${timeoutMs} ms but ${port.status.state} (${port.status.reason ?? 'no reason given'})`,
        );
      }
      await pause(POLL_MS);
    }
  }
}

function applied<T>({ value, outcome }: WriteResult<T>): T {
  if (outcome?.applied) return value;
  const { waitingFor = [], failures = [] } = outcome ?? {};
  const reasons = [...failures, ...waitingFor].map(({ hostId, reason }) => `host ${hostId}: ${reason}`);
  throw new NotAppliedError(
    `saved, but not in the dataplane: ${reasons.join('; ') || 'the manager did not say why'}`,
  );
}
