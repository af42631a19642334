/** The objects of a simulated engine, with the rules of their existence: dependencies exist, claims are held by one. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { SimObject } from './sim-objects';

export class ObjectStore {
  private readonly objects = new Map<string, SimObject>();
  /** Who holds what. */
  private readonly holders = new Map<string, string>();

  /** @param stateFile read if it is there, written by {@link save}; undefined: memory only */
  constructor(private readonly stateFile?: string) {
    if (stateFile === undefined || !existsSync(stateFile)) return;
    for (const object of JSON.parse(readFileSync(stateFile, 'utf8')) as SimObject[]) this.put(object);
  }

  all(): SimObject[] {
    return [...this.objects.values()];
  }

  get(key: string): SimObject | undefined {
    return this.objects.get(key);
  }

  /** @throws Error when a dependency is missing, somebody else holds a claim, or the object isn't ours */
  put(object: SimObject): void {
    const missing = object.dependsOn.find((key) => !this.objects.has(key));
    if (missing !== undefined) throw new Error(`${object.key} cannot be made: there is no ${missing}`);
    if (this.objects.get(object.key)?.owner === null && object.owner !== null) {
      throw new Error(`${object.key} exists already and is somebody else's; rename or delete it`);
    }
    for (const claim of object.claims) {
      const holder = this.holders.get(claim) ?? object.key;
      if (holder !== object.key) throw new Error(`${object.key} cannot have ${claim}: ${holder} holds it`);
    }
    this.release(object.key);
    for (const claim of object.claims) this.holders.set(claim, object.key);
    this.objects.set(object.key, object);
  }

  /** Removes an object and all that stands on it. Returns what was removed: nothing, if there is no such object. */
  remove(key: string): SimObject[] {
    const object = this.objects.get(key);
    if (!object) return [];
    this.release(key);
    this.objects.delete(key);
    const dependents = this.all().filter(({ dependsOn }) => dependsOn.includes(key));
    return [object, ...dependents.flatMap((dependent) => this.remove(dependent.key))];
  }

  /** Written beside and moved into place: a crash leaves the old state or the new one. */
  save(): void {
    if (this.stateFile === undefined) return;
    const beside = `${this.stateFile}.new`;
    writeFileSync(beside, JSON.stringify(this.all()), { mode: 0o600 });
    renameSync(beside, this.stateFile);
  }
  private release(key: string): void {
    for (const claim of this.objects.get(key)?.claims ?? []) this.holders.delete(claim);
  }
}
