/** Epochs, burials and waits, one step at a time: several views of one memory stand for threads. Real deaths: test/shm. */
import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { CONTROL_EPOCH, loadThreadUndertaker, storeThreadState, storeThreadUndertaker } from './control.layout.gen.ts';
import { THREAD_STATE_BURYING, THREAD_STATE_LATE_BURYING } from './control.layout.ts';
import { enterCritical, isPoisoned } from './critical.ts';
import { buryDead, checkDeaths, hasDead, isAlive, markDead, registerBurier, threadGeneration } from './deaths.ts';
import { enterEngine, isInEngine, leaveEngine } from './entry.ts';
import { advanceEpoch, currentEpoch, epochPassed, oldestEpoch, renewEpoch } from './epoch.ts';
import { ownOsThread, osThreadRuns } from './os-thread.ts';
import { createSharedMemory, handleOf, type SharedMemory, threadSlot, viewSharedMemory } from './shared-memory.ts';
import { PROBED_BYTES, probeStack } from './stack-probe.ts';
import { attachThread, collectDeadThreads, detachThread, isSlotUsed, THREAD_ROLE_HOST } from './threads.ts';
import { doorbellOf, ringDoorbell, waitDoorbell, waitDoorbellAsync, waitOnWord } from './wait.ts';

function threads(count: number): SharedMemory[] {
  const first = createSharedMemory({ frames: 2, threadSlots: 6, ringBytes: 65536, heapBytes: 65536, versionBytes: 65536 });
  const all = [first];
  while (all.length < count) all.push(viewSharedMemory(handleOf(first)));
  for (const shm of all) attachThread(shm, THREAD_ROLE_HOST);
  return all;
}

const die = (witness: SharedMemory, shm: SharedMemory): void =>
  markDead(witness, shm.thread, threadGeneration(witness, shm.thread));

test('an epoch has passed when no thread inside the engine shows an older one', () => {
  const [one, two] = threads(2);
  enterEngine(two);
  const epoch = advanceEpoch(one);
  strictEqual(epochPassed(one, epoch), false);
  enterEngine(one);
  leaveEngine(two);
  deepStrictEqual([epochPassed(one, epoch), oldestEpoch(one)], [true, epoch]);
  const next = advanceEpoch(two);
  strictEqual(epochPassed(two, next), false);
  renewEpoch(one);
  strictEqual(epochPassed(two, next), true);
  leaveEngine(one);
});

test('epochs wrap, and none of them is 0', () => {
  const [one, two] = threads(2);
  Atomics.store(one.i32, CONTROL_EPOCH >>> 2, 0x7fffffff);
  enterEngine(two);
  const epoch = advanceEpoch(one);
  deepStrictEqual([epoch, epochPassed(one, epoch), oldestEpoch(one)], [-0x7fffffff, false, 0x7fffffff]);
  leaveEngine(two);
  strictEqual(epochPassed(one, epoch), true);
  Atomics.store(one.i32, CONTROL_EPOCH >>> 2, -1);
  deepStrictEqual([advanceEpoch(one), currentEpoch(one)], [1, 1]);
});

test('the calling thread runs; an id that nobody has does not, nor one that was given anew', () => {
  const own = ownOsThread();
  strictEqual(osThreadRuns(own.id, own.start), true);
  if (own.id === 0) return;
  strictEqual(osThreadRuns(own.id, own.start + 1), false);
  strictEqual(osThreadRuns(2 ** 22 + 1, 0), false);
});

test('a death that only the parent saw is buried; an old generation of the slot is not meant', () => {
  const [one, two] = threads(2);
  markDead(one, two.thread, threadGeneration(one, two.thread) - 1);
  strictEqual(isAlive(one, two.thread), true);
  enterEngine(two);
  die(one, two);
  checkDeaths(one);
  deepStrictEqual([hasDead(one), isSlotUsed(one, 1), oldestEpoch(one)], [true, true, currentEpoch(one)]);
  enterEngine(one);
  leaveEngine(one);
  deepStrictEqual([hasDead(one), isSlotUsed(one, 1), isPoisoned(one)], [false, false, false]);
});

