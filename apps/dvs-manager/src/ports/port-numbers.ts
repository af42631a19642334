/**
 * Numbers of ports on a host (docs/decisions/0002): ascending from 1 to 60,000 and then from the beginning, skipping those in use. So a number
 * comes back only after all others have been used, and a late packet, counter or flow of a deleted port never meets a new one.
 */
import type { EntityManager } from '@mikro-orm/postgresql';
import { PORT_NUMBER_MAX, PORT_NUMBER_MIN } from '@opendvs/model';

/**
 * Locks the host's counter until the transaction ends. Who takes numbers of several hosts does so in the order of host ids.
 * @returns null when the host has not so many numbers left
 */
export async function takePortNumbers(
  em: EntityManager,
  hostId: string,
  count: number,
): Promise<number[] | null> {
  const [ahead] = await em.execute<{ last_number: number }[]>(
    `update port_numbers set last_number = last_number + ?
     where host_id = ? and not wrapped and last_number + ? <= ? returning last_number`,
    [count, hostId, count, PORT_NUMBER_MAX],
  );
  if (ahead) return Array.from({ length: count }, (_, i) => ahead.last_number - count + 1 + i);
  return takeAroundTheEnd(em, hostId, count);
}

async function takeAroundTheEnd(em: EntityManager, hostId: string, count: number): Promise<number[] | null> {
  const [counter] = await em.execute<{ last_number: number }[]>(
    'select last_number from port_numbers where host_id = ? for update',
    [hostId],
  );
  const used = await em.execute<{ number: number }[]>('select number from ports where host_id = ?', [hostId]);
  const numbers = nextFree(counter?.last_number ?? 0, new Set(used.map(({ number }) => number)), count);
  if (!numbers) return null;
  await em.execute('update port_numbers set last_number = ?, wrapped = true where host_id = ?', [
    numbers.at(-1),
    hostId,
  ]);
  return numbers;
}

/** The next `count` free numbers after `last`, going around; null when there are fewer. */
export function nextFree(last: number, used: ReadonlySet<number>, count: number): number[] | null {
  const span = PORT_NUMBER_MAX - PORT_NUMBER_MIN + 1;
  const numbers: number[] = [];
  for (let step = 0; step < span && numbers.length < count; step += 1) {
    const number = PORT_NUMBER_MIN + ((last - PORT_NUMBER_MIN + 1 + step) % span);
    if (!used.has(number)) numbers.push(number);
  }
  return numbers.length === count ? numbers : null;
}
