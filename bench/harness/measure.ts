/**
 * What a benchmark suite declares. A suite is a file bench/suites/<suite>.bench.ts whose default export is a list of
 * measures. Ours and the peer run in turn, in one process, on the same data; the ratio of each turn is what counts.
 *
 *   setup(context) -> Running     data is made once per measure, not timed
 *   runs times:  ours(), peer()   in changing order, each returns its figure in the measure's unit
 *   teardown()                    always, also after an error
 *
 * A limit is a peer, too: limitOf(3) as the peer of "time to ready" makes the bar "at most 3 seconds" a ratio of 1.
 */

/** Whose figure is better: operations a second are better 'higher', seconds and bytes 'lower'. */
export type Better = 'higher' | 'lower';

export type Turn = () => number | Promise<number>;

/** A measure that has been set up. */
export type Running = {
  readonly ours: Turn;
  /** Left out when the packages that the measure needs are not installed. */
  readonly peer?: Turn | undefined;
  readonly teardown?: () => void | Promise<void>;
};

export type Measure = {
  readonly name: string;
  /** What the figures count: 'operations/s', 'rows/s', 's', 'MiB'. */
  readonly unit: string;
  readonly better: Better;
  /** Who we are compared with, in words: 'better-sqlite3', 'one thread', 'limit'. */
  readonly peerName: string;
  /** Packages of bench/package.json that the peer needs; without them only ours runs. */
  readonly needs?: readonly PeerPackage[];
  /** The ratio that must be reached, and the one we want. */
  readonly bar?: number;
  readonly aim?: number;
  readonly setup: (context: BenchContext) => Running | Promise<Running>;
};

/** 'postgresql': the server's own programs, which the system's package brings; its driver is `pg`. */
export type PeerPackage = 'better-sqlite3' | '@duckdb/node-api' | '@electric-sql/pglite' | 'postgresql';

export type BenchContext = {
  /** Sizes are tiny and times short: the run shows that the benchmark works, not how fast anything is. */
  readonly small: boolean;
  /** False when a package of `needs` is not installed: set up no peer then. */
  readonly hasPeer: boolean;
  /** A directory of this measure alone, removed afterwards. */
  readonly directory: string;
  /** The size to use in this run. */
  size(full: number, small: number): number;
  /** Takes a result into the hash of the measure: no work can be optimised away, and two runs can be compared. */
  digest(value: number | string): void;
};

/** A fixed limit as the peer of a measure. */
export const limitOf =
  (limit: number): Turn =>
  () =>
    limit;
