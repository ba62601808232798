/** A few rounds over the wire, and a few seconds of every kind of load: `npm run torture -- --wire`, `-- --soak` do more of them. */

import { ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { runWireRounds } from './wire-rounds.ts';
import { runSoak } from './wire-soak.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 1e6));

test(`kill -9 of a server loses nothing that was acknowledged over the wire (SCRATCHBIRD_SEED=${SEED})`, async () => {
  const { totals, failure } = await runWireRounds(SEED, 2, 60, () => {});
  strictEqual(failure, null, failure ?? '');
  ok(totals.transfers > 0 && totals.rounds === 2);
});

test(`a mixed load over the wire leaves what it should (SCRATCHBIRD_SEED=${SEED})`, async () => {
  const { done, failure } = await runSoak(2, SEED);
  strictEqual(failure, null, failure ?? '');
  ok(done.size > 8, [...done.keys()].join(', '));
});
