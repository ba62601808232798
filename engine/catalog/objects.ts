/**
 * Catalog objects as the binder, the planner and the compiler read them. Immutable: a change makes a new object with a higher
 * version. Ids are stable 32-bit numbers (never given out twice).
 */

import type { SourceExpression } from '../sblr/source.gen.ts';
import type { SqlType } from '../sblr/types.ts';

/** An expression as its author wrote it (SBLR, 'Two forms'): whoever reads it later, it means what that dialect said. */
export interface StoredExpression {
  readonly dialect: string;
  readonly text: string;
  readonly source: SourceExpression;
}

export interface CatalogColumn {
  /** Attribute number, from 1, never reused within the table. */
  readonly number: number;
  readonly name: string;
  readonly type: SqlType;
  readonly notNull: boolean;
  readonly default: StoredExpression | null;
  readonly identity: 'none' | 'always' | 'byDefault';
  /** Sequence that a serial or identity column draws from; 0: none. */
  readonly sequence: number;
  /** Value of an expression index: computed at each change, not seen by SQL. */
  readonly hidden: StoredExpression | null;
  /** Its place in the kernel table's current layout. */
  readonly kernelColumn: number;
}

export interface CatalogIndex {
  readonly id: number;
  readonly name: string;
  readonly unique: boolean;
  readonly nullsDistinct: boolean;
  readonly primary: boolean;
  readonly method: 'btree' | 'hash';
  /** Attributes; an expression is a hidden attribute. */
  readonly keys: readonly { readonly attribute: number; readonly descending: boolean; readonly nullsFirst: boolean }[];
  /** Position in the kernel table's indexes. */
  readonly kernelIndex: number;
  /** The unique or primary key constraint that made it, or null. */
  readonly constraint: string | null;
}

/** Whether an index uses an attribute: the value of an expression is kept up in rows while one does. */
export const isKept = (indexes: readonly CatalogIndex[], attribute: number): boolean =>
  indexes.some(({ keys }) => keys.some((key) => key.attribute === attribute));

export interface CatalogCheck {
  readonly name: string;
  readonly expression: StoredExpression;
}

export interface ColumnStatistics {
  readonly attribute: number;
  readonly nullFraction: number;
  /** Distinct values; below 0: minus the fraction of rows. */
  readonly distinct: number;
  readonly averageBytes: number;
  /** Most common values with their fractions of all rows. */
  readonly common: readonly { readonly value: import('../storage/rows/row-value.ts').RowValue; readonly fraction: number }[];
  /** Bounds of ranges that hold equally many of the other values. */
  readonly histogram: readonly import('../storage/rows/row-value.ts').RowValue[];
  /** -1 to 1: how far the order of the heap follows the value. */
  readonly correlation: number;
}

export interface TableStatistics {
  readonly rows: number;
  readonly pages: number;
  readonly columns: readonly ColumnStatistics[];
}

export interface CatalogTable {
  readonly kind: 'table';
  readonly id: number;
  readonly version: number;
  readonly schema: string;
  readonly name: string;
  readonly owner: number;
  readonly persistence: 'permanent' | 'temporary' | 'unlogged';
  /** Id of the kernel table. */
  readonly kernelTable: number;
  /** In the order of attributes, hidden ones last. */
  readonly columns: readonly CatalogColumn[];
  readonly indexes: readonly CatalogIndex[];
  readonly checks: readonly CatalogCheck[];
  readonly statistics: TableStatistics | null;
}

/** A table whose rows the engine makes when asked: catalogs. */
export interface CatalogVirtualTable {
  readonly kind: 'virtual';
  readonly id: number;
  readonly version: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly CatalogColumn[];
}

export interface CatalogSequence {
  readonly kind: 'sequence';
  readonly id: number;
  readonly version: number;
  readonly schema: string;
  readonly name: string;
  readonly owner: number;
  readonly page: number;
  readonly type: 'int2' | 'int4' | 'int8';
  readonly start: bigint;
  readonly increment: bigint;
  readonly minimum: bigint;
  readonly maximum: bigint;
  readonly cache: number;
  readonly cycle: boolean;
  /** Table and attribute that own it: it is dropped with them. 0: none. */
  readonly ownerTable: number;
  readonly ownerAttribute: number;
}

export type CatalogRelation = CatalogTable | CatalogVirtualTable | CatalogSequence;

/** What binder and planner ask. Every answer is as the transaction sees it, its own DDL included (TX-T14). */
export interface CatalogReader {
  /** Changes with every DDL that has become visible to this reader. */
  readonly version: number;
  /** The relation that a name finds; `schema` null: along the search path. */
  findRelation(schema: string | null, name: string): CatalogRelation | null;
  relation(id: number): CatalogRelation | null;
  /** May the session's role do this? */
  allows(id: number, right: import('../sblr/bound.ts').Right): boolean;
}
