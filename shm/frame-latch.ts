/**
 * Latches of cache frames: exclusive, optimistic and shared (SM-L1, SM-L2, SM-L4). Words: frame.layout.ts.
 *
 *   who         takes                                                leaves
 *   writer      CAS version v -> v+1 (odd), then waits until no      exchange version with v+2; notify all if the
 *               shared hold is left                                  sleep bit was set
 *   scan        readers + 1, then version must be even and the       readers - 1; the last one notifies a writer that
 *               frame must still hold the page, else back and wait   set the notify bit
 *   point read  v = load version, even                               load again, equal: what was read is true
 *
 * Writer and scan each announce themselves first and look at the other's word afterwards, so at least one of them sees
 * the other. The sleep bit is only ever set on an odd version, so an even version compares equal as it is. 31 bits of
 * version wrap after 2^30 exclusive latches: a point read would have to sleep through exactly that many to be fooled.
 *
 * SM-L4  A thread holds at most one frame in shared mode; it stands in the thread slot, and whoever buries the thread
 *        counts it down. Only entering and leaving are critical sections.
 * SM-L5  Parent before child, left before right, heap before index. Nothing waits, does I/O or calls back under a latch.
 * SM-L7  An exclusive latch is a critical section as long as it is held.
 *
 * Hot: free functions over words, nothing allocates.
 */

import { assert } from './assert.ts';
import { THREAD_HELD_FRAME } from './control.layout.gen.ts';
import { checkPoison, enterCritical, leaveCritical } from './critical.ts';
import { checkDeaths } from './deaths.ts';
import { FRAME_BYTES, FRAME_PAGE_ID, FRAME_READERS, FRAME_VERSION } from './frame.layout.gen.ts';
import { countReaderDown, countReaderUp, READERS_COUNT, READERS_NOTIFY } from './frame-readers.ts';
import { frameBase, type SharedMemory } from './shared-memory.ts';
import { type ByteOffset, type Frame, NO_THREAD, type PageId, type Version } from './types.ts';
import { sleepOnWord, spinPause, waitOnWord } from './wait.ts';
import { TESTING, yieldPoint } from './yield-point.ts';

const testing = TESTING;

/** The version in a version word. */
export const VERSION_MASK = 0x7fffffff;
/** Somebody sleeps until the version changes. */
const SLEEPERS = ~VERSION_MASK;
/** From readBegin(): a writer has the frame. */
export const READ_LATCHED = -1;

/** How long a writer sleeps for shared holds before it steps back and looks for deaths, in milliseconds. */
const READERS_SLEEP_MS = 50;

/** x64 keeps loads in order; elsewhere the second load of a point read has to be a read-modify-write (SM-L2). */
const loadsInOrder = process.arch === 'x64';

// ---- point reads ----

/** The version to validate against, or READ_LATCHED. Takes the descriptor's byte offset. */
export function readBegin(i32: Int32Array, frame: ByteOffset): Version {
  const word = (frame + FRAME_VERSION) >>> 2;
  // A plain load where loads stay in order: what follows is not read before it. The second look is a call, so the two are
  // never folded into one.
  const seen = loadsInOrder ? i32[word] : Atomics.load(i32, word);
  return (seen & 1) === 0 ? seen : READ_LATCHED;
}

/** True when no writer came since readBegin(): what was read in between is one state of the page (SM-L2). */
export function readValid(i32: Int32Array, frame: ByteOffset, begun: Version): boolean {
  const word = (frame + FRAME_VERSION) >>> 2;
  return (loadsInOrder ? Atomics.load(i32, word) : Atomics.or(i32, word, 0)) === begun;
}

/**
 * readValid() where each nanosecond counts. Atomics.load is a call of some sixty instructions in V8: with it between a descent's
 * steps the processor sees the next step's loads too late to begin them early. The second look goes through another view of the
 * same words, so that no compiler can fold it with the first, or move it: it would have to know that both lie in one buffer.
 */
export function readUnchanged(shm: SharedMemory, frame: ByteOffset, begun: Version): boolean {
  const word = (frame + FRAME_VERSION) >>> 2;
  return (loadsInOrder ? shm.u32[word] : Atomics.or(shm.i32, word, 0)) === begun;
}

/** Waits until no writer has the frame, at least as far as one look can tell; for who got READ_LATCHED. */
export function awaitVersion(shm: SharedMemory, frame: Frame): void {
  const word = frameBase(shm, frame) + FRAME_VERSION;
  for (let turn = 0; ; turn++) {
    const seen = Atomics.load(shm.i32, word >>> 2);
    if ((seen & 1) === 0) return;
    if (spinPause(turn)) continue;
    sleepOnVersion(shm, word, seen);
    return;
  }
}

