/** One call of dvsctl: whom it asks, where it writes, and in which form. */
import type { Command } from 'commander';
import { createApiClient, type ApiClient, type ApiClientOptions } from '@opendvs/api-client';
import type { Io } from './io';
import { renderJson, renderYaml } from './output/document';
import { renderRecord, renderTable, type Column } from './output/table';
import { resolveSettings, type GlobalOptions, type OutputFormat, type Settings } from './settings/settings';
import { VERSION } from './version';

/** For one answer; the manager holds requests that wait for longer, by what they ask. */
const ANSWER_TIMEOUT_MS = 30_000;
/** A manager that restarts is back well within this. */
const RETRY_FOR_MS = 15_000;

export class Session {
  readonly output: OutputFormat;
  readonly options: GlobalOptions;
  private client: ApiClient | null = null;

  constructor(
    readonly io: Io,
    command: Command,
  ) {
    this.options = command.optsWithGlobals<GlobalOptions>();
    this.output = this.options.output;
  }

  get settings(): Settings {
    return resolveSettings(this.options, this.io);
  }

  /** Asked once, then kept. */
  get api(): ApiClient {
    this.client ??= createApiClient({ ...this.clientOptions, ...this.settings });
    return this.client;
  }

  /** How any manager is asked. */
  get clientOptions(): Omit<ApiClientOptions, keyof Settings> {
    return {
      userAgent: `dvsctl/${VERSION}`,
      timeoutMs: ANSWER_TIMEOUT_MS,
      retryForMs: RETRY_FOR_MS,
      signal: this.io.interrupted,
    };
  }

  /** A list, whose rows are shown as a table or given as the API has them. */
  printRows<T>(columns: readonly Column<T>[], rows: readonly T[]): void {
    this.print(rows, () => (rows.length > 0 ? renderTable(columns, rows) : ''));
    if (rows.length === 0) this.note('nothing found');
  }

  printRecord<T>(columns: readonly Column<T>[], row: T): void {
    this.print(row, () => renderRecord(columns, row));
  }

  /** What a program reads as `value`, a person as `table` has it. */
  print(value: unknown, table: () => string): void {
    if (this.output === 'json') this.io.out(renderJson(value));
    else if (this.output === 'yaml') this.io.out(renderYaml(value));
    else this.io.out(table());
  }

  /** For people, on stderr; results stay alone on stdout. */
  readonly note = (text: string): void => this.io.err(`${text}\n`);
}
