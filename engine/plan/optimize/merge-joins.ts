/**
 * Merge joins: two sides that come in the order of the columns by which they are joined, from indexes or sorted for it. They cost
 * less than a hash table where indexes give both orders without their rows (index-only.ts), and where the order is wanted above:
 * rows of the input stay in theirs.
 *
 *   select ... from a join b on a.id = b.id order by a.id       IndexRange on a  merged with  IndexRange on b: nothing is sorted
 *
 * An order goes down to the sides: a column of one side stands for the one of the other that it is equal to.
 */

import type { BoundExpression, BoundSortKey, ColumnId } from '../../sblr/bound.ts';
import { printExpression } from '../../sblr/print-bound.ts';
import type { SqlType } from '../../sblr/types.ts';
import type { JoinKey, PhysicalNode } from '../physical.ts';
import { columnsOf, isVolatile } from './columns.ts';
import { comparesAs } from './conditions.ts';
import { MERGE, MERGE_BUILD, ROW, sortCost } from './cost.ts';
import { isCovered } from './index-only.ts';
import type { Edge, Member } from './join-graph.ts';
import { tableOf } from './join-index.ts';
import type { JoinOrder, JoinTree, MergeKey, OrderProblem } from './join-order.ts';
import { columnsMade } from './made.ts';
import { mayFail } from './may-fail.ts';
import { ALL_ROWS, type Planned, type Planner } from './planner.ts';

/** A tree of members whose rows come in an order. */
export interface OrderedTree {
  readonly tree: JoinTree;
  readonly cost: number;
}

/** Larger graphs are asked for an order at their top only. */
const MEMBERS_MAX = 6;
/** Smaller tables are not worth looking for their orders. */
const ROWS_MIN = 1000;

const TYPES = new Set(
  'bool int2 int4 int8 oid date time timestamp timestamptz float4 float8 numeric text varchar name uuid'.split(' '),
);

/** Whether both sides sort as the equality compares. */
export function mergesBy({ left, right, equal, nullsMatch }: JoinKey): boolean {
  const primitive = equal.slice(0, equal.lastIndexOf('.'));
  const sortsSo = ({ type }: BoundExpression): boolean => TYPES.has(type.name) && comparesAs(primitive, type.name);
  return !nullsMatch && [left, right].every((side) => sortsSo(side) && !mayFail(side) && !isVolatile(side));
}

/** What joining two sides that come in their orders costs besides them. */
export const mergeCost = (rows: number, build: number, found: number): number => rows * MERGE + build * MERGE_BUILD + found * ROW;

/** Two expressions of a key: a column is what it says, whatever else is compared as it stands. */
const isSame = (a: BoundExpression, b: BoundExpression): boolean =>
  a === b || (a.op === 'column' && b.op === 'column' && a.column === b.column);

const sortedBy = (expression: BoundExpression, { descending, nullsFirst }: Pick<BoundSortKey, 'descending' | 'nullsFirst'>) => ({
  expression,
  descending,
  nullsFirst,
});
const ASCENDING = { descending: false, nullsFirst: false } as const;

/** The rows of a node in this order. */
export function sortOf(input: PhysicalNode, keys: readonly BoundSortKey[]): PhysicalNode {
  const { rows, cost } = input.estimate;
  return { node: 'Sort', input, keys, estimate: { rows, cost: cost + sortCost(rows) } };
}

export function inOrder(planned: Planned, keys: readonly BoundSortKey[]): Planned {
  return planned.ordered ? planned : { ...planned, node: sortOf(planned.node, keys), ordered: true };
}

export class MergeJoins {
  readonly #planner: Planner;
  readonly #members: readonly Member[];
  readonly #needed: ReadonlySet<ColumnId>;
  readonly #problem: OrderProblem;
  readonly #sorted = new Map<string, Planned>();
  readonly #orders: (readonly BoundSortKey[][] | undefined)[] = [];
  readonly #trees = new Map<string, OrderedTree | null>();
  /** For tests: whatever it costs. */
  readonly isForced: boolean;
  readonly isAllowed: boolean;

  constructor(planner: Planner, members: readonly Member[], needed: ReadonlySet<ColumnId>, problem: OrderProblem) {
    this.#planner = planner;
    this.#members = members;
    this.#needed = needed;
    this.#problem = problem;
    const { joins } = problem.hooks;
    this.isAllowed = joins === undefined || joins.includes('merge');
    this.isForced = joins?.includes('merge') === true && !joins.includes('hash');
  }

