import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import { explore } from './explore.ts';

const seed = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`collector and deadlock interleavings: SCRATCHBIRD_SEED=${seed}`);

const cases: [name: string, says: string, points: readonly string[]][] = [
  ['txn-collect', 'SM-B4: an entry whose key the row gets again is not collected', ['collect.entry', 'update.heapChanged']],
  [
    'txn-bound',
    'TX-T6, TX-T17: a snapshot sees one state whatever the collector frees meanwhile',
    ['collect.intent', 'versions.freed'],
  ],
  ['txn-tombstone', 'TX-T18: a tombstone goes, and a row that comes with its key keeps its entries', ['collect.entriesGone']],
  ['txn-deadlock', 'deadlock check: a ring of waits has exactly one victim', ['deadlock.found', 'deadlock.victim']],
];

for (const [name, says, points] of cases) {
  test(says, async () => {
    const module = new URL(`./cases/${name}.case.ts`, import.meta.url).href;
    const found = await explore(module, { preemptions: 2, runs: 25, seed, randomRuns: 20 });
    for (const point of points) ok((found.points.get(point) ?? 0) > 0, `${point} was never passed`);
  });
}
