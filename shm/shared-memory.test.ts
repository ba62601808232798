/** The memory's layout, its handle, and the slots of threads in it. */
import { deepStrictEqual, notStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { CONTROL_BYTES, loadControlEpoch, THREAD_BYTES } from './control.layout.gen.ts';
import { poison } from './critical.ts';
import { count, sumCounter } from './counters.ts';
import { FRAME_BYTES } from './frame.layout.gen.ts';
import { createSegment, SEGMENT_BYTES_MAX } from './segment.ts';
import {
  COUNTERS_PER_THREAD,
  createSharedMemory,
  frameOffset,
  frameSegment,
  handleOf,
  regionOf,
  type SharedMemory,
  viewSharedMemory,
} from './shared-memory.ts';
import {
  attachedThreads,
  attachThread,
  cancelReason,
  clearCancel,
  detachThread,
  oldestSnapshotOf,
  publishOldestSnapshot,
  requestCancel,
  roleOf,
  THREAD_ROLE_HOST,
  THREAD_ROLE_POOL,
} from './threads.ts';
import { doorbellOf } from './wait.ts';

function memory(threadSlots = 4): SharedMemory {
  return createSharedMemory({
    frames: 40,
    threadSlots,
    ringBytes: 65536,
    heapBytes: 1 << 20,
    versionBytes: 65536,
    framesPerSegment: 16,
    regions: [
      { name: 'one', bytes: 100 },
      { name: 'two', bytes: 8 },
    ],
  });
}

test('the parts of the control segment follow each other without overlap, on cache lines of their own', () => {
  const shm = memory();
  const parts = [
    [0, CONTROL_BYTES],
    [shm.threadsBase, 5 * THREAD_BYTES],
    [shm.countersBase, 5 * COUNTERS_PER_THREAD * 8],
    [shm.tableBase, 2 ** (32 - shm.tableShift) * 4],
    [shm.framesBase, 40 * FRAME_BYTES],
    [regionOf(shm, 'one'), 100],
    [regionOf(shm, 'two'), 8],
  ];
  for (let part = 1; part < parts.length; part++) {
    ok(parts[part][0] >= parts[part - 1][0] + parts[part - 1][1], `part ${part} overlaps`);
    strictEqual(parts[part][0] % 64, 0, `part ${part} does not start on a cache line`);
  }
  ok(regionOf(shm, 'two') + 8 <= shm.control.bytes);
  strictEqual(shm.framesBase % 64, 0);
});

test('every frame has an image of its own, over several segments', () => {
  const shm = memory();
  deepStrictEqual(
    shm.frameSegments.map((segment) => segment.bytes >= 8192),
    [true, true, true],
  );
  for (let frame = 0; frame < 40; frame++) frameSegment(shm, frame).i32[(frameOffset(shm, frame) + 8188) >>> 2] = frame + 1;
  for (let frame = 0; frame < 40; frame++)
    strictEqual(frameSegment(shm, frame).i32[(frameOffset(shm, frame) + 8188) >>> 2], frame + 1);
});

test("a handle gives the same memory; the thread number is each view's own", () => {
  const shm = memory();
  const other = viewSharedMemory(structuredClone(handleOf(shm)));
  attachThread(shm, THREAD_ROLE_HOST);
  attachThread(other, THREAD_ROLE_POOL);
  deepStrictEqual([shm.thread, other.thread, attachedThreads(shm)], [0, 1, 2]);
  deepStrictEqual([roleOf(other, 0), roleOf(shm, 1)], [THREAD_ROLE_HOST, THREAD_ROLE_POOL]);
  strictEqual(loadControlEpoch(other.i32, 0), 1);
  detachThread(other);
  strictEqual(attachedThreads(shm), 1);
});

test('SM-S6: one thread more than there are slots is an error, and a slot given back can be had', () => {
  const shm = memory(1);
  const other = viewSharedMemory(handleOf(shm));
  attachThread(shm, THREAD_ROLE_HOST);
  throws(() => attachThread(other, THREAD_ROLE_HOST), { code: '53300' });
  detachThread(shm);
  attachThread(other, THREAD_ROLE_HOST);
  throws(() => attachThread(other, THREAD_ROLE_HOST), /attaches once/);
});

test('a thread cannot attach to a poisoned memory, and every thread gets the first reason', () => {
  const shm = memory();
  poison(shm, 'the first — reason');
  poison(shm, 'the second reason');
  throws(() => attachThread(shm, THREAD_ROLE_HOST), { code: '57P02', message: 'the database stopped: the first — reason' });
});

test('SM-S1: a segment beyond 2 GiB is refused', () => {
  throws(() => createSegment(SEGMENT_BYTES_MAX + 1), /2 GiB/);
  const options = { frames: 4, ringBytes: 65536, heapBytes: SEGMENT_BYTES_MAX + 65536, versionBytes: 65536 };
  throws(() => createSharedMemory(options), { code: '54000' });
});

test('a segment of 2 GiB costs address space only, and its last word can be used', () => {
  const segment = createSegment(SEGMENT_BYTES_MAX);
  notStrictEqual(segment.memory, null);
  segment.i32[(SEGMENT_BYTES_MAX - 4) >>> 2] = 42;
  deepStrictEqual([segment.bytesView.readInt32LE(SEGMENT_BYTES_MAX - 4), segment.f64.length], [42, 2 ** 28]);
});

test('a cancel request wakes the thread; snapshots are published and taken back', () => {
  const shm = memory();
  attachThread(shm, THREAD_ROLE_HOST);
  const seen = doorbellOf(shm);
  requestCancel(shm, 0, 3);
  deepStrictEqual([cancelReason(shm), doorbellOf(shm)], [3, seen + 1]);
  clearCancel(shm);
  publishOldestSnapshot(shm, 1_700_000_000_000_123);
  deepStrictEqual([cancelReason(shm), oldestSnapshotOf(shm, 0)], [0, 1_700_000_000_000_123]);
  detachThread(shm);
  strictEqual(oldestSnapshotOf(shm, 0), 0);
});

test('counters add up over threads, also those that have left', () => {
  const shm = memory();
  const other = viewSharedMemory(handleOf(shm));
  attachThread(shm, THREAD_ROLE_HOST);
  attachThread(other, THREAD_ROLE_POOL);
  count(shm, 5, 10);
  count(other, 5, 0.5);
  detachThread(other);
  count(other, 5, 100);
  deepStrictEqual([sumCounter(shm, 5), sumCounter(shm, 6)], [110.5, 0]);
});
