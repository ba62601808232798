/**
 * The parser against PostgreSQL itself (PGlite):
 *   - keywords and their categories;
 *   - precedence: random expressions are evaluated as they stand and as our tree says, every operation in parentheses;
 *   - syntax: statements with a token changed are refused by both, with the same message at the same place, or by neither.
 */

import { deepStrictEqual, ok } from 'node:assert';
import { after, before, test } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import { openPostgreSQL } from '../../test/peer/postgresql.ts';
import type { SourceExpression, SourceQuery } from '../../engine/sblr/source.gen.ts';
import { DEFAULT_PARSE_SETTINGS, type ParseSettings } from '../../plugins/contract/contract.ts';
import { KEYWORDS } from './keywords.ts';
import { lexStatement } from './lexer.ts';
import { parseText } from './parse.ts';
import { parenthesised } from './parenthesise-fixture.ts';
import { randomOf, seedFor } from './random-fixture.ts';
import { STATEMENTS } from './statements-fixture.ts';

let database: PGlite;
before(async () => {
  database = await openPostgreSQL();
});
after(() => database.close());

const CASES = Number(process.env.CASES ?? 250);

const OPERANDS = [
  '1',
  '2',
  '3',
  '0',
  '7.5',
  'true',
  'false',
  'null',
  "'a'",
  "'1'",
  '(1 + 1)',
  'abs(-3)',
  'array[1,2]',
  "'x'::text",
];
const BINARY = [
  ...[
    '+',
    '-',
    '*',
    '/',
    '%',
    '^',
    '||',
    '<',
    '>',
    '=',
    '<=',
    '>=',
    '<>',
    '!=',
    '&',
    '|',
    '#',
    '<<',
    '>>',
    '~',
    '!~',
    '~~',
    '@>',
  ],
  ...['and', 'or', 'and', 'or', 'like', 'not like', 'ilike', 'is distinct from', 'is not distinct from', 'similar to'],
];
const PREFIX = ['-', '+', 'not', '~', '@', '|/', '- -'];
const POSTFIX = [
  'is null',
  'is not null',
  'isnull',
  'notnull',
  'is true',
  'is not false',
  'is unknown',
  '::int',
  '::text',
  '::numeric',
  'collate "C"',
];
const TAILS = [
  'in (1, 2)',
  'not in (3)',
  'between 0 and 5',
  'not between 1 and 2',
  '= any (array[1,2])',
  '> all (array[0])',
  "escape '!'",
];

function randomExpression(pick: (count: number) => number): string {
  const words: string[] = [];
  const length = 1 + pick(5);
  for (let part = 0; part < length; part++) {
    if (part > 0) words.push(BINARY[pick(BINARY.length)]);
    while (pick(4) === 0) words.push(PREFIX[pick(PREFIX.length)]);
    words.push(OPERANDS[pick(OPERANDS.length)]);
    if (pick(5) === 0) words.push(POSTFIX[pick(POSTFIX.length)]);
    if (pick(6) === 0) words.push(TAILS[pick(TAILS.length)]);
  }
  return words.join(' ');
}

/** Value as text, or the error's code; position and message are not compared. */
async function evaluated(expression: string): Promise<string> {
  try {
    const { rows } = await database.query(`select (${expression})::text as value`);
    return `value ${(rows[0] as { value: string | null }).value}`;
  } catch (error) {
    return `error ${(error as { code: string }).code}`;
  }
}

function treeOf(expression: string): SourceExpression | string {
  try {
    const source = parseText(`select (${expression})::text as value`, DEFAULT_PARSE_SETTINGS)[0].source as SourceQuery;
    if (source.op !== 'select') return 'error';
    return source.items[0].expression;
  } catch (error) {
    return `error ${(error as { code: string }).code}`;
  }
}

