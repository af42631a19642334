/** What scripts/quickstart.mjs shows its steps with (dataplane/host/progress.mjs), as far as it is used here. */
export interface Progress {
  /** `work` tells details, the last of which stands in the step's line. Rethrows what it throws. */
  step<T>(title: string, work: (tell: (detail: string) => void) => Promise<T>): Promise<T>;
  print(line: string): void;
  /** Titles of the steps that failed. */
  readonly failures: readonly string[];
}

/** For programs that show nothing, such as tests. */
export const silentProgress: Progress = {
  step: (_, work) => work(() => undefined),
  print: () => undefined,
  failures: [],
};
