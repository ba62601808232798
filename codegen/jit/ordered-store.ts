/**
 * The collected side of a merge join: its rows in the order of their keys. `cursor` is the first row whose keys are not before
 * those of the row at hand; rows of one key follow one another.
 *
 *   keys     1  3  3  3  4  7  7                    same: 1 where a row has the keys of the one before it
 *   same     0  0  1  1  0  0  1
 *
 * Past work_mem its rows go to a file in blocks, in their order, and are read through a window (merge-window.ts).
 */

import type { KernelAccess } from '../../engine/plan/program.ts';
import type { RowsBlock } from './join-spill.ts';
import { type JoinShape, JoinStore } from './join-store.ts';
import type { PackedBlock } from './row-blocks.ts';
import type { RowStore, StoreColumn } from './row-store.ts';

/** Where the keys lie among the columns, and what compares two values of a key that are no numbers or texts. */
export interface StoreOrder {
  readonly places: readonly number[];
  readonly compare: readonly ((a: never, b: never) => number)[];
}

const NO_MARKS = new Uint8Array(0);

/** Whether two rows of a store, neither of them without a key, have the same keys. */
export function haveSameKeys(store: RowStore, { places, compare }: StoreOrder, a: number, b: number): boolean {
  for (let at = 0; at < places.length; at++) {
    const place = places[at];
    if (isNull(store, place, a) || isNull(store, place, b)) return false;
    if (!isSame(keyAt(store, place, a), keyAt(store, place, b), compare[at])) return false;
  }
  return true;
}

const isNull = (store: RowStore, place: number, row: number): boolean => {
  const { kind } = store.columns[place];
  return kind === 'v' ? store.data[place][row] === null : (store.nulls[place]?.[row] ?? 0) !== 0;
};

function keyAt(store: RowStore, place: number, row: number): unknown {
  const { kind } = store.columns[place];
  const data = store.data[place];
  if (kind === 't') {
    const ends = data as Int32Array;
    return store.charsText[place].toString('latin1', ends[row - 1], ends[row]);
  }
  const value = data[row];
  return kind === 'l' && Number.isNaN(value) ? store.big(place, row) : value;
}

export function isSame(a: unknown, b: unknown, compare: (a: never, b: never) => number): boolean {
  if (a === b) return true;
  if (typeof a === 'number' && typeof b === 'number') return Number.isNaN(a) && Number.isNaN(b);
  return typeof a === typeof b && compare(a as never, b as never) === 0;
}

export class OrderedStore extends JoinStore {
  readonly order: StoreOrder;
  readonly #marks: boolean;
  same: Uint8Array = NO_MARKS;
  cursor = 1;
  /** In a file: the number of the first row of each block, and behind them of the row behind all. */
  firsts: number[] = [];
  #allMatched: Uint8Array = NO_MARKS;
  /** Block that is read for rows without a match. */
  #next = 0;

  constructor(columns: readonly StoreColumn[], shape: JoinShape, order: StoreOrder, kernel: KernelAccess) {
    super(columns, shape, kernel);
    this.order = order;
    this.#marks = shape.marks;
  }

  /** Rows in memory and in the file. */
  get total(): number {
    return this.isSpilled ? this.firsts[this.firsts.length - 1] - 1 : this.count;
  }

  get blocks(): readonly PackedBlock[] {
    return this.spill?.blocks ?? [];
  }

  block(index: number): RowsBlock {
    if (this.spill === null) throw new Error('these rows are in no file');
    return this.spill.block(index);
  }

  /**
   * The keys of a row of this store or of a window of it, for comparing with those of another one: of rows that have no NULL
   * there.
   */
  keysOf(store: RowStore, row: number): unknown[] | null {
    if (this.order.places.some((place) => isNull(store, place, row))) return null;
    return this.order.places.map((place) => keyAt(store, place, row));
  }

  override finish(): void {
    if (this.isSpilled) {
      this.spillRows();
      this.#beginFile();
      return;
    }
    super.finish();
    const { count, order } = this;
    const same = new Uint8Array(count + 2);
    for (let row = 2; row <= count; row++) if (haveSameKeys(this, order, row - 1, row)) same[row] = 1;
    this.same = same;
  }

  #beginFile(): void {
    let row = 1;
    this.firsts = this.blocks.map(({ count }) => {
      row += count;
      return row - count;
    });
    this.firsts.push(row);
    this.#next = 0;
    this.#allMatched = this.#marks ? new Uint8Array(row) : NO_MARKS;
    this.matched = this.#allMatched;
  }

  /** Block by block, for rows that have found none. */
  override nextPart(): boolean {
    return this.#next < this.firsts.length - 1;
  }

  override load(): boolean {
    const index = this.#next++;
    this.append(this.block(index));
    this.matched = this.#allMatched.subarray(this.firsts[index] - 1);
    return false;
  }

  override drop(): void {
    this.same = NO_MARKS;
    this.#allMatched = NO_MARKS;
    this.firsts = [];
    super.drop();
  }
}
