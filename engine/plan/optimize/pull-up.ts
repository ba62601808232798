/**
 * What ties a subquery to the block around it goes up: the conditions that read the block's columns stand above the relation
 * afterwards, which reads nothing of the block any more.
 *
 *   select ... from b where b.y = $outer and b.z > 1      ->      b where b.z > 1,  and above it  b.y = $outer
 */

import type { BoundExpression, BoundRelation, ColumnId } from '../../sblr/bound.ts';
import type { BoundAggregation } from '../../sblr/bound.ts';
import type { WithAlternative } from './alternatives.ts';
import { columnsOf, conjuncts, isVolatile } from './columns.ts';
import { equalityOf } from './equalities.ts';
import { columnsMade, freeColumns } from './made.ts';
import { mayFail, replaceColumns } from './may-fail.ts';
import { filtered } from './push-down.ts';

export interface PulledUp {
  readonly relation: BoundRelation;
  /** Over the relation's columns and the block's. */
  readonly conditions: readonly BoundExpression[];
  /** Columns that the relation made of the block's: what they are. */
  readonly computed: ReadonlyMap<ColumnId, BoundExpression>;
}

/** `once`: rows that agree may be left out, and so may an order. */
export interface PullOptions {
  readonly outer: ReadonlySet<ColumnId>;
  readonly once: boolean;
  readonly fresh: () => ColumnId;
}

const NOTHING: ReadonlyMap<ColumnId, BoundExpression> = new Map();

const reads = (expression: BoundExpression, columns: ReadonlySet<ColumnId>): boolean => {
  for (const column of columnsOf(expression)) if (columns.has(column)) return true;
  return false;
};

const isFree = (relation: BoundRelation, { outer }: PullOptions): boolean => {
  for (const column of freeColumns(relation).keys()) if (outer.has(column)) return false;
  return true;
};

/** Null: it cannot be untied. */
export function pullUp(relation: BoundRelation, options: PullOptions): PulledUp | null {
  if (isFree(relation, options)) return { relation, conditions: [], computed: NOTHING };
  switch (relation.op) {
    case 'filter':
      return pullFilter(relation, options);
    case 'project':
      return pullProject(relation, options);
    case 'join':
      return pullJoin(relation, options);
    case 'sort':
      return pullUp(relation.input, options);
    case 'distinct':
      return options.once ? pullUp(relation.input, options) : null;
    case 'aggregate':
      return relation.keys.length > 0 ? pullAggregate(relation, options, false) : null;
    default:
      return null;
  }
}

function pullFilter(node: BoundRelation & { op: 'filter' }, options: PullOptions): PulledUp | null {
  const below = pullUp(node.input, options);
  if (below === null) return null;
  const stay: BoundExpression[] = [];
  const up: BoundExpression[] = [];
  for (const given of conjuncts(node.condition)) {
    const condition = replaceColumns(given, (column) => below.computed.get(column));
    if (isVolatile(condition)) return null;
    // What may fail stays behind the condition that goes up before it.
    const isGuarded = (up.length > 0 || below.conditions.length > 0) && mayFail(condition);
    if (reads(condition, options.outer) || isGuarded) up.push(condition);
    else stay.push(condition);
  }
  return { ...below, relation: filtered(below.relation, stay), conditions: [...below.conditions, ...up] };
}

function pullProject(node: BoundRelation & { op: 'project' }, options: PullOptions): PulledUp | null {
  const below = pullUp(node.input, options);
  if (below === null) return null;
  const computed = new Map(below.computed);
  const stay: { column: ColumnId; expression: BoundExpression }[] = [];
  for (const { column, expression: given } of node.columns) {
    const expression = replaceColumns(given, (one) => below.computed.get(one));
    if (isVolatile(expression)) return null;
    if (reads(expression, options.outer) || mayFail(expression)) computed.set(column, expression);
    else stay.push({ column, expression });
  }
  const relation: BoundRelation = stay.length === 0 ? below.relation : { op: 'project', input: below.relation, columns: stay };
  return { relation, conditions: below.conditions, computed };
}

