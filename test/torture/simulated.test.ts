/** Stories on the simulated disk (story.ts), as many as fit an ordinary test run. `SCRATCHBIRD_SEED=n` runs that one. */

import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import { newOutcome, runStory, type StoryOutcome } from './story.ts';

const ONE = process.env.SCRATCHBIRD_SEED;
const FIRST = ONE === undefined ? 1 + Math.floor(Math.random() * 1e6) : Number(ONE);
const SEEDS = ONE === undefined ? 300 : 1;
/** A busy machine runs fewer of them. */
const TIME_MS = 45_000;
const LEAST = 20;

test('TX, SM-W: whatever the disk does, no acknowledged commit is lost and no read is wrong', async () => {
  const sum: StoryOutcome = newOutcome();
  const began = performance.now();
  let seeds = 0;
  for (; seeds < SEEDS && (seeds < LEAST || performance.now() - began < TIME_MS); seeds++) {
    const outcome = await runStory(FIRST + seeds);
    for (const name of Object.keys(sum) as (keyof StoryOutcome)[]) sum[name] += outcome[name];
  }
  console.log(`${seeds} seeds from ${FIRST} on: ${JSON.stringify(sum)}`);
  if (ONE !== undefined) return;
  ok(sum.commits > 0 && sum.crashes > 0, 'the stories work and crash');
});
