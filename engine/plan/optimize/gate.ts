/**
 * Partitions that need not be read: what is asked of the partition key, set against the bounds of the partition. The values are those of
 * the run, so that one plan is right for all of them: the gate is looked at once, before the first page.
 *
 *   at = $1      from <= $1 and $1 < to           k = $1     $1 = one of the values
 *   at < $1      from < $1                        k in (..)  one of them may be there
 *   at >= $1     $1 < to
 */

import type { CatalogTable, PartitionBound, RangeEnd } from '../../catalog/objects.ts';
import type { BoundCall, BoundExpression, BoundGet } from '../../sblr/bound.ts';
import { type SqlType, sqlType } from '../../sblr/types.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import { comparisonOf, membershipOf } from './conditions.ts';
import type { Knowledge } from './facts.ts';

const BOOLEAN = sqlType('bool');

type Range = Extract<PartitionBound, { kind: 'range' }>;

/** Null: the partition may hold rows whatever the values are. */
export function gateOf(
  get: BoundGet,
  table: CatalogTable,
  conditions: readonly BoundExpression[],
  tableOf: (id: number) => CatalogTable,
  { isConstant }: Knowledge,
): BoundExpression | null {
  const operands: BoundExpression[] = [];
  for (let child = table; child.bound !== undefined; ) {
    const parent = tableOf((child.parents as readonly number[])[0]);
    const column = keyColumn(get, table, parent);
    if (column !== null)
      for (const condition of conditions) {
        const gate = gateOfCondition(condition, column, child.bound, isConstant);
        if (gate !== null) operands.push(gate);
      }
    child = parent;
  }
  if (operands.length === 0) return null;
  return operands.length === 1 ? operands[0] : { op: 'and', operands, type: BOOLEAN };
}

interface KeyColumn {
  readonly column: number;
  readonly type: SqlType;
}

/** The first column of the parent's key, as the partition is read. */
function keyColumn(get: BoundGet, table: CatalogTable, parent: CatalogTable): KeyColumn | null {
  const [key] = parent.partitioning?.keys ?? [];
  if (key === undefined || key.attribute === 0) return null;
  const name = parent.columns.find(({ number }) => number === key.attribute)?.name;
  const number = table.columns.find((one) => one.hidden === null && one.name === name)?.number;
  const use = get.columns.find(({ attribute }) => attribute === number);
  return use === undefined ? null : { column: use.column, type: key.type };
}

function gateOfCondition(
  condition: BoundExpression,
  { column, type }: KeyColumn,
  bound: PartitionBound,
  isConstant: Knowledge['isConstant'],
): BoundExpression | null {
  const comparison = comparisonOf(condition, isConstant);
  if (comparison !== null && comparison.column === column) {
    const { kind, value } = comparison;
    if (bound.kind === 'range') return rangeGate(kind, bound, value, type);
    return bound.kind === 'list' && kind === 'equal' ? listGate(bound.values, value, type) : null;
  }
  const membership = membershipOf(condition, isConstant);
  if (membership === null || membership.column !== column || membership.array === true) return null;
  if (bound.kind !== 'range' && bound.kind !== 'list') return null;
  const each = membership.values.map((value) =>
    bound.kind === 'range' ? rangeGate('equal', bound, value, type) : listGate(bound.values, value, type),
  );
  if (each.some((one) => one === null)) return null;
  return each.length === 1 ? each[0] : { op: 'or', operands: each as BoundExpression[], type: BOOLEAN };
}

/** Under what name a type's comparisons are. */
const comparedAs = (type: SqlType): string => (type.name === 'varchar' || type.name === 'name' ? 'text' : type.name);

const compare = (kind: string, type: SqlType, left: BoundExpression, right: BoundExpression): BoundCall => ({
  op: 'call',
  primitive: `${comparedAs(type)}.${kind}`,
  arguments: [left, right],
  type: BOOLEAN,
  at: 0,
});

const constantOf = (value: RowValue, type: SqlType): BoundExpression => ({
  op: 'constant',
  value,
  type: { ...type, nullable: false },
});

const endValue = (end: RangeEnd | undefined, type: SqlType): BoundExpression | null =>
  end === undefined || typeof end === 'string' ? null : constantOf(end.value, type);

function rangeGate(kind: string, { from, to }: Range, value: BoundExpression, type: SqlType): BoundExpression | null {
  const low = endValue(from[0], type);
  const high = endValue(to[0], type);
  const operands: BoundExpression[] = [];
  // Of several keys the first one may be that of the upper end as well.
  const isOne = to.length === 1;
  if (low !== null && (kind === 'equal' || kind === 'less' || kind === 'lessOrEqual'))
    operands.push(compare(kind === 'less' ? 'less' : 'lessOrEqual', type, low, value));
  if (high !== null && (kind === 'equal' || kind === 'greater' || kind === 'greaterOrEqual'))
    operands.push(compare(isOne ? 'less' : 'lessOrEqual', type, value, high));
  if (operands.length === 0) return null;
  return operands.length === 1 ? operands[0] : { op: 'and', operands, type: BOOLEAN };
}

function listGate(values: readonly RowValue[], value: BoundExpression, type: SqlType): BoundExpression {
  const operands = values.filter((one) => one !== null).map((one) => compare('equal', type, value, constantOf(one, type)));
  if (operands.length === 1) return operands[0];
  if (operands.length === 0) return { op: 'constant', value: false, type: BOOLEAN };
  return { op: 'or', operands, type: BOOLEAN };
}
