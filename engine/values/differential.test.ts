/** Every operator, function, cast and aggregate of PostgreSQL's semantics against PGlite: values, scales, SQLSTATEs. */

import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import { semantics } from '../../parsers/postgresql/semantics.ts';
import { primitiveOf } from '../sblr/primitives.ts';
import type { Signature } from '../sblr/semantics.ts';
import { ask, attempt, attemptSignature, call, openOracle, pgType, quoted, randomFrom } from './differential-fixture.ts';
import { edgesOf, textOf } from './differential-values.ts';
import { aggregates } from './aggregates.ts';

const seed = Number(process.env.SEED ?? 1);
const random = randomFrom(seed);
/** Calls of each signature. */
const ROUNDS = Number(process.env.ROUNDS ?? 12);
const ANY_TYPES = ['int4', 'text', 'numeric', 'bool', 'date', 'timestamptz', 'float8', 'jsonb', 'interval', 'uuid', 'bytea'];

let oracle: PGlite;
before(async () => {
  console.log(`seed ${seed}`);
  oracle = await openOracle();
});
after(() => oracle.close());

interface Case {
  readonly sql: string;
  readonly ours: () => string;
  /** Results that the C library and V8 compute with their own last bit. */
  readonly isRounded?: boolean;
}

function agrees(ours: string, theirs: string, isRounded: boolean): boolean {
  if (ours === theirs) return true;
  if (!isRounded || !ours.startsWith('is ') || !theirs.startsWith('is ')) return false;
  const [a, b] = [Number(ours.slice(3)), Number(theirs.slice(3))];
  return Math.abs(a - b) <= 4e-15 * Math.max(Math.abs(a), Math.abs(b));
}

async function compare(cases: readonly Case[]): Promise<void> {
  const faults: string[] = [];
  for (let at = 0; at < cases.length; at += 2000) {
    const part = cases.slice(at, at + 2000);
    const answers = await ask(
      oracle,
      part.map(({ sql }) => sql),
    );
    part.forEach(({ sql, ours, isRounded }, index) => {
      const mine = ours();
      if (!agrees(mine, answers[index], isRounded === true))
        faults.push(`${sql}\n    here ${mine}\n    PostgreSQL ${answers[index]}`);
    });
  }
  const list = faults.slice(0, Number(process.env.FAULTS ?? 20)).join('\n');
  assert.equal(faults.length, 0, `seed ${seed}: ${faults.length} of ${cases.length} differ\n${list}`);
}

const SKIPPED = new Set([
  // They depend on the moment, on chance, or on the session.
  'sb_digest', 'sb_hmac', 'sb_random_bytes', 'sb_uuid_by_time', 'sb_uuid_by_name', 'random', 'gen_random_uuid', 'uuidv4', 'uuidv7', 'now', 'transaction_timestamp', 'statement_timestamp', 'clock_timestamp', 'timeofday',
  'current_timestamp', 'localtimestamp', 'localtime', 'current_date', 'nextval', 'currval', 'setval', 'lastval', 'version',
  'current_user', 'session_user', 'current_database', 'current_schema', 'current_setting', 'set_config', 'pg_backend_pid', 'pg_client_encoding',
  // Names of the engine, or syntax of its own.
  'similar', 'overlaps', 'position', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric',
  // Random arguments seldom mean anything to them: other tests.
  'extract', 'date_part', 'date_trunc', 'timezone', 'to_char', 'to_date', 'to_timestamp', 'to_number', 'encode', 'decode', 'factorial',
  'convert_to', 'convert_from', 'repeat', 'jsonb_set', 'jsonb_insert', 'lpad', 'rpad', 'quote_ident', 'date_add', 'date_subtract',
  'make_timestamptz', 'json_build_object', 'jsonb_build_object', 'format', 'age', 'casefold',
  'json_extract_path', 'json_extract_path_text', 'jsonb_extract_path', 'jsonb_extract_path_text', 'like_escape', 'make_interval', 'normalize', 'is_normalized', 'bit', 'pg_notify', 'current_time', 'time', 'timestamp', 'to_ascii', 'char', 'makeaclitem', 'aclinsert', 'aclremove', 'aclcontains', 'width_bucket',
]); // biome-ignore format: a list

const ROUNDED = new Set(
  (
    'degrees radians sin cos tan cot asin acos atan atan2 sinh cosh tanh asinh acosh atanh cbrt exp ln log log10 power pow ^ ||/ ' +
    'sqrt dexp dlog1 dlog10'
  ).split(' '),
);

function typesOf(signature: Signature): string[] {
  const types = signature.arguments.map((type) => (type === 'any' ? ANY_TYPES[random(ANY_TYPES.length)] : type));
  if (signature.variadic === true) for (let more = random(3); more > 0; more--) types.push(types[types.length - 1]);
  return types as string[];
}

function signatureCase(name: string, signature: Signature, isOperator: boolean): Case {
  const types = typesOf(signature);
  const texts = types.map((type) => (random(12) === 0 ? null : textOf(type, random)));
  const given = types.map((type, index) => `${texts[index] === null ? 'null' : quoted(texts[index] as string)}::${pgType(type)}`);
  const sql = !isOperator
    ? `${name}(${given.join(', ')})`
    : given.length === 1
      ? `${name} ${given[0]}`
      : `${given[0]} ${name} ${given[1]}`;
  const isRounded = ROUNDED.has(name) && signature.result === 'float8';
  return { sql, ours: () => attemptSignature(signature, types, texts), isRounded };
}

