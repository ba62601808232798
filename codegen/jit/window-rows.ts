/**
 * Rows of a window node while it runs: sorted by partition and order, with the functions' arguments as columns; partitions and peers are
 * found by comparing keys, answers are computed partition by partition (engine/values/windows.ts) shortly before they are read.
 */

import type { KernelAccess } from '../../engine/plan/program.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { type WindowCall, windowColumn, type WindowRows } from '../../engine/values/windows.ts';
import { rowHelpers, scaledText } from '../rows/row-helpers.ts';
import { compareKeys, type KeySort } from './key-sort.ts';
import { RowSorter, type SorterShape } from './row-sorter.ts';
import type { StoreColumn } from './row-store.ts';
import type { RunReader } from './sorted-runs.ts';
import { isQuickSum, quickColumn } from './window-quick.ts';

/** A column of arguments: its place in the store, and what its values are. */
export interface ArgumentColumn {
  readonly at: number;
  readonly type: string;
  /** numeric as a scaled integer: digits behind the point; -1: as text. */
  readonly scale: number;
}

export type MakeCalls = (columns: readonly ArrayLike<RowValue>[], numbers: readonly RowValue[]) => readonly WindowCall[];

/** What a window node computes; the arguments' places are known once its sink is written. */
export interface WindowShape {
  readonly hasOrder: boolean;
  /** Place of the column with the bytes of the partition's part of the key. */
  partAt: number;
  /** Bytes of the key, and of the partition's part, where all rows have as many; else 0. */
  keyBytes: number;
  partBytes: number;
  readonly arguments: ArgumentColumn[];
  /** Calls over the arguments, and over what frames say once for all rows. */
  calls: MakeCalls | null;
}

const ALL_IN_COLUMNS: SorterShape = { readsKeys: false };

/** Functions whose answers are numbers that are never NULL. */
const NUMBERS = new Set(['row_number', 'rank', 'dense_rank', 'percent_rank', 'cume_dist', 'count', 'count.star']);
const isNumeric = (call: WindowCall): boolean => NUMBERS.has(call.primitive) || isQuickSum(call);

/** Partitions and peers by words, of which the first `bytes` bytes are the partition's. */
function divided(high: Uint32Array, low: Uint32Array, count: number, bytes: number, hasOrder: boolean): WindowRows {
  const partitions = new Int32Array(count + 1);
  const peers = hasOrder ? new Int32Array(count + 1) : partitions;
  const highMask = bytes >= 4 ? -1 : bytes === 0 ? 0 : -1 << (32 - 8 * bytes);
  const lowMask = bytes <= 4 ? 0 : bytes >= 8 ? -1 : -1 << (64 - 8 * bytes);
  let partitionCount = 1;
  let peerCount = 1;
  for (let place = 1; place < count; place++) {
    const h = high[place] ^ high[place - 1];
    const l = low[place] ^ low[place - 1];
    if ((h | l) === 0) continue;
    if (hasOrder) peers[peerCount++] = place;
    if (((h & highMask) | (l & lowMask)) !== 0) partitions[partitionCount++] = place;
  }
  partitions[partitionCount] = count;
  const all = partitions.subarray(0, partitionCount + 1);
  if (!hasOrder) return { count, partitions: all, peers: all };
  peers[peerCount] = count;
  return { count, partitions: all, peers: peers.subarray(0, peerCount + 1) };
}

/** The same by keys that are one word each, of which the last `shift` bits are behind the partition's. */
function dividedPacked(words: Uint32Array, shift: number, hasOrder: boolean): WindowRows {
  const count = words.length;
  const partitions = new Int32Array(count + 1);
  const peers = hasOrder ? new Int32Array(count + 1) : partitions;
  const mask = shift >= 32 ? 0 : -1 << shift;
  let partitionCount = 1;
  let peerCount = 1;
  for (let place = 1; place < count; place++) {
    const difference = words[place] ^ words[place - 1];
    if (difference === 0) continue;
    if (hasOrder) peers[peerCount++] = place;
    if ((difference & mask) !== 0) partitions[partitionCount++] = place;
  }
  partitions[partitionCount] = count;
  const all = partitions.subarray(0, partitionCount + 1);
  if (!hasOrder) return { count, partitions: all, peers: all };
  peers[peerCount] = count;
  return { count, partitions: all, peers: peers.subarray(0, peerCount + 1) };
}

export class WindowSorter extends RowSorter {
  readonly #shape: WindowShape;
  /** Answers by function and place. */
  out: (RowValue[] | Float64Array)[] = [];
  #rows: WindowRows | null = null;
  #calls: readonly WindowCall[] = [];
  #computed = 0;

  constructor(columns: readonly StoreColumn[], kernel: KernelAccess, shape: WindowShape, expected: number) {
    super(columns, kernel, expected, ALL_IN_COLUMNS);
    this.#shape = shape;
  }

  /** Arguments are gathered, and ends of partitions are for sorting. */
  protected override isOwn(column: number): boolean {
    return column >= this.#shape.partAt;
  }

