/** Random expressions in source form, as the parser could have made them. */

import type { SourceExpression, SourceName, SourceQuery, SourceType } from '../../engine/sblr/source.gen.ts';
import { constant, joined, negated, ownName, ownType, plainCall, rowOf, systemCall } from './lower.ts';
import { emptySelect } from './lower-query.ts';

type Pick = (count: number) => number;
type Make = (pick: Pick, depth: number) => SourceExpression;

const of = <Item>(pick: Pick, items: readonly Item[]): Item => items[pick(items.length)];

const NAMES: readonly (readonly [string, boolean])[] = [
  ...([
    ['a', false],
    ['b', false],
    ['größe', false],
    ['Mixed', true],
    ['select', true],
    ['with"quote', true],
    ['time', false],
  ] as const),
];

function name(pick: Pick, parts: number): SourceName {
  const chosen = Array.from({ length: parts }, () => of(pick, NAMES));
  return { op: 'name', at: 0, parts: chosen.map(([part]) => part), quoted: chosen.map(([, quoted]) => quoted) };
}

const column: Make = (pick) => ({ op: 'column', at: 0, name: name(pick, 1 + pick(3)) });

const LEAVES: readonly Make[] = [
  column,
  column,
  () => constant(0, 'integer', '42'),
  () => constant(0, 'integer', '-7'),
  () => constant(0, 'decimal', '1.50'),
  () => constant(0, 'string', "it's \\ 100%"),
  () => constant(0, 'null', 'null'),
  () => constant(0, 'boolean', 'true'),
  () => constant(0, 'bits', '101'),
  (pick) => ({ op: 'parameter', at: 0, number: 1 + pick(9), name: null }),
  () => ({ op: 'valueFunction', at: 0, name: 'current_timestamp', precision: 3 }),
  () => ({ op: 'typedLiteral', at: 0, type: ownType(0, 'date'), text: '2020-01-01' }),
];

const TYPES: readonly SourceType[] = [
  ownType(0, 'int4'),
  ownType(0, 'numeric', [constant(0, 'integer', '10'), constant(0, 'integer', '2')]),
  { ...ownType(0, 'text'), dimensions: 2 },
  { ...ownType(0, 'interval'), fields: 'day to second', modifiers: [constant(0, 'integer', '3')] },
  ownType(0, 'timestamptz'),
];

const query = (pick: Pick, depth: number): SourceQuery => ({
  ...emptySelect(0),
  items: [{ op: 'selectItem', at: 0, expression: randomExpression(pick, depth), alias: 'x', quoted: false }],
});

const list = (pick: Pick, depth: number, least: number): SourceExpression[] =>
  Array.from({ length: least + pick(2) }, () => randomExpression(pick, depth));

const OPERATORS = ['+', '-', '*', '/', '%', '^', '=', '<>', '<', '>=', '||', '->', '@>', '<<'];

