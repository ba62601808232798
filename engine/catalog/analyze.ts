/**
 * ANALYZE: what a sample of the rows tells of each column, by PostgreSQL's rules (analyze.c): 300 rows for each unit of the target,
 * the Haas-Stokes estimate of distinct values, the values that are clearly more common than others, a histogram of the rest, and
 * how far the heap's order follows the value.
 */

import type { RowValue } from '../storage/rows/row-value.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { Catalog } from './catalog.ts';
import { DistinctSketch } from './distinct-sketch.ts';
import { extendedStatistics, statisticsAsked } from './extended-statistics.ts';
import { pairStatistics } from './pair-statistics.ts';
import type { CatalogSession } from './definitions.ts';
import { noRelation } from './errors.ts';
import type { SampledPages } from './kernel-port.ts';
import type { CatalogColumn, ColumnStatistics, TableStatistics } from './objects.ts';
import { storeStatistics } from './stored-statistics.ts';
import { orderOf, type ValueOrder, valueBytes } from './value-order.ts';

/** Common values, and ranges of the histogram, at most. */
export const STATISTICS_TARGET = 100;
const ROWS_A_TARGET = 300;

/** `target`: what stands for 100 in PostgreSQL's default_statistics_target, as to the size of the sample. */
export function analyzeTable(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  id: number,
  target = STATISTICS_TARGET,
): TableStatistics {
  const before = catalog.ownRow(tx, session, id);
  if (before.kind !== 'table') throw noRelation(before.name);
  const { columns: defined, kernelTable } = before.body;
  // Before the sample: what is committed while it is taken counts for the next one.
  const changes = catalog.port.changes(kernelTable);
  const sketches = defined.map(() => new DistinctSketch());
  const created = statisticsAsked(catalog, tx, before);
  const wanted = Math.max(target, ...created.map(({ body }) => (target < STATISTICS_TARGET ? 0 : body.target)));
  const drawn = catalog.port.sample(tx, kernelTable, ROWS_A_TARGET * wanted, (values) => {
    defined.forEach(({ kernelColumn }, at) => {
      const value = values[kernelColumn];
      if (value !== null) sketches[at].add(value);
    });
  });
  const { sample, rows, pages, isShown } = drawn;
  const columns = defined.map((column, at) => {
    const found = columnStatistics(column, sample, rows, drawn);
    // What all rows tell is better than what a sample does.
    return isShown && sample.length < rows ? { ...found, distinct: distinctOf(sketches[at].count(), rows) } : found;
  });
  const pairs = pairStatistics(defined, columns, drawn);
  const looked = { columns: defined, sample, rows };
  const extended = created.flatMap((one) => extendedStatistics(one, looked) ?? []);
  const statistics: TableStatistics = { rows, pages, columns, pairs, ...(extended.length === 0 ? {} : { extended }) };
  // The sample took its time: the table's row is taken as it is now.
  const row = catalog.entry(tx, id)?.row;
  if (row === undefined || row.kind !== 'table') throw noRelation(before.name);
  storeStatistics(catalog, tx, row, statistics);
  catalog.port.analyzed(tx, row.body.kernelTable, rows, changes);
  return statistics;
}

/** Of one column: `sample` holds rows in the order of the heap, `rows` is how many the table has. `pages`: left out, it is no matter. */
export function columnStatistics(
  column: Pick<CatalogColumn, 'type' | 'number' | 'kernelColumn'>,
  sample: readonly (readonly RowValue[])[],
  rows: number,
  { pageOf, share }: SampledPages = { pageOf: [], share: 1 },
): ColumnStatistics {
  const values: RowValue[] = [];
  const pages: number[] = [];
  let bytes = 0;
  for (const [at, row] of sample.entries()) {
    const value = row[column.kernelColumn];
    if (value === null) continue;
    values.push(value);
    pages.push(pageOf[at]);
    bytes += valueBytes(column.type, value);
  }
  const nullFraction = sample.length === 0 ? 0 : 1 - values.length / sample.length;
  const base = {
    attribute: column.number,
    nullFraction,
    averageBytes: values.length === 0 ? 0 : bytes / values.length,
    common: [],
    histogram: [],
    correlation: 0,
  };
  const order = orderOf(column.type);
  if (values.length === 0) return { ...base, distinct: 0 };
  if (order === null) return { ...base, distinct: distinctTexts(values, nullFraction, rows) };
  return { ...base, ...orderedStatistics(values, order, nullFraction, sample.length, rows, { pageOf: pages, share }) };
}

/** Runs of equal values in the sorted sample. */
interface Runs {
  /** First place of each run. */
  readonly starts: number[];
  readonly counts: number[];
}

function orderedStatistics(
  values: readonly RowValue[],
  order: ValueOrder,
  nullFraction: number,
  sampled: number,
  rows: number,
  pages: SampledPages,
): Pick<ColumnStatistics, 'distinct' | 'common' | 'histogram' | 'correlation'> {
  const places = values.map((_, place) => place).sort((a, b) => order(values[a], values[b]) || a - b);
  const sorted = places.map((place) => values[place]);
  const runs = runsOf(sorted, order);
  const repeats = new Repeats(pages.share);
  runs.starts.forEach((start, run) => {
    let together = 0;
    for (let at = start + 1; at < start + runs.counts[run]; at++)
      if (pages.pageOf[places[at]] === pages.pageOf[places[at - 1]]) together++;
    repeats.add(runs.counts[run], together);
  });
  const distinct = repeats.estimate(nullFraction, rows);
  const common = commonRuns(runs, distinct, nullFraction, sampled, rows);
  return {
    distinct,
    common: common.map((run) => ({ value: sorted[runs.starts[run]], fraction: runs.counts[run] / sampled })),
    histogram: histogramOf(sorted, runs, common),
    correlation: correlationOf(places),
  };
}

