/**
 * The physical plan: what the optimizer hands to the compiler (SBLR, 'Plan nodes'). The bound form's relations with sources
 * chosen, sorts and limits joined, what nobody needs left out. Column ids are those of the bound form.
 *
 * Every node carries an estimate; EXPLAIN prints the names given here.
 */

import type { TokenClass } from '../storage/rows/runtime.ts';
import type {
  BoundAggregate,
  BoundAggregation,
  BoundExpression,
  BoundInsert,
  BoundMergeWhen,
  BoundNewRow,
  BoundSortKey,
  BoundSpread,
  BoundSpreadBranch,
  ColumnId,
  OutputColumn,
  TableColumnUse,
  BoundConflict,
} from '../sblr/bound.ts';
import type { BoundRecurse, BoundSetOperation, BoundWindowCall } from '../sblr/bound-relations.ts';
import type { SqlType } from '../sblr/types.ts';

/** Rows and cost (in units of one sequential page read) of a node with everything below it. */
export interface Estimate {
  readonly rows: number;
  readonly cost: number;
}

interface TableSource {
  readonly table: number;
  readonly alias: string;
  /** Columns that something above, or `filter`, reads. */
  readonly columns: readonly TableColumnUse[];
  /** Column that stands for the row itself, or -1. */
  readonly rowId: ColumnId;
  /** What the source itself must check, or null. */
  readonly filter: BoundExpression | null;
  /** Of a partition: looked at once; where it is not true there are no rows that `filter` lets through. Left out: there may be. */
  readonly gate?: BoundExpression;
  readonly estimate: Estimate;
}
/** All pages of a table. */
export interface PageScan extends TableSource {
  readonly node: 'PageScan';
}
/** At most one row, by the whole key of a unique index. `key`: expressions without columns, of the key columns' types. */
export interface IndexPoint extends TableSource {
  readonly node: 'IndexPoint';
  /** Id of the index (CatalogIndex.id). */
  readonly index: number;
  readonly key: readonly BoundExpression[];
}
/** Rows between two bounds, in the order of the index. Bounds are beginnings of keys; null: no bound. */
export interface IndexRange extends TableSource {
  readonly node: 'IndexRange';
  readonly index: number;
  readonly equal: readonly BoundExpression[];
  /** Of the key column behind `equal`. */
  readonly low: { readonly value: BoundExpression; readonly inclusive: boolean } | null;
  readonly high: { readonly value: BoundExpression; readonly inclusive: boolean } | null;
  readonly backward: boolean;
  /** What is read of the rows stands in the index: rows are looked at only where their pages do not say that all are visible. */
  readonly indexOnly?: true;
}
/** Rows of several point lookups: `operand IN (list)`; each row once. */
export interface IndexPoints extends TableSource {
  readonly node: 'IndexPoints';
  readonly index: number;
  readonly values: readonly BoundExpression[];
  /** `values` is one array: its elements are looked up. */
  readonly array?: boolean;
  readonly indexOnly?: true;
}
/** Row ids that indexes give: a range of keys as of IndexRange, or what all or any of several give. */
export type RowIds =
  | {
      readonly op: 'range';
      readonly index: number;
      readonly equal: readonly BoundExpression[];
      readonly low: IndexRange['low'];
      readonly high: IndexRange['high'];
    }
  | {
      /** Of a gin index: rows that may satisfy `primitive(column, value)`, the column being key `place` of the index. */
      readonly op: 'tokens';
      readonly index: number;
      readonly place: number;
      readonly tokens: TokenClass;
      readonly primitive: string;
      readonly value: BoundExpression;
    }
  | { readonly op: 'and' | 'or'; readonly parts: readonly RowIds[] };
