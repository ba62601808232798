/**
 * How the rows of one table are reached: all pages, or an index; and in which order they come.
 *
 * Costs are in units of one page of a sequential scan (about 0.6 us when the page is cached). Rows fetched through an index cost
 * more than a page each, unless the heap follows the index's order.
 */

import type { CatalogIndex, CatalogTable } from '../../catalog/objects.ts';
import type { BoundExpression, BoundGet, BoundSortKey, ColumnId } from '../../sblr/bound.ts';
import type { IndexPoint, IndexPoints, IndexRange, PageScan, PhysicalSource } from '../physical.ts';
import { columnsOf, conjunction } from './columns.ts';
import { type Comparison, comparisonOf, type Membership, membershipOf } from './conditions.ts';
import { DESCENT, ROW_BY_INDEX, sortCost } from './cost.ts';
import { type Facts, factsWhenAsked, type Knowledge, keysWithout, ONE_ROW, tableFacts } from './facts.ts';
import { costOfEntry, isCovered } from './index-only.ts';
import { rowIdPaths } from './row-ids.ts';
import { conditionsFraction, type Estimated, rangeFraction } from './selectivity.ts';

const ROW_IN_SCAN = 0.006;
export const CONDITION = 0.003;
/** Pages that a table has at least by the time a plan runs: plans are made before rows come in, and kept while they do. */
const PAGES_ASSUMED = 10;

export interface TableSizes {
  readonly rows: number;
  readonly pages: number;
  /** Share of the pages whose rows need not be looked at where an index tells enough (SM-P2). Left out: all. */
  readonly settled?: number;
}

export interface AccessQuestion {
  readonly get: BoundGet;
  readonly table: CatalogTable;
  readonly size: TableSizes;
  readonly conditions: readonly BoundExpression[];
  /** Columns that something above reads. */
  readonly needed: ReadonlySet<ColumnId>;
  /** The order that is wanted, if its keys are columns of this table; empty: any. */
  readonly order: readonly BoundSortKey[];
  /** Rows after which nobody asks for more; Infinity: all. */
  readonly rowsWanted: number;
  readonly knowledge: Knowledge;
  /** For tests: an index is taken wherever one can be read. */
  readonly byIndex: boolean;
}

export interface AccessPath {
  readonly source: PhysicalSource;
  /** Rows come in the wanted order. */
  readonly ordered: boolean;
}

/** The cheapest way; one that gives the wanted order is spared the sort. */
export function chooseAccess(question: AccessQuestion): AccessPath & { readonly facts: Facts } {
  const info = infoOf(question);
  const candidates = question.table.indexes.flatMap((index) => indexPaths(question, info, index));
  candidates.push(...rowIdPaths(question, info));
  if (candidates.length === 0 || !question.byIndex) candidates.unshift(pageScan(question, info));
  let best = candidates[0];
  let bestCost = totalCost(question, best);
  for (const candidate of candidates.slice(1)) {
    const cost = totalCost(question, candidate);
    if (cost < bestCost) {
      best = candidate;
      bestCost = cost;
    }
  }
  const { source: found, ordered } = best;
  return { source: found, ordered, facts: factsWhenAsked(() => factsBehind(question, info, found)) };
}

const infoOf = ({ get, table, size, knowledge }: AccessQuestion): Estimated => ({
  facts: tableFacts(table, get, size.rows),
  rows: size.rows,
  known: knowledge.known,
  isConstant: knowledge.isConstant,
});

/** Columns that are compared with one value name nothing. */
function factsBehind({ conditions, knowledge }: AccessQuestion, { facts }: Estimated, found: PhysicalSource): Facts {
  if (found.node === 'IndexPoint') return { ...facts, keys: [ONE_ROW] };
  const comparisons = conditions.map((condition) => comparisonOf(condition, knowledge.isConstant));
  const same = new Set(comparisons.flatMap((one) => (one?.kind === 'equal' ? [one.column] : [])));
  return { ...facts, keys: keysWithout(facts.keys, same) };
}

/** With the sort it leaves to do; of an ordered path only the rows that are asked for. */
function totalCost({ order, rowsWanted }: AccessQuestion, path: AccessPath): number {
  const { rows, cost } = path.source.estimate;
  if (order.length === 0 || path.ordered) return rowsWanted >= rows ? cost : DESCENT + (cost * rowsWanted) / Math.max(1, rows);
  return cost + sortCost(rows);
}

