/** Subqueries that stay what they are: plans of their own, run inside the statement by the values that they read of it. */

import type { BoundChange } from '../../sblr/bound-relations.ts';
import type { BoundExpression, BoundRelation, BoundSubquery, ColumnId } from '../../sblr/bound.ts';
import { withExpressions, withInputs } from '../../sblr/relation-tree.ts';
import { type SqlType, sqlType } from '../../sblr/types.ts';
import type { PhysicalNode, Subplan } from '../physical.ts';
import { withChildren } from '../bind/tree.ts';
import { columnsMade } from './made.ts';
import { ALL_ROWS, ANY_ORDER, type Planned, type Planner } from './planner.ts';
import { relationIsVolatile } from './volatile.ts';

type Typed = { readonly column: ColumnId; readonly type: SqlType };

/** Plans a relation that is run inside another plan. Answers its number. */
export function subplanOf(
  planner: Planner,
  relation: BoundRelation,
  outer: readonly Typed[],
  columns: readonly Typed[],
  rows: number,
): { readonly plan: number; readonly planned: Planned } {
  const needed = new Set(columns.map(({ column }) => column));
  const seen = new Map(outer.map(({ column, type }) => [column, type]));
  const inside = withPlansInside(planner, relation);
  const planned = planner.within(seen, () => planner.plan(inside, { needed, order: ANY_ORDER, rows }));
  const subplan: Subplan = { root: planned.node, outer, columns, memo: !relationIsVolatile(relation) };
  return { plan: planner.subplans.push(subplan) - 1, planned };
}

/** An expression with its subqueries planned. */
export function withSubplans(planner: Planner, expression: BoundExpression): BoundExpression {
  const inside = withChildren(expression, (child) => withSubplans(planner, child));
  return inside.op === 'subquery' ? planned(planner, inside) : inside;
}

function planned(planner: Planner, query: BoundSubquery): BoundExpression {
  const { kind, type, at } = query;
  const outer = query.outer.map(({ column, expression }) => ({ column, type: expression.type }));
  const { relation, columns } = answerOf(planner, query);
  const { plan } = subplanOf(planner, relation, outer, columns, kind === 'exists' ? 1 : ALL_ROWS);
  return { op: 'subplan', kind, plan, outer: query.outer.map(({ expression }) => expression), type, at };
}

/** What the subplan gives: its value, or the answers of its condition. */
function answerOf(
  planner: Planner,
  query: BoundSubquery,
): { readonly relation: BoundRelation; readonly columns: readonly Typed[] } {
  const { relation, condition } = query;
  if (query.kind === 'exists') return { relation, columns: [] };
  if (query.kind === 'scalar') {
    const [column] = query.columns;
    return { relation, columns: [{ column, type: columnsMade(relation).get(column) ?? query.type }] };
  }
  const column = planner.freshColumn();
  const answer: BoundRelation = {
    op: 'project',
    input: relation,
    columns: [{ column, expression: condition as BoundExpression }],
  };
  return { relation: answer, columns: [{ column, type: sqlType('bool') }] };
}

/**
 * A relation with the subqueries of all its expressions planned, and the relations of WITH that are collected: they are spools from
 * here on. Subqueries inside subqueries are planned with these.
 */
export function withPlansInside(planner: Planner, relation: BoundRelation): BoundRelation {
  if (relation.op === 'with') {
    for (const { cte, name, relation: definition } of relation.definitions) collect(planner, cte, name, definition);
    return withPlansInside(planner, relation.input);
  }
  const over = withInputs(relation, (input) => withPlansInside(planner, input));
  return withExpressions(over, (expression) => withSubplans(planner, expression));
}

function collect(planner: Planner, cte: number, name: string, definition: BoundRelation): void {
  if (definition.op === 'change') {
    collectChange(planner, cte, name, definition);
    return;
  }
  const relation = withPlansInside(planner, definition);
  const columns = [...columnsMade(relation)]
    .filter(([column]) => planner.read.has(column))
    .map(([column, type]) => ({ column, type }));
  const needed = new Set(columns.map(({ column }) => column));
  const planned = planner.plan(relation, { needed, order: ANY_ORDER, rows: ALL_ROWS });
  planner.collected.set(cte, { spool: planner.spools.push({ name, root: planned.node, columns }) - 1, planned });
}

/** A change is no relation of the plan: its rows are there before anything else is run. */
function collectChange(planner: Planner, cte: number, name: string, { statement }: BoundChange): void {
  const columns = statement.output.filter(({ column }) => planner.read.has(column)).map(({ column, type }) => ({ column, type }));
  const change = planner.change(statement);
  const { rows } = change.source.estimate;
  const node: PhysicalNode = { node: 'ValuesScan', columns, rows: [], estimate: { rows, cost: 0 } };
  const planned = { node, ordered: false, facts: { columns: new Map(), keys: [] } };
  planner.collected.set(cte, { spool: planner.spools.push({ name, root: change.source, columns, change }) - 1, planned });
}
