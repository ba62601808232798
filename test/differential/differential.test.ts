/**
 * Random tables, data and statements through generated code, the direct evaluator and PostgreSQL (PGlite).
 *   SCRATCHBIRD_SEED=n     the stories from this seed on      SCRATCHBIRD_STORIES=n   so many
 */

import { fail, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { startPeer } from '../oracle/postgresql.ts';
import { type Failure, newTally, randomStory, scriptOf, shrink, type Story, Teller } from './story.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? 1);
const STORIES = Number(process.env.SCRATCHBIRD_STORIES ?? 16);
const STEPS = 80;
const SHRINK_MS = Number(process.env.SCRATCHBIRD_SHRINK_MS ?? 30_000);

const report = (seed: number, [story, failure]: [Story, Failure]): string =>
  `SCRATCHBIRD_SEED=${seed} SCRATCHBIRD_STORIES=1: ${failure.why}\n\n${scriptOf(story)}\n`;

test('random statements have one answer: generated code, direct evaluation, PostgreSQL', async () => {
  console.log(`differential: SCRATCHBIRD_SEED=${SEED} SCRATCHBIRD_STORIES=${STORIES}`);
  const tally = newTally();
  const peer = await startPeer();
  try {
    for (let number = 0; number < STORIES; number++) {
      const seed = SEED + number;
      const story = randomStory(seed, STEPS);
      const failure = await new Teller(peer, tally).tell(story);
      if (failure !== null) fail(report(seed, await shrink(story, failure, peer, SHRINK_MS)));
    }
  } finally {
    await peer.close();
  }
  const codes = [...tally.codes].sort((a, b) => b[1] - a[1]).map(([code, count]) => `${code} ${count}`);
  console.log(
    `differential: ${STORIES} stories, ${tally.statements} statements in ${tally.runs} runs, ${tally.rows} rows, ${tally.errors} errors, ` +
      `${tally.undecided} undecided, ${tally.refused} refused\n  ${codes.join(', ')}`,
  );
  ok(tally.errors < tally.runs / 2, 'most statements should have an answer');
  ok(tally.undecided < 40 + tally.runs / 50, 'the comparison says too little');
  ok(tally.refused <= 4 + STORIES / 5, 'too many stories end early');
});
