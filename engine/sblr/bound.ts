/**
 * The bound form: typed algebra that the binder makes, without names and without a dialect (SBLR, 'Two forms').
 *
 * Columns of a statement are numbered: every relation makes columns with fresh ids, an expression names ids of its input. Every
 * call is a primitive (primitives.ts), every cast is written out as one. Condition: NULL counts as not true.
 *
 *   query:   Get -> Filter -> Project -> Sort -> Limit      insert, update, delete: a relation gives rows, the change takes them
 *   join:    left, right -> Join                            subquery: a relation inside an expression, closed over `outer`
 */

import type {
  BoundChange,
  BoundCteRef,
  BoundFunction,
  BoundJoin,
  BoundRecurse,
  BoundSetOperation,
  BoundWindow,
  BoundWith,
  BoundWorkTable,
} from './bound-relations.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { SqlType } from './types.ts';

/** Number of a column within a statement. */
export type ColumnId = number;

// ---- expressions ----

export interface BoundColumn {
  readonly op: 'column';
  readonly column: ColumnId;
  readonly type: SqlType;
}
/** Slot of the statement's parameters: the client's first, in order, then the lifted literals. */
export interface BoundParameter {
  readonly op: 'parameter';
  readonly index: number;
  readonly type: SqlType;
}
export interface BoundConstant {
  readonly op: 'constant';
  readonly value: RowValue;
  readonly type: SqlType;
}
/** A primitive. Strict ones are NULL when an argument is. */
export interface BoundCall {
  readonly op: 'call';
  readonly primitive: string;
  readonly arguments: readonly BoundExpression[];
  readonly type: SqlType;
  /** Token ordinal, for the position of its error. */
  readonly at: number;
}
export interface BoundLogic {
  readonly op: 'and' | 'or';
  readonly operands: readonly BoundExpression[];
  readonly type: SqlType;
}
export interface BoundNot {
  readonly op: 'not';
  readonly operand: BoundExpression;
  readonly type: SqlType;
}
export interface BoundIsTest {
  readonly op: 'isTest';
  readonly operand: BoundExpression;
  readonly test: 'null' | 'true' | 'false' | 'unknown';
  readonly negated: boolean;
  readonly type: SqlType;
}
/** IS DISTINCT FROM; `equal` is the primitive that compares two values that are not NULL. */
export interface BoundIsDistinct {
  readonly op: 'isDistinct';
  readonly equal: string;
  readonly left: BoundExpression;
  readonly right: BoundExpression;
  readonly negated: boolean;
  readonly type: SqlType;
}
/** Searched CASE; the simple form becomes it by a `let`. Without ELSE: a NULL constant. */
export interface BoundCase {
  readonly op: 'case';
  readonly whens: readonly { readonly condition: BoundExpression; readonly result: BoundExpression }[];
  readonly otherwise: BoundExpression;
  readonly type: SqlType;
}
export interface BoundCoalesce {
  readonly op: 'coalesce';
  readonly arguments: readonly BoundExpression[];
  readonly type: SqlType;
}
/** GREATEST, LEAST: NULLs do not count. `less` is the primitive. */
export interface BoundExtreme {
  readonly op: 'extreme';
  readonly kind: 'greatest' | 'least';
  readonly less: string;
  readonly arguments: readonly BoundExpression[];
  readonly type: SqlType;
}
/** operand IN (list), all of one type. */
export interface BoundIn {
  readonly op: 'in';
  readonly operand: BoundExpression;
  readonly list: readonly BoundExpression[];
  readonly equal: string;
  readonly negated: boolean;
  readonly type: SqlType;
}
/** A value that is evaluated once, for use in `body`. */
export interface BoundLet {
  readonly op: 'let';
  readonly local: number;
  readonly value: BoundExpression;
  readonly body: BoundExpression;
  readonly type: SqlType;
}
export interface BoundLocal {
  readonly op: 'local';
  readonly local: number;
  readonly type: SqlType;
}
/**
 * A query as a value. Its relation is closed: what it reads of the blocks around it stands in `outer`, each under a fresh column id
 * that is seen everywhere inside it; the expressions there are over the columns of the block that the subquery stands in.
 *
 *   scalar   the one column of its row; NULL without a row; 21000 with two
 *   exists   whether there is a row
 *   any      whether `condition` (over `outer` and the relation's columns) is true for a row; else NULL where it is NULL for one;
 *            else false. IN and = ANY are this; ALL is NOT any of the negated condition.
 */
