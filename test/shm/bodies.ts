/** What the threads of the litmus and death tests do. Each body gets the memory, attached, and numbers of its test. */
import { parentPort } from 'node:worker_threads';
import { heapAllocate, heapFree } from '../../shm/allocator.ts';
import { enterEngine, leaveEngine } from '../../shm/entry.ts';
import { advanceEpoch, epochPassed } from '../../shm/epoch.ts';
import { SqlError } from '../../shm/errors.ts';
import { setFramePageId } from './frames.ts';
import {
  awaitVersion,
  holdFrame,
  latchFrame,
  READ_LATCHED,
  readBegin,
  readUnchanged,
  readValid,
  releaseFrame,
  unlatchFrame,
  tryLatchFrame,
} from '../../shm/frame-latch.ts';
import {
  mapFindLatched,
  mapInsert,
  mapInsertLatched,
  mapLatch,
  mapRemove,
  mapReserve,
  mapReturn,
  mapSetLatched,
  mapUnlatch,
} from '../../shm/hash-map.ts';
import { acquireLatch, releaseLatch } from '../../shm/latch.ts';
import { lookupFrame, tableFind, tableInsert, tableRemove } from '../../shm/page-table.ts';
import { ringBufferPut, ringBufferTake } from '../../shm/ring-buffer.ts';
import { frameBase, frameOffset, frameSegment, type SharedMemory } from '../../shm/shared-memory.ts';
import { NO_PAGE } from '../../shm/types.ts';
import { doorbellOf, ringDoorbell, waitDoorbell } from '../../shm/wait.ts';
import { announce } from './order-bodies.ts';
import { READY_WORD } from './threads.ts';

type Numbers = Record<string, number>;

/** A small generator of its own for each thread (xorshift). */
function random(seed: number): (bound: number) => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

