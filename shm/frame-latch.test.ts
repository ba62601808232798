/** Latches of words and frames, one step at a time: two views of one memory stand for two threads. */
import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { takeFreshFrame } from './clock-hand.ts';
import { criticalCount } from './critical.ts';
import { enterEngine, leaveEngine } from './entry.ts';
import { loadFrameReaders, loadFrameVersion, storeFramePageId, storeFrameVersion } from './frame.layout.gen.ts';
import {
  heldFrame,
  holdFrame,
  latchFrame,
  READ_LATCHED,
  readBegin,
  readValid,
  releaseFrame,
  tryLatchFrame,
  unlatchFrame,
  unlatchFrameUnchanged,
  versionBeforeLatch,
} from './frame-latch.ts';
import { acquireLatch, holdsLatch, releaseLatch, tryAcquireLatch } from './latch.ts';
import { createSharedMemory, frameBase, handleOf, type SharedMemory, viewSharedMemory } from './shared-memory.ts';
import { attachThread, THREAD_ROLE_HOST } from './threads.ts';

const PAGE = 17;

function twoThreads(): { one: SharedMemory; two: SharedMemory; frame: number; base: number; word: number } {
  const regions = [{ name: 'word', bytes: 64 }];
  const one = createSharedMemory({ frames: 4, threadSlots: 4, ringBytes: 65536, heapBytes: 65536, versionBytes: 65536, regions });
  const two = viewSharedMemory(handleOf(one));
  attachThread(one, THREAD_ROLE_HOST);
  attachThread(two, THREAD_ROLE_HOST);
  const frame = takeFreshFrame(one);
  storeFramePageId(one.i32, frameBase(one, frame), PAGE);
  return { one, two, frame, base: frameBase(one, frame), word: one.regions.word };
}

test('a word latch is had by one thread, and counts as a critical section while it is', () => {
  const { one, two, word } = twoThreads();
  acquireLatch(one, word);
  deepStrictEqual([tryAcquireLatch(two, word), holdsLatch(one, word), holdsLatch(two, word)], [false, true, false]);
  deepStrictEqual([criticalCount(one), criticalCount(two)], [1, 0]);
  releaseLatch(one, word);
  deepStrictEqual([tryAcquireLatch(two, word), criticalCount(one), criticalCount(two)], [true, 0, 1]);
  throws(() => releaseLatch(one, word), /the thread that holds it/);
});

test('an optimistic read is invalid once a writer has come, also while it is there', () => {
  const { one, two, frame, base } = twoThreads();
  const begun = readBegin(two.i32, base);
  strictEqual(readValid(two.i32, base, begun), true);
  latchFrame(one, frame);
  deepStrictEqual([readBegin(two.i32, base), readValid(two.i32, base, begun)], [READ_LATCHED, false]);
  strictEqual(versionBeforeLatch(one, frame), begun);
  unlatchFrame(one, frame);
  deepStrictEqual([readValid(two.i32, base, begun), readBegin(two.i32, base)], [false, begun + 2]);
});

test('a writer that changed nothing leaves earlier reads valid', () => {
  const { one, two, frame, base } = twoThreads();
  const begun = readBegin(two.i32, base);
  latchFrame(one, frame);
  unlatchFrameUnchanged(one, frame);
  deepStrictEqual([readValid(two.i32, base, begun), criticalCount(one)], [true, 0]);
});

test('versions are compared without the sleep bit, which never outlives a latch', () => {
  const { one, frame, base } = twoThreads();
  latchFrame(one, frame);
  storeFrameVersion(one.i32, base, loadFrameVersion(one.i32, base) | 0x80000000);
  strictEqual(versionBeforeLatch(one, frame), 0);
  strictEqual(readBegin(one.i32, base), READ_LATCHED);
  unlatchFrame(one, frame);
  deepStrictEqual([loadFrameVersion(one.i32, base), readBegin(one.i32, base)], [2, 2]);
});

test('the version wraps from its last value to 0, and latches go on', () => {
  const { one, two, frame, base } = twoThreads();
  storeFrameVersion(one.i32, base, 0x7ffffffe);
  const begun = readBegin(one.i32, base);
  strictEqual(begun, 0x7ffffffe);
  latchFrame(one, frame);
  deepStrictEqual([loadFrameVersion(one.i32, base), versionBeforeLatch(one, frame)], [0x7fffffff, 0x7ffffffe]);
  unlatchFrame(one, frame);
  deepStrictEqual([loadFrameVersion(one.i32, base), readValid(one.i32, base, begun)], [0, false]);
  strictEqual(tryLatchFrame(two, frame), true);
  unlatchFrame(two, frame);
  strictEqual(loadFrameVersion(one.i32, base), 2);
});

test('SM-L4: a hold keeps writers out, not other holds; a thread has one', () => {
  const { one, two, frame, base } = twoThreads();
  strictEqual(holdFrame(one, frame, PAGE), true);
  strictEqual(holdFrame(two, frame, PAGE), true);
  deepStrictEqual([heldFrame(one), loadFrameReaders(one.i32, base), criticalCount(one)], [frame, 2, 0]);
  throws(() => holdFrame(one, frame, PAGE), /one frame at most/);
  releaseFrame(one, frame);
  deepStrictEqual([tryLatchFrame(one, frame), loadFrameVersion(one.i32, base)], [false, 0]);
  releaseFrame(two, frame);
  deepStrictEqual([tryLatchFrame(one, frame), heldFrame(two)], [true, -1]);
});

test('a frame that holds another page is not held, even while somebody has it exclusively', () => {
  const { one, two, frame, base } = twoThreads();
  strictEqual(holdFrame(one, frame, PAGE + 1), false);
  latchFrame(two, frame);
  strictEqual(holdFrame(one, frame, PAGE + 1), false);
  unlatchFrame(two, frame);
  deepStrictEqual([loadFrameReaders(one.i32, base), criticalCount(one), heldFrame(one)], [0, 0, -1]);
});

test('a page of the temporary file is held by its unsigned number too', () => {
  const { one, frame, base } = twoThreads();
  storeFramePageId(one.i32, base, 0x80000005 | 0);
  strictEqual(holdFrame(one, frame, 0x80000005), true);
  releaseFrame(one, frame);
});

test('an error that comes out of a critical section poisons the handle with itself as the cause', () => {
  const { one, two, frame } = twoThreads();
  enterEngine(one);
  latchFrame(one, frame);
  const cause = new RangeError('deep');
  throws(
    () => leaveEngine(one, cause),
    (error: Error) => error.message.includes('deep') && error.cause === cause && (error as { code?: string }).code === '57P02',
  );
  throws(() => enterEngine(two), { code: '57P02' });
});

test('a hold that an error left behind is given back on leaving the engine; nested entries count', () => {
  const { one, two, frame } = twoThreads();
  enterEngine(one);
  enterEngine(one);
  holdFrame(one, frame, PAGE);
  leaveEngine(one);
  strictEqual(tryLatchFrame(two, frame), false);
  leaveEngine(one);
  strictEqual(tryLatchFrame(two, frame), true);
});