export function sourceOf(question: AccessQuestion, filter: BoundExpression | null) {
  const { get, needed } = question;
  const read = columnsOf(filter);
  return {
    table: get.table,
    alias: get.alias,
    columns: get.columns.filter(({ column }) => needed.has(column) || read.has(column)),
    rowId: needed.has(get.rowId) ? get.rowId : -1,
    filter,
  };
}

function pageScan(question: AccessQuestion, info: Estimated): AccessPath {
  const { size, conditions } = question;
  const rows = size.rows * conditionsFraction(info, conditions);
  const pages = Math.max(size.pages, PAGES_ASSUMED);
  const cost = pages + size.rows * (ROW_IN_SCAN + CONDITION * conditions.length);
  const scan: PageScan = { node: 'PageScan', ...sourceOf(question, conjunction(conditions)), estimate: { rows, cost } };
  return { source: scan, ordered: false };
}

interface Keyed {
  readonly equal: Comparison[];
  readonly low: Comparison | null;
  readonly high: Comparison | null;
}

/** Comparisons that the beginning of an index answers. */
export function keyedBy(question: AccessQuestion, index: CatalogIndex, comparisons: readonly Comparison[]): Keyed {
  const equal: Comparison[] = [];
  if (index.method === 'gin') return { equal, low: null, high: null };
  const columnOf = (attribute: number): ColumnId | undefined =>
    question.get.columns.find((column) => column.attribute === attribute)?.column;
  for (const { attribute } of index.keys) {
    const column = columnOf(attribute);
    const found = comparisons.find((one) => one.kind === 'equal' && one.column === column);
    if (found === undefined) {
      const low = comparisons.find((one) => one.column === column && one.kind.startsWith('greater')) ?? null;
      const high = comparisons.find((one) => one.column === column && one.kind.startsWith('less')) ?? null;
      return { equal, low, high };
    }
    equal.push(found);
  }
  return { equal, low: null, high: null };
}

const attributeOf = ({ get }: AccessQuestion, column: ColumnId): number | undefined =>
  get.columns.find((one) => one.column === column)?.attribute;

function indexPaths(question: AccessQuestion, info: Estimated, index: CatalogIndex): AccessPath[] {
  // A gin index gives row ids, not rows (row-ids.ts).
  if (index.method === 'gin') return [];
  const comparisons = question.conditions.map((one) => comparisonOf(one, info.isConstant)).filter((one) => one !== null);
  const keyed = keyedBy(question, index, comparisons);
  const paths: AccessPath[] = [];
  const whole = keyed.equal.length === index.keys.length;
  if (whole && index.unique) return [pointPath(question, index, keyed.equal)];
  if (index.method === 'hash') return whole ? [rangePath(question, info, index, keyed, false)] : [];
  const [first] = index.keys;
  const member = question.conditions
    .map((one) => membershipOf(one, info.isConstant))
    .find((one) => one !== null && attributeOf(question, one.column) === first.attribute);
  if (member !== undefined && member !== null && index.keys.length === 1) paths.push(pointsPath(question, info, index, member));
  const forwards = ordersBy(question, index, keyed.equal.length, false);
  const backwards = !forwards && ordersBy(question, index, keyed.equal.length, true);
  const bounded = keyed.equal.length > 0 || keyed.low !== null || keyed.high !== null;
  // All of a small table is read as it is.
  const isLarge = question.size.pages > PAGES_ASSUMED || question.byIndex;
  const isAll = isLarge && isCovered(question.table, index, sourceOf(question, conjunction(question.conditions)));
  if (bounded || forwards || backwards || isAll)
    paths.push(rangePath(question, info, index, keyed, backwards, forwards || backwards));
  return paths;
}

/** Does the index, read this way, give the wanted order? Key columns bound by `=` order nothing. */
const isNotNull = (table: CatalogTable, attribute: number): boolean =>
  table.columns.find(({ number }) => number === attribute)?.notNull === true;

