/** Joins: as a graph whose order is chosen (join-graph.ts), or, for full joins, as they stand. */

import type { BoundExpression, BoundRelation, ColumnId } from '../../sblr/bound.ts';
import type { BoundJoin } from '../../sblr/bound-relations.ts';
import { printExpression } from '../../sblr/print-bound.ts';
import type { JoinKey, PhysicalNode } from '../physical.ts';
import { columnsOf, conjunction, conjuncts, isVolatile } from './columns.ts';
import { comparisonOf } from './conditions.ts';
import { buildCost, PAIR, probeCost, ROW, someRows, sortCost } from './cost.ts';
import { equalityOf } from './equalities.ts';
import { conditionOf, JoinBuilder } from './join-build.ts';
import { isBuildUnique, joinFacts } from './join-facts.ts';
import { type Edge, graphOf, type JoinGraph, type Member } from './join-graph.ts';
import { GreedyOrder } from './join-greedy.ts';
import { JoinIndexes, tableOf } from './join-index.ts';
import { JoinMethods, type MemberIndex } from './join-methods.ts';
import { JoinOrder, type JoinTree, MEMBERS_MAX, type OrderedPart, type OrderProblem } from './join-order.ts';
import { damped, keyFraction } from './join-rows.ts';
import { type Streamed, streamed } from './join-stream.ts';
import { JoinSizes, type SizedMember } from './join-sizes.ts';
import { columnsMade, type Columns, freeColumns } from './made.ts';
import { mayFail } from './may-fail.ts';
import { inOrder, mergeCost, MergeJoins, mergesBy } from './merge-joins.ts';
import { ALL_ROWS, ANY_ORDER, type Planned, type Planner, sizeOf, type Wanted } from './planner.ts';
import { pushDown } from './push-down.ts';
import { filterOf } from './relations.ts';
import { subplanOf } from './subplans.ts';

interface SplitCondition {
  readonly keys: readonly JoinKey[];
  readonly rest: readonly BoundExpression[];
}

const within = (expression: BoundExpression, columns: Columns, planner: Planner): boolean => {
  let own = false;
  for (const column of columnsOf(expression)) {
    if (columns.has(column)) own = true;
    else if (!planner.isConstant({ op: 'column', column, type: expression.type })) return false;
  }
  return own;
};

/** Equalities that a hash table answers, and what is left of a condition. What may fail joins only where nothing else does. */
function splitCondition(planner: Planner, conditions: readonly BoundExpression[], left: Columns, right: Columns): SplitCondition {
  const keys: JoinKey[] = [];
  const rest: BoundExpression[] = [];
  const split = (condition: BoundExpression): JoinKey | null => {
    const equality = equalityOf(condition);
    if (equality === null || isVolatile(condition)) return null;
    if (within(equality.left, left, planner) && within(equality.right, right, planner)) return equality;
    const isTurned = within(equality.right, left, planner) && within(equality.left, right, planner);
    return isTurned ? { ...equality, left: equality.right, right: equality.left } : null;
  };
  for (const condition of conditions) {
    const key = split(condition);
    if (key !== null && !mayFail(condition)) keys.push(key);
    else rest.push(condition);
  }
  const key = keys.length === 0 && rest.length > 0 ? split(rest[0]) : null;
  return key === null ? { keys, rest } : { keys: [key], rest: rest.slice(1) };
}

export function planJoin(planner: Planner, join: BoundJoin, wanted: Wanted): Planned {
  return join.kind === 'full' ? planFull(planner, join, wanted) : new GraphPlan(planner, join, wanted).plan();
}

class GraphPlan {
  readonly #planner: Planner;
  readonly #graph: JoinGraph;
  readonly #members: readonly Member[];
  readonly #needed: ReadonlySet<ColumnId>;
  readonly #owners = new Map<ColumnId, number>();
  readonly #plans = new Map<number, number>();
  readonly #wanted: Wanted;

