/**
 * The shared memory of one open database: its segments, and where everything lies in them.
 *
 *   control   header, thread slots, counters, page table, frame descriptors, regions of the upper floors
 *   frames    page images, 8 KiB each, in segments of `framesPerSegment`
 *   ring      log bytes; its second half is slack, so that a record that wraps can be written in one piece
 *   heap      variable-size things (allocator.ts)
 *   versions  back versions of rows
 *
 * SM-S1  all segments are created at full size and never grow; memory is committed when it is touched.
 * SM-S3, SM-S6  thread slots, counters and regions lie 64 bytes apart; their number is fixed when the memory is made.
 *
 * Each thread has a SharedMemory object of its own over the same memory: handleOf() on one side, viewSharedMemory() on
 * the other. `thread` and `threadBase` belong to the calling thread, set by attachThread() (threads.ts).
 */

import { randomUUID } from 'node:crypto';
import { type AtomicWords, atomicWords } from './atomic-words.ts';
import { assert } from './assert.ts';
import { CONTROL_LAYOUT_VERSION } from './control.layout.ts';
import {
  CONTROL_BYTES,
  controlLayoutVersion,
  setControlLayoutVersion,
  storeControlEpoch,
  THREAD_BYTES,
} from './control.layout.gen.ts';
import { limitExceeded } from './errors.ts';
import { FRAME_BYTES } from './frame.layout.gen.ts';
import { createSegment, type Segment, type SegmentHandle, SEGMENT_BYTES_MAX, segmentHandle, viewSegment } from './segment.ts';
import { type ByteOffset, type Bytes, type Frame, NO_THREAD, PAGE_BYTES, PAGE_SHIFT, type ThreadNumber } from './types.ts';

/** Counters a thread has to itself, doubles (counters.ts). */
export const COUNTERS_PER_THREAD = 64;
/** Byte offset of the header. */
export const CONTROL_BASE: ByteOffset = 0;

export interface RegionRequest {
  name: string;
  bytes: Bytes;
}

export interface SharedMemoryOptions {
  /** Cache frames of 8 KiB. */
  frames: number;
  /** Threads that can be attached at once. */
  threadSlots?: number;
  ringBytes: Bytes;
  heapBytes: Bytes;
  versionBytes: Bytes;
  /** A power of two, at most 2^18 (2 GiB); tests take fewer, to have several segments. */
  framesPerSegment?: number;
  /** What the upper floors want in the control segment: zeroed, 64-aligned. */
  regions?: readonly RegionRequest[];
}

/** Where things lie: the same for all threads, plain data. */
export interface SharedMemoryLayout {
  /** No other memory has it. */
  readonly name: string;
  readonly frameCount: number;
  readonly frameShift: number;
  readonly threadSlots: number;
  readonly threadsBase: ByteOffset;
  readonly countersBase: ByteOffset;
  readonly tableBase: ByteOffset;
  /** 32 - log2 of the number of buckets of the page table. */
  readonly tableShift: number;
  readonly framesBase: ByteOffset;
  readonly ringBytes: Bytes;
  readonly heapBytes: Bytes;
  readonly versionBytes: Bytes;
  /** Name -> byte offset in the control segment. */
  readonly regions: Readonly<Record<string, ByteOffset>>;
}

/** Can be posted to a thread, or given as its workerData. */
export interface SharedMemoryHandle {
  readonly layout: SharedMemoryLayout;
  readonly control: SegmentHandle;
  readonly frames: readonly SegmentHandle[];
  readonly ring: SegmentHandle;
  readonly heap: SegmentHandle;
  readonly versions: SegmentHandle;
}

/** Releases what a dead thread left behind (threads.ts). Runs again from the start if its own thread dies in it. */
export type Burier = (shm: SharedMemory, thread: ThreadNumber) => void;

export interface SharedMemory extends SharedMemoryLayout {
  readonly control: Segment;
  /** Views of the control segment. */
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  /** Read-modify-write of its words where each nanosecond counts. */
  readonly atomic: AtomicWords;
  readonly f64: Float64Array;
  readonly frameSegments: readonly Segment[];
  readonly ring: Segment;
  readonly heap: Segment;
  readonly versions: Segment;
  /** Own slot, NO_THREAD before attachThread(). */
  thread: ThreadNumber;
  /** Byte offset of the own slot. Before attachThread() that of a spare slot behind the last one, which is nobody's. */
  threadBase: ByteOffset;
  /** Index of a word of this thread that leaveEngine() sets to 0, and this with it; 0 = none. A snapshot's, see txn/snapshot.ts. */
  clearOnLeave: number;
  /** Hooks of this thread's upper floors for burying others (registerBurier). */
  readonly earlyBuriers: Burier[];
  readonly lateBuriers: Burier[];
}

const align = (bytes: number, to: number): number => Math.ceil(bytes / to) * to;