function ordersBy({ get, order, table }: AccessQuestion, index: CatalogIndex, bound: number, backward: boolean): boolean {
  if (order.length === 0) return false;
  const attributes = new Map(get.columns.map(({ column, attribute }) => [column, attribute]));
  const boundAttributes = new Set(index.keys.slice(0, bound).map(({ attribute }) => attribute));
  let at = bound;
  // Rows that a unique key names have no order among themselves: what is ordered by besides says nothing.
  const named = index.unique && index.keys.every(({ attribute }) => isNotNull(table, attribute));
  for (const { expression, descending, nullsFirst } of order) {
    if (expression.op !== 'column') return false;
    const attribute = attributes.get(expression.column);
    if (attribute === undefined) return false;
    if (boundAttributes.has(attribute)) continue;
    if (named && at === index.keys.length) return true;
    const key = index.keys[at++];
    if (key === undefined || key.attribute !== attribute) return false;
    if ((key.descending !== backward) !== descending) return false;
    if (expression.type.nullable && (key.nullsFirst !== backward) !== nullsFirst) return false;
  }
  return true;
}

const without = (conditions: readonly BoundExpression[], used: readonly BoundExpression[]): BoundExpression[] =>
  conditions.filter((condition) => !used.includes(condition));

function pointPath(question: AccessQuestion, index: CatalogIndex, equal: readonly Comparison[]): AccessPath {
  const rest = without(
    question.conditions,
    equal.map(({ condition }) => condition),
  );
  const point: IndexPoint = {
    node: 'IndexPoint',
    ...sourceOf(question, conjunction(rest)),
    index: index.id,
    key: equal.map(({ value }) => value),
    estimate: { rows: 1, cost: DESCENT + ROW_BY_INDEX },
  };
  return { source: point, ordered: true };
}

function pointsPath(question: AccessQuestion, info: Estimated, index: CatalogIndex, member: Membership): AccessPath {
  const rest = without(question.conditions, [member.condition]);
  const fetched = question.size.rows * conditionsFraction(info, [member.condition]);
  const source = sourceOf(question, conjunction(rest));
  const indexOnly = isCovered(question.table, index, source);
  // Values stand anywhere: their entries lie as far apart as their rows.
  const each = indexOnly ? costOfEntry(question.size, 0, ROW_BY_INDEX) : ROW_BY_INDEX;
  const points: IndexPoints = {
    node: 'IndexPoints',
    ...source,
    ...(indexOnly ? { indexOnly } : {}),
    index: index.id,
    values: member.values,
    ...(member.array === true ? { array: true } : {}),
    estimate: {
      rows: fetched * conditionsFraction(info, rest),
      cost: member.values.length * DESCENT + fetched * (each + CONDITION * rest.length),
    },
  };
  return { source: points, ordered: false };
}

/** How much the heap lies in the order of the index's first column: from 0 to 1. */
function clustering({ table }: AccessQuestion, index: CatalogIndex): number {
  const statistics = table.statistics?.columns.find((one) => one.attribute === index.keys[0].attribute);
  const correlation = statistics?.correlation ?? 0;
  return correlation * correlation;
}

function rangePath(
  question: AccessQuestion,
  info: Estimated,
  index: CatalogIndex,
  keyed: Keyed,
  backward: boolean,
  ordered = false,
): AccessPath {
  const answered = [...keyed.equal, keyed.low, keyed.high].filter((one) => one !== null && one.isLoose !== true);
  const used = answered.map((one) => (one as Comparison).condition);
  const rest = without(question.conditions, used);
  const equalFraction = conditionsFraction(
    info,
    keyed.equal.map(({ condition }) => condition),
  );
  const fetched = Math.max(1, question.size.rows * equalFraction * rangeFraction(info, keyed.low, keyed.high));
  const bound = (one: Comparison | null) => (one === null ? null : { value: one.value, inclusive: one.kind.endsWith('OrEqual') });
  const source = sourceOf(question, conjunction(rest));
  const indexOnly = isCovered(question.table, index, source);
  const clustered = clustering(question, index);
  const byRow = ROW_BY_INDEX * (1 - 0.4 * clustered);
  const each = indexOnly ? costOfEntry(question.size, clustered, byRow) : byRow;
  // A descending key column turns the bounds round: the codec stores it so.
  const range: IndexRange = {
    node: 'IndexRange',
    ...source,
    index: index.id,
    equal: keyed.equal.map(({ value }) => value),
    low: bound(keyed.low),
    high: bound(keyed.high),
    backward,
    ...(indexOnly ? { indexOnly } : {}),
    estimate: {
      rows: fetched * conditionsFraction(info, rest),
      cost: DESCENT + fetched * (each + CONDITION * rest.length),
    },
  };
  return { source: range, ordered };
}
