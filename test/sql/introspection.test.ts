/**
 * What tools ask of a server's catalogs, as recorded from PostgreSQL 15 (shared/corpora/introspection; skipped where that is absent):
 * every statement answers, but for those whose reason stands here.
 */
import { deepStrictEqual, ok } from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Database, open, SqlError } from '../../engine/api/api.ts';

const corpus = ['../../../shared', '../../shared']
  .map((place) => join(import.meta.dirname, place, 'corpora/introspection/postgresql'))
  .find((place) => existsSync(place));
const skip = corpus === undefined ? 'the corpus is not here' : false;
const textOf = (file: string): string => readFileSync(join(corpus ?? '', file), 'utf8');

/** Why a statement of the schema, or one that rests on it, does not run: code and beginning of the message. */
const REASONS: readonly RegExp[] = [
  // Not made yet: materialised views, triggers, PL/pgSQL.
  /^0A000 (CREATE MATERIALIZED VIEW|CREATE TRIGGER|DO|CREATE EXTENSION) /,
  /^0A000 (language plpgsql|ALTER TABLE ENABLE ROW|CREATE POLICY) /,
  // What rests on those.
  /^42P01 (relation|table) "reporting\.cust_mv" does not exist/,
  /^26000|^34000|^25P0[12]/,
  // The recording had several sessions; in one, PostgreSQL says the same.
  /^25001 SET TRANSACTION ISOLATION LEVEL must be called before any query/,
  // Files, databases and locks of a server.
  /^0A000 (COPY with STDIN and STDOUT|(CREATE|DROP) DATABASE|the function pg_advisory_)/,
  /^3D000 database "scratchbird" does not exist/,
];

/** Numbers of the recorded server, and what they were the numbers of. */
const NUMBERS: { readonly [recorded: string]: string } = {
  16389: "'app'::regnamespace",
  16403: "'app.address'::regtype",
  16405: "'app.email'::regtype",
  16407: "'app.invoice_no'::regclass",
  16409: "'app.customers'::regclass",
  16426: "'app.products'::regclass",
  16437: "'app.orders'::regclass",
  16449: "'app.order_items'::regclass",
  16465: "'app.orders_cust_idx'::regclass",
  16476: "'app.base'::regclass",
  16486: "'reporting.order_totals'::regclass",
  16502: "'public.users'::regclass",
  16512: "'public.posts'::regclass",
  16526: "'public.v_posts'::regclass",
};

/** Statements of the schema end with a line; dollars hold functions together. */
function schemaStatements(): string[] {
  const found: string[] = [];
  let text = '';
  for (const line of textOf('schema.sql').split('\n')) {
    text += `${line}\n`;
    if (!line.trimEnd().endsWith(';') || (text.match(/\$\$/g)?.length ?? 0) % 2 === 1) continue;
    found.push(text);
    text = '';
  }
  return found;
}

const recorded = (file: string): string[] =>
  textOf(file)
    .split(/^-- (?:@|===).*$/m)
    .map((text) => text.trim().replace(/;$/, ''))
    .filter((text) => text !== '');

const SEVERAL = 'cannot insert multiple commands into a prepared statement';

function scriptFailure(db: Database, text: string): string | null {
  try {
    db.exec(text);
    return null;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return `${error.code} ${error.message}`;
  }
}

/** Null: it has answered. */
function failure(db: Database, text: string): string | null {
  try {
    const statement = db.prepare(text);
    // Values that the tool bound are another matter: that it can be prepared is enough.
    if (/\$\d/.test(text)) return null;
    if (statement.reader) statement.all();
    else statement.run();
    return null;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    if (error.message === SEVERAL) return scriptFailure(db, text);
    return `${error.code} ${error.message}`;
  }
}

function openShop(): { db: Database; numbers: ReadonlyMap<string, string> } {
  const db = open(':memory:', { pool: 0 });
  for (const text of schemaStatements()) {
    const found = failure(db, text);
    if (found !== null)
      ok(
        REASONS.some((one) => one.test(found)),
        `${found}: ${text}`,
      );
  }
  const numbers = new Map<string, string>();
  for (const [number, name] of Object.entries(NUMBERS)) {
    const rows = db.prepare<[number]>(`select (${name})::oid`).raw().all();
    numbers.set(number, String(rows[0][0]));
  }
  return { db, numbers };
}

/** Tools that only ask: their statements leave nothing behind. */
const TOOLS = ['psql', 'pg_dump', 'drizzle_kit', 'pgcli', 'sqlalchemy', 'sequelize_auto'];

test('what tools ask of catalogs is answered, but for what is named', { skip }, () => {
  for (const tool of TOOLS) {
    const { db, numbers } = openShop();
    using _ = db;
    const wrong = recorded(`${tool}.sql`).flatMap((text) => {
      const own = text.replace(/\b16\d{3}\b/g, (number) => numbers.get(number) ?? number);
      const found = failure(db, own);
      return found === null || REASONS.some((one) => one.test(found)) ? [] : [`${found}: ${text.slice(0, 200)}`];
    });
    deepStrictEqual(wrong, [], tool);
  }
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
