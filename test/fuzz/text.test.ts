/**
 * SQL text, changed and made up: an answer or an SqlError with a place inside the text, in time, and nothing of it in generated source.
 *   SCRATCHBIRD_SEED=n   the same texts          SCRATCHBIRD_TURNS=n   so many
 */

import { deepStrictEqual, ok } from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compiledSources } from '../../codegen/rows/compile.ts';
import { type Database, open, SqlError } from '../../engine/api/api.ts';
import { CREATE_T } from '../../engine/plan/bind/catalog-fixture.ts';
import { pick, type Random, randomFrom } from '../../engine/sblr/source-fixture.ts';
import { AMBIGUOUS_VALUES, linesOf } from '../differential/ambiguous-values.ts';
import { readRecords } from '../differential/sqllogictest.ts';
import { randomStory } from '../differential/story.ts';
import { withLiterals } from '../differential/tree.ts';
import { AMBIGUOUS } from '../oracle/ambiguous.ts';
import { CREATE_G, ROWS_T } from '../oracle/tables.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
const TURNS = Number(process.env.SCRATCHBIRD_TURNS ?? 2500);
const SECONDS_MAX = 20;
const CORPORA = process.env.SCRATCHBIRD_CORPORA ?? join(import.meta.dirname, '../../../shared/corpora');

const TOKENS = (
  'select from where group by having order limit offset insert into values update set delete returning on conflict do nothing ' +
  'create table index drop alter truncate analyze explain begin commit rollback savepoint a release to prepare execute fetch ' +
  'case when then else end and or not in between like is null true false distinct all any exists union with recursive as ' +
  'cast interval date timestamp numeric int text json ( ) ( ) , , ; . * + - / % ^ || :: = <> < > <= >= -> ->> ~ ! @ # & | [ ] { } ' +
  "$1 $2 :x t g id a b s v n k j ta tb c0 c1 1 0 -1 1.5 1e400 99999999999999999999 'x' '' 'it''s' E'\\\\' $$x$$ $q$ \" \"a\" -- /* */ /* " +
  'primary key unique check default references for update share skip locked nowait over partition filter within extract epoch ' +
  'set show reset time zone local session isolation level serializable current_date now() count(*) sum avg min max nextval pg_sleep \\ ` ? ~~ é 😀'
).split(' ');

const made = (random: Random): string =>
  Array.from({ length: 1 + Math.floor(random() * 30) }, () => pick(random, TOKENS)).join(random() < 0.9 ? ' ' : '');

const WORD = /\s+|[\w$]+|'(?:[^']|'')*'|"[^"]*"|[^\w\s]/g;

/** Words of a text in the place of others, left out, doubled. */
function reworded(random: Random, text: string, other: string): string {
  const words = text.match(WORD) ?? [];
  const others = (other.match(WORD) ?? [' ']).filter((word) => word.trim() !== '');
  for (let times = 1 + Math.floor(random() * 2); times > 0; times--) {
    const at = Math.floor(random() * words.length);
    const word = random() < 0.8 ? pick(random, others.length > 0 ? others : TOKENS) : pick(random, TOKENS);
    if ((words[at] ?? ' ').trim() === '') continue;
    words.splice(at, random() < 0.8 ? 1 : 0, ...(random() < 0.1 ? [] : [word]));
  }
  return words.join('');
}

/** Pieces taken out, doubled, swapped with those of another text; characters changed. */
function torn(random: Random, text: string, other: string): string {
  const at = (length: number): number => Math.floor(random() * (length + 1));
  const [from, to] = [at(text.length), at(text.length)].sort((a, b) => a - b);
  const draw = random();
  if (draw < 0.3) return text.slice(0, from) + text.slice(Math.min(to, from + 12));
  if (draw < 0.5) return text.slice(0, to) + text.slice(from);
  if (draw < 0.75) return text.slice(0, from) + other.slice(at(other.length));
  const code = pick(random, [32, 39, 34, 40, 41, 0, 10, 36, 47, 59, 92, 233, 0xd800]);
  return text.slice(0, from) + String.fromCharCode(code) + text.slice(from + 1);
}

const changed = (random: Random, text: string, other: string): string =>
  (random() < 0.75 ? reworded(random, text, other) : torn(random, text, other)).slice(0, 20_000);

function corpus(): string[] {
  const texts = [...AMBIGUOUS, ...Object.values(AMBIGUOUS_VALUES).flatMap(linesOf)];
  for (let seed = 1; seed <= 3; seed++) texts.push(...randomStory(seed, 60).steps.map(({ text }) => withLiterals(text)));
  const folder = join(CORPORA, 'sqllogictest');
  if (existsSync(folder))
    for (const path of globSync('**/*.test', { cwd: folder }).sort().slice(0, 12)) {
      const { records } = readRecords(readFileSync(join(folder, path), 'utf8'));
      texts.push(...records.slice(0, 60).map(({ sql }) => sql));
    }
  return texts.filter((text) => text.length < 5000);
}

