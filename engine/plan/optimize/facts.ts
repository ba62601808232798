/**
 * What planning knows of the rows of a relation: how often values occur in its columns, and which columns name a row.
 *
 * Facts about a column are those of the table it comes from; estimates above joins and groupings take what is left of them.
 */

import { boundOfText } from '../../catalog/bound-text.ts';
import type { CatalogTable, ColumnStatistics, ExtendedStatistics } from '../../catalog/objects.ts';
import type { BoundExpression, BoundGet, ColumnId } from '../../sblr/bound.ts';
import type { SqlType } from '../../sblr/types.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import { shapeOf } from './shape.ts';

export interface ColumnFact {
  /** ANALYZE's, of a table's column. */
  readonly statistics: ColumnStatistics | null;
  /** Distinct values besides NULL; 0: nothing is known. */
  readonly distinct: number;
  readonly nullFraction: number;
}

/** No two rows agree in these columns. Without columns: there is at most one row. */
export interface UniqueKey {
  readonly columns: ReadonlySet<ColumnId>;
  /** Of rows with NULLs in them as well. */
  readonly nulls: boolean;
}

export interface Facts {
  readonly columns: ReadonlyMap<ColumnId, ColumnFact>;
  readonly keys: readonly UniqueKey[];
  /** Pairs of values that two columns of a table have, by pairKey(). */
  readonly pairs?: ReadonlyMap<string, number> | undefined;
  /** What CREATE STATISTICS has told; left out: nothing. */
  readonly extended?: readonly ExtendedFact[] | undefined;
}

/** Of one object of CREATE STATISTICS. Its expressions are columns here, which no relation makes; their facts stand with the others. */
export interface ExtendedFact {
  readonly keys: readonly ColumnId[];
  readonly expressions: readonly { readonly column: ColumnId; readonly type: SqlType; readonly shape: string }[];
  /** Attributes, by columns of the relation that expressions are over. */
  readonly attributes: ReadonlyMap<ColumnId, number>;
  readonly distinct: readonly { readonly keys: readonly ColumnId[]; readonly count: number }[];
  readonly dependencies: readonly { readonly from: readonly ColumnId[]; readonly to: ColumnId; readonly degree: number }[];
  /** Values in the order of the keys. */
  readonly common: ExtendedStatistics['common'];
}

export const pairKey = (a: ColumnId, b: ColumnId): string => (a < b ? `${a},${b}` : `${b},${a}`);

/** What planning knows of expressions, wherever they stand. */
export interface Knowledge {
  /** Value of an expression if it is known now; undefined otherwise. */
  readonly known: (expression: BoundExpression) => RowValue | undefined;
  /** True when it gives one value for the whole run of the plan that it stands in. */
  readonly isConstant: (expression: BoundExpression) => boolean;
}

export const NO_FACTS: Facts = { columns: new Map(), keys: [] };
export const ONE_ROW: UniqueKey = { columns: new Set(), nulls: true };

const NOTHING_KNOWN: ColumnFact = { statistics: null, distinct: 0, nullFraction: 0.005 };

export const factOf = (facts: Facts, column: ColumnId): ColumnFact => facts.columns.get(column) ?? NOTHING_KNOWN;

/** Facts that are put together when somebody asks: of most statements over one table nobody does. */
export function factsWhenAsked(make: () => Facts): Facts {
  let made: Facts | null = null;
  return {
    get columns() {
      made ??= make();
      return made.columns;
    },
    get keys() {
      made ??= make();
      return made.keys;
    },
    get pairs() {
      made ??= make();
      return made.pairs;
    },
    get extended() {
      made ??= make();
      return made.extended;
    },
  };
}

/** Facts of a table's columns. */
export function tableFacts(table: CatalogTable, get: BoundGet, rows: number): Facts {
  const columns = new Map<ColumnId, ColumnFact>();
  const byAttribute = new Map<number, ColumnId>();
  for (const { column, attribute } of get.columns) {
    byAttribute.set(attribute, column);
    columns.set(column, columnFact(table, attribute, rows));
  }
  const keys: UniqueKey[] = get.rowId < 0 ? [] : [{ columns: new Set([get.rowId]), nulls: true }];
  for (const index of table.indexes) {
    if (!index.unique) continue;
    const ids = index.keys.map(({ attribute }) => byAttribute.get(attribute));
    if (ids.includes(undefined)) continue;
    const never = index.keys.every(({ attribute }) => table.columns.find(({ number }) => number === attribute)?.notNull === true);
    keys.push({ columns: new Set(ids as ColumnId[]), nulls: never || !index.nullsDistinct });
  }
  const pairs = new Map<string, number>();
  for (const { attributes, distinct } of table.statistics?.pairs ?? []) {
    const [a, b] = attributes.map((attribute) => byAttribute.get(attribute));
    if (a !== undefined && b !== undefined) pairs.set(pairKey(a, b), distinct < 0 ? -distinct * rows : distinct);
  }
  const extended = table.statistics?.extended?.map((one, at) => extendedFact(one, at, get, byAttribute, rows, columns));
  return {
    ...{ columns, keys },
    ...(pairs.size === 0 ? {} : { pairs }),
    ...(extended === undefined ? {} : { extended }),
  };
}

