/**
 * Catalog objects as the binder, the planner and the compiler read them. Immutable: a change makes a new object with a higher
 * version. Ids are stable 32-bit numbers (never given out twice).
 */

import type { IndexMethod, TokenClass } from '../storage/rows/runtime.ts';
import type { SourceExpression, SourceQuery, SourceStatement } from '../sblr/source.gen.ts';
import type { SqlType } from '../sblr/types.ts';
import type { RowAttribute, UserType } from '../values/user-types.ts';

/** An expression as its author wrote it (SBLR, 'Two forms'): whoever reads it later, it means what that dialect said. */
export interface StoredExpression {
  readonly dialect: string;
  readonly text: string;
  readonly source: SourceExpression;
  /** Ids of the routines that it calls; left out: none that somebody has made. */
  readonly routines?: readonly number[];
}

/** What a name meant when a query was written: an object, and the names that its columns had, by attribute. */
export interface StoredName {
  readonly schema: string | null;
  readonly name: string;
  readonly id: number;
  readonly columns: { readonly [attribute: string]: string };
}

/**
 * A query that the catalog keeps, as its author wrote it. Its names mean for ever what they meant then: `names` has all relations that it
 * reads, so that renaming a table or a column, another search path or a new table of the same name change nothing.
 */
export interface StoredQuery {
  readonly dialect: string;
  readonly text: string;
  readonly source: SourceQuery;
  readonly names: readonly StoredName[];
}

/** An object that another one rests on, and the attributes that it uses. */
export interface ObjectUse {
  readonly object: number;
  readonly columns: readonly number[];
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
  /** GENERATED ALWAYS AS (...) STORED: computed at each change; left out: it is not. */
  readonly generated?: StoredExpression;
  /** COLLATE, where it is not that of the database. All of them order text by its bytes. */
  readonly collation?: string;
  /** From how many parents it comes; left out: none. */
  readonly inherited?: number;
  /** The table has said so itself; left out: it has. */
  readonly isLocal?: boolean;
  /** Id in the kernel's layouts, where it is not the attribute number: ALTER ... TYPE has given it other values. */
  readonly kernelId?: number;
}

export interface CatalogIndexKey {
  readonly attribute: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  /** Of a gin index: its operator class. */
  readonly tokens?: TokenClass;
}

export interface CatalogIndex {
  readonly id: number;
  readonly name: string;
  /** No two rows have the same keys, at any moment: not that of a deferrable constraint. */
  readonly unique: boolean;
  /** Of a deferrable PRIMARY KEY or UNIQUE constraint: when it is looked at unless SET CONSTRAINTS says otherwise. Left out: of none. */
  readonly deferrable?: Deferrable;
  readonly nullsDistinct: boolean;
  readonly primary: boolean;
  readonly method: IndexMethod;
  /** Attributes; an expression is a hidden attribute. */
  readonly keys: readonly CatalogIndexKey[];
  /** Position in the kernel table's indexes. */
  readonly kernelIndex: number;
  /** The unique or primary key constraint that made it, or null. */
  readonly constraint: string | null;
  /** INCLUDE: attributes that are kept beside the keys. Left out: none. */
  readonly include?: readonly number[];
  /** WHERE: only rows for which it is true have entries. Left out: all have. */
  readonly predicate?: StoredExpression;
  /** The index of the partitioned table that this one is a part of; left out: of none. */
  readonly parent?: number;
}

/** A constraint that is looked at behind the statement, or at the end of the transaction. */
export type Deferrable = 'immediate' | 'deferred';

/** UNIQUE, as it was declared. */
export const isDeclaredUnique = ({ unique, deferrable }: Pick<CatalogIndex, 'unique' | 'deferrable'>): boolean =>
  unique || deferrable !== undefined;

/** Whether an index uses an attribute: the value of an expression is kept up in rows while one does. */
export const isKept = (indexes: readonly CatalogIndex[], attribute: number): boolean =>
  indexes.some(({ keys }) => keys.some((key) => key.attribute === attribute));

export interface CatalogCheck {
  readonly name: string;
  readonly expression: StoredExpression;
  /** NOT VALID: rows of before were not looked at. Left out: all rows fulfil it. */
  readonly notValid?: boolean;
  /** From how many parents it comes; left out: none. */
  readonly inherited?: number;
  /** The table has said so itself; left out: it has. */
  readonly isLocal?: boolean;
}

export type ReferenceAction = 'noAction' | 'restrict' | 'cascade' | 'setNull' | 'setDefault';

