/**
 * What ANALYZE finds for CREATE STATISTICS, of the sample that it has drawn, by PostgreSQL's rules (mvdistinct.c, dependencies.c, mcv.c):
 *
 *   ndistinct       how many combinations of values there are, of each set of two keys and more
 *   dependencies    of how many rows some keys tell another one
 *   mcv             the most common combinations of all keys, and how common they were if the keys were independent
 *
 * Keys are columns and expressions; values are numbered once a key, and what is counted are combinations of numbers.
 */

import { interpret, NotInterpreted } from '../sblr/interpret.ts';
import type { SqlType } from '../sblr/types.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { columnStatistics, STATISTICS_TARGET } from './analyze.ts';
import type { Transaction } from '../txn/transactions.ts';
import { boundOfText, boundTextOver } from './bound-text.ts';
import type { Catalog } from './catalog.ts';
import type { CatalogColumn, ColumnStatistics, ExtendedStatistics, StatisticsKey } from './objects.ts';
import type { StatisticsRow, TableRow } from './stored.ts';
import { orderOf } from './value-order.ts';

/** What was looked at. */
export interface Looked {
  readonly columns: readonly CatalogColumn[];
  readonly sample: readonly (readonly RowValue[])[];
  /** Of the table. */
  readonly rows: number;
}

/** A key over the sample. */
interface Key {
  /** Attribute; below 0: an expression. */
  readonly number: number;
  readonly values: readonly RowValue[];
  /** Equal values have one number; NULL has 0. */
  readonly numbers: Int32Array;
}

/** Null: nothing is gathered for the object. Errors of its expressions are those of ANALYZE. */
export function extendedStatistics({ id, body }: StatisticsRow, looked: Looked): ExtendedStatistics | null {
  if (body.target === 0 || looked.sample.length === 0) return null;
  const expressions: ExtendedStatistics['expressions'][number][] = [];
  const keys = body.keys.map(({ attribute, bound, type }): Key | null => {
    if (attribute !== 0) {
      const column = looked.columns.find((one) => one.number === attribute);
      if (column === undefined) return null;
      const values = looked.sample.map((row) => row[column.kernelColumn]);
      return { number: attribute, values, numbers: numbered(values, column.type) };
    }
    const values = valuesOf(bound, looked);
    const number = -1 - expressions.length;
    expressions.push({ bound, type, statistics: expressionStatistics(number, type, values, looked.rows) });
    return { number, values, numbers: numbered(values, type) };
  });
  if (keys.includes(null)) return null;
  const all = keys as Key[];
  const sets = new KeySets(all, looked.sample.length);
  const target = body.target < 0 ? STATISTICS_TARGET : body.target;
  return {
    object: id,
    keys: all.map(({ number }) => number),
    expressions,
    distinct: body.kinds.includes('ndistinct') ? distinctCounts(sets, looked.rows) : [],
    dependencies: body.kinds.includes('dependencies') ? dependencies(sets) : [],
    common: body.kinds.includes('mcv') ? commonCombinations(sets, looked.rows, target) : [],
  };
}

/** What CREATE STATISTICS asks of a table, and of those that it is a partition of: there it is asked of all partitions. */
export function statisticsAsked(catalog: Catalog, tx: Transaction, table: TableRow): StatisticsRow[] {
  const own = catalog.statisticsOf(tx, table);
  if (table.body.bound === undefined) return own;
  const parents = (table.body.parents ?? []).flatMap((id) => {
    const row = catalog.entry(tx, id)?.row;
    return row?.kind === 'table' ? [row] : [];
  });
  return [
    ...own,
    ...parents.flatMap((parent) =>
      statisticsAsked(catalog, tx, parent).flatMap((one) => overColumns(one, attributesBetween(parent, table)) ?? []),
    ),
  ];
}

/** Attributes of a parent -> those of the same names. */
function attributesBetween(parent: TableRow, child: TableRow): Map<number, number> {
  const own = new Map(child.body.columns.filter(({ hidden }) => hidden === null).map(({ name, number }) => [name, number]));
  return new Map(
    parent.body.columns.flatMap(({ name, number, hidden }) => {
      const found = hidden === null ? own.get(name) : undefined;
      return found === undefined ? [] : [[number, found] as const];
    }),
  );
}

function overColumns(row: StatisticsRow, attributes: ReadonlyMap<number, number>): StatisticsRow | null {
  const keys: StatisticsKey[] = [];
  for (const key of row.body.keys) {
    const attribute = key.attribute === 0 ? 0 : attributes.get(key.attribute);
    const bound = key.attribute === 0 ? boundTextOver(key.bound, attributes) : '';
    if (attribute === undefined || bound === null) return null;
    keys.push({ ...key, attribute, bound });
  }
  return { ...row, body: { ...row.body, keys } };
}

// ---- values ----

function valuesOf(bound: string, { columns, sample }: Looked): RowValue[] {
  const expression = boundOfText(bound);
  const places = new Map(columns.map(({ number, kernelColumn }) => [number, kernelColumn]));
  return sample.map((row) =>
    interpret(expression, {
      column(attribute) {
        const place = places.get(attribute);
        if (place === undefined) throw new NotInterpreted();
        return row[place];
      },
      known: () => undefined,
    }),
  );
}

function expressionStatistics(number: number, type: SqlType, values: readonly RowValue[], rows: number): ColumnStatistics {
  const sample = values.map((value) => [value]);
  return { ...columnStatistics({ type, number, kernelColumn: 0 }, sample, rows), attribute: number };
}

/** Types some of whose values are equal though they look different. */
const ALIKE = new Set<string>(['numeric', 'interval', 'float4', 'float8', 'char', 'timetz']);

