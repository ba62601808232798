/** Expressions of the catalog as PostgreSQL 15 showed them: with all parentheses, and pretty. */

import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { open } from '../../engine/api/api.ts';
import { baseTypes, typeOid as catalogOid } from '../../engine/catalog/virtual/describe.ts';
import { typeOid } from './types.ts';

const COLUMNS = `id int primary key, b bigint default 5, s smallint default -1, n numeric(8,2) default 1.5, v varchar(20) default 'x',
  t text default 'a' || 'b', c char(4) default 'q', d date default '2020-01-01', ts timestamptz default now(), f float8 default 1,
  j jsonb default '{}', a int[] default '{1,2}', bo bool default true, cd timestamp default current_timestamp, nn int default null,
  q int default nextval('numbers'::regclass), 
  g numeric(10,3) generated always as (n * 2 + id) stored, g2 text generated always as (case when id > 0 then 'p' else v end) stored`;

/** pg_get_expr() of defaults and generated columns, by column; not pretty, and pretty where that is another text. */
const DEFAULTS: readonly (readonly string[])[] = [
  ['b', '5'],
  ['s', "'-1'::integer"],
  ['n', '1.5'],
  ['v', "'x'::character varying"],
  ['t', "('a'::text || 'b'::text)", "'a'::text || 'b'::text"],
  ['c', "'q'::bpchar"],
  ['d', "'2020-01-01'::date"],
  ['ts', 'now()'],
  ['f', '1'],
  ['j', "'{}'::jsonb"],
  ['a', "'{1,2}'::integer[]"],
  ['bo', 'true'],
  ['cd', 'CURRENT_TIMESTAMP'],
  ['q', "nextval('numbers'::regclass)"],
  ['g', '((n * (2)::numeric) + (id)::numeric)', '(n * 2::numeric + id::numeric)'],
  [
    'g2',
    "\nCASE\n    WHEN (id > 0) THEN 'p'::character varying\n    ELSE v\nEND",
    "\nCASE\n    WHEN id > 0 THEN 'p'::character varying\n    ELSE v\nEND",
  ],
];

/** As it was written, pg_get_constraintdef(), the same pretty. */
const CHECKS: readonly (readonly [string, string, string])[] = [
  ['id > 0 and b < 100 or s is not null', '(((id > 0) AND (b < 100)) OR (s IS NOT NULL))', 'id > 0 AND b < 100 OR s IS NOT NULL'],
  ["t like 'x%' and v not ilike 'y%'", "((t ~~ 'x%'::text) AND ((v)::text !~~* 'y%'::text))", "t ~~ 'x%'::text AND v::text !~~* 'y%'::text"],
  ['not (bo and id = 3)', '(NOT (bo AND (id = 3)))', 'NOT (bo AND id = 3)'],
  ["coalesce(t, v) <> ''", "(COALESCE(t, (v)::text) <> ''::text)", "COALESCE(t, v::text) <> ''::text"],
  ["lower(v) = 'x' or length(t) < 10", "((lower((v)::text) = 'x'::text) OR (length(t) < 10))", "lower(v::text) = 'x'::text OR length(t) < 10"],
  ['t is distinct from v', '(t IS DISTINCT FROM (v)::text)', 't IS DISTINCT FROM v::text'],
  ["cd at time zone 'UTC' < ts", "((cd AT TIME ZONE 'UTC'::text) < ts)", "(cd AT TIME ZONE 'UTC'::text) < ts"],
  ["t || v || 'q' <> ''", "(((t || (v)::text) || 'q'::text) <> ''::text)", "((t || v::text) || 'q'::text) <> ''::text"],
  ['b + id > 3.5', '(((b + id))::numeric > 3.5)', '(b + id)::numeric > 3.5'],
  ["d > '2000-01-01' and d < date '2100-01-01'", "((d > '2000-01-01'::date) AND (d < '2100-01-01'::date))", "d > '2000-01-01'::date AND d < '2100-01-01'::date"],
  ['f >= 1', '(f >= (1)::double precision)', 'f >= 1::double precision'],
  ['n between 0 and 100', '((n >= (0)::numeric) AND (n <= (100)::numeric))', 'n >= 0::numeric AND n <= 100::numeric'],
  ['t collate "C" < \'z\'', '((t COLLATE "C") < \'z\'::text)', '(t COLLATE "C") < \'z\'::text'],
  ["v in ('a', 'b')", "((v)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))", "v::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[])"],
  ['id not in (4, 5)', '(id <> ALL (ARRAY[4, 5]))', 'id <> ALL (ARRAY[4, 5])'],
  ['a[1] > 0', '(a[1] > 0)', 'a[1] > 0'],
  ['bo', 'bo', 'bo'],
  ['bo is true', '(bo IS TRUE)', 'bo IS TRUE'],
  ['extract(year from d) > 1999', '(EXTRACT(year FROM d) > (1999)::numeric)', 'EXTRACT(year FROM d) > 1999::numeric'],
  ['n > -5', "(n > ('-5'::integer)::numeric)", "n > '-5'::integer::numeric"],
  ['n::int > 3', '((n)::integer > 3)', 'n::integer > 3'],
  ["substring(t, 1, 2) = 'ab'", "(\"substring\"(t, 1, 2) = 'ab'::text)", "\"substring\"(t, 1, 2) = 'ab'::text"],
  ['(id + 2) * 3 - 1 > 4 - (2 - id)', '((((id + 2) * 3) - 1) > (4 - (2 - id)))', '((id + 2) * 3 - 1) > (4 - (2 - id))'],
  ['-id < 0', '((- id) < 0)', '(- id) < 0'],
  ['nullif(id, 3) > greatest(id, s)', '(NULLIF(id, 3) > GREATEST(id, (s)::integer))', 'NULLIF(id, 3) > GREATEST(id, s::integer)'],
]; // biome-ignore format: a table

