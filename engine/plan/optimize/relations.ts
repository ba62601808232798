/** Relations over one input: filters, projections, groupings, orders, limits, locks, windows. */

import type { BoundExpression, BoundRelation, BoundSortKey, ColumnId } from '../../sblr/bound.ts';
import type { HashAggregate, HashDistinct, PhysicalNode } from '../physical.ts';
import { absorbComputed } from './absorb.ts';
import { collectColumns, columnsOf, conjuncts, isVolatile, withSortColumns } from './columns.ts';
import { GROUP, ROW, someRows, sortCost } from './cost.ts';
import { planExtremes } from './extremes.ts';
import { type ColumnFact, type Facts, factsWhenAsked, isUniqueIn, keysWithout, ONE_ROW, type UniqueKey } from './facts.ts';
import { inTwoSteps } from './distinct-groups.ts';
import { groupsOf } from './join-rows.ts';
import { columnsMade } from './made.ts';
import { sortOf } from './merge-joins.ts';
import { ALL_ROWS, ANY_ORDER, knownNumber, type Planned, type Planner, type Wanted } from './planner.ts';
import { sampledDistinct } from './sampled.ts';
import { conditionsFraction } from './selectivity.ts';
import { planSource } from './sources.ts';

type Relation<Op extends BoundRelation['op']> = BoundRelation & { readonly op: Op };

/** Rows that a LIMIT stands for whose value is not known. */
const LIMIT_GUESS = 100;

export function planFilter(planner: Planner, relation: Relation<'filter'>, wanted: Wanted): Planned {
  const conditions = conjuncts(relation.condition);
  let input = relation.input;
  // A filter above a filter is one; above a source it belongs to the source.
  while (input.op === 'filter') {
    conditions.unshift(...conjuncts(input.condition));
    input = input.input;
  }
  const own = planSource(planner, input, conditions, wanted);
  if (own !== null) return own;
  const needed = new Set(wanted.needed);
  for (const condition of conditions) collectColumns(condition, needed);
  const below = planner.plan(input, { ...wanted, needed, rows: ALL_ROWS });
  return { ...below, node: filterOf(planner, below, conditions) };
}

/** A filter above a node. */
export function filterOf(planner: Planner, { node, facts }: Planned, conditions: readonly BoundExpression[]): PhysicalNode {
  const { rows, cost } = node.estimate;
  const { known, isConstant } = planner;
  const fraction = conditionsFraction({ facts, rows, known, isConstant }, conditions);
  const estimate = { rows: someRows(rows * fraction), cost: cost + rows * ROW };
  return { node: 'Filter', input: node, condition: all(conditions), estimate };
}

const all = (conditions: readonly BoundExpression[]): BoundExpression =>
  conditions.length === 1 ? conditions[0] : { op: 'and', operands: conditions, type: conditions[0].type };

export function planProject(planner: Planner, relation: Relation<'project'>, wanted: Wanted): Planned {
  const columns = relation.columns.filter(({ column, expression }) => wanted.needed.has(column) || isVolatile(expression));
  const own = new Map<ColumnId, BoundExpression>();
  const needed = new Set(wanted.needed);
  for (const { column, expression } of relation.columns) {
    own.set(column, expression);
    needed.delete(column);
  }
  for (const { expression } of columns) collectColumns(expression, needed);
  // An order by a computed column is one of the input where the column only passes through.
  const order = wanted.order.map((key) =>
    key.expression.op === 'column' && own.has(key.expression.column)
      ? { ...key, expression: own.get(key.expression.column) as BoundExpression }
      : key,
  );
  const below = planner.plan(relation.input, { needed, order, rows: wanted.rows });
  if (columns.length === 0) return below;
  const { rows, cost } = below.node.estimate;
  const estimate = { rows, cost: cost + rows * ROW };
  return {
    ordered: below.ordered,
    facts: factsWhenAsked(() => factsThrough(below.facts, relation.columns)),
    node: { node: 'Compute', input: below.node, columns, estimate },
  };
}

/** A column that only passes through has the facts of what it is. */
function factsThrough(facts: Facts, columns: Relation<'project'>['columns']): Facts {
  const passing = columns.flatMap(({ column, expression }) =>
    expression.op === 'column' ? [{ column, from: expression.column }] : [],
  );
  const known = new Map(facts.columns);
  for (const { column, expression } of columns) {
    const fact = expression.op === 'column' ? null : computedFact(facts, expression);
    if (fact !== null) known.set(column, fact);
  }
  if (passing.length === 0) return { ...facts, columns: known };
  const keys: UniqueKey[] = [...facts.keys];
  for (const { column, from } of passing) {
    const fact = facts.columns.get(from);
    if (fact !== undefined) known.set(column, fact);
  }
  for (const key of facts.keys) {
    const columnsOfKey = [...key.columns].map((one) => passing.find(({ from }) => from === one)?.column ?? one);
    if (key.columns.size > 0) keys.push({ ...key, columns: new Set(columnsOfKey) });
  }
  return { columns: known, keys };
}

