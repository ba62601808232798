/**
 * Rows that are sorted (SBLR-V7, V8): columns in a RowStore, keys as bytes beside them. While they fit work_mem they stay; else sorted
 * runs go to a spill file and are merged, a batch at a time, into the store. Stable: of equal rows the one that came first. TopN keeps
 * the first rows of the order only, and passes rows over that lie behind the last of them.
 *
 *   key of row n   keys[ends[n - 1] ... ends[n]]        the one that is being written: keys[used ... end]
 *   spill file     run: block, block, ...               block: length u32, columns of some rows as V8 serialises them
 */

import type { KernelAccess } from '../../engine/plan/program.ts';
import { appendSpill, closeSpillFile, createSpillFile, type SpillFile } from '../../engine/storage/space/spill-files.ts';
import { compareKeys, KeySort } from './key-sort.ts';
import { blockColumns, serialised } from './row-blocks.ts';
import { RowStore, type StoreColumn } from './row-store.ts';
import { type Block, blockBytes, heapify, RunReader, sink } from './sorted-runs.ts';

const FIRST_KEYS = 4096;
/** More than this is given back with the end of a run. */
const KEPT_BYTES = 1 << 18;
/** A TopN sorts what it has when it has this many times what it keeps. */
const SLACK = 4;
const KEPT_MIN = 256;
const BLOCK_ROWS = 256;
/** Rows for which room is made at once, and what a row takes at least. */
const EXPECTED_MIN = 1 << 14;
const EXPECTED_MAX = 1 << 22;
const EXPECTED_BYTES = 64;
const LOOK_AT = 4096;
/** A little more than is expected. */
const FORESEEN = 1.05;
/** Texts of a page. */
const PAGE_CHARS = 8192;
/** Of a row whose morsel is at hand: its number is not known yet. */
const THIS_MORSEL = -1;
/** What sorting takes a row. */
const SORT_BYTES = 12;
/** Rows merged at once. */
const BATCH_ROWS = 1024;

/** What is known of a sorter once its sink is written. */
export interface SorterShape {
  /** Columns are read from the keys. */
  readsKeys: boolean;
}

export class RowSorter extends RowStore {
  readonly #kernel: KernelAccess;
  keys: Uint8Array = new Uint8Array(0);
  /** The same memory, for Node's decoders. */
  keysText: Buffer = Buffer.alloc(0);
  ends = new Int32Array(0);
  used = 0;
  end = 0;
  /** Rows in order, from place `first` on: what is read. */
  order: Int32Array = new Int32Array(0);
  first = 0;
  /** Key that rows must lie before to be kept; null: none is known. */
  worst: Uint8Array | null = null;
  /** Its first four bytes behind the mark of a value, as a word: values above are behind it. */
  bound = Number.POSITIVE_INFINITY;
  /** What the last sort in memory knows; null: rows are merged. */
  protected sorted: KeySort | null = null;
  #keep = Number.POSITIVE_INFINITY;
  /** Of a TopN that is spread: the morsel of each row up to a number. */
  #tracks = false;
  #morsels = new Int32Array(0);
  #noted = 0;
  #skip = 0;
  #ties = false;
  #workMemory = 0;
  #spill: SpillFile | null = null;
  #runs: RunReader[] = [];
  #isRead = false;
  /** Merging: rows of the order that have come, and the key of the last one that counts. */
  #given = 0;
  #last: Uint8Array | null = null;

  readonly #expected: number;
  readonly #shape: SorterShape;

  /** `expected`: rows that the plan expects; 0: not known, or not all are kept. */
  constructor(columns: readonly StoreColumn[], kernel: KernelAccess, expected: number, shape: SorterShape) {
    super(columns);
    this.#kernel = kernel;
    this.#expected = expected;
    this.#shape = shape;
  }