/** One bounded sleep until the odd version that was seen changes. */
function sleepOnVersion(shm: SharedMemory, word: ByteOffset, seen: number): void {
  if (seen >= 0 && Atomics.compareExchange(shm.i32, word >>> 2, seen, seen | SLEEPERS) !== seen) return;
  sleepOnWord(shm, word, seen | SLEEPERS);
}

// ---- exclusive ----

/** Latches the frame exclusively, waiting for it. Throws when the handle is poisoned. Not reentrant. */
export function latchFrame(shm: SharedMemory, frame: Frame): void {
  if (testing) yieldPoint('frameLatch.latch');
  assert(shm.thread !== NO_THREAD, 'a thread attaches before it latches');
  const base = frameBase(shm, frame);
  const word = (base + FRAME_VERSION) >>> 2;
  enterCritical(shm);
  // Plain loads (they are twice as fast): the exchange proves the one before it, and orders the one behind it.
  const seen = shm.i32[word];
  if ((seen & 1) === 0 && shm.atomic.compareExchange(base + FRAME_VERSION, seen, seen + 1) === seen) {
    const readers = loadsInOrder ? shm.i32[(base + FRAME_READERS) >>> 2] : Atomics.load(shm.i32, (base + FRAME_READERS) >>> 2);
    if ((readers & READERS_COUNT) === 0) return;
    if (awaitReaders(shm, base)) return;
    unlatchFrameUnchanged(shm, frame);
  } else {
    leaveCritical(shm);
  }
  latchSlowly(shm, frame, base);
}

function latchSlowly(shm: SharedMemory, frame: Frame, base: ByteOffset): void {
  const word = (base + FRAME_VERSION) >>> 2;
  for (let turn = 0; ; turn++) {
    const seen = Atomics.load(shm.i32, word);
    if ((seen & 1) !== 0) {
      if (!spinPause(turn)) sleepOnVersion(shm, base + FRAME_VERSION, seen);
      continue;
    }
    enterCritical(shm);
    if (Atomics.compareExchange(shm.i32, word, seen, seen + 1) !== seen) {
      leaveCritical(shm);
      continue;
    }
    if (testing) yieldPoint('frameLatch.odd');
    if (awaitReaders(shm, base)) return;
    // A hold that lasts: perhaps its thread is dead. Looking for that does I/O, so the latch is given back first.
    unlatchFrameUnchanged(shm, frame);
    checkDeaths(shm);
    checkPoison(shm);
  }
}

/** With the version odd: true once no shared hold is left, false when one lasted too long. */
function awaitReaders(shm: SharedMemory, base: ByteOffset): boolean {
  const word = (base + FRAME_READERS) >>> 2;
  for (let turn = 0; ; turn++) {
    const readers = Atomics.load(shm.i32, word);
    if ((readers & READERS_COUNT) === 0) break;
    if (spinPause(turn)) continue;
    const marked = readers | READERS_NOTIFY;
    if (marked !== readers && Atomics.compareExchange(shm.i32, word, readers, marked) !== readers) continue;
    if (!waitOnWord(shm, shm.i32, word << 2, marked, READERS_SLEEP_MS)) {
      Atomics.and(shm.i32, word, READERS_COUNT);
      return false;
    }
  }
  if ((Atomics.load(shm.i32, word) & READERS_NOTIFY) !== 0) Atomics.and(shm.i32, word, READERS_COUNT);
  return true;
}

/** Latches the frame exclusively if nobody has it in any way; never waits. */
export function tryLatchFrame(shm: SharedMemory, frame: Frame): boolean {
  assert(shm.thread !== NO_THREAD, 'a thread attaches before it latches');
  const base = frameBase(shm, frame);
  const word = (base + FRAME_VERSION) >>> 2;
  const readers = (base + FRAME_READERS) >>> 2;
  const seen = Atomics.load(shm.i32, word);
  if ((seen & 1) !== 0 || (Atomics.load(shm.i32, readers) & READERS_COUNT) !== 0) return false;
  enterCritical(shm);
  if (Atomics.compareExchange(shm.i32, word, seen, seen + 1) !== seen) {
    leaveCritical(shm);
    return false;
  }
  if ((Atomics.load(shm.i32, readers) & READERS_COUNT) === 0) return true;
  unlatchFrameUnchanged(shm, frame);
  return false;
}

