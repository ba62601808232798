/** The protocols of shm/, each run from several real threads (shared-memory.md, rules L and S). */
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { checkHeap } from '../../shm/allocator-check.ts';
import { heapUsedBytes } from '../../shm/allocator.ts';
import { holdFrame, latchFrame, releaseFrame, unlatchFrame } from '../../shm/frame-latch.ts';
import { mapCount, mapEntries, mapGet } from '../../shm/hash-map.ts';
import { acquireLatch, releaseLatch } from '../../shm/latch.ts';
import { tableEntries } from '../../shm/page-table.ts';
import { initialiseRingBuffer, ringBufferCount } from '../../shm/ring-buffer.ts';
import { frameOffset, frameSegment, type SharedMemory } from '../../shm/shared-memory.ts';
import { attachedThreads, attachThread, THREAD_ROLE_HOST } from '../../shm/threads.ts';
import { doorbellOf, waitDoorbellAsync } from '../../shm/wait.ts';
import { placePage } from './frames.ts';
import { type Part, runThreads, sleep, smallMemory } from './threads.ts';

function attachedMemory(): SharedMemory {
  const shm = smallMemory();
  attachThread(shm, THREAD_ROLE_HOST);
  return shm;
}

test('a word latch lets one thread in at a time and loses no wake-up', async () => {
  const shm = attachedMemory();
  const part: Part = { body: 'addUnderLatch', data: { rounds: 60_000, latch: 2048 } };
  deepStrictEqual(await runThreads(shm, [part, part, part]), [0, 0, 0]);
  strictEqual(shm.i32[shm.regions.words >>> 2], 180_000);
  strictEqual(attachedThreads(shm), 1);
});

test('SM-L1, SM-L2: what an optimistic read validated was never torn, and never goes back in time', async () => {
  const shm = attachedMemory();
  const frame = placePage(shm, 7);
  const write: Part = { body: 'writeFrame', data: { rounds: 150_000, frame } };
  const read: Part = { body: 'readOptimistically', data: { frame, writers: 2 } };
  const results = await runThreads(shm, [write, write, read]);
  deepStrictEqual(results.slice(0, 2), [0, 0]);
  const { valid, torn, stale } = results[2] as { valid: number; torn: number; stale: number };
  ok(valid > 10, `only ${valid} reads`);
  deepStrictEqual({ torn, stale }, { torn: 0, stale: 0 });
  strictEqual(frameSegment(shm, frame).i32[frameOffset(shm, frame) >>> 2], 300_000);
});

for (const [kind, what] of ['an addition to another word', 'the release of a latch', 'the entry into the engine'].entries()) {
  test(`two threads that announce themselves by plain stores and ${what} do not miss each other`, async () => {
    const shm = attachedMemory();
    const part = (self: number): Part => ({ body: 'announce', data: { rounds: 150_000, self, kind } });
    const [first, second] = (await runThreads(shm, [part(0), part(1)])) as Uint8Array[];
    strictEqual(
      first.reduce((sum, unseen, round) => sum + (unseen & second[round]), 0),
      0,
    );
    ok(
      first.some((unseen, round) => unseen !== second[round]),
      'each came first in some rounds',
    );
  });
}

test('SM-L4: nothing changes under a shared hold, and no writer starves', async () => {
  const shm = attachedMemory();
  const frame = placePage(shm, 9);
  const write: Part = { body: 'writeFrame', data: { rounds: 20_000, frame } };
  const hold: Part = { body: 'readHolding', data: { frame, pageId: 9, writers: 2 } };
  const attempt: Part = { body: 'tryWriteFrame', data: { rounds: 40_000, frame } };
  const results = await runThreads(shm, [write, attempt, hold, hold]);
  const { unequal, got } = results[1] as { unequal: number; got: number };
  deepStrictEqual([results[0], unequal], [0, 0]);
  for (const result of results.slice(2) as { holds: number; changed: number }[]) {
    ok(result.holds > 0);
    strictEqual(result.changed, 0);
  }
  strictEqual(frameSegment(shm, frame).i32[frameOffset(shm, frame) >>> 2], 20_000 + got);
});

test('the page table never has a page twice while threads insert, remove and look up', async () => {
  const shm = attachedMemory();
  const part = (thread: number): Part => ({
    body: 'churnPageTable',
    data: { rounds: 60_000, seed: thread + 11, frames: 20, firstFrame: thread * 20, pages: 60 },
  });
  const results = (await runThreads(shm, [part(0), part(1), part(2)])) as { inserted: number; met: number }[];
  for (const { inserted, met } of results) ok(inserted > 1000 && met > 0, `${inserted} inserted, ${met} met`);
  deepStrictEqual(tableEntries(shm), []);
});

test('SM-L6, SM-F2: nothing that a thread inside the engine can reach is freed before its epoch has passed', async () => {
  const shm = attachedMemory();
  const [spoiled, first, second] = (await runThreads(shm, [
    { body: 'replaceSlots', data: { rounds: 20_000 } },
    { body: 'readSlots' },
    { body: 'readSlots' },
  ])) as [number, { reads: number; freed: number }, { reads: number; freed: number }];
  strictEqual(spoiled, 19_999);
  ok(first.reads > 0 && second.reads > 0);
  deepStrictEqual([first.freed, second.freed], [0, 0]);
});

