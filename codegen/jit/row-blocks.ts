/**
 * Rows of a store on their way to a file and back: blocks, column by column; numbers stay typed arrays. A block goes as V8 serialises
 * it, or packed: its arrays one behind the other, each from a multiple of eight bytes on, and what is no array of numbers behind them.
 */

import { nodeV8 } from '../../shm/node-modules.ts';
import type { RowStore } from './row-store.ts';

export interface BlockColumn {
  /** Of texts that are kept as bytes: where each row's end. */
  readonly data: ArrayLike<unknown>;
  readonly nulls: Uint8Array | null;
  /** Bytes of the texts of all rows. */
  readonly chars?: Uint8Array;
}

export const serialised = (block: object): Buffer => nodeV8().serialize(block);

/** Columns of the rows at these places of an order. */
export const blockColumns = (store: RowStore, order: Int32Array, from: number, to: number): BlockColumn[] =>
  store.columns.map((_, column) => blockColumn(store, column, order, from, to));

function blockColumn(store: RowStore, column: number, order: Int32Array, from: number, to: number): BlockColumn {
  const { kind, nullable } = store.columns[column];
  const marks = nullable && kind !== 'v' ? (store.nulls[column] as Uint8Array) : null;
  const nulls = marks === null ? null : marksOf(marks, order, from, to);
  if (kind === 't') return { ...charsOf(store, column, order, from, to), nulls };
  const data = store.data[column];
  if (data instanceof Int32Array) return { data: wordsOf(data, order, from, to), nulls };
  if (data instanceof Float64Array && (kind === 'd' || (store.bigs[column] ?? null) === null))
    return { data: doublesOf(data, order, from, to), nulls };
  const values: unknown[] = [];
  for (let at = from; at < to; at++) {
    const value = data[order[at]];
    values.push(kind === 'l' && Number.isNaN(value) ? store.big(column, order[at]) : value);
  }
  return { data: values, nulls };
}

function marksOf(marks: Uint8Array, order: Int32Array, from: number, to: number, made = new Uint8Array(to - from)): Uint8Array {
  for (let at = from; at < to; at++) made[at - from] = marks[order[at]];
  return made;
}

function wordsOf(words: Int32Array, order: Int32Array, from: number, to: number, made = new Int32Array(to - from)): Int32Array {
  for (let at = from; at < to; at++) made[at - from] = words[order[at]];
  return made;
}

function doublesOf(
  doubles: Float64Array,
  order: Int32Array,
  from: number,
  to: number,
  made = new Float64Array(to - from),
): Float64Array {
  for (let at = from; at < to; at++) made[at - from] = doubles[order[at]];
  return made;
}

/** Texts that are kept as bytes. */
function charsOf(
  store: RowStore,
  column: number,
  order: Int32Array,
  from: number,
  to: number,
): { data: Int32Array; chars: Uint8Array } {
  const ends = store.data[column] as Int32Array;
  const source = store.chars[column];
  const data = new Int32Array(to - from);
  let bytes = 0;
  for (let at = from; at < to; at++) {
    const row = order[at];
    bytes += ends[row] - ends[row - 1];
    data[at - from] = bytes;
  }
  const chars = new Uint8Array(bytes);
  let into = 0;
  for (let at = from; at < to; at++) {
    const row = order[at];
    for (let byte = ends[row - 1]; byte < ends[row]; byte++) chars[into++] = source[byte];
  }
  return { data, chars };
}

/** Where the arrays of a column lie in a packed block; -1: it has none, or is among the rest. */
interface PackedColumn {
  readonly data: number;
  readonly isWords: boolean;
  readonly nulls: number;
  readonly chars: number;
  readonly charBytes: number;
}

/** What is known of a packed block besides its bytes. */
export interface PackedBlock {
  readonly count: number;
  readonly columns: readonly PackedColumn[];
  /** Hashes of the rows; -1: none. */
  readonly hashes: number;
  /** Where the rest begins, and where it ends: all that is not packed. */
  readonly rest: number;
  readonly bytes: number;
}

