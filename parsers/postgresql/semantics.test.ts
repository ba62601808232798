/** The tables of PostgreSQL's meaning beside the system catalogs that PGlite has. */

import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import { openPostgreSQL } from '../../test/peer/postgresql.ts';
import type { Signature } from '../../engine/sblr/semantics.ts';
import { semantics } from './semantics.ts';

let oracle: PGlite;
before(async () => {
  oracle = await openPostgreSQL();
});
after(() => oracle.close());

const pgName = (type: string): string =>
  type.endsWith('[]')
    ? `_${pgName(type.slice(0, -2))}`
    : type === 'char' || type === 'char1'
      ? 'bpchar'
      : type === 'varchar'
        ? 'text'
        : type;
/** "char" of one byte has a name of its own here. */
const pgType = (type: string): string => (type === 'char' ? 'bpchar' : type === 'char1' ? 'char' : type);
/** Trees of expressions are kept as text. */
const shownHere = (type: string): string => (type === 'pg_node_tree' ? 'text' : type);
const ANY = new Set(['any', 'anyelement', 'anynonarray', 'anycompatible']);
/** Names of arguments and result, polymorphic ones as `any`. */
const shape = (types: readonly string[], result: string): string =>
  `${types.map((type) => (ANY.has(type) ? 'any' : pgName(type))).join(',')}>${ANY.has(result) ? 'any' : pgName(result)}`;
const shapeOf = (signature: Signature): string => shape(signature.arguments, signature.result);

test('types have the categories and preferences of pg_type', async () => {
  const { rows } = await oracle.query<{ typname: string; typcategory: string; typispreferred: boolean }>(
    'select typname, typcategory, typispreferred from pg_type',
  );
  const known = new Map(rows.map((row) => [row.typname, row]));
  for (const type of semantics.types) {
    const row = known.get(pgType(type.name));
    assert.deepEqual([row?.typcategory, row?.typispreferred], [type.category, type.preferred], type.name);
  }
});

test('casts have the contexts of pg_cast', async () => {
  const { rows } = await oracle.query<{ source: string; target: string; castcontext: string }>(
    `select s.typname as source, t.typname as target, castcontext from pg_cast join pg_type s on s.oid = castsource join pg_type t on t.oid = casttarget`,
  );
  const own = (name: string): string => (name === 'bpchar' ? 'char' : name === 'char' ? 'char1' : name);
  const types = new Set(semantics.types.map(({ name }) => name as string));
  const casts = new Map(semantics.casts.map((cast) => [`${cast.from} ${cast.to}`, cast.context[0]]));
  for (const { source, target, castcontext } of rows) {
    if (!types.has(own(source)) || !types.has(own(target))) continue;
    assert.equal(casts.get(`${own(source)} ${own(target)}`), castcontext, `${source} to ${target}`);
  }
});

test('operators are those of pg_operator', async () => {
  const { rows } = await oracle.query<{ name: string; types: string[]; result: string }>(
    `select oprname as name, array_remove(array[l.typname::text, r.typname::text], null) as types, s.typname as result
     from pg_operator left join pg_type l on l.oid = oprleft left join pg_type r on r.oid = oprright join pg_type s on s.oid = oprresult`,
  );
  const known = new Set(rows.map(({ name, types, result }) => `${name} ${shape(types, result)}`));
  // != is another spelling of <>, and paths are text where there are no arrays.
  const isOurs = (name: string): boolean => name === '!=' || ['#>', '#>>', '#-'].includes(name);
  for (const [name, signatures] of Object.entries(semantics.operators)) {
    for (const signature of signatures) {
      if (!isOurs(name)) assert.ok(known.has(`${name} ${shapeOf(signature)}`), `${name} ${shapeOf(signature)}`);
    }
  }
});

test('functions and aggregates are those of pg_proc', async () => {
  const { rows } = await oracle.query<{ name: string; types: string[]; result: string; variadic: boolean }>(
    `select proname as name, array(select t.typname::text from unnest(proargtypes::oid[]) with ordinality as a(id, n) join pg_type t on t.oid = a.id order by n) as types,
       r.typname as result from pg_proc join pg_type r on r.oid = prorettype`,
  );
  const known = new Set(rows.map(({ name, types, result }) => `${name} ${shape(types.map(shownHere), result)}`));
  const names = new Set(rows.map(({ name }) => name));
  // Syntax that has a name of its own here; texts in place of arrays and of regclass; defaults written out.
  const isOurs = (name: string): boolean =>
    /^(current_|localtime|session_user|similar$|sql_|jsonb_(set|insert|path_)|parse_ident|jsonb?_(extract|strip)|(next|curr|set)val|make_interval|quote_|num_n|concat|format|timezone|overlaps|convert_|pg_typeof|jsonb?_build|uuidv7|sb_|normalize|is_normalized|pg_terminate_backend)/.test(
      name,
    );
  for (const [name, signatures] of Object.entries(semantics.functions)) {
    // Columns of functions with rows of several.
    if (name.includes('.')) continue;
    for (const signature of signatures) {
      if (!isOurs(name)) assert.ok(known.has(`${name} ${shapeOf(signature)}`), `${name} ${shapeOf(signature)}`);
      else if (!/^(current_(date|time|user)|localtime|similar$|session_user|sql_|sb_|jsonb?_build_(array|object)_)/.test(name))
        assert.ok(names.has(name), name);
    }
  }
});