export interface BoundSubquery {
  readonly op: 'subquery';
  readonly kind: 'scalar' | 'exists' | 'any';
  readonly outer: readonly { readonly column: ColumnId; readonly expression: BoundExpression }[];
  readonly relation: BoundRelation;
  /** scalar: its one column; any: the columns that `condition` reads; exists: none. */
  readonly columns: readonly ColumnId[];
  readonly condition: BoundExpression | null;
  readonly type: SqlType;
  /** Token ordinal, for the position of 21000. */
  readonly at: number;
}
/** A subquery that the optimizer has planned on its own: PhysicalStatement.subplans[plan]. Never in a bound module. */
export interface BoundSubplan {
  readonly op: 'subplan';
  readonly kind: BoundSubquery['kind'];
  readonly plan: number;
  /** Values of the plan's `outer` columns, in their order. */
  readonly outer: readonly BoundExpression[];
  readonly type: SqlType;
  readonly at: number;
}

export type BoundExpression =
  | BoundColumn
  | BoundParameter
  | BoundConstant
  | BoundCall
  | BoundLogic
  | BoundNot
  | BoundIsTest
  | BoundIsDistinct
  | BoundCase
  | BoundCoalesce
  | BoundExtreme
  | BoundIn
  | BoundLet
  | BoundLocal
  | BoundSubquery
  | BoundSubplan;

// ---- relations ----

/** A column of a stored table under a column id. */
export interface TableColumnUse {
  readonly column: ColumnId;
  /** Attribute number in the catalog's table (CatalogColumn.number). */
  readonly attribute: number;
  readonly type: SqlType;
}

/** The rows of a stored table. `rowId`: a column id that stands for the row itself, for changes and locks; or -1. */
export interface BoundGet {
  readonly op: 'get';
  /** Object id. */
  readonly table: number;
  /** Alias or name, for EXPLAIN. */
  readonly alias: string;
  readonly columns: readonly TableColumnUse[];
  readonly rowId: ColumnId;
}
/** The rows of a virtual table, made by the catalog. */
export interface BoundVirtual {
  readonly op: 'virtual';
  readonly name: string;
  readonly alias: string;
  readonly columns: readonly TableColumnUse[];
}
/** Rows of expressions without columns. One empty row: SELECT without FROM. */
export interface BoundValues {
  readonly op: 'values';
  readonly columns: readonly { readonly column: ColumnId; readonly type: SqlType }[];
  readonly rows: readonly (readonly BoundExpression[])[];
}
export interface BoundFilter {
  readonly op: 'filter';
  readonly input: BoundRelation;
  readonly condition: BoundExpression;
}
/** Adds columns; those of the input stay visible. */
export interface BoundProject {
  readonly op: 'project';
  readonly input: BoundRelation;
  readonly columns: readonly { readonly column: ColumnId; readonly expression: BoundExpression }[];
}
export interface BoundAggregate {
  readonly column: ColumnId;
  /** An aggregate primitive: 'sum.int4', 'count.star', 'avg.numeric'. */
  readonly primitive: string;
  readonly arguments: readonly BoundExpression[];
  readonly distinct: boolean;
  readonly order: readonly BoundSortKey[];
  readonly filter: BoundExpression | null;
  readonly type: SqlType;
}
/**
 * Only keys and aggregates are visible above. No keys: one row, always. With `sets` each row counts once for every set, which names
 * the keys that it groups by (a set without keys gives a row even when there is none below); the other keys are NULL in its groups.
 */
