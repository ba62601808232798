/** Paths into jsonb against PGlite: their canonical text, and what they find, lax and strict. */

import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import { ask, attempt, call, openOracle, quoted } from './differential-fixture.ts';
import { bytePathOf, testPathBytes } from './json-path-bytes.ts';
import { setFunctions } from './set-functions.ts';

let oracle: PGlite;
before(async () => {
  oracle = await openOracle();
});
after(() => oracle.close());

const DOCUMENTS = [
  '{"a": [1, 2, {"b": "x"}], "c": {"d": null, "e": true}, "f": 1.50, "s": "abc"}',
  '[1, 2.5, "three", null, true, [4, 5], {"k": [6]}]',
  '{"items": [{"n": 1, "t": "one"}, {"n": 20, "t": "Two\\nlines"}, {"n": "3"}], "total": 21}',
  '[]',
  '"plain"',
  '12',
  'null',
  '{"d": ["2017-03-10", "2017-03-11 12:34:56", "12:34:56", "2017-03-10T12:34:56+03"]}',
];

const PATHS = `
$ | $.a | $.a[*] | $.a[0] | $.a[last] | $.a[0 to 1] | $.a[1 to last] | $.a[0, 2] | $.a[*].b | $.* | $.** | $.**{1} | $.**{1 to 2} | $.**{last}
strict $.a | strict $.a.b | strict $[5] | strict $.a[5] | strict $.zz | lax $.zz | strict $.**.b | $.c.d | $."a" | $.a ? (@ > 1) | $.a[*] ? (@ > 1)
$[*] ? (@ == 2.5) | $[*] ? (@ starts with "th") | $[*] ? (@ like_regex "^T" flag "i") | $[*] ? (@ like_regex "t.*e") | $ ? (@.f == 1.5)
$.items[*] ? (@.n > 5) | $.items[*] ? (@.n > 5).t | $.items[*].t ? (@ like_regex "two.lines" flag "is") | $.items[*].t ? (@ like_regex "two.lines" flag "i")
$.items ? (exists (@.n)) | $.items[*] ? (!exists (@.t)) | $.items[*] ? (@.n == "3" || @.n == 1) | $.items[*] ? (@.n > 0 && @.t == "one")
$.items.size() | $.a.size() | $.type() | $[*].type() | $.f.floor() | $.f.ceiling() | $.f.abs() | (-$.f).abs() | -$.f | +$.f | $.f + 1 | 1 - $.f * 2 | $.f / 0 | $.f % 1
$.s + 1 | $.a[*] + 1 | $[*].double() | $.s.double() | $.items[2].n.double() | $.f == 1.5 | $.a == 1 | $.c.d == null | ($.f > 1) is unknown | ($.s > 1) is unknown
!($.f == 2) | $.f > 1 && $.s == "abc" | $.keyvalue().key | $.c.keyvalue().value | $.a.keyvalue() | $[*] ? (@.type() == "number") | $[*] ? ((@ > 1) is unknown)
$.d[*].datetime() | $.d[*].datetime().type() | $.d[0].datetime() < $.d[1].datetime() | $.d[0 to 1].datetime() ? (@ > "2017-03-10".datetime())
$x | $.a[*] ? (@ > $x) | $."\\u0061" | $.\\u0061 | $ . a /* remark */ [0] | $.a[$.f] | $.a[-1] | $.a["x"] | $.a[1.7] | 1 | "s" | null | true | 1e3 | -1 | 0.10
$.a ? (@ > 1) ? (@ < 3) | strict $.a[*] ? (@.b == "x") | strict $.a[*] ? (@ > 1) | $[*] ? (@ <> 1) | $[*] ? (@ != null) | $[*] ? (@ == null)
$.type | $.a.type.size | $."type"() | last | @ | $.a[ | $. | $.a[*] ? (1) | $ == | (1 == 1).type() | ($.a == 1) + 1 | $ ? (@ like_regex "(") | strict | $.**{2 to 1}
$[*] ? (@ >= 2 && @ <= 4) | exists($.a) | exists($.zz) | strict exists($.zz) | $.a[*] > 1 | strict $.a[*] > 1 | $.s starts with "a" | $.s starts with $x
((($.f))) | $.f - 1 - 1 | $.f - (1 - 1) | 2 * (3 + 4) | -(1 + 2) | ($.f > 1 || $.f < 0) && $.s == "abc" | $.f > 1 || $.f < 0 && $.s == "abc" | -$.f.abs() | (1).type() | $.a.b.c
`
  .split(/\n| \| /)
  .map((path) => path.trim())
  .filter((path) => path !== '');

