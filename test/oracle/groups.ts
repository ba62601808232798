/** Aggregation, as plain as possible: for each grouping set, groups are found by looking through all of them. */

import type { BoundAggregate, BoundAggregation, ColumnId } from '../../engine/sblr/bound.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { aggregates } from '../../engine/values/aggregates.ts';
import { evaluate, type Scope } from './expression.ts';
import { keysOf, type Row, sameValues, sortBy, within } from './relation.ts';

function aggregateValue(node: BoundAggregate, rows: readonly Row[], scope: Scope): RowValue {
  const counted = rows.filter((row) => node.filter === null || evaluate(node.filter, within(scope, row)) === true);
  const sorted = sortBy(counted, node.order, (row) => keysOf(node.order, within(scope, row)));
  let given = sorted.map((row) => node.arguments.map((argument) => evaluate(argument, within(scope, row))));
  const types = node.arguments.map((argument) => argument.type.name);
  if (node.distinct)
    given = given.filter((values, index) => given.findIndex((other) => sameValues(types, values, other)) === index);
  const aggregate = aggregates[node.primitive];
  return aggregate.result(given.reduce((state, values) => aggregate.step(state, ...values), aggregate.init()));
}

export function aggregation(node: BoundAggregation, rows: readonly Row[], scope: Scope): Row[] {
  const all = node.keys.map((_, index) => index);
  const sets = node.sets.length === 0 ? [all] : node.sets.map(({ keys }) => keys);
  return sets.flatMap((set) => oneSet(node, set, rows, scope));
}

/** The groups of one set; keys that are not in it are NULL. */
function oneSet(node: BoundAggregation, set: readonly number[], rows: readonly Row[], scope: Scope): Row[] {
  const types = node.keys.map(({ expression }) => expression.type.name);
  const none = node.keys.map(() => null);
  const groups: { readonly keys: readonly RowValue[]; readonly rows: Row[] }[] =
    set.length === 0 ? [{ keys: none, rows: [] }] : [];
  for (const row of rows) {
    const keys = keysOf(node.keys, within(scope, row)).map((value, index) => (set.includes(index) ? value : null));
    const group = groups.find((one) => sameValues(types, one.keys, keys));
    if (group === undefined) groups.push({ keys, rows: [row] });
    else group.rows.push(row);
  }
  return groups.map(
    (group) =>
      new Map<ColumnId, RowValue>([
        ...node.keys.map(({ column }, index) => [column, group.keys[index]] as const),
        ...node.aggregates.map((one) => [one.column, aggregateValue(one, group.rows, scope)] as const),
        ...node.grouping.map(({ column, keys }) => [column, bits(keys, set)] as const),
      ]),
  );
}

/** The last key's bit is the lowest. */
const bits = (keys: readonly number[], set: readonly number[]): number =>
  keys.reduce((sum, key) => sum * 2 + (set.includes(key) ? 0 : 1), 0);
