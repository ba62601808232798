/**
 * Joins: which rows are collected, and how the others find them.
 *
 *   condition = equalities of one side with the other (keys)  +  the rest, looked at for each pair
 */

import type { BoundExpression, ColumnId } from '../../sblr/bound.ts';
import type { BoundJoin } from '../../sblr/bound-relations.ts';
import type { ApplyMemo, Estimate, HashProbe, JoinKey, LoopJoin } from '../physical.ts';
import { columnsOf, conjunction, conjuncts, isVolatile } from './columns.ts';
import { BUILD, PAIR, PROBE, ROW, someRows } from './cost.ts';
import { type Facts, isUniqueIn, keysWithout, type UniqueKey } from './facts.ts';
import { columnsMade, type Columns, freeColumns } from './made.ts';
import { ANY_ORDER, ALL_ROWS, type Planned, type Planner, type Wanted } from './planner.ts';
import { joinFraction } from './join-rows.ts';
import { subplanOf } from './subplans.ts';

export interface SplitCondition {
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

/** Equalities that a hash table answers, and what is left of a condition. */
export function splitCondition(
  planner: Planner,
  conditions: readonly BoundExpression[],
  left: Columns,
  right: Columns,
): SplitCondition {
  const keys: JoinKey[] = [];
  const rest: BoundExpression[] = [];
  for (const condition of conditions) {
    const equality = equalityOf(condition);
    if (equality === null || isVolatile(condition)) rest.push(condition);
    else if (within(equality.left, left, planner) && within(equality.right, right, planner)) keys.push(equality);
    else if (within(equality.right, left, planner) && within(equality.left, right, planner)) {
      keys.push({ ...equality, left: equality.right, right: equality.left });
    } else rest.push(condition);
  }
  return { keys, rest };
}

/** `a = b`, or `a IS NOT DISTINCT FROM b`; null: something else. */
export function equalityOf(condition: BoundExpression): JoinKey | null {
  if (condition.op === 'isDistinct' && condition.negated) {
    return { left: condition.left, right: condition.right, equal: condition.equal, nullsMatch: true };
  }
  if (condition.op !== 'call' || !condition.primitive.endsWith('.equal')) return null;
  const [left, right] = condition.arguments;
  return { left, right, equal: condition.primitive, nullsMatch: false };
}

/** A join as it stands: the left side streams, the right one is collected. */
export function planJoin(planner: Planner, join: BoundJoin, wanted: Wanted): Planned {
  const needed = new Set([...wanted.needed, ...columnsOf(join.condition)]);
  const free = join.lateral ? freeColumns(join.right) : new Map();
  const left = columnsMade(join.left);
  const apply = [...free.keys()].filter((column) => left.has(column));
  for (const column of apply) needed.add(column);
  // The left side's order stays, unless rows of the right one come alone behind it.
  const keepsOrder = join.kind !== 'right' && join.kind !== 'full';
  const order = keepsOrder ? wanted.order : ANY_ORDER;
  const input = planner.plan(join.left, { needed, order, rows: join.kind === 'left' ? wanted.rows : ALL_ROWS });
  const ordered = keepsOrder && input.ordered;
  if (apply.length > 0) return { ...applyOf(planner, join, input, apply, needed), ordered };
  const build = planner.plan(join.right, { needed, order: ANY_ORDER, rows: ALL_ROWS });
  return { ...joinOf(planner, join, input, build), ordered };
}

interface JoinParts {
  readonly kind: BoundJoin['kind'];
  readonly condition: BoundExpression | null;
  readonly mark: ColumnId;
  readonly left: BoundJoin['left'];
  readonly right: BoundJoin['right'];
}

/** By a hash table where there are keys. */
function joinOf(planner: Planner, join: JoinParts, input: Planned, build: Planned): Omit<Planned, 'ordered'> {
  const { kind, mark } = join;
  const { keys, rest } = splitCondition(planner, conjuncts(join.condition), columnsMade(join.left), columnsMade(join.right));
  const condition = conjunction(rest);
  const unique = isBuildUnique(build.facts, keys);
  const rows = joinedRows(planner, join, input, build, keys, rest);
  const facts = joinFacts(kind, input.facts, build.facts, unique, keys);
  const below = input.node.estimate.cost + build.node.estimate.cost;
  if (keys.length === 0) {
    const pairs = input.node.estimate.rows * build.node.estimate.rows;
    const estimate = { rows, cost: below + build.node.estimate.rows * ROW + pairs * PAIR };
    const node: LoopJoin = { node: 'LoopJoin', kind, input: input.node, build: build.node, condition, mark, estimate };
    return { node, facts };
  }
  const cost = below + build.node.estimate.rows * BUILD + input.node.estimate.rows * PROBE + rows * ROW;
  const estimate: Estimate = { rows, cost };
  const node: HashProbe = {
    node: 'HashProbe',
    kind,
    input: input.node,
    build: build.node,
    keys,
    unique,
    condition,
    mark,
    estimate,
  };
  return { node, facts };
}

/** No two rows to collect have the same keys. */
export function isBuildUnique(facts: Facts, keys: readonly JoinKey[]): boolean {
  const columns = new Set(keys.flatMap(({ right }) => (right.op === 'column' ? [right.column] : [])));
  return isUniqueIn(
    facts,
    columns,
    keys.some(({ nullsMatch }) => nullsMatch),
  );
}

function joinedRows(
  planner: Planner,
  { kind }: JoinParts,
  input: Planned,
  build: Planned,
  keys: readonly JoinKey[],
  rest: readonly BoundExpression[],
): number {
  const left = input.node.estimate.rows;
  const right = build.node.estimate.rows;
  const fraction = joinFraction(planner, input, build, keys, rest);
  const pairs = left * right * fraction;
  switch (kind) {
    case 'inner':
      return someRows(pairs);
    case 'left':
    case 'single':
      return someRows(Math.max(left, pairs));
    case 'right':
      return someRows(Math.max(right, pairs));
    case 'full':
      return someRows(Math.max(left, right, pairs));
    case 'semi':
      return someRows(Math.min(left, pairs));
    case 'anti':
      return someRows(left - Math.min(left * 0.99, pairs));
    case 'mark':
      return left;
  }
}

/** What is known of the pairs: a row of the left side that finds at most one keeps its keys. */
export function joinFacts(kind: BoundJoin['kind'], left: Facts, right: Facts, unique: boolean, keys: readonly JoinKey[]): Facts {
  if (kind === 'semi' || kind === 'anti' || kind === 'mark') return left;
  const columns = new Map([...left.columns, ...right.columns]);
  const found: UniqueKey[] = [];
  const leftColumns = new Set(keys.flatMap((key) => (key.left.op === 'column' ? [key.left.column] : [])));
  const leftUnique =
    keys.length > 0 &&
    isUniqueIn(
      left,
      leftColumns,
      keys.some(({ nullsMatch }) => nullsMatch),
    );
  if (kind !== 'right' && kind !== 'full' && (unique || kind === 'single')) found.push(...left.keys);
  if ((kind === 'inner' || kind === 'right') && leftUnique) found.push(...right.keys);
  if (kind === 'inner' || kind === 'left') {
    for (const one of left.keys.slice(0, 3))
      for (const other of right.keys.slice(0, 3)) {
        found.push({
          columns: new Set([...one.columns, ...other.columns]),
          nulls: one.nulls && other.nulls && kind === 'inner',
        });
      }
  }
  return { columns, keys: keysWithout(found, new Set()) };
}

/** The right side for each row of the left one. */
function applyOf(
  planner: Planner,
  join: BoundJoin,
  input: Planned,
  apply: readonly ColumnId[],
  needed: ReadonlySet<ColumnId>,
): Omit<Planned, 'ordered'> {
  const { kind, condition, mark } = join;
  const left = columnsMade(join.left);
  const outer = apply.map((column) => ({ column, type: left.get(column) as NonNullable<ReturnType<Columns['get']>> }));
  const right = [...columnsMade(join.right)].filter(([column]) => needed.has(column)).map(([column, type]) => ({ column, type }));
  const { plan, planned } = subplanOf(planner, join.right, outer, right, ALL_ROWS);
  const { rows, cost } = input.node.estimate;
  const inside = planned.node.estimate;
  const found = kind === 'semi' || kind === 'anti' || kind === 'mark' ? rows : Math.max(1, inside.rows) * rows;
  const node: ApplyMemo = {
    node: 'ApplyMemo',
    kind,
    input: input.node,
    condition,
    mark,
    plan,
    outer: outer.map(({ column, type }) => ({ op: 'column', column, type })),
    estimate: { rows: someRows(found), cost: cost + rows * inside.cost },
  };
  return { node, facts: joinFacts(kind, input.facts, planned.facts, false, []) };
}
