/**
 * The output of one connection. Its memory is lent by the worker while something is written, and goes back when that was sent: a
 * connection that is idle has none.
 */

import type { RowOutput } from '../../plugins/contract/output.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';

/** Bytes of a piece of memory that is lent. */
const PIECE_BYTES = 1 << 17;
/** Producers of rows stop here. */
export const MARK_BYTES = 1 << 16;
/** Memory of a connection that waits with something written. */
const KEPT_BYTES = 256;
/** Pieces that a worker keeps. */
const PIECES_MAX = 64;

const NOTHING = Buffer.alloc(0);

export class OutputMemory {
  readonly #pieces: Buffer[] = [];

  lend(): Buffer {
    return this.#pieces.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
  }

  giveBack(bytes: Buffer): void {
    if (bytes.length === PIECE_BYTES && this.#pieces.length < PIECES_MAX) this.#pieces.push(bytes);
  }
}

export class LentOutput implements RowOutput {
  bytes: Buffer = NOTHING;
  at = 0;
  readonly mark = MARK_BYTES;
  readonly #memory: OutputMemory;
  readonly #bytesMax: number;

  constructor(memory: OutputMemory, bytesMax: number) {
    this.#memory = memory;
    this.#bytesMax = bytesMax;
  }

  need(count: number): void {
    const needed = this.at + count;
    if (needed <= this.bytes.length) return;
    if (this.bytes.length === 0 && needed <= PIECE_BYTES) {
      this.bytes = this.#memory.lend();
      return;
    }
    if (needed > this.#bytesMax) throw new SqlError(SQLSTATE.out_of_memory, `a reply of more than ${this.#bytesMax} bytes`);
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.at);
    this.#memory.giveBack(this.bytes);
    this.bytes = larger;
  }

  /** All was sent, or copied: the memory is another's. */
  clear(): void {
    this.#memory.giveBack(this.bytes);
    this.forget();
  }

  /** What was written stays here for a while, in memory of its own. */
  keepOwn(): void {
    const lent = this.bytes;
    if (lent.length < PIECE_BYTES) return;
    this.bytes = Buffer.allocUnsafeSlow(Math.max(this.at, KEPT_BYTES));
    lent.copy(this.bytes, 0, 0, this.at);
    this.#memory.giveBack(lent);
  }

  /** What was written is somebody else's. */
  forget(): void {
    this.bytes = NOTHING;
    this.at = 0;
  }
}
