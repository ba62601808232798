/**
 * A table as one thread works on it: generated functions and single row operations. For the compiler, which calls the functions
 * below it directly; for tests and tools, which call this.
 *
 * Row operations run inside a statement (Kernel.statement): their answer may be that somebody else holds the row.
 */

import { arrayDecoder, type OverflowFetch, type RowReader } from '../../codegen/rows/decoder.ts';
import { encodeRow } from '../../codegen/rows/encoder.ts';
import { type KeyMaker, keyMaker, keySuccessor, keyTooLong } from '../../codegen/rows/key-extractor.ts';
import { assert } from '../../shm/assert.ts';
import { PAGE_BYTES } from '../../shm/types.ts';
import { HEAP_SLOTS_MAX } from '../storage/heap/heap-page.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { createCursor, type Cursor, cursorAt, cursorBound, cursorFirst, cursorLast, nextBatch } from '../storage/btree/cursor.ts';
import { hashKey } from '../storage/hash/hash-key.ts';
import { readReferenced } from '../storage/overflow/overflow.ts';
import { type ByteViews, copyWords, privateViews } from '../storage/rows/byte-views.ts';
import { paddedLength, ROW_SCRATCH_BYTES } from '../storage/rows/row-image.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { createKeyScratch, KEY_OK, type KeyScratch, type TableRuntime } from '../storage/rows/runtime.ts';
import { heapPage, heapPageCount } from '../storage/space/heap-map.ts';
import { acceptRow, createIndexScan, findRow, nextRow } from '../txn/index-read.ts';
import { insertRow } from '../txn/row-insert.ts';
import { deleteRow, updateRow } from '../txn/row-update.ts';
import { createTableScan, scanPage, type TableScan } from '../txn/table-scan.ts';
import { BOUND_INCLUSIVE, BOUND_PREFIX } from '../txn/serializable-reads.ts';
import { noteRange, noteTable } from '../txn/serializable.ts';
import { TABLE_ACCESS, useTable } from '../txn/table-locks.ts';
import { type RowStatus, SERIALIZABLE, type Transaction } from '../txn/transactions.ts';
import type { KernelParts } from './kernel-parts.ts';
import type { StoredTable } from './table-definition.ts';
import { writeValue } from './undo-other.ts';

export class Table {
  readonly parts: KernelParts;
  readonly stored: StoredTable;
  readonly runtime: TableRuntime;
  readonly #decode: RowReader<RowValue[]>;
  readonly #overflow: OverflowFetch;
  readonly #makers: KeyMaker[];
  readonly #key: KeyScratch = createKeyScratch();
  readonly #hash: KeyScratch = createKeyScratch();
  /** What a range needs, kept for the next one: of each index, while none is under way. */
  readonly #cursors: (Cursor | null)[];
  #spareRow: ByteViews | null = null;

  constructor(parts: KernelParts, stored: StoredTable, runtime: TableRuntime) {
    this.parts = parts;
    this.stored = stored;
    this.runtime = runtime;
    this.#decode = arrayDecoder(runtime.layout);
    this.#overflow = (i32, reference) => readReferenced(parts.overflow, i32, reference);
    this.#cursors = stored.indexes.map(() => null);
    this.#makers = stored.indexes.map((index) => keyMaker(runtime.layout, index.keys, index.kind));
  }

  /** Room for one row image, at byte 0. */
  newRow(): ByteViews {
    return privateViews(ROW_SCRATCH_BYTES);
  }

  /**
   * Writes the image of a row, values in the order of the columns. With a transaction, long values go to overflow chains that it
   * owns; without, they are refused (54000). 23502, 22P02, 22003. Returns the image's length.
   */
  encode(row: ByteViews, values: readonly RowValue[], tx?: Transaction): number {
    return encodeRow(
      this.runtime.layout,
      row,
      0,
      { numbers: new Float64Array(values.length), values: values.slice() },
      (bytes) => {
        if (tx === undefined)
          throw new SqlError(SQLSTATE.program_limit_exceeded, 'a value is too long for a row', {
            hint: 'encode it in a transaction',
          });
        return writeValue(tx, this.parts.overflow, this.runtime, bytes);
      },
    );
  }

  /** The values of an image of the current layout. */
  decode(row: ByteViews, at = 0): RowValue[] {
    return this.#decode(row.i32, row.u16, row.u8, row.f64, row.bytesView, at, this.#overflow);
  }

  insert(tx: Transaction, row: ByteViews): RowStatus {
    return insertRow(tx, this.runtime, row, 0);
  }

  update(tx: Transaction, page: number, slot: number, row: ByteViews): RowStatus {
    return updateRow(tx, this.runtime, page, slot, row, 0);
  }

  remove(tx: Transaction, page: number, slot: number): RowStatus {
    return deleteRow(tx, this.runtime, page, slot);
  }

  /** Position of an index by its name. 42704. */
  indexAt(name: string): number {
    const at = this.stored.indexes.findIndex((index) => index.name === name);
    if (at < 0) throw new SqlError(SQLSTATE.undefined_object, `table "${this.stored.name}" has no index "${name}"`);
    return at;
  }

