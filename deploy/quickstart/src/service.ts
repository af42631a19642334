/** One long-running part of an installation. It is started again by itself when it dies; only `stop` ends it. */
export interface Service {
  readonly name: string;
  /** Of the processes that run now. */
  readonly pids: readonly number[];
  readonly logFile: string;
  /** Resolves once it works. Also after a stop, with the same data, addresses and ports. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Told when a service died, or came back. */
export type OnIncident = (line: string) => void;