test('operators bind as PostgreSQL binds them', async () => {
  const seed = seedFor('precedence');
  const pick = randomOf(seed);
  let valid = 0;
  for (let turn = 0; turn < CASES; turn++) {
    const expression = randomExpression(pick);
    const tree = treeOf(expression);
    const expected = await evaluated(expression);
    if (typeof tree === 'string') {
      deepStrictEqual(tree, expected, `${expression} (seed ${seed})`);
      continue;
    }
    ok(expected !== 'error 42601', `PostgreSQL finds a syntax error in: ${expression} (seed ${seed})`);
    deepStrictEqual(await evaluated(parenthesised(tree)), expected, `${expression} as ${parenthesised(tree)} (seed ${seed})`);
    if (expected.startsWith('value')) valid++;
  }
  ok(valid > CASES / 20, `only ${valid} of ${CASES} expressions had a value`);
});

test('keywords have the categories that PostgreSQL gives them', async () => {
  const letters = { U: 'unreserved', C: 'columnName', T: 'typeFunctionName', R: 'reserved' } as const;
  const { rows } = await database.query<{ word: string; catcode: keyof typeof letters; barelabel: boolean }>(
    'select word, catcode, barelabel from pg_get_keywords()',
  );
  const theirs = rows.map(({ word, catcode, barelabel }) => `${word} ${letters[catcode]} ${!barelabel}`).sort();
  const ours = [...KEYWORDS].map(([word, { category, needsAs }]) => `${word} ${category} ${needsAs}`).sort();
  deepStrictEqual(ours, theirs);
});

const WIRE: ParseSettings = { standardStrings: true, namedParameters: false };

/** Of the errors with 42601 those that the grammar raises. */
const SYNTAX = /^(syntax error|improper use of)/;

/** What PostgreSQL says of a statement: its syntax error with position, or anything else. */
async function syntaxOf(statement: string): Promise<string> {
  await database.exec('begin');
  try {
    await database.exec(statement);
    return 'valid';
  } catch (error) {
    const { code, message, position } = error as { code: string; message: string; position: string };
    return code === '42601' && SYNTAX.test(message) ? `${message} @${position}` : 'valid';
  } finally {
    await database.exec('rollback');
  }
}

function ourSyntaxOf(statement: string): string {
  try {
    parseText(statement, WIRE);
    return 'valid';
  } catch (error) {
    const { code, message, position } = error as { code: string; message: string; position: number };
    if (code === '0A000') return 'refused';
    deepStrictEqual(code, '42601', `${message}: ${statement}`);
    return SYNTAX.test(message) ? `${message} @${position}` : 'valid';
  }
}

test('what PostgreSQL accepts is accepted, what it refuses is refused', async () => {
  const seed = seedFor('syntax');
  const pick = randomOf(seed);
  const tokens = STATEMENTS.map((statement) =>
    lexStatement(statement, 0, WIRE, false)
      .tokens.slice(0, -1)
      .map((one) => one.image),
  );
  const words = tokens.flat();
  let elsewhere = 0;
  for (let turn = 0; turn < CASES; turn++) {
    const changed = [...tokens[pick(tokens.length)]];
    const at = pick(changed.length);
    const kind = pick(5);
    if (kind === 0) changed.splice(at, 1);
    else if (kind === 1) changed.splice(at, 0, words[pick(words.length)]);
    else if (kind === 2) changed[at] = words[pick(words.length)];
    else if (kind === 3) changed.push(...changed.splice(at, 1));
    const statement = changed.join(' ');
    const ours = ourSyntaxOf(statement);
    const theirs = await syntaxOf(statement);
    if (ours === 'refused') continue;
    deepStrictEqual(ours === 'valid', theirs === 'valid', `${ours} | ${theirs}: ${statement} (seed ${seed})`);
    if (ours !== theirs) elsewhere++;
  }
  // A parser that looks one token ahead may notice a token sooner than PostgreSQL's tables do.
  ok(elsewhere <= CASES / 20, `${elsewhere} of ${CASES} errors point at another token (seed ${seed})`);
});