  /**
   * Before a statement's first look at the table: other sessions' DDL waits from here to the transaction's end (TX-T14). True: DDL
   * has it, tx.waitsFor says whose: answer ROW_WAIT.
   */
  use(tx: Transaction): boolean {
    return useTable(this.parts.locks, tx, this.runtime.id, TABLE_ACCESS);
  }

  /** The row with this key that the transaction sees: image in `out`, row id in tx.ints. A snapshot is taken. */
  find(tx: Transaction, index: string, values: readonly RowValue[], out: ByteViews): boolean {
    const at = this.indexAt(index);
    if (!this.makeKey(at, values, this.#key)) return false;
    if (tx.isolation === SERIALIZABLE) this.#noteKey(tx, at);
    if (this.stored.indexes[at].method === 'hash') return this.#findHashed(tx, at, out);
    return findRow(tx, this.runtime, at, this.#key, out) > 0;
  }

  /** What is looked for counts as read, whether it is found or not (TX-T16). */
  #noteKey(tx: Transaction, at: number): void {
    const { locks } = this.parts;
    if (this.stored.indexes[at].method === 'hash') noteTable(locks, tx, this.runtime.id);
    else noteRange(locks, tx, this.runtime.id, this.runtime.indexes[at], this.#key, BOUND_INCLUSIVE, this.#key, BOUND_INCLUSIVE);
  }

  /** Entries of one hash: the row's own key decides. */
  #findHashed(tx: Transaction, at: number, out: ByteViews): boolean {
    const { kind, keys } = this.stored.indexes[at];
    const index = this.runtime.indexes[at];
    hashKey(kind, this.#key, this.#hash);
    const cursor = createCursor('i64', 16);
    cursorAt(cursor, this.#hash, 0, 0);
    cursorBound(cursor, this.#hash, -1, 65535);
    const own = createKeyScratch();
    while (nextBatch(this.parts.tree, index.root, cursor) > 0) {
      for (let entry = 0; entry < cursor.count; entry++) {
        if (acceptRow(tx, this.runtime, index, this.#hash, cursor.rowPages[entry], cursor.rowSlots[entry], out) === 0) continue;
        const values = this.decode(out);
        if (
          this.makeKey(
            at,
            keys.map((key) => values[key.column]),
            own,
          ) &&
          equalKeys(own, this.#key)
        )
          return true;
      }
    }
    return false;
  }

  /** The key of these values, the first columns of the index. False: no row can have it (it is too long). */
  makeKey(at: number, values: readonly RowValue[], key: KeyScratch): boolean {
    key.i32.fill(0);
    return (
      this.#makers[at].encode({ numbers: new Float64Array(values.length), values: values.slice() }, key, values.length) === KEY_OK
    );
  }

  /** Calls `visit` for every row that the transaction sees, in the order of the heap. A snapshot is taken. */
  scan(tx: Transaction, visit: (values: RowValue[]) => void): void {
    const { space } = this.parts;
    if (tx.isolation === SERIALIZABLE) noteTable(this.parts.locks, tx, this.runtime.id);
    this.scanPages(tx, 0, heapPageCount(space, this.runtime.mapRoot), visit);
  }

  /** The same for the pages from `from` up to before `to`. */
  scanPages(tx: Transaction, from: number, to: number, visit: (values: RowValue[]) => void): void {
    const scan = createTableScan();
    const copies = createCopies();
    for (let index = from; index < to; index++) {
      this.#copyPage(tx, heapPage(this.parts.space, this.runtime.mapRoot, index), scan, copies);
      for (const start of copies.starts) visit(this.decode(copies.views, start));
    }
  }

  /**
   * The rows of these pages for which `choose`, asked once for each in their order, answers no less than 0: with that answer, their page
   * and how many rows came before. Returns how many rows there are. `choose` is asked ahead: only rows that are wanted are copied.
   */
  chooseRows(
    tx: Transaction,
    pages: Iterable<number>,
    choose: () => number,
    visit: (chosen: number, values: RowValue[], page: number, before: number) => void,
  ): number {
    const scan = createTableScan();
    const copies = createCopies();
    const choices = new Int32Array(HEAP_SLOTS_MAX);
    copies.choices = choices;
    let asked = 0;
    let rows = 0;
    for (const index of pages) {
      while (asked < choices.length) choices[asked++] = choose();
      this.#copyPage(tx, heapPage(this.parts.space, this.runtime.mapRoot, index), scan, copies);
      copies.starts.forEach((start, at) => {
        const place = copies.places[at];
        visit(choices[place], this.decode(copies.views, start), index, rows + place);
      });
      choices.copyWithin(0, copies.met, asked);
      asked -= copies.met;
      rows += copies.met;
    }
    return rows;
  }

  /** The rows of some pages drawn at random, with repetition; of all when the table has no more. A snapshot is taken. */
  sample(tx: Transaction, pages: number, visit: (values: RowValue[]) => void): void {
    const copies = createCopies();
    const scan = createTableScan();
    const { space, world } = this.parts;
    const count = heapPageCount(space, this.runtime.mapRoot);
    for (let drawn = 0; drawn < Math.min(pages, count); drawn++) {
      const index = pages >= count ? drawn : Math.floor(world.random.next() * count);
      this.#copyPage(tx, heapPage(space, this.runtime.mapRoot, index), scan, copies);
      for (const start of copies.starts) visit(this.decode(copies.views, start));
    }
  }

  /** Rows are copied under the hold and decoded after it: decoding allocates (SM-L4). */
  #copyPage(tx: Transaction, page: number, scan: TableScan, copies: Copies): void {
    copies.starts.length = 0;
    copies.places.length = 0;
    copies.met = 0;
    copies.used = 0;
    const loops = {
      page: (i32: Int32Array, _u32: unknown, _u16: unknown, _u8: unknown, _f64: unknown, at: number, slots: number): void => {
        for (let slot = 0; slot < slots; slot++) {
          const entry = i32[((at + PAGE_BYTES) >> 2) - 1 - slot];
          if (entry !== 0) copyRow(copies, i32, at + (entry & 0x1fff));
        }
      },
      rows: (
        i32: Int32Array,
        _u32: unknown,
        _u16: unknown,
        _u8: unknown,
        _f64: unknown,
        offsets: Int32Array,
        count: number,
      ): void => {
        for (let index = 0; index < count; index++) copyRow(copies, i32, offsets[index]);
      },
    };
    scanPage(tx, this.runtime, page, scan, loops, NO_STATE);
  }

  /**
   * Calls `visit` for the rows whose key lies in [from, to] (beginnings of keys count whole; null: no bound), in the order of the
   * index. A snapshot is taken.
   */
  range(
    tx: Transaction,
    index: string,
    from: readonly RowValue[] | null,
    to: readonly RowValue[] | null,
    visit: (values: RowValue[]) => void,
    backward = false,
  ): void {
    const at = this.indexAt(index);
    const runtime = this.runtime.indexes[at];
    assert(this.stored.indexes[at].method === 'btree', 'a range is read from an ordered index');
    const cursor = this.#cursors[at] ?? createCursor(runtime.kind);
    this.#cursors[at] = null;
    const low = from === null ? null : this.#boundary(at, from, false);
    const high = to === null ? null : this.#boundary(at, to, true);
    if (tx.isolation === SERIALIZABLE) {
      const flags = BOUND_INCLUSIVE | BOUND_PREFIX;
      const lowKey = from === null ? null : this.#boundKey(at, from);
      const highKey = to === null ? null : this.#boundKey(at, to);
      noteRange(this.parts.locks, tx, this.runtime.id, runtime, lowKey, flags, highKey, flags);
    }
    const start = backward ? high : low;
    const end = backward ? low : high;
    if (start !== null) cursorAt(cursor, start.key, start.after ? -1 : 0, start.after ? 65535 : 0);
    else if (backward) cursorLast(cursor);
    else cursorFirst(cursor);
    if (end !== null) cursorBound(cursor, end.key, end.after ? -1 : 0, end.after ? 65535 : 0);
    const scan = createIndexScan(runtime, cursor, backward);
    const out = this.#spareRow ?? this.newRow();
    this.#spareRow = null;
    while (nextRow(tx, this.runtime, scan, out) > 0) visit(this.decode(out));
    // After an error they are not used again.
    this.#cursors[at] = cursor;
    this.#spareRow = out;
  }

  #boundKey(at: number, values: readonly RowValue[]): KeyScratch {
    const key = createKeyScratch();
    if (!this.makeKey(at, values, key)) throw keyTooLong();
    return key;
  }

  /** A place before or behind all entries of a key or of its beginning; null: no bound. */
  #boundary(at: number, values: readonly RowValue[], behind: boolean): { key: KeyScratch; after: boolean } | null {
    const key = this.#boundKey(at, values);
    if (!behind) return { key, after: false };
    if (values.length === this.stored.indexes[at].keys.length) return { key, after: true };
    return keySuccessor(key) ? { key, after: false } : null;
  }
}

const NO_STATE = new Float64Array(0);

/** Images of one page's rows: 64 KiB hold those of a page, their older versions and moved rows included. */
interface Copies {
  readonly views: ByteViews;
  readonly starts: number[];
  used: number;
  /** By the rows' places in the page: those below 0 are passed over. Null: all are copied. */
  choices: Int32Array | null;
  /** The place of each that was copied, and how many there are. */
  readonly places: number[];
  met: number;
}

const createCopies = (): Copies => ({ views: privateViews(65536), starts: [], used: 0, choices: null, places: [], met: 0 });

function copyRow(copies: Copies, i32: Int32Array, row: number): void {
  const place = copies.met++;
  if (copies.choices !== null) {
    if (copies.choices[place] < 0) return;
    copies.places.push(place);
  }
  const bytes = paddedLength(i32, row);
  copyWords(copies.views.i32, copies.used, i32, row, bytes);
  copies.starts.push(copies.used);
  copies.used += bytes;
}

function equalKeys(a: KeyScratch, b: KeyScratch): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a.u8[i] !== b.u8[i]) return false;
  return a.i32[0] === b.i32[0] && a.i32[1] === b.i32[1];
}
