import { randomUUID } from 'node:crypto';
import type { ClientProxy } from '@nestjs/microservices';
import { NEVER, of, throwError, type Observable } from 'rxjs';
import type { ProblemError } from '../problems/problem';
import { AgentsClient } from './agents.client';
import { ReplyDeserializer } from './reply-deserializer';

const HOST = randomUUID();
const client = (answer: Observable<unknown>) =>
  new AgentsClient({ send: () => answer } as unknown as ClientProxy);

describe('AgentsClient', () => {
  afterEach(() => jest.useRealTimers());

  it('gives what the agent answers', async () => {
    const plan = { hostId: HOST, inSync: true, steps: [] };
    await expect(client(of(plan)).plan(HOST)).resolves.toMatchObject(plan);
  });

  it.each<[string, Observable<unknown>, number, RegExp]>([
    [
      'nobody listens',
      throwError(() => new Error('Empty response. There are no subscribers listening')),
      504,
      /no agent with this host id/,
    ],
    [
      'the bus is away',
      throwError(() => 'Error: Connection lost. Trying to reconnect...'),
      504,
      /no connection to the bus/,
    ],
    [
      'the agent says no',
      throwError(() => ({ status: 'error', message: 'engine is restarting' })),
      502,
      /engine is restarting/,
    ],
    ['the answer is nonsense', of({ hostId: HOST, inSync: 'yes' }), 502, /can not be used/],
    [
      'another host answers',
      of({ hostId: randomUUID(), inSync: true, steps: [] }),
      502,
      /it answered for host/,
    ],
  ])('says so when %s', async (_what, answer, status, detail) => {
    const error = (await client(answer)
      .plan(HOST)
      .catch((e: unknown) => e)) as ProblemError;
    expect({ status: error.status, detail: error.detail }).toEqual({
      status,
      detail: expect.stringMatching(detail) as string,
    });
  });

  it('gives up after a while', async () => {
    jest.useFakeTimers();
    const asked = client(NEVER)
      .port(HOST, randomUUID())
      .catch((e: unknown) => e);
    await jest.advanceTimersByTimeAsync(3000);
    expect(await asked).toMatchObject({ status: 504 });
  });
});

describe('ReplyDeserializer', () => {
  const read = (text: string) => new ReplyDeserializer().deserialize(Buffer.from(text));

  it('reads replies of Nest and of others', () => {
    expect(read('{"response":1,"isDisposed":true,"id":"x"}')).toEqual({
      response: 1,
      isDisposed: true,
      id: 'x',
    });
    expect(read('{"hostId":"h"}')).toMatchObject({ response: { hostId: 'h' }, isDisposed: true });
    expect(read('null')).toMatchObject({ response: null, isDisposed: true });
  });

  it('makes an error of what is not JSON, instead of throwing', () => {
    expect(read('{')).toMatchObject({ err: { message: 'its reply is not JSON' } });
  });
});