/** What is known of columns of both together. */
export const joinedTogether = (left: Facts, right: Facts): Pick<Facts, 'pairs' | 'extended'> => ({
  ...(left.pairs === undefined && right.pairs === undefined
    ? {}
    : { pairs: new Map([...(left.pairs ?? []), ...(right.pairs ?? [])]) }),
  ...(left.extended === undefined && right.extended === undefined
    ? {}
    : { extended: [...(left.extended ?? []), ...(right.extended ?? [])] }),
});

/** Expressions of one table that statistics may be of. */
const EXPRESSIONS_MAX = 1024;
/** Columns that no relation makes are numbered from here downwards. */
const NO_RELATION = -1000;

/** Adds the facts of its expressions to `columns`. */
function extendedFact(
  { keys, expressions, distinct, dependencies, common }: ExtendedStatistics,
  place: number,
  get: BoundGet,
  byAttribute: ReadonlyMap<number, ColumnId>,
  rows: number,
  columns: Map<ColumnId, ColumnFact>,
): ExtendedFact {
  const first = NO_RELATION - (get.columns[0]?.column ?? 0) * EXPRESSIONS_MAX - place * 2 * keys.length;
  const ids = new Map(keys.map((key, at) => [key, byAttribute.get(key) ?? first - at]));
  const idOf = (key: number): ColumnId => ids.get(key) as ColumnId;
  const facts = expressions.map(({ bound, type, statistics }, at) => {
    const column = idOf(-1 - at);
    const many = statistics.distinct < 0 ? -statistics.distinct * rows : statistics.distinct;
    columns.set(column, { statistics, distinct: Math.max(1, many), nullFraction: statistics.nullFraction });
    return { column, type, shape: shapeOf(boundOfText(bound), String, constantOf) };
  });
  return {
    keys: keys.map(idOf),
    expressions: facts,
    attributes: new Map([...byAttribute].map(([attribute, column]) => [column, attribute])),
    distinct: distinct.map((one) => ({ keys: one.keys.map(idOf), count: one.count })),
    dependencies: dependencies.map(({ from, to, degree }) => ({ from: from.map(idOf), to: idOf(to), degree })),
    common,
  };
}

const constantOf = (node: BoundExpression): RowValue | undefined => (node.op === 'constant' ? node.value : undefined);

/** What is known of a column however many rows there are. */
interface ColumnNature {
  readonly statistics: ColumnStatistics | null;
  readonly unique: boolean;
  readonly nullFraction: number;
}

const natures = new WeakMap<CatalogTable, Map<number, ColumnNature>>();

function natureOf(table: CatalogTable, attribute: number): ColumnNature {
  let ofTable = natures.get(table);
  if (ofTable === undefined) {
    ofTable = new Map();
    natures.set(table, ofTable);
  }
  let nature = ofTable.get(attribute);
  if (nature === undefined) {
    const statistics = table.statistics?.columns.find((one) => one.attribute === attribute) ?? null;
    const unique = table.indexes.some(
      (index) => index.unique && index.keys.length === 1 && index.keys[0].attribute === attribute,
    );
    const notNull = table.columns.find(({ number }) => number === attribute)?.notNull === true;
    nature = { statistics, unique, nullFraction: notNull ? 0 : (statistics?.nullFraction ?? 0.005) };
    ofTable.set(attribute, nature);
  }
  return nature;
}

function columnFact(table: CatalogTable, attribute: number, rows: number): ColumnFact {
  const { statistics, unique, nullFraction } = natureOf(table, attribute);
  if (unique) return { statistics, distinct: Math.max(1, rows * (1 - nullFraction)), nullFraction };
  if (statistics === null) return { statistics, distinct: 0, nullFraction };
  const { distinct } = statistics;
  return { statistics, distinct: Math.max(1, distinct < 0 ? -distinct * rows : distinct), nullFraction };
}

/** Keys of rows that agree in the columns `same`, each of which has one value: those need not be named. */
export const keysWithout = (keys: readonly UniqueKey[], same: ReadonlySet<ColumnId>): UniqueKey[] =>
  same.size === 0
    ? [...keys]
    : keys.map((key) => ({ ...key, columns: new Set([...key.columns].filter((column) => !same.has(column))) }));

/** True when no two rows agree in `columns`; `nulls`: rows with NULL there count as well. */
export const isUniqueIn = (facts: Facts, columns: ReadonlySet<ColumnId>, nulls: boolean): boolean =>
  facts.keys.some((key) => (key.nulls || !nulls) && [...key.columns].every((column) => columns.has(column)));
