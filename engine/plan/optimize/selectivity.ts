/**
 * How many of a table's rows satisfy a condition, from ANALYZE's statistics: most common values, histograms, distinct counts.
 *
 * Values are known at planning for constants and for literals of the text at hand; for the client's parameters the usual guesses
 * stand. Source of the guesses: PostgreSQL's selfuncs.h.
 */

import type { BoundExpression, ColumnId } from '../../sblr/bound.ts';
import { implementations } from '../../values/functions.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import { comparisonOf, isNarrowed, membershipOf, type Comparison } from './conditions.ts';
import { extendedFraction } from './extended.ts';
import { type Facts, factOf, type Knowledge, pairKey } from './facts.ts';
import { sampledFraction } from './sampled.ts';

const EQUAL = 0.005;
const INEQUAL = 1 / 3;
const RANGE = 0.005;
const MATCH = 0.05;
const OTHER = 0.5;
/** Containment, and what asks for members or elements: as PostgreSQL's contsel. */
const CONTAINS = 0.01;
const CONTAINED = /^(jsonb|array)\.(contains|contained|overlaps|hasKey|hasAny|hasAll|pathExists|pathMatch)$/;
/** Elements of an array that is not known yet. */
const ELEMENTS = 10;

/** A relation whose rows are looked at. */
export interface Estimated extends Knowledge {
  readonly facts: Facts;
  readonly rows: number;
}

const clamp = (fraction: number): number => (fraction > 0 ? Math.min(1, fraction) : 0);

/** Fraction of rows with one value, known or not. */
function equalFraction(info: Estimated, column: ColumnId, value: BoundExpression): number {
  const { statistics, distinct, nullFraction } = factOf(info.facts, column);
  if (statistics === null) return distinct > 0 ? clamp((1 - nullFraction) / distinct) : EQUAL;
  const known = info.known(value);
  if (known !== undefined && known !== null) {
    const compare = implementations[`${value.type.name === 'varchar' ? 'text' : value.type.name}.compare`];
    const common = statistics.common.find(
      (one) => one.value === known || (compare !== undefined && compare(one.value, known) === 0),
    );
    if (common !== undefined) return common.fraction;
  }
  const listed = statistics.common.reduce((sum, one) => sum + one.fraction, 0);
  const others = Math.max(1, distinct - statistics.common.length);
  return clamp((1 - statistics.nullFraction - listed) / others);
}

/** Of a value that is not known. */
function unknownFraction(info: Estimated, column: ColumnId): number {
  const { statistics, distinct, nullFraction } = factOf(info.facts, column);
  return (statistics === null ? distinct > 0 : distinct >= 1) ? clamp((1 - nullFraction) / distinct) : EQUAL;
}

/** Fraction of rows below a known value, by the histogram and the common values. Null: nothing is known. */
function belowFraction(info: Estimated, { column, value, condition }: Comparison): number | null {
  const { statistics } = factOf(info.facts, column);
  const known = info.known(value);
  if (statistics === null || known === undefined || known === null || condition.op !== 'call') return null;
  const type = isNarrowed(value) ? value.type.name : condition.primitive.slice(0, condition.primitive.lastIndexOf('.'));
  const compare = implementations[`${type}.compare`];
  if (compare === undefined) return null;
  let fraction = 0;
  let listed = 0;
  for (const common of statistics.common) {
    listed += common.fraction;
    if ((compare(common.value, known) as number) < 0) fraction += common.fraction;
  }
  const rest = Math.max(0, 1 - statistics.nullFraction - listed);
  const { histogram } = statistics;
  if (histogram.length < 2) return clamp(fraction + rest / 2);
  let bucket = 0;
  while (bucket < histogram.length && (compare(histogram[bucket], known) as number) < 0) bucket++;
  const whole = Math.max(0, bucket - 1);
  const inside = bucket > 0 && bucket < histogram.length ? withinBucket(histogram[bucket - 1], histogram[bucket], known) : 0;
  return clamp(fraction + (rest * Math.min(histogram.length - 1, whole + inside)) / (histogram.length - 1));
}

/** Where in a bucket a value lies: numbers by proportion, others in the middle. */
function withinBucket(low: RowValue, high: RowValue, value: RowValue): number {
  if (typeof low === 'number' && typeof high === 'number' && typeof value === 'number' && high > low) {
    return clamp((value - low) / (high - low));
  }
  return 0.5;
}