/** FOREIGN KEY (attributes) REFERENCES table (referenced), of the table that refers. */
export interface CatalogForeignKey {
  readonly name: string;
  readonly attributes: readonly number[];
  /** Object id, attributes there, in the order of `attributes`; and its unique index over them. */
  readonly table: number;
  readonly referenced: readonly number[];
  readonly index: number;
  readonly match: 'simple' | 'full';
  readonly onDelete: ReferenceAction;
  readonly onUpdate: ReferenceAction;
  /** SET NULL, SET DEFAULT (columns) of ON DELETE; none: all. */
  readonly deleteAttributes: readonly number[];
  readonly deferrable: boolean;
  readonly deferred: boolean;
  readonly notValid: boolean;
  /** The foreign key of the partitioned table, by its name, that this one is a part of; left out: of none. */
  readonly parent?: string;
}

/** A foreign key of a table that refers to this one. */
export interface CatalogReferrer {
  readonly table: number;
  readonly constraint: string;
}

/** A condition over a table's row that may read other tables. */
export interface StoredCondition extends StoredExpression {
  /** What its names meant, that of its own table first. */
  readonly names: readonly StoredName[];
  readonly uses: readonly ObjectUse[];
}

/** CREATE POLICY: which rows of its table roles may see and make. */
export interface CatalogPolicy {
  readonly id: number;
  readonly name: string;
  /** Permissive ones let rows through, restrictive ones keep them back. */
  readonly permissive: boolean;
  readonly command: 'all' | 'select' | 'insert' | 'update' | 'delete';
  /** Roles that it is for; 0: everybody. */
  readonly roles: readonly number[];
  readonly using: StoredCondition | null;
  readonly check: StoredCondition | null;
}

/** What the conditions of a policy rest on. */
export const policyUses = ({ using, check }: CatalogPolicy): readonly ObjectUse[] => [
  ...(using?.uses ?? []),
  ...(check?.uses ?? []),
];

/** ALTER TABLE ... ROW LEVEL SECURITY. */
export interface RowSecurityState {
  readonly enabled: boolean;
  /** FORCE: it is for the owner, too. */
  readonly forced: boolean;
}

