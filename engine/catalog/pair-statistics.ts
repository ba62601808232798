/**
 * What two columns of a table say of each other: how many pairs of values there are. Fewer than the product of theirs, and one goes some
 * way to tell the other; as many as one of them has, and it tells it.
 *
 * All pairs of the first columns are looked at; only those that are not independent are kept.
 */

import type { RowValue } from '../storage/rows/row-value.ts';
import { Repeats } from './analyze.ts';
import type { SampledPages, SampledRows } from './kernel-port.ts';
import type { CatalogColumn, ColumnStatistics, PairStatistics } from './objects.ts';

/** Columns whose pairs are looked at, and rows for that. */
const COLUMNS_MAX = 8;
const ROWS_MAX = 10_000;
/** Pairs that are so many times fewer than the product are worth keeping. */
const DEPENDENT = 1.5;

export function pairStatistics(
  defined: readonly CatalogColumn[],
  statistics: readonly ColumnStatistics[],
  { sample, rows, pageOf, share }: SampledRows,
): PairStatistics[] {
  if (sample.length < 2) return [];
  const step = Math.max(1, Math.ceil(sample.length / ROWS_MAX));
  const isLooked = (_: unknown, at: number): boolean => at % step === 0;
  const looked = step === 1 ? sample : sample.filter(isLooked);
  const pages = { pageOf: step === 1 ? pageOf : pageOf.filter(isLooked), share };
  const count = (at: number): number => {
    const { distinct } = statistics[at];
    return distinct < 0 ? -distinct * rows : distinct;
  };
  // Columns with one value, and keys, say nothing of others, nor others of them.
  const chosen = defined
    .map((_, at) => at)
    .filter((at) => count(at) > 1 && count(at) < rows * 0.9)
    .slice(0, COLUMNS_MAX);
  const numbered = new Map(chosen.map((at) => [at, numbersOf(looked, defined[at].kernelColumn)]));
  const pairs: PairStatistics[] = [];
  for (const [place, a] of chosen.entries()) {
    for (const b of chosen.slice(place + 1)) {
      const found = distinctPairs(numbered.get(a) as Int32Array, numbered.get(b) as Int32Array, rows, pages);
      const pairCount = found < 0 ? -found * rows : found;
      if (pairCount * DEPENDENT > Math.min(rows, count(a) * count(b))) continue;
      const [low, high] = [defined[a].number, defined[b].number].sort((x, y) => x - y);
      pairs.push({ attributes: [low, high], distinct: found });
    }
  }
  return pairs;
}

/** Equal values have one number, from 1 on; NULL has 0. */
function numbersOf(sample: readonly (readonly RowValue[])[], column: number): Int32Array {
  const numbers = new Map<unknown, number>();
  return Int32Array.from(sample, (row) => {
    const value = row[column];
    if (value === null) return 0;
    const key = typeof value === 'object' ? String(value) : value;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, numbers.size + 1);
    return numbers.size;
  });
}

function distinctPairs(a: Int32Array, b: Int32Array, rows: number, { pageOf, share }: SampledPages): number {
  const found = new Map<number, { count: number; together: number; page: number }>();
  let values = 0;
  for (let row = 0; row < a.length; row++) {
    if (a[row] === 0 || b[row] === 0) continue;
    values++;
    const pair = a[row] * 0x1000000 + b[row];
    const page = pageOf[row];
    const known = found.get(pair);
    if (known === undefined) found.set(pair, { count: 1, together: 0, page });
    else {
      known.count++;
      if (known.page === page) known.together++;
      known.page = page;
    }
  }
  if (values === 0) return 0;
  const repeats = new Repeats(share);
  for (const { count, together } of found.values()) repeats.add(count, together);
  return repeats.estimate(1 - values / a.length, rows);
}