test('a death inside a critical section poisons the handle', () => {
  const [one, two, three] = threads(3);
  enterCritical(two);
  die(one, two);
  checkDeaths(one);
  throws(() => enterEngine(three), { code: '57P02' });
});

for (const [name, state] of [
  ['early', THREAD_STATE_BURYING],
  ['late', THREAD_STATE_LATE_BURYING],
] as const) {
  test(`a burier that dies in the ${name} half of a burial is replaced, and the burial runs again`, () => {
    const [one, two, three] = threads(3);
    const buried: number[] = [];
    registerBurier(one, 'early', (_, thread) => buried.push(thread));
    registerBurier(one, 'late', (_, thread) => buried.push(thread + 100));
    die(one, two);
    // Thread three had begun, and died.
    storeThreadUndertaker(one.i32, threadSlot(one, 1), threadGeneration(one, 2));
    storeThreadState(one.i32, threadSlot(one, 1), state);
    checkDeaths(one);
    strictEqual(buried.length, 0, 'while the other burier lives nobody else buries');
    die(one, three);
    collectDeadThreads(one);
    collectDeadThreads(one);
    ok(buried.includes(101) && buried.includes(102) && buried.includes(2));
    deepStrictEqual(
      [isSlotUsed(one, 1), isSlotUsed(one, 2), loadThreadUndertaker(one.i32, threadSlot(one, 1))],
      [false, false, 0],
    );
  });
}

test('a late burier that fails poisons the handle', () => {
  const [one, two] = threads(2);
  registerBurier(one, 'late', () => {
    throw new Error('no way back');
  });
  die(one, two);
  checkDeaths(one);
  throws(() => buryDead(one), { code: '57P02', message: /could not clean up after thread 1/ });
  throws(() => enterEngine(one), { code: '57P02' });
});

test('a late burier may enter the engine itself', () => {
  const [one, two] = threads(2);
  let inside = false;
  registerBurier(one, 'late', (shm) => {
    enterEngine(shm);
    inside = isInEngine(shm);
    leaveEngine(shm);
  });
  die(one, two);
  collectDeadThreads(one);
  deepStrictEqual([inside, isInEngine(one)], [true, false]);
});

test('a wait ends at once when the word is another, and after its time when nothing happens', () => {
  const [one] = threads(1);
  const seen = doorbellOf(one);
  strictEqual(waitOnWord(one, one.i32, 0, 12345, 100), true);
  const start = performance.now();
  strictEqual(waitDoorbell(one, seen, 20), seen);
  const waited = performance.now() - start;
  ok(waited >= 15 && waited < 1000, `it took ${waited} ms`);
  ringDoorbell(one, one.thread);
  strictEqual(waitDoorbell(one, seen, 100), seen + 1);
});

test('an event loop waits for its doorbell without blocking', async () => {
  const [one] = threads(1);
  const seen = doorbellOf(one);
  setTimeout(() => ringDoorbell(one, one.thread), 10);
  strictEqual(await waitDoorbellAsync(one, seen, 100), seen + 1);
  strictEqual(await waitDoorbellAsync(one, seen, 100), seen + 1);
});

test('a thread that detaches in the engine or in a critical section is an error of the program', () => {
  const [one, two] = threads(2);
  enterEngine(one);
  throws(() => detachThread(one), /outside the engine/);
  enterCritical(two);
  throws(() => detachThread(two), /outside critical sections/);
});

test('the probe finds the room that it promises, before and after V8 has optimised it', () => {
  const depthOf = (probing: boolean): number => {
    let deepest = 0;
    const dive = (depth: number): void => {
      deepest = depth;
      if (probing) probeStack();
      dive(depth + 1);
    };
    throws(() => dive(0), RangeError);
    return deepest;
  };
  depthOf(false);
  const free = depthOf(false);
  for (let turn = 0; turn < 3; turn++) {
    const left = free - depthOf(true);
    // A frame of dive() has 60 to 300 bytes.
    ok(left * 300 > PROBED_BYTES && left * 60 < 2 * PROBED_BYTES, `${left} frames were left of ${free}`);
    for (let call = 0; call < 300_000; call++) probeStack();
  }
});