  /** Large tables are made once, not grown: what is left behind by growing keeps the collector busy. */
  #expect(): void {
    const rows = this.#expectedRows;
    if (rows < EXPECTED_MIN) return;
    this.reserveRows(rows, rows * 8);
    this.limit = LOOK_AT;
    if (rows >= this.ends.length) this.#growEnds(rows + 1);
  }

  /** `skip` rows of the order are passed over, `limit` follow, with those that are equal to the last one by `ties`. */
  start(limit: number, skip: number, ties: boolean): void {
    this.close();
    this.begin();
    this.#workMemory = this.#kernel.workMemory;
    this.#keep = limit + skip;
    this.#tracks = false;
    this.#noted = 0;
    this.#skip = skip;
    this.#ties = ties;
    this.#isRead = false;
    this.#given = 0;
    this.#last = null;
    this.used = 0;
    this.#expect();
  }

  override get bytes(): number {
    return super.bytes + this.used + 4 * this.count;
  }

  // ---- keys ----

  /** Room for `bytes` more bytes of the key that is written at `at`. */
  room(at: number, bytes: number): Uint8Array {
    if (at + bytes > this.keys.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_KEYS, this.#foreseen(at) || this.keys.length * 2, at + bytes));
      larger.set(this.keys.subarray(0, at));
      this.takeKeys(new Uint8Array(larger.buffer));
    }
    return this.keys;
  }

  takeKeys(keys: Uint8Array): void {
    this.keys = keys;
    this.keysText = Buffer.from(keys.buffer);
  }

  /** Bytes that the keys of all rows will take, as far as can be told; 0: it cannot, or they take more already. */
  #foreseen(used: number): number {
    if (this.count < LOOK_AT) return 0;
    const bytes = Math.ceil((used / this.count) * this.#expectedRows * FORESEEN);
    return bytes > this.keys.length ? bytes : 0;
  }

  /** Rows for which room is made at once. */
  get #expectedRows(): number {
    return Math.min(this.#expected, EXPECTED_MAX, this.#workMemory / EXPECTED_BYTES) | 0;
  }

  /** Makes room for the rows of a page, whose keys have `fixed` bytes besides their texts. */
  reserve(rows: number, fixed: number): void {
    this.end = this.used;
    this.reserveRows(rows, PAGE_CHARS);
    this.room(this.used, rows * fixed + 2 * PAGE_CHARS);
    if (this.count + rows >= this.ends.length) this.#growEnds(this.count + rows + 1);
  }

  #growEnds(rows: number): void {
    const ends = new Int32Array(Math.max(64, this.ends.length * 2, rows));
    ends.set(this.ends);
    this.ends = ends;
  }

  /** Whether the key that was written lies behind all that are kept. */
  isBehind(): boolean {
    const worst = this.worst as Uint8Array;
    const difference = compareKeys(this.keys, this.used, this.end, worst, 0, worst.length);
    return this.#ties ? difference > 0 : difference >= 0;
  }

  /** The row has number `row`: the key is its. */
  keep(row: number): void {
    if (row >= this.ends.length) this.#growEnds(row + 1);
    this.ends[row] = this.end;
    this.used = this.end;
  }

  // ---- rows of several threads (sorter-merge.ts) ----

  /** Of a TopN: rows say from now on of which morsel they are. */
  tracksMorsels(): void {
    this.#tracks = Number.isFinite(this.#keep);
  }

  /** Rows that have come since the last one are of this morsel. */
  noteMorsel(morsel: number): void {
    if (!this.#tracks) return;
    this.#noteRows();
    for (let row = 1; row <= this.count; row++) if (this.#morsels[row] === THIS_MORSEL) this.#morsels[row] = morsel;
  }

  #noteRows(): void {
    const { count } = this;
    if (this.#morsels.length <= count) {
      const larger = new Int32Array(Math.max(KEPT_MIN, 2 * count));
      larger.set(this.#morsels);
      this.#morsels = larger;
    }
    for (let row = this.#noted + 1; row <= count; row++) this.#morsels[row] = THIS_MORSEL;
    this.#noted = count;
  }

  /** The morsel of each row; null: they lie in the order of their morsels. */
  morselsOfRows(): Int32Array | null {
    return this.#tracks ? this.#morsels : null;
  }

  get hasRuns(): boolean {
    return this.#runs.length > 0;
  }

  /** It needs no file. */
  get fits(): boolean {
    return this.bytes + SORT_BYTES * this.count <= this.#workMemory;
  }

  // ---- memory ----

  protected override full(): void {
    if (this.#isRead) return;
    if (this.count >= Math.max(KEPT_MIN, this.#keep * SLACK)) this.#cut();
    if (this.bytes + SORT_BYTES * this.count <= this.#workMemory) return;
    if (this.count > this.#keep) this.#cut();
    if (this.count > 0 && this.bytes + SORT_BYTES * this.count > this.#workMemory / 2) this.#writeRun();
  }

  /** Only the first rows of the order are wanted: the others go. */
  #cut(): void {
    const { order } = new KeySort(this.keys, this.ends, this.count);
    const kept = this.#wanted(order);
    const pending = this.keys.slice(this.used, this.end);
    if (this.#tracks) {
      this.#noteRows();
      this.#morsels = Int32Array.from({ length: order.length + 1 }, (_, at) => (at === 0 ? 0 : this.#morsels[order[at - 1]]));
      this.#noted = kept;
    }
    this.#take(order, kept);
    this.#putPending(pending);
    if (kept >= this.#keep && kept > 0) this.#setWorst(this.keys.slice(this.ends[kept - 1], this.ends[kept]));
  }

  /** Whether the first key has a mark for NULL is known to who writes it. */
  markedFirst = false;

  #setWorst(key: Uint8Array): void {
    this.worst = key;
    this.bound = Number.POSITIVE_INFINITY;
    let at = 0;
    if (this.markedFirst && key[at++] !== 1) return;
    this.bound = 0;
    for (let byte = 0; byte < 4; byte++) this.bound = this.bound * 256 + (at + byte < key.length ? key[at + byte] : 0);
  }

  /** How many rows of an order are to be kept. */
  #wanted(order: Int32Array): number {
    let kept = Math.min(this.#keep, order.length);
    if (!this.#ties || kept === 0) return kept;
    const { keys, ends } = this;
    const last = order[kept - 1];
    const isTie = (row: number): boolean => compareKeys(keys, ends[row - 1], ends[row], keys, ends[last - 1], ends[last]) === 0;
    while (kept < order.length && isTie(order[kept])) kept++;
    return kept;
  }

  #putPending(pending: Uint8Array): void {
    this.room(this.used, pending.length).set(pending, this.used);
    this.end = this.used + pending.length;
  }

  /** The first `count` rows of an order become rows 1 to `count`. */
  #take(order: Int32Array, count: number): void {
    const block = this.blockOf(order, 0, count);
    this.begin();
    this.used = 0;
    for (let at = 0; at < count; at++) this.append(block, at);
  }

  /** Columns and keys of the rows at these places of an order. */
  blockOf(order: Int32Array, from: number, to: number): Block {
    const rows = to - from;
    const { keys, ends } = this;
    const keyEnds = new Int32Array(rows);
    let bytes = 0;
    for (let at = 0; at < rows; at++) {
      const row = order[from + at];
      bytes += ends[row] - ends[row - 1];
      keyEnds[at] = bytes;
    }
    const all = new Uint8Array(bytes);
    for (let at = 0; at < rows; at++) {
      const row = order[from + at];
      const start = at === 0 ? 0 : keyEnds[at - 1];
      for (let byte = ends[row - 1], to_ = start; byte < ends[row]; byte++) all[to_++] = keys[byte];
    }
    return { count: rows, keys: all, ends: keyEnds, columns: blockColumns(this, order, from, to) };
  }

  /** Puts row `at` of a block behind the others; as generated code does. */
  append(block: Block, at: number): void {
    const row = this.count + 1 >= this.limit ? this.more() : this.count + 1;
    const from = at === 0 ? 0 : block.ends[at - 1];
    const bytes = block.ends[at] - from;
    const keys = this.room(this.used, bytes);
    for (let byte = 0; byte < bytes; byte++) keys[this.used + byte] = block.keys[from + byte];
    this.end = this.used + bytes;
    this.keep(row);
    this.columns.forEach(({ kind }, column) => {
      const { data, nulls, chars } = block.columns[column];
      if (nulls !== null) (this.nulls[column] as Uint8Array)[row] = nulls[at];
      if (chars !== undefined) {
        this.#appendChars(column, row, chars, at === 0 ? 0 : (data[at - 1] as number), data[at] as number);
        return;
      }
      const value = data[at];
      const isNull = nulls !== null && nulls[at] !== 0;
      const isBig = kind === 'l' && typeof value === 'bigint' && !isNull;
      (this.data[column] as unknown[])[row] = isBig ? this.keepBig(column, row, value) : value;
      if (typeof value === 'string') this.extra += value.length;
    });
    this.count = row;
  }

  #appendChars(column: number, row: number, chars: Uint8Array, from: number, to: number): void {
    const ends = this.data[column] as Int32Array;
    const start = ends[row - 1];
    this.charRoom(column, start, to - from);
    const target = this.chars[column];
    for (let byte = from; byte < to; byte++) target[start + byte - from] = chars[byte];
    ends[row] = start + to - from;
  }

  // ---- runs ----

  #writeRun(): void {
    const spill = this.#spill ?? createSpillFile(this.#kernel.parts.space);
    this.#spill = spill;
    const { order } = new KeySort(this.keys, this.ends, this.count);
    const at = spill.length;
    for (let from = 0; from < order.length; from += BLOCK_ROWS) {
      const block = serialised(this.blockOf(order, from, Math.min(order.length, from + BLOCK_ROWS)));
      appendSpill(spill, blockBytes(block.length), 0, 4);
      appendSpill(spill, block, 0, block.length);
    }
    this.#runs.push(new RunReader(spill, at, spill.length, this.#runs.length));
    const pending = this.keys.slice(this.used, Math.max(this.used, this.end));
    this.drop();
    this.begin();
    this.used = 0;
    this.#putPending(pending);
  }

  /** All rows are there. */
  complete(): void {
    this.end = this.used;
    if (this.#runs.length > 0 && this.count > 0) this.#writeRun();
    this.end = 0;
  }

  /** Places in `order` from `first` on that can be read now; 0: the end. */
  next(): number {
    if (this.#runs.length > 0) return this.#merge();
    if (this.#isRead) return 0;
    this.#isRead = true;
    this.sorted = new KeySort(this.keys, this.ends, this.count);
    this.order = this.sorted.order;
    this.first = Math.min(this.#skip, this.order.length);
    return Math.max(0, this.#wanted(this.order) - this.first);
  }

  /** Of no use to whoever reads the rows. */
  protected isOwn(_column: number): boolean {
    return false;
  }

  /** What touch() has read: nothing may leave it out. */
  touched = 0;

  /**
   * Reads something of the rows at these places of the order: they lie anywhere, and their lines of the cache are under way together
   * then, and not one after the other while rows are made of them.
   */
  touch(from: number, to: number): void {
    const { order } = this;
    let sum = 0;
    if (this.#shape.readsKeys) {
      const { keys, ends } = this;
      for (let place = from; place < to; place++) sum += keys[ends[order[place] - 1]];
    }
    for (let column = 0; column < this.columns.length; column++) {
      const { kind } = this.columns[column];
      if (kind === 'v' || this.isOwn(column)) continue;
      const data = this.data[column] as Int32Array;
      if (kind !== 't') {
        for (let place = from; place < to; place++) sum += data[order[place]];
        continue;
      }
      const chars = this.chars[column];
      for (let place = from; place < to; place++) sum += chars[data[order[place] - 1]] | 0;
    }
    this.touched = sum;
  }

  #merge(): number {
    if (!this.#isRead) {
      this.#isRead = true;
      this.#runs = this.#runs.filter((run) => run.load());
      heapify(this.#runs);
    }
    this.begin();
    this.used = 0;
    const runs = this.#runs;
    while (runs.length > 0) {
      const run = runs[0];
      if (this.count >= BATCH_ROWS && this.mayEnd(run)) break;
      if (!this.#isWanted(run)) {
        runs.length = 0;
        break;
      }
      if (this.#given++ >= this.#skip) this.append(run.block, run.at);
      if (run.advance()) sink(runs, 0);
      else {
        const last = runs.pop() as RunReader;
        if (runs.length > 0) {
          runs[0] = last;
          sink(runs, 0);
        }
      }
    }
    if (this.order.length < this.count) this.order = Int32Array.from({ length: this.count }, (_, index) => index + 1);
    this.first = 0;
    // The runs are at their end, not forgotten: nothing else is read.
    if (runs.length === 0 && this.count === 0) this.#isRead = true;
    return this.count;
  }

  /** Whether a batch may end before the next row of this run. */
  protected mayEnd(_next: RunReader): boolean {
    return true;
  }

  #isWanted(run: RunReader): boolean {
    if (this.#given < this.#keep) {
      if (this.#ties && this.#given === this.#keep - 1) this.#last = run.key().slice();
      return true;
    }
    if (!this.#ties || this.#last === null) return false;
    const key = run.key();
    return compareKeys(key, 0, key.length, this.#last, 0, this.#last.length) === 0;
  }

  override close(): void {
    super.close();
    this.worst = null;
    this.bound = Number.POSITIVE_INFINITY;
    this.sorted = null;
    this.order = new Int32Array(0);
    this.first = 0;
    this.used = 0;
    this.end = 0;
    if (this.keys.length > KEPT_BYTES) this.takeKeys(new Uint8Array(0));
    if (this.ends.length > KEPT_BYTES / 4) this.ends = new Int32Array(0);
    this.#runs = [];
    if (this.#spill !== null) closeSpillFile(this.#spill);
    this.#spill = null;
  }
}
