/**
 * What nodes cost, in units of one page of a sequential scan (about 0.6 us when the page is cached). access-path.ts has the sources.
 */

/** A row through a filter or a projection. */
export const ROW = 0.01;
/** A row into a group. */
export const GROUP = 0.05;
/** A row into a hash table, and one looked up in it. */
export const BUILD = 0.1;
export const PROBE = 0.05;
/** A row kept and read again. */
export const KEEP = 0.03;
/** A row that goes along with the other side of a merge, and one that is kept in order for it. */
export const MERGE = 0.12;
export const MERGE_BUILD = 0.15;
/** A pair looked at by a loop. */
export const PAIR = 0.006;

export const sortCost = (rows: number): number => rows * 0.08 * Math.log2(Math.min(rows, 1e12) + 2);

/** An estimate that one can go on with: at least a row, and not too many. NaN is a row. */
export const someRows = (rows: number): number => (rows > 1 ? Math.min(rows, 1e15) : 1);

/** Going down an index, and a row that is fetched by it. */
export const DESCENT = 0.6;
export const ROW_BY_INDEX = 1.3;

/** An entry of an index that counts without its row; and the look at the row's page, where each is another one's. */
export const ENTRY = 0.06;
export const ENTRY_PAGE = 0.08;

/** A row id by an index, and its row where the page is there. */
export const ROW_ID = 0.08;
export const ROW_OF_PAGE = 0.4;

/** Tables that leave the processor's caches cost more with every row that is looked up. */
export const apart = (rows: number): number => (rows < 2e4 ? 1 : Math.min(3, 1 + 0.25 * Math.log2(rows / 2e4)));

/** Collecting `build` rows in a hash table. */
export const buildCost = (build: number): number => build * BUILD * apart(build);
/** Looking up `probe` rows among `build` ones, `found` pairs going on. */
export const probeCost = (probe: number, build: number, found: number): number => probe * PROBE * apart(build) + found * ROW;

/** For tests: what a plan is to be made from, so that every way to run a query can be tried. */
export interface CostHooks {
  /** Joins that may be taken where they can; none named: all. */
  readonly joins?: readonly ('hash' | 'loop' | 'index' | 'merge' | 'apply')[];
  /** A number that stands for the order of joins: the cheapest when it is not there, otherwise one drawn by it. */
  readonly order?: number;
  /** Tables are read through an index wherever one can be read. */
  readonly indexes?: true;
  /** Rewrites that are left out. */
  readonly without?: readonly string[];
}
