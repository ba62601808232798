/**
 * min() and max() of a table's rows, by the first row of an order that an index gives.
 *
 *   min(a)            HashAggregate over the first row of  ... where a is not null order by a
 *   min(a), max(b)    one row of subplans: each the first row of its order
 *
 * Not of values that are equal and yet differ (scales of numerics, -0): which of them comes first would hang on the plan.
 */

import type { BoundAggregate, BoundAggregation, BoundExpression, BoundRelation, BoundSortKey } from '../../sblr/bound.ts';
import { type SqlType, sqlType } from '../../sblr/types.ts';
import type { PhysicalNode } from '../physical.ts';
import { DESCENT, ROW } from './cost.ts';
import { tableOf } from './join-index.ts';
import { freeColumns } from './made.ts';
import type { Planned, Planner } from './planner.ts';
import { filtered } from './push-down.ts';
import { subplanOf } from './subplans.ts';
import { relationIsVolatile } from './volatile.ts';

const EXTREME = /^(min|max)\.(bool|int2|int4|int8|oid|date|time|timestamp|timestamptz|text|varchar|name|uuid|numeric)$/;
/** Further ones are as well found in one scan. */
const MOST = 4;
const ONE: BoundExpression = { op: 'constant', value: 1, type: sqlType('int8', false) };

interface Extreme {
  readonly aggregate: BoundAggregate;
  readonly column: BoundExpression & { readonly op: 'column' };
  /** The rows that have a value. */
  readonly input: BoundRelation;
  readonly order: readonly BoundSortKey[];
}

const hasOneForm = ({ name, scale, length }: SqlType): boolean => name !== 'numeric' || (scale >= 0 && length > 0);

function extremeOf(aggregate: BoundAggregate, input: BoundRelation): Extreme | null {
  const found = EXTREME.exec(aggregate.primitive);
  const [column] = aggregate.arguments;
  if (found === null || aggregate.filter !== null || column.op !== 'column' || !hasOneForm(column.type)) return null;
  const descending = found[1] === 'max';
  const isThere: BoundExpression = { op: 'isTest', operand: column, test: 'null', negated: true, type: sqlType('bool', false) };
  return {
    aggregate,
    column,
    input: column.type.nullable ? filtered(input, [isThere]) : input,
    // Read backwards, an index whose NULLs come last begins with them.
    order: [{ expression: column, descending, nullsFirst: descending }],
  };
}

/** A plan that costs less than `cost`; null: there is none. */
export function planExtremes(planner: Planner, relation: BoundAggregation, cost: number): PhysicalNode | null {
  const { keys, sets, aggregates, input } = relation;
  const own = tableOf(input);
  if (own === null || planner.environment.table(own.get.table).indexes.length === 0) return null;
  if (keys.length > 0 || sets.length > 0 || aggregates.length === 0 || aggregates.length > MOST) return null;
  const extremes = aggregates.map((aggregate) => extremeOf(aggregate, input)).filter((one) => one !== null);
  if (extremes.length < aggregates.length || relationIsVolatile(input)) return null;
  return extremes.length === 1 ? first(planner, extremes[0], cost) : several(planner, extremes, cost);
}

/** Of rows that come in order; null: they do not. */
const costOfFirst = ({ node, ordered }: Planned): number =>
  ordered ? DESCENT + node.estimate.cost / Math.max(1, node.estimate.rows) : Number.POSITIVE_INFINITY;

function first(planner: Planner, { aggregate, column, input, order }: Extreme, most: number): PhysicalNode | null {
  const planned = planner.plan(input, { needed: new Set([column.column]), order, rows: 1 });
  const cost = costOfFirst(planned);
  if (cost >= most) return null;
  const estimate = { rows: 1, cost };
  const limited: PhysicalNode = { node: 'LimitCount', input: planned.node, limit: ONE, offset: null, estimate };
  return { node: 'HashAggregate', input: limited, keys: [], aggregates: [aggregate], estimate };
}

/** Each runs for itself. */
function several(planner: Planner, extremes: readonly Extreme[], most: number): PhysicalNode | null {
  const { subplans } = planner;
  const before = subplans.length;
  let cost = ROW;
  const columns = extremes.map(({ aggregate, column, input, order }) => {
    const sorted: BoundRelation = { op: 'sort', input, keys: order };
    const limited: BoundRelation = { op: 'limit', input: sorted, limit: ONE, offset: null, ties: [] };
    const { column: id, type } = column;
    const { plan, planned } = subplanOf(planner, limited, [], [{ column: id, type }], 1);
    // A sort would be a TopN.
    cost += planned.node.node === 'LimitCount' ? costOfFirst({ ...planned, node: planned.node.input, ordered: true }) : most;
    const expression: BoundExpression = { op: 'subplan', kind: 'scalar', plan, outer: [], type: aggregate.type, at: -1 };
    return { column: aggregate.column, expression };
  });
  if (cost >= most || extremes.some(({ input }) => freeColumns(input).size > 0)) {
    subplans.length = before;
    return null;
  }
  const estimate = { rows: 1, cost };
  const one: PhysicalNode = { node: 'ValuesScan', columns: [], rows: [[]], estimate: { rows: 1, cost: 0 } };
  return { node: 'Compute', input: one, columns, estimate };
}
