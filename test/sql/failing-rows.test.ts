/** Rows that constraints refuse: the error is PostgreSQL's, with the row as it would have been. Compared with PGlite. */

import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type Database, open, SqlError } from '../../engine/api/api.ts';
import { openPostgreSQL } from '../peer/postgresql.ts';
import { lines } from './lines.ts';
import { SMALL } from './with-database.ts';

const SCHEMA = `
  create table r (id int primary key, a int not null, b text check (b <> 'no'), n numeric(8,2) default 1.5, w numeric default 2.50,
    f float8 default 0.1, ok bool default true, d date default '2020-02-03', ts timestamp default '2020-02-03 04:05:06.5',
    i interval default '1 day 02:03', u uuid, y bytea default '\\x01ff', c char(3) default 'x', j jsonb default '{"k": [1]}',
    g int generated always as (a * 2) stored, l int[] default '{1,null}', constraint pair check (a < 100 or ok));
  create table s (a int not null, b int not null, check (a + b > 0));
  create unique index on r ((b || 'x'));
  create view v as select a, b from s where a > 10 with check option;
  insert into r (id, a, b) values (1, 1, 'one'), (2, 2, null);
  insert into s values (11, 1)`;

const REFUSED = lines(`
insert into r (id) values (3)
insert into r (id, a, b) values (3, 4, 'no')
insert into r (id, a, ok) values (3, 400, false)
insert into r (id, a, b, ok) values (3, null, 'no', false)
insert into r (id, a, b, n, f, u, y, c, d, ts) values (3, 4, 'no', 12.5, 'NaN', '00000000-0000-0000-0000-000000000001', null, 'abc', 'infinity', null)
insert into r (id, a, b) select id + 10, a, 'no' from r
insert into r (id, a, b) values (1, 4, 'two') on conflict (id) do update set a = null
insert into r (id, a, b) values (1, 4, 'two') on conflict (id) do update set b = 'no', a = excluded.a
insert into r (id, a, b) values (5, 5, repeat('é', 50) || ' no'), (6, null, repeat('é', 50))
update r set a = null where id = 1
update r set b = 'no' where id = 2
update r set a = 100 + id, ok = false where id = 1
update r set (a, b) = (select null::int, 'x') where id = 1
insert into s values (1, null)
insert into s values (-1, 0)
update s set b = -20
insert into v values (1, 2)
update v set a = 1
merge into s using (values (11), (12)) as x(k) on s.a = x.k when matched then update set b = null when not matched then insert values (k, 1)
`);

/** code, message and detail of the error; null: there is none. */
function ours(db: Database, sql: string): unknown {
  try {
    db.exec(sql);
    return null;
  } catch (error) {
    ok(error instanceof SqlError, `${sql}: ${error}`);
    return [error.code, error.message, error.detail];
  }
}

test('errors of NOT NULL, CHECK and view options show the row as PostgreSQL shows it', async () => {
  using db = open(':memory:', SMALL);
  await using peer = await openPostgreSQL();
  db.exec(SCHEMA);
  await peer.exec(SCHEMA);
  for (const sql of REFUSED) {
    const theirs = await peer.exec(sql).then(
      () => null,
      (error) => [error.code, error.message, error.detail],
    );
    deepStrictEqual(ours(db, sql), theirs, sql);
  }
  // With values that are given apart, too.
  const insert = db.prepare('insert into s values ($1, $2)');
  for (const given of [
    [null, 1],
    [1, null],
    [-1, 1],
  ]) {
    let detail: string | undefined;
    try {
      insert.run(given);
    } catch (error) {
      detail = (error as SqlError).detail;
    }
    strictEqual(detail, `Failing row contains (${given.map((one) => one ?? 'null').join(', ')}).`);
  }
});

test('whoever may not read the table is not shown its rows', () => {
  using db = open(':memory:', SMALL);
  db.exec(SCHEMA);
  db.exec('create role writer; grant insert, update on s to writer; create role reader; grant insert, select on s to reader');
  db.exec('set role writer');
  deepStrictEqual(ours(db, 'insert into s values (1, null)'), [
    '23502',
    'null value in column "b" of relation "s" violates not-null constraint',
    undefined,
  ]);
  strictEqual((ours(db, 'update s set b = -20') as unknown[])[2], undefined);
  db.exec('reset role; set role reader');
  strictEqual((ours(db, 'insert into s values (1, null)') as unknown[])[2], 'Failing row contains (1, null).');
});

test('a duplicate key of a row whose array lies in pages of its own', () => {
  using db = open(':memory:', { pool: 0 });
  db.exec('create table long (tags text[], id int unique)');
  const tags = Array.from({ length: 400 }, (_, at) => createHash('sha256').update(`${at}`).digest('hex'));
  for (const id of [1, 2]) db.prepare('insert into long values ($1, $2)').run(tags, id);
  const duplicate = { code: '23505', detail: 'Key (id)=(1) already exists.' };
  throws(() => db.prepare('insert into long values ($1, 1)').run(tags), duplicate);
  throws(() => db.prepare('update long set id = 1 where id = 2').run(), duplicate);
});
