/** The nodes of a join tree, once its order is known. */

import type { BoundExpression, BoundRelation } from '../../sblr/bound.ts';
import type { JoinKey, PhysicalNode } from '../physical.ts';
import { columnsOf, conjunction } from './columns.ts';
import { isBuildUnique, joinFacts } from './join-facts.ts';
import type { Edge, Member, Unit } from './join-graph.ts';
import { bestIndex, tableOf } from './join-index.ts';
import type { MemberIndex } from './join-methods.ts';
import { columnsMade } from './made.ts';
import { besidesMerge, inOrder, mergeCost } from './merge-joins.ts';
import type { JoinedTree, JoinTree, MergeKey } from './join-order.ts';
import type { JoinSizes, SizedMember } from './join-sizes.ts';
import type { Planned, Planner, Wanted } from './planner.ts';
import { pushDown } from './push-down.ts';
import { filterOf } from './relations.ts';
import { buildCost, DESCENT, PAIR, probeCost, ROW, ROW_BY_INDEX } from './cost.ts';

export interface BuildParts {
  readonly planner: Planner;
  readonly members: readonly Member[];
  readonly sized: readonly SizedMember[];
  readonly sizes: JoinSizes;
  readonly indexes: readonly (readonly MemberIndex[])[];
  /** Numbers of the subplans of lateral units. */
  readonly plans: ReadonlyMap<number, number>;
  readonly needed: Wanted['needed'];
  /** Plans what is run for each row. */
  readonly lateral: (relation: BoundRelation) => { readonly planned: Planned; readonly plan: number };
}

type Join = JoinedTree;

function membersIn(tree: JoinTree): number[] {
  if ('member' in tree) return [tree.member];
  return 'sorted' in tree ? membersIn(tree.sorted) : [...membersIn(tree.input), ...membersIn(tree.build)];
}

export class JoinBuilder {
  readonly #parts: BuildParts;

  constructor(parts: BuildParts) {
    this.#parts = parts;
  }

  build(tree: JoinTree): Planned {
    if ('member' in tree) return tree.planned ?? this.#parts.sized[tree.member].planned;
    if ('sorted' in tree) return inOrder({ ...this.build(tree.sorted), ordered: false }, tree.by);
    const unit = 'member' in tree.build ? this.#parts.members[tree.build.member].unit : null;
    return unit === null ? this.#inner(tree) : this.#attach(tree, unit, (tree.build as { member: number }).member);
  }

  #crossing(tree: Join): { readonly edges: readonly Edge[]; readonly input: readonly number[]; readonly sides: Int8Array } {
    const sides = new Int8Array(this.#parts.members.length);
    const input = membersIn(tree.input);
    for (const member of input) sides[member] = 1;
    for (const member of membersIn(tree.build)) sides[member] = 2;
    return { edges: this.#parts.sizes.crossing(sides), input, sides };
  }

  // ---- inner joins ----

  #inner(tree: Join): Planned {
    const { edges, input: present, sides } = this.#crossing(tree);
    const input = this.build(tree.input);
    if (tree.method === 'index' && 'member' in tree.build) {
      const edge = { kind: 'inner', mark: -1, edges, keys: [], rest: [] } as const;
      const found = this.#byIndex(tree.rows, input, tree.build.member, present, edge);
      if (found !== null) return found;
    }
    const build = this.build(tree.build);
    if (tree.merge !== undefined)
      return this.#merged({ kind: 'inner', mark: -1 }, input, build, tree.merge, besidesMerge(edges, tree.merge), tree.rows);
    const keys: JoinKey[] = [];
    const rest: BoundExpression[] = [];
    for (const { condition, key } of edges) {
      if (
        key !== null &&
        tree.method !== 'loop' &&
        key.left.every((one) => sides[one] === 1) &&
        key.right.every((one) => sides[one] === 2)
      ) {
        keys.push(key.key);
      } else if (
        key !== null &&
        tree.method !== 'loop' &&
        key.left.every((one) => sides[one] === 2) &&
        key.right.every((one) => sides[one] === 1)
      ) {
        keys.push({ ...key.key, left: key.key.right, right: key.key.left });
      } else rest.push(condition);
    }
    return this.#joined({ kind: 'inner', mark: -1 }, input, build, keys, rest, tree.rows);
  }

