import { ok, deepStrictEqual, notStrictEqual, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, SeededRandom, SystemClock, systemRandom } from './world.ts';

/** A machine whose wall clock and monotonic clock the test moves, in milliseconds. */
function machine(wall: number) {
  const state = { wall, monotonic: 0 };
  const clock = new SystemClock({ wall: () => Math.floor(state.wall), monotonic: () => state.monotonic }, wall);
  const pass = (milliseconds: number) => {
    state.wall += milliseconds;
    state.monotonic += milliseconds;
  };
  return { state, clock, pass };
}

test('system clock: integers near Date.now(), never stepping back while the machine is left alone', () => {
  const clock = new SystemClock();
  let last = 0;
  for (let i = 0; i < 100_000; i++) {
    const now = clock.now();
    if (!Number.isInteger(now) || now < last) throw new Error(`${now} after ${last}`);
    last = now;
  }
  ok(Math.abs(last / 1000 - Date.now()) < 20, `${last} against ${Date.now()}`);
});

test('system clock: counts microseconds between two looks at the wall clock', () => {
  const { clock, pass } = machine(1_000_000);
  const start = clock.now();
  pass(0.25);
  strictEqual(clock.now() - start, 250);
});

test('system clock: follows a wall clock that is set forward, or back, within one check', () => {
  const { clock, pass, state } = machine(1_000_000);
  clock.now();
  for (const jump of [3_600_000, -7_200_000, 30]) {
    state.wall += jump;
    pass(51);
    ok(Math.abs(clock.now() / 1000 - state.wall) <= 1, `after a jump of ${jump} ms`);
  }
});

test('system clock: the cut of Date.now() to milliseconds moves nothing', () => {
  const { clock, pass } = machine(1_000_000.9);
  const start = clock.now();
  for (let i = 0; i < 1000; i++) {
    pass(60.37);
    clock.now();
  }
  strictEqual(Math.round((clock.now() - start) / 1000), 60_370);
});

test('system clock: a pause of the thread between its two reads is not taken for a clock that was set', () => {
  const state = { time: 1000, pause: 0 };
  const wall = () => {
    state.time += state.pause;
    return Math.floor(state.time);
  };
  const clock = new SystemClock({ wall, monotonic: () => state.time }, 0);
  clock.now();
  state.time += 60;
  state.pause = 10;
  strictEqual(clock.now(), 1_060_000);
  state.pause = 0;
  strictEqual(clock.now(), 1_070_000);
});

test('manual clock: moves by hand, or by its step at each look', () => {
  const still = new ManualClock(5);
  strictEqual(still.now(), 5);
  still.advance(-2);
  strictEqual(still.now(), 3);
  still.set(9);
  strictEqual(still.now(), 9);
  const ticking = new ManualClock(0, 10);
  deepStrictEqual([ticking.now(), ticking.now(), ticking.now()], [0, 10, 20]);
});

test('seeded random: the same seed gives the same numbers, another seed others', () => {
  const draw = (seed: number | string) =>
    Array.from(
      { length: 8 },
      function (this: SeededRandom) {
        return this.int32();
      },
      new SeededRandom(seed),
    );
  deepStrictEqual(draw(7), draw(7));
  deepStrictEqual(draw(7), draw('7'));
  notStrictEqual(draw(7)[0], draw(8)[0]);
  // Pinned: a printed seed must give the same run after an upgrade.
  deepStrictEqual(draw(7).slice(0, 3), [-2118555371, -705627316, 952831084]);
});

test('seeded random: a part that draws more does not change what another part draws', () => {
  const one = new SeededRandom(1);
  const other = new SeededRandom(1);
  other.int32();
  strictEqual(one.split('disk').int32(), other.split('disk').int32());
  notStrictEqual(one.split('disk').int32(), one.split('net').int32());
});

test('seeded random: next() and below() are uniform and stay in their range', () => {
  const random = new SeededRandom(42);
  const buckets = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) buckets[Math.floor(random.next() * 10)]! += 1;
  for (const count of buckets) ok(Math.abs(count - 10_000) < 500, `bucket of ${count}`);
  let signs = 0;
  for (let i = 0; i < 10_000; i++) signs += random.int32() < 0 ? -1 : 1;
  ok(Math.abs(signs) < 500, `signs ${signs}`);
  for (let i = 0; i < 1000; i++) ok(random.below(3) < 3);
});

test('system random: two of them differ', () => {
  notStrictEqual(
    [systemRandom().int32(), systemRandom().int32()].join(),
    [systemRandom().int32(), systemRandom().int32()].join(),
  );
});