export interface BoundAggregation {
  readonly op: 'aggregate';
  readonly input: BoundRelation;
  readonly keys: readonly { readonly column: ColumnId; readonly expression: BoundExpression }[];
  readonly aggregates: readonly BoundAggregate[];
  /** GROUPING SETS: places in `keys`; none: one set of all keys. */
  readonly sets: readonly { readonly keys: readonly number[] }[];
  /** GROUPING(...): an int4 with a bit for each of these keys, the last one's lowest, set where the set does not group by it. */
  readonly grouping: readonly { readonly column: ColumnId; readonly keys: readonly number[] }[];
}
/** Rows that agree in these columns count once; of several the first in the input's order. */
export interface BoundDistinct {
  readonly op: 'distinct';
  readonly input: BoundRelation;
  readonly columns: readonly ColumnId[];
}
export interface BoundSortKey {
  readonly expression: BoundExpression;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}
export interface BoundSort {
  readonly op: 'sort';
  readonly input: BoundRelation;
  readonly keys: readonly BoundSortKey[];
}
export interface BoundLimit {
  readonly op: 'limit';
  readonly input: BoundRelation;
  readonly limit: BoundExpression | null;
  readonly offset: BoundExpression | null;
  /** WITH TIES: rows that agree with the last one in these keys, by which the input is sorted, are given too; none: without. */
  readonly ties: readonly BoundSortKey[];
}
/** FOR UPDATE and the like, of the rows that `rowId` names. */
export interface BoundLock {
  readonly op: 'lock';
  readonly input: BoundRelation;
  readonly table: number;
  readonly rowId: ColumnId;
  readonly strength: 'update' | 'noKeyUpdate' | 'share' | 'keyShare';
  readonly wait: 'wait' | 'nowait' | 'skip';
}
export type BoundRelation =
  | BoundGet
  | BoundVirtual
  | BoundValues
  | BoundFilter
  | BoundProject
  | BoundAggregation
  | BoundDistinct
  | BoundSort
  | BoundLimit
  | BoundLock
  | BoundJoin
  | BoundSetOperation
  | BoundWith
  | BoundCteRef
  | BoundRecurse
  | BoundWorkTable
  | BoundFunction
  | BoundWindow
  | BoundChange;

// ---- statements ----

export interface OutputColumn {
  readonly name: string;
  readonly column: ColumnId;
  readonly type: SqlType;
  /** Where it comes from unchanged: object id and attribute; 0 elsewhere. */
  readonly table: number;
  readonly attribute: number;
}

export interface BoundQuery {
  readonly kind: 'query';
  readonly root: BoundRelation;
  readonly output: readonly OutputColumn[];
}

/** A check that is WITH CHECK OPTION of a view: told by its name, which no constraint has. */
const VIEW_CHECK = '\u0001';
export const viewCheckName = (view: string): string => `${VIEW_CHECK}${view}`;
/** The view whose condition a check is; null: it is a constraint. */
export const checkedView = (name: string): string | null => (name.startsWith(VIEW_CHECK) ? name.slice(1) : null);

/** A check that is a policy of row security, told by its name as well. Of the row as it becomes, or as it was (USING). */
const POLICY_CHECK = '\u0002';
export type PolicyCheck = 'new' | 'existing' | 'target';
/** A policy as a check: of the table that the statement names. `policy`: a restrictive one; null: all permissive ones together. */
export interface CheckedPolicy {
  readonly of: PolicyCheck;
  readonly table: string;
  readonly policy: string | null;
}
export const policyCheckName = (policy: CheckedPolicy): string => POLICY_CHECK + JSON.stringify(policy);
/** The policy that a check is; null: it is none. */
export const checkedPolicy = (name: string): CheckedPolicy | null =>
  name.startsWith(POLICY_CHECK) ? (JSON.parse(name.slice(POLICY_CHECK.length)) as CheckedPolicy) : null;

