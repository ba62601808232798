import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { isSqlError } from '../../engine/sblr/parse-error.ts';
import { DEFAULT_PARSE_SETTINGS } from '../../plugins/contract/contract.ts';
import { lexStatement } from './lexer.ts';
import { normaliseText } from './normalise.ts';
import { GRAMMARS, parseText } from './parse.ts';
import { randomOf, seedFor } from './random-fixture.ts';
import { STATEMENTS } from './statements-fixture.ts';

const SETTINGS = DEFAULT_PARSE_SETTINGS;

test('the grammars are sound, and each is built in a moment', (t) => {
  for (const [name, make] of Object.entries(GRAMMARS)) {
    const lookahead = make({ validate: true }).tables();
    const begun = performance.now();
    make({});
    const recorded = performance.now();
    make({ lookahead });
    const made = performance.now();
    t.diagnostic(`${name}: recorded in ${(recorded - begun).toFixed(1)} ms, made in ${(made - recorded).toFixed(1)} ms`);
    deepStrictEqual(JSON.parse(JSON.stringify(lookahead)), lookahead, 'the build keeps it as JSON');
  }
});

/** `code message @position`, or `ok`. */
function outcome(text: string, settings = SETTINGS): string {
  try {
    parseText(text, settings);
    return 'ok';
  } catch (error) {
    if (!isSqlError(error)) throw error;
    return `${error.code} ${error.message} @${error.position}`;
  }
}

const ERRORS: readonly (readonly [text: string, expected: string])[] = [
  ['selct 1', '42601 syntax error at or near "selct" @1'],
  ['select 1 +', '42601 syntax error at end of input @11'],
  ['select 1; select * form t', '42601 syntax error at or near "form" @20'],
  ['select (1 + 2; select 3', '42601 syntax error at or near ";" @14'],
  ["select 'abc", '42601 unterminated quoted string at or near "\'abc" @8'],
  ['select "abc', '42601 unterminated quoted identifier at or near ""abc" @8'],
  ['select ""', '42601 zero-length delimited identifier at or near """" @8'],
  ['select /* a /* b */ 1', '42601 unterminated /* comment at or near "/* a /* b */ 1" @8'],
  ['select 1a', '42601 trailing junk after numeric literal at or near "1a" @8'],
  ['select $1a', '42601 trailing junk after parameter at or near "$1a" @8'],
  ['select a < b < c', '42601 syntax error at or near "<" @14'],
  ['select 1 limit 1, 2', '42601 LIMIT #,# syntax is not supported @10'],
  ['(select 1 limit 1) limit 2', '42601 multiple LIMIT clauses not allowed @20'],
  ['alter table t of u', '0A000 ALTER TABLE OF U is not supported @15'],
  ['create or replace rule r as on select', '0A000 CREATE OR REPLACE RULE is not supported @1'],
  ['drop materialized view v', '0A000 DROP MATERIALIZED VIEW is not supported @1'],
  ["select xmlparse(content '<a/>')", '0A000 XMLPARSE is not supported @8'],
  ['create table t (a int) partition by tree (a)', '42601 unrecognized partitioning strategy "tree" @37'],
  ['select $1, :a', '42601 numbered and named parameters cannot be mixed @12'],
  ['begin , read only', '42601 syntax error at or near "," @7'],
  ['create table g (a int, b int generated always as (a) stored virtual)', '42601 syntax error at or near "virtual" @61'],
  [`copy t from program 'x'`, '0A000 COPY with PROGRAM is not supported @13'],
];

test('errors are worded and placed as PostgreSQL does it', () => {
  for (const [text, expected] of ERRORS) strictEqual(outcome(text), expected, text);
});

test('statements of a text come one by one with their places', () => {
  const text = " select 1 ;; insert into t values ('x') ; ";
  const statements = parseText(text, SETTINGS);
  deepStrictEqual(
    statements.map(({ start, end }) => text.slice(start, end)),
    ['select 1', "insert into t values ('x')"],
  );
  deepStrictEqual(
    statements[1].tokens.map((offset) => text.slice(offset, offset + 3)),
    ['ins', 'int', 't v', 'val', "('x", "'x'", ') ;', '; '],
  );
});

test('parameters are counted by number, or numbered by name', () => {
  const parameters = (text: string): unknown => {
    const [{ parameterCount, parameterNames }] = parseText(text, SETTINGS);
    return [parameterCount, parameterNames];
  };
  deepStrictEqual(parameters('select $2, $5::int'), [5, []]);
  deepStrictEqual(parameters('select :a, @b, $c, :a from t where x[1:2] is null and y::int = :b'), [3, ['a', 'b', 'c']]);
  deepStrictEqual(parameters('select 1'), [0, []]);
});

test('@ is an operator where parameters have no names', () => {
  const wire = { ...SETTINGS, namedParameters: false };
  strictEqual(outcome('select @a', wire), 'ok');
  deepStrictEqual(parseText('select @a', wire)[0].parameterCount, 0);
  strictEqual(outcome('select :a', wire), '42601 syntax error at or near ":" @8');
});

const expressionOf = (text: string, settings = SETTINGS) => {
  const { source } = parseText(`select ${text}`, settings)[0];
  ok(source.op === 'select');
  return source.items[0].expression;
};

/** The constant that a literal stands for. */
function constantOf(text: string, settings = SETTINGS): string {
  const node = expressionOf(text, settings);
  return node.op === 'constant' ? `${node.kind} ${node.text}` : node.op;
}

