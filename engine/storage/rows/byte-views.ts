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

/** What page and row primitives need: a segment, a log ring, a record window or a group's scratch all have it. */
export interface WordViews {
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly u16: Uint16Array;
  readonly u8: Uint8Array;
  readonly f64: Float64Array;
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

/**
 * Copies `bytes` bytes, rounded up to whole 4-byte words; both offsets are multiples of 4 and the pieces do not overlap.
 * Words, never doubles: a double's load may rewrite the bits of a NaN. A loop, because it is also called where nothing may
 * be allocated (SM-L7), and row images are short.
 */
export function copyWords(to: Int32Array, toOffset: number, from: Int32Array, fromOffset: number, bytes: number): void {
  const end = (fromOffset + bytes + 3) >> 2;
  for (let read = fromOffset >> 2, write = toOffset >> 2; read < end; read++, write++) to[write] = from[read];
}
