/** Regular expressions, SIMILAR TO and LIKE against PGlite; and that none of them takes more than linear time. */

import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import { ask, attempt, call, openOracle, quoted, randomFrom } from './differential-fixture.ts';

const seed = Number(process.env.SEED ?? 1);
const random = randomFrom(seed);
const ROUNDS = Number(process.env.ROUNDS ?? 150);

let oracle: PGlite;
before(async () => {
  console.log(`seed ${seed}`);
  oracle = await openOracle();
});
after(() => oracle.close());

const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)];

function pattern(depth: number): string {
  const kind = random(depth <= 0 ? 3 : 8);
  if (kind <= 2)
    return pick([
      'a',
      'b',
      'c',
      'ab',
      '.',
      '[ab]',
      '[^a]',
      '\\d',
      '\\w',
      '[[:alpha:]]',
      ' ',
      'x',
      '\\s',
      'é',
      '^',
      '$',
      '\\m',
      '\\M',
    ]);
  if (kind === 3) return `(${pattern(depth - 1)})`;
  if (kind === 4) return `${pattern(depth - 1)}|${pattern(depth - 1)}`;
  if (kind === 5) return `(?:${pattern(depth - 1)})${pick(['*', '+', '?', '{2}', '{1,3}', '{0,1}'])}`;
  return pattern(depth - 1) + pattern(depth - 1);
}
const subject = (): string =>
  Array.from({ length: random(10) }, () => pick(['a', 'b', 'c', 'ab', ' ', '1', 'x', 'é', 'B', '\n'])).join('');

async function compare(cases: readonly { sql: string; ours: () => string }[]): Promise<void> {
  const answers = await ask(
    oracle,
    cases.map(({ sql }) => sql),
  );
  const faults = cases.flatMap(({ sql, ours }, index) => {
    const mine = ours();
    return mine === answers[index] ? [] : [`${sql}\n    here ${mine}\n    PostgreSQL ${answers[index]}`];
  });
  assert.equal(faults.length, 0, `seed ${seed}: ${faults.length} of ${cases.length} differ\n${faults.slice(0, 20).join('\n')}`);
}

const one = (sql: string, name: string, type: string, ...given: (string | number)[]): { sql: string; ours: () => string } => ({
  sql,
  ours: () => attempt(() => call(name, given), type),
});

test('a match is found where PostgreSQL finds one', async () => {
  const cases = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [text, regex] = [subject(), pattern(3)];
    cases.push(one(`${quoted(text)} ~ ${quoted(regex)}`, 'text.match', 'bool', text, regex));
    cases.push(one(`${quoted(text)} ~* ${quoted(regex)}`, 'text.matchInsensitive', 'bool', text, regex));
    // Which text a group takes is compared only where there is none: its share of a match is not always PostgreSQL's.
    const plain = regex.replaceAll(/\((?!\?)/g, '(?:');
    cases.push(one(`substring(${quoted(text)} from ${quoted(plain)})`, 'text.substring.match', 'text', text, plain));
    cases.push(
      one(
        `regexp_replace(${quoted(text)}, ${quoted(plain)}, '<\\&>', 'g')`,
        'text.regexpReplace.flags',
        'text',
        text,
        plain,
        '<\\&>',
        'g',
      ),
    );
    cases.push(one(`regexp_count(${quoted(text)}, ${quoted(plain)})`, 'text.regexpCount', 'int4', text, plain));
    cases.push(
      one(`regexp_instr(${quoted(text)}, ${quoted(plain)}, 1, 2)`, 'text.regexpInstr.occurrence', 'int4', text, plain, 1, 2),
    );
  }
  await compare(cases);
});

test('groups, lazy quantifiers, options and escapes in common use', async () => {
  const cases = [];
  for (const [text, regex] of [
    ['foobarbaz', 'o(.)b'],
    ['foobarbaz', 'b(..)'],
    ['2024-01-31', '(\\d+)-(\\d+)'],
    ['abc', '(a)(b)?(x)?'],
    ['aaa', 'a+?'],
    ['aaab', 'a*?b'],
    ['XY1234Z', 'Y*([0-9]{1,3})'],
    ['XY1234Z', 'Y*?([0-9]{1,3})'],
    ['key=value;', '(\\w+)=(\\w+)'],
    ['Abc', '(?i)aBC'],
    ['a.b', 'a\\.b'],
    ['a\nb', 'a.b'],
    ['a\nb', '(?n)a.b'],
    ['a\nb', '(?n)^b$'],
    ['x', '***=x'],
    ['ab', 'a b'],
    ['ab', '(?x)a b # c'],
    ['\t', '\\t'],
    ['é', '\\u00e9'],
    ['word', '[[:<:]]w'],
    ['a]', '[]]'],
    ['a-', '[a-]'],
    ['^', '[\\^]'],
    ['abab', '(ab)\\1'],
    ['a', '(?=a)'],
    ['a', '('],
    ['a', 'a**'],
    ['a', '[b-a]'],
    ['a', 'a{2,1}'],
    ['a', '[[:foo:]]'],
    ['a', '\\'],
    ['a{', 'a{'],
    ['ab', '(|a)b'],
    ['abcd', 'a|ab|abc'],
    ['a', '(?!a)'],
    ['foobar', 'o(?=b)b'],
    ['foobar', '(?<=o)b'],
    ['foobar', '(?<!o)o'],
    ['ab', '\\1(a)'],
    ['aa', '((a)\\1)'],
    ['a', '(?=(a)\\1)'],
    ['aXa', '(?i)(x)|(A)\\2'],
    ['A', '\\101'],
    ['ab', 'a(?#remark)b'],
    ['abcabc', '(?:(abc))*?$'],
    ['x=1;y=22', '(\\w)=(\\d+?);'],
    ['foo.bar@x.org', '^[\\w.]+@[\\w.]+\\.\\w{2,}$'],
  ]) {
    // biome-ignore format: a table
    cases.push(one(`substring(${quoted(text)} from ${quoted(regex)})`, 'text.substring.match', 'text', text, regex));
  }
  for (const [text, regex, by, flags] of [
    ['Thomas', '.[mN]a.', 'M', ''], ['foobar', '(o+)', '[\\1]', ''], ['foobar', 'o', '\\\\', 'g'], ['abc', 'x*', '-', 'g'], ['ABC', 'b', 'x', 'gi'], ['a', 'a', 'b', 'z'],
  ]) cases.push(one(`regexp_replace(${quoted(text)}, ${quoted(regex)}, ${quoted(by)}, ${quoted(flags)})`, 'text.regexpReplace.flags', 'text', text, regex, by, flags)); // biome-ignore format: a table
  await compare(cases);
});

