/**
 * What DDL hands to the catalog: definitions in which every name, type and expression has been checked (engine/plan/ddl.ts makes
 * them from source nodes). Names are folded already; objects are given by ids.
 */

import type { IndexMethod, TokenClass } from '../storage/rows/runtime.ts';
import type { SqlType } from '../sblr/types.ts';
import type { SessionFacts } from './session-facts.ts';
import type { ShowExpression } from './shown.ts';
import type { CatalogTable, Deferrable, StoredExpression, TableFamily } from './objects.ts';

/** Something the user is told without it being an error. */
export interface Notice {
  readonly severity: 'NOTICE' | 'WARNING';
  readonly code: string;
  readonly message: string;
}

export interface QualifiedName {
  /** Null: the first schema of the search path in which things can be made. */
  readonly schema: string | null;
  readonly name: string;
}

export interface SequenceDefinition {
  readonly name: QualifiedName;
  readonly persistence: CatalogTable['persistence'];
  readonly type: 'int2' | 'int4' | 'int8';
  readonly start: bigint;
  readonly increment: bigint;
  readonly minimum: bigint;
  readonly maximum: bigint;
  readonly cache: number;
  readonly cycle: boolean;
  /** SEQUENCE NAME of an identity column; left out: the catalog chooses one. */
  readonly ownName?: string | undefined;
}

export interface ColumnDefinition {
  readonly name: string;
  readonly type: SqlType;
  readonly notNull: boolean;
  readonly default: StoredExpression | null;
  /** GENERATED ALWAYS AS (...) STORED; left out: it is not. */
  readonly generated?: StoredExpression | null;
  readonly identity: 'none' | 'always' | 'byDefault';
  /** serial and identity: a sequence of its own. Its name is chosen by the catalog: table_column_seq. */
  readonly sequence: Omit<SequenceDefinition, 'name' | 'persistence'> | null;
  /** COLLATE; left out: that of the database. */
  readonly collation?: string;
  /** From how many parents it comes, and whether the table says so itself. */
  readonly inherited?: number;
  readonly isLocal?: boolean;
  /** A sequence of a parent's column that it draws from; left out: none. */
  readonly drawsFrom?: number;
}

export interface IndexKey {
  /** Name of a column, or an expression that becomes a hidden column of this type; `name`: its part in a chosen name. */
  readonly key:
    | { readonly column: string }
    | { readonly expression: StoredExpression; readonly type: SqlType; readonly name: string };
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  /** NULL where the condition of a partial unique index does not hold: such rows are no duplicates of any. */
  readonly isCondition?: boolean;
  /** Of a gin index: its operator class. */
  readonly tokens?: TokenClass;
}

export interface IndexDefinition {
  /** Null: chosen as PostgreSQL does (t_a_b_idx, t_pkey, t_a_key). */
  readonly name: string | null;
  /** At any moment; a deferrable constraint's is not. */
  readonly unique: boolean;
  readonly deferrable?: Deferrable;
  readonly nullsDistinct: boolean;
  readonly primary: boolean;
  readonly method: IndexMethod;
  readonly keys: readonly IndexKey[];
  /** A PRIMARY KEY or UNIQUE constraint makes it, and is named like it. */
  readonly constraint: boolean;
  /** INCLUDE: names of columns; left out: none. */
  readonly include?: readonly string[];
  /** WHERE of a partial index; left out: it is of all rows. */
  readonly predicate?: StoredExpression;
  /** The index of the partitioned table that it is a part of. */
  readonly parent?: number;
}

export interface CheckDefinition {
  /** Null: chosen as PostgreSQL does: t_check, or t_a_check when `columns` is one column. */
  readonly name: string | null;
  /** Columns that the expression reads. */
  readonly columns: readonly string[];
  readonly expression: StoredExpression;
  readonly inherited?: number;
  readonly isLocal?: boolean;
}

export interface TableDefinition {
  readonly name: QualifiedName;
  readonly persistence: CatalogTable['persistence'];
  readonly columns: readonly ColumnDefinition[];
  readonly indexes: readonly IndexDefinition[];
  readonly checks: readonly CheckDefinition[];
  /** Temporary tables: what a commit does to them. */
  readonly onCommit: 'preserve' | 'delete' | 'drop';
  /** How it stands to other tables. */
  readonly family?: Pick<TableFamily, 'bound' | 'parents' | 'partitioning'>;
}

/** Whose catalog is read: decides names without a schema, temporary objects, and rights. */
export interface CatalogSession {
  /** Name of the current role. */
  role: string;
  /** Name of the database, as current_database() gives it; left out: 'scratchbird'. */
  database?: string;
  /** Number of the database, as schemas name it; left out, 0: the first. */
  readonly databaseId?: number;
  /** Name of the first database; left out: 'scratchbird'. */
  readonly firstDatabase?: string;
  /** Schemas for names without one. '$user' stands for the role; pg_temp and pg_catalog are looked at first unless named. */
  searchPath: readonly string[];
  /** SET row_security; left out: on. */
  readonly rowSecurity?: boolean;
  /** What the session has of its own that catalogs show; left out: nothing. */
  readonly facts?: SessionFacts;
  /** Shows expressions as their dialect does; left out: as they were written. */
  readonly shows?: ShowExpression;
  /** Distinguishes sessions: whose temporary objects are seen. Catalog.openSession() gives it. 0: sees none. */
  readonly id: number;
}