  /** A member's rows in an order of its columns. */
  #inOrder(member: number, order: readonly BoundSortKey[]): Planned {
    const name = `${member} ${nameOf(order)}`;
    let found = this.#sorted.get(name);
    if (found === undefined) {
      const wanted = { needed: this.#needed, order, rows: ALL_ROWS };
      found = inOrder(this.#planner.plan(this.#members[member].relation, wanted), order);
      this.#sorted.set(name, found);
    }
    return found;
  }

  /** Orders that indexes of a member's table give as cheaply as its rows come anyway. */
  #natural(member: number): readonly BoundSortKey[][] {
    let found = this.#orders[member];
    if (found === undefined) {
      found = this.#ordersOf(member);
      this.#orders[member] = found;
    }
    return found;
  }

  #ordersOf(member: number): BoundSortKey[][] {
    const { planned } = this.#problem.members[member];
    const own = tableOf(this.#members[member].relation);
    if (own === null || planned.node.estimate.rows < ROWS_MIN) return [];
    const { node } = planned;
    const table = this.#planner.environment.table(own.get.table);
    const read = columnsOf(...own.conditions);
    const columns = own.get.columns.filter(({ column }) => this.#needed.has(column) || read.has(column));
    const rowId = this.#needed.has(own.get.rowId) ? own.get.rowId : -1;
    return table.indexes.flatMap((index) => {
      if (index.method !== 'btree') return [];
      const isRead = node.node === 'IndexRange' && node.index === index.id;
      if (!isRead && !isCovered(table, index, { columns, rowId })) return [];
      const order: BoundSortKey[] = [];
      for (const { attribute, descending, nullsFirst } of index.keys) {
        const use = own.get.columns.find((one) => one.attribute === attribute);
        if (use === undefined) break;
        const type = table.columns.find(({ number }) => number === attribute)?.type as SqlType;
        order.push(sortedBy({ op: 'column', column: use.column, type }, { descending, nullsFirst }));
      }
      return order.length === 0 ? [] : [order];
    });
  }

  /**
   * Two members by orders that their indexes give; null: they give none. Forced: any two sets, sorted for it.
   */
  pair(dp: JoinOrder, input: number, build: number, found: number): OrderedTree | null {
    if (!this.isAllowed) return null;
    const isSingle = (set: number): boolean => (set & (set - 1)) === 0;
    if (this.isForced) {
      const [first] = this.#keysOf(input, build).filter(({ key }) => mergesBy(key));
      return first === undefined ? null : this.#merged(dp, input, build, [sortedBy(first.key.left, ASCENDING)], found);
    }
    if (!isSingle(input) || !isSingle(build)) return null;
    const other = this.#natural(memberOf(build));
    if (other.length === 0) return null;
    let best: OrderedTree | null = null;
    for (const order of this.#natural(memberOf(input))) {
      const keys = this.#keysFor(input, build, order);
      if (keys.length === 0 || !other.some(([first]) => isSame(first.expression, keys[0].key.right))) continue;
      const wanted = keys.map((key) => sortedBy(key.key.left, key));
      const made = this.#merged(dp, input, build, wanted, found);
      if (made !== null && (best === null || made.cost < best.cost)) best = made;
    }
    return best;
  }

  /** All members of a set in an order, by merging at its top; null: it is no order of what is joined there. */
  ordered(dp: JoinOrder, set: number, order: readonly BoundSortKey[]): OrderedTree | null {
    if (!this.isAllowed) return null;
    let best: OrderedTree | null = null;
    for (let input = (set - 1) & set; input > 0; input = (input - 1) & set) {
      const build = set ^ input;
      const made = this.#merged(dp, input, build, order, dp.rowsOf(set));
      if (made !== null && (best === null || made.cost < best.cost)) best = made;
    }
    return best;
  }

  /** Equalities that join two sets, turned so that the left side is of `input`. */
  #keysOf(input: number, build: number): Pick<MergeKey, 'key' | 'by'>[] {
    const { members, sizes } = this.#problem;
    const { unit, keys } = members[memberOf(build)];
    if ((build & (build - 1)) === 0 && unit !== null) {
      const canMerge = !unit.lateral && (unit.kind === 'left' || unit.kind === 'semi' || unit.kind === 'anti');
      return canMerge ? keys.map((key) => ({ key, by: key })) : [];
    }
    const sides = Int8Array.from(members, (_, member) => ((input >> member) & 1 ? 1 : (build >> member) & 1 ? 2 : 0));
    const isIn = (own: readonly number[], side: number): boolean => own.every((member) => sides[member] === side);
    return sizes.crossing(sides, true).flatMap((by) => {
      if (by.key === null) return [];
      const { key, left, right } = by.key;
      if (isIn(left, 1) && isIn(right, 2)) return [{ key, by }];
      return isIn(left, 2) && isIn(right, 1) ? [{ key: { ...key, left: key.right, right: key.left }, by }] : [];
    });
  }

