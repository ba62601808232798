/**
 * What tools ask of a server's catalogs, as recorded from PostgreSQL 15 (recorded.ts; skipped where the corpus is absent): embedded,
 * every statement of tools that only ask has the recorded columns and types. test/wire/wire.test.ts runs all of them.
 */

import { deepStrictEqual, ok } from 'node:assert';
import { test } from 'node:test';
import { type Database, open, SqlError } from '../../engine/api/api.ts';
import {
  answerText,
  isListed,
  NUMBERS_QUERY,
  recordedAnswers,
  recordedIn,
  schemaStatements,
  skipRecorded,
  withNumbers,
} from './recorded.ts';

/** Why a statement of the schema does not run: code and beginning of the message. */
const REASONS = [/^0A000 (CREATE MATERIALIZED VIEW|CREATE TRIGGER|language plpgsql) /, /^42P01 relation "reporting\.cust_mv"/];

function openShop(): Database {
  const db = open(':memory:', { pool: 0 });
  for (const text of schemaStatements()) {
    try {
      db.exec(text);
    } catch (error) {
      const { code, message } = error as SqlError;
      ok(
        REASONS.some((one) => one.test(`${code} ${message}`)),
        `${code} ${message}: ${text}`,
      );
    }
  }
  return db;
}

/** Types that somebody has made are called otherwise. */
const numberOf = (db: Database, type: string): number =>
  Number(db.prepare<[string]>('select coalesce(to_regtype($1)::oid::int, 16384)').raw().all(type)[0][0]);

/** The columns of a query as its line has them; null: it is none, or names what an earlier statement of its run has made. */
function columnsOf(db: Database, text: string): string | null {
  try {
    const statement = db.prepare(text);
    if (!statement.reader) return null;
    const columns = statement.columns().map(({ name, type }) => ({ name, type: numberOf(db, type), modifier: -1 }));
    return answerText('', columns).trim();
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return ['26000', '34000'].includes(error.code) ? null : `! ${error.code} ${error.message}`;
  }
}

/** A line without the command and modifiers. */
const plainLine = (line: string): string => line.replace(/^[A-Z]+ ?/, '').replace(/(:(?:\d+|user)):\d+/g, '$1');

/** Tools that only ask: their statements leave nothing behind. */
const TOOLS = ['psql', 'pg_dump', 'drizzle_kit', 'pgcli', 'sequelize_auto'];

test('what tools ask of catalogs has the columns and types that PostgreSQL 15 gave', { skip: skipRecorded }, () => {
  using db = openShop();
  const numbers = db.prepare<Record<string, string>>(NUMBERS_QUERY).get() ?? {};
  const known = recordedAnswers();
  let queries = 0;
  for (const tool of TOOLS) {
    const wrong = recordedIn(tool).flatMap(({ text }, place) => {
      const wanted = known.get(tool)?.[place] ?? '';
      if (!/^SELECT\b/.test(wanted) || wanted.includes(' | ') || isListed(tool, place)) return [];
      const given = columnsOf(db, withNumbers(text, numbers));
      if (given === null) return [];
      queries++;
      return given === plainLine(wanted) ? [] : [{ place, text: text.slice(0, 200), given, wanted }];
    });
    deepStrictEqual(wrong, [], tool);
  }
  ok(queries > 250, `${queries} queries`);
});

test('the columns of catalogs and information_schema are read by * and by name, and can be joined', { skip: false }, () => {
  using db = open(':memory:', { pool: 0 });
  db.exec('create schema app; create table app.a (id int primary key, b text default $$x$$, check (id > 0))');
  db.exec('create table app.c (a int references app.a on delete cascade); comment on table app.a is $$first$$');
  const one = (text: string): unknown => db.prepare(text).raw().all();
  deepStrictEqual(
    one(`select c.relname, a.attname, format_type(a.atttypid, a.atttypmod) from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.oid = 'app.a'::regclass and a.attnum > 0 order by a.attnum`),
    [
      ['a', 'id', 'integer'],
      ['a', 'b', 'text'],
    ],
  );
  deepStrictEqual(one("select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'app.c'::regclass"), [
    ['FOREIGN KEY (a) REFERENCES app.a(id) ON DELETE CASCADE'],
  ]);
  deepStrictEqual(
    one("select conrelid::regclass::text from pg_constraint where confrelid = 'app.a'::regclass and contype = 'f'"),
    [['app.c']],
  );
  deepStrictEqual(one("select obj_description('app.a'::regclass, 'pg_class')"), [['first']]);
  deepStrictEqual(one("select tableoid::regclass::text, relname from pg_class where relname ~ '^(a)$' and relkind = 'r'"), [
    ['pg_class', 'a'],
  ]);
  deepStrictEqual(one("select delete_rule from information_schema.referential_constraints where constraint_schema = 'app'"), [
    ['CASCADE'],
  ]);
});
