/**
 * Group commit: requests of a kind that arrive while another is being carried out are carried out together afterwards, in one transaction,
 * so that a burst of hundreds pays for locks, statements and the disk's flush a few times instead of hundreds. A request that finds nothing
 * under way begins at once.
 *
 * Each request gets what it would have got alone: when a group fails, its requests are tried one by one.
 */
export class GroupedWork<Request, Result> {
  private readonly waiting = new Map<string, Waiting<Request, Result>[]>();

  constructor(
    private readonly parts: {
      /** All or nothing; results in the order of the requests. */
      together: (requests: Request[]) => Promise<Result[]>;
      alone: (request: Request) => Promise<Result>;
      /** Whether each of a group may fare better alone after this error. */
      mayRetry: (error: unknown) => boolean;
      groupMax: number;
    },
  ) {}

  /** Requests with the same `key` may share a group. */
  add(key: string, request: Request): Promise<Result> {
    return new Promise((resolve, reject) => {
      const item = { request, resolve, reject };
      const queue = this.waiting.get(key);
      if (queue) {
        queue.push(item);
        return;
      }
      this.waiting.set(key, [item]);
      void this.workOff(key);
    });
  }

  private async workOff(key: string): Promise<void> {
    for (let queue = this.waiting.get(key); queue && queue.length > 0; queue = this.waiting.get(key)) {
      await this.carryOut(queue.splice(0, this.parts.groupMax));
    }
    this.waiting.delete(key);
  }

  /** Never rejects: each request learns of its own outcome. */
  private async carryOut(group: Waiting<Request, Result>[]): Promise<void> {
    if (group.length === 1) return this.oneByOne(group);
    try {
      const results = await this.parts.together(group.map(({ request }) => request));
      group.forEach(({ resolve }, index) => resolve(results[index]!));
    } catch (error) {
      if (this.parts.mayRetry(error)) await this.oneByOne(group);
      else for (const { reject } of group) reject(error);
    }
  }

  private async oneByOne(group: Waiting<Request, Result>[]): Promise<void> {
    await Promise.all(
      group.map(({ request, resolve, reject }) => this.parts.alone(request).then(resolve, reject)),
    );
  }
}

interface Waiting<Request, Result> {
  request: Request;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}