/** What is computed of one column has as many values as that one, or fewer. */
function computedFact(facts: Facts, expression: BoundExpression): ColumnFact | null {
  const columns = columnsOf(expression);
  if (columns.size !== 1) return null;
  const [column] = columns;
  const fact = facts.columns.get(column);
  if (fact === undefined || fact.distinct === 0) return null;
  const distinct = sampledDistinct(facts, expression) ?? fact.distinct;
  return { statistics: null, distinct, nullFraction: fact.nullFraction };
}

export function planAggregate(planner: Planner, given: Relation<'aggregate'>): Planned {
  const relation = inTwoSteps(given, () => planner.freshColumn()) ?? given;
  const needed = new Set<ColumnId>();
  for (const { expression } of relation.keys) collectColumns(expression, needed);
  for (const { arguments: given, filter, order } of relation.aggregates) {
    for (const expression of given) collectColumns(expression, needed);
    if (filter !== null) collectColumns(filter, needed);
    for (const { expression } of order) collectColumns(expression, needed);
  }
  const below = planner.plan(relation.input, { needed, order: ANY_ORDER, rows: ALL_ROWS });
  const { rows, cost } = below.node.estimate;
  const { keys, aggregates, sets, grouping } = relation;
  const expressions = keys.map(({ expression }) => expression);
  const groups =
    sets.length === 0
      ? groupsOf(below.facts, expressions, rows)
      : sets.reduce(
          (sum, set) =>
            sum +
            groupsOf(
              below.facts,
              set.keys.map((key) => expressions[key]),
              rows,
            ),
          0,
        );
  const estimate = { rows: Math.max(1, groups), cost: cost + rows * GROUP * Math.max(1, sets.length) };
  const facts = { columns: groupFacts(below.facts, relation), keys: groupKeys(relation) };
  const extremes = planExtremes(planner, relation, estimate.cost);
  if (extremes !== null) return { node: extremes, ordered: false, facts };
  const node: HashAggregate = { node: 'HashAggregate', input: below.node, keys, aggregates, sets, grouping, estimate };
  return { node: absorbComputed(node), ordered: false, facts };
}

function groupFacts(facts: Facts, { keys }: Relation<'aggregate'>): ReadonlyMap<ColumnId, ColumnFact> {
  const columns = new Map<ColumnId, ColumnFact>();
  for (const { column, expression } of keys) {
    const fact = expression.op === 'column' ? facts.columns.get(expression.column) : undefined;
    // How often values came does not count any more, only that they came.
    if (fact !== undefined) columns.set(column, { ...fact, statistics: null });
  }
  return columns;
}

function groupKeys({ keys, sets }: Relation<'aggregate'>): UniqueKey[] {
  if (sets.length > 0) return [];
  return keys.length === 0 ? [ONE_ROW] : [{ columns: new Set(keys.map(({ column }) => column)), nulls: true }];
}

export function planDistinct(planner: Planner, relation: Relation<'distinct'>, wanted: Wanted): Planned {
  const needed = new Set([...wanted.needed, ...relation.columns]);
  const below = planner.plan(relation.input, { needed, order: wanted.order, rows: ALL_ROWS });
  // Rows that differ in these columns anyway.
  if (isUniqueIn(below.facts, new Set(relation.columns), true)) return below;
  const { rows, cost } = below.node.estimate;
  const types = columnsMade(relation.input);
  const values = relation.columns.map((column): BoundExpression => {
    return { op: 'column', column, type: types.get(column) ?? ANY_TYPE };
  });
  const estimate = { rows: Math.max(1, groupsOf(below.facts, values, rows)), cost: cost + rows * GROUP };
  const facts = { ...below.facts, keys: [...below.facts.keys, { columns: new Set(relation.columns), nulls: true }] };
  const order = relation.input.op === 'sort' ? relation.input.keys : below.ordered ? wanted.order : [];
  // A limit above may end it before its rows have all come.
  const streams = wanted.rows !== ALL_ROWS && (wanted.order.length === 0 || below.ordered);
  if (order.length === 0 && !streams && [...needed].every((column) => relation.columns.includes(column))) {
    // Groups may wait in files, and be made by several threads.
    const keys = relation.columns.map((column, at) => ({ column, expression: values[at] }));
    return { ordered: false, facts, node: { node: 'HashAggregate', input: below.node, keys, aggregates: [], estimate } };
  }
  const node: HashDistinct = { node: 'HashDistinct', input: below.node, columns: relation.columns, estimate };
  // The first row of each comes through in the order of the input.
  return { ordered: below.ordered, facts, node: areSorted(order, relation.columns) ? { ...node, sorted: true } : node };
}
const ANY_TYPE = { name: 'any', length: -1, scale: -1, nullable: true, digits: 0 } as const;

