/**
 * Estimates by what CREATE STATISTICS has told, as PostgreSQL makes them (extended_stats.c, dependencies.c, mcv.c):
 *
 *   common combinations    conditions over the keys are held against each; what they leave of the rest is what conditions leave
 *                          by themselves
 *   dependencies           a = 1 and b = 2, where a tells b: P(a) min P(b), as far as it does; independent for the rest
 *   combinations           groups by some of the keys
 *   expressions            are columns with statistics of their own
 */

import type { BoundExpression, ColumnId } from '../../sblr/bound.ts';
import { interpret, NotInterpreted } from '../../sblr/interpret.ts';
import { withChildren } from '../bind/tree.ts';
import { columnsOf } from './columns.ts';
import { comparisonOf, membershipOf } from './conditions.ts';
import type { ExtendedFact, Facts, Knowledge } from './facts.ts';
import type { Estimated } from './selectivity.ts';
import { shapeOf } from './shape.ts';

type Conditions = readonly BoundExpression[];
/** Fraction of rows by everything else. */
type Plain = (info: Estimated, conditions: Conditions) => number;

const clamp = (fraction: number): number => Math.max(0, Math.min(1, fraction));

// ---- expressions that statistics are of ----

/** The same with columns where expressions stand that there are statistics of. */
export function withExpressions(
  extended: readonly ExtendedFact[],
  nodes: readonly BoundExpression[],
  knowledge: Pick<Knowledge, 'known'>,
): readonly BoundExpression[] {
  const facts = extended.filter(({ expressions }) => expressions.length > 0);
  if (facts.length === 0) return nodes;
  const replaced = (node: BoundExpression): BoundExpression => {
    if (node.op === 'column' || node.op === 'constant' || node.op === 'parameter') return node;
    for (const { expressions, attributes } of facts) {
      const shape = shapeOf(node, (column) => String(attributes.get(column) ?? `other ${column}`), knowledge.known);
      const found = expressions.find((one) => one.shape === shape);
      if (found !== undefined) return { op: 'column', column: found.column, type: found.type };
    }
    return withChildren(node, replaced);
  };
  return nodes.map(replaced);
}

// ---- groups ----

/** How many combinations of values some of the keys have, and the keys besides; null: nothing was gathered of two of them. */
export function knownGroups(
  extended: readonly ExtendedFact[],
  keys: readonly BoundExpression[],
): { readonly count: number; readonly rest: readonly BoundExpression[] } | null {
  const columns = new Set(keys.flatMap((key) => (key.op === 'column' ? [key.column] : [])));
  const fitting = extended
    .flatMap(({ distinct }) => distinct)
    .filter((one) => one.keys.every((key) => columns.has(key)))
    .sort((a, b) => b.keys.length - a.keys.length);
  if (fitting.length === 0) return null;
  const [{ keys: named, count }] = fitting;
  return { count, rest: keys.filter((key) => key.op !== 'column' || !named.includes(key.column)) };
}

// ---- conditions ----

/** Fraction of rows that satisfy all conditions. */
export function extendedFraction(info: Estimated, given: Conditions, plain: Plain): number {
  const { columns, keys, pairs, extended = [] } = info.facts;
  const without = (facts: Facts): Estimated => ({ ...info, facts });
  const bare = without({ columns, keys });
  const left = new Set(withExpressions(extended, given, info));
  let fraction = 1;
  const told = new Set<ColumnId>();
  for (const unused = new Set(extended); ; ) {
    const best = bestMatch(unused, left, bare);
    if (best === null) break;
    unused.delete(best.fact);
    fraction *= commonFraction(best.fact, best.conditions, plain(bare, best.conditions), bare);
    for (const condition of best.conditions) {
      left.delete(condition);
      const column = comparedColumn(condition, bare);
      if (column !== null) told.add(column);
    }
  }
  fraction *= dependentFraction(extended, left, bare, plain, told);
  fraction *= toldFraction(extended, left, bare, plain, told, fraction);
  return clamp(fraction * plain(without({ columns, keys, pairs }), [...left]));
}

interface Match {
  readonly fact: ExtendedFact;
  readonly conditions: BoundExpression[];
  readonly columns: number;
}

/** The statistics whose common combinations say most: of most columns, two at least; of the fewest keys. */
function bestMatch(facts: ReadonlySet<ExtendedFact>, conditions: ReadonlySet<BoundExpression>, info: Estimated): Match | null {
  let best: Match | null = null;
  for (const fact of facts) {
    if (fact.common.length === 0) continue;
    const own = [...conditions].filter((condition) => isOver(condition, fact) && isTold(condition, fact, info));
    const columns = columnsOf(...own).size;
    if (columns < 2) continue;
    const isBetter =
      best === null || columns > best.columns || (columns === best.columns && fact.keys.length < best.fact.keys.length);
    if (isBetter) best = { fact, conditions: own, columns };
  }
  return best;
}

