/**
 * Parts of a join graph put together one after the other: the two whose join gives the fewest rows come first. For graphs of many
 * members, and for parts that nothing joins (every row of one with every row of the other, the small ones first).
 */

import { apart } from './cost.ts';
import type { JoinMethod } from './join-methods.ts';
import { METHODS } from './join-methods.ts';
import { drawn, type OrderedPart, type OrderProblem } from './join-order.ts';

interface Candidate {
  readonly one: number;
  readonly other: number;
  readonly part: OrderedPart;
  readonly score: number;
}

const bitsOf = (members: readonly number[]): number =>
  members.reduce((bits, member) => (member < 31 ? bits | (1 << member) : bits), 0);

export class GreedyOrder {
  readonly #problem: OrderProblem;
  readonly #sides: Int8Array;

  constructor(problem: OrderProblem) {
    this.#problem = problem;
    this.#sides = new Int8Array(problem.members.length);
  }

  /** Each leaf a part. */
  leaves(): OrderedPart[] {
    return this.#problem.members.flatMap(({ planned, unit }, member) => {
      const { rows, cost } = planned.node.estimate;
      return unit === null ? [{ tree: { member }, members: [member], rows, cost }] : [];
    });
  }

  /** One part of all. Units that are in none are attached as soon as what they require is together. */
  order(given: readonly OrderedPart[]): OrderedPart {
    let parts = [...given];
    for (;;) {
      const taken = new Set(parts.flatMap(({ members }) => members));
      const waiting = this.#problem.members.flatMap(({ unit }, member) => (unit !== null && !taken.has(member) ? [member] : []));
      if (parts.length === 1 && waiting.length === 0) return parts[0];
      const best = this.#attached(parts, waiting) ?? this.#joined(parts) ?? this.#crossed(parts);
      parts = [...parts.filter((_, index) => index !== best.one && index !== best.other), best.part];
    }
  }

  #setSides(one: OrderedPart, other: readonly number[]): Int8Array {
    this.#sides.fill(0);
    for (const member of one.members) this.#sides[member] = 1;
    for (const member of other) this.#sides[member] = 2;
    return this.#sides;
  }

  /** What throws out rows, or adds none, at once; the rest when it is its turn. */
  #attached(parts: readonly OrderedPart[], waiting: readonly number[]): Candidate | null {
    let best: Candidate | null = null;
    const { members, sizes, methods } = this.#problem;
    for (const [index, part] of parts.entries())
      for (const member of waiting) {
        const { unit } = members[member];
        if (unit === null || !unit.requires.every((one) => part.members.includes(one))) continue;
        const rows = sizes.attach(member, this.#setSides(part, [member]), part.rows);
        if (rows > part.rows * 1.01 && parts.length > 1) continue;
        const cost = methods.attach(member, part.rows, part.cost, rows, bitsOf(part.members));
        const tree = { method: METHODS[methods.taken], input: part.tree, build: { member }, rows };
        const score = rows - part.rows;
        if (best !== null && score >= best.score) continue;
        best = { one: index, other: index, part: { tree, members: [...part.members, member], rows, cost }, score };
      }
    return best;
  }

  /** The join of two parts that gives the fewest rows. */
  #joined(parts: readonly OrderedPart[]): Candidate | null {
    const { edges, hooks } = this.#problem;
    const partOf = new Map<number, number>();
    for (const [index, { members }] of parts.entries()) for (const member of members) partOf.set(member, index);
    const pairs = new Set<string>();
    let best: Candidate | null = null;
    for (const { members } of edges) {
      const touched = new Set(members.map((member) => partOf.get(member)));
      if (touched.size !== 2 || touched.has(undefined)) continue;
      const [one, other] = [...touched] as number[];
      const name = one < other ? `${one} ${other}` : `${other} ${one}`;
      if (pairs.has(name)) continue;
      pairs.add(name);
      const part = this.#pair(parts[one], parts[other]);
      const score = hooks.order === undefined ? part.rows : drawn(hooks.order, one, other);
      if (best === null || score < best.score) best = { one, other, part, score };
    }
    return best;
  }

  #pair(a: OrderedPart, b: OrderedPart): OrderedPart {
    const { sizes, methods } = this.#problem;
    const sides = this.#setSides(a, b.members);
    const rows = sizes.inner(sides, a.rows, b.rows);
    const isEqual = sizes.crossing(sides).some(({ key }) => {
      if (key === null) return false;
      const left = key.left.map((member) => sides[member]);
      const right = key.right.map((member) => sides[member]);
      return new Set(left).size === 1 && new Set(right).size === 1 && left[0] !== right[0];
    });
    const way = (input: OrderedPart, build: OrderedPart): { cost: number; method: JoinMethod } => {
      const single = build.members.length === 1 ? build.members[0] : -1;
      const present = bitsOf(input.members);
      const cost = methods.inner(
        input.rows,
        input.cost,
        build.rows,
        build.cost,
        rows,
        isEqual,
        single,
        present,
        apart(build.rows),
      );
      return { cost, method: METHODS[methods.taken] };
    };
    const [one, other] = [way(a, b), way(b, a)];
    const members = [...a.members, ...b.members];
    return one.cost <= other.cost
      ? { tree: { method: one.method, input: a.tree, build: b.tree, rows }, members, rows, cost: one.cost }
      : { tree: { method: other.method, input: b.tree, build: a.tree, rows }, members, rows, cost: other.cost };
  }

  /** The two smallest parts, every row with every row. A single part: the unit that is left, whatever it gives. */
  #crossed(parts: readonly OrderedPart[]): Candidate {
    const [one, other] = parts
      .map((_, index) => index)
      .sort((a, b) => parts[a].rows - parts[b].rows)
      .slice(0, 2);
    return { one, other, part: this.#pair(parts[one], parts[other]), score: 0 };
  }
}