function pullJoin(node: BoundRelation & { op: 'join' }, options: PullOptions): PulledUp | null {
  if (node.lateral) return null;
  const isInner = node.kind === 'inner';
  if (!isInner && !['left', 'semi', 'anti', 'mark', 'single'].includes(node.kind)) return null;
  const left = pullUp(node.left, options);
  const right = isInner
    ? pullUp(node.right, options)
    : isFree(node.right, options)
      ? { relation: node.right, conditions: [], computed: NOTHING }
      : null;
  if (left === null || right === null) return null;
  const computed = new Map([...left.computed, ...right.computed]);
  const stay: BoundExpression[] = [];
  const up: BoundExpression[] = [];
  for (const given of conjuncts(node.condition)) {
    const condition = replaceColumns(given, (column) => computed.get(column));
    if (isVolatile(condition)) return null;
    if (reads(condition, options.outer)) up.push(condition);
    else stay.push(condition);
  }
  if (!isInner && up.length > 0) return null;
  const condition = stay.length === 0 ? null : stay.length === 1 ? stay[0] : { ...stay[0], op: 'and' as const, operands: stay };
  // What could be run for each row instead would read the block.
  const relation: WithAlternative & BoundRelation = {
    ...node,
    alternative: null,
    left: left.relation,
    right: right.relation,
    condition: condition as BoundExpression | null,
  };
  return { relation, conditions: [...left.conditions, ...right.conditions, ...up], computed };
}

/** The inner side of an equality with the block: a key to group by. */
export function correlationKey(condition: BoundExpression, outer: ReadonlySet<ColumnId>): BoundExpression | null {
  const equality = equalityOf(condition);
  if (equality === null) return null;
  const { left, right } = equality;
  if (reads(left, outer) && !reads(right, outer)) return columnsOf(right).size > 0 ? right : null;
  if (reads(right, outer) && !reads(left, outer)) return columnsOf(left).size > 0 ? left : null;
  return null;
}

/** The sides that read the block must read nothing else. */
const readsOnlyOuter = (condition: BoundExpression, key: BoundExpression, made: ReadonlyMap<ColumnId, unknown>): boolean => {
  const equality = equalityOf(condition);
  const other = equality?.left === key ? equality.right : equality?.left;
  return other !== undefined && ![...columnsOf(other)].some((column) => made.has(column));
};

/**
 * Rows that agree with a row of the block are a group: each equality becomes a key. `isScalar`: the aggregate had no keys, and so
 * gives a row where there is no group.
 */
export function pullAggregate(node: BoundAggregation, options: PullOptions, isScalar: boolean): PulledUp | null {
  if (node.sets.length > 0 || (isScalar && node.keys.length > 0)) return null;
  const below = pullUp(node.input, { ...options, once: false });
  if (below === null || below.computed.size > 0) return null;
  const made = columnsMade(below.relation);
  const inside = [
    ...node.keys.map(({ expression }) => expression),
    ...node.aggregates.flatMap((one) => [
      ...one.arguments,
      ...one.order.map(({ expression }) => expression),
      ...(one.filter === null ? [] : [one.filter]),
    ]),
  ];
  // Groups that no row of the block asks for are made as well: nothing may fail there.
  if (inside.some((one) => reads(one, options.outer) || mayFail(one) || isVolatile(one))) return null;
  const keys = [...node.keys];
  const conditions: BoundExpression[] = [];
  for (const condition of below.conditions) {
    const key = correlationKey(condition, options.outer);
    if (key === null || mayFail(key) || !readsOnlyOuter(condition, key, made)) return null;
    const known = keys.find(({ expression }) => expression === key || sameColumn(expression, key));
    const column = known?.column ?? options.fresh();
    if (known === undefined) keys.push({ column, expression: key });
    const named: BoundExpression = { op: 'column', column, type: key.type };
    conditions.push(withSide(condition, key, named));
  }
  return { relation: { ...node, input: below.relation, keys }, conditions, computed: NOTHING };
}

const sameColumn = (a: BoundExpression, b: BoundExpression): boolean =>
  a.op === 'column' && b.op === 'column' && a.column === b.column;

/** An equality with another expression for one of its sides. */
function withSide(condition: BoundExpression, side: BoundExpression, by: BoundExpression): BoundExpression {
  if (condition.op === 'call') {
    return { ...condition, arguments: condition.arguments.map((one) => (one === side ? by : one)) };
  }
  if (condition.op !== 'isDistinct') return condition;
  return {
    ...condition,
    left: condition.left === side ? by : condition.left,
    right: condition.right === side ? by : condition.right,
  };
}
