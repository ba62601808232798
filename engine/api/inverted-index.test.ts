/** Inverted indexes (gin): what they find is what a scan finds, whatever became of the rows; how they are made and shown. */
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { SqlError } from '../../shm/errors.ts';
import { type Database, open } from './api.ts';

const seed = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Numbers below a limit, the same again from the same seed. */
function numbers(from: number): (limit: number) => number {
  let state = from | 1;
  return (limit) => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    state = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    state ^= state >>> 15;
    return (state >>> 0) % limit;
  };
}

const NAMES = ['a', 'b', 'tags', 'n'];
const TEXTS = ['x', 'y', 'zz', 'a', 'b'];

function someJson(below: (limit: number) => number, depth: number): unknown {
  switch (below(depth > 2 ? 4 : 7)) {
    case 0:
      return below(4);
    case 1:
      return TEXTS[below(TEXTS.length)];
    case 2:
      return [null, true, false, 1.5][below(4)];
    case 3:
      return below(20) === 0 ? 'long '.repeat(3000) : `t${below(9)}`;
    case 4:
      return Array.from({ length: below(4) }, () => someJson(below, depth + 1));
    default:
      return Object.fromEntries(Array.from({ length: below(4) }, () => [NAMES[below(4)], someJson(below, depth + 1)]));
  }
}

const someArray = (below: (limit: number) => number): string =>
  below(12) === 0 ? 'NULL' : `'{${Array.from({ length: below(5) }, () => (below(8) === 0 ? 'NULL' : below(6))).join()}}'`;

const quoted = (value: unknown): string => `'${JSON.stringify(value).replaceAll("'", "''")}'`;

const PATHS = [
  '$.a',
  '$.a.b ? (@ == 1)',
  '$.tags[*] ? (@ == "x" || @ == "t3")',
  '$.n ? (@.a == 2 && exists(@.b))',
  '$.* ? (@ > 1)',
  '$.a ? (!(@ == 1))',
  'strict $.a.b',
  '$.**.b ? (@ == "y")',
  '$.a.type() ? (@ == "number")',
  '$.keyvalue() ? (@.key == "tags")',
];
const TESTS = [
  '$.a == 1',
  '$.a == "x" && $.b != 2',
  '$.tags[*] == 1.5',
  '$.n.a > 0 || $.b == null',
  '$[*] == "a"',
  '!($.a == 1)',
];

/** A condition on a column, and the same where no index is asked. */
function someCondition(below: (limit: number) => number): readonly [string, string] {
  const json = (operator: string, right: string): readonly [string, string] => [
    `j ${operator} ${right}`,
    `(j || '{}'::jsonb) ${operator} ${right}`,
  ];
  const array = (operator: string): readonly [string, string] => {
    const given = someArray(below);
    const right = given === 'NULL' ? "'{}'" : given;
    return [`l ${operator} ${right}::int[]`, `array_remove(l, 99) ${operator} ${right}::int[]`];
  };
  const names = (): string => `array['${TEXTS[below(5)]}', '${NAMES[below(4)]}']`;
  switch (below(9)) {
    case 0:
      return json('?', `'${[...NAMES, ...TEXTS][below(9)]}'`);
    case 1:
      return json(below(2) === 0 ? '?|' : '?&', names());
    case 2:
      return json('@?', `'${PATHS[below(PATHS.length)]}'`);
    case 3:
      return json('@@', `'${TESTS[below(TESTS.length)]}'`);
    case 4:
    case 5:
      return json('@>', quoted(someJson(below, 1)));
    default:
      return array(['@>', '<@', '&&', '='][below(4)]);
  }
}

const idsOf = (db: Database, where: string): unknown =>
  db.prepare(`select id from t where ${where} order by id`).raw().all().flat();

const isObject = "jsonb_typeof(j) = 'object'";

function compare(db: Database, below: (limit: number) => number, times: number): void {
  for (let time = 0; time < times; time++) {
    const [indexed, plain] = someCondition(below);
    const only = indexed.startsWith('j') ? ` and ${isObject}` : '';
    deepStrictEqual(idsOf(db, indexed + only), idsOf(db, plain + only), `seed ${seed}: ${indexed}`);
  }
}

const CHANGES = ['update t set j = $1, l = $2 where id = $3', 'update t set l = $2 where id = $3 and $1 is not null'];

