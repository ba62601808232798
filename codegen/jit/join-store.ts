/**
 * The build side of a hash join: its rows, and a table of them by their keys (SBLR-V6). Rows of one key are chained in the order in
 * which they came. A row with a NULL among its keys is in no chain, where NULLs do not match.
 *
 *   words   head[place of the key's hash] -> row -> next[row] -> ... -> 0
 *   one int4 key without NULLs that match: place = ((key - base) * factor) >>> shift; where the keys lie close together that is
 *   key - base itself, else the upper bits of a product
 *   map     canonical key -> row -> next[row] -> ... -> 0                     keys that are no words
 *
 * Past work_mem (SBLR-V8) the rows go to a spill file, in parts by the bits of their hash, and the rows that are to be looked up are
 * put beside them (parked-rows.ts), instead of being looked up. Then part after part is read: its rows are a table again (join-tail.ts);
 * a part that is too large is split by the next bits (join-spill.ts). What cannot be told apart by hashes (rows of a loop, of a
 * mark join, whose NULLs every row looks at, and of one key) is a table piece by piece: all rows that wait for the part are
 * looked up in each piece (join-pieces.ts).
 */

import type { KernelAccess } from '../../engine/plan/program.ts';
import { type Run, sharedCopy } from './gather-fill.ts';
import { hashOfKey } from './helpers.ts';
import { hashInt } from './join-hash.ts';
import { JoinSpill, type RowsBlock } from './join-spill.ts';
import { checkMemory, memoryLimit } from './memory-limit.ts';
import type { ParkedRows } from './parked-rows.ts';
import { type ColumnImage, RowStore, type StoreColumn } from './row-store.ts';

export interface JoinShape {
  /** 'int': one word, in column `key`; 'words': hashes are given; 'map': canonical values are given; 'none': no keys. */
  readonly mode: 'int' | 'words' | 'map' | 'none';
  /** Of 'int': the column of the key. */
  key: number;
  /** Rows note that they have matched. */
  readonly marks: boolean;
  /** In a file all rows are one part. */
  readonly isWhole: boolean;
}

/** A table of another thread. */
export interface JoinImage {
  readonly count: number;
  readonly columns: readonly ColumnImage[];
  readonly matched: Uint8Array;
  readonly map: ReadonlyMap<unknown, number>;
  readonly head: Int32Array;
  readonly next: Int32Array;
  readonly base: number;
  readonly factor: number;
  readonly shift: number;
  readonly hashes: Int32Array;
}

/** Rows that another thread has collected. */
export interface RowsImage {
  readonly count: number;
  readonly columns: readonly ColumnImage[];
  readonly hashes: Int32Array;
  readonly unlinked: readonly number[];
  readonly keys: readonly unknown[];
  readonly extra: number;
}

/** Keys that are JavaScript values: so many are copied for another thread. */
const SENT_KEYS = 20_000;

const GOLDEN = -1640531535;
const NO_WORDS = new Int32Array(1);
const NO_MARKS = new Uint8Array(0);
/** Keys that take up to so many times as many places as there are of them have a place each. */
const SPARSE = 4;
const DIRECT_MIN = 1024;

/** Place of the first of ascending numbers that is above this one. */
function placeAbove(numbers: readonly number[], bound: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle] > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}

export class JoinStore extends RowStore {
  readonly #shape: JoinShape;
  /** Of 'words': the hash of each row. */
  hashes: number[] | Int32Array = NO_WORDS;
  /** Of 'map': canonical keys. */
  readonly map = new Map<unknown, number>();
  readonly #keys: unknown[] = [];
  /** Rows that are in no chain. */
  readonly unlinked: number[] = [];
  head: Int32Array = NO_WORDS;
  next: Int32Array = NO_WORDS;
  base = 0;
  factor = 0;
  shift = 0;
  matched: Uint8Array = NO_MARKS;
  readonly #kernel: KernelAccess;
  protected spill: JoinSpill | null = null;
  /** Rows that are to be looked up wait there; null: none has ever waited. */
  parked: ParkedRows | null = null;
  #isParking = false;
  /** All rows are there, in memory. */
  #isReady = false;
  /** A part is read: what its rows take. */
  #isLoading = false;
  /** The table is a piece of its part's rows; it has the last of them. */
  isPiece = false;
  isLastPiece = false;

