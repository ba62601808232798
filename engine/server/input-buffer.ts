/** Bytes of a client that have not been taken: an incomplete message, or what came while a statement waits. */

const NOTHING = Buffer.alloc(0);
const LEAST_BYTES = 4096;

export class InputBuffer {
  bytes: Buffer = NOTHING;
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  get isEmpty(): boolean {
    return this.end === this.start;
  }

  /** Keeps chunk[from, to); `wanted`: bytes of the message that begins there, 0 when that is not known. */
  keep(chunk: Buffer, from: number, to: number, wanted: number): void {
    const length = to - from;
    this.#room(length, wanted);
    chunk.copy(this.bytes, this.end, from, to);
    this.end += length;
  }

  /** The memory grows with what has come, not with what a client says will come. */
  #room(length: number, wanted: number): void {
    const used = this.end - this.start;
    const needed = used + length;
    if (this.end + length <= this.bytes.length) return;
    if (needed <= this.bytes.length && this.start > this.bytes.length / 2) {
      this.bytes.copyWithin(0, this.start, this.end);
    } else {
      const size = Math.max(
        needed,
        Math.min(wanted, needed * 2),
        LEAST_BYTES,
        needed < wanted ? 0 : Math.min(needed * 2, 1 << 20),
      );
      const larger = Buffer.allocUnsafeSlow(size);
      this.bytes.copy(larger, 0, this.start, this.end);
      this.bytes = larger;
    }
    this.start = 0;
    this.end = used;
  }

  /** So many bytes were taken. */
  took(count: number, _wanted: number): void {
    this.start += count;
    if (this.start < this.end) return;
    this.clear();
  }

  clear(): void {
    this.start = 0;
    this.end = 0;
    if (this.bytes.length > LEAST_BYTES) this.bytes = NOTHING;
  }
}
