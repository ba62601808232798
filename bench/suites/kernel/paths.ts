/**
 * The kernel's hot paths as generated code calls them: the key is known to be an int32, columns lie at offsets that the row's
 * layout gives, rows are encoded, copied and scanned by generated functions. Every row is a statement of its own, with its own
 * snapshot, and a writing one looks at the background work first; a batch runs inside one call into the engine.
 *
 * Free functions; nothing is allocated for a row (bench/allocation.ts shows that).
 */
import { type RowEncoder, rowEncoder } from '../../../codegen/rows/encoder.ts';
import { generateScanLoops } from '../../../codegen/rows/page-scan.ts';
import type { Kernel } from '../../../engine/api/kernel.ts';
import type { Table } from '../../../engine/api/table.ts';
import type { Jobs } from '../../../engine/jobs/jobs.ts';
import { foregroundSlice } from '../../../engine/jobs/marks.ts';
import { type Cursor, createCursor, cursorAt, cursorBound } from '../../../engine/storage/btree/cursor.ts';
import type { ByteViews } from '../../../engine/storage/rows/byte-views.ts';
import type { RowValue } from '../../../engine/storage/rows/row-value.ts';
import { createKeyScratch, type KeyScratch, type TableRuntime } from '../../../engine/storage/rows/runtime.ts';
import type { ScanLoops } from '../../../engine/storage/rows/scan-loops.ts';
import { heapPageCount, heapRange } from '../../../engine/storage/space/heap-map.ts';
import type { Space } from '../../../engine/storage/space/space.ts';
import { beginStatement, endStatement, STATEMENT_SIMPLE } from '../../../engine/txn/begin.ts';
import { createIndexScan, findRowI32, type IndexScan, nextRow } from '../../../engine/txn/index-read.ts';
import { insertRow } from '../../../engine/txn/row-insert.ts';
import { updateRow } from '../../../engine/txn/row-update.ts';
import { createTableScan, scanPage, type TableScan } from '../../../engine/txn/table-scan.ts';
import { ROW_DONE, ROW_PAGE, ROW_SLOT, type Transaction } from '../../../engine/txn/transactions.ts';

/** What one thread needs to work on the table of items. */
export interface ItemPaths {
  readonly jobs: Jobs;
  readonly space: Space;
  readonly table: TableRuntime;
  readonly encode: RowEncoder;
  /** The caller's storage for one row. */
  readonly row: ByteViews;
  /** Where `a` lies in a row, in words, and `price`, in doubles. */
  readonly aWord: number;
  readonly priceDouble: number;
  readonly numbers: Float64Array;
  readonly values: (RowValue | undefined)[];
  readonly loops: ScanLoops;
  readonly scan: TableScan;
  readonly pages: Int32Array;
  /** Accumulators of the scan. */
  readonly state: Float64Array;
  readonly cursor: Cursor;
  readonly low: KeyScratch;
  readonly high: KeyScratch;
  readonly indexScan: IndexScan;
}

const PRIMARY = 0;
const NAME_MASK = 1023;

export function createPaths(kernel: Kernel, table: Table): ItemPaths {
  const { runtime } = table;
  const { columns } = runtime.layout;
  const cursor = createCursor('i32');
  return {
    jobs: kernel.jobs,
    space: kernel.parts.space,
    table: runtime,
    encode: rowEncoder(runtime.layout),
    row: table.newRow(),
    aWord: columns[1].at >> 2,
    priceDouble: columns[2].at >> 3,
    numbers: new Float64Array(4),
    values: [undefined, undefined, undefined, ''],
    loops: generateScanLoops(runtime.layout, {
      columns: [1, 2],
      begin: 'let sum = s[0];',
      row: 'if (c1 < 500) sum += c2;',
      end: 's[0] = sum;',
    }),
    scan: createTableScan(),
    pages: new Int32Array(2),
    state: new Float64Array(1),
    cursor,
    low: createKeyScratch(),
    high: createKeyScratch(),
    indexScan: createIndexScan(runtime.indexes[PRIMARY], cursor),
  };
}

function fail(what: string, key: number, status: number): never {
  throw new Error(`${what} of item ${key} was answered with ${status}`);
}

