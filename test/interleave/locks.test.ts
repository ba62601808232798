import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import { explore } from './explore.ts';

const seed = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`interleavings of locks: SCRATCHBIRD_SEED=${seed}`);

const cases: [name: string, says: string, point: string, runs: number][] = [
  ['row-locks', 'TX-T13: of lockers and changers of one row one has it at a time', 'rowLock.checked', 120],
  ['table-locks', 'TX-T14: DDL is alone with its table', 'tableLock.decided', 500],
  ['serializable', 'TX-T16: of two that do not see each other one commits', 'serializable.validated', 150],
  ['sequence', 'sequences: no value is given out twice', 'sequence.found', 60],
];

for (const [name, says, point, runs] of cases) {
  test(says, async () => {
    const module = new URL(`./cases/${name}.case.ts`, import.meta.url).href;
    const found = await explore(module, { preemptions: 2, runs, seed, randomRuns: 50 });
    ok((found.points.get(point) ?? 0) > 0, `${point} was never passed`);
  });
}
