/**
 * Index-only reads: where an index holds all that is read of a table, its rows are looked at only if their pages do not say that all of
 * them are visible and have the keys that the index has (SM-P2). What share of the pages says so is asked when a plan is made.
 *
 * An entry says its column's value exactly but for floats (-0), intervals, numerics without scale and char(n); codegen/rows/key-image.ts is
 * the other side of it.
 */

import { columnKind } from '../../catalog/kernel-columns.ts';
import type { CatalogIndex, CatalogTable } from '../../catalog/objects.ts';
import { TABLE_OID } from '../../sblr/bound.ts';
import type { IndexRange } from '../physical.ts';
import type { TableSizes } from './access-path.ts';
import { ENTRY, ENTRY_PAGE } from './cost.ts';

/** Indexes whose entries are all taken back when a change is undone (NAMED_INDEXES of the kernel). */
const INDEXES_MAX = 31;

const EXACT = new Set('bool int16 int32 int64 date time timestamp timestamptz numeric uuid text bytes'.split(' '));
/** Not exact, but it is known where the next column begins. */
const PASSED = new Set(['float32', 'float64', 'interval']);

/** Attributes whose values can be read from the index. */
export function attributesIn(table: CatalogTable, { keys, method, predicate, kernelIndex }: CatalogIndex): ReadonlySet<number> {
  const found = new Set<number>();
  if (method !== 'btree' || predicate !== undefined || kernelIndex >= INDEXES_MAX) return found;
  for (const { attribute } of keys) {
    const column = table.columns.find(({ number }) => number === attribute);
    const kind = column === undefined ? undefined : columnKind(column.type);
    if (column === undefined || kind === undefined) break;
    if (EXACT.has(kind) && column.type.name !== 'char') found.add(attribute);
    else if (!PASSED.has(kind) && kind !== 'text') break;
  }
  return found;
}

/** Whether the index alone answers what is read. A table without rows in an index of no column counts as well: count(*). */
export function isCovered(
  table: CatalogTable,
  index: CatalogIndex,
  { columns, rowId }: Pick<IndexRange, 'columns' | 'rowId'>,
): boolean {
  if (rowId >= 0 || index.method !== 'btree' || index.predicate !== undefined || index.kernelIndex >= INDEXES_MAX) return false;
  const held = attributesIn(table, index);
  return columns.every(({ attribute }) => attribute === TABLE_OID || held.has(attribute));
}

/** What an entry costs, and besides its row where that is looked at: `byRow`. `correlation`: of the heap with the index, squared. */
export function costOfEntry({ settled = 1 }: TableSizes, correlation: number, byRow: number): number {
  return ENTRY + (1 - correlation) * ENTRY_PAGE + (1 - settled) * byRow;
}
