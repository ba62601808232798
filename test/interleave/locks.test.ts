import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import { explore } from './explore.ts';

const seed = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`interleavings of locks: SCRATCHBIRD_SEED=${seed}`);

const cases: [name: string, says: string, point: string][] = [
  ['row-locks', 'TX-T13: of lockers and changers of one row one has it at a time', 'rowLock.checked'],
  ['table-locks', 'TX-T14: DDL is alone with its table', 'tableLock.decided'],
  ['serializable', 'TX-T16: of two that do not see each other one commits', 'serializable.validated'],
  ['sequence', 'sequences: no value is given out twice', 'sequence.found'],
];

for (const [name, says, point] of cases) {
  test(says, async () => {
    const module = new URL(`./cases/${name}.case.ts`, import.meta.url).href;
    const found = await explore(module, { preemptions: 2, runs: 150, seed, randomRuns: 60 });
    ok((found.points.get(point) ?? 0) > 0, `${point} was never passed`);
  });
}
