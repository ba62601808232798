/** Rows of a store on their way to a file and back: blocks, column by column, as V8 serialises them; numbers stay typed arrays. */

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
  store.columns.map(({ kind, nullable }, column) => {
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
  });

function marksOf(marks: Uint8Array, order: Int32Array, from: number, to: number): Uint8Array {
  const made = new Uint8Array(to - from);
  for (let at = from; at < to; at++) made[at - from] = marks[order[at]];
  return made;
}

export function wordsOf(words: Int32Array, order: Int32Array, from: number, to: number): Int32Array {
  const made = new Int32Array(to - from);
  for (let at = from; at < to; at++) made[at - from] = words[order[at]];
  return made;
}

function doublesOf(doubles: Float64Array, order: Int32Array, from: number, to: number): Float64Array {
  const made = new Float64Array(to - from);
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