test('literals stand for what PostgreSQL reads', () => {
  const cases: readonly (readonly [string, string])[] = [
    ["'it''s'", "string it's"],
    ["'a'\n  'b'", 'string ab'],
    ["'a' -- why\n 'b'", 'string ab'],
    ["e'a\\nb\\t\\x41\\101\\u00e4\\U0001F600\\''", "string a\nb\tAAä😀'"],
    ["e'\\xc3\\xa4'", 'string ä'],
    ["u&'d\\0061t\\+000061'", 'string data'],
    ["u&'d!0061t!!' uescape '!'", 'string dat!'],
    ["'back\\slash'", 'string back\\slash'],
    ['$$a $b$ c$$', 'string a $b$ c'],
    ['$tag$a $$ b$tag$', 'string a $$ b'],
    ["b'101'", 'bits 101'],
    ["x'1F'", 'hexBits 1F'],
    ['0x1F', 'integer 31'],
    ['0o17', 'integer 15'],
    ['0b101', 'integer 5'],
    ['1_000_000', 'integer 1000000'],
    ['9223372036854775807', 'integer 9223372036854775807'],
    ['9223372036854775808', 'decimal 9223372036854775808'],
    ['-9223372036854775808', 'integer -9223372036854775808'],
    ['- 5', 'integer -5'],
    ['1.5e-3', 'decimal 1.5e-3'],
    ['.5', 'decimal .5'],
  ];
  for (const [text, expected] of cases) strictEqual(constantOf(text), expected, text);
  strictEqual(constantOf("'a\\nb'", { ...SETTINGS, standardStrings: false }), 'string a\nb');
});

test('operators are as long as they can be, but do not end in a sign', () => {
  const operator = (text: string): string => {
    const node = expressionOf(text);
    return node.op === 'operator' ? node.name.parts[0] : node.op;
  };
  deepStrictEqual(['a =-1', 'a @- b', 'a <- b', 'a ->> b', 'a --b\n + c', 'a /*x*/ * b', 'a != b'].map(operator), [
    ...['=', '@-', '<', '->>', '+', '*', '<>'],
  ]);
});

const DEPTH = 390;

test('statements nest 390 deep, and end in 54001 beyond the limit', () => {
  const shapes: readonly (readonly [string, string, string])[] = [
    ['(', '1', ')'],
    ['(select ', '1', ')'],
    ['f(', '1', ')'],
    ['case when true then ', '1', ' end'],
    ['exists (select 1 where ', 'true', ')'],
    ['1 in (select 1 where ', 'true', ')'],
    ['array[', '1', ']'],
    ['coalesce(1, ', '1', ')'],
    ['not (', 'true', ')'],
  ];
  for (const [open, inner, close] of shapes) {
    const nested = (depth: number): string => `select ${open.repeat(depth)}${inner}${close.repeat(depth)}`;
    strictEqual(outcome(nested(DEPTH)), 'ok', open);
    for (const depth of [450, 5000]) ok(outcome(nested(depth)).startsWith('54001'), `${open} ${depth}`);
  }
  const from = (depth: number): string => `select * from ${'(select * from '.repeat(depth)}t${') x'.repeat(depth)}`;
  strictEqual(outcome(from(DEPTH)), 'ok');
  ok(outcome(from(5000)).startsWith('54001'));
  strictEqual(outcome(`select ${'1 + '.repeat(5000)}1`), 'ok');
  strictEqual(outcome(`select ${'not '.repeat(5000)}true`), 'ok');
  strictEqual(outcome(`select 1 where a in (${'1, '.repeat(5000)}1)`), 'ok');
});

const MUTATIONS = 4000;
const CHARACTERS = [
  '(',
  ')',
  "'",
  '"',
  '$',
  '$$',
  ';',
  '--',
  '/*',
  '*/',
  '\\',
  '\x01',
  '\x00',
  'é',
  '::',
  '.',
  ',',
  '1',
  'e',
  '\n',
  'U&',
  '{',
];

test('whatever the text, the answer is a tree or an SqlError', () => {
  const seed = seedFor('fuzz');
  const pick = randomOf(seed);
  for (let turn = 0; turn < MUTATIONS; turn++) {
    let text = STATEMENTS[pick(STATEMENTS.length)];
    for (let change = 0; change <= pick(4); change++) {
      const at = pick(text.length + 1);
      const cut = pick(3) === 0 ? pick(8) : 0;
      text = text.slice(0, at) + CHARACTERS[pick(CHARACTERS.length)] + text.slice(at + cut);
    }
    try {
      const result = outcome(text);
      const position = Number(/@(\d+)$/.exec(result)?.[1] ?? 1);
      ok(position >= 1 && position <= text.length + 1, `${result}: ${JSON.stringify(text)} (seed ${seed})`);
      normaliseText(text, SETTINGS, 0);
    } catch (error) {
      throw new Error(`${JSON.stringify(text)} (seed ${seed})`, { cause: error });
    }
  }
});

test('the lexer gives every token its ordinal and every parenthesis its partner', () => {
  const { tokens, end } = lexStatement('select f((a), (b)); select', 0, SETTINGS, false);
  strictEqual(end, 19);
  tokens.forEach((token, index) => {
    strictEqual(token.ordinal, index);
  });
  deepStrictEqual(
    tokens.filter((token) => token.match >= 0).map((token) => [token.ordinal, token.match]),
    [
      [2, 10],
      [3, 5],
      [7, 9],
    ],
  );
});
