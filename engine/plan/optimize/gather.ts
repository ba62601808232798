/**
 * What is spread over threads (codegen/jit/gather-stage.ts): the last step of planning. A Gather stands above what collects the rows
 * of a scan that is worth it:
 *
 *   pages of a table -> conditions, new columns, rows looked up in hash tables -> groups           Gather > HashAggregate
 *                                                                              -> a build side     build: Gather > ...
 *
 * Worth it: the scan with all that its rows go through costs more than the bound, and what others take of it outweighs putting
 * their groups together. Subqueries in expressions are run by each thread for itself. Not spread: what is volatile or asks the
 * session, row ids (changes, locks), rows that leave a scan in order for a limit; aggregates that hang on the order of rows, as
 * sums of floats do.
 */

import type { BoundAggregate, BoundExpression } from '../../sblr/bound.ts';
import { aggregates } from '../../values/aggregates.ts';
import type { Gather, HashAggregate, PhysicalJoin, PhysicalNode, PhysicalStatement, Sort, Subplan, TopN } from '../physical.ts';
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

/** What rows go through between their table and where they are collected. */
const SHARING = new Set(['Filter', 'Compute', 'HashProbe', 'IndexJoin', 'ApplyMemo', 'LoopJoin']);
const REPEATED = new Set(['inner', 'left', 'semi', 'anti', 'single']);
/** A scan that costs no more is not handed out by pages. */
const SMALL = 32;
/** Shares of a thread, and rows of one at most. */
const SHARES = 16;
const MORSEL_ROWS = 64;

/** Nodes of plans inside expressions that each thread may run for itself. */
const INSIDE = new Set([
  ...['PageScan', 'IndexPoint', 'IndexPoints', 'IndexRange', 'ValuesScan', 'Filter', 'Compute', 'HashAggregate', 'HashDistinct'],
  ...['Sort', 'TopN', 'LimitCount', 'HashProbe', 'LoopJoin', 'MergeJoin', 'IndexJoin', 'ApplyMemo'],
]);

/** The plan, spread where that is worth it. */
export function withGathers(plan: PhysicalStatement, spread: Spread | undefined): PhysicalStatement {
  if (spread === undefined || spread.threads < 2 || plan.kind !== 'query') return plan;
  if (plan.spools?.some(({ change }) => change !== undefined) === true || locksRows(plan.root)) return plan;
  const spreader = new Spreader(spread, plan.subplans ?? []);
  const spools = plan.spools?.map((spool) => ({ ...spool, root: spreader.node(spool.root) }));
  return { ...plan, root: spreader.node(plan.root), ...(spools === undefined ? {} : { spools }) };
}

/** Its own thread of rows over another one; what it collects besides stays. */
const withInput = (node: PhysicalNode, change: (input: PhysicalNode) => PhysicalNode): PhysicalNode =>
  'input' in node ? ({ ...node, input: change(node.input) } as PhysicalNode) : node;

/**
 * Every thread that makes these rows makes the same ones in the same order. Of what a plan inside it finds first nothing is
 * promised.
 */
const isRepeatable = (node: PhysicalNode): boolean =>
  node.node !== 'ApplyMemo' &&
  ('kind' in node ? REPEATED.has(String(node.kind)) : true) &&
  !Object.entries(node).some(([name, part]) => name !== 'input' && name !== 'build' && asksPlans(part)) &&
  (!('input' in node) || isRepeatable(node.input));

function asksPlans(part: unknown): boolean {
  if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) return false;
  return ('op' in part && part.op === 'subplan') || Object.values(part).some(asksPlans);
}

const locksRows = (node: PhysicalNode): boolean => node.node === 'LockRow' || inputsOf(node).some(locksRows);

class Spreader {
  readonly spread: Spread;
  readonly #subplans: readonly Subplan[];

  constructor(spread: Spread, subplans: readonly Subplan[]) {
    this.spread = spread;
    this.#subplans = subplans;
  }

  node(node: PhysicalNode): PhysicalNode {
    // The step of a recursion runs again and again.
    if (node.node === 'Recurse') return node;
    const made = this.#withSpreadBuild(withInputs(node, (input) => this.node(input)));
    if (made.node === 'HashAggregate' && this.#isWorthIt(made.input, made.estimate.rows) && this.#isMergeable(made)) {
      return this.#gathered(made, made.estimate);
    }
    if (
      (made.node === 'Sort' || made.node === 'TopN') &&
      this.#isWorthIt(made.input, made.estimate.rows * COPY) &&
      this.#isPlainOrder(made)
    ) {
      return this.#gathered(made, made.estimate);
    }
    return made;
  }

