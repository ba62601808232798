/**
 * Conditions that an index can answer: column <operator> a value that is the same for the whole statement.
 */

import type { BoundExpression, ColumnId } from '../../sblr/bound.ts';
import type { Knowledge } from './facts.ts';

type IsConstant = Knowledge['isConstant'];

export type ComparisonKind = 'equal' | 'less' | 'lessOrEqual' | 'greater' | 'greaterOrEqual';

export interface Comparison {
  readonly kind: ComparisonKind;
  readonly column: ColumnId;
  readonly value: BoundExpression;
  /** The condition it stands for. */
  readonly condition: BoundExpression;
}

const MIRRORED: { readonly [kind in ComparisonKind]: ComparisonKind } = {
  equal: 'equal',
  less: 'greater',
  lessOrEqual: 'greaterOrEqual',
  greater: 'less',
  greaterOrEqual: 'lessOrEqual',
};

/** Types whose primitives compare as an index of a column of the other type orders. */
export const comparesAs = (primitiveType: string, columnType: string): boolean =>
  primitiveType === columnType || (primitiveType === 'text' && (columnType === 'varchar' || columnType === 'name'));

/** The comparison that a condition is, or null. */
export function comparisonOf(condition: BoundExpression, isConstant: IsConstant): Comparison | null {
  if (condition.op === 'column' && condition.type.name === 'bool') return truthOf(condition, condition, true);
  if (condition.op === 'not' && condition.operand.op === 'column' && condition.operand.type.name === 'bool') {
    return truthOf(condition.operand, condition, false);
  }
  if (condition.op !== 'call' || condition.arguments.length !== 2) return null;
  const dot = condition.primitive.lastIndexOf('.');
  const kind = condition.primitive.slice(dot + 1);
  if (!(kind in MIRRORED)) return null;
  const type = condition.primitive.slice(0, dot);
  const [left, right] = condition.arguments;
  return (
    sided(type, kind as ComparisonKind, left, right, condition, isConstant) ??
    sided(type, MIRRORED[kind as ComparisonKind], right, left, condition, isConstant)
  );
}

function sided(
  type: string,
  kind: ComparisonKind,
  column: BoundExpression,
  value: BoundExpression,
  condition: BoundExpression,
  isConstant: IsConstant,
): Comparison | null {
  if (column.op !== 'column' || !comparesAs(type, column.type.name) || !isConstant(value)) return null;
  return { kind, column: column.column, value, condition };
}

function truthOf(column: BoundExpression & { op: 'column' }, condition: BoundExpression, value: boolean): Comparison {
  return {
    kind: 'equal',
    column: column.column,
    value: { op: 'constant', value, type: { ...column.type, nullable: false } },
    condition,
  };
}

export interface Membership {
  readonly column: ColumnId;
  readonly values: readonly BoundExpression[];
  readonly condition: BoundExpression;
}

/** `column IN (values)`, or null. */
export function membershipOf(condition: BoundExpression, isConstant: IsConstant): Membership | null {
  if (condition.op !== 'in' || condition.negated || condition.operand.op !== 'column') return null;
  const type = condition.equal.slice(0, condition.equal.lastIndexOf('.'));
  if (!comparesAs(type, condition.operand.type.name) || !condition.list.every(isConstant)) return null;
  return { column: condition.operand.column, values: condition.list, condition };
}