/** Fraction of rows that satisfy a comparison. */
export function comparisonFraction(info: Estimated, comparison: Comparison): number {
  if (comparison.kind === 'equal') return equalFraction(info, comparison.column, comparison.value);
  const below = belowFraction(info, comparison);
  // Nothing compares with NULL.
  if (below === null) return info.known(comparison.value) === null ? 0 : INEQUAL;
  const upwards = comparison.kind === 'greater' || comparison.kind === 'greaterOrEqual';
  return clamp(upwards ? 1 - below - factOf(info.facts, comparison.column).nullFraction : below);
}

/** Fraction of rows between two bounds of one column. */
export function rangeFraction(info: Estimated, low: Comparison | null, high: Comparison | null): number {
  if (low === null && high === null) return 1;
  if (low === null || high === null) return comparisonFraction(info, (low ?? high) as Comparison);
  const from = belowFraction(info, low);
  const to = belowFraction(info, high);
  return from === null || to === null ? RANGE : clamp(Math.max(to - from, 1 / Math.max(1, info.rows)));
}

/** Fraction of rows that satisfy any condition; two bounds of one column count as a range. */
export function conditionsFraction(info: Estimated, conditions: readonly BoundExpression[]): number {
  if (info.facts.extended !== undefined && conditions.length > 0) return extendedFraction(info, conditions, conditionsFraction);
  let fraction = 1;
  const equals: { readonly column: ColumnId; readonly fraction: number }[] = [];
  const lows = new Map<ColumnId, Comparison>();
  const highs = new Map<ColumnId, Comparison>();
  for (const condition of conditions) {
    const comparison = comparisonOf(condition, info.isConstant);
    if (comparison === null) fraction *= otherFraction(info, condition);
    else if (comparison.kind === 'equal')
      equals.push({ column: comparison.column, fraction: comparisonFraction(info, comparison) });
    else (comparison.kind.startsWith('greater') ? lows : highs).set(comparison.column, comparison);
  }
  fraction *= equalsFraction(info, equals);
  for (const column of new Set([...lows.keys(), ...highs.keys()])) {
    fraction *= rangeFraction(info, lows.get(column) ?? null, highs.get(column) ?? null);
  }
  return fraction;
}

/** Columns that are compared with one value each: what one says already, another one that depends on it does not say again. */
function equalsFraction(
  { facts }: Estimated,
  equals: readonly { readonly column: ColumnId; readonly fraction: number }[],
): number {
  const { pairs } = equals.length < 2 ? { pairs: undefined } : facts;
  if (pairs === undefined) return equals.reduce((product, { fraction }) => product * fraction, 1);
  const ordered = [...equals].sort((a, b) => a.fraction - b.fraction);
  let product = 1;
  ordered.forEach(({ column, fraction }, place) => {
    let own = fraction;
    for (const before of ordered.slice(0, place)) {
      const together = pairs.get(pairKey(before.column, column)) ?? 0;
      // Of the rows with a value of the one, so many have a value of the other.
      if (together > 0) own = Math.max(own, Math.min(1, factOf(facts, before.column).distinct / together));
    }
    product *= own;
  });
  return product;
}

function otherFraction(info: Estimated, condition: BoundExpression): number {
  const sampled = condition.op === 'call' || condition.op === 'in' ? sampledFraction(info.facts, condition, info) : null;
  if (sampled !== null) return Math.max(sampled, 1 / Math.max(1, info.rows));
  const membership = membershipOf(condition, info.isConstant);
  if (membership !== null) {
    if (membership.array === true) return clamp(ELEMENTS * unknownFraction(info, membership.column));
    return clamp(membership.values.reduce((sum, value) => sum + equalFraction(info, membership.column, value), 0));
  }
  switch (condition.op) {
    case 'isTest': {
      if (condition.test !== 'null' || condition.operand.op !== 'column') return OTHER;
      const nulls = factOf(info.facts, condition.operand.column).nullFraction;
      return condition.negated ? 1 - nulls : nulls;
    }
    case 'not':
      return 1 - conditionsFraction(info, [condition.operand]);
    case 'or':
      return clamp(1 - condition.operands.reduce((rest, operand) => rest * (1 - conditionsFraction(info, [operand])), 1));
    case 'and':
      return conditionsFraction(info, condition.operands);
    case 'constant':
      return condition.value === true ? 1 : 0;
    case 'call':
      if (condition.primitive.endsWith('.notEqual')) return 1 - EQUAL;
      if (CONTAINED.test(condition.primitive)) return CONTAINS;
      return /like|regex|similar|starts/i.test(condition.primitive) ? MATCH : OTHER;
    default:
      return OTHER;
  }
}