/** Inserts items `from` to `to` - 1. */
export function insertItems(paths: ItemPaths, tx: Transaction, from: number, to: number, names: readonly string[]): void {
  const { row, numbers, values, encode, table, jobs } = paths;
  for (let key = from; key < to; key++) {
    numbers[0] = key;
    numbers[1] = key % 1000;
    numbers[2] = key * 0.5;
    values[3] = names[key & NAME_MASK];
    const length = encode(row.i32, row.u16, row.u8, row.f64, row.bytesView, 0, numbers, values);
    if (length < 0) fail('encoding', key, length);
    foregroundSlice(jobs);
    beginStatement(tx, STATEMENT_SIMPLE, true);
    const status = insertRow(tx, table, row, 0);
    if (status !== ROW_DONE) fail('insert', key, status);
    endStatement(tx);
  }
}

/** Reads keys[from] to keys[to - 1] into the caller's row; returns the sum of `a`, as an int32. */
export function readItems(paths: ItemPaths, tx: Transaction, keys: Int32Array, from: number, to: number): number {
  const { row, table, aWord } = paths;
  let sum = 0;
  for (let at = from; at < to; at++) {
    beginStatement(tx, STATEMENT_SIMPLE, false);
    if (findRowI32(tx, table, PRIMARY, keys[at], row) === 0) fail('read', keys[at], 0);
    sum = (sum + row.i32[aWord]) | 0;
    endStatement(tx);
  }
  return sum;
}

/** The same, each in a transaction and a call of its own. */
export function readOneEach(kernel: Kernel, paths: ItemPaths, keys: Int32Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at++) {
    const tx = kernel.begin();
    sum = (sum + kernel.enter(() => readItems(paths, tx, keys, at, at + 1))) | 0;
    kernel.commit(tx);
  }
  return sum;
}

/** price = price + 1 for keys[from] to keys[to - 1]. */
export function updateItems(paths: ItemPaths, tx: Transaction, keys: Int32Array, from: number, to: number): void {
  const { row, table, priceDouble, jobs } = paths;
  for (let at = from; at < to; at++) {
    foregroundSlice(jobs);
    beginStatement(tx, STATEMENT_SIMPLE, true);
    if (findRowI32(tx, table, PRIMARY, keys[at], row) === 0) fail('read', keys[at], 0);
    row.f64[priceDouble] += 1;
    const status = updateRow(tx, table, tx.ints[ROW_PAGE], tx.ints[ROW_SLOT], row, 0);
    if (status !== ROW_DONE) fail('update', keys[at], status);
    endStatement(tx);
  }
}

/** Sum of `price` where a < 500, into paths.state[0]: one generated loop over each page. */
export function sumItems(paths: ItemPaths, tx: Transaction): void {
  const { space, table, pages } = paths;
  paths.state[0] = 0;
  beginStatement(tx, STATEMENT_SIMPLE, false);
  const count = heapPageCount(space, table.mapRoot);
  for (let at = 0; at < count; ) {
    const length = Math.min(heapRange(space, table.mapRoot, at, pages), count - at);
    sumPages(paths, tx, pages[0], length);
    at += length;
  }
  endStatement(tx);
}

function sumPages(paths: ItemPaths, tx: Transaction, first: number, length: number): void {
  const { table, scan, loops, state } = paths;
  for (let page = 0; page < length; page++) scanPage(tx, table, first + page, scan, loops, state);
}

/** Reads items low to high through the index, in the order of the key, into the caller's row; returns how many there are. */
export function rangeItems(paths: ItemPaths, tx: Transaction, low: number, high: number): number {
  const { cursor, indexScan, row, table } = paths;
  setKey(paths.low, low);
  setKey(paths.high, high);
  cursorAt(cursor, paths.low, 0, 0);
  cursorBound(cursor, paths.high, -1, 65535);
  cursor.count = 0;
  indexScan.entry = 0;
  beginStatement(tx, STATEMENT_SIMPLE, false);
  let count = 0;
  while (nextRow(tx, table, indexScan, row) > 0) count++;
  endStatement(tx);
  return count;
}

function setKey(key: KeyScratch, value: number): void {
  key.i32[0] = value;
  key.i32[1] = 0;
  key.length = 4;
}
