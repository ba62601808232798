/**
 * Rows of a table drawn at random, for ANALYZE, and how many there are, roughly.
 *
 * In two steps, as PostgreSQL does it: pages without repetition (Knuth's algorithm S, in their order), then of the rows that they
 * hold a reservoir (Vitter's algorithm R). So the rows come in the order of the heap.
 */

import type { SampledRows, TableSize } from '../catalog/kernel-port.ts';
import { heapPageCount } from '../storage/space/heap-map.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { settledShare } from '../txn/index-only.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { KernelParts } from './kernel-parts.ts';
import type { Table } from './table.ts';
import { holdPage, pagePlace, pageViews, releasePage } from '../storage/cache/page-cache.ts';
import { heapPage } from '../storage/space/heap-map.ts';
import { pageSlotCount } from '../storage/page.layout.gen.ts';

/** Larger tables are not looked at row by row. */
const SHOWN_ROWS = 200_000;
/** Pages that are looked at for an estimate of rows. */
const SIZE_PAGES = 3;

/** Pages of a table, and rows by how full some of them are. The last one is being filled: it stands for itself alone. */
export function heapSize(parts: KernelParts, { runtime }: Table): TableSize {
  const pages = heapPageCount(parts.space, runtime.mapRoot);
  if (pages === 0) return { pages, rows: 0 };
  const full = pages - 1;
  let slots = 0;
  const looked = Math.min(SIZE_PAGES, full);
  for (let at = 0; at < looked; at++)
    slots += slotsIn(parts, runtime, looked === 1 ? 0 : Math.floor((at * (full - 1)) / (looked - 1)));
  const rows = slotsIn(parts, runtime, full) + (looked === 0 ? 0 : Math.round((slots / looked) * full));
  const settled = settledShare(parts.txns, runtime, (index) => heapPage(parts.space, runtime.mapRoot, index), pages);
  return { pages, rows, settled };
}

function slotsIn(parts: KernelParts, { mapRoot }: Table['runtime'], number: number): number {
  const frame = holdPage(parts.cache, heapPage(parts.space, mapRoot, number));
  const count = pageSlotCount(pageViews(parts.cache, frame).u16, pagePlace(parts.cache, frame));
  releasePage(parts.cache, frame);
  return count;
}

/** At most `wanted` rows that the transaction sees. */
export function sampleHeap(
  parts: KernelParts,
  tx: Transaction,
  table: Table,
  wanted: number,
  each?: (values: readonly RowValue[]) => void,
): SampledRows {
  const { random } = parts.world;
  const pages = heapPageCount(parts.space, table.runtime.mapRoot);
  const numbers = choosePages(pages, wanted, () => random.next());
  const kept: { readonly place: number; readonly page: number; readonly values: RowValue[] }[] = [];
  let asked = 0;
  const isShown = each !== undefined && numbers.length === pages && heapSize(parts, table).rows <= SHOWN_ROWS;
  // Which of those that are kept the next row becomes; -1: none. Only rows that are kept, or shown, are decoded.
  const choose = (): number => {
    const place = asked++;
    if (place < wanted) return place;
    const at = Math.floor(random.next() * asked);
    return at < wanted ? at : isShown ? wanted : -1;
  };
  const seen = table.chooseRows(tx, numbers, choose, (at, values, page, place) => {
    if (isShown) each?.(values);
    if (at < wanted) kept[at] = { place, page, values };
  });
  kept.sort((a, b) => a.place - b.place);
  const rows = numbers.length === 0 ? 0 : Math.round((seen * pages) / numbers.length);
  const pageOf = kept.map(({ page }) => page);
  return { pages, rows, sample: kept.map(({ values }) => values), pageOf, share: numbers.length / pages, isShown };
}

/** `wanted` of the pages 0 to count - 1, ascending; all of them when there are no more. */
function choosePages(count: number, wanted: number, random: () => number): number[] {
  const chosen: number[] = [];
  for (let page = 0; page < count && chosen.length < wanted; page++) {
    if ((count - page) * random() < wanted - chosen.length) chosen.push(page);
  }
  return chosen;
}
