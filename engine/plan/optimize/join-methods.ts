/** The ways to join two sides, and what each costs. */

import type { ColumnId } from '../../sblr/bound.ts';
import { BUILD, buildCost, type CostHooks, DESCENT, PAIR, PROBE, probeCost, ROW, ROW_BY_INDEX } from './cost.ts';
import { factOf } from './facts.ts';
import type { JoinSizes, SizedMember } from './join-sizes.ts';
import type { OrderedKey } from './join-index.ts';

export type JoinMethod = 'hash' | 'turned' | 'loop' | 'index' | 'apply' | 'merge';
export const METHODS: readonly JoinMethod[] = ['hash', 'turned', 'loop', 'index', 'apply', 'merge'];
const HASH = 0;
/** A left join that collects its left side. */
const TURNED = 1;
const LOOP = 2;
const INDEX = 3;
const APPLY = 4;
/** Offered by merge-joins.ts. */
export const MERGED = 5;

/** Beginning a subplan, and remembering what it answered. */
const RUN = 3;

/** An index of a member by which rows of other members find its rows. */
export interface MemberIndex {
  readonly index: number;
  readonly unique: boolean;
  readonly keys: readonly OrderedKey[];
  /** Rows of the table by the values of the first 1, 2... key columns. */
  readonly fetched: readonly number[];
}

export class JoinMethods {
  /** Place in METHODS of the way that the last answer is for. */
  taken = 0;
  readonly #members: readonly SizedMember[];
  readonly #indexes: readonly (readonly MemberIndex[])[];
  readonly #allowed: readonly boolean[];
  /** For tests: whether units are run for each row where they can be; null: where that is cheaper. */
  readonly #runs: boolean | null;

  constructor(members: readonly SizedMember[], indexes: readonly (readonly MemberIndex[])[], { joins }: CostHooks) {
    this.#members = members;
    this.#indexes = indexes;
    this.#runs = joins === undefined ? null : joins.includes('apply');
    const may = (name: 'hash' | 'loop' | 'index'): boolean => joins === undefined || joins.includes(name);
    this.#allowed = [may('hash'), may('hash'), may('loop'), may('index'), true];
  }

  /**
   * Cost of an inner join with everything below; `taken` says which way. `single`: the one member to be collected, or -1; `present`:
   * bits of the members of the input (of the first 31); `far`: apart(build), which callers of many sets keep.
   */
  inner(
    rows: number,
    cost: number,
    build: number,
    costBuild: number,
    found: number,
    isEqual: boolean,
    single: number,
    present: number,
    far: number,
  ): number {
    const byHash = isEqual ? cost + costBuild + (build * BUILD + rows * PROBE) * far + found * ROW : Number.POSITIVE_INFINITY;
    const byLoop = cost + costBuild + loopCost(rows, build, isEqual);
    const each = single < 0 ? Number.POSITIVE_INFINITY : this.#lookup(single, present);
    return this.#cheapest(byHash, Number.POSITIVE_INFINITY, byLoop, cost + rows * each + found * ROW);
  }

  /** Cost of attaching a unit. */
  attach(member: number, rows: number, cost: number, found: number, present: number): number {
    const { planned, unit, keys, costOfRun } = this.#members[member];
    const { rows: build, cost: costBuild } = planned.node.estimate;
    if (unit?.lateral === true) {
      this.taken = APPLY;
      return cost + rows * (costBuild + RUN);
    }
    const isEqual = keys.length > 0;
    const byHash = isEqual ? cost + costBuild + buildCost(build) + probeCost(rows, build, found) : Number.POSITIVE_INFINITY;
    const isTurned = isEqual && unit?.kind === 'left';
    const turned = isTurned ? cost + costBuild + buildCost(rows) * 1.1 + probeCost(build, rows, found) : Number.POSITIVE_INFINITY;
    const byLoop = cost + costBuild + loopCost(rows, build, isEqual);
    // Which of the values are NULL is not seen through an index.
    const each = unit?.kind === 'mark' ? Number.POSITIVE_INFINITY : this.#lookup(member, present);
    const answer = this.#cheapest(byHash, turned, byLoop, cost + rows * each + found * ROW);
    const byRuns = cost + rows * (costOfRun + RUN);
    if (byRuns === Number.POSITIVE_INFINITY || (this.#runs === null ? byRuns >= answer : !this.#runs)) return answer;
    this.taken = APPLY;
    return byRuns;
  }

  #cheapest(byHash: number, turned: number, byLoop: number, byIndex: number): number {
    const allowed = this.#allowed;
    let best = Number.POSITIVE_INFINITY;
    let method = LOOP;
    if (allowed[HASH] && byHash < best) {
      best = byHash;
      method = HASH;
    }
    if (allowed[HASH] && turned < best) {
      best = turned;
      method = TURNED;
    }
    if (allowed[INDEX] && byIndex < best) {
      best = byIndex;
      method = INDEX;
    }
    if ((allowed[LOOP] && byLoop < best) || best === Number.POSITIVE_INFINITY) {
      best = byLoop;
      method = LOOP;
    }
    this.taken = method;
    return best;
  }

  /** Cost of finding the rows of a member for one row of the members that are there. */
  #lookup(member: number, present: number): number {
    let best = Number.POSITIVE_INFINITY;
    for (const { keys, fetched } of this.#indexes[member]) {
      let depth = 0;
      while (depth < keys.length && keys[depth].some(({ needs }) => (needs & ~present) === 0)) depth++;
      if (depth > 0) best = Math.min(best, DESCENT + fetched[depth - 1] * ROW_BY_INDEX);
    }
    return best;
  }
}

/** Where an equality joins, a loop is never wanted: estimates of a row or two may be wrong. */
const loopCost = (rows: number, build: number, isEqual: boolean): number =>
  build * ROW + rows * build * PAIR + (isEqual ? 1e9 : 0);

/** Rows that the first columns of a key have in common, of a table's rows. */
export function fetchedBy(sizes: JoinSizes, columns: readonly ColumnId[], tableRows: number, isUnique: boolean): number[] {
  const fetched: number[] = [];
  let values = 1;
  columns.forEach((column, place) => {
    // Columns of one index depend on each other somewhat.
    values *= (factOf(sizes.facts, column).distinct || 200) ** (1 / (place + 1));
    fetched.push(isUnique && place === columns.length - 1 ? 1 : Math.max(1, tableRows / values));
  });
  return fetched;
}
