/**
 * The injected world: storage and time are reached only through these interfaces, given at open(). Tests hand in a
 * simulated disk, a clock moved by hand and a generator started from one seed.
 */

import type { Vfs } from './vfs/vfs.ts';

export interface Clock {
  /** Microseconds since the Unix epoch, an integer. May step back when the machine's clock is set (TX-T1 copes). */
  now(): number;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform over all signed 32-bit integers. */
  int32(): number;
}

export interface World {
  vfs: Vfs;
  clock: Clock;
  random: Random;
}

/** What SystemClock reads, both in milliseconds; handed in so that a test can play a machine whose clock is set. */
export interface TimeSources {
  /** The wall clock, whole milliseconds: Date.now(). */
  wall(): number;
  /** Never steps, has a fraction: performance.now(). */
  monotonic(): number;
}

const SYSTEM_TIME: TimeSources = { wall: () => Date.now(), monotonic: () => performance.now() };

/** How often the wall clock is looked at, milliseconds: a clock that is set is followed this late at most. */
const CHECK_EVERY = 50;
/** Closer than this, milliseconds, the two clocks agree: Date.now() is cut to the millisecond. */
const AGREE_WITHIN = 2;

/**
 * The machine's clock with microseconds: the monotonic clock plus an offset that is put right when the wall clock is
 * found elsewhere (it was set, or the machine slept). One monotonic read a call. It has no state shared between
 * threads: two threads may be AGREE_WITHIN apart, and whoever needs an order takes max(now, last + 1) (TX-T1).
 */
export class SystemClock implements Clock {
  readonly #sources: TimeSources;
  /** wall = offset + monotonic, milliseconds. */
  #offset: number;
  #checkAt: number;

  constructor(sources: TimeSources = SYSTEM_TIME, offset: number = performance.timeOrigin) {
    this.#sources = sources;
    this.#offset = offset;
    this.#checkAt = Number.NEGATIVE_INFINITY;
  }

  now(): number {
    const monotonic = this.#sources.monotonic();
    if (monotonic >= this.#checkAt) this.#followWall(monotonic);
    return Math.floor((this.#offset + monotonic) * 1000);
  }

  #followWall(monotonic: number): void {
    // The half is the middle of what Date.now() cut off.
    const wall = this.#sources.wall() + 0.5;
    // A thread that was put aside between the two reads would take its pause for a clock that was set: look again next time.
    if (this.#sources.monotonic() - monotonic > 1) return;
    this.#checkAt = monotonic + CHECK_EVERY;
    if (Math.abs(wall - (this.#offset + monotonic)) > AGREE_WITHIN) this.#offset = wall - monotonic;
  }
}

/** A clock that moves only when a test moves it, and `step` microseconds at every look (0: not at all). */
export class ManualClock implements Clock {
  #now: number;
  readonly #step: number;

  constructor(now = 1_700_000_000_000_000, step = 0) {
    this.#now = now;
    this.#step = step;
  }

  now(): number {
    const now = this.#now;
    this.#now += this.#step;
    return now;
  }

  /** Moves by so many microseconds; negative steps back. */
  advance(microseconds: number): void {
    this.#now += microseconds;
  }

  set(now: number): void {
    this.#now = now;
  }
}

/**
 * sfc32 (Chris Doty-Humphrey): 128 bits of state, fast in 32-bit arithmetic, passes PractRand. Not for secrets.
 *
 * The same seed gives the same numbers on every machine; split() gives a generator of its own to each part of a test,
 * so that one part drawing more does not change what another part draws.
 */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  readonly #origin: string;

  constructor(seed: number | string) {
    this.#origin = String(seed);
    this.#a = hashText(this.#origin, 0x9e3779b9);
    this.#b = hashText(this.#origin, 0x85ebca6b);
    this.#c = hashText(this.#origin, 0xc2b2ae35);
    for (let round = 0; round < 12; round++) this.int32();
  }

  int32(): number {
    const result = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result;
  }

  next(): number {
    return (this.int32() >>> 0) / 4294967296;
  }

  /** A generator that depends on this one's seed and the label only, not on what was drawn so far. */
  split(label: number | string): SeededRandom {
    return new SeededRandom(`${this.#origin}/${label}`);
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }
}

/** FNV-1a with a final mix, so that seeds 1 and 2 start far apart. */
function hashText(text: string, start: number): number {
  let hash = start | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return hash ^ (hash >>> 16);
}

/** A generator that starts somewhere else each time: for jitter, sampling and ids, not for secrets. */
export function systemRandom(): Random {
  return new SeededRandom(`${Math.random()} ${Math.random()} ${process.pid} ${process.hrtime.bigint()}`);
}