test('a ring buffer hands every entry to exactly one taker, those of one producer in order', async () => {
  const shm = attachedMemory();
  initialiseRingBuffer(shm, shm.regions.queue, 64, 3);
  const entries = 30_000;
  const take: Part = { body: 'takeEntries', data: { total: 2 * entries, producers: 2 } };
  const results = await runThreads(shm, [
    { body: 'putEntries', data: { producer: 0, entries } },
    { body: 'putEntries', data: { producer: 1, entries } },
    take,
    take,
  ]);
  const [first, second] = results.slice(2) as { taken: number; wrong: number; sum: number }[];
  deepStrictEqual([first.taken + second.taken, first.wrong + second.wrong], [2 * entries, 0]);
  strictEqual(first.sum + second.sum, entries * (entries + 1));
  strictEqual(ringBufferCount(shm, shm.regions.queue), 0);
});

test("a shared hash map keeps every thread's keys, and counts what all of them add", async () => {
  const shm = attachedMemory();
  const part = (seed: number): Part => ({ body: 'churnMap', data: { rounds: 30_000, seed } });
  const results = (await runThreads(shm, [part(1), part(2), part(3)])) as { shared: number; left: number }[];
  let total = 0;
  for (let key = 0; key < 20; key++) total += mapGet(shm, shm.regions.map, -1, key);
  strictEqual(total, results[0].shared + results[1].shared + results[2].shared);
  const left = results[0].left + results[1].left + results[2].left + 20;
  deepStrictEqual([mapCount(shm, shm.regions.map), mapEntries(shm, shm.regions.map).length], [left, left]);
  deepStrictEqual(checkHeap(shm), []);
});

test('the allocator never gives a byte to two threads, and gets everything back', async () => {
  const shm = attachedMemory();
  const part = (seed: number): Part => ({ body: 'churnHeap', data: { rounds: 30_000, seed } });
  await runThreads(shm, [part(1), part(2), part(3)]);
  deepStrictEqual(checkHeap(shm), []);
  strictEqual(heapUsedBytes(shm), 0);
});

test("two blocking threads that ring each other's doorbells never sleep through a ring", async () => {
  const shm = attachedMemory();
  const results = await runThreads(shm, [
    { body: 'pingPong', data: { rounds: 5000, self: 0 } },
    { body: 'pingPong', data: { rounds: 5000, self: 1 } },
  ]);
  // A busy machine may keep a thread from running for a bound; a lost ring would show at every turn.
  ok((results[0] as number) + (results[1] as number) < 50, `${results} sleeps ran out`);
});

test('a thread with an event loop is woken by its doorbell and goes on meanwhile', async () => {
  const shm = attachedMemory();
  let ticks = 0;
  const ticking = setInterval(() => ticks++, 1);
  const running = runThreads(shm, [{ body: 'ringTimes', data: { thread: shm.thread, times: 100 } }]);
  const word = shm.regions.words >>> 2;
  let timeouts = 0;
  for (;;) {
    const seen = doorbellOf(shm);
    if (Atomics.load(shm.i32, word) >= 100) break;
    if ((await waitDoorbellAsync(shm, seen, 100)) === seen) timeouts++;
  }
  clearInterval(ticking);
  await running;
  ok(ticks > 10, `the loop ran ${ticks} times`);
  // The thread needs some time to start; after that every sleep ends with a ring.
  ok(timeouts < 30, `${timeouts} sleeps ran out`);
});

/** What the sleeper takes (TAKES in bodies.ts) while this thread has it in the way that the test names. */
const TAKE_OF = [0, 1, 2, 1];

for (const [kind, what] of [
  'a word latch',
  'a frame that was latched',
  'a frame that was latched, for a hold',
  'a frame that was held',
].entries()) {
  test(`a sleeper for ${what} is woken by the release, not by the bound of its sleep`, async () => {
    const shm = attachedMemory();
    const frame = placePage(shm, 6);
    const latch = 2048;
    const rounds = 9;
    const running = runThreads(shm, [
      { body: 'takeWhenReleased', data: { kind: TAKE_OF[kind], rounds, frame, latch, pageId: 6 } },
    ]);
    const word = shm.regions.words >>> 2;
    const released: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      if (kind === 0) acquireLatch(shm, shm.regions.words + latch);
      else if (kind === 3) holdFrame(shm, frame, 6);
      else latchFrame(shm, frame);
      Atomics.store(shm.i32, word, round);
      Atomics.notify(shm.i32, word);
      await sleep(10);
      released.push(performance.timeOrigin + performance.now());
      if (kind === 0) releaseLatch(shm, shm.regions.words + latch);
      else if (kind === 3) releaseFrame(shm, frame);
      else unlatchFrame(shm, frame);
      while (Atomics.load(shm.i32, word + 1) < round) await sleep(1);
    }
    const [got] = (await running) as [number[]];
    const delays = got.map((time, round) => time - released[round]).sort((a, b) => a - b);
    // Without the wake-up each sleeps for the rest of its 50 ms.
    ok(delays[rounds >> 1] < 15, `delays in ms: ${delays.map(Math.round)}`);
  });
}
