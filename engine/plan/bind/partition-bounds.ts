/**
 * What a partition holds, as a condition over a row.
 *
 *   range    (a, b) not before FROM, before TO, none of them NULL       list    a is one of the values, or NULL where that is one
 *   hash     hash of the keys by MODULUS is REMAINDER                   default what none of its siblings holds
 */

import type { CatalogTable, PartitionBound, PartitionKey, RangeEnd } from '../../catalog/objects.ts';
import type { BoundExpression, TableColumnUse } from '../../sblr/bound.ts';
import { sqlType, type SqlType } from '../../sblr/types.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import { clauseOf, columnNode } from './clause.ts';
import { callNode, constantNode } from './coerce.ts';
import { logic } from './compare.ts';
import { bindExpr } from './expressions.ts';
import { operatorCall } from './operators.ts';
import type { BindState } from './state.ts';
import { scopeRelation } from './tables.ts';

/** Never NULL: a row is in a partition or it is not. */
const BOOLEAN = sqlType('bool', false);

/** A table that the catalog has; the statement rests on it. */
export function relatedTable(id: number, state: BindState): CatalogTable {
  const found = state.environment.catalog.relation(id);
  if (found?.kind !== 'table') throw new TypeError(`there is no table ${id}`);
  state.rest(found);
  return found;
}

/** The partition key's values over a row of the partitioned table. */
export function partitionKeys(table: CatalogTable, row: readonly TableColumnUse[], state: BindState): BoundExpression[] {
  return (table.partitioning?.keys ?? []).map(({ attribute, expression }) => {
    if (expression === null) {
      const use = row.find((one) => one.attribute === attribute) as TableColumnUse;
      return columnNode(use.column, use.type, 0, state);
    }
    const scope = { relations: [scopeRelation(table, table.name, row, [], () => {})], outer: null };
    const inside = state.within(expression.dialect);
    return bindExpr(expression.source, { ...clauseOf(inside, scope, 'partition key expressions'), parameters: false });
  });
}

/** The columns of a table under the attributes of another one that has columns of the same names. */
export const usesAs = (table: CatalogTable, from: CatalogTable, row: readonly TableColumnUse[]): TableColumnUse[] =>
  table.columns
    .filter(({ hidden }) => hidden === null)
    .flatMap(({ name, number }) => {
      const own = from.columns.find((column) => column.hidden === null && column.name === name);
      const use = row.find(({ attribute }) => attribute === own?.number);
      return use === undefined ? [] : [{ ...use, attribute: number }];
    });

/** That a partition holds a row of its own, by its bound and those of the tables that it is a part of. Null: it holds any. */
export function partitionCondition(
  table: CatalogTable,
  row: readonly TableColumnUse[],
  state: BindState,
): BoundExpression | null {
  const conditions: BoundExpression[] = [];
  for (let child = table; child.bound !== undefined; ) {
    const parent = relatedTable((child.parents as readonly number[])[0], state);
    const keys = partitionKeys(parent, usesAs(parent, table, row), state);
    const own = boundCondition(parent, child.bound, keys, state);
    if (own !== null) conditions.push(own);
    child = parent;
  }
  return conditions.length === 0 ? null : logic('and', conditions);
}

/** That a bound of the partitioned table holds these keys. Null: it holds any. */
export function boundCondition(
  parent: CatalogTable,
  bound: PartitionBound,
  keys: readonly BoundExpression[],
  state: BindState,
): BoundExpression | null {
  const types = (parent.partitioning?.keys ?? []).map(({ type }: PartitionKey) => type);
  switch (bound.kind) {
    case 'range':
      return rangeCondition(bound, keys, types, state);
    case 'list':
      return listCondition(bound.values, keys[0], types[0], state);
    case 'hash':
      return hashCondition(bound, keys, state);
    case 'default': {
      const others = siblingBounds(parent, state).map((one) => boundCondition(parent, one, keys, state) as BoundExpression);
      if (others.length === 0) return null;
      return { op: 'not', operand: logic('or', others), type: BOOLEAN };
    }
  }
}

