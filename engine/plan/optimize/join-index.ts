/** Indexes by which rows of other members of a join graph find the rows of one. */

import type { CatalogIndex } from '../../catalog/objects.ts';
import type { BoundExpression, BoundGet, BoundRelation, ColumnId } from '../../sblr/bound.ts';
import type { JoinKey } from '../physical.ts';
import { columnsOf, conjuncts } from './columns.ts';
import { comparesAs, comparisonOf } from './conditions.ts';
import type { Edge } from './join-graph.ts';
import { fetchedBy, type MemberIndex } from './join-methods.ts';
import type { JoinSizes, SizedMember } from './join-sizes.ts';
import type { Planner } from './planner.ts';

/** A value for a key column of an index. */
export interface KeyValue {
  /** Bits of the members that it reads. */
  readonly needs: number;
  readonly value: BoundExpression;
  /** What it answers: an edge, an equality of a unit, or a condition of the member itself. */
  readonly by: Edge | JoinKey | BoundExpression;
}
export type OrderedKey = readonly KeyValue[];

/** A table with the conditions on it; null: the relation is something else. */
export function tableOf(
  relation: BoundRelation,
): { readonly get: BoundGet; readonly conditions: readonly BoundExpression[] } | null {
  const conditions: BoundExpression[] = [];
  let node = relation;
  while (node.op === 'filter') {
    conditions.unshift(...conjuncts(node.condition));
    node = node.input;
  }
  return node.op === 'get' ? { get: node, conditions } : null;
}

/** Members beyond these have no bit: nothing that reads them is looked up. */
const BITS = 31;
const bitsOf = (members: readonly number[]): number =>
  members.some((member) => member >= BITS) ? -1 : members.reduce((bits, member) => bits | (1 << member), 0);

type Found = { readonly column: ColumnId } & KeyValue;

export class JoinIndexes {
  readonly #planner: Planner;
  readonly #members: readonly SizedMember[];
  readonly #edges: readonly Edge[];
  readonly #owners: ReadonlyMap<ColumnId, number>;

  constructor(planner: Planner, members: readonly SizedMember[], edges: readonly Edge[], owners: ReadonlyMap<ColumnId, number>) {
    this.#planner = planner;
    this.#members = members;
    this.#edges = edges;
    this.#owners = owners;
  }

  of(member: number, relation: BoundRelation, sizes: JoinSizes): MemberIndex[] {
    const own = tableOf(relation);
    if (own === null || this.#members[member].unit?.lateral === true) return [];
    const table = this.#planner.environment.table(own.get.table);
    const found = [...this.#values(member), ...this.#constants(own.conditions)];
    return table.indexes.flatMap((index) => {
      const made = this.#index(index, own.get, found, member, sizes);
      return made === null ? [] : [made];
    });
  }

  #index(index: CatalogIndex, get: BoundGet, found: readonly Found[], member: number, sizes: JoinSizes): MemberIndex | null {
    const keys: OrderedKey[] = [];
    const columns: ColumnId[] = [];
    for (const { attribute } of index.keys) {
      const column = get.columns.find((one) => one.attribute === attribute)?.column ?? -1;
      const values = found.filter((one) => one.column === column);
      if (values.length === 0) break;
      keys.push(values);
      columns.push(column);
    }
    if (index.method === 'gin') return null;
    // A hash index is asked for whole keys.
    if (keys.length === 0 || (index.method === 'hash' && keys.length < index.keys.length)) return null;
    // Conditions alone are the table's own access path.
    if (keys.every((values) => values.every(({ needs }) => needs === 0))) return null;
    const isWhole = index.unique && keys.length === index.keys.length;
    const fetched = fetchedBy(sizes, columns, this.#members[member].tableRows, isWhole);
    // Parts of a hash index's key say nothing.
    if (index.method === 'hash') fetched.fill(Number.POSITIVE_INFINITY, 0, keys.length - 1);
    return { index: index.id, unique: isWhole, keys, fetched };
  }

  /** Values that other members give. */
  #values(member: number): Found[] {
    const { unit, keys } = this.#members[member];
    if (unit !== null) {
      return keys.flatMap((key) => {
        if (key.nullsMatch || key.right.op !== 'column' || !fits(key, key.right)) return [];
        const needs = bitsOf([...columnsOf(key.left)].flatMap((column) => this.#owners.get(column) ?? []));
        return [{ column: key.right.column, needs, value: key.left, by: key }];
      });
    }
    return this.#edges.flatMap((edge) => {
      if (edge.key === null || edge.key.key.nullsMatch) return [];
      const { key, left, right } = edge.key;
      const one = (side: BoundExpression, own: readonly number[], value: BoundExpression, others: readonly number[]): Found[] =>
        own.length === 1 && own[0] === member && side.op === 'column' && fits(key, side)
          ? [{ column: side.column, needs: bitsOf(others), value, by: edge }]
          : [];
      return [...one(key.left, left, key.right, right), ...one(key.right, right, key.left, left)];
    });
  }

  #constants(conditions: readonly BoundExpression[]): Found[] {
    return conditions.flatMap((condition) => {
      const comparison = comparisonOf(condition, this.#planner.isConstant);
      if (comparison?.kind !== 'equal') return [];
      return [{ column: comparison.column, needs: 0, value: comparison.value, by: condition }];
    });
  }
}

/** The primitive compares as the index of this column orders. */
const fits = ({ equal }: JoinKey, column: BoundExpression): boolean =>
  comparesAs(equal.slice(0, equal.lastIndexOf('.')), column.type.name);

/** The best index for a member when the members `present` are there, and the values of its first key columns. */
export function bestIndex(
  indexes: readonly MemberIndex[],
  present: number,
): { readonly index: MemberIndex; readonly values: readonly KeyValue[] } | null {
  let best: { index: MemberIndex; values: KeyValue[] } | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const index of indexes) {
    const values: KeyValue[] = [];
    for (const candidates of index.keys) {
      const found = candidates.find(({ needs }) => (needs & ~present) === 0);
      if (found === undefined) break;
      values.push(found);
    }
    if (values.length === 0 || index.fetched[values.length - 1] >= least) continue;
    least = index.fetched[values.length - 1];
    best = { index, values };
  }
  return best;
}