/** Groups, both preferences; with back references, with looks. */
function grouped(depth: number, groups: { count: number }, further: readonly string[]): string {
  const kind = random(depth <= 0 ? 3 : 10);
  const inner = (): string => grouped(depth - 1, groups, further);
  if (kind <= 2)
    return pick(['a', 'b', 'ab', '.', '[ab]', '[^a]', '\\w', '\\m', '\\y', '$', ...(groups.count > 0 ? further : [])]);
  if (kind === 3) return `(?:${inner()}|${inner()})`;
  if (kind === 4) return `(?:${inner()})${pick(['*', '+', '?', '*?', '+?', '{1,2}?', '{1,1}?'])}`;
  if (kind >= 8) return inner() + inner();
  const body = inner();
  groups.count++;
  const bounds = ['', '', '*', '+', '?', '{2}', '{1,3}', '{0,2}', '*?', '+?', '??', '{1,2}?', '{2}?', '{2,}', '{1,1}', '{1,1}?'];
  return `(${body})${pick(bounds)}`;
}

test('each group takes the share of a match that PostgreSQL gives it', async () => {
  const cases = [];
  for (let round = 0; round < ROUNDS * 2; round++) {
    const further = [[], ['\\1'], ['(?=b)', '(?<=a)', '(?!b)', '(?<!a)']][round % 3];
    const regex = grouped(3, { count: 0 }, further);
    const text = Array.from({ length: random(9) }, () => pick(['a', 'b', 'c', 'ab', ' ', '1'])).join('');
    const by = '<\\1|\\2|\\3|\\&>';
    // biome-ignore format: a table
    cases.push(one(`regexp_replace(${quoted(text)}, ${quoted(regex)}, ${quoted(by)}, 'g')`, 'text.regexpReplace.flags', 'text', text, regex, by, 'g'));
  }
  await compare(cases);
});

test('LIKE, ILIKE and SIMILAR TO agree', async () => {
  const cases = [];
  for (let round = 0; round < ROUNDS; round++) {
    const text = subject();
    const like = Array.from({ length: random(6) }, () => pick(['a', 'b', '%', '_', '\\%', 'é', 'ab', ' '])).join('');
    cases.push(one(`${quoted(text)} like ${quoted(like)}`, 'text.like', 'bool', text, like));
    cases.push(one(`${quoted(text)} ilike ${quoted(like)}`, 'text.ilike', 'bool', text, like));
    const escaped = like.replaceAll('\\', '!');
    cases.push({
      sql: `${quoted(text)} like ${quoted(escaped)} escape '!'`,
      ours: () => attempt(() => call('text.like', [text, call('text.likeEscape', [escaped, '!'])]), 'bool'),
    });
    const similar = Array.from({ length: random(6) }, () =>
      pick(['a', 'b', '%', '_', '(a|b)', '[ab]', '[^a]', 'a*', '.', '\\%', 'b+', '$']),
    ).join('');
    cases.push(one(`${quoted(text)} similar to ${quoted(similar)}`, 'text.similar', 'bool', text, similar));
  }
  cases.push(
    one(`substring('foobar' similar '%#"o_b#"%' escape '#')`, 'text.substring.similar', 'text', 'foobar', '%#"o_b#"%', '#'),
  );
  await compare(cases);
});

test('SBLR-G7: patterns that make backtrackers explode take a moment', () => {
  const text = 'a'.repeat(3000);
  const started = performance.now();
  assert.equal(call('text.match', [text + 'b', '^(a+)+$']), false);
  assert.equal(call('text.match', [text, '(a*)*c']), false);
  assert.equal(call('text.match', [text, '(?=a*b)a']), false);
  assert.equal(call('text.regexpReplace.flags', [text, '(?:a?)*b|(a)', '.', 'g']), '.'.repeat(3000));
  assert.equal(call('text.like', [text, '%a%a%a%a%a%a%a%a%b']), false);
  assert.throws(() => call('text.match', [`b${text.slice(0, 90)}c`, '^(b|c)(a*)(a*)(a*)(a*)(a*)\\1$']), { code: '54001' });
  assert.ok(performance.now() - started < 4000);
});