/** Rows that several indexes find together, each once, page by page. `filter`: all conditions, those of the indexes too. */
export interface RowIdFetch extends TableSource {
  readonly node: 'RowIdFetch';
  readonly ids: RowIds;
}
export interface CatalogScan {
  readonly node: 'CatalogScan';
  readonly name: string;
  readonly alias: string;
  readonly columns: readonly TableColumnUse[];
  readonly filter: BoundExpression | null;
  readonly estimate: Estimate;
}
export interface ValuesScan {
  readonly node: 'ValuesScan';
  readonly columns: readonly { readonly column: ColumnId; readonly type: SqlType }[];
  readonly rows: readonly (readonly BoundExpression[])[];
  readonly estimate: Estimate;
}
export interface Filter {
  readonly node: 'Filter';
  readonly input: PhysicalNode;
  readonly condition: BoundExpression;
  readonly estimate: Estimate;
}
export interface Compute {
  readonly node: 'Compute';
  readonly input: PhysicalNode;
  readonly columns: readonly { readonly column: ColumnId; readonly expression: BoundExpression }[];
  readonly estimate: Estimate;
}
/** Groups in a hash table. Without keys: one group, which is there even when no row comes. Sets: as in the bound form. */
export interface HashAggregate {
  readonly node: 'HashAggregate';
  readonly input: PhysicalNode;
  readonly keys: readonly { readonly column: ColumnId; readonly expression: BoundExpression }[];
  readonly aggregates: readonly BoundAggregate[];
  readonly sets?: BoundAggregation['sets'];
  readonly grouping?: BoundAggregation['grouping'];
  readonly estimate: Estimate;
}
export interface HashDistinct {
  readonly node: 'HashDistinct';
  readonly input: PhysicalNode;
  readonly columns: readonly ColumnId[];
  /** Rows that agree in the columns come one behind the other: no more than the last one is kept. */
  readonly sorted?: true;
  readonly estimate: Estimate;
}
export interface Sort {
  readonly node: 'Sort';
  readonly input: PhysicalNode;
  readonly keys: readonly BoundSortKey[];
  readonly estimate: Estimate;
}
/** The first `limit` + `offset` rows of an order, without sorting the others. */
export interface TopN {
  readonly node: 'TopN';
  readonly input: PhysicalNode;
  readonly keys: readonly BoundSortKey[];
  readonly limit: BoundExpression;
  readonly offset: BoundExpression | null;
  /** WITH TIES: rows that agree with the last one in `keys` are kept as well. */
  readonly ties?: boolean;
  readonly estimate: Estimate;
}
export interface LimitCount {
  readonly node: 'LimitCount';
  readonly input: PhysicalNode;
  readonly limit: BoundExpression | null;
  readonly offset: BoundExpression | null;
  /** WITH TIES: rows behind the limit that agree with the last one in these keys come too; none: without. */
  readonly ties?: readonly BoundSortKey[];
  readonly estimate: Estimate;
}
export interface LockRow {
  readonly node: 'LockRow';
  readonly input: PhysicalNode;
  readonly table: number;
  readonly rowId: ColumnId;
  readonly strength: 'update' | 'noKeyUpdate' | 'share' | 'keyShare';
  readonly wait: 'wait' | 'nowait' | 'skip';
  readonly estimate: Estimate;
}

/**
 * What is below may be spread over threads: pages of the PageScan that streams into `input`, where that collects or sorts rows, or is
 * the build side of a join. Rows come in the order in which one thread would give them.
 */
export interface Gather {
  readonly node: 'Gather';
  readonly input: PhysicalNode;
  /** The calling one included. */
  readonly threads: number;
  /** Of EXPLAIN ANALYZE: where those that took part are counted (Run.counts). */
  readonly counter?: number;
  readonly estimate: Estimate;
}

/** Of EXPLAIN ANALYZE: counts the rows that come through, and has the node's other counters (Run.counts, counted.ts). */
export interface Counted {
  readonly node: 'Counted';
  readonly input: PhysicalNode;
  readonly counter: number;
  readonly estimate: Estimate;
}

// ---- joins: `input` streams through, the other side is collected or looked up ----

/** `left` is over the columns of `input`, `right` over those of the other side; both of one type. */
export interface JoinKey {
  readonly left: BoundExpression;
  readonly right: BoundExpression;
  /** The primitive that compares them. */
  readonly equal: string;
  /** IS NOT DISTINCT FROM: two NULLs match. */
  readonly nullsMatch: boolean;
}
/**
 * What becomes of rows of `input` (the left side) and of the other side:
 *   inner, left, right, full   pairs, and the side's rows that found none, with NULLs beside them
 *   semi, anti                 rows of `input` that find one, or none
 *   mark                       every row of `input`, with a boolean column by the rules of ANY (SQL's NOT IN with NULLs)
 *   single                     as left, 21000 when a row finds two
 */
