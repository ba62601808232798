/**
 * How often statements have run, and how long: by normalised text, of this worker and, as of about a second ago, of the others
 * (pg_stat_statements). What takes long is logged.
 */

import type { Logger } from 'pino';

export interface StatementFigures {
  readonly query: string;
  calls: number;
  /** Milliseconds. */
  total: number;
  least: number;
  most: number;
  rows: number;
}

/** Texts that are counted. */
const TEXTS_MAX = 5000;
const TELL_MS = 1000;
const QUERY_CHARACTERS = 1000;

export class StatementCounts {
  readonly #own = new Map<string, StatementFigures>();
  readonly #others = new Map<number, readonly StatementFigures[]>();
  readonly #channel: BroadcastChannel;
  readonly #worker: number;
  readonly #log: Logger;
  readonly #slow: number;
  #changed = new Set<StatementFigures>();
  #timer: NodeJS.Timeout | null = null;

  constructor(name: string, worker: number, slow: number, log: Logger) {
    this.#worker = worker;
    this.#slow = slow < 0 ? Number.POSITIVE_INFINITY : slow;
    this.#log = log;
    this.#channel = new BroadcastChannel(`statements of ${name}`);
    this.#channel.onmessage = (event) => {
      const { worker: from, figures } = (event as unknown as { data: { worker: number; figures: StatementFigures[] } }).data;
      this.#hear(from, figures);
    };
    (this.#channel as BroadcastChannel & { unref(): void }).unref();
  }

  /** The figures of a text, to be counted on: kept by whoever runs it again and again. */
  of(query: string): StatementFigures {
    let found = this.#own.get(query);
    if (found === undefined) {
      if (this.#own.size >= TEXTS_MAX) this.#own.delete(this.#own.keys().next().value as string);
      found = { query: query.slice(0, QUERY_CHARACTERS), calls: 0, total: 0, least: Number.POSITIVE_INFINITY, most: 0, rows: 0 };
      this.#own.set(query, found);
    }
    return found;
  }

  /** It has run so long, milliseconds. Hot. */
  ran(figures: StatementFigures, milliseconds: number, rows: number, process: number): void {
    figures.calls++;
    figures.total += milliseconds;
    figures.rows += rows;
    if (milliseconds < figures.least) figures.least = milliseconds;
    if (milliseconds > figures.most) figures.most = milliseconds;
    if (milliseconds >= this.#slow) this.#log.warn({ query: figures.query, milliseconds, rows, process }, 'a slow statement');
    this.#changed.add(figures);
    this.#timer ??= setTimeout(() => this.#tell(), TELL_MS).unref();
  }

  #tell(): void {
    this.#timer = null;
    this.#channel.postMessage({ worker: this.#worker, figures: [...this.#changed] });
    this.#changed = new Set();
  }

  #hear(worker: number, figures: readonly StatementFigures[]): void {
    const known = new Map((this.#others.get(worker) ?? []).map((one) => [one.query, one]));
    for (const one of figures) known.set(one.query, one);
    this.#others.set(worker, [...known.values()]);
  }

  /** Of all workers. */
  all(): StatementFigures[] {
    const sums = new Map<string, StatementFigures>();
    for (const one of [...this.#own.values(), ...[...this.#others.values()].flat()]) {
      const sum = sums.get(one.query);
      if (sum === undefined) {
        sums.set(one.query, { ...one });
        continue;
      }
      sum.calls += one.calls;
      sum.total += one.total;
      sum.rows += one.rows;
      sum.least = Math.min(sum.least, one.least);
      sum.most = Math.max(sum.most, one.most);
    }
    return [...sums.values()].filter(({ calls }) => calls > 0);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#channel.close();
  }
}
