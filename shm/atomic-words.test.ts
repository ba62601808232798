/** The read-modify-write calls: the same as Atomics over either kind of memory, also from several threads at once. */
import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { type AtomicWords, atomicWords } from './atomic-words.ts';
import { createSegment, type Segment, segmentHandle, viewSegment } from './segment.ts';

const WORDS = [0, 1, -1, 7, 0x7fffffff, -0x80000000];

/** What each call returns and leaves, for every pair of words. */
function outcomes(words: AtomicWords, i32: Int32Array): number[] {
  const seen: number[] = [];
  for (const before of WORDS) {
    for (const value of WORDS) {
      i32[5] = before;
      seen.push(words.add(20, value), i32[5]);
      i32[5] = before;
      seen.push(words.exchange(20, value), i32[5]);
      i32[5] = before;
      seen.push(words.compareExchange(20, before, value), i32[5]);
      i32[5] = before;
      seen.push(words.compareExchange(20, before ^ 1, value), i32[5]);
    }
  }
  return seen;
}

test('SM-S2: over a WebAssembly memory and over any other the calls do what Atomics does', () => {
  const segment = createSegment(65536);
  const plain = viewSegment(new SharedArrayBuffer(65536));
  strictEqual(segment.memory === null, false);
  strictEqual(plain.memory, null);
  deepStrictEqual(outcomes(atomicWords(segment), segment.i32), outcomes(atomicWords(plain), plain.i32));
});

/** A counter by add, one under a latch of compareExchange and exchange. */
const WORKER = `
  import { workerData } from 'node:worker_threads';
  const { atomicWords } = await import(workerData.atomic);
  const { viewSegment } = await import(workerData.segment);
  const segment = viewSegment(workerData.handle);
  const words = atomicWords(segment);
  Atomics.add(segment.i32, 0, 1);
  while (Atomics.load(segment.i32, 0) < 2);
  for (let n = 0; n < workerData.rounds; n++) {
    words.add(64, 1);
    while (words.compareExchange(128, 0, 1) !== 0) Atomics.pause();
    segment.i32[48]++;
    words.exchange(128, 0);
  }
`;

async function work(segment: Segment, rounds: number): Promise<void> {
  const workerData = {
    atomic: new URL('./atomic-words.ts', import.meta.url).href,
    segment: new URL('./segment.ts', import.meta.url).href,
    handle: segmentHandle(segment),
    rounds,
  };
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(WORKER)}`), { workerData });
  await once(worker, 'exit');
}

test('SM-L1: two threads lose no addition, and none under a latch of these calls', async () => {
  const rounds = 200_000;
  const segment = createSegment(65536);
  await Promise.all([work(segment, rounds), work(segment, rounds)]);
  deepStrictEqual([segment.i32[16], segment.i32[48], segment.i32[32]], [2 * rounds, 2 * rounds, 0]);
});
