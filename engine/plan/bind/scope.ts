/**
 * Scopes (SBLR-N4): what names mean in a block. A chain: a block inside a block looks into the outer one when its own relations know
 * nothing of a name. What is found there is entered: a subquery reads it under an id of its own (BoundSubquery.outer), a query in FROM
 * as it stands.
 *
 *   select ... from a, lateral (select ... from b where b.x = a.x and exists (select ... from c where c.y = a.y)) s
 *      block 0: a, s        <- as it stands -  block 1: b      <- entered under a fresh id - block 2: c
 */

import type { CatalogColumn, CatalogRelation } from '../../catalog/objects.ts';
import type { ColumnId } from '../../sblr/bound.ts';
import { columnTest } from '../../sblr/resolve-type.ts';
import type { DialectSemantics } from '../../sblr/semantics.ts';
import type { SqlType } from '../../sblr/types.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import type { Clause } from './clause.ts';
import { fault, unsupported } from './errors.ts';
import { missingColumn, missingRelation } from './scope-errors.ts';
import type { CteScope } from './with.ts';

export interface ScopeColumn {
  readonly name: string;
  readonly column: ColumnId;
  readonly type: SqlType;
  /** Object id of the table it comes from unchanged, and its attribute; 0 elsewhere. */
  readonly table: number;
  readonly attribute: number;
  /** Noted when it is read: the role has rights to some columns only. Left out: to all of them. 42501 */
  readonly mayRead?: () => void;
}

/** A relation of FROM under its alias. */
export interface ScopeRelation {
  readonly alias: string;
  /** Name in the catalog where no alias hides it, for `schema.table.column`. */
  readonly schema: string | null;
  /** Name in the catalog, also when an alias hides it (for hints). */
  readonly name: string;
  readonly columns: readonly ScopeColumn[];
  /** Found by their names only, where no column has them: tableoid. Made when they are asked for. Left out: none. */
  readonly system?: (name: string) => readonly ScopeColumn[];
  /** What is noted when a column is read. */
  readonly onRead: () => void;
  /** Object id of the stored table that it is, row for row; left out: it is none. */
  readonly stored?: number;
  /** A function in FROM. */
  readonly isFunction?: boolean;
  /** The rows that a recursion gave last. */
  readonly isRecursive?: boolean;
  /** No qualifier finds it: a join that has no name. */
  readonly unnamed?: boolean;
  /** Bare names do not find its columns: a join around it has them. */
  readonly qualifiedOnly?: boolean;
  /** It stands further left in FROM: only LATERAL sees it; 'no': not even that, for the kind of join forbids it. */
  readonly lateral?: 'yes' | 'no';
}

/** The block around a block. */
export interface OuterScope {
  /** Where the inner block stands. */
  readonly clause: Clause;
  /** LATERAL: it sees what stands further left in FROM. */
  readonly lateral: boolean;
  /** A column of the clause's scope as the inner block reads it. */
  readonly enter: (column: ScopeColumn, at: number) => ScopeColumn;
  /** What has been entered so far; a query in FROM enters nothing. */
  readonly entries: unknown[];
  /** The way back: what a column of the inner block is in the clause's scope; null: nothing of it. */
  readonly origin: (column: ColumnId) => ColumnId | null;
}

export interface Scope {
  readonly relations: readonly ScopeRelation[];
  readonly outer: OuterScope | null;
  /** The WITHs that are seen; left out: none. */
  readonly ctes?: CteScope | null;
  /** All relations of the block, for what errors say. */
  readonly all?: readonly ScopeRelation[];
}

export const NO_RELATIONS: Scope = { relations: [], outer: null };

/** The columns of a relation that SQL sees. */
export const visibleColumns = (relation: Exclude<CatalogRelation, { kind: 'sequence' }>): CatalogColumn[] =>
  relation.columns.filter((column) => column.hidden === null);

/** Notes that a whole row is read. */
export function readAll(relation: ScopeRelation): void {
  relation.onRead();
  for (const column of relation.columns) column.mayRead?.();
}

const isSeen = (relation: ScopeRelation, lateral: boolean): boolean => relation.lateral === undefined || lateral;

/** A relation on the left of a RIGHT or FULL JOIN is seen on its right, and may not be read. 42P10 */
function mustBeReadable(relation: ScopeRelation, lateral: boolean, at: number): void {
  if (relation.lateral !== 'no' || !lateral) return;
  throw new SqlError(SQLSTATE.invalid_column_reference, `invalid reference to FROM-clause entry for table "${relation.alias}"`, {
    position: at,
    detail: 'The combining JOIN type must be INNER or LEFT for a LATERAL reference.',
  });
}

/** A relation, and how its columns are read from where it was asked for. */
export interface FoundRelation {
  readonly relation: ScopeRelation;
  readonly enter: (column: ScopeColumn) => ScopeColumn;
}