export type JoinKind = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti' | 'mark' | 'single';
interface Join {
  readonly kind: JoinKind;
  readonly input: PhysicalNode;
  /** What pairs must satisfy besides; over both sides' columns. */
  readonly condition: BoundExpression | null;
  /** Of 'mark': its column; else -1. */
  readonly mark: ColumnId;
  readonly estimate: Estimate;
}
/** HashBuild collects `build` in a table by its keys, HashProbe looks rows of `input` up in it. At least one key. */
export interface HashProbe extends Join {
  readonly node: 'HashProbe';
  readonly build: PhysicalNode;
  readonly keys: readonly JoinKey[];
  /** No two rows of `build` have the same keys: known from a unique index or a grouping. */
  readonly unique: boolean;
}
/** Every row of `input` with every row of `build`, which is collected once. */
export interface LoopJoin extends Join {
  readonly node: 'LoopJoin';
  readonly build: PhysicalNode;
}
/**
 * Both sides come sorted by their keys, in these directions. NULLs match nothing; rows of `input` stay in their order. Not mark
 * and single.
 */
export interface MergeJoin extends Join {
  readonly node: 'MergeJoin';
  readonly build: PhysicalNode;
  readonly keys: readonly JoinKey[];
  readonly orders: readonly Pick<BoundSortKey, 'descending' | 'nullsFirst'>[];
}
/** For each row of `input` the rows of a table by an index. Not right and full. `key`: over the columns of `input`, of the first key columns. */
export interface IndexJoin extends Join {
  readonly node: 'IndexJoin';
  readonly inner: Omit<TableSource, 'estimate'>;
  readonly index: number;
  readonly key: readonly BoundExpression[];
  /** The key is the whole of a unique index: at most one row. */
  readonly point: boolean;
  /** Below a Gather: every thread makes all rows of the input, and takes so many of them at a time. */
  readonly share?: number;
}
/** For each row of `input` the rows of subplan `plan`, which reads it. Not right and full. */
export interface ApplyMemo extends Join {
  readonly node: 'ApplyMemo';
  readonly plan: number;
  /** Values of the plan's `outer` columns, over the columns of `input`. */
  readonly outer: readonly BoundExpression[];
}

// ---- what collects, and what is read from there ----

/** UNION [ALL], INTERSECT [ALL], EXCEPT [ALL]; NULLs are equal. */
export interface HashSetOp {
  readonly node: 'HashSetOp';
  readonly kind: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  readonly left: PhysicalNode;
  readonly right: PhysicalNode;
  readonly columns: BoundSetOperation['columns'];
  readonly estimate: Estimate;
}
/** Window functions: collects, sorts by partition and order, adds columns. */
export interface WindowFrames {
  readonly node: 'WindowFrames';
  readonly input: PhysicalNode;
  readonly partition: readonly BoundExpression[];
  readonly order: readonly BoundSortKey[];
  readonly functions: readonly BoundWindowCall[];
  readonly estimate: Estimate;
}
/** WITH RECURSIVE. */
export interface Recurse {
  readonly node: 'Recurse';
  readonly work: number;
  readonly base: PhysicalNode;
  readonly step: PhysicalNode;
  readonly all: boolean;
  readonly columns: BoundRecurse['columns'];
  readonly estimate: Estimate;
}
/** Rows of PhysicalStatement.spools[spool], under other column ids. */
export interface SpoolScan {
  readonly node: 'SpoolScan';
  readonly spool: number;
  readonly alias: string;
  readonly columns: readonly { readonly column: ColumnId; readonly source: ColumnId; readonly type: SqlType }[];
  readonly filter: BoundExpression | null;
  readonly estimate: Estimate;
}
/** The rows that the recursion gave last. */
export interface WorkScan {
  readonly node: 'WorkScan';
  readonly work: number;
  readonly alias: string;
  readonly columns: readonly { readonly column: ColumnId; readonly source: ColumnId; readonly type: SqlType }[];
  readonly filter: BoundExpression | null;
  readonly estimate: Estimate;
}
/** Rows of a set-returning primitive; its arguments read no column but outer ones. */
export interface FunctionScan {
  readonly node: 'FunctionScan';
  readonly primitive: string;
  readonly alias: string;
  readonly arguments: readonly BoundExpression[];
  readonly columns: readonly { readonly column: ColumnId; readonly type: SqlType }[];
  readonly ordinality: ColumnId;
  readonly filter: BoundExpression | null;
  readonly estimate: Estimate;
}

