import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { explore, replay } from './explore.ts';

const caseUrl = (name: string): string => new URL(`./cases/${name}.case.ts`, import.meta.url).href;

test('the enumeration finds a lost update with one preemption and names the run', async () => {
  await rejects(explore(caseUrl('lost-update'), { preemptions: 1, runs: 100, seed: 1 }), (error: Error) => {
    ok(error.message.includes('deviations [['), error.message);
    ok(error.message.includes('counter.store'), error.message);
    return true;
  });
});

test('without a preemption the lost update does not show', async () => {
  const found = await explore(caseUrl('lost-update'), { preemptions: 0, runs: 100, seed: 1 });
  deepStrictEqual([found.runs, found.complete], [1, true]);
});

test('random runs find it too, and a deviation list repeats it', async () => {
  await rejects(
    explore(caseUrl('lost-update'), { preemptions: 0, runs: 1, seed: 7, randomRuns: 50 }),
    /two additions gave 1|run \d+ with seed/,
  );
  await rejects(replay(caseUrl('lost-update'), [[2, 1]]), /run 1 with deviations/);
});

test('sessions that wait for each other are run to the end in every order', async () => {
  const found = await explore(caseUrl('spin-wait'), { preemptions: 2, runs: 2000, seed: 1 });
  strictEqual(found.complete, true);
  ok(found.runs > 20, `only ${found.runs} runs`);
  ok((found.points.get('latch.wait') ?? 0) > 0, 'some run had to wait');
});
