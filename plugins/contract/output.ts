/**
 * What rows and messages are written into: one memory, written from `at` on (SBLR-R3). It grows; `mark` is where whoever produces
 * rows stops behind the row that passed it, so that the connection may send what there is and wait until the peer has read it.
 *
 *   0 ........ at ............ mark ............ bytes.length
 *   written    next byte       FULL from here    room that is there
 *
 * Sending: hand bytes.subarray(0, at) to the socket and call take(), which gives the output new memory (the socket holds the old),
 * or copy it away and call clear(). Hot: a generated function holds `bytes` and `at` in locals while it writes.
 */

const FIRST_BYTES = 16384;

/** What generated code asks of an output: whoever has a memory of its own for messages may be one. */
export interface RowOutput {
  bytes: Buffer;
  /** Where the next byte goes. */
  at: number;
  /** Producers of rows stop behind the row that reaches it. */
  readonly mark: number;
  /** Makes room for so many bytes behind `at`; `bytes` may be another one afterwards. What lies before `at` is kept. */
  need(count: number): void;
}

export class Output implements RowOutput {
  bytes: Buffer;
  at = 0;
  mark: number;

  /** `mark`: bytes after which producers stop; the memory begins smaller and grows. */
  constructor(mark = 65536, bytes = Math.min(mark + 4096, FIRST_BYTES)) {
    this.mark = mark;
    this.bytes = Buffer.allocUnsafeSlow(bytes);
  }

  /** True: send it, then go on. */
  get isFull(): boolean {
    return this.at >= this.mark;
  }

  need(count: number): void {
    const needed = this.at + count;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }

  /** What was written, whose memory is the caller's now: the output has new memory. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.at);
    this.bytes = Buffer.allocUnsafeSlow(Math.min(this.bytes.length, Math.max(FIRST_BYTES, this.mark + 4096)));
    this.at = 0;
    return taken;
  }

  /** Begins again in the same memory: what was written has been copied away. */
  clear(): void {
    this.at = 0;
  }
}