function isOver(condition: BoundExpression, { keys }: ExtendedFact): boolean {
  const columns = columnsOf(condition);
  return columns.size > 0 && [...columns].every((column) => keys.includes(column));
}

/** Whether the condition is true for a combination; throws where that cannot be told. */
function isTrue(
  condition: BoundExpression,
  { keys }: ExtendedFact,
  { values }: ExtendedFact['common'][number],
  { known }: Pick<Knowledge, 'known'>,
): boolean {
  const column = (id: ColumnId) => {
    const at = keys.indexOf(id);
    if (at < 0) throw new NotInterpreted();
    return values[at];
  };
  return interpret(condition, { column, known }) === true;
}

function isTold(condition: BoundExpression, fact: ExtendedFact, info: Estimated): boolean {
  try {
    for (const one of fact.common) isTrue(condition, fact, one, info);
    return true;
  } catch {
    // It fails for a value, or reads what is not known: nothing is told by looking.
    return false;
  }
}

/** `simple`: what the conditions leave by what is known of the columns one by one. */
function commonFraction(fact: ExtendedFact, conditions: Conditions, simple: number, info: Estimated): number {
  let found = 0;
  let base = 0;
  let total = 0;
  for (const one of fact.common) {
    total += one.fraction;
    if (!conditions.every((condition) => isTrue(condition, fact, one, info))) continue;
    found += one.fraction;
    base += one.base;
  }
  // Combinations that are not common.
  const others = Math.min(clamp(simple - base), Math.max(0, 1 - total));
  return clamp(found + others);
}

/** Columns that are compared with values that there may be: of each what its conditions leave. Those that are used are taken out of `left`. */
function dependentFraction(
  extended: readonly ExtendedFact[],
  left: Set<BoundExpression>,
  info: Estimated,
  plain: Plain,
  told: Set<ColumnId>,
): number {
  const all = extended.flatMap(({ dependencies }) => dependencies);
  if (all.length === 0) return 1;
  const conditions = Map.groupBy(
    [...left].filter((condition) => comparedColumn(condition, info) !== null),
    (condition) => comparedColumn(condition, info) as ColumnId,
  );
  const unused = new Set(conditions.keys());
  const used: (typeof all)[number][] = [];
  for (;;) {
    const fitting = all.filter(({ from, to }) => unused.has(to) && from.every((column) => unused.has(column)));
    if (fitting.length === 0) break;
    const [best] = fitting.sort((a, b) => b.from.length - a.from.length || b.degree - a.degree);
    used.push(best);
    unused.delete(best.to);
  }
  if (used.length === 0) return 1;
  const columns = new Set(used.flatMap(({ from, to }) => [...from, to]));
  const fractions = new Map([...columns].map((column) => [column, plain(info, conditions.get(column) ?? [])]));
  for (const { from, to, degree } of used.reverse()) {
    const telling = from.reduce((product, column) => product * (fractions.get(column) ?? 1), 1);
    fractions.set(to, dependent(telling, fractions.get(to) ?? 1, degree));
  }
  for (const column of columns) {
    told.add(column);
    for (const condition of conditions.get(column) ?? []) left.delete(condition);
  }
  return [...fractions.values()].reduce((product, one) => product * one, 1);
}

/** P(b) where a is known: P(a, b) is f min(P(a), P(b)) + (1 - f) P(a) P(b). */
const dependent = (telling: number, own: number, degree: number): number =>
  degree * (telling <= own ? 1 : own / telling) + (1 - degree) * own;

/** Columns that are told by those that have been looked at, whose conditions leave `telling` of the rows. */
function toldFraction(
  extended: readonly ExtendedFact[],
  left: Set<BoundExpression>,
  info: Estimated,
  plain: Plain,
  told: ReadonlySet<ColumnId>,
  telling: number,
): number {
  let fraction = 1;
  for (const condition of [...left]) {
    const column = comparedColumn(condition, info);
    const degrees = extended
      .flatMap(({ dependencies }) => dependencies)
      .flatMap(({ from, to, degree }) => (to === column && from.every((one) => told.has(one)) ? [degree] : []));
    if (degrees.length === 0) continue;
    fraction *= dependent(telling, plain(info, [condition]), Math.max(...degrees));
    left.delete(condition);
  }
  return fraction;
}

/** The column that is equal to a value, or to one of some; null: it is something else. */
function comparedColumn(condition: BoundExpression, { isConstant }: Pick<Knowledge, 'isConstant'>): ColumnId | null {
  const comparison = comparisonOf(condition, isConstant);
  if (comparison !== null) return comparison.kind === 'equal' ? comparison.column : null;
  return membershipOf(condition, isConstant)?.column ?? null;
}
