/**
 * The physical plan: what the optimizer hands to the compiler (SBLR, 'Plan nodes'). The bound form's relations with sources
 * chosen, sorts and limits joined, what nobody needs left out. Column ids are those of the bound form.
 *
 * Every node carries an estimate; EXPLAIN prints the names given here.
 */

import type {
  BoundAggregate,
  BoundExpression,
  BoundInsert,
  BoundNewRow,
  BoundSortKey,
  ColumnId,
  OutputColumn,
  TableColumnUse,
  BoundConflict,
} from '../sblr/bound.ts';
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
}
/** Rows of several point lookups: `operand IN (list)`; each row once. */
export interface IndexPoints extends TableSource {
  readonly node: 'IndexPoints';
  readonly index: number;
  readonly values: readonly BoundExpression[];
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
/** Groups in a hash table. Without keys: one group, which is there even when no row comes. */
export interface HashAggregate {
  readonly node: 'HashAggregate';
  readonly input: PhysicalNode;
  readonly keys: readonly { readonly column: ColumnId; readonly expression: BoundExpression }[];
  readonly aggregates: readonly BoundAggregate[];
  readonly estimate: Estimate;
}
export interface HashDistinct {
  readonly node: 'HashDistinct';
  readonly input: PhysicalNode;
  readonly columns: readonly ColumnId[];
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
  readonly estimate: Estimate;
}
export interface LimitCount {
  readonly node: 'LimitCount';
  readonly input: PhysicalNode;
  readonly limit: BoundExpression | null;
  readonly offset: BoundExpression | null;
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

export type PhysicalSource = PageScan | IndexPoint | IndexRange | IndexPoints | CatalogScan | ValuesScan;
export type PhysicalNode = PhysicalSource | Filter | Compute | HashAggregate | HashDistinct | Sort | TopN | LimitCount | LockRow;

interface Returning {
  readonly returning: readonly { readonly column: ColumnId; readonly expression: BoundExpression }[];
  readonly output: readonly OutputColumn[];
  readonly estimate: Estimate;
}
export interface PhysicalQuery {
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
export type PhysicalStatement = PhysicalQuery | PhysicalInsert | PhysicalUpdate | PhysicalDelete;
