/**
 * What is spread over threads (codegen/jit/gather-stage.ts): the last step of planning. A Gather stands above what collects the rows
 * of a scan that is worth it:
 *
 *   pages of a table -> conditions, new columns, rows looked up in hash tables -> groups           Gather > HashAggregate
 *                                                                              -> a build side     build: Gather > ...
 *
 * Worth it: the scan with all that its rows go through costs more than the bound, and what others take of it outweighs putting their
 * groups together. Not spread: what is volatile or asks the session, subqueries in expressions, row ids (changes, locks), rows that
 * leave a scan in order for a limit; aggregates that hang on the order of rows, as sums of floats do.
 */

import type { BoundAggregate, BoundExpression } from '../../sblr/bound.ts';
import { aggregates } from '../../values/aggregates.ts';
import type { HashAggregate, PhysicalJoin, PhysicalNode, PhysicalStatement, Sort, TopN } from '../physical.ts';
import { inputsOf, withInputs } from '../physical-tree.ts';
import { walkExpression } from '../bind/tree.ts';
import { isVolatile } from './columns.ts';

export interface Spread {
  /** The calling one included. */
  readonly threads: number;
  /** What costs less is not spread, in pages of a sequential scan. */
  readonly bound: number;
}

/** Entering a group of another thread's, in the same units; and taking over a row, in groups. */
const MERGE = 0.1;
const COPY = 0.2;
const TOP_MAX = 10_000;

/** All but mark joins, which look at the NULLs of the other side. */
const JOINS = new Set<PhysicalJoin['kind']>(['inner', 'left', 'right', 'full', 'semi', 'anti', 'single']);

/** The plan, spread where that is worth it. */
export function withGathers(plan: PhysicalStatement, spread: Spread | undefined): PhysicalStatement {
  if (spread === undefined || spread.threads < 2 || plan.kind !== 'query') return plan;
  if (plan.spools?.some(({ change }) => change !== undefined) === true || locksRows(plan.root)) return plan;
  const spools = plan.spools?.map((spool) => ({ ...spool, root: spreadNode(spool.root, spread) }));
  return { ...plan, root: spreadNode(plan.root, spread), ...(spools === undefined ? {} : { spools }) };
}

const locksRows = (node: PhysicalNode): boolean => node.node === 'LockRow' || inputsOf(node).some(locksRows);

function spreadNode(node: PhysicalNode, spread: Spread): PhysicalNode {
  // The step of a recursion runs again and again.
  if (node.node === 'Recurse') return node;
  const made = withSpreadBuild(
    withInputs(node, (input) => spreadNode(input, spread)),
    spread,
  );
  if (made.node === 'HashAggregate' && isWorthIt(made.input, made.estimate.rows, spread) && isMergeable(made)) {
    return { node: 'Gather', input: made, threads: spread.threads, estimate: made.estimate };
  }
  if (
    (made.node === 'Sort' || made.node === 'TopN') &&
    isWorthIt(made.input, made.estimate.rows * COPY, spread) &&
    isPlainOrder(made)
  ) {
    return { node: 'Gather', input: made, threads: spread.threads, estimate: made.estimate };
  }
  return made;
}

/** Keys that are the same in every thread, and not more rows of an order than are put together one by one. */
const isPlainOrder = (node: Sort | TopN): boolean =>
  node.keys.every(({ expression }) => isPure(expression)) && (node.node === 'Sort' || node.estimate.rows <= TOP_MAX);

function withSpreadBuild(node: PhysicalNode, spread: Spread): PhysicalNode {
  if (node.node !== 'HashProbe' && node.node !== 'MergeJoin') return node;
  const { build, keys } = node;
  if (!isWorthIt(build, build.estimate.rows * COPY, spread) || !keys.every(({ right }) => isPure(right))) return node;
  return { ...node, build: { node: 'Gather', input: build, threads: spread.threads, estimate: build.estimate } };
}

/** Rows that stream from the pages of a table, and how dear that is. */
function isWorthIt(input: PhysicalNode, made: number, { threads, bound }: Spread): boolean {
  const cost = pipelineCost(input);
  return cost > bound && cost * (1 - 1 / threads) > made * MERGE;
}

/** What it costs to get the rows, the tables aside that they are looked up in; 0: it cannot be spread. */
function pipelineCost(node: PhysicalNode): number {
  switch (node.node) {
    case 'PageScan':
      return node.rowId < 0 && node.gate === undefined && (node.filter === null || isPure(node.filter)) ? node.estimate.cost : 0;
    case 'Filter':
      return isPure(node.condition) ? costAbove(node, node.input) : 0;
    case 'Compute':
      return node.columns.every(({ expression }) => isPure(expression)) ? costAbove(node, node.input) : 0;
    case 'HashProbe': {
      const { kind, keys, condition, build, input } = node;
      const isSpread = JOINS.has(kind) && keys.every(({ left }) => isPure(left)) && (condition === null || isPure(condition));
      return isSpread ? Math.max(0, costAbove(node, input) - build.estimate.cost) : 0;
    }
    case 'IndexJoin': {
      const { kind, key, condition, inner, input } = node;
      const all = [...key, condition, inner.filter].filter((one) => one !== null);
      return JOINS.has(kind) && all.every(isPure) ? costAbove(node, input) : 0;
    }
    default:
      return 0;
  }
}

function costAbove(node: PhysicalNode, input: PhysicalNode): number {
  const below = pipelineCost(input);
  return below === 0 ? 0 : below + node.estimate.cost - input.estimate.cost;
}

/** The same in every thread. */
function isPure(expression: BoundExpression): boolean {
  if (isVolatile(expression)) return false;
  let isSo = true;
  walkExpression(expression, (node) => {
    if (node.op === 'subplan' || node.op === 'subquery' || (node.op === 'call' && node.primitive.startsWith('session.')))
      isSo = false;
    return isSo;
  });
  return isSo;
}

const isMergeable = ({ keys, aggregates: calls }: HashAggregate): boolean =>
  keys.every(({ expression }) => isPure(expression)) && calls.every(isMergeableCall);

function isMergeableCall({ primitive, arguments: given, filter, distinct, order }: BoundAggregate): boolean {
  if (distinct || order.length > 0 || !given.every(isPure) || (filter !== null && !isPure(filter))) return false;
  if (aggregates[primitive]?.merge !== undefined) return true;
  // Of one column all numerics have the same digits behind the point.
  const [argument] = given;
  return /^(min|max)\.numeric$/.test(primitive) && argument.op === 'column' && argument.type.length > 0;
}
