/** Window functions, as plain as possible: each row looks at all rows of its partition. */

import type { BoundExpression, BoundSortKey } from '../../engine/sblr/bound.ts';
import type { BoundWindow, BoundWindowCall } from '../../engine/sblr/bound-relations.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { aggregates } from '../../engine/values/aggregates.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { compareValues, evaluate, type Scope } from './expression.ts';
import { keysOf, type Row, sameValues, sortBy, within } from './relation.ts';

/** A partition in its order; `group`: number of the group of peers that a row belongs to. */
interface Partition {
  readonly rows: readonly Row[];
  readonly group: readonly number[];
  readonly order: readonly BoundSortKey[];
  readonly scope: Scope;
}

export function windowRows(node: BoundWindow, rows: readonly Row[], scope: Scope): Row[] {
  const types = node.partition.map(({ type }) => type.name);
  const partitions: { readonly keys: readonly RowValue[]; readonly rows: Row[] }[] = [];
  for (const row of rows) {
    const keys = node.partition.map((key) => evaluate(key, within(scope, row)));
    const partition = partitions.find((one) => sameValues(types, one.keys, keys));
    if (partition === undefined) partitions.push({ keys, rows: [row] });
    else partition.rows.push(row);
  }
  return partitions.flatMap((partition) => {
    const sorted = sortBy(partition.rows, node.order, (row) => keysOf(node.order, within(scope, row)));
    const whole: Partition = { rows: sorted, group: peerGroups(sorted, node.order, scope), order: node.order, scope };
    return sorted.map(
      (row, place) => new Map([...row, ...node.functions.map((one) => [one.column, answerOf(one, place, whole)] as const)]),
    );
  });
}

function peerGroups(rows: readonly Row[], order: readonly BoundSortKey[], scope: Scope): number[] {
  const types = order.map(({ expression }) => expression.type.name);
  const keys = rows.map((row) => keysOf(order, within(scope, row)));
  let group = 0;
  return rows.map((_, index) => {
    if (index > 0 && !sameValues(types, keys[index - 1], keys[index])) group++;
    return group;
  });
}

const at = (node: BoundExpression, row: Row, scope: Scope): RowValue => evaluate(node, within(scope, row));

function offsetOf(node: BoundExpression, scope: Scope, which: string): number {
  const value = evaluate(node, scope);
  if (value === null) throw new SqlError(SQLSTATE.null_value_not_allowed, `frame ${which} offset must not be null`);
  if (Number(value) < 0)
    throw new SqlError(SQLSTATE.invalid_preceding_or_following_size, `frame ${which} offset must not be negative`);
  return Number(value);
}

/** Whether a row at `place` lies behind (or in front of) this end of the frame of the row at `from`. */
function isInside(call: BoundWindowCall, end: 'start' | 'end', place: number, from: number, partition: Partition): boolean {
  const { unit } = call.frame;
  const kind = call.frame[end];
  const sign = end === 'start' ? 1 : -1;
  if (kind === 'unboundedPreceding') return end === 'start';
  if (kind === 'unboundedFollowing') return end === 'end';
  const distance = unit === 'rows' ? place - from : partition.group[place] - partition.group[from];
  if (kind === 'current') return distance * sign >= 0;
  const value = call.frame[end === 'start' ? 'startValue' : 'endValue'] as BoundExpression;
  if (unit === 'range') return isInRange(call, value, sign, place, from, partition);
  const offset = offsetOf(value, partition.scope, end === 'start' ? 'starting' : 'ending');
  return (distance - (kind === 'preceding' ? -offset : offset)) * sign >= 0;
}

function isInRange(
  { frame }: BoundWindowCall,
  value: BoundExpression,
  sign: number,
  place: number,
  from: number,
  { rows, order, scope }: Partition,
): boolean {
  const rangeKey = frame.rangeKey as BoundExpression;
  const key = at(rangeKey, rows[place], scope);
  const own = at(rangeKey, rows[from], scope);
  const target = at(value, rows[from], scope);
  if (key === null || own === null) return key === own || (place - from) * sign > 0;
  const difference = compareValues(rangeKey.type.name, key, target);
  return (order[0].descending ? -difference : difference) * sign >= 0;
}

function framePlaces(call: BoundWindowCall, from: number, partition: Partition): number[] {
  const { exclude } = call.frame;
  const isPeer = (place: number): boolean => partition.group[place] === partition.group[from];
  const isLeftOut = (place: number): boolean =>
    (exclude === 'current' && place === from) ||
    (exclude === 'group' && isPeer(place)) ||
    (exclude === 'ties' && isPeer(place) && place !== from);
  const places = partition.rows.map((_, place) => place);
  return places.filter(
    (place) =>
      isInside(call, 'start', place, from, partition) && isInside(call, 'end', place, from, partition) && !isLeftOut(place),
  );
}

function answerOf(call: BoundWindowCall, place: number, partition: Partition): RowValue {
  const { rows, group, scope } = partition;
  const size = rows.length;
  const argument = (index: number, row = place): RowValue => at(call.arguments[index], rows[row], scope);
  const first = group.indexOf(group[place]);
  switch (call.primitive) {
    case 'row_number':
      return place + 1;
    case 'rank':
      return first + 1;
    case 'dense_rank':
      return group[place] + 1;
    case 'percent_rank':
      return size > 1 ? first / (size - 1) : 0;
    case 'cume_dist':
      return (group.lastIndexOf(group[place]) + 1) / size;
    case 'ntile':
      return bucket(argument(0, 0) as number | null, place, size);
    case 'first_value':
    case 'last_value':
    case 'nth_value':
      return fromFrame(call, place, partition);
  }
  const [name, form] = call.primitive.split('.');
  if (name !== 'lag' && name !== 'lead') return overFrame(call, place, partition);
  const offset = form === undefined ? 1 : (argument(1) as number | null);
  if (offset === null) return null;
  const other = name === 'lag' ? place - offset : place + offset;
  if (other >= 0 && other < size) return argument(0, other);
  return form === 'default' ? argument(2) : null;
}

function bucket(count: number | null, place: number, size: number): RowValue {
  if (count === null) return null;
  if (count <= 0) throw new SqlError(SQLSTATE.invalid_argument_for_ntile_function, 'argument of ntile must be greater than zero');
  let end = 0;
  for (let number = 1; ; number++) {
    end += Math.floor(size / count) + (number <= size % count ? 1 : 0);
    if (place < end) return number;
  }
}

function fromFrame(call: BoundWindowCall, place: number, partition: Partition): RowValue {
  const { rows, scope } = partition;
  const places = framePlaces(call, place, partition);
  let found = call.primitive === 'last_value' ? places.at(-1) : places[0];
  if (call.primitive === 'nth_value') {
    const number = at(call.arguments[1], rows[place], scope) as number | null;
    if (number === null) return null;
    if (number <= 0)
      throw new SqlError(SQLSTATE.invalid_argument_for_nth_value_function, 'argument of nth_value must be greater than zero');
    found = places[number - 1];
  }
  return found === undefined ? null : at(call.arguments[0], rows[found], scope);
}

function overFrame(call: BoundWindowCall, place: number, partition: Partition): RowValue {
  const { rows, scope } = partition;
  const seen = framePlaces(call, place, partition).map((one) => rows[one]);
  const counted = seen.filter((row) => call.filter === null || at(call.filter, row, scope) === true);
  const aggregate = aggregates[call.primitive];
  const state = counted.reduce(
    (sum, row) => aggregate.step(sum, ...call.arguments.map((argument) => at(argument, row, scope))),
    aggregate.init(),
  );
  return aggregate.result(state);
}
