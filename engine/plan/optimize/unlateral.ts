/**
 * LATERAL without what makes it one: the conditions by which the right side reads the left one go into the join.
 *
 *   a, lateral (select ... from b where b.y = a.x)                    a join b on b.y = a.x
 *   a, lateral (select max(z) as m from b where b.y = a.x)            a left join (select y, max(z) ... group by y) on y = a.x
 */

import type { BoundRelation, ColumnId } from '../../sblr/bound.ts';
import type { BoundJoin } from '../../sblr/bound-relations.ts';
import type { WithAlternative } from './alternatives.ts';
import { conjunction, conjuncts } from './columns.ts';
import { aboveJoin, aggregateBelow } from './grouped.ts';
import { columnsMade, freeColumns } from './made.ts';
import { mayFail } from './may-fail.ts';
import { pullAggregate, pullUp } from './pull-up.ts';
import { relationIsVolatile } from './volatile.ts';

/** The join as a plain one, or as it is. */
export function unlateral(join: BoundJoin, fresh: () => ColumnId): BoundRelation {
  if (!join.lateral || (join.kind !== 'inner' && join.kind !== 'left') || relationIsVolatile(join.right)) return join;
  const left = columnsMade(join.left);
  const outer = new Set([...freeColumns(join.right).keys()].filter((column) => left.has(column)));
  if (outer.size === 0) return { ...join, lateral: false };
  return plain(join, outer, fresh) ?? grouped(join, outer, fresh) ?? join;
}

function plain(join: BoundJoin, outer: ReadonlySet<ColumnId>, fresh: () => ColumnId): BoundRelation | null {
  const found = pullUp(join.right, { outer, once: false, fresh });
  // What is computed of the left side is NULL where no row is found: an inner join finds one.
  if (found === null || found.conditions.some(mayFail) || (found.computed.size > 0 && join.kind !== 'inner')) return null;
  const condition = conjunction([...found.conditions, ...conjuncts(join.condition)]);
  const computed = [...found.computed].map(([column, expression]) => ({ column, expression }));
  if (computed.length === 0) return { ...join, right: found.relation, condition, lateral: false };
  // The join's own condition may read what is computed.
  const input: BoundRelation = { ...join, right: found.relation, condition: conjunction(found.conditions), lateral: false };
  const project: BoundRelation = { op: 'project', input, columns: computed };
  return join.condition === null ? project : { op: 'filter', input: project, condition: join.condition };
}

/** One row for each row of the left side, whatever there is. */
function grouped(join: BoundJoin, outer: ReadonlySet<ColumnId>, fresh: () => ColumnId): BoundRelation | null {
  const isPlain = join.condition === null || (join.condition.op === 'constant' && join.condition.value === true);
  const below = aggregateBelow(join.right);
  if (below === null || (join.kind === 'left' && !isPlain)) return null;
  const { aggregate, projects } = below;
  // The aggregates' own ids are those of their values above the join.
  const names = new Map(aggregate.aggregates.map(({ column }) => [column, fresh()]));
  const named = {
    ...aggregate,
    aggregates: aggregate.aggregates.map((one) => ({ ...one, column: names.get(one.column) as ColumnId })),
  };
  const found = pullAggregate(named, { outer, once: false, fresh }, true);
  if (found === null || found.conditions.length === 0) return null;
  const input: WithAlternative = {
    ...{ op: 'join', kind: 'left', left: join.left, right: found.relation, lateral: false, mark: -1 },
    condition: conjunction(found.conditions),
    alternative: named,
  };
  const values = aggregate.aggregates.map((one) => ({ column: one.column, expression: aboveJoin(one, names.get(one.column)) }));
  let relation: BoundRelation = { op: 'project', input, columns: values };
  for (const columns of projects) relation = { op: 'project', input: relation, columns };
  return isPlain ? relation : { op: 'filter', input: relation, condition: join.condition as NonNullable<BoundJoin['condition']> };
}
