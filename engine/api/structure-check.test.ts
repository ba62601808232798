/** check() beside the threads of the pool: what they collect while it looks is no damage. */

import { deepStrictEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { type Database, open } from './api.ts';

const fill = (db: Database): void => {
  db.exec("insert into t select g, repeat('x', 100) from generate_series(1, 12000) g");
  db.exec('delete from t');
};

test('rows that are collected while it looks at them', async () => {
  await using db = open(':memory:', { pool: 1 });
  db.exec('create table t (id int primary key, v text)');
  fill(db);
  // So much to collect has a thread of the pool started.
  for (let turn = 0; turn < 4800 && db.stats().threads === 1; turn++) await new Promise((resolve) => setTimeout(resolve, 25));
  ok(db.stats().threads > 1);
  fill(db);
  for (let time = 0; time < 4; time++) deepStrictEqual(db.check().problems, []);
});