/** What row security means to a role at a table that has it. */
export interface RowSecurityFor {
  /** The role and those it is a member of, on which this rests. */
  readonly roles: readonly { readonly id: number; readonly version: number }[];
  /** Those for the role; null: it sees all rows. */
  readonly policies: readonly CatalogPolicy[] | null;
  /** SET row_security = off: an error instead of a filter. */
  readonly refuses: boolean;
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

/** Of two columns of a table, the one with the lower number first. */
export interface PairStatistics {
  readonly attributes: readonly [number, number];
  /** Distinct pairs of values that are not NULL; below 0: minus the fraction of rows. */
  readonly distinct: number;
}

/** A kind of what CREATE STATISTICS asks for. */
export type StatisticsKind = 'ndistinct' | 'dependencies' | 'mcv';

/** A column of CREATE STATISTICS, or (attribute 0) an expression. */
export interface StatisticsKey {
  readonly attribute: number;
  readonly expression: StoredExpression | null;
  /** The expression bound over its table, column ids being attributes: bound-text.ts. */
  readonly bound: string;
  readonly type: SqlType;
}

/**
 * What ANALYZE found for one object of CREATE STATISTICS. Its keys are attributes, and -1, -2, ... for its expressions in their order.
 */
export interface ExtendedStatistics {
  readonly object: number;
  readonly keys: readonly number[];
  readonly expressions: readonly { readonly bound: string; readonly type: SqlType; readonly statistics: ColumnStatistics }[];
  /** Combinations of values, NULL being one, of some of the keys. */
  readonly distinct: readonly { readonly keys: readonly number[]; readonly count: number }[];
  /** Of rows so many agree with all others that agree with them in `from` in `to` as well: 0 to 1. */
  readonly dependencies: readonly { readonly from: readonly number[]; readonly to: number; readonly degree: number }[];
  /** The most common combinations of all keys; `base`: the fraction there would be if the keys did not depend on each other. */
  readonly common: readonly {
    readonly values: readonly import('../storage/rows/row-value.ts').RowValue[];
    readonly fraction: number;
    readonly base: number;
  }[];
}

export interface TableStatistics {
  readonly rows: number;
  readonly pages: number;
  readonly columns: readonly ColumnStatistics[];
  /** Of columns that say something of each other. Left out: none were looked at. */
  readonly pairs?: readonly PairStatistics[];
  /** Left out: no statistics were created for the table. */
  readonly extended?: readonly ExtendedStatistics[];
}

/** What a row is told apart by: an attribute, or an expression (attribute 0). */
export interface PartitionKey {
  readonly attribute: number;
  readonly expression: StoredExpression | null;
  readonly type: SqlType;
}

/** PARTITION BY: the table has no rows of its own, they lie in its partitions. */
export interface CatalogPartitioning {
  readonly strategy: 'range' | 'list' | 'hash';
  readonly keys: readonly PartitionKey[];
}

/** An end of a range: MINVALUE, a value, MAXVALUE. */
export type RangeEnd = 'minimum' | 'maximum' | { readonly value: import('../storage/rows/row-value.ts').RowValue };

/** What a partition holds. Values have the types of the keys. */
export type PartitionBound =
  | { readonly kind: 'default' }
  | { readonly kind: 'list'; readonly values: readonly import('../storage/rows/row-value.ts').RowValue[] }
  | { readonly kind: 'range'; readonly from: readonly RangeEnd[]; readonly to: readonly RangeEnd[] }
  | { readonly kind: 'hash'; readonly modulus: number; readonly remainder: number };

/** How a table stands to others: what is left out there is not. */
export interface TableFamily {
  readonly partitioning?: CatalogPartitioning;
  /** Of a partition: its bound in its one parent. */
  readonly bound?: PartitionBound;
  /** Tables that it inherits from, in order; and those that inherit from it. */
  readonly parents?: readonly number[];
  readonly children?: readonly number[];
}

export interface CatalogTable extends TableFamily {
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
  /** Left out: none. */
  readonly foreignKeys?: readonly CatalogForeignKey[];
  readonly referrers?: readonly CatalogReferrer[];
  /** Left out: it has no row security. */
  readonly rowSecurity?: RowSecurityState;
  readonly policies?: readonly CatalogPolicy[];
  readonly statistics: TableStatistics | null;
}

export interface CatalogView {
  readonly kind: 'view';
  readonly id: number;
  readonly version: number;
  readonly schema: string;
  readonly name: string;
  readonly owner: number;
  readonly persistence: 'permanent' | 'temporary';
  readonly columns: readonly CatalogColumn[];
  readonly query: StoredQuery;
  readonly check: 'none' | 'local' | 'cascaded';
  /** Rights are those of who asks, not of the owner. */
  readonly securityInvoker: boolean;
  readonly uses: readonly ObjectUse[];
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

export interface RoutineParameter {
  readonly mode: 'in' | 'out' | 'inout' | 'variadic' | 'table';
  readonly name: string;
  readonly type: SqlType;
  readonly default: StoredExpression | null;
}

/** A function or procedure that somebody has made. */
export interface CatalogRoutine {
  readonly id: number;
  readonly version: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'function' | 'procedure';
  readonly owner: number;
  readonly parameters: readonly RoutineParameter[];
  readonly returns: SqlType;
  readonly returnsSet: boolean;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly strict: boolean;
  readonly securityDefiner: boolean;
  readonly language: string;
  readonly options: { readonly [name: string]: string };
  /** The text of AS, or of RETURN and BEGIN ATOMIC as it is written back. */
  readonly text: string;
  readonly form: 'text' | 'return' | 'atomic';
  readonly dialect: string;
  readonly statements: readonly (SourceStatement | SourceQuery)[];
  /** RETURN and BEGIN ATOMIC: what their names meant. */
  readonly names: readonly StoredName[];
}

export type CatalogRelation = CatalogTable | CatalogVirtualTable | CatalogSequence | CatalogView;

/** What a domain asks of a value of its base. */
export interface CatalogDomain {
  readonly base: SqlType;
  readonly notNull: boolean;
  readonly default: StoredExpression | null;
  /** Over one column, VALUE. */
  readonly checks: readonly CatalogCheck[];
}

/** What binder and planner ask. Every answer is as the transaction sees it, its own DDL included (TX-T14). */
export interface CatalogReader {
  /** Changes with every DDL that has become visible to this reader. */
  readonly version: number;
  /** The relation that a name finds; `schema` null: along the search path. */
  findRelation(schema: string | null, name: string): CatalogRelation | null;
  relation(id: number): CatalogRelation | null;
  /** The type that users have made which a name finds (resolve-type.ts); left out: there are none. */
  findType?(schema: string | null, name: string): SqlType | null;
  /** Attributes of a row type, in order; of a table its columns. */
  attributes?(id: number): readonly RowAttribute[] | null;
  domain?(id: number): (CatalogDomain & { readonly name: string }) | null;
  /** The index that an index of a partition is a part of. */
  indexParent?(index: number): number | undefined;
  /** Version of a type; undefined: there is none of that id. */
  typeVersion?(id: number): number | undefined;
  /** Labels of an enum. */
  userType?(id: number): UserType | null;
  /** Functions and procedures that somebody has made, by name; left out: there are none. */
  findRoutines?(schema: string | null, name: string): readonly CatalogRoutine[];
  /** The version of a routine, by its id. */
  routineVersion?(id: number): number | undefined;
  /** What row security means to the session's role, or to the role of this id; null: the table has none. */
  rowSecurity?(table: number, role?: number): RowSecurityFor | null;
  /** The version of a role, by its id. */
  roleVersion?(id: number): number | undefined;
  /** May the session's role do this, or the role of this id? */
  allows(id: number, right: import('../sblr/bound.ts').Right, role?: number, columns?: readonly number[]): boolean;
}
