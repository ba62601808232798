/** Threads that die, in every way and place: their slot is buried, or the handle is poisoned; never a hang (SM-L7). */
import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { isPoisoned } from '../../shm/critical.ts';
import { isAlive, registerBurier } from '../../shm/deaths.ts';
import { enterEngine, leaveEngine } from '../../shm/entry.ts';
import { advanceEpoch, epochPassed } from '../../shm/epoch.ts';
import { latchFrame, unlatchFrame } from '../../shm/frame-latch.ts';
import { acquireLatch, releaseLatch } from '../../shm/latch.ts';
import type { SharedMemory } from '../../shm/shared-memory.ts';
import { loadShared53 } from '../../shm/shared53.ts';
import { attachedThreads, attachThread, collectDeadThreads, isSlotUsed, THREAD_ROLE_HOST } from '../../shm/threads.ts';
import { placePage } from './frames.ts';
import { type Part, smallMemory, sleep, startUntilReady } from './threads.ts';

const POISONED = { code: '57P02' };
/** Bound of the sleep (50 ms), the time until the system has ended the thread, and room for a busy machine. */
const FOUND_WITHIN_MS = 1000;
const LATCH = 2048;

function attachedMemory(): SharedMemory {
  const shm = smallMemory();
  attachThread(shm, THREAD_ROLE_HOST);
  return shm;
}

/** How long the call took in milliseconds. */
function timed(call: () => void): number {
  const start = performance.now();
  call();
  return performance.now() - start;
}

async function terminated(shm: SharedMemory, part: Part): Promise<void> {
  const thread = await startUntilReady(shm, part);
  await thread.worker.terminate();
}

test('SM-L4: terminated while it only holds a frame: the hold is counted down, the slot buried and free again', async () => {
  const shm = attachedMemory();
  const frame = placePage(shm, 5);
  const buried: string[] = [];
  registerBurier(shm, 'early', (_, thread) => buried.push(`early ${thread}`));
  registerBurier(shm, 'late', (_, thread) => buried.push(`late ${thread}`));
  const thread = await startUntilReady(shm, { body: 'holdForever', data: { frame, pageId: 5 } });
  const epoch = advanceEpoch(shm);
  strictEqual(epochPassed(shm, epoch), false);
  await thread.worker.terminate();
  strictEqual(isAlive(shm, 1), false);
  ok(timed(() => latchFrame(shm, frame)) < FOUND_WITHIN_MS);
  unlatchFrame(shm, frame);
  deepStrictEqual(buried, ['early 1']);
  deepStrictEqual([isSlotUsed(shm, 1), epochPassed(shm, epoch)], [true, true]);
  enterEngine(shm);
  leaveEngine(shm);
  deepStrictEqual([buried, isSlotUsed(shm, 1), isPoisoned(shm)], [['early 1', 'late 1'], false, false]);
});

test('terminated while it has a word latch: whoever waits gets the error of the poisoned handle', async () => {
  const shm = attachedMemory();
  await terminated(shm, { body: 'latchForever', data: { latch: LATCH } });
  const took = timed(() => throws(() => acquireLatch(shm, shm.regions.words + LATCH), POISONED));
  ok(took < FOUND_WITHIN_MS, `it took ${took} ms`);
  throws(() => enterEngine(shm), POISONED);
});

test('terminated while it has a frame: whoever waits for it gets the error, asleep in another thread too', async () => {
  const shm = attachedMemory();
  const frame = placePage(shm, 5);
  const holder = await startUntilReady(shm, { body: 'latchFrameForever', data: { frame } });
  await holder.worker.terminate();
  const took = timed(() => throws(() => latchFrame(shm, frame), POISONED));
  ok(took < FOUND_WITHIN_MS, `it took ${took} ms`);
});

test('a thread asleep on a latch ends with the error when the holder dies', async () => {
  const shm = attachedMemory();
  const holder = await startUntilReady(shm, { body: 'latchForever', data: { latch: LATCH } });
  const sleeper = await startUntilReady(shm, { body: 'waitForLatch', data: { latch: LATCH } });
  await sleep(80);
  await holder.worker.terminate();
  const died = performance.now();
  strictEqual(await sleeper.result, '57P02');
  ok(performance.now() - died < FOUND_WITHIN_MS);
});

