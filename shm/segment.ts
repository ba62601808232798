/**
 * A segment: one piece of memory that all threads share, with a typed array over it for each width.
 *
 * SM-S1  It is at most 2 GiB, so that every byte offset is a small integer; created at full size (the system commits
 *        pages when they are touched) and never grown.
 * SM-S2  It is a shared WebAssembly.Memory, so that SIMD kernels can work on it. Each takes 8 GiB of address space;
 *        where that is refused, a plain SharedArrayBuffer does, without kernels (`memory` is null then).
 */

import { assert } from './assert.ts';
import type { Bytes } from './types.ts';

export const SEGMENT_BYTES_MAX = 2 ** 31;
/** Unit of WebAssembly memory; sizes are rounded up to it. */
const WASM_PAGE_BYTES = 65536;

/** What crosses threads: structured clone shares it. */
/** A WebAssembly.Memory, as far as programs with other type libraries know it. */
export interface SegmentMemory {
  readonly buffer: SharedArrayBuffer;
}

export type SegmentHandle = SegmentMemory | SharedArrayBuffer;

export interface Segment {
  readonly bytes: Bytes;
  /** Null where the address space did not allow for a WebAssembly memory. */
  readonly memory: SegmentMemory | null;
  readonly buffer: SharedArrayBuffer;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly u16: Uint16Array;
  readonly u8: Uint8Array;
  readonly f64: Float64Array;
  /** For file, checksum and text functions. */
  readonly bytesView: Buffer;
}

/** A zeroed segment of at least so many bytes. Throws RangeError when the address space is used up. */
export function createSegment(bytes: Bytes): Segment {
  assert(bytes > 0 && bytes <= SEGMENT_BYTES_MAX, 'a segment has 1 byte to 2 GiB');
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  return viewSegment(allocate(pages));
}

function allocate(pages: number): SegmentHandle {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return new SharedArrayBuffer(pages * WASM_PAGE_BYTES);
  }
}

/** The views over memory that another thread made. */
export function viewSegment(handle: SegmentHandle): Segment {
  const memory = handle instanceof WebAssembly.Memory ? handle : null;
  const buffer = (memory === null ? handle : memory.buffer) as SharedArrayBuffer;
  assert(buffer instanceof SharedArrayBuffer, 'a segment lies in shared memory');
  return {
    bytes: buffer.byteLength,
    memory,
    buffer,
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    u16: new Uint16Array(buffer),
    u8: new Uint8Array(buffer),
    f64: new Float64Array(buffer),
    bytesView: Buffer.from(buffer),
  };
}

/** What to post to another thread, for its viewSegment(). */
export function segmentHandle(segment: Segment): SegmentHandle {
  return segment.memory ?? segment.buffer;
}