function runsOf(sorted: readonly RowValue[], order: ValueOrder): Runs {
  const starts: number[] = [];
  const counts: number[] = [];
  for (let at = 0; at < sorted.length; at++) {
    if (at === 0 || order(sorted[at - 1], sorted[at]) !== 0) {
      starts.push(at);
      counts.push(0);
    }
    counts[counts.length - 1]++;
  }
  return { starts, counts };
}

/** Many values become more as the table grows. */
const distinctOf = (distinct: number, rows: number): number =>
  distinct > rows * 0.1 ? -(Math.min(distinct, rows) / rows) : distinct;

/**
 * How often values were drawn. Equal values that lie on one page are drawn together more often than rows drawn one by one would be: as
 * many times as there are more pages than were looked at. Of those only that share counts.
 */
export class Repeats {
  readonly #lost: number;
  #found = 0;
  #several = 0;
  #values = 0;

  /** `share`: of the table's pages those that were looked at. */
  constructor(share: number) {
    this.#lost = 1 - share;
  }

  /** A value that was drawn so many times; so many of them on the page of the one before. */
  add(count: number, together: number): void {
    this.#found++;
    this.#values += count - this.#lost * together;
    if (count > 1) this.#several += together === count - 1 ? 1 - this.#lost : 1;
  }

  estimate(nullFraction: number, rows: number): number {
    return estimateDistinct(this.#found, this.#several, this.#values, nullFraction, rows);
  }
}

/** Haas and Stokes' Duj1, as PostgreSQL uses it; below 0: minus the fraction of rows. */
function estimateDistinct(found: number, several: number, values: number, nullFraction: number, rows: number): number {
  // Every value once: a key, as far as one can see.
  if (several === 0) return -(1 - nullFraction);
  // Every value more than once: there are no others.
  let distinct = found;
  if (several < found) {
    const once = found - several;
    const all = rows * (1 - nullFraction);
    const estimate = (values * found) / (values - once + (all > 0 ? (once * values) / all : 0));
    distinct = Math.floor(Math.min(Math.max(estimate, found), Math.max(all, found)) + 0.5);
  }
  return distinctOf(distinct, rows);
}

/** Runs that stand for common values, the most common first. */
function commonRuns(runs: Runs, distinct: number, nullFraction: number, sampled: number, rows: number): number[] {
  const candidates = runs.counts
    .map((_, run) => run)
    .filter((run) => runs.counts[run] > 1)
    .sort((a, b) => runs.counts[b] - runs.counts[a] || a - b)
    .slice(0, STATISTICS_TARGET);
  const all = runs.counts.length <= STATISTICS_TARGET && distinct > 0 && candidates.length === runs.counts.length;
  if (all || sampled >= rows || rows <= 1) return candidates;
  return candidates.slice(
    0,
    significant(
      candidates.map((run) => runs.counts[run]),
      distinct,
      nullFraction,
      sampled,
      rows,
    ),
  );
}

/** How many of the counts, which descend, are too high to be chance (analyze_mcv_list). */
function significant(counts: readonly number[], distinct: number, nullFraction: number, sampled: number, rows: number): number {
  const total = distinct < 0 ? -distinct * rows : distinct;
  let kept = counts.length;
  let sum = counts.slice(0, -1).reduce((so, count) => so + count, 0);
  while (kept > 0) {
    let share = Math.min(1, Math.max(0, 1 - sum / sampled - nullFraction));
    const others = total - (kept - 1);
    if (others > 1) share /= others;
    const expected = (rows * counts[kept - 1]) / sampled;
    const variance = (sampled * expected * (rows - expected) * (rows - sampled)) / (rows * rows * (rows - 1));
    if (counts[kept - 1] > share * sampled + 2 * Math.sqrt(Math.max(0, variance)) + 0.5) break;
    kept--;
    if (kept > 0) sum -= counts[kept - 1];
  }
  return kept;
}

/** Bounds of ranges that hold equally many of the values that are not common. */
function histogramOf(sorted: readonly RowValue[], runs: Runs, common: readonly number[]): RowValue[] {
  const left = runs.counts.length - common.length;
  const bounds = Math.min(left, STATISTICS_TARGET + 1);
  if (bounds < 2) return [];
  const isCommon = new Set(common);
  const rest = runs.counts.flatMap((count, run) =>
    isCommon.has(run) ? [] : sorted.slice(runs.starts[run], runs.starts[run] + count),
  );
  return Array.from({ length: bounds }, (_, at) => rest[Math.floor((at * (rest.length - 1)) / (bounds - 1))]);
}

/** `places`: for each value in order, where it lay in the heap. */
function correlationOf(places: readonly number[]): number {
  const count = places.length;
  if (count < 2) return 0;
  let product = 0;
  for (let at = 0; at < count; at++) product += at * places[at];
  const sum = (count * (count - 1)) / 2;
  const squares = (count * (count - 1) * (2 * count - 1)) / 6;
  return (count * product - sum * sum) / (count * squares - sum * sum);
}

function distinctTexts(values: readonly RowValue[], nullFraction: number, rows: number): number {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  const several = [...counts.values()].filter((count) => count > 1).length;
  return estimateDistinct(counts.size, several, values.length, nullFraction, rows);
}
