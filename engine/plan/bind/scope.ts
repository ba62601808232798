/**
 * Scopes (SBLR-N4): what names mean in a block. A chain: a block inside a block looks into the outer one when its own relations know
 * nothing of a name.
 */

import type { CatalogColumn, CatalogRelation } from '../../catalog/objects.ts';
import type { ColumnId } from '../../sblr/bound.ts';
import type { SqlType } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { fault, noColumn, unsupported } from './errors.ts';

export interface ScopeColumn {
  readonly name: string;
  readonly column: ColumnId;
  readonly type: SqlType;
  /** Object id of the table it comes from unchanged, and its attribute; 0 elsewhere. */
  readonly table: number;
  readonly attribute: number;
}

/** A relation of FROM under its alias. */
export interface ScopeRelation {
  readonly alias: string;
  /** Name in the catalog where no alias hides it, for `schema.table.column`. */
  readonly schema: string | null;
  /** Name in the catalog, also when an alias hides it (for hints). */
  readonly name: string;
  readonly columns: readonly ScopeColumn[];
  /** What is noted when a column is read. */
  readonly onRead: () => void;
}

export interface Scope {
  readonly relations: readonly ScopeRelation[];
  readonly outer: Scope | null;
}

export const NO_RELATIONS: Scope = { relations: [], outer: null };

/** The columns of a relation that SQL sees. */
export const visibleColumns = (relation: Exclude<CatalogRelation, { kind: 'sequence' }>): CatalogColumn[] =>
  relation.columns.filter((column) => column.hidden === null);

const shownName = (parts: readonly string[]): string => (parts.length === 1 ? `"${parts[0]}"` : parts.join('.'));

/** Number of letters to change, at most `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}

function similarColumn(name: string, relations: readonly ScopeRelation[]): string | undefined {
  const limit = Math.max(1, Math.floor(name.length / 3));
  let nearest = limit + 1;
  let hint: string | undefined;
  for (const relation of relations) {
    for (const column of relation.columns) {
      const away = distance(name, column.name, limit);
      if (away >= nearest) continue;
      nearest = away;
      hint = `Perhaps you meant to reference the column "${relation.alias}.${column.name}".`;
    }
  }
  return hint;
}

/** The relation that qualifies a column. 42P01 */
export function findRelation(qualifier: readonly string[], scope: Scope, at: number): ScopeRelation {
  const name = qualifier[qualifier.length - 1];
  if (qualifier.length > 2) throw unsupported('cross-database references are', at);
  const schema = qualifier.length === 2 ? qualifier[0] : null;
  const found = scope.relations.find((relation) => relation.alias === name && (schema === null || relation.schema === schema));
  if (found !== undefined) return found;
  if (scope.outer !== null) return findRelation(qualifier, scope.outer, at);
  const hidden = scope.relations.find((relation) => relation.name === name);
  if (hidden === undefined) throw fault(SQLSTATE.undefined_table, `missing FROM-clause entry for table "${name}"`, at);
  throw fault(
    SQLSTATE.undefined_table,
    `invalid reference to FROM-clause entry for table "${name}"`,
    at,
    `Perhaps you meant to reference the table alias "${hidden.alias}".`,
  );
}

/** Column of a bare name in one scope: null when none has it. 42702 */
function bareColumn(name: string, scope: Scope, at: number): ScopeColumn | null {
  let found: ScopeColumn | null = null;
  for (const relation of scope.relations) {
    for (const column of relation.columns) {
      if (column.name !== name) continue;
      if (found !== null) throw fault(SQLSTATE.ambiguous_column, `column reference "${name}" is ambiguous`, at);
      relation.onRead();
      found = column;
    }
  }
  return found;
}

/** Column of a bare name in the scope and those around it, or null. */
export function lookupColumn(name: string, scope: Scope, at: number): ScopeColumn | null {
  const found = bareColumn(name, scope, at);
  if (found !== null || scope.outer === null) return found;
  if (lookupColumn(name, scope.outer, at) === null) return null;
  throw unsupported('references to columns of an outer query are', at);
}

/** The column that a name means. 42703, 42702, 42P01 */
export function findColumn(parts: readonly string[], scope: Scope, at: number): ScopeColumn {
  const name = parts[parts.length - 1];
  if (parts.length === 1) {
    const found = lookupColumn(name, scope, at);
    if (found !== null) return found;
    if (scope.relations.some((relation) => relation.alias === name)) throw unsupported('references to a whole row are', at);
    throw noColumn(shownName(parts), at, similarColumn(name, scope.relations));
  }
  const relation = findRelation(parts.slice(0, -1), scope, at);
  const columns = relation.columns.filter((column) => column.name === name);
  if (columns.length > 1) throw fault(SQLSTATE.ambiguous_column, `column reference "${name}" is ambiguous`, at);
  if (columns.length === 0) throw noColumn(shownName([relation.alias, name]), at, similarColumn(name, [relation]));
  relation.onRead();
  return columns[0];
}
