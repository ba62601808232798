/** How many pairs satisfy equalities, and how many groups there are: from distinct counts, most common values and unique keys. */

import type { BoundExpression } from '../../sblr/bound.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import type { JoinKey } from '../physical.ts';
import { type ColumnFact, type Facts, factOf, pairKey } from './facts.ts';
import { knownGroups, withExpressions } from './extended.ts';
import { sampledDistinct } from './sampled.ts';

const DISTINCT_GUESS = 200;
const NOTHING_KNOWN = { known: (one: BoundExpression) => (one.op === 'constant' ? one.value : undefined) };

/** Distinct values of an expression among `rows` rows; a guess where nothing is known. */
export function distinctValues(facts: Facts, expression: BoundExpression, rows: number): number {
  if (expression.op === 'constant' || expression.op === 'parameter') return 1;
  const distinct =
    expression.op === 'column' ? factOf(facts, expression.column).distinct : (sampledDistinct(facts, expression) ?? 0);
  return Math.max(1, Math.min(rows, distinct === 0 ? DISTINCT_GUESS : distinct));
}

const NO_COLUMN: ColumnFact = { statistics: null, distinct: 0, nullFraction: 0 };
const factsOf = (facts: Facts, expression: BoundExpression): ColumnFact =>
  expression.op === 'column' ? factOf(facts, expression.column) : NO_COLUMN;

/** One side of an equality: what is known of its columns, and how many rows it has. */
export interface SideRows {
  readonly facts: Facts;
  readonly rows: number;
}

/** Fraction of all pairs that agree in one key. Values that are common on both sides count as often as they come. */
export function keyFraction({ left, right }: JoinKey, a: SideRows, b: SideRows): number {
  const [one, other] = [factsOf(a.facts, left), factsOf(b.facts, right)];
  const values = (1 - one.nullFraction) * (1 - other.nullFraction);
  const [distinct, distinctOther] = [distinctValues(a.facts, left, a.rows), distinctValues(b.facts, right, b.rows)];
  const plain = values / Math.max(1, distinct, distinctOther);
  const common = one.statistics?.common ?? [];
  const commonOther = other.statistics?.common ?? [];
  if (common.length === 0 || commonOther.length === 0) return plain;
  const fractions = new Map<RowValue, number>(commonOther.map(({ value, fraction }) => [value, fraction]));
  let matched = 0;
  let listed = 0;
  for (const { value, fraction } of common) {
    matched += fraction * (fractions.get(value) ?? 0);
    listed += fraction;
  }
  const listedOther = commonOther.reduce((sum, { fraction }) => sum + fraction, 0);
  // What is not listed on a side is spread over the values that the other side has besides.
  const rest = Math.max(0, 1 - one.nullFraction - listed);
  const restOther = Math.max(0, 1 - other.nullFraction - listedOther);
  const others = Math.max(1, distinct - common.length, distinctOther - commonOther.length);
  return Math.min(1, Math.max(matched + (rest * restOther) / others, plain / 100));
}

/** Fraction of the left side's rows whose keys are among those of the right side. */
export function matchFraction(keys: readonly JoinKey[], a: SideRows, b: SideRows): number {
  let distinct = 1;
  let distinctOther = 1;
  let values = 1;
  for (const { left, right } of keys) {
    // Of all values that there are, not of those that are left: the others have no better chance to be found.
    distinct *= factsOf(a.facts, left).distinct || distinctValues(a.facts, left, a.rows);
    distinctOther *= distinctValues(b.facts, right, b.rows);
    values *= 1 - factsOf(a.facts, left).nullFraction;
  }
  return Math.min(1, Math.min(b.rows, distinctOther) / Math.max(1, distinct)) * values;
}

/** One fraction of several. They are taken to depend on each other somewhat: the later ones count by their roots. */
export function damped(fractions: readonly number[]): number {
  let fraction = 1;
  let power = 1;
  for (const one of [...fractions].sort((a, b) => a - b)) {
    fraction *= one ** power;
    power /= 2;
  }
  return fraction;
}

/** Groups of `rows` rows by these keys. Keys of one table depend on each other somewhat. */
export function groupsOf(facts: Facts, given: readonly BoundExpression[], rows: number): number {
  if (given.length === 0) return 1;
  const keys = facts.extended === undefined ? given : withExpressions(facts.extended, given, NOTHING_KNOWN);
  if (facts.extended !== undefined && keys.length > 1) {
    const found = knownGroups(facts.extended, keys);
    if (found !== null) return Math.max(1, Math.min(rows, found.count * groupsOf(facts, found.rest, rows)));
  }
  const [first, second] = keys;
  if (keys.length === 2 && first.op === 'column' && second.op === 'column') {
    const pairs = facts.pairs?.get(pairKey(first.column, second.column));
    if (pairs !== undefined) return Math.max(1, Math.min(rows, pairs));
  }
  const values = keys.map((key) => distinctValues(facts, key, rows)).sort((a, b) => b - a);
  let groups = 1;
  let power = 1;
  for (const one of values) {
    groups *= one ** power;
    power *= 0.8;
  }
  return Math.max(1, Math.min(rows, groups));
}