function check(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

const words = (shm: SharedMemory): number => shm.regions.words >>> 2;

function ready(shm: SharedMemory): void {
  Atomics.store(shm.i32, words(shm) + READY_WORD, 1);
}

function forever(): never {
  for (;;) Atomics.pause();
}

/** Words of a page image that a writer keeps equal. */
const IMAGE_WORDS = 16;

// ---- litmus ----

/** Adds to two plain words under a latch; they are always equal there. */
function addUnderLatch(shm: SharedMemory, { rounds, latch }: Numbers): number {
  const first = words(shm);
  let unequal = 0;
  for (let round = 0; round < rounds; round++) {
    acquireLatch(shm, shm.regions.words + latch);
    if (shm.i32[first] !== shm.i32[first + 64]) unequal++;
    shm.i32[first]++;
    shm.i32[first + 64]++;
    releaseLatch(shm, shm.regions.words + latch);
  }
  return unequal;
}

function writeImage(shm: SharedMemory, frame: number): number {
  const image = frameSegment(shm, frame).i32;
  const at = frameOffset(shm, frame) >>> 2;
  const value = image[at] + 1;
  let unequal = 0;
  for (let word = 0; word < IMAGE_WORDS; word++) {
    if (image[at + word * 100] !== value - 1) unequal++;
    image[at + word * 100] = value;
  }
  return unequal;
}

/** Counts every word of a page up under the exclusive latch. */
function writeFrame(shm: SharedMemory, { rounds, frame }: Numbers): number {
  let unequal = 0;
  for (let round = 0; round < rounds; round++) {
    latchFrame(shm, frame);
    unequal += writeImage(shm, frame);
    unlatchFrame(shm, frame);
  }
  Atomics.add(shm.i32, words(shm) + READY_WORD, 1);
  return unequal;
}

/** The same with the latch that never waits; counts only what it got. */
function tryWriteFrame(shm: SharedMemory, { rounds, frame }: Numbers): { unequal: number; got: number } {
  let unequal = 0;
  let got = 0;
  for (let round = 0; round < rounds; round++) {
    if (!tryLatchFrame(shm, frame)) continue;
    got++;
    unequal += writeImage(shm, frame);
    unlatchFrame(shm, frame);
  }
  Atomics.add(shm.i32, words(shm) + READY_WORD, 1);
  return { unequal, got };
}

/** Reads all words optimistically until the writers are done; counts validated reads and those that were torn. */
function readOptimistically(shm: SharedMemory, { frame, writers }: Numbers): { valid: number; torn: number; stale: number } {
  const base = frameBase(shm, frame);
  const image = frameSegment(shm, frame).i32;
  const at = frameOffset(shm, frame) >>> 2;
  const outcome = { valid: 0, torn: 0, stale: 0 };
  let last = 0;
  while (Atomics.load(shm.i32, words(shm) + READY_WORD) < writers) {
    const version = readBegin(shm.i32, base);
    if (version === READ_LATCHED) {
      awaitVersion(shm, frame);
      continue;
    }
    const first = image[at];
    let equal = true;
    for (let word = 1; word < IMAGE_WORDS; word++) if (image[at + word * 100] !== first) equal = false;
    // Both ways of looking again, in turn.
    if (!((outcome.valid & 1) === 0 ? readValid(shm.i32, base, version) : readUnchanged(shm, base, version))) continue;
    outcome.valid++;
    if (!equal) outcome.torn++;
    if (first < last) outcome.stale++;
    last = first;
  }
  return outcome;
}

/** Reads all words in shared mode until the writers are done; nothing may change while it holds the frame. */
function readHolding(shm: SharedMemory, { frame, pageId, writers }: Numbers): { holds: number; changed: number } {
  const image = frameSegment(shm, frame).i32;
  const at = frameOffset(shm, frame) >>> 2;
  const outcome = { holds: 0, changed: 0 };
  while (Atomics.load(shm.i32, words(shm) + READY_WORD) < writers) {
    check(holdFrame(shm, frame, pageId), 'the frame still holds its page');
    const first = image[at];
    for (let turn = 0; turn < 20; turn++) {
      for (let word = 0; word < IMAGE_WORDS; word++) if (image[at + word * 100] !== first) outcome.changed++;
    }
    releaseFrame(shm, frame);
    outcome.holds++;
  }
  return outcome;
}

/** Puts own frames under random pages and takes them out again; no page is ever under two frames. */
function churnPageTable(shm: SharedMemory, { rounds, seed, frames, firstFrame, pages }: Numbers): Numbers {
  const draw = random(seed);
  const outcome = { inserted: 0, met: 0 };
  const pageOf = new Int32Array(frames).fill(NO_PAGE);
  for (let round = 0; round < rounds; round++) {
    const own = draw(frames);
    const frame = firstFrame + own;
    if (pageOf[own] !== NO_PAGE) {
      takeOut(shm, frame, pageOf[own]);
      pageOf[own] = NO_PAGE;
      continue;
    }
    const page = draw(pages);
    const winner = tableInsert(shm, page, frame);
    if (winner !== frame) {
      outcome.met++;
      continue;
    }
    check(Atomics.compareExchange(shm.i32, words(shm) + page, 0, frame + 1) === 0, 'a page has one frame');
    setFramePageId(shm, frame, page);
    pageOf[own] = page;
    outcome.inserted++;
    const seen = lookupFrame(shm, draw(pages));
    check(seen >= -1 && seen < shm.frameCount, 'a lookup answers with a frame');
  }
  for (let own = 0; own < frames; own++) {
    if (pageOf[own] !== NO_PAGE) takeOut(shm, firstFrame + own, pageOf[own]);
  }
  return outcome;
}

function takeOut(shm: SharedMemory, frame: number, page: number): void {
  check(tableFind(shm, page) === frame, 'a page is found under its frame');
  setFramePageId(shm, frame, NO_PAGE);
  check(Atomics.compareExchange(shm.i32, words(shm) + page, frame + 1, 0) === frame + 1, 'nobody else has the page');
  tableRemove(shm, page, frame);
}

const EPOCH_SLOTS = 64;
const FREED = -1;

/** Publishes one slot after the other, and spoils each once its epoch has passed. */
function replaceSlots(shm: SharedMemory, { rounds }: Numbers): number {
  const first = words(shm);
  let spoiled = 0;
  for (let round = 1; round <= rounds; round++) {
    const fresh = 16 + (round % EPOCH_SLOTS);
    const old = Atomics.load(shm.i32, first);
    Atomics.store(shm.i32, first + fresh, round);
    Atomics.store(shm.i32, first, fresh);
    const epoch = advanceEpoch(shm);
    while (!epochPassed(shm, epoch)) Atomics.pause();
    if (old !== 0) {
      shm.i32[first + old] = FREED;
      spoiled++;
    }
  }
  Atomics.store(shm.i32, words(shm) + READY_WORD, 1);
  return spoiled;
}

/** Reads the published slot inside the engine; it is never spoiled before it leaves. */
function readSlots(shm: SharedMemory): { reads: number; freed: number } {
  const first = words(shm);
  const outcome = { reads: 0, freed: 0 };
  while (Atomics.load(shm.i32, words(shm) + READY_WORD) === 0) {
    enterEngine(shm);
    const slot = Atomics.load(shm.i32, first);
    for (let turn = 0; slot !== 0 && turn < 50; turn++) if (Atomics.load(shm.i32, first + slot) === FREED) outcome.freed++;
    leaveEngine(shm);
    outcome.reads++;
  }
  return outcome;
}

function putEntries(shm: SharedMemory, { producer, entries }: Numbers): number {
  const entry = new Int32Array(3);
  let full = 0;
  for (let number = 1; number <= entries; number++) {
    entry[0] = producer;
    entry[1] = number;
    entry[2] = producer ^ number;
    while (!ringBufferPut(shm, shm.regions.queue, entry, 0)) {
      full++;
      Atomics.pause();
    }
  }
  return full;
}

/** Takes entries until all have been taken by anyone; those of one producer come in order. */
function takeEntries(shm: SharedMemory, { total, producers }: Numbers): { taken: number; wrong: number; sum: number } {
  const entry = new Int32Array(3);
  const outcome = { taken: 0, wrong: 0, sum: 0 };
  const last = new Int32Array(producers);
  while (Atomics.load(shm.i32, words(shm)) < total) {
    if (!ringBufferTake(shm, shm.regions.queue, entry, 0)) {
      Atomics.pause();
      continue;
    }
    Atomics.add(shm.i32, words(shm), 1);
    outcome.taken++;
    outcome.sum += entry[1];
    if (entry[2] !== (entry[0] ^ entry[1]) || entry[1] <= last[entry[0]]) outcome.wrong++;
    last[entry[0]] = entry[1];
  }
  return outcome;
}

/** Own keys come and go against a plain map; shared keys count what all threads add. */
function churnMap(shm: SharedMemory, { rounds, seed }: Numbers): { shared: number; left: number } {
  const draw = random(seed);
  const own = new Map<number, number>();
  const map = shm.regions.map;
  let shared = 0;
  for (let round = 0; round < rounds; round++) {
    const key = draw(500);
    if (own.has(key)) {
      check(mapRemove(shm, map, seed, key) === own.get(key), 'a key that is removed has its value');
      own.delete(key);
    } else {
      check(mapInsert(shm, map, seed, key, round + 1) === round + 1, 'a key that is not there is inserted');
      own.set(key, round + 1);
    }
    if (round % 4 === 0) {
      addShared(shm, map, draw(20));
      shared++;
    }
  }
  return { shared, left: own.size };
}

function addShared(shm: SharedMemory, map: number, key: number): void {
  const entry = mapReserve(shm, map, -1, key);
  check(entry !== 0, 'the heap has room');
  const stripe = mapLatch(shm, map, -1, key);
  const value = mapFindLatched(shm, stripe, -1, key);
  if (value === 0) mapInsertLatched(shm, stripe, entry, -1, key, 1);
  else mapSetLatched(shm, stripe, -1, key, value + 1);
  mapUnlatch(shm, stripe);
  if (value !== 0) mapReturn(shm, entry);
}

/** Allocates and frees blocks of all sizes; what it writes into a block is there until it frees it. */
function churnHeap(shm: SharedMemory, { rounds, seed }: Numbers): { full: number } {
  const draw = random(seed);
  const blocks: { offset: number; bytes: number; mark: number }[] = [];
  const outcome = { full: 0 };
  for (let round = 0; round < rounds; round++) {
    if (blocks.length > 0 && (draw(2) === 0 || blocks.length > 200)) {
      const [block] = blocks.splice(draw(blocks.length), 1);
      freeMarked(shm, block);
      continue;
    }
    const bytes = draw(10) === 0 ? 1 + draw(100_000) : 1 + draw(3000);
    const offset = heapAllocate(shm, bytes);
    if (offset === 0) {
      outcome.full++;
      continue;
    }
    const mark = (seed << 24) | round;
    for (let at = 0; at + 4 <= bytes; at += 64) shm.heap.i32[(offset + at) >>> 2] = mark;
    blocks.push({ offset, bytes, mark });
  }
  for (const block of blocks) freeMarked(shm, block);
  return outcome;
}

function freeMarked(shm: SharedMemory, block: { offset: number; bytes: number; mark: number }): void {
  for (let at = 0; at + 4 <= block.bytes; at += 64) {
    check(shm.heap.i32[(block.offset + at) >>> 2] === block.mark, 'nobody else has the block');
  }
  heapFree(shm, block.offset, block.bytes);
}

/** Two threads ring each other in turn: word 0 says whose turn it is. */
function pingPong(shm: SharedMemory, { rounds, self }: Numbers): number {
  const turn = words(shm);
  const slots = words(shm) + 16;
  Atomics.store(shm.i32, slots + self, shm.thread + 1);
  while (Atomics.load(shm.i32, slots + 1 - self) === 0) Atomics.pause();
  const other = Atomics.load(shm.i32, slots + 1 - self) - 1;
  let timeouts = 0;
  for (let round = 0; round < rounds; round++) {
    for (;;) {
      const seen = doorbellOf(shm);
      if (Atomics.load(shm.i32, turn) === self) break;
      if (waitDoorbell(shm, seen, 100) === seen) timeouts++;
    }
    Atomics.store(shm.i32, turn, 1 - self);
    ringDoorbell(shm, other);
  }
  return timeouts;
}

/** Rings a thread's doorbell so many times, with pauses. */
function ringTimes(shm: SharedMemory, { thread, times }: Numbers): number {
  for (let ring = 0; ring < times; ring++) {
    Atomics.wait(shm.i32, words(shm) + 100, 0, 2);
    Atomics.add(shm.i32, words(shm), 1);
    ringDoorbell(shm, thread);
  }
  return times;
}

/** What a sleeper takes: a word latch, a frame that somebody else latched, or one that somebody else holds. */
const TAKES: ((shm: SharedMemory, data: Numbers) => void)[] = [
  (shm, { latch }) => {
    acquireLatch(shm, shm.regions.words + latch);
    releaseLatch(shm, shm.regions.words + latch);
  },
  (shm, { frame }) => {
    latchFrame(shm, frame);
    unlatchFrame(shm, frame);
  },
  (shm, { frame, pageId }) => {
    check(holdFrame(shm, frame, pageId), 'the frame holds its page');
    releaseFrame(shm, frame);
  },
];

/** Each round: says that it begins, takes what is taken, and says at which millisecond of the process it got it. */
function takeWhenReleased(shm: SharedMemory, data: Numbers): number[] {
  const got: number[] = [];
  for (let round = 1; round <= data.rounds; round++) {
    while (Atomics.load(shm.i32, words(shm)) < round) Atomics.wait(shm.i32, words(shm), round - 1, 10);
    TAKES[data.kind](shm, data);
    got.push(performance.timeOrigin + performance.now());
    Atomics.store(shm.i32, words(shm) + 1, round);
  }
  return got;
}

// ---- deaths ----

function holdForever(shm: SharedMemory, { frame, pageId }: Numbers): never {
  enterEngine(shm);
  check(holdFrame(shm, frame, pageId), 'the frame holds the page');
  ready(shm);
  return forever();
}

function latchFrameForever(shm: SharedMemory, { frame }: Numbers): never {
  enterEngine(shm);
  latchFrame(shm, frame);
  ready(shm);
  return forever();
}

function latchForever(shm: SharedMemory, { latch }: Numbers): never {
  acquireLatch(shm, shm.regions.words + latch);
  ready(shm);
  return forever();
}

/** Sleeps for a latch that somebody else has; holds nothing. */
function waitForLatch(shm: SharedMemory, { latch }: Numbers): string {
  ready(shm);
  try {
    acquireLatch(shm, shm.regions.words + latch);
  } catch (error) {
    return error instanceof SqlError ? error.code : String(error);
  }
  releaseLatch(shm, shm.regions.words + latch);
  return 'got it';
}

function recurse(depth: number): number {
  return recurse(depth + 1) + 1;
}

/** Overflows its stack inside the engine, with or without a latch; the thread lives on and says what it met. */
function overflowStack(shm: SharedMemory, { frame, inside }: Numbers): string {
  let thrown: unknown;
  let met = 'nothing';
  try {
    enterEngine(shm);
    try {
      if (inside === 1) latchFrame(shm, frame);
      recurse(0);
    } catch (error) {
      thrown = error;
      throw error;
    } finally {
      leaveEngine(shm, thrown);
    }
  } catch (error) {
    met = error instanceof SqlError ? error.code : (error as Error).name;
  }
  ready(shm);
  parentPort?.postMessage(met);
  return 'keeps its slot';
}

/** Calls the engine from so deep that its stack would not do. */
function enterFromDeep(shm: SharedMemory): { codes: string[]; critical: number } {
  const codes: string[] = [];
  const dive = (): void => {
    try {
      dive();
    } catch (error) {
      if (codes.length === 0 && error instanceof RangeError) {
        try {
          enterEngine(shm);
          leaveEngine(shm);
          codes.push('entered');
        } catch (refused) {
          if (refused instanceof SqlError) codes.push(refused.code);
        }
      }
      throw error;
    }
  };
  try {
    dive();
  } catch {
    // The RangeError of the dive itself.
  }
  enterEngine(shm);
  leaveEngine(shm);
  return { codes, critical: shm.i32[shm.threadBase >>> 2] };
}

/** Fills its heap until V8 ends the thread, with or without a latch. */
function exhaustHeap(shm: SharedMemory, { latch, inside }: Numbers): never {
  if (inside === 1) acquireLatch(shm, shm.regions.words + latch);
  ready(shm);
  const hoard: number[][] = [];
  for (;;) hoard.push(new Array<number>(10_000).fill(1.5));
}

/** Ends its thread without detaching. */
function exitAbruptly(shm: SharedMemory): never {
  ready(shm);
  process.exit(0);
}

/** Dies half-way through storing a shared 53-bit integer: its sequence word is odd. */
function leaveHalfWritten(shm: SharedMemory): never {
  shm.i32[shm.threadBase >>> 2]++;
  Atomics.add(shm.i32, words(shm) + 200, 1);
  ready(shm);
  return forever();
}

export const bodies = {
  announce,
  addUnderLatch,
  writeFrame,
  tryWriteFrame,
  readOptimistically,
  readHolding,
  churnPageTable,
  replaceSlots,
  readSlots,
  putEntries,
  takeEntries,
  churnMap,
  churnHeap,
  pingPong,
  ringTimes,
  takeWhenReleased,
  holdForever,
  latchFrameForever,
  latchForever,
  waitForLatch,
  overflowStack,
  enterFromDeep,
  exhaustHeap,
  exitAbruptly,
  leaveHalfWritten,
};
