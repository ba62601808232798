/**
 * A join of which few rows are wanted, in an order perhaps: one table is read in that order, and each of its rows finds the rows of the
 * others by an index or by running what is attached. Nothing is collected, so that the first rows come at once, and the order stays.
 *
 *   select ... from post p join author a on a.id = p.author order by p.id desc limit 20
 *      IndexRange on p, backward  ->  IndexJoin a     20 rows of each are looked at
 */

import type { BoundSortKey } from '../../sblr/bound.ts';
import { DESCENT, ROW_BY_INDEX } from './cost.ts';
import type { Member } from './join-graph.ts';
import { bestIndex, tableOf } from './join-index.ts';
import type { MemberIndex } from './join-methods.ts';
import type { JoinTree, OrderProblem } from './join-order.ts';
import { columnsMade } from './made.ts';
import type { Planned } from './planner.ts';

export interface Streamed {
  readonly tree: JoinTree;
  readonly driver: number;
  readonly planned: Planned;
  /** Of the rows that are wanted. */
  readonly cost: number;
}

export interface StreamQuestion {
  readonly problem: OrderProblem;
  readonly members: readonly Member[];
  readonly indexes: readonly (readonly MemberIndex[])[];
  readonly order: readonly BoundSortKey[];
  /** Rows that are wanted. */
  readonly rows: number;
  /** Plans a member's rows in the wanted order, if it is one of its own. */
  readonly plan: (member: number) => Planned;
}

/** The cheapest of these plans; null: there is none. */
export function streamed(question: StreamQuestion): Streamed | null {
  let best: Streamed | null = null;
  question.members.forEach(({ unit }, member) => {
    if (unit !== null || tableOf(question.members[member].relation) === null || !givesOrder(question, member)) return;
    const made = drivenBy(question, member);
    if (made !== null && (best === null || made.cost < best.cost)) best = made;
  });
  return best;
}

/** The order is one of this member's columns. */
function givesOrder({ order, members }: StreamQuestion, member: number): boolean {
  const made = columnsMade(members[member].relation);
  return order.every(({ expression }) => expression.op === 'column' && made.has(expression.column));
}

function drivenBy(question: StreamQuestion, driver: number): Streamed | null {
  const { members, order } = question;
  const planned = question.plan(driver);
  if (order.length > 0 && !planned.ordered) return null;
  const sides = new Int8Array(members.length);
  let tree: JoinTree = { member: driver };
  let { rows } = planned.node.estimate;
  let lookups = 0;
  sides[driver] = 1;
  let present = driver < 31 ? 1 << driver : 0;
  for (let joined = 1; joined < members.length; joined++) {
    const next = nextMember(question, sides, present, rows);
    if (next === null) return null;
    lookups += rows * next.each;
    tree = { method: next.method, input: tree, build: { member: next.member }, rows: next.rows };
    sides[next.member] = 1;
    present |= next.member < 31 ? 1 << next.member : 0;
    rows = next.rows;
  }
  // As many of the driver's rows as it takes to find those that are wanted.
  const fraction = Math.min(1, question.rows / rows);
  return { tree, driver, planned, cost: DESCENT + (planned.node.estimate.cost + lookups) * fraction };
}

interface Next {
  readonly member: number;
  readonly method: 'index' | 'apply';
  readonly rows: number;
  /** Cost for one row. */
  readonly each: number;
}

/** The member that leaves the fewest rows, of those that can be looked up. */
function nextMember(question: StreamQuestion, sides: Int8Array, present: number, rows: number): Next | null {
  const { members, indexes, problem } = question;
  const { sizes } = problem;
  let best: Next | null = null;
  for (const [member, { unit }] of members.entries()) {
    if (sides[member] !== 0) continue;
    if (unit !== null && (unit.kind === 'mark' || !unit.requires.every((one) => sides[one] === 1))) continue;
    const isApply = unit?.lateral === true;
    const found = isApply ? null : bestIndex(indexes[member], present);
    if (!isApply && found === null) continue;
    sides[member] = 2;
    const after =
      unit === null
        ? sizes.inner(sides, rows, problem.members[member].planned.node.estimate.rows)
        : sizes.attach(member, sides, rows);
    sides[member] = 0;
    const each =
      found === null
        ? problem.members[member].planned.node.estimate.cost
        : DESCENT + found.index.fetched[found.values.length - 1] * ROW_BY_INDEX;
    if (best === null || after < best.rows) best = { member, method: isApply ? 'apply' : 'index', rows: after, each };
  }
  return best;
}
