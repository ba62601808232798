/** Runs a list of cases as tests: each enumerated with two preemptions as far as the runs go, then in random orders. */

import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import { explore } from './explore.ts';

/** File name of the case, the test's name, and points that some run must have passed: otherwise it shows nothing. */
export type ListedCase = readonly [name: string, says: string, points: string | readonly string[], runs?: number];

/** Makes one test of each case. SCRATCHBIRD_SEED repeats a run, SCRATCHBIRD_RUNS is a factor for how many. */
export function exploreAll(what: string, each: { runs: number; random: number }, cases: readonly ListedCase[]): void {
  const seed = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const factor = Number(process.env.SCRATCHBIRD_RUNS ?? 1);
  console.log(`${what}: SCRATCHBIRD_SEED=${seed}`);
  for (const [name, says, points, runs] of cases) {
    test(says, async () => {
      const module = new URL(`./cases/${name}.case.ts`, import.meta.url).href;
      const options = { preemptions: 2, runs: (runs ?? each.runs) * factor, seed, randomRuns: each.random * factor };
      const found = await explore(module, options);
      for (const point of [points].flat()) ok((found.points.get(point) ?? 0) > 0, `${point} was never passed`);
    });
  }
}