test('conditions find what a scan finds while rows come, change, go, and are taken back', () => {
  using db = open(':memory:', { pool: 0, analyzeEvery: 0 });
  const below = numbers(seed);
  const row = (id: number): string => `(${id}, ${below(15) === 0 ? 'NULL' : quoted(someJson(below, 0))}, ${someArray(below)})`;
  db.exec('create table t (id int primary key, j jsonb, l int[])');
  db.exec(`insert into t values ${Array.from({ length: 150 }, (_, id) => row(id)).join()}`);
  db.exec('create index t_j on t using gin (j); create index t_l on t using gin (l, j jsonb_path_ops)');
  db.exec(`insert into t values ${Array.from({ length: 150 }, (_, id) => row(150 + id)).join()}`);
  for (let round = 0; round < 8; round++) {
    db.exec('begin');
    for (let at = 0; at < 25; at++) {
      const id = below(300);
      if (below(4) === 0)
        db.exec(`savepoint s; delete from t where id = ${id}; ${below(2) === 0 ? 'rollback to s' : 'release s'}`);
      else {
        const list = someArray(below);
        const change = CHANGES[below(2)]
          .replace('$1', quoted(someJson(below, 0)))
          .replace('$2', list)
          .replace('$3', String(id));
        db.exec(below(3) === 0 ? `savepoint s; ${change}; rollback to s; ${change}` : change);
      }
    }
    compare(db, below, 6);
    db.exec(below(2) === 0 ? 'commit' : 'rollback');
    compare(db, below, 6);
  }
  db.exec('vacuum');
  compare(db, below, 10);
  deepStrictEqual(db.check().problems, []);
});

test('an older snapshot finds what rows were, also after an update that was taken back', async () => {
  using db = open(':memory:', { pool: 0, analyzeEvery: 0 });
  db.exec('create table t (id int primary key, j jsonb, pad text); create index t_j on t using gin (j)');
  db.exec(`insert into t select g, jsonb_build_object('k', g % 50), repeat('x', 90) from generate_series(1, 2000) g; analyze t`);
  match(db.prepare(`explain select id, pad from t where j @> '{"k": 7}'`).raw().all().join('\n'), /TokenSearch using t_j/);
  await using old = db.session();
  const seen = async (): Promise<number> => (await old.run(`select id, pad from t where j @> '{"k": 7}'`)).rows.length;
  await old.run('begin isolation level repeatable read');
  strictEqual(await seen(), 40);
  db.exec(`update t set j = '{"k": 8}' where j @> '{"k": 7}'`);
  db.exec(`begin; update t set j = '{"k": 7}' where j @> '{"k": 8}'; rollback`);
  strictEqual(await seen(), 40);
  db.exec(`delete from t where j @> '{"k": 8}'`);
  strictEqual(await seen(), 40);
  await old.run('commit');
  strictEqual(await seen(), 0);
  deepStrictEqual(db.check().problems, []);
});

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['unique index on t using gin (j)', '0A000', 'access method "gin" does not support unique indexes'],
  ['index on t using gin (j desc)', '0A000', 'access method "gin" does not support ASC/DESC options'],
  ['index on t using gin (j) include (id)', '0A000', 'access method "gin" does not support included columns'],
  ['index on t using gin (id)', '42704', 'data type integer has no default operator class for access method "gin"'],
  ['index on t using gin (j wrong_ops)', '42704', 'operator class "wrong_ops" does not exist for access method "gin"'],
  ['index on t using gin (l jsonb_ops)', '42804', 'operator class "jsonb_ops" does not accept data type integer[]'],
  ['index on t using gist (l)', '0A000', 'access method "gist" is not supported'],
];

test('gin indexes are made, refused and shown as in PostgreSQL', () => {
  using db = open(':memory:', { pool: 0 });
  db.exec('create table t (id int, j jsonb, l int[])');
  for (const [sql, code, message] of REFUSED) {
    try {
      db.exec(`create ${sql}`);
      strictEqual(sql, 'refused');
    } catch (error) {
      deepStrictEqual([(error as SqlError).code, (error as SqlError).message], [code, message]);
    }
  }
  db.exec(
    `create index on t using gin (j, l array_ops, (j -> 'a') jsonb_path_ops) where id > 0; create table u (like t including indexes)`,
  );
  db.exec('create table p (id int, j jsonb) partition by list (id); create table p1 partition of p for values in (1)');
  db.exec('create index on p using gin (j jsonb_path_ops)');
  deepStrictEqual(db.prepare(`select indexdef from pg_indexes where schemaname = 'public' order by 1`).raw().all().flat(), [
    'CREATE INDEX p1_j_idx ON public.p1 USING gin (j jsonb_path_ops)',
    'CREATE INDEX p_j_idx ON ONLY public.p USING gin (j jsonb_path_ops)',
    "CREATE INDEX t_j_l_expr_idx ON public.t USING gin (j, l, ((j -> 'a'::text)) jsonb_path_ops) WHERE (id > 0)",
    "CREATE INDEX u_j_l_expr_idx ON public.u USING gin (j, l, ((j -> 'a'::text)) jsonb_path_ops) WHERE (id > 0)",
  ]);
  const about = db.prepare(
    `select am.amname, array_agg(o.opcname order by n) from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am am on am.oid = c.relam,
       unnest(i.indclass::oid[]) with ordinality k (class, n) join pg_opclass o on o.oid = k.class
     where c.relname = 't_j_l_expr_idx' group by 1`,
  );
  deepStrictEqual(about.raw().all(), [['gin', ['jsonb_ops', 'array_ops', 'jsonb_path_ops']]]);
  db.exec('reindex table t; truncate t; alter table t drop column l');
  deepStrictEqual(db.check().problems, []);
});
