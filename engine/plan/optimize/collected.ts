/** Set operations and recursions. */

import type { ColumnId } from '../../sblr/bound.ts';
import type { BoundRecurse, BoundSetOperation } from '../../sblr/bound-relations.ts';
import type { PhysicalNode } from '../physical.ts';
import { GROUP, someRows } from './cost.ts';
import { type ColumnFact, factOf } from './facts.ts';
import { ALL_ROWS, ANY_ORDER, type Planned, type Planner, type Wanted } from './planner.ts';

/** What a recursion gives for each row that it begins with: a guess. */
const RECURSION = 10;

export function planSetOperation(planner: Planner, relation: BoundSetOperation, wanted: Wanted): Planned {
  const { kind, all } = relation;
  const isPlain = kind === 'union' && all;
  const columns = isPlain ? relation.columns.filter(({ column }) => wanted.needed.has(column)) : relation.columns;
  const side = (of: 'left' | 'right'): Planned =>
    planner.plan(relation[of], {
      needed: new Set(columns.map((one) => one[of])),
      order: ANY_ORDER,
      rows: isPlain ? wanted.rows : ALL_ROWS,
    });
  const [left, right] = [side('left'), side('right')];
  const [a, b] = [left.node.estimate, right.node.estimate];
  const rows = { union: all ? a.rows + b.rows : (a.rows + b.rows) * 0.8, intersect: Math.min(a.rows, b.rows), except: a.rows }[
    kind
  ];
  const estimate = { rows: someRows(rows), cost: a.cost + b.cost + (isPlain ? 0 : (a.rows + b.rows) * GROUP) };
  const node: PhysicalNode = { node: 'HashSetOp', kind, all, left: left.node, right: right.node, columns, estimate };
  const known = new Map<ColumnId, ColumnFact>();
  for (const { column, left: from, right: other } of columns) {
    const [one, two] = [factOf(left.facts, from), factOf(right.facts, other)];
    const distinct = kind === 'union' && one.distinct > 0 && two.distinct > 0 ? one.distinct + two.distinct : one.distinct;
    known.set(column, {
      statistics: null,
      distinct: kind === 'union' && two.distinct === 0 ? 0 : distinct,
      nullFraction: one.nullFraction,
    });
  }
  const keys = all ? [] : [{ columns: new Set(columns.map(({ column }) => column)), nulls: true }];
  return { node, ordered: false, facts: { columns: known, keys } };
}

export function planRecurse(planner: Planner, relation: BoundRecurse): Planned {
  const { work, all, columns } = relation;
  const side = (of: 'base' | 'step'): Planned =>
    planner.plan(relation[of], { needed: new Set(columns.map((one) => one[of])), order: ANY_ORDER, rows: ALL_ROWS });
  const base = side('base');
  planner.recursions.set(work, base);
  const step = side('step');
  const [a, b] = [base.node.estimate, step.node.estimate];
  const estimate = { rows: someRows(a.rows + b.rows * RECURSION), cost: a.cost + b.cost * RECURSION };
  const node: PhysicalNode = { node: 'Recurse', work, base: base.node, step: step.node, all, columns, estimate };
  const keys = all ? [] : [{ columns: new Set(columns.map(({ column }) => column)), nulls: true }];
  return { node, ordered: false, facts: { columns: new Map(), keys } };
}