/** Scalar functions; those that give rows or look at several have tests of their own. */
function isRegular({ primitive: name, arguments: given }: Signature): boolean {
  const { aggregate, rows, window } = primitiveOf(name);
  if (given.some((type) => type !== 'any' && edgesOf(type) === undefined)) return false;
  return (
    !/[mM]atch|regexp|similar|pathOf|delete.path|^privilege|^session|^reg|scaled$|^oidvector|lengthIn|bytea.convert/.test(name) &&
    !aggregate &&
    !rows &&
    !window
  );
}

test('operators give what PostgreSQL gives', async () => {
  const cases: Case[] = [];
  for (const [name, signatures] of Object.entries(semantics.operators)) {
    for (const signature of signatures.filter(isRegular)) {
      for (let round = 0; round < ROUNDS * 2; round++) cases.push(signatureCase(name, signature, true));
    }
  }
  await compare(cases);
});

test('functions give what PostgreSQL gives', async () => {
  const cases: Case[] = [];
  for (const [name, signatures] of Object.entries(semantics.functions)) {
    // What they ask of the catalog is not here; what stands for syntax of SQL/JSON has names of the engine (test/sql).
    if (SKIPPED.has(name) || /^pg_(?!size)|^sql_|^jsonb?_build_\w+_(strict|unique)/.test(name)) continue;
    for (const signature of signatures.filter(isRegular)) {
      for (let round = 0; round < ROUNDS; round++) cases.push(signatureCase(name, signature, false));
    }
  }
  await compare(cases);
});

test('casts give what PostgreSQL gives', async () => {
  const cases: Case[] = [];
  for (const { from, to, primitive } of semantics.casts) {
    if (from === to || from === 'unknown' || primitive === null || from === 'name') continue;
    const edges = edgesOf(from);
    // Types of objects are compared elsewhere.
    if (edges === undefined || edgesOf(to) === undefined) continue;
    const texts = from === 'text' ? [...edges, ...edgesOf(to)] : [...edges, textOf(from, random), textOf(from, random)];
    for (const text of texts) {
      cases.push({
        sql: `${quoted(text)}::${pgType(from)}::${pgType(to)}`,
        ours: () => attempt(() => call(primitive, [call(`text.to.${from}`, [text])]), to === 'char' ? 'text' : to),
      });
    }
  }
  await compare(cases);
});

test('modifiers give what PostgreSQL gives', async () => {
  const cases: Case[] = [];
  for (let round = 0; round < ROUNDS * 10; round++) {
    const [precision, scale] = [1 + random(12), random(8)];
    const number = textOf('numeric', random);
    cases.push({
      sql: `${quoted(number)}::numeric::numeric(${precision},${scale})`,
      ours: () => attempt(() => call('numeric.to.numeric', [call('text.to.numeric', [number]), precision, scale]), 'numeric'),
    });
    const [text, length] = [textOf('text', random), 1 + random(5)];
    for (const type of ['varchar', 'char']) {
      cases.push({
        sql: `'<' || ${quoted(text)}::text::${type}(${length}) || '>'`,
        ours: () =>
          attempt(
            () =>
              `<${type === 'char' ? call('char.to.text', [call('char.to.char', [text, length, true])]) : call('varchar.to.varchar', [text, length, true])}>`,
            'text',
          ),
      });
    }
    const digits = random(7);
    for (const type of ['time', 'timestamp', 'timestamptz', 'interval']) {
      const value = textOf(type, random);
      const shown = type === 'timestamptz' ? `timestamptz(${digits})` : `${type}(${digits})`;
      cases.push({
        sql: `${quoted(value)}::${type}::${shown}`,
        ours: () => attempt(() => call(`${type}.to.${type}`, [call(`text.to.${type}`, [value]), digits]), type),
      });
    }
  }
  await compare(cases);
});

test('aggregates give what PostgreSQL gives', async () => {
  const cases: Case[] = [];
  for (const [name, signatures] of Object.entries(semantics.functions)) {
    for (const signature of signatures) {
      if (!primitiveOf(signature.primitive).aggregate || signature.any !== undefined || signature.arguments.length === 0)
        continue;
      if (name === 'any_value' || signature.arguments.some((type) => type !== 'any' && edgesOf(type) === undefined)) continue;
      for (let round = 0; round < ROUNDS; round++) cases.push(aggregateCase(name, signature));
    }
  }
  await compare(cases);
});

function aggregateCase(name: string, signature: Signature): Case {
  const types = signature.arguments.map((type) => (type === 'any' ? 'int4' : type));
  const valid = (type: string): string | null => {
    for (;;) {
      const text = random(10) === 0 ? null : textOf(type, random);
      if (text === null || attempt(() => call(`text.to.${type}`, [text]), type).startsWith('is')) return text;
    }
  };
  const rows = Array.from({ length: random(7) }, () => types.map(valid));
  const values = rows.map(
    (row) => `(${row.map((text, index) => `${text === null ? 'null' : quoted(text)}::${pgType(types[index])}`).join(', ')})`,
  );
  const columns = types.map((_, index) => `c${index}`).join(', ');
  const source =
    rows.length === 0
      ? `(values (${types.map((type) => `null::${pgType(type)}`).join(', ')})) as v(${columns}) where false`
      : `(values ${values.join(', ')}) as v(${columns})`;
  return {
    sql: `select ${name}(${columns}) from ${source}`,
    ours: () =>
      attempt(() => {
        const aggregate = aggregates[signature.primitive];
        let state = aggregate.init();
        for (const row of rows)
          state = aggregate.step(
            state,
            ...row.map((text, index) => (text === null ? null : call(`text.to.${types[index]}`, [text]))),
          );
        return aggregate.result(state);
      }, signature.result),
    isRounded: signature.result === 'float8' || signature.result === 'float4',
  };
}