/** A check that is the bound of a partition, told by its name. `moves`: the row would have to go to another one. */
const PARTITION_CHECK = '\u0003';
export const partitionCheckName = (moves: boolean): string => `${PARTITION_CHECK}${moves ? 'moves' : ''}`;
/** What a check says that is the bound of a partition; null: it is none. */
export const checkedPartition = (name: string): { readonly moves: boolean } | null =>
  name.startsWith(PARTITION_CHECK) ? { moves: name.length > 1 } : null;

/** Attribute of a stored table under which it gives its own object id: tableoid. */
export const TABLE_OID = -6;

/** What a changed row must satisfy. `expression` is over the new row's columns; false refuses, NULL does not. */
export interface BoundCheck {
  readonly name: string;
  readonly expression: BoundExpression;
}

/**
 * The new row: an expression for every stored attribute, hidden ones included, in the order of attributes; over the source's columns
 * (and, for hidden attributes, over `row`: the ids of the new row's attributes).
 */
export interface BoundNewRow {
  readonly table: number;
  readonly attributes: readonly { readonly attribute: number; readonly expression: BoundExpression; readonly type: SqlType }[];
  /** Column ids of the new row, for checks, hidden attributes and RETURNING. */
  readonly row: readonly TableColumnUse[];
  readonly checks: readonly BoundCheck[];
}

export interface BoundConflict {
  readonly action: 'nothing' | 'update';
  /** Index ids that are watched; empty: all unique ones (only with 'nothing'). */
  readonly indexes: readonly number[];
  /** The row that was met. Its columns and the new row's (as EXCLUDED) are seen by `change` and `where`. */
  readonly existing: readonly TableColumnUse[];
  readonly change: BoundNewRow | null;
  readonly where: BoundExpression | null;
}

export interface BoundInsert {
  readonly kind: 'insert';
  readonly table: number;
  readonly source: BoundRelation;
  readonly row: BoundNewRow;
  readonly conflict: BoundConflict | null;
  /** Over the columns of the row that was inserted, or changed by ON CONFLICT (row.row's ids). */
  readonly returning: readonly { readonly column: ColumnId; readonly expression: BoundExpression }[];
  readonly output: readonly OutputColumn[];
}
export interface BoundUpdate {
  readonly kind: 'update';
  readonly table: number;
  /** Gives the old row's columns and its row id. */
  readonly source: BoundRelation;
  readonly rowId: ColumnId;
  readonly row: BoundNewRow;
  /** Attributes that SET names, or that follow from them. */
  readonly changed: readonly number[];
  readonly returning: readonly { readonly column: ColumnId; readonly expression: BoundExpression }[];
  readonly output: readonly OutputColumn[];
}
export interface BoundDelete {
  readonly kind: 'delete';
  readonly table: number;
  readonly source: BoundRelation;
  readonly rowId: ColumnId;
  readonly returning: readonly { readonly column: ColumnId; readonly expression: BoundExpression }[];
  readonly output: readonly OutputColumn[];
}

/** A branch of MERGE; of those for rows with (or without) a row of the target the first whose condition is true is taken. */
export interface BoundMergeWhen {
  readonly matched: boolean;
  readonly condition: BoundExpression | null;
  readonly action: 'nothing' | 'update' | 'delete' | 'insert';
  /** Of update and insert. */
  readonly row: BoundNewRow | null;
  /** Of update: attributes that SET names, or that follow from them. */
  readonly changed: readonly number[];
}
/** A row of the target may be changed once. */
export interface BoundMerge {
  readonly kind: 'merge';
  readonly table: number;
  /** Rows of what is merged in, each with those of the target that go with it; without any: alone. */
  readonly source: BoundRelation;
  /** A boolean that is NULL where a row of the source is alone. */
  readonly present: ColumnId;
  readonly rowId: ColumnId;
  readonly whens: readonly BoundMergeWhen[];
  readonly returning: readonly { readonly column: ColumnId; readonly expression: BoundExpression }[];
  readonly output: readonly OutputColumn[];
}

