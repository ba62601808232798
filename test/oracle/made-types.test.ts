/** Arrays, enums, domains, rows and ranges: what the engine and the direct evaluator answer is what PostgreSQL answers. */

import { deepStrictEqual, match, throws } from 'node:assert';
import { after, before, test } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import type { Database } from '../../engine/api/api.ts';
import { ARRAY_TABLES, ARRAY_VALUES } from './made-types-arrays.ts';
import { DOMAINS, ENUMS, MIXED, RANGES, ROWS } from './made-types-others.ts';
import { OracleDatabase, openEngine, runEngine, runOurs, runTheirs, startPeer } from './postgresql.ts';

let peer: PGlite;
let engine: Database;
before(async () => {
  peer = await startPeer();
  engine = openEngine();
});
after(() => {
  engine.close();
  return peer.close();
});

/** Where the answers differ. */
async function differences(statements: readonly string[], isPure: boolean): Promise<string[]> {
  const wrong: string[] = [];
  const direct = new OracleDatabase();
  for (const text of statements) {
    const theirs = await runTheirs(text, peer);
    const isText = isPure && text.endsWith('::text');
    const ours = [runEngine(text, engine), ...(isText ? [runOurs(text, direct)] : [])];
    for (const answer of ours) if (answer !== theirs) wrong.push(`${text}\n  ours   ${answer}\n  theirs ${theirs}`);
  }
  return wrong;
}

test('arrays as values are what they are in PostgreSQL', async () => {
  deepStrictEqual(await differences(ARRAY_VALUES, true), []);
});

test('arrays in tables are stored, changed, indexed, sorted and grouped as in PostgreSQL', async () => {
  deepStrictEqual(await differences(ARRAY_TABLES, false), []);
});

test("what is wrong with an array is said in PostgreSQL's words", () => {
  const said = (text: string, message: string, detail?: string): void =>
    throws(() => engine.prepare(text).all(), { message, ...(detail === undefined ? {} : { detail }) });
  said(`select '{1,2'::int[]`, 'malformed array literal: "{1,2"', 'Unexpected end of input.');
  said(`select '1'::int[]`, 'malformed array literal: "1"', 'Array value must start with "{" or dimension information.');
  said(`select array[1] || array['a']::text[]`, 'operator does not exist: integer[] || text[]');
  said('select array[1, true]', 'ARRAY types integer and boolean cannot be matched');
});

test('programs give and get arrays as arrays', () => {
  const row = engine.prepare('select $1::int[] as a, $2::text[] as t, $3::date[] as d, $4::int[] as none').get(
    [
      [1, 2],
      [3, null],
    ],
    ['x', null, 'y z'],
    ['2026-01-02'],
    [],
  ) as { [name: string]: unknown };
  deepStrictEqual(row, {
    a: [
      [1, 2],
      [3, null],
    ],
    t: ['x', null, 'y z'],
    d: ['2026-01-02'],
    none: [],
  });
  deepStrictEqual(
    engine.prepare('select x from generate_series(1, 9) x where x = any($1) order by x').raw().all(Int32Array.of(2, 5)),
    [[2], [5]],
  );
  throws(() => engine.prepare('select $1::int[]').get([[1], [2, 3]]), { code: '2202E' });
  throws(() => engine.prepare('select $1::int[]').get([1, 'x']), { code: '22P02' });
});

for (const [name, statements] of Object.entries({
  enums: ENUMS,
  domains: DOMAINS,
  rows: ROWS,
  ranges: RANGES,
  'all of them': MIXED,
})) {
  test(`${name} are what they are in PostgreSQL`, async () => {
    deepStrictEqual(await differences(statements, false), []);
  });
}

test('a statement that is kept knows of labels that were added and renamed', () => {
  engine.exec("create type colour as enum ('red', 'blue'); create table painted (c colour)");
  const insert = engine.prepare('insert into painted values ($1)');
  insert.run('blue');
  const all = engine.prepare('select c from painted order by c').raw();
  deepStrictEqual(all.all(), [['blue']]);
  engine.exec("alter type colour add value 'green' before 'blue'; alter type colour rename value 'blue' to 'azure'");
  insert.run('green');
  deepStrictEqual(all.all(), [['green'], ['azure']]);
  throws(() => insert.run('blue'), { code: '22P02' });
});

test('= ANY of a parameter looks its elements up by an index, each once', () => {
  engine.exec('create table looked (id int primary key, s text); create index on looked (s)');
  engine.exec("insert into looked select g, 's' || g from generate_series(1, 5000) g; analyze looked");
  const text = 'select id from looked where id = any($1) order by id';
  match(engine.explain(text), /IndexOnly using looked_pkey/);
  const found = engine.prepare(text).raw();
  deepStrictEqual(found.all([5, 3, 3, 99999, null]), [[3], [5]]);
  deepStrictEqual([found.all([]), found.all(null), found.all('{7}')], [[], [], [[7]]]);
  deepStrictEqual(engine.prepare('select id from looked where s = any($1) and id > 3').raw().all(['s1', 's4']), [[4]]);
});
