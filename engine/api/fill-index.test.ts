/** Indexes made over rows that are there: in the order of their keys or not, changed, deleted, moved, NULL, of older layouts. */

import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { open } from './api.ts';

const ROWS = 300;

/** What is done to a table of rows 1 to ROWS before its index is made. */
const STORIES: { readonly [story: string]: readonly string[] } = {
  'in order': [],
  'from the last to the first': ['update t set k = -k'],
  'all in disorder': ['update t set k = (k * 7919) % 100003'],
  'with one out of order at the end': ['insert into t values (0, 3, 0, 0, null)'],
  'with equal keys': ['update t set k = k / 3, b = b / 3, n = n / 3'],
  'with gaps': ['delete from t where id % 3 = 0'],
  'with rows that have moved': [`update t set note = repeat('x', 1500) where id % 10 = 0`],
  'with a column that came later': [
    'alter table t add column late int default 7',
    'insert into t values (9999, 9999, 9999, 9999, null, 8)',
  ],
  'with NULLs': [
    'alter table t alter column k drop not null',
    'update t set k = null, b = null, n = null where id in (5, 200, 201)',
  ],
};

const INDEXED = ['k', 'b', 'n', 'note'];
const INDEXES = [...INDEXED, 'k, b'];

test('an index over rows has them all, whatever their order and their past', () => {
  const db = open(':memory:');
  let tables = 0;
  for (const [story, steps] of Object.entries(STORIES)) {
    for (const isCommitted of [true, false]) {
      // Each story has a table of its own, in a schema of its own.
      const place = `s${tables++}`;
      db.exec(`create schema ${place}; set search_path to ${place}`);
      db.exec('create table t (id int, k int not null, b bigint, n numeric(20, 2), note text)');
      db.exec(`insert into t select g, g, g * 10000000000, g + 0.25, 'note ' || g from generate_series(1, ${ROWS}) g`);
      if (!isCommitted) db.exec('begin');
      for (const step of steps) db.exec(step);
      const wanted = db.prepare('select id, k, b, n, note from t order by id').all();
      for (const columns of INDEXES) db.exec(`create index on t (${columns})`);
      if (!isCommitted) db.exec('commit');
      const rows = wanted.filter((_, at) => at % 60 === 0);
      for (const column of INDEXED) {
        const find = db.prepare(`select id from t where ${column} = $1`);
        for (const { id, [column]: value } of rows) {
          const found = find.all(value as number).map((row) => row.id);
          strictEqual(found.includes(id), value !== null, `${story}, by ${column}: ${id}`);
        }
      }
    }
  }
  deepStrictEqual(db.check().problems, []);
  db.close();
});

test('a key that is there twice is named, wherever its rows lie', () => {
  const db = open(':memory:');
  db.exec('create table t (k int not null)');
  db.exec(`insert into t select g from generate_series(1, ${ROWS}) g`);
  db.exec('insert into t values (300)');
  const refused = { code: '23505', detail: 'Key (k)=(300) is duplicated.' };
  throws(() => db.exec('create unique index on t (k)'), refused);
  db.exec('delete from t where k = 300');
  db.exec('create unique index on t (k)');
  db.exec('insert into t values (300)');
  strictEqual(db.prepare('select count(*)::int as count from t').get()?.count, ROWS);
  throws(() => db.exec('insert into t values (1)'), { code: '23505' });
  db.close();
});