export type PhysicalSource =
  | PageScan
  | IndexPoint
  | IndexRange
  | IndexPoints
  | RowIdFetch
  | CatalogScan
  | ValuesScan
  | SpoolScan
  | WorkScan
  | FunctionScan;
export type PhysicalJoin = HashProbe | LoopJoin | MergeJoin | IndexJoin | ApplyMemo;
export type PhysicalNode =
  | PhysicalSource
  | PhysicalJoin
  | Filter
  | Compute
  | HashAggregate
  | HashDistinct
  | Sort
  | TopN
  | LimitCount
  | LockRow
  | Gather
  | Counted
  | HashSetOp
  | WindowFrames
  | Recurse;

/**
 * A plan that is run again and again inside another one: a subquery (BoundSubplan) or the right side of a lateral join (ApplyMemo).
 * Its nodes read the columns `outer` as if they were constants of the run.
 */
export interface Subplan {
  readonly root: PhysicalNode;
  readonly outer: readonly { readonly column: ColumnId; readonly type: SqlType }[];
  /** Columns of its rows that are read outside: of 'scalar' one, of 'any' the boolean of its condition, of ApplyMemo all that are needed. */
  readonly columns: readonly { readonly column: ColumnId; readonly type: SqlType }[];
  /** Answers may be kept by the outer values; false where it calls something volatile. Without `outer` it then runs once. */
  readonly memo: boolean;
}
/** A relation that is collected once, before or when it is first read: WITH. */
export interface SpoolPlan {
  readonly name: string;
  readonly root: PhysicalNode;
  readonly columns: readonly { readonly column: ColumnId; readonly type: SqlType }[];
  /** A change, `root` its source: it is run before the statement, whether it is read or not; its rows are those of RETURNING. */
  readonly change?: PhysicalChange;
  /** Plans inside expressions read it, too: all read what was collected once (shared-spools.ts). */
  readonly shared?: true;
}
interface Parts {
  readonly subplans?: readonly Subplan[];
  /** A spool may read the ones before it. */
  readonly spools?: readonly SpoolPlan[];
}

interface Returning extends Parts {
  readonly returning: readonly { readonly column: ColumnId; readonly expression: BoundExpression }[];
  readonly output: readonly OutputColumn[];
  readonly estimate: Estimate;
}
export interface PhysicalQuery extends Parts {
  readonly kind: 'query';
  readonly root: PhysicalNode;
  readonly output: readonly OutputColumn[];
}
export interface PhysicalInsert extends Returning {
  readonly kind: 'insert';
  readonly table: number;
  readonly source: PhysicalNode;
  readonly row: BoundInsert['row'];
  readonly conflict: BoundConflict | null;
}
export interface PhysicalUpdate extends Returning {
  readonly kind: 'update';
  readonly table: number;
  readonly source: PhysicalNode;
  readonly rowId: ColumnId;
  readonly row: BoundNewRow;
  readonly changed: readonly number[];
}
export interface PhysicalDelete extends Returning {
  readonly kind: 'delete';
  readonly table: number;
  readonly source: PhysicalNode;
  readonly rowId: ColumnId;
}
export interface PhysicalMerge extends Returning {
  readonly kind: 'merge';
  readonly table: number;
  readonly source: PhysicalNode;
  readonly present: ColumnId;
  readonly rowId: ColumnId;
  readonly whens: readonly BoundMergeWhen[];
}
/** A change of a table whose rows lie in others. */
export interface PhysicalSpread extends Returning {
  readonly kind: 'spread';
  readonly command: BoundSpread['command'];
  readonly table: number;
  readonly source: PhysicalNode;
  readonly rowId: ColumnId;
  readonly branches: readonly BoundSpreadBranch[];
}
/** What changes rows. */
export type PhysicalChange = PhysicalInsert | PhysicalUpdate | PhysicalDelete | PhysicalMerge | PhysicalSpread;
export type PhysicalStatement = PhysicalQuery | PhysicalChange;