/** Creates and initialises the memory. Throws 54000 when a part would exceed 2 GiB. */
export function createSharedMemory(options: SharedMemoryOptions): SharedMemory {
  const { frames, ringBytes, heapBytes, versionBytes } = options;
  const framesPerSegment = options.framesPerSegment ?? SEGMENT_BYTES_MAX / PAGE_BYTES;
  assert(Number.isInteger(Math.log2(framesPerSegment)), 'frames per segment are a power of two');
  assert(Number.isInteger(frames) && frames > 0, 'the cache has at least one frame');
  assert(Number.isInteger(Math.log2(ringBytes)) && ringBytes >= 4096, 'the ring is a power of two, at least 4 KiB');
  const { layout, controlBytes } = layOut(options, Math.log2(framesPerSegment));
  const control = createLimited('control segment', controlBytes);
  const frameSegments: Segment[] = [];
  for (let first = 0; first < frames; first += framesPerSegment) {
    frameSegments.push(createLimited('frame segment', Math.min(framesPerSegment, frames - first) * PAGE_BYTES));
  }
  // The slack costs address space only: it is touched by records that wrap, and then only by their tails.
  const ring = createLimited('log ring', ringBytes * 2);
  const heap = createLimited('heap', heapBytes);
  const versions = createLimited('versions segment', versionBytes);
  setControlLayoutVersion(control.i32, CONTROL_BASE, CONTROL_LAYOUT_VERSION);
  storeControlEpoch(control.i32, CONTROL_BASE, 1);
  return assemble(layout, control, frameSegments, ring, heap, versions);
}

function createLimited(what: string, bytes: Bytes): Segment {
  if (bytes > SEGMENT_BYTES_MAX) throw limitExceeded(`the size of the ${what}`, bytes, SEGMENT_BYTES_MAX);
  return createSegment(bytes);
}

function layOut(options: SharedMemoryOptions, frameShift: number): { layout: SharedMemoryLayout; controlBytes: Bytes } {
  const { frames, ringBytes, heapBytes, versionBytes, threadSlots = 128 } = options;
  // Half-full on average: most chains have one frame. At least 2 buckets, so that the shift stays below 32.
  const bucketBits = Math.max(1, Math.ceil(Math.log2(frames * 2)));
  const threadsBase = CONTROL_BYTES;
  const countersBase = threadsBase + (threadSlots + 1) * THREAD_BYTES;
  const tableBase = countersBase + (threadSlots + 1) * COUNTERS_PER_THREAD * 8;
  const framesBase = align(tableBase + 2 ** bucketBits * 4, 64);
  const regions: Record<string, ByteOffset> = {};
  let end = framesBase + frames * FRAME_BYTES;
  for (const region of options.regions ?? []) {
    assert(!(region.name in regions), 'each region is asked for once');
    regions[region.name] = end;
    end = align(end + region.bytes, 64);
  }
  const layout: SharedMemoryLayout = {
    name: randomUUID(),
    frameCount: frames,
    frameShift,
    threadSlots,
    threadsBase,
    countersBase,
    tableBase,
    tableShift: 32 - bucketBits,
    framesBase,
    ringBytes,
    heapBytes,
    versionBytes,
    regions,
  };
  return { layout, controlBytes: end };
}

function assemble(
  layout: SharedMemoryLayout,
  control: Segment,
  frameSegments: Segment[],
  ring: Segment,
  heap: Segment,
  versions: Segment,
): SharedMemory {
  return {
    ...layout,
    control,
    i32: control.i32,
    u32: control.u32,
    atomic: atomicWords(control),
    f64: control.f64,
    frameSegments,
    ring,
    heap,
    versions,
    thread: NO_THREAD,
    threadBase: layout.threadsBase + layout.threadSlots * THREAD_BYTES,
    clearOnLeave: 0,
    earlyBuriers: [],
    lateBuriers: [],
  };
}

/** What another thread needs to see the same memory. */
export function handleOf(shm: SharedMemory): SharedMemoryHandle {
  const { name, frameCount, frameShift, threadSlots, threadsBase, countersBase, tableBase, tableShift, framesBase } = shm;
  const { ringBytes, heapBytes, versionBytes, regions } = shm;
  return {
    layout: {
      ...{ name, frameCount, frameShift, threadSlots, threadsBase, countersBase, tableBase, tableShift, framesBase },
      ...{ ringBytes, heapBytes, versionBytes, regions },
    },
    control: segmentHandle(shm.control),
    frames: shm.frameSegments.map(segmentHandle),
    ring: segmentHandle(shm.ring),
    heap: segmentHandle(shm.heap),
    versions: segmentHandle(shm.versions),
  };
}

/** The memory behind a handle, for this thread; not attached yet. */
export function viewSharedMemory(handle: SharedMemoryHandle): SharedMemory {
  const control = viewSegment(handle.control);
  assert(controlLayoutVersion(control.i32, CONTROL_BASE) === CONTROL_LAYOUT_VERSION, 'both threads run the same version');
  return assemble(
    handle.layout,
    control,
    handle.frames.map(viewSegment),
    viewSegment(handle.ring),
    viewSegment(handle.heap),
    viewSegment(handle.versions),
  );
}

/** The segment that holds a frame's image. */
export const frameSegment = (shm: SharedMemory, frame: Frame): Segment => shm.frameSegments[frame >>> shm.frameShift];

/** Byte offset of a frame's image in its segment. */
export const frameOffset = (shm: SharedMemory, frame: Frame): ByteOffset => (frame & ((1 << shm.frameShift) - 1)) << PAGE_SHIFT;

/** Byte offset of a frame's descriptor in the control segment. */
export const frameBase = (shm: SharedMemory, frame: Frame): ByteOffset => shm.framesBase + frame * FRAME_BYTES;

/** Byte offset of a thread's slot in the control segment. */
export const threadSlot = (shm: SharedMemory, thread: ThreadNumber): ByteOffset => shm.threadsBase + thread * THREAD_BYTES;

/** Byte offset of a region that was asked for by name. */
export function regionOf(shm: SharedMemory, name: string): ByteOffset {
  const base = shm.regions[name];
  assert(base !== undefined, 'the region was asked for when the memory was created');
  return base;
}