const AS_IT_STANDS = (column: ScopeColumn): ScopeColumn => column;

function searchRelation(name: string, schema: string | null, scope: Scope, lateral: boolean, at: number): FoundRelation | null {
  let found: ScopeRelation | null = null;
  for (const relation of scope.relations) {
    if (relation.unnamed || relation.alias !== name || !isSeen(relation, lateral)) continue;
    if (schema !== null && relation.schema !== schema) continue;
    if (found !== null) throw fault(SQLSTATE.ambiguous_alias, `table reference "${name}" is ambiguous`, at);
    mustBeReadable(relation, lateral, at);
    found = relation;
  }
  if (found !== null) return { relation: found, enter: AS_IT_STANDS };
  const { outer } = scope;
  if (outer === null) return null;
  const around = searchRelation(name, schema, outer.clause.scope, outer.lateral, at);
  return around === null ? null : { relation: around.relation, enter: (column) => outer.enter(around.enter(column), at) };
}

/** The relation that qualifies a column. 42P01 */
export function findRelation(qualifier: readonly string[], scope: Scope, at: number): FoundRelation {
  if (qualifier.length > 2) throw unsupported('cross-database references are', at);
  const name = qualifier[qualifier.length - 1];
  const found = searchRelation(name, qualifier.length === 2 ? qualifier[0] : null, scope, false, at);
  if (found === null) throw missingRelation(name, scope, at);
  return found;
}

type ColumnsOf = (relation: ScopeRelation, name: string) => readonly ScopeColumn[];
const NO_COLUMNS: readonly ScopeColumn[] = [];
const shown: ColumnsOf = ({ columns }) => columns;
const system: ColumnsOf = (relation, name) => relation.system?.(name) ?? NO_COLUMNS;

/** A name, and whether a column's is that. */
interface Sought {
  readonly name: string;
  readonly isNamed: (own: string) => boolean;
}
const soughtOf = (name: string, semantics: DialectSemantics): Sought => ({ name, isNamed: columnTest(name, semantics) });

/** Column of a bare name in one scope: null when none has it. 42702 */
const bareColumn = (sought: Sought, scope: Scope, lateral: boolean, at: number): ScopeColumn | null =>
  bareColumnOf(shown, sought, scope, lateral, at) ?? bareColumnOf(system, sought, scope, lateral, at);

function bareColumnOf(columnsOf: ColumnsOf, sought: Sought, scope: Scope, lateral: boolean, at: number): ScopeColumn | null {
  const { name, isNamed } = sought;
  let found: ScopeColumn | null = null;
  for (const relation of scope.relations) {
    if (relation.qualifiedOnly || !isSeen(relation, lateral)) continue;
    for (const column of columnsOf(relation, name)) {
      if (!isNamed(column.name)) continue;
      if (found !== null) throw fault(SQLSTATE.ambiguous_column, `column reference "${name}" is ambiguous`, at);
      mustBeReadable(relation, lateral, at);
      relation.onRead();
      column.mayRead?.();
      found = column;
    }
  }
  return found;
}

/** Column of a bare name in the scope itself, or null. */
export const ownColumn = (name: string, scope: Scope, semantics: DialectSemantics, at: number): ScopeColumn | null =>
  bareColumn(soughtOf(name, semantics), scope, false, at);

/** Column of a bare name in the scope and those around it, or null. */
function lookupColumn(sought: Sought, scope: Scope, at: number, lateral = false): ScopeColumn | null {
  const found = bareColumn(sought, scope, lateral, at);
  const { outer } = scope;
  if (found !== null || outer === null) return found;
  const around = lookupColumn(sought, outer.clause.scope, at, outer.lateral);
  return around === null ? null : outer.enter(around, at);
}

/** The column that a name means. 42703, 42702, 42P01 */
export function findColumn(parts: readonly string[], scope: Scope, semantics: DialectSemantics, at: number): ScopeColumn {
  const name = parts[parts.length - 1];
  if (parts.length === 1) {
    const found = lookupColumn(soughtOf(name, semantics), scope, at);
    if (found !== null) return found;
    if (searchRelation(name, null, scope, false, at) !== null) throw unsupported('references to a whole row are', at);
    throw missingColumn(null, name, scope, at);
  }
  const { relation, enter } = findRelation(parts.slice(0, -1), scope, at);
  const isNamed = columnTest(name, semantics);
  const named = ({ name: own }: ScopeColumn): boolean => isNamed(own);
  const columns = relation.columns.some(named) ? relation.columns.filter(named) : system(relation, name).filter(named);
  if (columns.length > 1) throw fault(SQLSTATE.ambiguous_column, `column reference "${name}" is ambiguous`, at);
  if (columns.length === 0) throw missingColumn(relation, name, scope, at);
  relation.onRead();
  columns[0].mayRead?.();
  return enter(columns[0]);
}