/** Packs blocks into memory that it keeps. */
export class BlockPacker {
  #words = new Int32Array(new ArrayBuffer(1 << 16));
  #used = 0;
  /** The block that was packed last. */
  bytes = new Uint8Array(this.#words.buffer);

  /** Room for `bytes` bytes; where they begin. */
  #room(bytes: number): number {
    const at = this.#used;
    const end = at + ((bytes + 7) & -8);
    if (end > this.bytes.length) {
      const larger = new Uint8Array(new ArrayBuffer(Math.max(end, this.bytes.length * 2)));
      larger.set(this.bytes.subarray(0, at));
      this.bytes = larger;
      this.#words = new Int32Array(larger.buffer);
    }
    this.#used = end;
    return at;
  }

  #putWords(words: Int32Array, order: Int32Array, from: number, to: number): number {
    const at = this.#room((to - from) * 4);
    wordsOf(words, order, from, to, this.#words.subarray(at >> 2));
    return at;
  }

  #putBytes(bytes: Uint8Array): number {
    const at = this.#room(bytes.length);
    this.bytes.set(bytes, at);
    return at;
  }

  #column(store: RowStore, column: number, order: Int32Array, from: number, to: number): PackedColumn | null {
    const { kind, nullable } = store.columns[column];
    const data = store.data[column];
    const isDoubles = data instanceof Float64Array;
    if (kind === 'v' || (kind === 'l' && (store.bigs[column] ?? null) !== null)) return null;
    let nulls = -1;
    if (nullable) {
      nulls = this.#room(to - from);
      marksOf(store.nulls[column] as Uint8Array, order, from, to, this.bytes.subarray(nulls));
    }
    if (kind === 't') {
      const texts = charsOf(store, column, order, from, to);
      const ends = this.#putBytes(new Uint8Array(texts.data.buffer));
      return { data: ends, isWords: true, nulls, chars: this.#putBytes(texts.chars), charBytes: texts.chars.length };
    }
    if (!isDoubles)
      return { data: this.#putWords(data as Int32Array, order, from, to), isWords: true, nulls, chars: -1, charBytes: 0 };
    const at = this.#room((to - from) * 8);
    doublesOf(data, order, from, to, new Float64Array(this.bytes.buffer, at));
    return { data: at, isWords: false, nulls, chars: -1, charBytes: 0 };
  }

  /** The rows at these places of an order, with hashes by row, and what else there is of them. */
  pack(
    store: RowStore,
    order: Int32Array,
    from: number,
    to: number,
    hashes: Int32Array | null,
    more: object | null,
  ): PackedBlock {
    this.#used = 0;
    const values = new Map<number, BlockColumn>();
    const columns = store.columns.map((_, column): PackedColumn => {
      const packed = this.#column(store, column, order, from, to);
      if (packed === null) values.set(column, blockColumn(store, column, order, from, to));
      return packed ?? { data: -1, isWords: false, nulls: -1, chars: -1, charBytes: 0 };
    });
    const hashed = hashes === null ? -1 : this.#putWords(hashes, order, from, to);
    const rest = this.#used;
    let end = rest;
    if (values.size > 0 || more !== null) {
      const bytes = serialised({ values, more });
      this.#putBytes(bytes);
      end = rest + bytes.length;
    }
    return { count: to - from, columns, hashes: hashed, rest, bytes: end };
  }
}

/** The columns of a packed block, hashes, and what else there was of its rows; they lie in `bytes`, from its beginning on. */
export function unpacked(
  { count, columns, hashes, rest, bytes: end }: PackedBlock,
  bytes: Uint8Array,
): { readonly columns: readonly BlockColumn[]; readonly hashes: Int32Array | null; readonly more: unknown } {
  const { buffer } = bytes;
  const others =
    rest === end
      ? null
      : (nodeV8().deserialize(bytes.subarray(rest, end)) as { values: Map<number, BlockColumn>; more: unknown });
  const made = columns.map(({ data, isWords, nulls, chars, charBytes }, column): BlockColumn => {
    if (data < 0) return others?.values.get(column) as BlockColumn;
    return {
      data: isWords ? new Int32Array(buffer, data, count) : new Float64Array(buffer, data, count),
      nulls: nulls < 0 ? null : bytes.subarray(nulls, nulls + count),
      ...(chars < 0 ? {} : { chars: bytes.subarray(chars, chars + charBytes) }),
    };
  });
  return { columns: made, hashes: hashes < 0 ? null : new Int32Array(buffer, hashes, count), more: others?.more ?? null };
}
