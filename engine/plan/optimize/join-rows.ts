/** How many pairs of a join satisfy its condition, from the columns' statistics. */

import type { BoundExpression } from '../../sblr/bound.ts';
import type { JoinKey } from '../physical.ts';
import { type ColumnFact, type Facts, factOf } from './facts.ts';
import type { Planned, Planner } from './planner.ts';
import { conditionsFraction } from './selectivity.ts';

/** Distinct values of an expression among `rows` rows; a guess where nothing is known. */
export function distinctValues(facts: Facts, expression: BoundExpression, rows: number): number {
  if (expression.op === 'constant' || expression.op === 'parameter') return 1;
  const distinct = expression.op === 'column' ? factOf(facts, expression.column).distinct : 0;
  return Math.max(1, Math.min(rows, distinct === 0 ? 200 : distinct));
}

const NO_COLUMN: ColumnFact = { statistics: null, distinct: 0, nullFraction: 0 };
const factsOf = (facts: Facts, expression: BoundExpression): ColumnFact =>
  expression.op === 'column' ? factOf(facts, expression.column) : NO_COLUMN;

/** Fraction of all pairs that agree in one key. */
function keyFraction({ left, right }: JoinKey, input: Planned, build: Planned): number {
  const a = factsOf(input.facts, left);
  const b = factsOf(build.facts, right);
  const nulls = (1 - a.nullFraction) * (1 - b.nullFraction);
  const distinct = Math.max(
    distinctValues(input.facts, left, input.node.estimate.rows),
    distinctValues(build.facts, right, build.node.estimate.rows),
  );
  return nulls / Math.max(1, distinct);
}

/** Fraction of all pairs that a join keeps. Several keys are taken to depend on each other somewhat. */
export function joinFraction(
  planner: Planner,
  input: Planned,
  build: Planned,
  keys: readonly JoinKey[],
  rest: readonly BoundExpression[],
): number {
  const fractions = keys.map((key) => keyFraction(key, input, build)).sort((a, b) => a - b);
  let fraction = 1;
  let damping = 1;
  for (const one of fractions) {
    fraction *= one ** damping;
    damping /= 2;
  }
  if (rest.length === 0) return fraction;
  const facts = { columns: new Map([...input.facts.columns, ...build.facts.columns]), keys: [] };
  const { known, isConstant } = planner;
  return fraction * conditionsFraction({ facts, rows: input.node.estimate.rows, known, isConstant }, rest);
}

/** Groups of `rows` rows by these keys. Keys of one table depend on each other somewhat. */
export function groupsOf(facts: Facts, keys: readonly BoundExpression[], rows: number): number {
  if (keys.length === 0) return 1;
  const values = keys.map((key) => distinctValues(facts, key, rows)).sort((a, b) => b - a);
  let groups = 1;
  let damping = 1;
  for (const one of values) {
    groups *= one ** damping;
    damping *= 0.8;
  }
  return Math.max(1, Math.min(rows, groups));
}