/**
 * A branch of a change that goes to several tables: of each row the first one is taken whose condition is true. `leave` takes the row
 * out of its table and goes on with the branches behind; `refuse`: no partition holds it (23514).
 */
export interface BoundSpreadBranch {
  readonly condition: BoundExpression | null;
  readonly action: 'nothing' | 'insert' | 'update' | 'delete' | 'leave' | 'refuse';
  readonly table: number;
  /** Of insert and update. Its columns that a RETURNING may read have the same ids in all branches. */
  readonly row: BoundNewRow | null;
  /** Of update: attributes that SET names, or that follow from them. */
  readonly changed: readonly number[];
  /** Of insert. */
  readonly conflict: BoundConflict | null;
  /** Of refuse: the partition key as it is written, and its values as texts. */
  readonly key: string;
  readonly values: readonly BoundExpression[];
}
/** A change of a table whose rows lie in others: partitions, or tables that inherit from it. */
export interface BoundSpread {
  readonly kind: 'spread';
  readonly command: 'insert' | 'update' | 'delete' | 'merge';
  /** The one that the statement names. */
  readonly table: number;
  readonly source: BoundRelation;
  /** The row in its table; -1: the source has none. */
  readonly rowId: ColumnId;
  readonly branches: readonly BoundSpreadBranch[];
  readonly returning: readonly { readonly column: ColumnId; readonly expression: BoundExpression }[];
  readonly output: readonly OutputColumn[];
}

/** A procedure as CALL runs it: its statements with its arguments as parameters. */
export interface BoundRoutine {
  readonly parameters: readonly { readonly mode: 'in' | 'out' | 'inout' | 'variadic' | 'table'; readonly type: SqlType }[];
  readonly owner: number;
  readonly securityDefiner: boolean;
  readonly dialect: string;
  readonly statements: readonly (import('./source.gen.ts').SourceStatement | import('./source.gen.ts').SourceQuery)[];
}

/** Statements that are not compiled: DDL, transactions, settings. `source` is the source form with what the binder has checked. */
export interface BoundUtility {
  readonly kind: 'utility';
  readonly statement: import('./source.gen.ts').SourceStatement;
  /** Of CALL: what is called, and what each of its arguments that are given to it is; null: its default. */
  readonly call?: {
    readonly routine: BoundRoutine;
    readonly values: readonly import('./source.gen.ts').SourceExpression[];
    readonly output: readonly OutputColumn[];
  };
}

/** EXPLAIN of a statement. */
export interface BoundExplain {
  readonly kind: 'explain';
  readonly analyze: boolean;
  readonly format: 'text' | 'json' | 'dot' | 'svg';
  readonly sblr: boolean;
  readonly codegen: boolean;
  readonly statement: BoundStatement;
}

/** What is planned and compiled. */
export type BoundPlanned = BoundQuery | BoundInsert | BoundUpdate | BoundDelete | BoundMerge | BoundSpread;
export type BoundStatement = BoundPlanned | BoundUtility | BoundExplain;

/** An object that a module rests on. */
export interface BoundUse {
  readonly object: number;
  readonly version: number;
  readonly rights: readonly Right[];
  /** Rights that the role has to these columns only; without a column: to one at least. */
  readonly columnRights: readonly { readonly right: Right; readonly columns: readonly number[] }[];
}

/** A whole bound module. */
export interface BoundModule {
  readonly statement: BoundStatement;
  /** Types of the client's parameters, as given or inferred; then of the lifted literals. */
  readonly parameters: readonly SqlType[];
  readonly clientParameters: number;
  /** Lifted literals whose values had a say in the meaning: they belong to the key of the cache (SBLR-N2). */
  readonly shaping: readonly number[];
  /** Objects it rests on, with the version that was seen; re-bound when one has moved (SBLR-N8, TX-T14). */
  readonly uses: readonly BoundUse[];
  /** Next free column id. */
  readonly columns: number;
}

export type Right = 'select' | 'insert' | 'update' | 'delete' | 'truncate' | 'references' | 'usage' | 'execute' | 'owner';