const BRANCHES: readonly Make[] = [
  (pick, depth) => ({
    op: 'operator',
    at: 0,
    name: ownName(0, of(pick, OPERATORS)),
    left: randomExpression(pick, depth),
    right: randomExpression(pick, depth),
  }),
  (pick, depth) => {
    const operator = of(pick, ['+', '-', '~', '@', '!!']);
    const right = randomExpression(pick, depth);
    return operator === '-' ? negated(0, right) : { op: 'operator', at: 0, name: ownName(0, operator), left: null, right };
  },
  (pick, depth) => joined(of(pick, ['and', 'or'] as const), 0, randomExpression(pick, depth), randomExpression(pick, depth)),
  (pick, depth) => ({ op: 'not', at: 0, operand: randomExpression(pick, depth) }),
  (pick, depth) => ({
    op: 'isTest',
    at: 0,
    operand: randomExpression(pick, depth),
    test: of(pick, ['null', 'true', 'false', 'unknown'] as const),
    negated: pick(2) === 0,
  }),
  (pick, depth) => ({
    op: 'isDistinct',
    at: 0,
    left: randomExpression(pick, depth),
    right: randomExpression(pick, depth),
    negated: pick(2) === 0,
  }),
  (pick, depth) => ({
    op: 'in',
    at: 0,
    operand: randomExpression(pick, depth),
    list: list(pick, depth, 2),
    negated: pick(2) === 0,
  }),
  (pick, depth) => ({
    op: 'inQuery',
    at: 0,
    operand: randomExpression(pick, depth),
    query: query(pick, depth),
    negated: pick(2) === 0,
  }),
  (pick, depth) => ({
    op: 'between',
    at: 0,
    operand: randomExpression(pick, depth),
    low: randomExpression(pick, depth),
    high: randomExpression(pick, depth),
    symmetric: pick(3) === 0,
    negated: pick(2) === 0,
  }),
  (pick, depth) => ({
    op: 'like',
    at: 0,
    kind: of(pick, ['like', 'ilike', 'similar'] as const),
    operand: randomExpression(pick, depth),
    pattern: randomExpression(pick, depth),
    escape: pick(2) === 0 ? null : randomExpression(pick, depth),
    negated: pick(2) === 0,
  }),
  (pick, depth) => ({
    op: 'case',
    at: 0,
    operand: pick(2) === 0 ? null : randomExpression(pick, depth),
    whens: [{ op: 'when', at: 0, condition: randomExpression(pick, depth), result: randomExpression(pick, depth) }],
    otherwise: pick(2) === 0 ? null : randomExpression(pick, depth),
  }),
  (pick, depth) => ({ op: 'cast', at: 0, operand: randomExpression(pick, depth), type: of(pick, TYPES) }),
  (pick, depth) => ({
    op: 'special',
    at: 0,
    function: of(pick, ['coalesce', 'greatest', 'least'] as const),
    arguments: list(pick, depth, 1),
  }),
  (pick, depth) => ({ op: 'subquery', at: 0, kind: of(pick, ['scalar', 'exists', 'array'] as const), query: query(pick, depth) }),
  (pick, depth) => ({
    op: 'quantified',
    at: 0,
    operator: ownName(0, of(pick, ['=', '<', '~~', '!~~*', '@>'])),
    quantifier: of(pick, ['any', 'all'] as const),
    left: randomExpression(pick, depth),
    query: null,
    array: column(pick, depth),
  }),
  (pick, depth) => rowOf(0, list(pick, depth, 2)),
  (pick, depth) => ({ op: 'array', at: 0, items: list(pick, depth, 0) }),
  (pick, depth) => ({
    op: 'subscript',
    at: 0,
    operand: randomExpression(pick, depth),
    lower: randomExpression(pick, depth),
    upper: null,
    slice: pick(2) === 0,
  }),
  (pick, depth) => ({ op: 'field', at: 0, operand: randomExpression(pick, depth), name: 'Field', quoted: true }),
  (pick, depth) => ({ op: 'collate', at: 0, operand: randomExpression(pick, depth), collation: name(pick, 2) }),
  (pick, depth) => systemCall(0, 'extract', [constant(0, 'string', 'year'), randomExpression(pick, depth)]),
  (pick, depth) => systemCall(0, 'position', [randomExpression(pick, depth), randomExpression(pick, depth)]),
  (pick, depth) => plainCall(0, name(pick, 2), list(pick, depth, 0)),
  (pick, depth) => ({
    ...plainCall(0, ownName(0, 'sum'), list(pick, depth, 1)),
    distinct: pick(2) === 0,
    filter: randomExpression(pick, depth),
    order: [{ op: 'sortItem', at: 0, expression: randomExpression(pick, depth), descending: true, nulls: 'last', using: null }],
    over: {
      op: 'windowSpec',
      at: 0,
      name: null,
      base: null,
      partition: list(pick, depth, 0),
      order: [],
      frame: {
        op: 'frame',
        at: 0,
        unit: 'rows',
        start: 'preceding',
        startValue: randomExpression(pick, depth),
        end: 'current',
        endValue: null,
        exclude: 'ties',
      },
    },
  }),
];

export function randomExpression(pick: Pick, depth: number): SourceExpression {
  return depth <= 0 || pick(4) === 0 ? of(pick, LEAVES)(pick, 0) : of(pick, BRANCHES)(pick, depth - 1);
}
