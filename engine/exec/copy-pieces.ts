/**
 * What has come of COPY's input and is not taken yet: in one piece of memory that is used again and again.
 *
 *   bytes   | taken | at ... rows ... end | 0 0 |
 *
 * Behind the end stand zeros, so that who looks one byte ahead finds nothing there.
 */

const FIRST_BYTES = 1 << 12;
const ZEROS = 2;

export class CopyPieces {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;

  /** Takes a copy. */
  push(piece: Uint8Array): void {
    const rest = this.end - this.at;
    const needed = rest + piece.length + ZEROS;
    const before = this.bytes;
    if (needed > before.length) this.bytes = Buffer.allocUnsafeSlow(Math.max(needed, before.length * 2, FIRST_BYTES));
    if (rest > 0 && (this.at > 0 || this.bytes !== before)) before.copy(this.bytes, 0, this.at, this.end);
    this.bytes.set(piece, rest);
    this.at = 0;
    this.end = rest + piece.length;
    this.bytes.fill(0, this.end, this.end + ZEROS);
  }
}
