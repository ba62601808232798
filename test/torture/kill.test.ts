/** A few rounds of the real thing: kill -9, recover, compare. `npm run torture` runs more of them. */

import { ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { runRounds } from './rounds.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 1e6));

test(`kill -9 under load loses nothing that was acknowledged (SCRATCHBIRD_SEED=${SEED})`, async () => {
  const { totals, failure } = await runRounds({ seed: SEED, seconds: 8, rounds: 6, part: 'kernel', progress: () => {} });
  strictEqual(failure, null, failure ?? '');
  ok(totals.commits > 0 && totals.kills > 0, 'something was committed and killed');
});