/** Bounds of the partitions, less the default one. */
export const siblingBounds = (parent: CatalogTable, state: BindState): PartitionBound[] =>
  (parent.children ?? []).flatMap((id) => {
    const { bound } = relatedTable(id, state);
    return bound === undefined || bound.kind === 'default' ? [] : [bound];
  });

const value = (of: RowValue, type: SqlType, state: BindState): BoundExpression =>
  constantNode(state, of, { ...type, nullable: false }, 0);

const isNotNull = (operand: BoundExpression): BoundExpression => ({
  op: 'isTest',
  operand,
  test: 'null',
  negated: true,
  type: BOOLEAN,
});

const TRUE = (state: BindState): BoundExpression => constantNode(state, true, BOOLEAN, 0);
const FALSE = (state: BindState): BoundExpression => constantNode(state, false, BOOLEAN, 0);

function rangeCondition(
  { from, to }: Extract<PartitionBound, { kind: 'range' }>,
  keys: readonly BoundExpression[],
  types: readonly SqlType[],
  state: BindState,
): BoundExpression {
  const low = beyond(from, keys, types, true, 0, state);
  const high = beyond(to, keys, types, false, 0, state);
  return logic(
    'and',
    [...keys.filter(({ type }) => type.nullable).map(isNotNull), low, high].filter((one) => one !== null),
  );
}

/** keys >= ends (or, of the upper end, keys < ends), compared one after the other. */
function beyond(
  ends: readonly RangeEnd[],
  keys: readonly BoundExpression[],
  types: readonly SqlType[],
  isLow: boolean,
  at: number,
  state: BindState,
): BoundExpression {
  const end = ends[at];
  if (end === undefined) return isLow ? TRUE(state) : FALSE(state);
  if (typeof end === 'string') return (end === 'minimum') === isLow ? TRUE(state) : FALSE(state);
  const bound = value(end.value, types[at], state);
  const isLast = at === ends.length - 1;
  if (isLast) return operatorCall(state, isLow ? '>=' : '<', [keys[at], bound], 0);
  const further = operatorCall(state, isLow ? '>' : '<', [keys[at], bound], 0);
  const same = operatorCall(state, '=', [keys[at], bound], 0);
  const rest = beyond(ends, keys, types, isLow, at + 1, state);
  return logic('or', [further, logic('and', [same, rest])]);
}

function listCondition(values: readonly RowValue[], key: BoundExpression, type: SqlType, state: BindState): BoundExpression {
  const equal = values.filter((one) => one !== null).map((one) => operatorCall(state, '=', [key, value(one, type, state)], 0));
  const known = equal.length === 0 ? FALSE(state) : logic('or', equal);
  const holdsNull = values.includes(null);
  if (!key.type.nullable) return known;
  if (!holdsNull) return logic('and', [isNotNull(key), known]);
  return logic('or', [{ op: 'isTest', operand: key, test: 'null', negated: false, type: BOOLEAN }, known]);
}

/** PostgreSQL's hash of each key, put together, by the modulus. */
function hashCondition(
  { modulus, remainder }: Extract<PartitionBound, { kind: 'hash' }>,
  keys: readonly BoundExpression[],
  state: BindState,
): BoundExpression {
  const start = constantNode(state, 0, sqlType('int8', false), 0);
  const hashed = keys.reduce<BoundExpression>(
    (sum, key) => callNode(state, hashPrimitive(key.type), [sum, key], 'int8', undefined, 0),
    start,
  );
  const rest = callNode(
    state,
    'partition.remainder',
    [hashed, constantNode(state, modulus, sqlType('int4', false), 0)],
    'int4',
    undefined,
    0,
  );
  return operatorCall(state, '=', [rest, constantNode(state, remainder, sqlType('int4', false), 0)], 0);
}

/** Types that have a hash of PostgreSQL's. */
const HASHED = new Set(['bool', 'int2', 'int4', 'int8', 'oid', 'date', 'timestamp', 'timestamptz', 'text', 'varchar', 'uuid']);

/** Whether rows can be told apart by the hash of a value of the type. */
export const isHashed = (type: SqlType): boolean => HASHED.has(type.name);

const hashPrimitive = ({ name }: SqlType): string => `partition.hash.${name === 'varchar' ? 'text' : name}`;
