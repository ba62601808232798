import { strictEqual, throws } from 'node:assert';
import { test } from 'node:test';
import { printBound } from '../../engine/sblr/print-bound.ts';
import { bind } from '../../engine/plan/bind/bind.ts';
import { environmentOf, table, tableColumn } from '../../engine/plan/bind/catalog-fixture.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import { PlainGrammar } from './grammar.ts';
import { parse } from './parse.ts';
import { plugin } from './plugin.ts';
import { render } from './render.ts';
import { semantics } from './semantics.ts';

const TEXTS = [
  'show item',
  "show item id, name where price >= 0.05 and name <> 'it''s' by id down first 3",
  "add item 1, 'nut', -0.05, null",
  'set item price = 1, name = null where id = 7',
  'remove item',
  'begin',
  'commit',
  'rollback',
];

test('the grammar holds what Chevrotain asks of one', () => {
  new PlainGrammar({ validate: true });
});

test('what is written is what was read', () => {
  plugin.selfTest();
  for (const text of TEXTS) strictEqual(render(parse(text)[0].source), text);
  strictEqual(parse(TEXTS.join('\n')).length, TEXTS.length, 'a statement is a line');
  strictEqual(parse('\n  \n').length, 0);
});

test('errors tell the place', () => {
  const wrong: readonly (readonly [string, string, number])[] = [
    ['show item where', 'the line ends too early', 16],
    ['show 3', '"3" fits nowhere here', 6],
    ['dance', '"dance" fits nowhere here', 1],
    ['show t where a ! 3', '"!" is nothing of this language', 16],
  ];
  for (const [text, message, position] of wrong) throws(() => parse(text), { code: '42601', message, position });
  throws(() => render({ op: 'checkpoint', at: 0 } as never), { code: '0A000' });
});

test('names are as they are written, literals become what they are compared with', () => {
  const item = table(1, 'item', [tableColumn(1, 'id', sqlType('int4')), tableColumn(2, 'Day', sqlType('date'))]);
  const [{ source }] = parse("show item Day where Day > '2026-01-31' and id = 7");
  const printed = printBound(bind(source, environmentOf(semantics, [item])).statement);
  strictEqual(
    printed,
    'query Day := c1 date\n  filter (date.greater(c1, 20484:date) and int4.equal(c0, 7))\n    get 1 item (c0 := 1 int4, c1 := 2 date)',
  );
});
