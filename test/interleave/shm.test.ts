/** The latches and the page table under the scheduler: every order with few preemptions, and random ones. */
import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import { explore } from './explore.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

for (const [name, waits] of [
  ['frame-latch', 'wait.wait'],
  ['page-table', 'wait.wait'],
] as const) {
  test(`${name}: the orders of its steps`, async () => {
    const url = new URL(`./cases/${name}.case.ts`, import.meta.url).href;
    const found = await explore(url, { preemptions: 2, runs: 400, seed, randomRuns: 200 });
    ok((found.points.get(waits) ?? 0) > 0, 'some run had to wait');
  });
}
