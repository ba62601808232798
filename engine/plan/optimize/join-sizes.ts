/** Rows of joins of some members of a graph: of the leaves' rows, what each condition that is looked at leaves. */

import type { BoundExpression, ColumnId } from '../../sblr/bound.ts';
import type { JoinKey } from '../physical.ts';
import { someRows } from './cost.ts';
import { type Facts, factOf, type Knowledge } from './facts.ts';
import { joinedLeaves, leavesOf } from './identity.ts';
import type { Edge, Unit } from './join-graph.ts';
import { damped, keyFraction, matchFraction } from './join-rows.ts';
import type { Planned } from './planner.ts';
import { conditionsFraction } from './selectivity.ts';

export interface SizedMember {
  readonly planned: Planned;
  /** Rows of the table that it reads, before its conditions. */
  readonly tableRows: number;
  readonly unit: Unit | null;
  /** Of a unit that may be run for each row: what a run costs. */
  readonly costOfRun: number;
  /** Of a unit: the equalities of its conditions, and the others. */
  readonly keys: readonly JoinKey[];
  readonly rest: readonly BoundExpression[];
}

/** Edges that a unique key answers, those of their classes too, and the fraction of pairs that they leave. */
interface Named {
  readonly edges: ReadonlySet<Edge>;
  readonly classes: ReadonlySet<number>;
  readonly fraction: number;
}

export class JoinSizes {
  readonly #members: readonly SizedMember[];
  readonly #edges: readonly Edge[];
  readonly #knowledge: Knowledge;
  /** Facts of all columns of all members. */
  readonly facts: Facts;

  readonly #observed: ReadonlyMap<string, number> | null;
  readonly #leaves: readonly (readonly string[])[];

  /** `observed`: rows that relations were seen to have. */
  constructor(
    members: readonly SizedMember[],
    edges: readonly Edge[],
    knowledge: Knowledge,
    observed: ReadonlyMap<string, number> | undefined,
  ) {
    this.#observed = observed === undefined || observed.size === 0 ? null : observed;
    this.#leaves =
      this.#observed === null
        ? []
        : members.map(({ planned, unit }) => joinedLeaves(unit?.kind ?? 'inner', [], leavesOf(planned.node)));
    this.#members = members;
    this.#edges = edges;
    this.#knowledge = knowledge;
    const columns = new Map(members.flatMap(({ planned }) => [...planned.facts.columns]));
    this.facts = { columns, keys: [] };
  }

  /**
   * Edges that are looked at first when two sides meet. `sides`: 1 or 2 for the members of each side, 0 for those that are not there.
   * Of a class of equalities one says it all, unless `all` are asked for.
   */
  crossing(sides: Int8Array, all = false): Edge[] {
    const found: Edge[] = [];
    const classes = new Set<number>();
    for (const edge of this.#edges) {
      let both = 0;
      for (const member of edge.members) both |= sides[member] === 0 ? 4 : sides[member];
      if (both !== 3 || (!all && classes.has(edge.equals))) continue;
      if (edge.equals >= 0) classes.add(edge.equals);
      found.push(edge);
    }
    return found;
  }

  /** Rows that the members of both sides were seen to have together; 0: they were not seen. */
  #seen(sides: Int8Array): number {
    if (this.#observed === null) return 0;
    const leaves = this.#leaves.flatMap((own, member) => (sides[member] === 0 ? [] : own));
    const rows = this.#observed.get(leaves.sort().join(','));
    return rows === undefined ? 0 : Math.max(1, rows);
  }

  /** Rows of an inner join of two sides. */
  inner(sides: Int8Array, rows: number, rowsOther: number): number {
    const seen = this.#seen(sides);
    if (seen > 0) return seen;
    const crossing = this.crossing(sides);
    const keyed = this.#uniqueKeys(sides, crossing.length);
    const a = { facts: this.facts, rows };
    const b = { facts: this.facts, rows: rowsOther };
    const fractions: number[] = keyed.fraction < 1 ? [keyed.fraction] : [];
    const rest: BoundExpression[] = [];
    for (const edge of crossing) {
      if (keyed.edges.has(edge) || keyed.classes.has(edge.equals)) continue;
      if (edge.key === null) rest.push(edge.condition);
      else fractions.push(sides[edge.key.left[0]] === 1 ? keyFraction(edge.key.key, a, b) : keyFraction(edge.key.key, b, a));
    }
    return someRows(rows * rowsOther * damped(fractions) * this.#others(rest, rows));
  }

  #others(conditions: readonly BoundExpression[], rows: number): number {
    if (conditions.length === 0) return 1;
    const { known, isConstant } = this.#knowledge;
    return conditionsFraction({ facts: this.facts, rows, known, isConstant }, conditions);
  }

  /** Equalities that name at most one row of a member: each row of the other side finds one of the member's table. */
  #uniqueKeys(sides: Int8Array, crossing: number): Named {
    let best: Named = { edges: new Set(), classes: new Set(), fraction: 1 };
    if (crossing < 2) return best;
    const edges = this.crossing(sides, true);
    for (const [member, { planned, tableRows }] of this.#members.entries()) {
      if (sides[member] === 0 || !planned.facts.keys.some(({ columns }) => columns.size > 1)) continue;
      const own = new Map<ColumnId, Edge>();
      for (const edge of edges) {
        if (edge.key === null) continue;
        const { left, right, key } = edge.key;
        const side =
          left.length === 1 && left[0] === member ? key.left : right.length === 1 && right[0] === member ? key.right : null;
        if (side?.op === 'column') own.set(side.column, edge);
      }
      for (const { columns } of planned.facts.keys) {
        if (columns.size < 2 || ![...columns].every((column) => own.has(column))) continue;
        let values = 1;
        for (const column of columns) values *= factOf(planned.facts, column).distinct || tableRows ** (1 / columns.size);
        const fraction = 1 / Math.max(1, Math.min(tableRows, values));
        if (fraction >= best.fraction) continue;
        const named = [...columns].map((column) => own.get(column) as Edge);
        const classes = new Set(named.flatMap(({ equals }) => (equals < 0 ? [] : [equals])));
        best = { edges: new Set(named), classes, fraction };
      }
    }
    return best;
  }

  /** Rows after a unit has been attached to `rows` rows; of conditions above that wait for it, too. */
  attach(member: number, sides: Int8Array, rows: number): number {
    const seen = this.#seen(sides);
    if (seen > 0) return seen;
    const { planned, unit, keys, rest } = this.#members[member];
    const { kind } = unit as Unit;
    const other = planned.node.estimate.rows;
    const a = { facts: this.facts, rows };
    const b = { facts: planned.facts, rows: other };
    const fractions = keys.map((key) => keyFraction(key, a, b));
    const pairs = rows * other * damped(fractions) * this.#others(rest, rows);
    const found =
      keys.length > 0 ? matchFraction(keys, a, b) * this.#others(rest, rows) : 1 - (1 - this.#others(rest, rows)) ** other;
    const waiting = this.crossing(sides).map(({ condition }) => condition);
    const left = this.#others(waiting, rows);
    switch (kind) {
      case 'inner':
        return someRows(rows * other * damped(fractions) * this.#others(rest, rows) * left);
      case 'left':
        return someRows(Math.max(rows, pairs) * left);
      case 'semi':
        return someRows(rows * Math.min(1, found) * left);
      case 'anti':
        return someRows(rows * Math.max(0.01, 1 - found) * left);
      case 'mark':
      case 'single':
        return someRows(rows * left);
    }
  }
}
