/** The anomalies of isolation (anomalies.ts) from real threads, at each level. */

import { strictEqual } from 'node:assert';
import { test } from 'node:test';
import { playAnomalies } from './anomalies.ts';
import { withThreads } from './threads.ts';
import { problemsOf, withDatabase } from './with-database.ts';

test(
  'isolation anomalies: at each level nothing happens that PostgreSQL prevents there, and 40001 comes where it must',
  withDatabase(
    async (db) => {
      await withThreads(db, 3, async (...threads) => {
        await playAnomalies(
          threads,
          (text) => db.exec(text),
          (text) => db.prepare(text).all(),
        );
        strictEqual(problemsOf(db), '');
      });
    },
    { durability: 'off' },
  ),
);