  constructor(columns: readonly StoreColumn[], shape: JoinShape, kernel: KernelAccess) {
    super(columns);
    this.#shape = shape;
    this.#kernel = kernel;
  }

  /** Its rows are in the file: rows that are looked up go there, too. */
  get isSpilled(): boolean {
    return this.spill !== null;
  }

  /** It has no rows at all. */
  get isEmpty(): boolean {
    return this.count === 0 && this.spill === null;
  }

  /** Whether the rows of an earlier run are there: they are used again. */
  keep(): boolean {
    if (this.#isReady) this.matched.fill(0);
    return this.#isReady;
  }

  override begin(): void {
    this.#isReady = false;
    this.#closeSpill();
    super.begin();
    this.#clear();
  }

  #closeSpill(): void {
    this.spill?.close();
    this.spill = null;
    this.isPiece = false;
    this.#isLoading = false;
    this.#isParking = false;
    this.parked?.drop();
  }

  get workMemory(): number {
    return this.#kernel.workMemory;
  }

  #clear(): void {
    this.map.clear();
    this.#keys.length = 0;
    this.unlinked.length = 0;
    this.head = NO_WORDS;
    this.next = NO_WORDS;
    this.hashes = this.#shape.mode === 'words' ? new Int32Array(this.capacity) : NO_WORDS;
    this.matched = NO_MARKS;
  }

  override more(): number {
    const row = super.more();
    this.#growHashes();
    return row;
  }

  override reserveRows(rows: number, bytes: number): void {
    this.full();
    super.reserveRows(rows, bytes);
    this.#growHashes();
  }

  #growHashes(): void {
    if (this.#shape.mode !== 'words' || this.hashes.length >= this.capacity) return;
    const hashes = new Int32Array(this.capacity);
    hashes.set(this.hashes);
    this.hashes = hashes;
  }

  /** The canonical key of a row that is written. */
  keepKey(row: number, key: unknown): void {
    this.#keys[row] = key;
  }

  /** A NULL is among its keys. */
  unlink(row: number): void {
    this.unlinked.push(row);
  }

  protected override get spare(): number {
    return this.#kernel.workMemory - this.bytes;
  }

  protected override full(): void {
    if (this.#isLoading) {
      checkMemory(this.bytes, memoryLimit(this.#kernel));
      return;
    }
    if (this.spill !== null || this.spare < 0) this.spillRows();
  }

  /** All rows go to the file. */
  protected spillRows(): void {
    this.spill ??= new JoinSpill(this.#kernel.parts.space);
    const { unlinked, count } = this;
    const { mode, isWhole } = this.#shape;
    const hashes = new Int32Array(count + 1);
    if (!isWhole) for (let row = 1; row <= count; row++) hashes[row] = this.#hashOf(row);
    for (const row of unlinked) hashes[row] = 0;
    const keys = mode === 'map' ? this.#keys : null;
    this.spill.add('build', this, hashes, { hashes: mode === 'words' ? (this.hashes as Int32Array) : null, unlinked, keys });
    super.begin();
    this.#clear();
  }

  #hashOf(row: number): number {
    const { mode, key } = this.#shape;
    if (mode === 'words') return this.hashes[row];
    return mode === 'map' ? hashOfKey(this.#keys[row]) : hashInt((this.data[key] as Int32Array)[row]);
  }

  /** Rows that are to be looked up come now, from one place after the other. */
  beginParking(): void {
    if (!this.#isParking) this.parked?.begin();
    this.#isParking = true;
  }

  /** Rows that are to be looked up wait for their parts. */
  park(rows: ParkedRows, hashes: Int32Array): void {
    this.spill?.add('probe', rows, hashes, null);
  }

  /** Begins to read the next part. False: there is none. */
  nextPart(): boolean {
    this.parked?.flush();
    this.#isLoading = true;
    this.isPiece = false;
    return this.spill?.nextPart() === true;
  }

  /** The piece is done with, and so are the rows that were looked up in it: until the next one is there. */
  nextPiece(): void {
    this.endPart();
    this.rewindParked();
  }

  /** The rows that wait for the part are read again. */
  rewindParked(): void {
    this.spill?.rewind('probe');
    this.parked?.rewind();
  }

  /** Of the part that is read: rows that are to be looked up. */
  get parkedRows(): number {
    return this.spill?.countOf('probe') ?? 0;
  }

  /** Reads some rows of the part into the table. False: they are all there, and it is a table. */
  load(): boolean {
    const spill = this.spill as JoinSpill;
    const block = spill.nextBlock('build');
    if (block === null) {
      this.isLastPiece = true;
      this.finish();
      return false;
    }
    this.append(block);
    if (this.spare >= 0) return true;
    if (spill.canSplit && !this.#shape.isWhole) this.#split(spill);
    else if (spill.hasMore('build')) {
      if (!this.isPiece) this.parked?.beginPieces();
      this.isLastPiece = false;
      this.isPiece = true;
      this.finish();
      return false;
    }
    return true;
  }

  protected append({ columns, count, hashes, unlinked, keys }: RowsBlock): void {
    const before = this.count + 1;
    this.appendBlock(columns, count);
    if (hashes !== null) (this.hashes as Int32Array).set(hashes, before);
    if (keys !== null) for (let at = 0; at < count; at++) this.#keys[before + at] = keys[at];
    for (const at of unlinked) this.unlinked.push(before + at);
  }

  /** The part is too large: all its rows go to parts of their own. */
  #split(spill: JoinSpill): void {
    this.spillRows();
    for (let block = spill.nextBlock('build'); block !== null; block = spill.nextBlock('build')) {
      this.append(block);
      this.spillRows();
    }
    while (this.parked?.read() === true) this.parked.flush();
    if (!this.nextPart()) throw new Error('a part that was split is gone');
  }

  /** Rows of the part that are to be looked up; null at its end. */
  nextParked(): RowsBlock | null {
    return this.spill?.nextBlock('probe') ?? null;
  }

  /** The table of the part is done with. */
  endPart(): void {
    super.begin();
    this.#clear();
  }

  /** All rows are there. */
  finish(): void {
    if (this.spill !== null && !this.#isLoading) this.spillRows();
    this.encodeTexts();
    this.#isReady = this.spill === null;
    const { mode, marks } = this.#shape;
    if (marks) this.matched = new Uint8Array(this.count + 1);
    if (mode === 'none') return;
    this.next = new Int32Array(this.count + 1);
    if (mode === 'map') this.#linkKeys();
    else if (mode === 'int') this.#linkInts();
    else this.#linkHashes();
  }

  /** A power of two, twice the rows at least. */
  #places(): number {
    return 1 << (32 - Math.clz32(Math.max(8, this.count * 2 - 1)));
  }

  #linkHashes(): void {
    const { hashes, next, unlinked } = this;
    const head = new Int32Array(this.#places());
    const mask = head.length - 1;
    let left = unlinked.length - 1;
    for (let row = this.count; row > 0; row--) {
      if (left >= 0 && unlinked[left] === row) left--;
      else {
        const at = hashes[row] & mask;
        next[row] = head[at];
        head[at] = row;
      }
    }
    this.head = head;
  }

  #linkInts(): void {
    const keys = this.data[this.#shape.key] as Int32Array;
    const { next, unlinked } = this;
    this.#choosePlaces(keys);
    const { head, base, factor, shift } = this;
    let left = unlinked.length - 1;
    for (let row = this.count; row > 0; row--) {
      if (left >= 0 && unlinked[left] === row) left--;
      else {
        const at = Math.imul((keys[row] - base) | 0, factor) >>> shift;
        next[row] = head[at];
        head[at] = row;
      }
    }
  }

  #choosePlaces(keys: Int32Array): void {
    let least = 0;
    let greatest = -1;
    if (this.count > this.unlinked.length) {
      least = 0x7fffffff;
      greatest = -0x80000000;
      const skipped = new Set(this.unlinked);
      for (let row = 1; row <= this.count; row++) {
        if (skipped.size > 0 && skipped.has(row)) continue;
        const key = keys[row];
        if (key < least) least = key;
        if (key > greatest) greatest = key;
      }
    }
    const range = greatest - least + 1;
    if (range <= Math.max(DIRECT_MIN, this.count * SPARSE)) {
      this.base = least;
      this.factor = 1;
      this.shift = 0;
      this.head = new Int32Array(Math.max(1, range));
      return;
    }
    const places = this.#places();
    this.base = 0;
    this.factor = GOLDEN;
    this.shift = Math.clz32(places) + 1;
    this.head = new Int32Array(places);
  }

  #linkKeys(): void {
    const { next, map, unlinked } = this;
    const keys = this.#keys;
    let left = unlinked.length - 1;
    for (let row = this.count; row > 0; row--) {
      if (left >= 0 && unlinked[left] === row) {
        left--;
        continue;
      }
      next[row] = map.get(keys[row]) ?? 0;
      map.set(keys[row], row);
    }
    keys.length = 0;
  }

  override get bytes(): number {
    const { mode } = this.#shape;
    const table = mode === 'none' ? 0 : mode === 'map' ? 64 : mode === 'int' ? 12 : 16;
    return super.bytes + table * this.count;
  }

  /** The table and its rows as another thread can look them up; null: it cannot. */
  image(): JoinImage | null {
    const { count, map, head, next, base, factor, shift, hashes } = this;
    const columns = this.columnImages();
    if (columns === null || map.size > SENT_KEYS || this.spill !== null) return null;
    // All threads note matches in the same marks.
    if (this.#shape.marks) this.matched = sharedCopy(this.matched, this.matched.length);
    return {
      count,
      columns,
      matched: this.matched,
      map: new Map(map),
      head: sharedCopy(head, head.length),
      next: sharedCopy(next, next.length),
      base,
      factor,
      shift,
      hashes: this.#shape.mode === 'words' ? sharedCopy(hashes as Int32Array, count + 1) : NO_WORDS,
    };
  }

  /** The rows so far, without a table, for the thread that puts them together; null: they cannot be sent. */
  rowsImage(): RowsImage | null {
    const { count, unlinked, extra } = this;
    const columns = this.columnImages();
    if (columns === null || this.#keys.length > SENT_KEYS || this.spill !== null) return null;
    const hashes = this.#shape.mode === 'words' ? sharedCopy(this.hashes as Int32Array, count + 1) : NO_WORDS;
    return { count, columns, hashes, unlinked: unlinked.slice(), keys: this.#keys.slice(), extra };
  }

  /** Rows of several threads as if this one had collected them, run after run. `null`: its own. False: it is no room for them. */
  merge(images: readonly (RowsImage | null)[], runs: readonly Run[]): boolean {
    const { count, unlinked, extra } = this;
    const own: RowsImage = {
      count,
      columns: this.ownColumns,
      hashes: this.hashes as Int32Array,
      unlinked: unlinked.slice(),
      keys: this.#keys.slice(),
      extra,
    };
    const all = images.map((image) => image ?? own);
    const sum = (of: (image: RowsImage) => number): number => all.reduce((total, image) => total + of(image), 0);
    const texts = this.columns.map(({ kind }, column) =>
      kind === 't' ? sum((image) => (image.columns[column].data as Int32Array)[image.count]) : 0,
    );
    this.beginMerged(
      sum((image) => image.count),
      texts,
    );
    this.extra = sum((image) => image.extra);
    this.#clear();
    for (const { part, from, to } of runs) this.#appendRun(all[part], from, to);
    return this.bytes <= this.#kernel.workMemory;
  }

  #appendRun(image: RowsImage, from: number, to: number): void {
    const moved = this.count - from;
    const { mode } = this.#shape;
    if (mode === 'words') (this.hashes as Int32Array).set(image.hashes.subarray(from + 1, to + 1), from + 1 + moved);
    if (mode === 'map') for (let row = from + 1; row <= to; row++) this.#keys[row + moved] = image.keys[row];
    const { unlinked } = image;
    for (let at = placeAbove(unlinked, from); at < unlinked.length && unlinked[at] <= to; at++)
      this.unlinked.push(unlinked[at] + moved);
    this.appendRows(image.columns, from, to);
  }

  /** Takes those of another thread: to be looked up only, until forget(). */
  adopt({ count, columns, matched, map, head, next, base, factor, shift, hashes }: JoinImage): void {
    this.#isReady = false;
    this.#closeSpill();
    this.#clear();
    this.adoptColumns(count, columns);
    for (const [key, row] of map) this.map.set(key, row);
    this.matched = matched;
    this.head = head;
    this.next = next;
    this.base = base;
    this.factor = factor;
    this.shift = shift;
    this.hashes = hashes;
  }

  override drop(): void {
    this.#isReady = false;
    this.#closeSpill();
    super.drop();
    this.#clear();
  }
}