  constructor(planner: Planner, join: BoundJoin, wanted: Wanted) {
    const { needed } = wanted;
    this.#planner = planner;
    this.#wanted = wanted;
    this.#graph = graphOf(join);
    const { members, edges, above } = this.#graph;
    members.forEach(({ relation }, member) => {
      for (const column of columnsMade(relation).keys()) this.#owners.set(column, member);
    });
    this.#members = members.map((member, place) => ({ ...member, relation: this.#withConstants(member, place, edges) }));
    const read = new Set(needed);
    const add = (expression: BoundExpression): void => {
      for (const column of columnsOf(expression)) read.add(column);
    };
    for (const { condition } of edges) add(condition);
    above.forEach(add);
    for (const { relation, unit } of members) {
      unit?.conditions.forEach(add);
      if (unit?.lateral === true) for (const column of freeColumns(relation).keys()) read.add(column);
      if (unit?.alternative != null) for (const column of freeColumns(unit.alternative).keys()) read.add(column);
    }
    this.#needed = read;
  }

  /** a.x = 5 and a.x = b.x: b.x = 5, for the leaf b and for a unit that is attached by it. */
  #withConstants({ relation, unit }: Member, place: number, edges: readonly Edge[]): BoundRelation {
    if (unit?.lateral === true || unit?.kind === 'mark') return relation;
    const found: BoundExpression[] = [];
    const spread = (own: BoundExpression, other: BoundExpression): void => {
      if (own.op !== 'column' || other.op !== 'column' || own.type.name !== other.type.name) return;
      const owner = this.#owners.get(other.column);
      if (owner === undefined || owner === place || this.#graph.members[owner].unit !== null) return;
      for (const condition of tableOf(this.#graph.members[owner].relation)?.conditions ?? []) {
        const comparison = comparisonOf(condition, this.#planner.isConstant);
        if (comparison?.kind !== 'equal' || comparison.column !== other.column || condition.op !== 'call') continue;
        // Of another type.
        if (!condition.arguments.includes(comparison.value)) continue;
        const type = { ...condition.type, nullable: condition.type.nullable || own.type.nullable };
        found.push({ ...condition, arguments: [own, comparison.value], type });
      }
    };
    if (unit === null) {
      for (const { key } of edges) {
        if (key === null || key.key.nullsMatch) continue;
        if (key.left[0] === place) spread(key.key.left, key.key.right);
        else if (key.right[0] === place) spread(key.key.right, key.key.left);
      }
    } else {
      for (const condition of unit.conditions) {
        const key = equalityOf(condition);
        if (key === null || key.nullsMatch || key.left.op !== 'column' || key.right.op !== 'column') continue;
        if (this.#owners.get(key.left.column) === place) spread(key.left, key.right);
        else if (this.#owners.get(key.right.column) === place) spread(key.right, key.left);
      }
    }
    const seen = new Set<string>(tableOf(relation)?.conditions.map(printExpression));
    const fresh = found.filter((condition) => {
      const text = printExpression(condition);
      return seen.has(text) ? false : seen.add(text);
    });
    const condition = conjunction(fresh);
    return condition === null ? relation : pushDown(relation, [condition]);
  }

  plan(): Planned {
    const planner = this.#planner;
    const { edges, above } = this.#graph;
    const hooks = planner.environment.hooks ?? {};
    const sized = this.#members.map((member, place) => this.#sized(member, place));
    const sizes = new JoinSizes(sized, edges, planner, planner.environment.observed);
    const all = new JoinIndexes(planner, sized, edges, this.#owners);
    const indexes = this.#members.map(({ relation }, member) => all.of(member, relation, sizes));
    const methods = new JoinMethods(sized, indexes, hooks);
    const problem = { members: sized, edges, sizes, methods, hooks };
    const merges = new MergeJoins(planner, this.#members, this.#needed, problem);
    const { part: whole, dp } = orderOf(problem, merges);
    const stream = above.length > 0 || hooks.order !== undefined ? null : this.#streamed(problem, indexes, whole);
    const merged = hooks.order !== undefined || dp === null ? null : this.#merged(merges, dp, whole, stream);
    const taken = merged === null ? stream : null;
    const parts = {
      ...{ planner, members: this.#members, sizes, indexes, plans: this.#plans, needed: this.#needed },
      sized: taken === null ? sized : sized.with(taken.driver, { ...sized[taken.driver], planned: taken.planned }),
      lateral: this.#lateral,
    };
    const made = new JoinBuilder(parts).build(merged ?? taken?.tree ?? whole.tree);
    const planned = { ...made, ordered: merged !== null || (taken !== null && this.#wanted.order.length > 0) };
    return above.length === 0 ? planned : { ...planned, node: filterOf(planner, planned, above) };
  }

  /**
   * A plan that merges sides which come in the wanted order; null: the others are as cheap, with the sort that they leave to do.
   */
  #merged(merges: MergeJoins, dp: JoinOrder, whole: OrderedPart, stream: Streamed | null): JoinTree | null {
    const { order, rows } = this.#wanted;
    if (order.length === 0) return null;
    const merged = merges.ordered(dp, dp.all, order);
    if (merged === null) return null;
    const cost = stream?.cost ?? whole.cost + (rows < whole.rows ? whole.rows * ROW : sortCost(whole.rows));
    return merges.isForced || merged.cost < cost ? merged.tree : null;
  }

  /** A plan that gives its first rows without collecting others first; null: the whole join is as cheap. */
  #streamed(problem: OrderProblem, indexes: readonly (readonly MemberIndex[])[], whole: OrderedPart): Streamed | null {
    const { order, rows } = this.#wanted;
    if (order.length === 0 && rows >= whole.rows) return null;
    const stream = streamed({
      ...{ problem, members: this.#members, indexes, order, rows },
      plan: (member) => this.#planner.plan(this.#members[member].relation, { needed: this.#needed, order, rows }),
    });
    const sorted = order.length === 0 ? 0 : rows < whole.rows ? whole.rows * ROW : sortCost(whole.rows);
    return stream !== null && stream.cost < whole.cost + sorted ? stream : null;
  }

  #sized({ relation, unit }: Member, place: number): SizedMember {
    const planner = this.#planner;
    const { planned, plan } = this.#planned(relation, unit?.lateral === true);
    if (plan !== null) this.#plans.set(place, plan);
    const table = tableOf(relation);
    const tableRows =
      table === null ? planned.node.estimate.rows : sizeOf(planner, planner.environment.table(table.get.table)).rows;
    const others: [ColumnId, Columns extends ReadonlyMap<ColumnId, infer Type> ? Type : never][] = [];
    const costOfRun = unit?.alternative == null ? Number.POSITIVE_INFINITY : this.#costOfRun(unit.alternative);
    const shared = { planned, tableRows: Math.max(1, tableRows), unit, costOfRun };
    if (unit === null || unit.lateral) return { ...shared, keys: [], rest: unit?.conditions ?? [] };
    const own = columnsMade(relation);
    for (const { relation: other } of this.#members) if (other !== relation) others.push(...columnsMade(other));
    for (const { unit: one } of this.#members) if (one?.kind === 'mark') others.push([one.mark, MARK]);
    const { keys, rest } = splitCondition(planner, unit.conditions, new Map(others), own);
    return { ...shared, keys, rest };
  }

  /** What a relation costs that is run for each row: it is planned for that alone, and again if it is taken. */
  #costOfRun(relation: BoundRelation): number {
    const { subplans } = this.#planner;
    const count = subplans.length;
    const { cost } = this.#lateral(pushDown(relation)).planned.node.estimate;
    subplans.length = count;
    return cost;
  }

  #planned(relation: BoundRelation, isLateral: boolean): { planned: Planned; plan: number | null } {
    if (!isLateral) {
      return { planned: this.#planner.plan(relation, { needed: this.#needed, order: ANY_ORDER, rows: ALL_ROWS }), plan: null };
    }
    return this.#lateral(relation);
  }

  #lateral = (relation: BoundRelation): { readonly planned: Planned; readonly plan: number } => {
    const outer = [...freeColumns(relation)].map(([column, type]) => ({ column, type }));
    const made = [...columnsMade(relation)].filter(([column]) => this.#needed.has(column));
    const columns = made.map(([column, type]) => ({ column, type }));
    return subplanOf(this.#planner, relation, outer, columns, ALL_ROWS);
  };
}

const MARK = { name: 'bool', length: -1, scale: -1, nullable: true, digits: 0 } as const;

/** One tree of all members, and what is known of their subsets; null: there are too many, or nothing joins some of them. */
function orderOf(problem: OrderProblem, merges: MergeJoins): { readonly part: OrderedPart; readonly dp: JoinOrder | null } {
  const greedy = new GreedyOrder(problem);
  if (problem.members.length > MEMBERS_MAX) return { part: greedy.order(greedy.leaves()), dp: null };
  const dp = new JoinOrder(problem, merges);
  const parts = dp.parts();
  return { part: greedy.order(parts), dp: parts.length === 1 && parts[0].members.length === problem.members.length ? dp : null };
}

/** Both sides are kept whole: neither is reordered with what is around it. */
function planFull(planner: Planner, join: BoundJoin, wanted: Wanted): Planned {
  const needed = new Set([...wanted.needed, ...columnsOf(join.condition)]);
  const [input, build] = [join.left, join.right].map((side) => planner.plan(side, { needed, order: ANY_ORDER, rows: ALL_ROWS }));
  const split = splitCondition(planner, conjuncts(join.condition), columnsMade(join.left), columnsMade(join.right));
  const { joins } = planner.environment.hooks ?? {};
  const isLoop = split.keys.length === 0 || (joins !== undefined && !joins.includes('hash') && joins.includes('loop'));
  const [a, b] = [input.node.estimate, build.node.estimate];
  const fraction = damped(
    split.keys.map((key) => keyFraction(key, { facts: input.facts, rows: a.rows }, { facts: build.facts, rows: b.rows })),
  );
  const rows = someRows(Math.max(a.rows, b.rows, a.rows * b.rows * fraction));
  const shared = { kind: 'full', input: input.node, build: build.node, mark: -1 } as const;
  const unique = isBuildUnique(build.facts, split.keys);
  const joined: PhysicalNode = isLoop
    ? {
        ...{ node: 'LoopJoin', ...shared, condition: join.condition },
        estimate: { rows, cost: a.cost + b.cost + b.rows * ROW + a.rows * b.rows * PAIR },
      }
    : {
        ...{ node: 'HashProbe', ...shared, keys: split.keys, unique, condition: conjunction(split.rest) },
        estimate: { rows, cost: a.cost + b.cost + buildCost(b.rows) + probeCost(a.rows, b.rows, rows) },
      };
  const merged = mergedFull(planner, join, needed, split, rows);
  const isForced = joins?.includes('merge') === true && !joins.includes('hash');
  const node = merged !== null && (isForced || merged.estimate.cost < joined.estimate.cost) ? merged : joined;
  return { node, ordered: false, facts: joinFacts('full', input.facts, build.facts, unique, split.keys) };
}

/** The same with both sides in the order of the first key; null: it has none that they can be sorted by. */
function mergedFull(
  planner: Planner,
  join: BoundJoin,
  needed: ReadonlySet<ColumnId>,
  { keys, rest }: SplitCondition,
  rows: number,
): PhysicalNode | null {
  const key = keys.find(mergesBy);
  const { joins } = planner.environment.hooks ?? {};
  if (key === undefined || (joins !== undefined && !joins.includes('merge'))) return null;
  const order = { descending: false, nullsFirst: false };
  const [a, b] = (['left', 'right'] as const).map((side) => {
    const wanted = [{ expression: key[side], ...order }];
    return inOrder(planner.plan(join[side], { needed, order: wanted, rows: ALL_ROWS }), wanted).node;
  });
  const others = keys.filter((one) => one !== key).map(conditionOf);
  return {
    ...{ node: 'MergeJoin', kind: 'full', input: a, build: b, mark: -1, keys: [key], orders: [order] },
    condition: conjunction([...others, ...rest]),
    estimate: {
      rows,
      cost: a.estimate.cost + b.estimate.cost + mergeCost(a.estimate.rows, b.estimate.rows, rows),
    },
  };
}