/** Whether rows that agree in these columns come one behind the other. */
function areSorted(order: readonly BoundSortKey[], columns: readonly ColumnId[]): boolean {
  const left = new Set(columns);
  for (const { expression } of order) {
    if (left.size === 0 || expression.op !== 'column' || !columns.includes(expression.column)) break;
    left.delete(expression.column);
  }
  return left.size === 0;
}

export function planSort(planner: Planner, relation: Relation<'sort'>, wanted: Wanted): Planned {
  const below = planner.plan(relation.input, {
    needed: withSortColumns(relation.keys, wanted.needed),
    order: relation.keys,
    rows: wanted.rows,
  });
  // Another order than its own may be wanted above.
  const ordered = wanted.order.length === 0;
  return { ...below, node: below.ordered ? below.node : sortOf(below.node, relation.keys), ordered };
}

export function planLimit(planner: Planner, relation: Relation<'limit'>, wanted: Wanted): Planned {
  const { limit, offset, ties } = relation;
  const wants =
    limit === null
      ? ALL_ROWS
      : knownNumber(planner, limit, LIMIT_GUESS) + (offset === null ? 0 : knownNumber(planner, offset, 0));
  const needed = withSortColumns(ties, wanted.needed);
  const below = planner.plan(relation.input, { ...wanted, needed, rows: Math.max(1, wants) });
  const { node } = below;
  const rows = Math.max(1, Math.min(node.estimate.rows, wants));
  const facts = wants <= 1 && ties.length === 0 && limit?.op === 'constant' ? { ...below.facts, keys: [ONE_ROW] } : below.facts;
  if (limit !== null && node.node === 'Sort') {
    const estimate = { rows, cost: node.input.estimate.cost + node.input.estimate.rows * ROW };
    const top: PhysicalNode = { node: 'TopN', input: node.input, keys: node.keys, limit, offset, estimate };
    return { ...below, facts, node: ties.length === 0 ? top : { ...top, ties: true } };
  }
  const estimate = { rows, cost: node.estimate.cost };
  const count: PhysicalNode = { node: 'LimitCount', input: node, limit, offset, estimate };
  return { ...below, facts, node: ties.length === 0 ? count : { ...count, ties } };
}

export function planLock(planner: Planner, relation: Relation<'lock'>, wanted: Wanted): Planned {
  const needed = new Set([...wanted.needed, relation.rowId]);
  const below = planner.plan(relation.input, { ...wanted, needed });
  const { table, rowId, strength, wait } = relation;
  const { rows, cost } = below.node.estimate;
  const estimate = { rows, cost: cost + rows };
  return { ...below, node: { node: 'LockRow', input: below.node, table, rowId, strength, wait, estimate } };
}

export function planWindow(planner: Planner, relation: Relation<'window'>, wanted: Wanted): Planned {
  const { partition, order, functions } = relation;
  const needed = withSortColumns(order, wanted.needed);
  for (const expression of partition) collectColumns(expression, needed);
  for (const { arguments: given, filter, frame } of functions) {
    for (const expression of given) collectColumns(expression, needed);
    for (const one of [filter, frame.startValue, frame.endValue, frame.rangeKey]) if (one !== null) collectColumns(one, needed);
  }
  for (const { column } of functions) needed.delete(column);
  const below = planner.plan(relation.input, { needed, order: ANY_ORDER, rows: ALL_ROWS });
  const { rows, cost } = below.node.estimate;
  const estimate = { rows, cost: cost + sortCost(rows) + rows * GROUP * functions.length };
  const node: PhysicalNode = { node: 'WindowFrames', input: below.node, partition, order, functions, estimate };
  return { node, ordered: false, facts: { ...below.facts, keys: keysWithout(below.facts.keys, new Set()) } };
}
