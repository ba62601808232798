import { deepStrictEqual, ok } from 'node:assert';
import { test } from 'node:test';
import type { SourceExpression, SourceQuery, SourceStatement } from '../../engine/sblr/source.gen.ts';
import { DEFAULT_PARSE_SETTINGS } from '../../plugins/contract/contract.ts';
import { introspection, sqllogictest } from './corpora-fixture.ts';
import { parseText } from './parse.ts';
import { randomOf, seedFor } from './random-fixture.ts';
import { randomExpression } from './random-tree-fixture.ts';
import { render } from './render.ts';
import { withoutPositions } from './source-fixture.ts';
import { STATEMENTS } from './statements-fixture.ts';

const SETTINGS = { ...DEFAULT_PARSE_SETTINGS, namedParameters: false };

function sameAgain(source: SourceStatement | SourceQuery): void {
  const text = render(source);
  const again = parseText(text, SETTINGS);
  deepStrictEqual(again.length, 1, text);
  deepStrictEqual(withoutPositions(again[0].source), withoutPositions(source), text);
}

test('every statement that the grammars know reads back as it was', () => {
  for (const statement of STATEMENTS) {
    try {
      for (const { source } of parseText(statement, SETTINGS)) sameAgain(source);
    } catch (error) {
      if ((error as { code?: string }).code !== '0A000') throw error;
    }
  }
});

test('what tools and sqllogictest send is parsed or refused by name, and reads back as it was', (t) => {
  const statements = [...introspection(), ...sqllogictest(23)];
  if (statements.length === 0) return t.skip('corpora: skipped');
  const refused = new Map<string, number>();
  let parsed = 0;
  for (const { from, text } of statements) {
    if (/\bNOT INDEXED\b/.test(text)) continue;
    try {
      for (const { source } of parseText(text, SETTINGS)) sameAgain(source);
      parsed++;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      deepStrictEqual(code, '0A000', `${from}: ${message}: ${text}`);
      refused.set(message, (refused.get(message) ?? 0) + 1);
    }
  }
  t.diagnostic(`${parsed} parsed; ${[...refused].map(([message, count]) => `${message}: ${count}`).join('; ')}`);
  ok(parsed > statements.length * 0.9, `only ${parsed} of ${statements.length}`);
});

const TREES = 2000;

test('random expressions read back as they were', () => {
  const seed = seedFor('trees');
  const pick = randomOf(seed);
  for (let turn = 0; turn < TREES; turn++) {
    const expression = randomExpression(pick, 4);
    const text = `select ${render(expression)}`;
    const [{ source }] = parseText(text, SETTINGS);
    const [item] = (source as Extract<SourceQuery, { op: 'select' }>).items;
    const read: SourceExpression = item.expression;
    deepStrictEqual(withoutPositions(read), withoutPositions(expression), `${text} (seed ${seed})`);
  }
});