interface Case {
  readonly sql: string;
  readonly ours: () => string;
}

async function compare(cases: readonly Case[]): Promise<void> {
  const answers = await ask(
    oracle,
    cases.map(({ sql }) => sql),
  );
  const faults = cases.flatMap(({ sql, ours }, index) => {
    const mine = ours();
    return mine === answers[index] ? [] : [`${sql}\n    here ${mine}\n    PostgreSQL ${answers[index]}`];
  });
  assert.equal(
    faults.length,
    0,
    `${faults.length} of ${cases.length} differ\n${faults.slice(0, Number(process.env.FAULTS ?? 20)).join('\n')}`,
  );
}

test('a path is written as PostgreSQL writes it', async () => {
  await compare(
    PATHS.map((path) => ({
      sql: `${quoted(path)}::jsonpath`,
      ours: () => attempt(() => call('text.to.jsonpath', [path]), 'jsonpath'),
    })),
  );
});

test('paths find what they find in PostgreSQL, and fail where they fail there', async () => {
  const cases: Case[] = [];
  const vars = '{"x": 1, "y": "a"}';
  for (const path of PATHS) {
    const read = (): string => call('text.to.jsonpath', [path]) as string;
    for (const document of DOCUMENTS) {
      const sql = `${quoted(document)}::jsonb, ${quoted(path)}::jsonpath`;
      cases.push({
        sql: `jsonb_path_query_array(${sql}, ${quoted(vars)}::jsonb)`,
        ours: () => attempt(() => call('jsonpath.query_array.vars', [call('text.to.jsonb', [document]), read(), vars]), 'jsonb'),
      });
      if (/\$x/.test(path)) continue;
      const operators: readonly [string, string][] = [
        ['@?', 'jsonb.pathExists'],
        ['@@', 'jsonb.pathMatch'],
      ];
      for (const [operator, primitive] of operators) {
        cases.push({
          sql: `${quoted(document)}::jsonb ${operator} ${quoted(path)}::jsonpath`,
          ours: () => attempt(() => call(primitive, [call('text.to.jsonb', [document]), read()]), 'bool'),
        });
      }
    }
  }
  await compare(cases);
});

test('the items of a path are rows', () => {
  const next = setFunctions['jsonpath.query']('[1, [2, 3]]', '$[*]');
  assert.deepEqual([next(), next(), next()], ['1', '[2, 3]', undefined]);
});

test('over bytes paths find the same', () => {
  const more = [
    '{"n": 12345678901234567890, "a": [[1, 2], [3]]}',
    '{"f": -0.5, "s": "a\\"b", "a": [], "c": {}}',
    '{"ä": {"a": [true, null]}}',
  ];
  const paths = [
    ...PATHS,
    '$.n > 1',
    '$.ä.a[*] == true',
    '$.a ? (@[*] == 3)',
    '$.s == "a\\"b"',
    '$.f < 0',
    '1 < $.f',
    '$.a == null',
  ];
  let decided = 0;
  for (const document of [...DOCUMENTS, ...more]) {
    const json = call('text.to.jsonb', [document]) as string;
    const bytes = Buffer.from(` ${json} `);
    for (const path of paths) {
      for (const exists of [true, false]) {
        const attempted = attempt(() => call('text.to.jsonpath', [path]), 'jsonpath');
        const made = attempted.startsWith('is') && !/\$x/.test(path) ? bytePathOf(path, exists) : null;
        if (made === null) continue;
        const answer = testPathBytes(made, bytes, 1, bytes.length - 2);
        if (answer < 0) continue;
        decided++;
        const wanted = call(exists ? 'jsonb.pathExists' : 'jsonb.pathMatch', [json, path]);
        assert.equal([false, true, null][answer], wanted, `${document} ${exists ? '@?' : '@@'} ${path}`);
      }
    }
  }
  assert.ok(decided > 300, String(decided));
});
