/** SQL stories on the simulated disk (sql-story.ts), as many as fit an ordinary test run. `SCRATCHBIRD_SEED=n` runs that one. */

import { ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { runSeeds } from './simulated-run.ts';

const ONE = process.env.SCRATCHBIRD_SEED;
const FIRST = ONE === undefined ? 1 + Math.floor(Math.random() * 1e6) : Number(ONE);
const SEEDS = ONE === undefined ? 40 : 1;
/** A busy machine runs fewer of them. */
const TIME_MS = 10_000;

test(`SM-W: whatever the disk does, SQL loses no acknowledged commit and reads nothing wrong (SCRATCHBIRD_SEED=${FIRST})`, async () => {
  const { failure, seeds, ...sum } = await runSeeds(FIRST, SEEDS, () => {}, TIME_MS, 'sql');
  console.log(`${seeds} seeds from ${FIRST} on: ${JSON.stringify(sum)}`);
  strictEqual(failure, null, failure ?? '');
  ok(seeds > 0 && sum.commits > 0, 'stories were told to their end');
});
