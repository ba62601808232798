/** Stories on the simulated disk (story.ts), as many as fit an ordinary test run. `SCRATCHBIRD_SEED=n` runs that one. */

import { ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { runSeeds } from './simulated-run.ts';

const ONE = process.env.SCRATCHBIRD_SEED;
const FIRST = ONE === undefined ? 1 + Math.floor(Math.random() * 1e6) : Number(ONE);
const SEEDS = ONE === undefined ? 400 : 1;
/** A busy machine runs fewer of them. */
const TIME_MS = 25_000;

test(`SM-W: whatever the disk does, no acknowledged commit is lost and no read is wrong (SCRATCHBIRD_SEED=${FIRST})`, async () => {
  const { failure, seeds, ...sum } = await runSeeds(FIRST, SEEDS, () => {}, TIME_MS);
  console.log(`${seeds} seeds from ${FIRST} on: ${JSON.stringify(sum)}`);
  strictEqual(failure, null, failure ?? '');
  ok(seeds > 0 && sum.commits > 0, 'stories were told to their end');
});