  /** Those by which an order of the pairs is one of both sides: the first of them, until one is not joined by. */
  #keysFor(input: number, build: number, order: readonly BoundSortKey[]): MergeKey[] {
    const all = this.#keysOf(input, build);
    const isInner = this.#problem.members[memberOf(build)].unit === null || (build & (build - 1)) !== 0;
    const found: MergeKey[] = [];
    for (const { expression, descending, nullsFirst } of order) {
      const one = all.find(
        ({ key }) => mergesBy(key) && (isSame(key.left, expression) || (isInner && isSame(key.right, expression))),
      );
      if (one === undefined) break;
      found.push({ ...one, descending, nullsFirst });
    }
    return found;
  }

  #merged(dp: JoinOrder, input: number, build: number, order: readonly BoundSortKey[], found: number): OrderedTree | null {
    if (!dp.canJoin(input, build)) return null;
    const keys = this.#keysFor(input, build, order);
    // What else is ordered by is sorted below the join: nothing that may fail there.
    if (keys.length === 0 || !order.slice(keys.length).every(({ expression }) => expression.op === 'column')) return null;
    const left = [...keys.map((key) => sortedBy(key.key.left, key)), ...order.slice(keys.length)];
    const right = keys.map((key) => sortedBy(key.key.right, key));
    const [a, b] = [this.#side(dp, input, left), this.#side(dp, build, right)];
    if (a === null || b === null) return null;
    const cost = a.cost + b.cost + mergeCost(dp.rowsOf(input), this.#rowsOf(dp, build), found);
    return { cost, tree: { method: 'merge', input: a.tree, build: b.tree, rows: found, merge: keys } };
  }

  /** Of a unit its own: it is not planned as a set. */
  #rowsOf(dp: JoinOrder, set: number): number {
    return (set & (set - 1)) === 0 ? this.#problem.members[memberOf(set)].planned.node.estimate.rows : dp.rowsOf(set);
  }

  /** A set in an order: sorted, or itself merged. Null: the order is not one of its columns. */
  #side(dp: JoinOrder, set: number, order: readonly BoundSortKey[]): OrderedTree | null {
    const name = `${set} ${nameOf(order)}`;
    const known = this.#trees.get(name);
    if (known !== undefined) return known;
    const made = this.#makes(set, order) ? this.#makeSide(dp, set, order) : null;
    this.#trees.set(name, made);
    return made;
  }

  #makeSide(dp: JoinOrder, set: number, order: readonly BoundSortKey[]): OrderedTree {
    if ((set & (set - 1)) === 0) {
      const planned = this.#inOrder(memberOf(set), order);
      return { tree: { member: memberOf(set), planned }, cost: planned.node.estimate.cost };
    }
    const sorted = { tree: { sorted: dp.treeOf(set), by: order }, cost: dp.costOf(set) + sortCost(dp.rowsOf(set)) };
    if (this.#members.length > MEMBERS_MAX) return sorted;
    const merged = this.ordered(dp, set, order);
    return merged !== null && merged.cost < sorted.cost ? merged : sorted;
  }

  #makes(set: number, order: readonly BoundSortKey[]): boolean {
    const made = this.#members.map(({ relation }, member) => ((set >> member) & 1 ? columnsMade(relation) : null));
    return order.every(({ expression }) => [...columnsOf(expression)].every((column) => made.some((one) => one?.has(column))));
  }
}

const memberOf = (set: number): number => 31 - Math.clz32(set);

const nameOf = (order: readonly BoundSortKey[]): string =>
  order
    .map(({ expression, descending, nullsFirst }) => `${printExpression(expression)}${descending ? '-' : '+'}${nullsFirst}`)
    .join(',');

/** Edges that are no keys of a merge: conditions on its pairs. */
export function besidesMerge(edges: readonly Edge[], merge: readonly MergeKey[]): BoundExpression[] {
  const used = new Set(merge.map(({ by }) => by));
  const classes = new Set(merge.flatMap(({ by }) => ('equals' in by && by.equals >= 0 ? [by.equals] : [])));
  return edges.filter((edge) => !used.has(edge) && !classes.has(edge.equals)).map(({ condition }) => condition);
}