  /** `node` collects, where it is no build side. */
  #gathered(node: PhysicalNode, estimate: Gather['estimate'], isBuild = false): Gather {
    const input = isBuild ? this.#shared(node) : withInputs(node, (one) => this.#shared(one));
    return { node: 'Gather', input, threads: this.spread.threads, estimate };
  }

  /** Rows that begin at a table too small to be handed out by pages are shared where an index leads on to more. */
  #shared(node: PhysicalNode): PhysicalNode {
    const chain: PhysicalNode[] = [node];
    for (let at = node; SHARING.has(at.node) && 'input' in at; at = at.input) chain.push(at.input);
    const first = chain.at(-1) as PhysicalNode;
    if (first.node !== 'PageScan' || first.estimate.cost > SMALL) return node;
    const join = chain.findLast((one) => one.node === 'IndexJoin' && one.input.estimate.rows >= this.spread.threads * SHARES);
    if (join?.node !== 'IndexJoin' || !isRepeatable(join.input)) return node;
    const { rows } = join.input.estimate;
    const share = Math.max(1, Math.min(MORSEL_ROWS, Math.floor(rows / (this.spread.threads * SHARES))));
    const replaced = (one: PhysicalNode): PhysicalNode => (one === join ? { ...join, share } : withInput(one, replaced));
    return replaced(node);
  }

  /** Keys that are the same in every thread, and not more rows of an order than are put together one by one. */
  #isPlainOrder(node: Sort | TopN): boolean {
    return (
      node.keys.every(({ expression }) => this.#isPure(expression)) && (node.node === 'Sort' || node.estimate.rows <= TOP_MAX)
    );
  }

  #withSpreadBuild(node: PhysicalNode): PhysicalNode {
    // The side of a merge that is collected must come in its order.
    if (node.node !== 'HashProbe') return node;
    const { build, keys } = node;
    if (!this.#isWorthIt(build, build.estimate.rows * COPY) || !keys.every(({ right }) => this.#isPure(right))) return node;
    return { ...node, build: this.#gathered(build, build.estimate, true) };
  }

  /** Rows that stream from the pages of a table, and how dear that is. */
  #isWorthIt(input: PhysicalNode, made: number): boolean {
    const { threads, bound } = this.spread;
    const cost = this.#pipelineCost(input);
    return cost > bound && cost * (1 - 1 / threads) > made * MERGE;
  }

  /** What it costs to get the rows, the tables aside that they are looked up in; 0: it cannot be spread. */
  #pipelineCost(node: PhysicalNode): number {
    switch (node.node) {
      case 'PageScan':
        return node.rowId < 0 && node.gate === undefined && (node.filter === null || this.#isPure(node.filter))
          ? node.estimate.cost
          : 0;
      case 'Filter':
        return this.#isPure(node.condition) ? this.#costAbove(node, node.input) : 0;
      case 'Compute':
        return node.columns.every(({ expression }) => this.#isPure(expression)) ? this.#costAbove(node, node.input) : 0;
      case 'HashProbe': {
        const { kind, keys, condition, build, input } = node;
        const isSpread =
          JOINS.has(kind) && keys.every(({ left }) => this.#isPure(left)) && (condition === null || this.#isPure(condition));
        return isSpread ? Math.max(0, this.#costAbove(node, input) - build.estimate.cost) : 0;
      }
      case 'IndexJoin': {
        const { kind, key, condition, inner, input } = node;
        const all = [...key, condition, inner.filter].filter((one) => one !== null);
        return JOINS.has(kind) && all.every((one) => this.#isPure(one)) ? this.#costAbove(node, input) : 0;
      }
      case 'ApplyMemo':
        return JOINS.has(node.kind) && node.outer.every((one) => this.#isPure(one)) && this.#runsInside(node.plan)
          ? this.#costAbove(node, node.input)
          : 0;
      default:
        return 0;
    }
  }

  #costAbove(node: PhysicalNode, input: PhysicalNode): number {
    const below = this.#pipelineCost(input);
    return below === 0 ? 0 : below + node.estimate.cost - input.estimate.cost;
  }

  /** The same in every thread. */
  #isPure(expression: BoundExpression): boolean {
    if (isVolatile(expression)) return false;
    let isSo = true;
    walkExpression(expression, (node) => {
      if (node.op === 'subplan') isSo &&= this.#runsInside(node.plan);
      else if (node.op === 'subquery' || (node.op === 'call' && node.primitive.startsWith('session.'))) isSo = false;
      return isSo;
    });
    return isSo;
  }

  #isMergeable({ keys, aggregates: calls }: HashAggregate): boolean {
    return keys.every(({ expression }) => this.#isPure(expression)) && calls.every((call) => this.#isMergeableCall(call));
  }

  #isMergeableCall({ primitive, arguments: given, filter, distinct, order }: BoundAggregate): boolean {
    if (distinct || order.length > 0 || !given.every((one) => this.#isPure(one)) || (filter !== null && !this.#isPure(filter)))
      return false;
    if (aggregates[primitive]?.merge !== undefined) return true;
    // Of one column all numerics have the same digits behind the point.
    const [argument] = given;
    return /^(min|max)\.numeric$/.test(primitive) && argument.op === 'column' && argument.type.length > 0;
  }

  /** A plan inside an expression that gives the same in each thread. */
  #runsInside(number: number): boolean {
    const { root, memo } = this.#subplans[number];
    return memo && this.#isPlain(root);
  }

  /** A node with all its expressions, whatever they are called. */
  #isPlain(part: unknown): boolean {
    if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) return true;
    if ('node' in part && !INSIDE.has(String(part.node))) return false;
    if ('op' in part) {
      if (part.op === 'subquery' || ('primitive' in part && String(part.primitive).startsWith('session.'))) return false;
      if (part.op === 'subplan' && 'plan' in part && !this.#runsInside(part.plan as number)) return false;
    }
    return Object.values(part).every((one) => this.#isPlain(one));
  }
}