  /** Places that can be read now; 0: the end. `numbers`: what frames say. */
  nextPartitions(numbers: readonly RowValue[]): number {
    const count = this.next();
    if (count === 0) return 0;
    this.#rows = this.#divide(count);
    const columns = this.#shape.arguments.map((column) => this.#gather(column, count));
    this.#calls = (this.#shape.calls as MakeCalls)(columns, numbers);
    this.out = this.#calls.map((call) => (isNumeric(call) ? new Float64Array(count) : new Array<RowValue>(count)));
    this.#computed = 0;
    return count;
  }

  /** Answers for the places before `to`. */
  compute(to: number): void {
    const { partitions } = this.#rows as WindowRows;
    const first = this.#computed;
    let last = first;
    while (partitions[last] < to) last++;
    if (last === first) return;
    this.#computed = last;
    this.#calls.forEach((call, index) => {
      const rows = this.#rows as WindowRows;
      const out = this.out[index] as RowValue[];
      if (quickColumn(rows, call, out, first, last)) return;
      // A sum that needs more than doubles.
      if (!Array.isArray(out) && !NUMBERS.has(call.primitive)) this.out[index] = Array.from(out);
      windowColumn(rows, call, this.out[index] as RowValue[], first, last);
    });
  }

  protected override mayEnd(next: RunReader): boolean {
    const row = this.count;
    const part = (this.data[this.#shape.partAt] as Int32Array)[row];
    const from = this.ends[row - 1];
    const key = next.key();
    if ((next.block.columns[this.#shape.partAt].data as Int32Array)[next.at] !== part) return true;
    return compareKeys(key, 0, part, this.keys, from, from + part) !== 0;
  }

  #divide(count: number): WindowRows {
    const { keyBytes, partBytes, hasOrder } = this.#shape;
    const packed = this.sorted?.packed ?? null;
    if (packed !== null && keyBytes > 0 && partBytes % 4 === 0) {
      const shift = packed.bits.slice(partBytes / 4).reduce((sum, bits) => sum + bits, 0);
      return dividedPacked(packed.words, shift, hasOrder);
    }
    const words = this.sorted?.words(keyBytes) ?? null;
    if (words !== null && (partBytes > 0 || hasOrder)) {
      return divided(words.high, words.low, count, Math.max(0, partBytes - (this.sorted as KeySort).depth), hasOrder);
    }
    const { keys, ends, order } = this;
    const parts = this.data[this.#shape.partAt] as Int32Array;
    const partitions = new Int32Array(count + 1);
    const peers = this.#shape.hasOrder ? new Int32Array(count + 1) : partitions;
    let partitionCount = 1;
    let peerCount = 1;
    for (let place = 1; place < count; place++) {
      const row = order[place];
      const before = order[place - 1];
      const at = ends[row - 1];
      const from = ends[before - 1];
      const part = parts[row];
      const isSame = part === parts[before] && compareKeys(keys, at, at + part, keys, from, from + part) === 0;
      if (!isSame) partitions[partitionCount++] = place;
      if (peers === partitions) continue;
      if (!isSame || compareKeys(keys, at + part, ends[row], keys, from + part, ends[before]) !== 0) peers[peerCount++] = place;
    }
    partitions[partitionCount] = count;
    peers[peers === partitions ? partitionCount : peerCount] = count;
    const all = partitions.subarray(0, partitionCount + 1);
    return { count, partitions: all, peers: peers === partitions ? all : peers.subarray(0, peerCount + 1) };
  }

  /** A column in the order of the rows, as RowValues. */
  #gather({ at, type, scale }: ArgumentColumn, count: number): ArrayLike<RowValue> {
    const { order } = this;
    const { kind, nullable } = this.columns[at];
    if (kind === 't') return this.#texts(at, count);
    const data = this.data[at] as ArrayLike<unknown>;
    const marks = nullable && kind !== 'v' ? (this.nulls[at] as Uint8Array) : null;
    const isPlain = (kind === 'i' && type !== 'bool' && type !== 'date') || (kind === 'd' && type !== 'numeric');
    if (isPlain && marks === null) {
      const numbers = new Float64Array(count);
      for (let place = 0; place < count; place++) numbers[place] = data[order[place]] as number;
      return numbers;
    }
    const values = new Array<RowValue>(count);
    for (let place = 0; place < count; place++) {
      const row = order[place];
      const value = data[row];
      if (marks !== null && marks[row] !== 0) values[place] = null;
      else if (isPlain || kind === 'v') values[place] = value as RowValue;
      else if (kind === 'l') values[place] = Number.isNaN(value) ? this.big(at, row) : (value as number);
      else if (type === 'bool') values[place] = value !== 0;
      else values[place] = type === 'date' ? rowHelpers.readDate(value as number) : scaledText(value as number, scale);
    }
    return values;
  }

  #texts(at: number, count: number): RowValue[] {
    const { order } = this;
    const ends = this.data[at] as Int32Array;
    const chars = this.chars[at];
    const text = this.charsText[at];
    const marks = this.columns[at].nullable ? (this.nulls[at] as Uint8Array) : null;
    const values = new Array<RowValue>(count);
    for (let place = 0; place < count; place++) {
      const row = order[place];
      const from = ends[row - 1];
      values[place] = marks !== null && marks[row] !== 0 ? null : rowHelpers.readText(chars, text, from, ends[row] - from);
    }
    return values;
  }

  override close(): void {
    super.close();
    this.out = [];
    this.#rows = null;
    this.#calls = [];
  }
}
