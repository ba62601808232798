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
const NO_FLAGS = new Uint8Array(0);

export class ParkedRows extends RowStore {
  readonly #join: JoinStore;
  #isReading = false;
  /**
   * Where the other side is looked up piece by piece: what each row of the part has found so far (join-pieces.ts), by its number
   * there.
   */
  flags: Uint8Array = NO_FLAGS;
  /** Rows of the part before the ones that are there. */
  base = 0;

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

  /** The rows of the part that is read are to be read from the first one on. */
  rewind(): void {
    this.begin();
    this.base = 0;
  }

  /** Some rows of the part that is read, from row 1 on; false: there are no more. */
  read(): boolean {
    this.base += this.#isReading ? this.count : 0;
    this.begin();
    const block = this.#join.nextParked();
    if (block === null) {
      this.base = 0;
      return false;
    }
    this.#isReading = true;
    this.appendBlock(block.columns, block.count);
    return true;
  }

  /** The rows of the part are to be looked up in one piece after the other: nothing has been found. */
  beginPieces(): void {
    this.flags = new Uint8Array(this.#join.parkedRows + 1);
    this.base = 0;
  }

  override drop(): void {
    this.flags = NO_FLAGS;
    super.drop();
  }
}
