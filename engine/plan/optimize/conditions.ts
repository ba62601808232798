/**
 * Conditions that an index can answer: column <operator> a value that is the same for the whole statement.
 */

import type { BoundCall, BoundColumn, BoundExpression, ColumnId } from '../../sblr/bound.ts';
import { type SqlType, withNullable } from '../../sblr/types.ts';
import type { TokenClass } from '../../storage/rows/runtime.ts';
import type { Knowledge } from './facts.ts';

type IsConstant = Knowledge['isConstant'];

export type ComparisonKind = 'equal' | 'less' | 'lessOrEqual' | 'greater' | 'greaterOrEqual';

export interface Comparison {
  readonly kind: ComparisonKind;
  readonly column: ColumnId;
  readonly value: BoundExpression;
  /** The condition it stands for. */
  readonly condition: BoundExpression;
  /** It finds more than the condition, which remains to be looked at. */
  readonly isLoose?: boolean;
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

/** A value as one of a smaller type, as narrowed() made it. */
export const isNarrowed = (value: BoundExpression): value is BoundCall => value.op === 'call' && NARROWED.test(value.primitive);

const NARROWED = /\.(as|atMost|below|atLeast|above)\./;

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
  if (!isConstant(value)) return null;
  if (column.op === 'column')
    return comparesAs(type, column.type.name) ? { kind, column: column.column, value, condition } : null;
  const narrow = widened(column, type);
  if (narrow === null) return null;
  const isLoose = type === 'timestamptz';
  if (kind === 'equal') {
    return isLoose ? null : { kind, column: narrow.column, value: narrowed(value, type, 'as', narrow.type), condition };
  }
  const bound = narrowed(value, type, BOUNDS[kind], narrow.type);
  const bounded = kind.startsWith('less') ? 'lessOrEqual' : 'greaterOrEqual';
  return { kind: bounded, column: narrow.column, value: bound, condition, ...(isLoose ? { isLoose } : {}) };
}

/** Types whose values may be made others to be compared, in the same order: an index on them answers (engine/values/functions-bounds.ts). */
const SMALLER: { readonly [type: string]: readonly string[] } = {
  int4: ['int2'],
  int8: ['int2', 'int4'],
  numeric: ['int2', 'int4', 'int8'],
  timestamp: ['date'],
  // In one order by and large: hours that a zone has twice, or not at all.
  timestamptz: ['date', 'timestamp'],
};

/** The column whose values are made values of a larger type to be compared, or null. */
function widened(operand: BoundExpression, type: string): BoundColumn | null {
  if (operand.op !== 'call' || operand.arguments.length !== 1) return null;
  const [column] = operand.arguments;
  if (column.op !== 'column' || !isMadeFrom(operand.primitive, column.type.name, type)) return null;
  return SMALLER[type]?.includes(column.type.name) === true ? column : null;
}

/**
 * Made by a cast that fails for none of its values, or by what comparisons take in its place (Semantics.comparison): an index
 * does not meet the value that a cast fails for.
 */
const isMadeFrom = (primitive: string, from: string, to: string): boolean =>
  primitive === `${from}.${from === 'date' ? 'beside' : 'to'}.${to}`;

const BOUNDS = { less: 'below', lessOrEqual: 'atMost', greater: 'above', greaterOrEqual: 'atLeast' } as const;

/** What a column of a smaller type is to hold instead of a value; NULL: nothing that it holds would do. */
const narrowed = (value: BoundExpression, from: string, how: string, type: SqlType): BoundCall => ({
  op: 'call',
  primitive: `${from}.${how}.${type.name}`,
  arguments: [value],
  type: withNullable(type, true),
  at: 0,
});

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
  /** `values` is one array that is known when the statement runs: column = ANY (array). */
  readonly array?: boolean;
  readonly condition: BoundExpression;
}

/** column = ANY (array), or null. */
function arrayMembership(condition: BoundExpression, isConstant: IsConstant): Membership | null {
  if (condition.op !== 'call' || condition.primitive !== 'array.any') return null;
  const [operand, array, operator] = condition.arguments;
  if (operand.op !== 'column' || !isConstant(array) || operator.op !== 'constant') return null;
  const name = String(operator.value);
  if (!name.endsWith('.equal') || !comparesAs(name.slice(0, -6), operand.type.name)) return null;
  return { column: operand.column, values: [array], array: true, condition };
}

/** `column IN (values)`, or null. */
export function membershipOf(condition: BoundExpression, isConstant: IsConstant): Membership | null {
  if (condition.op === 'call') return arrayMembership(condition, isConstant);
  if (condition.op !== 'in' || condition.negated || !condition.list.every(isConstant)) return null;
  const { operand, list, equal } = condition;
  const type = equal.slice(0, equal.lastIndexOf('.'));
  if (operand.op === 'column')
    return comparesAs(type, operand.type.name) ? { column: operand.column, values: list, condition } : null;
  const narrow = type === 'timestamptz' ? null : widened(operand, type);
  if (narrow === null) return null;
  return { column: narrow.column, values: list.map((value) => narrowed(value, type, 'as', narrow.type)), condition };
}

/** Conditions on the column that gin indexes answer, by operator class; and what they are called with the column on the right. */
const TOKEN_CONDITIONS: { readonly [tokens in TokenClass]: readonly string[] } = {
  jsonb_ops: ['jsonb.contains', 'jsonb.hasKey', 'jsonb.hasAny', 'jsonb.hasAll', 'jsonb.pathExists', 'jsonb.pathMatch'],
  jsonb_path_ops: ['jsonb.contains', 'jsonb.pathExists', 'jsonb.pathMatch'],
  array_ops: ['array.contains', 'array.contained', 'array.overlaps', 'nested.equal'],
};
const TURNED: { readonly [primitive: string]: string } = {
  'jsonb.contained': 'jsonb.contains',
  'array.contains': 'array.contained',
  'array.contained': 'array.contains',
  'array.overlaps': 'array.overlaps',
  'nested.equal': 'nested.equal',
};

/** What a condition asks of a column that a gin index of this class has: `primitive(column, value)`. Null: nothing it answers. */
export function tokenConditionOf(
  condition: BoundExpression,
  column: ColumnId,
  tokens: TokenClass,
  isConstant: IsConstant,
): { readonly primitive: string; readonly value: BoundExpression } | null {
  if (condition.op !== 'call' || condition.arguments.length < 2) return null;
  const [left, right] = condition.arguments;
  const isColumn = (one: BoundExpression): boolean => one.op === 'column' && one.column === column;
  const primitive = isColumn(left) ? condition.primitive : isColumn(right) ? TURNED[condition.primitive] : undefined;
  const value = isColumn(left) ? right : left;
  if (primitive === undefined || !TOKEN_CONDITIONS[tokens].includes(primitive) || !isConstant(value)) return null;
  return { primitive, value };
}
