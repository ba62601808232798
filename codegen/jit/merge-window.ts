/**
 * What is read of the collected side of a merge join that lies in a file: some blocks one behind the other, as many as work_mem
 * allows, one at least. Rows have the numbers that they have among all; `row` is the place in the window of the one that was
 * asked for.
 *
 *   blocks   | 1 .. | 4097 .. | 8193 .. | 12289 .. |
 *   window            [ first: 4097             ]        reaches further as long as there is room, else begins anew at the block it needs
 *
 * Its arrays are made once a run, so code that has them in locals need not look again when the window moves.
 */

import { isSame, type OrderedStore } from './ordered-store.ts';
import { RowStore, type StoreColumn } from './row-store.ts';

export class MergeWindow extends RowStore {
  readonly #source: OrderedStore;
  /** Number of its first row; blocks from `#from` to before `#to`. */
  #first = 1;
  #from = 0;
  #to = 0;
  /** Blocks that it has room for. */
  #most = 1;
  row = 0;

  constructor(columns: readonly StoreColumn[], source: OrderedStore) {
    super(columns);
    this.#source = source;
  }

  /** Begins, with room for all that it will ever have at once. */
  open(): void {
    const { blocks, workMemory } = this.#source;
    let [rows, chars, bytes] = [0, 0, 1];
    for (const block of blocks) {
      rows = Math.max(rows, block.count);
      bytes = Math.max(bytes, block.bytes);
      for (const { charBytes } of block.columns) chars = Math.max(chars, charBytes);
    }
    this.#most = Math.max(1, Math.min(blocks.length, Math.floor(workMemory / bytes)));
    this.begin();
    this.reserveRows(rows * this.#most, chars * this.#most);
    this.#clear(0);
  }

  #clear(block: number): void {
    this.count = 0;
    this.extra = 0;
    this.limit = this.capacity;
    this.bigs.fill(null);
    this.columns.forEach(({ kind }, column) => {
      if (kind === 'v') (this.data[column] as unknown[]).length = 1;
    });
    this.#from = block;
    this.#to = block;
    this.#first = this.#source.firsts[block];
  }

  /** Place of row `number`, which is then in the window. */
  at(number: number): number {
    if (number < this.#first || number >= this.#first + this.count) this.#reach(number);
    this.row = number - this.#first + 1;
    return this.row;
  }

  #reach(number: number): void {
    const { firsts } = this.#source;
    const isNext = this.#to < firsts.length - 1 && number >= firsts[this.#to] && number < firsts[this.#to + 1];
    if (!isNext || this.#to - this.#from >= this.#most) this.#clear(blockOf(firsts, number));
    const { columns, count } = this.#source.block(this.#to++);
    this.appendBlock(columns, count);
  }

  /** The number of the row behind row `number`, if it has the same keys, else 0; its place is `row` then. */
  after(number: number): number {
    const source = this.#source;
    if (number >= source.total) {
      this.row = 0;
      return 0;
    }
    const keys = source.keysOf(this, this.at(number));
    const others = source.keysOf(this, this.at(number + 1));
    const { compare } = source.order;
    if (keys !== null && others !== null && keys.every((key, at) => isSame(key, others[at], compare[at]))) return number + 1;
    this.row = 0;
    return 0;
  }
}

/** The block that has a row. */
function blockOf(firsts: readonly number[], number: number): number {
  let low = 0;
  let high = firsts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (firsts[middle] <= number) low = middle;
    else high = middle;
  }
  return low;
}
