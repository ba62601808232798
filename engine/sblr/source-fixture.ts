/** Source forms for tests: builders of what tests write by hand, and random trees made by the opcode table. */

import type { NodeForm, Operand } from './form.ts';
import type {
  SourceCallNode,
  SourceColumnNode,
  SourceConstantNode,
  SourceExpression,
  SourceName,
  SourceNode,
  SourceOperatorNode,
  SourceParameterNode,
  SourceSelectItem,
  SourceSelectNode,
  SourceSortItem,
  SourceTableRefNode,
} from './source.gen.ts';
import { SOURCE_FORM } from './verify-source.ts';

export const name = (text: string): SourceName => {
  const parts = text.split('.');
  return { op: 'name', at: 0, parts, quoted: parts.map(() => false) };
};
export const column = (text: string): SourceColumnNode => ({ op: 'column', at: 0, name: name(text) });
export const constant = (text: string, kind: SourceConstantNode['kind'] = 'integer'): SourceConstantNode => ({
  op: 'constant',
  at: 0,
  kind,
  text,
});
export const string = (text: string): SourceConstantNode => constant(text, 'string');
export const parameter = (number: number): SourceParameterNode => ({ op: 'parameter', at: 0, number, name: null });
export const operator = (symbol: string, left: SourceExpression | null, right: SourceExpression): SourceOperatorNode => ({
  op: 'operator',
  at: 0,
  name: name(symbol),
  left,
  right,
});
export const call = (
  text: string,
  args: readonly SourceExpression[] = [],
  more: Partial<SourceCallNode> = {},
): SourceCallNode => ({
  op: 'call',
  at: 0,
  name: name(text),
  arguments: args,
  names: [],
  star: false,
  distinct: false,
  variadic: false,
  order: [],
  withinGroup: [],
  filter: null,
  over: null,
  ...more,
});
export const item = (expression: SourceExpression, alias: string | null = null): SourceSelectItem => ({
  op: 'selectItem',
  at: 0,
  expression,
  alias,
  quoted: false,
});
export const sortItem = (expression: SourceExpression, more: Partial<SourceSortItem> = {}): SourceSortItem => ({
  op: 'sortItem',
  at: 0,
  expression,
  descending: false,
  nulls: 'default',
  using: null,
  ...more,
});
export const from = (table: string): SourceTableRefNode => ({
  op: 'tableRef',
  at: 0,
  name: name(table),
  alias: null,
  only: false,
  sample: null,
});
export const select = (more: Partial<SourceSelectNode>): SourceSelectNode => ({
  op: 'select',
  at: 0,
  with: null,
  distinct: 'none',
  distinctOn: [],
  items: [],
  from: [],
  where: null,
  group: [],
  having: null,
  windows: [],
  order: [],
  limit: null,
  offset: null,
  ties: false,
  locking: [],
  ...more,
});

// ---- random trees ----

export type Random = () => number;

/** A repeatable sequence of numbers below 1. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)];

/** Texts that mean something to a binder, so that random trees get far. */
const WORDS = 't a b s d id n count sum lower coalesce + = < || / ~~ 1 2.5 x int4 text date numeric excluded now'.split(' ');
const LEAVES = ['column', 'constant', 'parameter', 'literal'];
export const RANDOM_LIMITS = { tokens: 50, literals: 3 };

const FORMS = [...SOURCE_FORM.byName.values()];

function formFor(random: Random, categories: readonly string[], depth: number): NodeForm {
  const all = FORMS.filter((form) => categories.includes(form.category));
  const leaves = depth <= 0 ? all.filter((form) => LEAVES.includes(form.name)) : [];
  return pick(random, leaves.length > 0 ? leaves : all);
}

function randomScalar(random: Random, operand: Operand): unknown {
  switch (operand.kind) {
    case 'text':
      return pick(random, WORDS);
    case 'boolean':
      return random() < 0.3;
    case 'number':
      return Math.floor(random() * 3);
    default:
      return pick(random, operand.choices);
  }
}

function randomOperand(random: Random, operand: Operand, depth: number): unknown {
  const one = (): unknown =>
    operand.kind === 'node' ? randomNode(random, operand.categories, depth - 1) : randomScalar(random, operand);
  if (operand.list) return Array.from({ length: depth <= 0 ? 0 : Math.floor(random() * 3) }, one);
  return operand.optional && (depth <= 0 || random() < 0.7) ? null : one();
}

/** Lists that must not be empty get what they need. */
function complete(random: Random, node: { [name: string]: unknown }, depth: number): void {
  const expressions = (least: number, given: unknown): unknown[] => {
    const list = given as unknown[];
    while (list.length < least) list.push(randomNode(random, ['expression'], depth - 1));
    return list;
  };
  switch (node.op) {
    case 'name':
      node.parts = [pick(random, WORDS)];
      node.quoted = [false];
      return;
    case 'and':
    case 'or':
      expressions(2, node.operands);
      return;
    case 'in':
      expressions(1, node.list);
      return;
    case 'values':
      expressions(1, node.rows);
      return;
    case 'call':
      node.names = [];
      return;
    case 'case':
      if ((node.whens as unknown[]).length === 0) node.whens = [randomNode(random, ['when'], depth - 1)];
      return;
    case 'setItem':
      node.columns = ['a'];
      node.path = null;
  }
}

/** A well formed node of one of the categories; nothing more is asked of it. */
export function randomNode(random: Random, categories: readonly string[], depth: number): SourceNode {
  const form = formFor(random, categories, depth);
  const node: { [name: string]: unknown } = { op: form.name, at: Math.floor(random() * RANDOM_LIMITS.tokens) };
  for (const operand of form.operands) node[operand.name] = randomOperand(random, operand, depth);
  complete(random, node, depth);
  return node as unknown as SourceNode;
}
