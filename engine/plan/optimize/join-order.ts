/**
 * The order of joins: dynamic programming over the connected subsets of a graph's members, as bits of a number. Every subset has rows,
 * the cost of the cheapest way to get it, and that way's last join. Beyond MEMBERS_MAX members: greedy (join-greedy.ts).
 *
 *   cost[abc] = min over (ab, c), (ac, b), (a, bc) ... of both sides' costs and the join's
 */

import { apart, type CostHooks } from './cost.ts';
import type { BoundSortKey } from '../../sblr/bound.ts';
import type { JoinKey } from '../physical.ts';
import { type JoinMethod, type JoinMethods, MERGED, METHODS } from './join-methods.ts';
import type { Edge } from './join-graph.ts';
import type { JoinSizes, SizedMember } from './join-sizes.ts';
import type { MergeJoins } from './merge-joins.ts';
import type { Planned } from './planner.ts';

export const MEMBERS_MAX = 12;

/** A key of a merge join, `left` of its input, and the edge or the equality of a unit that it is. */
export interface MergeKey extends Pick<BoundSortKey, 'descending' | 'nullsFirst'> {
  readonly key: JoinKey;
  readonly by: Edge | JoinKey;
}

/** How a set of members is joined: `build` is collected or looked up; of a unit that is attached, its one member. */
export type JoinTree =
  | { readonly member: number; readonly planned?: Planned }
  | { readonly sorted: JoinTree; readonly by: readonly BoundSortKey[] }
  | JoinedTree;
export interface JoinedTree {
  readonly method: JoinMethod;
  readonly input: JoinTree;
  readonly build: JoinTree;
  readonly rows: number;
  readonly merge?: readonly MergeKey[];
}

export interface OrderProblem {
  readonly members: readonly SizedMember[];
  readonly edges: readonly Edge[];
  readonly sizes: JoinSizes;
  readonly methods: JoinMethods;
  readonly hooks: CostHooks;
}

/** A number from 0 to 1 that only its arguments decide. */
export function drawn(seed: number, a: number, b: number): number {
  let word = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(a + 1, 0x85ebca6b) ^ Math.imul(b + 7, 0xc2b2ae35);
  word = Math.imul(word ^ (word >>> 15), 0x2c1b3c6d);
  word = Math.imul(word ^ (word >>> 12), 0x297a2d39);
  return ((word ^ (word >>> 15)) >>> 0) / 2 ** 32;
}

const bitsOf = (members: readonly number[]): number => members.reduce((bits, member) => bits | (1 << member), 0);

export interface OrderedPart {
  readonly tree: JoinTree;
  readonly members: readonly number[];
  readonly rows: number;
  readonly cost: number;
}

/** Plans of the connected parts of a graph: one, unless nothing joins them. */
export class JoinOrder {
  readonly #problem: OrderProblem;
  readonly #count: number;
  readonly #rows: Float64Array;
  readonly #cost: Float64Array;
  /** apart() of the rows. */
  readonly #far: Float64Array;
  /** Of a subset: the side that streams, and how the other one is joined to it. */
  readonly #input: Int32Array;
  readonly #method: Uint8Array;
  /** Members that edges join to those of a subset: by equalities of one member with another, and by any condition. */
  readonly #equal: Int32Array;
  readonly #any: Int32Array;
  /** Edges of more than two members: all of them, and each side of an equality. */
  readonly #wide: { readonly all: number; readonly left: number; readonly right: number }[] = [];
  readonly #requires: Int32Array;
  readonly #units: number;
  readonly #sides: Int8Array;
  readonly #isDrawn: boolean;
  readonly #merges: MergeJoins;
  /** Of sets that are merged. */
  readonly #merged = new Map<number, JoinTree>();

  constructor(problem: OrderProblem, merges: MergeJoins) {
    this.#problem = problem;
    this.#merges = merges;
    const count = problem.members.length;
    this.#count = count;
    this.#isDrawn = problem.hooks.order !== undefined;
    this.#rows = new Float64Array(1 << count);
    this.#cost = new Float64Array(1 << count).fill(Number.POSITIVE_INFINITY);
    this.#far = new Float64Array(1 << count);
    this.#input = new Int32Array(1 << count);
    this.#method = new Uint8Array(1 << count);
    this.#equal = new Int32Array(1 << count);
    this.#any = new Int32Array(1 << count);
    this.#sides = new Int8Array(count);
    this.#requires = Int32Array.from(problem.members, ({ unit }) => (unit === null ? 0 : bitsOf(unit.requires)));
    this.#units = bitsOf(problem.members.flatMap(({ unit }, member) => (unit === null ? [] : [member])));
    this.#connect();
  }

