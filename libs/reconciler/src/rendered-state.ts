/** One desired state in the engine's terms; made once, planned many times. */
import type { BackendObject, DataplaneDriver, HostDesired, Problem } from '@opendvs/dataplane';

export class RenderedState<S = unknown> {
  readonly objects: readonly BackendObject<S>[];
  readonly problems: readonly Problem[];
  private specs: Map<string, S> | null = null;

  constructor(
    readonly desired: HostDesired,
    driver: Pick<DataplaneDriver<S>, 'render' | 'validate'>,
  ) {
    this.problems = driver.validate(desired);
    this.objects = driver.render(desired);
  }

  /** What is desired of an object; undefined: that it be gone. */
  specOf(key: string): S | undefined {
    this.specs ??= new Map(this.objects.map((object) => [object.key, object.spec]));
    return this.specs.get(key);
  }
}
