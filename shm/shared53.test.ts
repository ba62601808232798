/** The shared 53-bit integer: its range, and the litmus test of its protocol with real threads. */
import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { loadGuarded53, loadShared53, storeGuarded53, storeShared53 } from './shared53.ts';

test('shared53: every safe integer comes back', () => {
  const i32 = new Int32Array(new SharedArrayBuffer(24));
  for (const value of [
    0,
    1,
    -1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    -(2 ** 32) - 5,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ]) {
    storeShared53(i32, 4, value);
    strictEqual(loadShared53(i32, 4), value);
    storeShared53(i32, 4, 7);
    storeGuarded53(i32, 4, value);
    strictEqual(loadShared53(i32, 4), value);
    strictEqual(loadGuarded53(i32, 4), value);
  }
});

test('shared53: the sequence wraps without a stop', () => {
  const i32 = new Int32Array(new SharedArrayBuffer(12));
  i32[0] = 0x7ffffffe;
  storeShared53(i32, 0, 5);
  storeShared53(i32, 0, 6);
  deepStrictEqual([i32[0], loadShared53(i32, 0)], [-0x80000000 + 2, 6]);
});

/** Both halves of what a writer stores carry the same number, so a torn value shows. */
const WRITER = `
  import { workerData } from 'node:worker_threads';
  const { i32, first, rounds, store } = workerData;
  const storeShared53 = (await import(workerData.module))[store];
  Atomics.add(i32, 4, 1);
  for (let n = 1; n <= rounds; n++) {
    const half = (n * 2 + first) % 1048576;
    storeShared53(i32, 0, half * 4294967296 + half);
  }
  Atomics.add(i32, 4, -1);
`;

test('shared53: with two writing threads a reader never sees half of two values', () => litmus('storeShared53', [0, 1]));

test('shared53: nor with one that is known to be alone', () => litmus('storeGuarded53', [0]));

async function litmus(store: string, firsts: readonly number[]): Promise<void> {
  const i32 = new Int32Array(new SharedArrayBuffer(24));
  const module = new URL('./shared53.ts', import.meta.url).href;
  const start = (first: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(WRITER)}`), {
        workerData: { module, i32, first, rounds: 400_000, store },
      });
      worker.once('error', reject);
      worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`writer ended with ${code}`))));
    });
  const writers = Promise.all(firsts.map(start));
  while (Atomics.load(i32, 4) === 0) await new Promise((resolve) => setImmediate(resolve));
  let torn = 0;
  while (Atomics.load(i32, 4) > 0) {
    for (let n = 0; n < 20_000; n++) {
      const value = loadShared53(i32, 0);
      if (Math.floor(value / 4294967296) !== value % 4294967296) torn++;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await writers;
  strictEqual(torn, 0);
  strictEqual(i32[0] & 1, 0, 'and no writer is left inside');
}