/**
 * Latches the frame exclusively if it still has the version that readBegin() gave, and nobody reads it; never waits. So what was
 * read since then is what the latch protects: nobody has changed it.
 */
export function tryLatchVersion(shm: SharedMemory, frame: Frame, version: Version): boolean {
  const base = shm.framesBase + frame * FRAME_BYTES;
  enterCritical(shm);
  if (shm.atomic.compareExchange(base + FRAME_VERSION, version, version + 1) !== version) {
    leaveCritical(shm);
    return false;
  }
  const readers = loadsInOrder ? shm.i32[(base + FRAME_READERS) >>> 2] : Atomics.load(shm.i32, (base + FRAME_READERS) >>> 2);
  if ((readers & READERS_COUNT) === 0) return true;
  unlatchFrameUnchanged(shm, frame);
  return false;
}

/** Gives the exclusive latch back; the version moves on, and wakes everyone who sleeps on it. */
export function unlatchFrame(shm: SharedMemory, frame: Frame): void {
  if (testing) yieldPoint('frameLatch.unlatch');
  leaveVersion(shm, frame, 1);
}

/** The same for who has changed nothing: the version is what it was, and what was read before stays valid. */
export function unlatchFrameUnchanged(shm: SharedMemory, frame: Frame): void {
  leaveVersion(shm, frame, -1);
}

function leaveVersion(shm: SharedMemory, frame: Frame, step: number): void {
  const word = (frameBase(shm, frame) + FRAME_VERSION) >>> 2;
  // Its owner is the only one who changes the version; others may set the sleep bit meanwhile, which the exchange takes out.
  const held = shm.i32[word] & VERSION_MASK;
  assert((held & 1) === 1, 'a frame that is unlatched was latched');
  const before = shm.atomic.exchange(word << 2, (held + step) & VERSION_MASK);
  if (before < 0) Atomics.notify(shm.i32, word);
  leaveCritical(shm);
}

/** True while anyone has the frame exclusively: for assertions by who should have it. */
export function isFrameLatched(shm: SharedMemory, frame: Frame): boolean {
  return (Atomics.load(shm.i32, (frameBase(shm, frame) + FRAME_VERSION) >>> 2) & 1) === 1;
}

/**
 * For the thread that has the frame exclusively: the version it found. As long as nobody changes the frame, an earlier
 * readBegin() gave the same (SM-B3).
 */
export function versionBeforeLatch(shm: SharedMemory, frame: Frame): Version {
  return (shm.i32[(frameBase(shm, frame) + FRAME_VERSION) >>> 2] & VERSION_MASK) - 1;
}

// ---- shared ----

/**
 * Holds the frame in shared mode, waiting for a writer. False when it does not hold the page any more. Throws when the
 * handle is poisoned. One frame a thread (SM-L4).
 */
export function holdFrame(shm: SharedMemory, frame: Frame, pageId: PageId): boolean {
  const base = frameBase(shm, frame);
  const version = (base + FRAME_VERSION) >>> 2;
  const page = (base + FRAME_PAGE_ID) >>> 2;
  const held = (shm.threadBase + THREAD_HELD_FRAME) >>> 2;
  assert(shm.i32[held] === 0, 'a thread holds one frame at most');
  for (let turn = 0; ; turn++) {
    enterCritical(shm);
    countReaderUp(shm.i32, base);
    if (testing) yieldPoint('frameLatch.countedUp');
    const seen = Atomics.load(shm.i32, version);
    const same = Atomics.load(shm.i32, page) === (pageId | 0);
    if ((seen & 1) === 0 && same) {
      shm.i32[held] = frame + 1;
      leaveCritical(shm);
      return true;
    }
    countReaderDown(shm.i32, base);
    leaveCritical(shm);
    if (!same) return false;
    if (!spinPause(turn)) sleepOnVersion(shm, base + FRAME_VERSION, seen);
  }
}

/** Lets go of the frame that holdFrame() took. */
export function releaseFrame(shm: SharedMemory, frame: Frame): void {
  const held = (shm.threadBase + THREAD_HELD_FRAME) >>> 2;
  assert(shm.i32[held] === frame + 1, 'a thread lets go of the frame it holds');
  if (testing) yieldPoint('frameLatch.release');
  enterCritical(shm);
  shm.i32[held] = 0;
  countReaderDown(shm.i32, frameBase(shm, frame));
  leaveCritical(shm);
}

/** The frame that the calling thread holds in shared mode, or NO_FRAME (-1). */
export function heldFrame(shm: SharedMemory): Frame {
  return shm.i32[(shm.threadBase + THREAD_HELD_FRAME) >>> 2] - 1;
}