function fresh(): Database {
  const db = open(':memory:', { pool: 0, times: 'text', json: 'text' });
  db.exec(`${CREATE_T}; ${CREATE_G}; ${ROWS_T}; set statement_timeout = '5s'`);
  for (const { kind, text } of randomStory(1, 30).steps) if (kind !== 'query') outcome(db, withLiterals(text), true);
  return db;
}

/** Runs a text both ways; the code of its error, or 'fine'. */
function outcome(db: Database, text: string, asScript: boolean): string {
  try {
    if (asScript) db.exec(text);
    else db.prepare(text).raw().all();
    return 'fine';
  } catch (error) {
    const say = JSON.stringify(text);
    ok(error instanceof SqlError, `${say}\n${(error as Error)?.stack ?? String(error)}`);
    ok(error.code !== 'XX000', `${say}\n${error.stack}\n${String((error.cause as Error)?.stack)}`);
    const { position } = error;
    ok(position === undefined || (position >= 1 && position <= text.length + 1), `${say}: position ${position}`);
    return error.code;
  }
}

test('texts that were changed and texts of any tokens are answered or refused, in time', () => {
  console.log(`fuzz of texts: SCRATCHBIRD_SEED=${SEED} SCRATCHBIRD_TURNS=${TURNS}`);
  const random = randomFrom(SEED);
  const texts = corpus();
  const codes = new Map<string, number>();
  let db = fresh();
  for (let turn = 0; turn < TURNS; turn++) {
    const text = random() < 0.15 ? made(random) : changed(random, pick(random, texts), pick(random, texts));
    const say = `SCRATCHBIRD_SEED=${SEED}, turn ${turn}: ${JSON.stringify(text)}`;
    const began = performance.now();
    let code: string;
    try {
      code = outcome(db, text, turn % 2 === 0);
    } catch (error) {
      throw new Error(say, { cause: error });
    }
    ok(performance.now() - began < SECONDS_MAX * 1000, `${say} took ${Math.round(performance.now() - began)} ms`);
    codes.set(code, (codes.get(code) ?? 0) + 1);
    if (turn % 50 === 49) outcome(db, 'rollback', true);
    if (turn % 500 < 499) continue;
    outcome(db, 'rollback', true);
    deepStrictEqual(db.check().problems, [], say);
    db.close();
    db = fresh();
  }
  db.close();
  const most = [...codes].sort((a, b) => b[1] - a[1]).slice(0, 12);
  console.log(`  ${most.map(([code, count]) => `${code} ${count}`).join(', ')}`);
  ok((codes.get('fine') ?? 0) > TURNS / 25, 'too few texts run');
});

test('nothing of the text gets into generated source: names, literals, values', () => {
  const mark = 'zqMarkQz';
  const evil = `${mark}\`$\{process.exit()}"'\\\n*/`;
  const quoted = `"${evil.replaceAll('"', '""')}"`;
  const literal = `'${evil.replaceAll("'", "''")}'`;
  const db = open(':memory:', { pool: 0 });
  db.exec(`create table ${quoted} (id int4 primary key, ${mark} text default ${literal} check (${mark} <> ${literal} || 'x'), n numeric(9,2));
    create index "${mark}_i" on ${quoted} (lower(${mark}), (n + 918273.64))`);
  db.prepare(`insert into ${quoted} values (1, ${literal}, 918273.64), (2, $1, $2)`).run(evil, 918273.64);
  const texts = [
    `select ${mark}, id as "${mark}As", ${literal} as q, ${literal} || ${mark} || $1 as r from ${quoted} as ${mark} order by ${mark}`,
    `select "${mark}".* from ${quoted} as "${mark}" where ${mark} in (${literal}, $1, 'a') and ${mark} like ${literal} || '%' and n > 918273.63`,
    `select lower(${mark}), count(*), max(n + 918273.64) filter (where ${mark} = ${literal}) from ${quoted} group by lower(${mark}) having count(*) > 0`,
    `select case ${mark} when ${literal} then ${literal} else $1 end, date '1987-06-05', interval '918273 days', 918273645546::int8 from ${quoted}`,
    `update ${quoted} set ${mark} = ${literal}, n = n - 918273.64 where ${mark} = $1 returning ${mark} as "${mark}Q"`,
    `insert into ${quoted} (id, ${mark}) values (1, $1) on conflict (id) do update set ${mark} = excluded.${mark} || ${literal} returning *`,
    `delete from ${quoted} where lower(${mark}) = lower($1) and id > 918273 returning ${mark}`,
  ];
  for (const text of texts)
    for (const raw of [true, false]) {
      const statement = db.prepare(text);
      const given = text.includes('$1') ? [evil] : [];
      if (raw) statement.raw().all(...given);
      else statement.all(...given);
      db.explain(text.replaceAll('$1', literal), { sblr: true, codegen: true });
    }
  db.close();
  const sources = [...compiledSources()];
  ok(sources.length > 10);
  for (const source of sources) ok(!/zqmarkqz|process\.exit|918273|1987/i.test(source), `${source.slice(0, 3000)}`);
});
