import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import { explore } from './explore.ts';

const seed = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`B+tree interleavings: SCRATCHBIRD_SEED=${seed}`);

const cases: [name: string, says: string, point: string][] = [
  ['btree-descent', 'SM-L6: a reader starts again when the parent of the child it chose has moved', 'btree.childChosen'],
  ['btree-lookup', 'SM-L6: a point lookup starts again when the parent of the child it chose has moved', 'btree.childChosen'],
  ['btree-split', 'SM-L6: readers find every key while nodes split', 'btree.splitLatch'],
  ['btree-merge', 'SM-L6: readers find every key while empty nodes go away', 'btree.mergeLatch'],
  ['btree-unique', 'SM-B3: of two inserts of one key into a unique index one succeeds', 'btree.uniqueWitnessed'],
  ['btree-collect', 'SM-B4: an entry whose key is in use again is not collected', 'btree.removeLatched'],
];

for (const [name, says, point] of cases) {
  test(says, async () => {
    const module = new URL(`./cases/${name}.case.ts`, import.meta.url).href;
    const found = await explore(module, { preemptions: 2, runs: 300, seed, randomRuns: 100 });
    ok((found.points.get(point) ?? 0) > 0, `${point} was never passed`);
  });
}
