/**
 * Rows that are to be looked up in a join whose other side is in a file: collected column by column, the hash of their keys first, put
 * beside the rows of their parts as often as there are many, and read from there block by block (join-tail.ts).
 */

import type { JoinStore } from './join-store.ts';
import { RowStore, type StoreColumn } from './row-store.ts';

/** Column of the hash. */
const HASH = 0;
/** So many bytes wait in memory, or a part of what work_mem allows: small blocks cost more to write than their rows. */
const WAITING_MIN = 1 << 19;
const WAITING_MAX = 1 << 22;
const WAITING_PART = 8;

export class ParkedRows extends RowStore {
  readonly #join: JoinStore;
  #isReading = false;

  constructor(columns: readonly StoreColumn[], join: JoinStore) {
    super(columns);
    this.#join = join;
    join.parked = this;
  }

  override begin(): void {
    this.#isReading = false;
    super.begin();
  }

  protected override full(): void {
    if (this.#isReading) return;
    const most = Math.max(WAITING_MIN, Math.min(WAITING_MAX, this.#join.workMemory / WAITING_PART));
    if (this.bytes > most) this.flush();
  }

  /** What waits in memory goes to the file. */
  flush(): void {
    if (this.count === 0) return;
    this.#join.park(this, this.data[HASH] as Int32Array);
    this.begin();
  }

  /** Some rows of the part that is read, from row 1 on; false: there are no more. */
  read(): boolean {
    this.begin();
    const block = this.#join.nextParked();
    if (block === null) return false;
    this.#isReading = true;
    this.appendBlock(block.columns, block.count);
    return true;
  }
}
