/** Timing of short operations with tinybench, and of long ones with a clock: what the turns of a measure return. */
import { Bench } from 'tinybench';
import type { BenchContext } from './measure.ts';

const FULL_TIME_MS = 300;
const FULL_WARMUP_MS = 100;

/**
 * Operations per second of a body that does `operations` operations a call, from the median call. Make a call last
 * some ten microseconds or more (loop inside), so that the clock's own cost does not count.
 */
export async function operationsPerSecond(context: BenchContext, operations: number, body: () => void): Promise<number> {
  const bench = context.small
    ? new Bench({ time: 0, iterations: 1, warmup: false, throws: true })
    : new Bench({ time: FULL_TIME_MS, iterations: 5, warmupTime: FULL_WARMUP_MS, warmupIterations: 2, throws: true });
  bench.add('body', body);
  const [task] = context.small ? bench.runSync() : await bench.run();
  const { result } = task;
  if (result.state !== 'completed') throw new Error(`the benchmark did not complete: ${result.state}`);
  return (operations * 1000) / result.latency.p50;
}

const FIXED_TIME_MS = 1000;
const FIXED_WARMUP_MS = 200;

/** Operations per second over a fixed time, warmed up, for bodies that wait: the body returns how many it did. */
export function ratePerSecond(context: BenchContext, body: () => number): number {
  repeatFor(context.small ? 2 : FIXED_WARMUP_MS, body);
  return repeatFor(context.small ? 10 : FIXED_TIME_MS, body);
}

function repeatFor(milliseconds: number, body: () => number): number {
  const start = performance.now();
  let operations = 0;
  let passed = 0;
  do {
    operations += body();
    passed = performance.now() - start;
  } while (passed < milliseconds);
  return (operations * 1000) / passed;
}

/** Seconds that one call of the body takes. */
export async function seconds(body: () => void | Promise<void>): Promise<number> {
  const start = performance.now();
  await body();
  return (performance.now() - start) / 1000;
}