test('expressions are shown with the conversions that nobody wrote, and with the parentheses of PostgreSQL', () => {
  using db = open(':memory:', { pool: 0 });
  const checks = CHECKS.map(([text], index) => `constraint c${100 + index} check (${text})`);
  db.exec(`create sequence numbers; create table shown (${COLUMNS}, ${checks.join(', ')}); create domain positive as int check (value > 0);
    create index on shown ((id + 1), lower(v)) where id > 5 and bo`);
  const rows = (text: string): unknown[] => db.prepare(text).raw().all();
  const defaults = rows(`select attname, pg_get_expr(adbin, adrelid), pg_get_expr(adbin, adrelid, true) from pg_attrdef
    join pg_attribute on attrelid = adrelid and attnum = adnum where adrelid = 'shown'::regclass order by adnum`);
  deepEqual(
    defaults,
    DEFAULTS.map(([name, plain, pretty = plain]) => [name, plain, pretty]),
  );
  const constraints = rows(`select pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) from pg_constraint
    where conrelid = 'shown'::regclass and contype = 'c' order by conname`);
  deepEqual(
    constraints,
    CHECKS.map(([, plain, pretty]) => [`CHECK (${plain})`, `CHECK (${pretty})`]),
  );
  deepEqual(
    rows(
      "select pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) from pg_constraint where contypid = 'positive'::regtype",
    ),
    [['CHECK ((VALUE > 0))', 'CHECK (VALUE > 0)']],
  );
  deepEqual(
    rows(
      "select pg_get_indexdef(indexrelid), pg_get_indexdef(indexrelid, 0, true) from pg_index where not indisunique and indrelid = 'shown'::regclass",
    ),
    [
      [
        'CREATE INDEX shown_expr_lower_idx ON public.shown USING btree (((id + 1)), lower((v)::text)) WHERE ((id > 5) AND bo)',
        'CREATE INDEX shown_expr_lower_idx ON shown USING btree ((id + 1), lower(v::text)) WHERE id > 5 AND bo',
      ],
    ],
  );
});

test('clients are told the numbers of types that the catalog has', () => {
  const isTold = (name: string): boolean => !name.startsWith('any') && name !== 'unknown';
  for (const [name] of baseTypes().filter(([one]) => isTold(one))) {
    deepEqual([name, typeOid(name)], [name, catalogOid(name)]);
    if (catalogOid(`${name}[]`) !== 2287) deepEqual([`${name}[]`, typeOid(`${name}[]`)], [`${name}[]`, catalogOid(`${name}[]`)]);
  }
});
