/**
 * Random joins, subqueries, set operations and WITH over random tables, through generated code, the direct evaluator and PostgreSQL
 * (PGlite).
 *   SCRATCHBIRD_SEED=n     the stories from this seed on      SCRATCHBIRD_STORIES=n   so many
 */

import { fail, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { randomFrom } from '../../engine/sblr/source-fixture.ts';
import { startPeer } from '../oracle/postgresql.ts';
import { JoinChanges } from './random-join-changes.ts';
import { randomTable } from './random-schema.ts';
import { Statements } from './random-statements.ts';
import { define, type Step } from './step.ts';
import { newTally, scriptOf, shrink, type Story, Teller } from './story.ts';
import { tree } from './tree.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? 1);
const STORIES = Number(process.env.SCRATCHBIRD_STORIES ?? 5);
const STEPS = 70;
const SHRINK_MS = Number(process.env.SCRATCHBIRD_SHRINK_MS ?? 30_000);

/** Three tables, some of them analysed; queries over them, and now and then a change or an index. */
function joinStory(seed: number): Story {
  const random = randomFrom(seed);
  const statements = new Statements(random);
  const made = ['ta', 'tb', 'tc'].map((name) => randomTable(random, name));
  const tables = made.map(({ table }) => table);
  const queries = new JoinChanges(random, tables);
  const steps: Step[] = [];
  for (const { table, create } of made) {
    steps.push(define(table.name, create));
    if (random() < 0.4) steps.push(statements.index(table));
    for (let at = 0; at < 4; at++) steps.push(statements.insert(table, 8));
    if (random() < 0.4) steps.push(statements.index(table));
    if (random() < 0.5) steps.push(define(table.name, tree('', `analyze ${table.name}`)));
  }
  while (steps.length < STEPS) {
    const table = tables[Math.floor(random() * tables.length)];
    const draw = random();
    steps.push(draw < 0.8 ? queries.joining(table) : draw < 0.9 ? queries.changing(table) : statements.any(table));
  }
  return { seed, tables: tables.map(({ name }) => name), steps };
}

test('random queries over several relations have one answer: generated code, direct evaluation, PostgreSQL', async () => {
  console.log(`joins: SCRATCHBIRD_SEED=${SEED} SCRATCHBIRD_STORIES=${STORIES}`);
  const tally = newTally();
  const peer = await startPeer();
  try {
    for (let seed = SEED; seed < SEED + STORIES; seed++) {
      const story = joinStory(seed);
      const failure = await new Teller(peer, tally).tell(story);
      if (failure === null) continue;
      const [small, why] = await shrink(story, failure, peer, SHRINK_MS);
      fail(`SCRATCHBIRD_SEED=${seed} SCRATCHBIRD_STORIES=1: ${why.why}\n\n${scriptOf(small)}\n`);
    }
  } finally {
    await peer.close();
  }
  const codes = [...tally.codes].sort((a, b) => b[1] - a[1]).map(([code, count]) => `${code} ${count}`);
  console.log(
    `joins: ${STORIES} stories, ${tally.statements} statements in ${tally.runs} runs, ${tally.rows} rows, ${tally.errors} errors, ` +
      `${tally.undecided} undecided, ${tally.refused} refused\n  ${codes.join(', ')}`,
  );
  ok(tally.errors < tally.runs / 2, 'most statements should have an answer');
  ok(tally.refused <= 2 + STORIES / 3, 'too many stories end early');
});
