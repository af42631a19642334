/**
 * What dvsctl must know of a kind of object to list, show, create, edit and delete it. The commands are written once, for
 * all of them; a resource says its columns, its settings and its filters.
 */
import type { Command } from 'commander';
import type { CollectionName, Item } from '@opendvs/api-client';
import type { Io } from '../io';
import type { Column } from '../output/table';
import type { Lookup, Names, Noun } from './lookup';

/** What the generic commands read of any object. */
export interface Managed {
  id: string;
  name: string;
}

/** Part of a body: what one option sets. Fragments of several options are merged. */
export type Fragment = Record<string, unknown>;

/** The options of one call, by their attribute names ("portGroup"). */
export type Given = Readonly<Record<string, string | undefined>>;

/** An option that sets fields, of create and edit; or one that narrows a list. */
export interface Parameter {
  /** As commander reads it: "--mtu <bytes>". */
  flags: string;
  /** With unit, range and default. */
  description: string;
  choices?: readonly string[];
  /** Fields of the body, or query parameters. @throws UsageError when the text can't be what it stands for; the manager checks the rest. */
  fragment: (given: string, lookup: Lookup, others: Given) => Fragment | Promise<Fragment>;
}

export interface Setting extends Parameter {
  /** The field is fixed afterwards. */
  createOnly?: boolean;
}

export type Verb = 'list' | 'get' | 'create' | 'edit' | 'delete';

export interface Resource<T extends Managed = Managed> {
  /** As it is typed. */
  noun: Noun;
  /** As it is said. */
  singular: string;
  plural: string;
  collection: CollectionName;
  /** One line on what it is. */
  about: string;
  /** Which of the generic commands it has. */
  verbs: readonly Verb[];
  columns: (names: Names) => Column<T>[];
  /** Beside the columns, when one object is shown. */
  details?: (names: Names) => Column<T>[];
  /** What the columns show by name. */
  references?: (row: T) => Reference[];
  settings: readonly Setting[];
  filters: readonly Parameter[];
  sortable: readonly string[];
  /** Names are unique within one of these only. */
  scope?: 'switch' | 'host';
  /** Top-level fields that answers have and nobody sets. */
  readOnly: readonly string[];
  examples: Partial<Record<Verb, readonly string[]>>;
  /** What a person sees of a new object instead of its name and id. */
  announce?: (created: T) => string;
  /** Commands of its own. */
  extend?: (command: Command, io: Io) => void;
}

export interface Reference {
  noun: Noun;
  id: string;
}

type ResourceSpec<C extends CollectionName> = Omit<Resource<Item<C> & Managed>, 'collection'> & {
  collection: C;
};

/** Checks columns against the API's own types, then forgets which they were: the commands treat all resources alike. */
export function defineResource<C extends CollectionName>(spec: ResourceSpec<C>): Resource {
  return spec as unknown as Resource;
}