  #joined(
    { kind, mark }: { readonly kind: Unit['kind'] | 'right'; readonly mark: number },
    input: Planned,
    build: Planned,
    keys: readonly JoinKey[],
    rest: readonly BoundExpression[],
    rows: number,
  ): Planned {
    const unique = keys.length > 0 && isBuildUnique(build.facts, keys);
    const facts = joinFacts(kind, input.facts, build.facts, unique, keys);
    const [a, b] = [input.node.estimate, build.node.estimate];
    const shared = { kind, input: input.node, build: build.node, condition: conjunction(rest), mark };
    const node: PhysicalNode =
      keys.length === 0
        ? { node: 'LoopJoin', ...shared, estimate: { rows, cost: a.cost + b.cost + b.rows * ROW + a.rows * b.rows * PAIR } }
        : {
            ...{ node: 'HashProbe', ...shared, keys, unique },
            estimate: { rows, cost: a.cost + b.cost + buildCost(b.rows) + probeCost(a.rows, b.rows, rows) },
          };
    return { node, ordered: false, facts };
  }

  #merged(
    { kind, mark }: { readonly kind: Unit['kind']; readonly mark: number },
    input: Planned,
    build: Planned,
    merge: readonly MergeKey[],
    rest: readonly BoundExpression[],
    rows: number,
  ): Planned {
    const keys = merge.map(({ key }) => key);
    const [a, b] = [input.node.estimate, build.node.estimate];
    const node: PhysicalNode = {
      ...{ node: 'MergeJoin', kind, input: input.node, build: build.node, keys, condition: conjunction(rest), mark },
      orders: merge.map(({ descending, nullsFirst }) => ({ descending, nullsFirst })),
      estimate: { rows, cost: a.cost + b.cost + mergeCost(a.rows, b.rows, rows) },
    };
    const facts = joinFacts(kind, input.facts, build.facts, isBuildUnique(build.facts, keys), keys);
    return { node, ordered: input.ordered, facts };
  }

  // ---- what is attached ----

  #attach(tree: Join, unit: Unit, member: number): Planned {
    const { edges, input: present } = this.#crossing(tree);
    const { sized, planner } = this.#parts;
    const { keys, rest, planned } = sized[member];
    const input = this.build(tree.input);
    const { kind, mark } = unit;
    const waiting = edges.map(({ condition }) => condition);
    let made: Planned | null = null;
    if (tree.method === 'apply') made = this.#apply(tree, unit, member, input);
    else if (tree.method === 'index') {
      made = this.#byIndex(tree.rows, input, member, present, { kind, mark, edges: [], keys, rest });
    }
    const { merge } = tree;
    if (merge !== undefined) {
      const used = new Set(merge.map(({ by }) => by));
      const others = keys.filter((key) => !used.has(key)).map(conditionOf);
      const build = (tree.build as { readonly planned?: Planned }).planned ?? planned;
      made = this.#merged(unit, input, build, merge, [...others, ...rest], tree.rows);
    }
    if (made === null && tree.method === 'turned') {
      const turned = keys.map((key) => ({ ...key, left: key.right, right: key.left }));
      const joined = this.#joined({ kind: 'right', mark }, planned, input, turned, rest, tree.rows);
      const unique = isBuildUnique(planned.facts, keys);
      made = { ...joined, facts: joinFacts('left', input.facts, planned.facts, unique, keys) };
    }
    made ??=
      tree.method === 'loop'
        ? this.#looped(tree, unit, input, planned)
        : this.#joined(unit, input, planned, keys, rest, tree.rows);
    return waiting.length === 0 ? made : { ...made, node: filterOf(planner, made, waiting) };
  }

  /** Each row with each row, its conditions as they were written. */
  #looped(tree: Join, unit: Unit, input: Planned, planned: Planned): Planned {
    return this.#joined(unit, input, planned, [], unit.conditions, tree.rows);
  }

  #apply(tree: Join, unit: Unit, member: number, input: Planned): Planned {
    const { plans, planner, sized } = this.#parts;
    const own = unit.alternative === null ? null : this.#parts.lateral(pushDown(unit.alternative));
    const plan = own?.plan ?? (plans.get(member) as number);
    const planned = own?.planned ?? sized[member].planned;
    const condition = conjunction(own === null ? unit.conditions : this.#besides(unit, member));
    const outer = planner.subplans[plan].outer.map(({ column, type }): BoundExpression => ({ op: 'column', column, type }));
    const { rows, cost } = input.node.estimate;
    const node: PhysicalNode = {
      ...{ node: 'ApplyMemo', kind: unit.kind, input: input.node, condition, mark: unit.mark },
      ...{ plan, outer, estimate: { rows: tree.rows, cost: cost + rows * planned.node.estimate.cost } },
    };
    return { node, ordered: input.ordered, facts: joinFacts(unit.kind, input.facts, planned.facts, false, []) };
  }

  /** Conditions of a unit that its alternative does not answer by itself: those that do not read the keys of its groups. */
  #besides({ alternative, conditions }: Unit, member: number): BoundExpression[] {
    const made = columnsMade(alternative as BoundRelation);
    const keys = columnsMade(this.#parts.members[member].relation);
    return conditions.filter((condition) => [...columnsOf(condition)].every((column) => made.has(column) || !keys.has(column)));
  }

  /** Null: no index fits after all. */
  #byIndex(
    found: number,
    input: Planned,
    member: number,
    present: readonly number[],
    join: {
      readonly kind: Unit['kind'];
      readonly mark: number;
      readonly edges: readonly Edge[];
      readonly keys: readonly JoinKey[];
      readonly rest: readonly BoundExpression[];
    },
  ): Planned | null {
    const bits = present.reduce((all, one) => (one < 31 ? all | (1 << one) : all), 0);
    const best = bestIndex(this.#parts.indexes[member], bits);
    const own = tableOf(this.#parts.members[member].relation);
    if (best === null || own === null) return null;
    const { index, values } = best;
    const answered = new Set(values.map(({ by }) => by));
    const classes = new Set(values.flatMap(({ by }) => ('equals' in by && by.equals >= 0 ? [by.equals] : [])));
    const rest = [
      ...join.edges.filter((edge) => !answered.has(edge) && !classes.has(edge.equals)).map(({ condition }) => condition),
      ...join.keys.filter((key) => !answered.has(key)).map((key) => conditionOf(key)),
      ...join.rest,
    ];
    const filter = conjunction(own.conditions.filter((condition) => !answered.has(condition)));
    const read = columnsOf(filter);
    const { needed } = this.#parts;
    const { table, alias, columns, rowId } = own.get;
    const { rows, cost } = input.node.estimate;
    const fetched = index.fetched[values.length - 1];
    const point = index.unique && values.length === index.keys.length;
    const node: PhysicalNode = {
      node: 'IndexJoin',
      kind: join.kind,
      input: input.node,
      inner: {
        ...{ table, alias, filter, rowId: needed.has(rowId) ? rowId : -1 },
        columns: columns.filter(({ column }) => needed.has(column) || read.has(column)),
      },
      index: index.index,
      key: values.map(({ value }) => value),
      point,
      condition: conjunction(rest),
      mark: join.mark,
      estimate: { rows: found, cost: cost + rows * (DESCENT + fetched * ROW_BY_INDEX) },
    };
    const { planned } = this.#parts.sized[member];
    const facts = joinFacts(join.kind, input.facts, planned.facts, point, []);
    return { node, ordered: input.ordered, facts };
  }
}

/** The condition that a key stands for. */
export function conditionOf({ left, right, equal, nullsMatch }: JoinKey): BoundExpression {
  const type = { name: 'bool', length: -1, scale: -1, nullable: !nullsMatch, digits: 0 } as const;
  return nullsMatch
    ? { op: 'isDistinct', equal, left, right, negated: true, type }
    : { op: 'call', primitive: equal, arguments: [left, right], type, at: -1 };
}