function numbered(values: readonly RowValue[], type: SqlType): Int32Array {
  const order = ALIKE.has(type.name) ? orderOf(type) : null;
  const numbers = new Int32Array(values.length);
  if (order === null) {
    const known = new Map<unknown, number>();
    for (const [row, value] of values.entries()) {
      if (value === null) continue;
      const key = typeof value === 'object' ? JSON.stringify(value, exact) : value;
      const number = known.get(key) ?? known.size + 1;
      known.set(key, number);
      numbers[row] = number;
    }
    return numbers;
  }
  const places = values.flatMap((value, place) => (value === null ? [] : [place])).sort((a, b) => order(values[a], values[b]));
  let number = 0;
  for (const [at, place] of places.entries()) {
    if (at === 0 || order(values[places[at - 1]], values[place]) !== 0) number++;
    numbers[place] = number;
  }
  return numbers;
}

const exact = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

// ---- sets of keys ----

/** The rows of the sample in groups that agree in a set of keys. A set is a mask of bits, one a key. */
interface Groups {
  /** Of each row; from 0. */
  readonly of: Int32Array;
  /** Rows of each group. */
  readonly counts: readonly number[];
}

class KeySets {
  readonly keys: readonly Key[];
  readonly rows: number;
  readonly #known = new Map<number, Groups>();

  constructor(keys: readonly Key[], rows: number) {
    this.keys = keys;
    this.rows = rows;
  }

  get all(): number {
    return (1 << this.keys.length) - 1;
  }

  /** Sets of two keys and more, small ones first. */
  sets(): number[] {
    const found = Array.from({ length: this.all }, (_, at) => at + 1).filter((set) => this.members(set).length > 1);
    return found.sort((a, b) => this.members(a).length - this.members(b).length || a - b);
  }

  members(set: number): number[] {
    return this.keys.flatMap((_, at) => ((set & (1 << at)) === 0 ? [] : [at]));
  }

  numbers(members: readonly number[]): number[] {
    return members.map((at) => this.keys[at].number);
  }

  groups(set: number): Groups {
    let found = this.#known.get(set);
    if (found === undefined) {
      const members = this.members(set);
      const last = members[members.length - 1];
      found = this.#split(members.length === 1 ? null : this.groups(set & ~(1 << last)).of, this.keys[last].numbers);
      this.#known.set(set, found);
    }
    return found;
  }

  #split(groups: Int32Array | null, numbers: Int32Array): Groups {
    const of = new Int32Array(this.rows);
    const counts: number[] = [];
    const known = new Map<number, number>();
    for (let row = 0; row < this.rows; row++) {
      const key = (groups === null ? 0 : groups[row]) * 0x1000000 + numbers[row];
      let group = known.get(key);
      if (group === undefined) {
        group = counts.length;
        known.set(key, group);
        counts.push(0);
      }
      counts[group]++;
      of[row] = group;
    }
    return { of, counts };
  }
}

// ---- what is found ----

function distinctCounts(sets: KeySets, rows: number): ExtendedStatistics['distinct'] {
  return sets.sets().map((set) => {
    const { counts } = sets.groups(set);
    const once = counts.filter((count) => count === 1).length;
    return { keys: sets.numbers(sets.members(set)), count: estimated(counts.length, once, sets.rows, rows) };
  });
}

/** Haas and Stokes' Duj1. */
function estimated(found: number, once: number, sampled: number, rows: number): number {
  if (rows <= sampled) return found;
  const estimate = (sampled * found) / (sampled - once + (once * sampled) / rows);
  return Math.floor(Math.min(Math.max(estimate, found), rows) + 0.5);
}

function dependencies(sets: KeySets): ExtendedStatistics['dependencies'] {
  return sets.sets().flatMap((set) => {
    const members = sets.members(set);
    return members.flatMap((to) => {
      const degree = degreeOf(sets.groups(set & ~(1 << to)), sets.groups(set));
      if (degree === 0) return [];
      return [{ from: sets.numbers(members.filter((one) => one !== to)), to: sets.keys[to].number, degree }];
    });
  });
}

/** Rows, of all, in groups that another key splits no further. */
function degreeOf(groups: Groups, further: Groups): number {
  let rows = 0;
  for (let row = 0; row < groups.of.length; row++) if (groups.counts[groups.of[row]] === further.counts[further.of[row]]) rows++;
  return rows / groups.of.length;
}

function commonCombinations(sets: KeySets, rows: number, target: number): ExtendedStatistics['common'] {
  const { of, counts } = sets.groups(sets.all);
  const sampled = sets.rows;
  const first = new Int32Array(counts.length).fill(-1);
  for (let row = of.length - 1; row >= 0; row--) first[of[row]] = row;
  const singles = sets.keys.map((_, at) => sets.groups(1 << at));
  return counts
    .map((count, group) => ({ count, row: first[group] }))
    .sort((a, b) => b.count - a.count || a.row - b.row)
    .slice(0, target)
    .filter(({ count }) => count >= leastCount(sampled, rows))
    .map(({ count, row }) => ({
      values: sets.keys.map(({ values }) => values[row]),
      fraction: count / sampled,
      base: singles.reduce((product, one) => product * (one.counts[one.of[row]] / sampled), 1),
    }));
}

/** Of rows in the sample that are enough to tell how common a combination is, within a fifth (mcv.c). */
function leastCount(sampled: number, rows: number): number {
  const divisor = rows - sampled + 0.04 * sampled * (rows - 1);
  return divisor <= 0 ? 0 : (sampled * (rows - sampled)) / divisor;
}
