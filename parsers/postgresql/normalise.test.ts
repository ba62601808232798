import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { DEFAULT_PARSE_SETTINGS } from '../../plugins/contract/contract.ts';
import { introspection, sqllogictest } from './corpora-fixture.ts';
import { PLACEHOLDERS } from './lifted.ts';
import { normalisedOffsets, normaliseText } from './normalise.ts';
import { parseLifted, parseText } from './parse.ts';
import { substituted } from './source-fixture.ts';
import { STATEMENTS } from './statements-fixture.ts';

const SETTINGS = DEFAULT_PARSE_SETTINGS;
const CLASSES = new Map(Object.entries(PLACEHOLDERS).map(([kind, character]) => [character, kind]));

/** Normalised text with its placeholders spelt out, and the values. */
function shown(text: string): string {
  const normalised = normaliseText(text, SETTINGS, 0);
  if (normalised === null) return 'null';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the placeholders are control characters.
  const spelt = normalised.text.replace(/[\x01-\x04]/g, (character) => `{${CLASSES.get(character)}}`);
  return `${spelt} | ${normalised.literals.map(({ value }) => String(value)).join(' ')}`;
}

const CASES: readonly (readonly [text: string, expected: string])[] = [
  ['select name from item where id = 42', 'select name from item where id = {int4} | 42'],
  ["  select a\n\tfrom t -- why\nwhere k = 'it''s' /* x */ ;", "select a from t where k = {string} | it's"],
  [
    'insert into t values (1, -2.50, 3000000000, .5)',
    'insert into t values ({int4}, {numeric}, {int8}, .5) | 1 -2.50 3000000000',
  ],
  [
    'select -2147483648, 2147483648, -9223372036854775808, 9223372036854775808',
    'select {int4}, {int8}, {int8}, {numeric} | -2147483648 2147483648 -9223372036854775808 9223372036854775808',
  ],
  ['select a-1, a - 1, a -1', 'select a-{int4}, a - {int4}, a -{int4} | 1 1 1'],
  ['select a from t order by 1, a + 2 limit 10 offset 5', 'select a from t order by 1, a + 2 limit 10 offset 5 | '],
  [
    'select a + 1 from t group by a + 1 having sum(b) > 7',
    'select a + {int4} from t group by a + 1 having sum(b) > {int4} | 1 7',
  ],
  [
    "select date '2020-01-01', interval '1' day, 'x'::text, cast('5' as int), '7' :: int",
    "select date '2020-01-01', interval '1' day, 'x'::text, cast('5' as int), '7' :: int | ",
  ],
  ['select a::numeric(10, 2), b::varchar(5) = 3', 'select a::numeric(10, 2), b::varchar(5) = {int4} | 3'],
  [
    "select extract('year' from d), x at time zone 'UTC', a like 'b%' escape '!'",
    "select extract('year' from d), x at time zone 'UTC', a like {string} escape '!' | b%",
  ],
  ['select 0x1F, 1_000, 1e5, 1.5e-3, 7', 'select 0x1F, 1_000, 1e5, 1.5e-3, {int4} | 7'],
  ['select $1, :name, @other, a[1], array[2, 3]', 'select $1, :name, @other, a[1], array[2, 3] | '],
  ['select $$x 1$$, "a 1" from t where b = 5', 'select $$x 1$$, "a 1" from t where b = {int4} | 5'],
  ["select 'a'\n'b'", 'null'],
  ["select E'a\\'b', 1", 'null'],
  ['create table t (a int default 5)', 'null'],
  ['explain select 1', 'null'],
  ["select 'unfinished", 'null'],
  ['select 1 /* unfinished', 'null'],
  [
    'insert into t values (1) on conflict (a, (b + 1)) where c > 2 do update set d = 3',
    'insert into t values ({int4}) on conflict (a, (b + 1)) where c > 2 do update set d = {int4} | 1 3',
  ],
  [
    'select sum(a) over (partition by b, 2 order by c rows between 1 preceding and current row), 4',
    'select sum(a) over (partition by b, 2 order by c rows between 1 preceding and current row), {int4} | 4',
  ],
];

test('literals are lifted where an expression expects them, and nowhere else', () => {
  for (const [text, expected] of CASES) strictEqual(shown(text), expected, text);
});

test('one statement is normalised at a time', () => {
  const text = 'select 1 ; select 2';
  const first = normaliseText(text, SETTINGS, 0);
  strictEqual(first?.end, 10);
  const second = normaliseText(text, SETTINGS, first?.end ?? 0);
  deepStrictEqual(
    [second?.text, second?.literals, second?.end],
    [`select ${PLACEHOLDERS.int4}`, [{ class: 'int4', value: 2 }], text.length],
  );
});

test('backslashes that escape are left to the parser', () => {
  strictEqual(normaliseText("select 'a\\'b'", { ...SETTINGS, standardStrings: false }, 0), null);
});

test('offsets lead from the tokens of the normalised text to those of the text', () => {
  const text = 'select  -5,\n a + b from t';
  const normalised = normaliseText(text, SETTINGS, 0);
  const source = parseLifted(normalised?.text ?? '', SETTINGS).source;
  ok(source.op === 'select');
  const sum = source.items[1].expression;
  strictEqual(text[normalisedOffsets(text, SETTINGS, 0)[sum.at]], '+');
  const literal = source.items[0].expression;
  strictEqual(text[normalisedOffsets(text, SETTINGS, 0)[literal.at]], '-');
});

/** The statement as it stands and normalised: the same tree once the literals are put back. */
function sameBothWays(text: string): boolean {
  const normalised = normaliseText(text, SETTINGS, 0);
  if (normalised === null) return false;
  let plain: unknown;
  try {
    plain = parseText(text.slice(0, normalised.end), SETTINGS)[0].source;
  } catch {
    return false;
  }
  const lifted = parseLifted(normalised.text, SETTINGS).source;
  deepStrictEqual(substituted(lifted, normalised.literals), substituted(plain, []), text);
  return normalised.literals.length > 0;
}

// SBLR-N1
test('a statement means the same with and without its literals', (t) => {
  const corpus = [...introspection(), ...sqllogictest(23)];
  if (corpus.length === 0) t.diagnostic('corpora: skipped');
  const texts = [...CASES.map(([text]) => text), ...STATEMENTS, ...corpus.map(({ text }) => text)];
  const lifted = texts.filter(sameBothWays).length;
  ok(
    lifted > 20 && (corpus.length === 0 || lifted > 1000),
    `literals were lifted out of ${lifted} of ${texts.length} statements`,
  );
});
