/**
 * Random conditions over random relations, asked in ways that must agree with each other and with PostgreSQL (partition.ts).
 *   SCRATCHBIRD_SEED=n     the stories from this seed on      SCRATCHBIRD_STORIES=n   so many      SCRATCHBIRD_QUESTIONS=n   of each
 */

import { fail, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { open } from '../../engine/api/api.ts';
import type { CostHooks } from '../../engine/plan/optimize/cost.ts';
import { pick, type Random, randomFrom } from '../../engine/sblr/source-fixture.ts';
import { startPeer } from '../oracle/postgresql.ts';
import { Asker, newPartitionTally, Wrong } from './partition.ts';
import { Questions } from './random-questions.ts';
import { randomTable } from './random-schema.ts';
import { Statements } from './random-statements.ts';
import { runPeer, Subject } from './subject.ts';
import { withLiterals } from './tree.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? 1);
const STORIES = Number(process.env.SCRATCHBIRD_STORIES ?? 2);
const QUESTIONS = Number(process.env.SCRATCHBIRD_QUESTIONS ?? 12);

/** Half of the stories have the plans that are cheapest; the others ways that nobody would choose for tables as small as these. */
function randomHooks(random: Random): CostHooks | null {
  if (random() < 0.5) return null;
  const joins = pick(random, [undefined, undefined, ['hash'], ['loop'], ['index'], ['merge'], ['apply']] as const);
  return {
    ...(random() < 0.7 ? { indexes: true } : {}),
    ...(joins === undefined ? {} : { joins }),
    ...(random() < 0.5 ? { order: Math.floor(random() * 1e6) } : {}),
  };
}

test('what a condition leaves, and what it leaves out, is all there is; with and without a plan', async () => {
  console.log(`partitions: SCRATCHBIRD_SEED=${SEED} SCRATCHBIRD_STORIES=${STORIES} SCRATCHBIRD_QUESTIONS=${QUESTIONS}`);
  const tally = newPartitionTally();
  const peer = await startPeer();
  try {
    for (let seed = SEED; seed < SEED + STORIES; seed++) {
      const random = randomFrom(seed);
      const statements = new Statements(random);
      const made = ['ta', 'tb', 'tc'].map((name) => randomTable(random, name));
      const questions = new Questions(
        random,
        made.map(({ table }) => table),
      );
      using db = open(':memory:', { pool: 0, times: 'text', json: 'text', cacheSize: '16MB', analyzeEvery: 0 });
      db.exec("set time zone 'UTC'");
      db.engine.planHooks = randomHooks(random);
      const subject = new Subject(db);
      const script: string[] = [];
      // What ours refuses PostgreSQL does not get: how many values a statement has drawn before it failed is nobody's business.
      const both = async (text: string, table: string, draws = false): Promise<void> => {
        const ours = subject.run({ text, values: [] }, 'array');
        if (ours.error === null) {
          script.push(text);
          const { error } = await runPeer(peer, { text, values: [] });
          // A default that fails may do so although there is no row.
          if (error !== null && !(ours.changes === 0 && /^22/.test(error)))
            fail(`SCRATCHBIRD_SEED=${seed}: PostgreSQL refuses what we do (${error}): ${text}\n\n${script.join(';\n')}`);
        } else if (draws) await both(`select setval('${table}_id_seq', ${300 + script.length * 10}, false)`, table);
      };
      for (const { table, create } of made) {
        await peer.exec(`drop table if exists ${table.name}`);
        await both(withLiterals(create), table.name);
        for (let at = 0; at < 5; at++) {
          const { text, draws } = statements.insert(table, 8);
          await both(withLiterals(text), table.name, draws);
        }
        for (let at = 0; at < 2; at++) {
          if (random() >= 0.6) continue;
          const index = withLiterals(statements.index(table).text);
          const included =
            random() < 0.4 && !index.includes(' using hash ') ? ` include (${pick(random, table.columns).name})` : '';
          await both(index + included, table.name);
        }
        if (random() < 0.5) await both(withLiterals(statements.remove(table).text), table.name);
        if (random() < 0.7) subject.define(`vacuum ${table.name}`);
        // Of these the pages do not say that an index tells enough.
        if (random() < 0.4) await both(withLiterals(statements.insert(table, 8).text), table.name);
        if (random() < 0.4) {
          const names = table.columns.slice(0, 3).map(({ name }) => name);
          subject.define(`create statistics ${table.name}_together on ${names.join(', ')} from ${table.name}`);
        }
        if (random() < 0.5) subject.define(`analyze ${table.name}`);
      }
      const asker = new Asker(subject, peer, tally);
      for (let at = 0; at < QUESTIONS; at++) {
        const question = questions.question(made[at % made.length].table);
        try {
          await asker.about(question, random());
        } catch (error) {
          const why = error instanceof Wrong ? error.message : String((error as Error).stack);
          fail(`SCRATCHBIRD_SEED=${seed} SCRATCHBIRD_STORIES=1: ${why}\n\n${script.join(';\n')};\n`);
        }
      }
    }
  } finally {
    await peer.close();
  }
  const { queries, rows, errors, undecided, refused } = tally;
  console.log(
    `partitions: ${STORIES} stories, ${queries} statements in ${queries} runs, ${rows} rows, ${errors} errors, ${undecided} undecided, ${refused} refused`,
  );
  ok(errors < queries / 2, 'most queries should have an answer');
});