  #connect(): void {
    for (const { members, key } of this.#problem.edges) {
      if (members.length === 2) {
        const [a, b] = members;
        for (const joined of key === null ? [this.#any] : [this.#any, this.#equal]) {
          joined[1 << a] |= 1 << b;
          joined[1 << b] |= 1 << a;
        }
      } else if (members.length > 2) {
        this.#wide.push({ all: bitsOf(members), left: bitsOf(key?.left ?? []), right: bitsOf(key?.right ?? []) });
      }
    }
    for (let set = 1; set < 1 << this.#count; set++) {
      const rest = set & (set - 1);
      if (rest === 0) continue;
      this.#equal[set] = this.#equal[rest] | this.#equal[set ^ rest];
      this.#any[set] = this.#any[rest] | this.#any[set ^ rest];
    }
  }

  /** 2: an equality joins the two sides, 1: another condition, 0: none. */
  #joined(a: number, b: number): number {
    if ((this.#equal[a] & b) !== 0) return 2;
    let found = (this.#any[a] & b) !== 0 ? 1 : 0;
    for (const { all, left, right } of this.#wide) {
      if ((all & ~(a | b)) !== 0 || (all & a) === 0 || (all & b) === 0) continue;
      found = 1;
      if (left === 0) continue;
      const apart = ((left & ~a) === 0 && (right & ~b) === 0) || ((left & ~b) === 0 && (right & ~a) === 0);
      if (apart) return 2;
    }
    return found;
  }

  /** The cheapest plan of each connected part. */
  parts(): OrderedPart[] {
    const { members } = this.#problem;
    members.forEach(({ planned, unit }, member) => {
      if (unit !== null) return;
      this.#rows[1 << member] = planned.node.estimate.rows;
      this.#cost[1 << member] = planned.node.estimate.cost;
    });
    const full = (1 << this.#count) - 1;
    for (let set = 3; set <= full; set++) if ((set & (set - 1)) !== 0) this.#best(set);
    if (this.#cost[full] < Number.POSITIVE_INFINITY) return [this.#part(full)];
    return this.#largest(full);
  }

  /** Parts that cover all leaves, the largest first; units that nothing in a part allows stay over. */
  #largest(full: number): OrderedPart[] {
    const parts: OrderedPart[] = [];
    let left = full;
    while ((left & ~this.#units) !== 0) {
      const first = left & ~this.#units & -(left & ~this.#units);
      let best = first;
      for (let set = left; set > 0; set = (set - 1) & left) {
        if ((set & first) !== 0 && this.#cost[set] < Number.POSITIVE_INFINITY && countOf(set) > countOf(best)) best = set;
      }
      parts.push(this.#part(best));
      left &= ~best;
    }
    return parts;
  }

  #part(set: number): OrderedPart {
    const members = this.#problem.members.flatMap((_, member) => ((set >> member) & 1 ? [member] : []));
    return { tree: this.#tree(set), members, rows: this.#rows[set], cost: this.#cost[set] };
  }

  // ---- for merge joins, which ask for orders ----

  /** All members. */
  get all(): number {
    return (1 << this.#count) - 1;
  }

  rowsOf(set: number): number {
    return this.#rows[set];
  }

  costOf(set: number): number {
    return this.#cost[set];
  }

  treeOf(set: number): JoinTree {
    return this.#tree(set);
  }

  /** Whether there are plans of both sides; of a unit, whether all that it requires is on the other side. */
  canJoin(input: number, build: number): boolean {
    if (this.#cost[input] === Number.POSITIVE_INFINITY) return false;
    const isUnit = (build & (build - 1)) === 0 && (build & this.#units) !== 0;
    if (isUnit) return (this.#requires[31 - Math.clz32(build)] & ~input) === 0;
    return this.#cost[build] < Number.POSITIVE_INFINITY;
  }

  #tree(set: number): JoinTree {
    if ((set & (set - 1)) === 0) return { member: 31 - Math.clz32(set) };
    const merged = METHODS[this.#method[set]] === 'merge' ? this.#merged.get(set) : undefined;
    if (merged !== undefined) return merged;
    const input = this.#input[set];
    const other = set ^ input;
    const build: JoinTree = (other & (other - 1)) === 0 ? { member: 31 - Math.clz32(other) } : this.#tree(other);
    return { method: METHODS[this.#method[set]], input: this.#tree(input), build, rows: this.#rows[set] };
  }

  #setSides(one: number, other: number): Int8Array {
    for (let member = 0; member < this.#count; member++) {
      this.#sides[member] = (one >> member) & 1 ? 1 : (other >> member) & 1 ? 2 : 0;
    }
    return this.#sides;
  }

  #best(set: number): void {
    for (let units = set & this.#units; units !== 0; units &= units - 1) {
      const unit = units & -units;
      const rest = set ^ unit;
      const member = 31 - Math.clz32(unit);
      if (this.#cost[rest] === Number.POSITIVE_INFINITY || (this.#requires[member] & ~rest) !== 0) continue;
      if (this.#rows[set] === 0) {
        this.#rows[set] = this.#problem.sizes.attach(member, this.#setSides(rest, unit), this.#rows[rest]);
      }
      this.#attach(set, rest, member);
    }
    // Leaves that are joined one by one tell the size best: it is the same for all ways to get the subset.
    for (let leaves = set & ~this.#units; leaves !== 0 && this.#rows[set] === 0; leaves &= leaves - 1) {
      this.#size(set, leaves & -leaves);
    }
    for (let one = (set - 1) & set; ; one = (one - 1) & set) {
      const other = set ^ one;
      if (one < other) break;
      const both = this.#cost[one] + this.#cost[other];
      // No way to join two sets of several members costs less than to get them both.
      const isSingle = (one & (one - 1)) === 0 || (other & (other - 1)) === 0;
      if (both === Number.POSITIVE_INFINITY || (!isSingle && both >= this.#cost[set] && !this.#isDrawn)) continue;
      const joined = this.#joined(one, other);
      if (joined === 0) continue;
      if (this.#rows[set] === 0) this.#size(set, other);
      this.#join(set, one, other, joined === 2);
      this.#join(set, other, one, joined === 2);
    }
  }

  #size(set: number, one: number): void {
    const other = set ^ one;
    if (this.#cost[one] === Number.POSITIVE_INFINITY || this.#cost[other] === Number.POSITIVE_INFINITY) return;
    if (this.#joined(one, other) === 0) return;
    this.#rows[set] = this.#problem.sizes.inner(this.#setSides(one, other), this.#rows[one], this.#rows[other]);
  }

  #join(set: number, input: number, build: number, isEqual: boolean): void {
    const { methods } = this.#problem;
    const single = (build & (build - 1)) === 0 ? 31 - Math.clz32(build) : -1;
    const rows = this.#rows[build];
    if (this.#far[build] === 0) this.#far[build] = apart(rows);
    const far = this.#far[build];
    const below = this.#cost[input];
    const other = this.#cost[build];
    const found = this.#rows[set];
    const cost = methods.inner(this.#rows[input], below, rows, other, found, isEqual, single, input, far);
    this.#take(set, input, cost, methods.taken);
    if (isEqual) this.#offerMerge(set, input, build);
  }

  #offerMerge(set: number, input: number, build: number): void {
    const made = this.#merges.pair(this, input, build, this.#rows[set]);
    if (made !== null && this.#take(set, input, made.cost, MERGED)) this.#merged.set(set, made.tree);
  }

  #attach(set: number, input: number, member: number): void {
    const { methods } = this.#problem;
    const cost = methods.attach(member, this.#rows[input], this.#cost[input], this.#rows[set], input);
    this.#take(set, input, cost, methods.taken);
    this.#offerMerge(set, input, 1 << member);
  }

  /** True: it is the best so far. */
  #take(set: number, input: number, cost: number, method: number): boolean {
    const { order } = this.#problem.hooks;
    const counted = order === undefined || cost === Number.POSITIVE_INFINITY ? cost : drawn(order, set, input);
    if (counted >= this.#cost[set]) return false;
    this.#cost[set] = counted;
    this.#input[set] = input;
    this.#method[set] = method;
    return true;
  }
}

function countOf(set: number): number {
  let count = 0;
  for (let bits = set; bits !== 0; bits &= bits - 1) count++;
  return count;
}