test('a thread that dies while it only waits for a latch leaves nothing behind', async () => {
  const shm = attachedMemory();
  acquireLatch(shm, shm.regions.words + LATCH);
  const waiter = await startUntilReady(shm, { body: 'waitForLatch', data: { latch: LATCH } });
  await sleep(80);
  await waiter.worker.terminate();
  releaseLatch(shm, shm.regions.words + LATCH);
  collectDeadThreads(shm);
  acquireLatch(shm, shm.regions.words + LATCH);
  releaseLatch(shm, shm.regions.words + LATCH);
  deepStrictEqual([isPoisoned(shm), attachedThreads(shm)], [false, 1]);
});

test("a stack overflow outside critical sections is the statement's error only", async () => {
  const shm = attachedMemory();
  const frame = placePage(shm, 5);
  const thread = await startUntilReady(shm, { body: 'overflowStack', data: { frame, inside: 0 } });
  strictEqual(await thread.result, 'RangeError');
  await thread.ended;
  collectDeadThreads(shm);
  deepStrictEqual([isPoisoned(shm), attachedThreads(shm)], [false, 1]);
});

test('a stack overflow under a latch poisons the handle at once, though the thread lives', async () => {
  const shm = attachedMemory();
  const frame = placePage(shm, 5);
  const thread = await startUntilReady(shm, { body: 'overflowStack', data: { frame, inside: 1 } });
  strictEqual(await thread.result, '57P02');
  throws(() => latchFrame(shm, frame), POISONED);
});

test('SM-L7: a call from too deep in the stack is refused before anything has happened', async () => {
  const shm = attachedMemory();
  const go = await startUntilReadyOrDone(shm);
  deepStrictEqual(go, { codes: ['54001'], critical: 0 });
  strictEqual(isPoisoned(shm), false);
});

async function startUntilReadyOrDone(shm: SharedMemory): Promise<unknown> {
  const { startThread } = await import('./threads.ts');
  const thread = startThread(shm, { body: 'enterFromDeep' }, Int32Array.of(1, 0));
  const result = await thread.result;
  await thread.ended;
  return result;
}

for (const inside of [0, 1]) {
  test(`a heap that overflows ${inside === 1 ? 'inside' : 'outside'} a critical section`, async () => {
    const shm = attachedMemory();
    const part: Part = { body: 'exhaustHeap', data: { latch: LATCH, inside } };
    const thread = await startUntilReady(shm, part, { resourceLimits: { maxOldGenerationSizeMb: 24 } });
    await thread.ended;
    if (inside === 1) {
      throws(() => acquireLatch(shm, shm.regions.words + LATCH), POISONED);
    } else {
      collectDeadThreads(shm);
      deepStrictEqual([isPoisoned(shm), attachedThreads(shm), isSlotUsed(shm, 1)], [false, 1, false]);
    }
  });
}

test('a thread that exits without a word is buried', async () => {
  const shm = attachedMemory();
  const thread = await startUntilReady(shm, { body: 'exitAbruptly' });
  await thread.ended;
  collectDeadThreads(shm);
  deepStrictEqual([isPoisoned(shm), isSlotUsed(shm, 1)], [false, false]);
});

test('SM-S5: a shared integer that a dead thread left half-written ends its readers with the error', async () => {
  const shm = attachedMemory();
  await terminated(shm, { body: 'leaveHalfWritten' });
  const took = timed(() => throws(() => loadShared53(shm.i32, shm.regions.words + 800), POISONED));
  ok(took < FOUND_WITHIN_MS, `it took ${took} ms`);
});

test("a dead thread's slot comes back when all are in use", async () => {
  const shm = smallMemory({ threadSlots: 2 });
  attachThread(shm, THREAD_ROLE_HOST);
  await terminated(shm, { body: 'holdForever', data: { frame: placePage(shm, 3), pageId: 3 } });
  enterEngine(shm);
  leaveEngine(shm);
  collectDeadThreads(shm);
  await terminated(shm, { body: 'holdForever', data: { frame: placePage(shm, 4), pageId: 4 } });
  strictEqual(isSlotUsed(shm, 1), true);
});
