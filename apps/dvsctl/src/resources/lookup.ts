/** Names for ids and ids for names: people say "prod", the API says 9b2f…. */
import { ApiProblem, type ApiClient, type CollectionName } from '@opendvs/api-client';
import { CommandError, UsageError } from '../failure';

/** Kinds of objects, as they are typed. */
export const COLLECTIONS = {
  switch: 'switches',
  host: 'hosts',
  'uplink-group': 'uplink-groups',
  'port-group': 'port-groups',
  port: 'ports',
  token: 'tokens',
} as const satisfies Record<string, CollectionName>;
export type Noun = keyof typeof COLLECTIONS;

/** An object as far as looking up goes. */
export interface Found {
  id: string;
  name: string;
  switchId?: string;
  hostId?: string;
}

/** Query parameters that narrow a search for a name. */
export type Scope = Partial<Record<'switchId' | 'hostId', string>>;

export function isId(text: string): boolean {
  return UUID.test(text);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Requests at once when many names are looked up. */
const PARALLEL = 8;
/** Of objects with the same name, how many are shown. */
const SHOWN_MAX = 5;

export class Lookup {
  constructor(private readonly api: ApiClient) {}

  /** The id that is meant: itself, or that of the only object of the name. @throws CommandError (not found), UsageError (several) */
  async id(noun: Noun, given: string, scope: Scope = {}): Promise<string> {
    if (isId(given)) return given.toLowerCase();
    const found = await this.named(noun, given, scope);
    const [only] = found;
    if (!only)
      throw new CommandError(
        'notFound',
        `no ${spoken(noun)} is called "${given}"; "dvsctl ${noun} list" shows what there is`,
      );
    if (found.length > 1) throw new UsageError(await this.ambiguity(noun, given, found));
    return only.id;
  }

  /** Every object of exactly this name. */
  async named(noun: Noun, name: string, scope: Scope = {}): Promise<Found[]> {
    // tokens can't be searched for by name, and are few
    const query = noun === 'token' ? {} : { name, ...scope };
    const found: Found[] = [];
    for await (const item of this.api.collection(COLLECTIONS[noun]).all(query))
      if (item.name === name) found.push(item);
    return found;
  }

  private async ambiguity(noun: Noun, name: string, found: Found[]): Promise<string> {
    const places = await Promise.all(found.slice(0, SHOWN_MAX).map((item) => this.placeOf(item)));
    const rest = found.length > SHOWN_MAX ? [`  … and ${found.length - SHOWN_MAX} more`] : [];
    return [
      `${found.length} ${spoken(noun)}s are called "${name}"; say which with --in-switch or --on-host, or give the id:`,
      ...places,
      ...rest,
    ].join('\n');
  }

  private async placeOf({ id, switchId, hostId }: Found): Promise<string> {
    const names = await Names.load(this.api, [
      ...(switchId ? [{ noun: 'switch' as const, id: switchId }] : []),
      ...(hostId ? [{ noun: 'host' as const, id: hostId }] : []),
    ]);
    const parts = [switchId && `switch ${names.of(switchId)}`, hostId && `host ${names.of(hostId)}`];
    return `  ${id}  ${parts.filter(Boolean).join(', ')}`;
  }
}

/** Names of objects that others refer to, fetched once each. */
export class Names {
  private constructor(private readonly known: ReadonlyMap<string, string>) {}

  static readonly none = new Names(new Map());

  static async load(api: ApiClient, references: readonly { noun: Noun; id: string }[]): Promise<Names> {
    const wanted = [...new Map(references.map((reference) => [reference.id, reference])).values()];
    const known = new Map<string, string>();
    const worker = async () => {
      for (let next = wanted.pop(); next; next = wanted.pop()) {
        const { noun, id } = next;
        const name = await nameOf(api, noun, id);
        if (name !== null) known.set(id, name);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    return new Names(known);
  }

  /** The id where there is no name: the object may have gone meanwhile. */
  of(id: string): string {
    return this.known.get(id) ?? id;
  }
}

async function nameOf(api: ApiClient, noun: Noun, id: string): Promise<string | null> {
  try {
    return (await api.collection(COLLECTIONS[noun]).get(id)).value.name;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) return null;
    throw error;
  }
}

function spoken(noun: Noun): string {
  return noun.replace('-', ' ');
}
