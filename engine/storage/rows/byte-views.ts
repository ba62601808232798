/**
 * The typed arrays over one piece of memory: what a shared segment has, and what a thread's own scratch has too, so that
 * pages and rows are touched by the same code wherever they lie (SBLR-V9).
 *
 * All offsets that go with a ByteViews are bytes from its start. Rows and pages start at multiples of 8.
 */

/** Every shared segment is one of these. Always made with the same shape, so that hot call sites stay monomorphic. */
export interface ByteViews {
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly u16: Uint16Array;
  readonly u8: Uint8Array;
  readonly f64: Float64Array;
  readonly bytesView: Buffer;
}

/** Views over memory that belongs to this thread alone. `bytes` is rounded up to a multiple of 8. */
export function privateViews(bytes: number): ByteViews {
  return viewsOver(new ArrayBuffer((bytes + 7) & ~7));
}

/** Views over a whole buffer whose size is a multiple of 8. */
export function viewsOver(buffer: ArrayBuffer | SharedArrayBuffer): ByteViews {
  return {
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    u16: new Uint16Array(buffer),
    u8: new Uint8Array(buffer),
    f64: new Float64Array(buffer),
    bytesView: Buffer.from(buffer as ArrayBuffer),
  };
}

/** Longest copy that a loop of words does faster than a call into the runtime (SBLR-V9). */
const LOOP_BYTES_MAX = 128;

/**
 * Copies `bytes` bytes, rounded up to whole 4-byte words; both offsets are multiples of 4 and the pieces do not overlap.
 * Words, never doubles: a double's load may rewrite the bits of a NaN.
 */
export function copyWords(to: ByteViews, toOffset: number, from: ByteViews, fromOffset: number, bytes: number): void {
  if (bytes <= LOOP_BYTES_MAX) {
    const target = to.i32;
    const source = from.i32;
    const end = (fromOffset + bytes + 3) >> 2;
    for (let read = fromOffset >> 2, write = toOffset >> 2; read < end; read++, write++) target[write] = source[read];
    return;
  }
  from.bytesView.copy(to.bytesView, toOffset, fromOffset, fromOffset + ((bytes + 3) & ~3));
}
