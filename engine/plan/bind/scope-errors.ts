/** What is said of a name that means nothing: where it could have been found, or what may have been meant. */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import type { Scope, ScopeRelation } from './scope.ts';

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

/** Relations of a scope and of those around it, whether they can be named here or not. */
function everyRelation(scope: Scope): ScopeRelation[] {
  const own = (scope.all ?? scope.relations).filter(({ unnamed }) => unnamed !== true);
  return scope.outer === null ? own : [...own, ...everyRelation(scope.outer.clause.scope)];
}

const isSeen = (relation: ScopeRelation, scope: Scope): boolean =>
  scope.relations.some(({ alias, lateral }) => alias === relation.alias && lateral === undefined) ||
  (scope.outer !== null && isSeen(relation, scope.outer.clause.scope));

const NOT_FROM_HERE = 'but it cannot be referenced from this part of the query.';

/** 42P01 */
export function missingRelation(name: string, scope: Scope, at: number): SqlError {
  const relations = everyRelation(scope);
  const hidden = relations.find((relation) => relation.alias === name) ?? relations.find((relation) => relation.name === name);
  if (hidden === undefined)
    return new SqlError(SQLSTATE.undefined_table, `missing FROM-clause entry for table "${name}"`, { position: at });
  const other = hidden.alias !== name && isSeen(hidden, scope);
  return new SqlError(SQLSTATE.undefined_table, `invalid reference to FROM-clause entry for table "${name}"`, {
    position: at,
    hint: other ? `Perhaps you meant to reference the table alias "${hidden.alias}".` : undefined,
    detail: other ? undefined : `There is an entry for table "${hidden.alias}", ${NOT_FROM_HERE}`,
  });
}

function nearest(name: string, relations: readonly ScopeRelation[]): string[] {
  const limit = Math.max(1, Math.floor(name.length / 3));
  let best = limit + 1;
  let names: string[] = [];
  for (const { alias, columns } of relations)
    for (const column of columns) {
      const away = distance(name, column.name, limit);
      if (away > best || away > limit) continue;
      if (away < best) names = [];
      best = away;
      names.push(`"${alias}.${column.name}"`);
    }
  return names.length > 2 ? [] : names;
}

/** Of a relation, or of all (null). 42703 */
export function missingColumn(relation: ScopeRelation | null, name: string, scope: Scope, at: number): SqlError {
  const shown = relation === null ? `"${name}"` : `${relation.alias}.${name}`;
  const message = `column ${shown} does not exist`;
  const all = relation === null ? everyRelation(scope) : [relation];
  const unseen = all.find(({ columns }) => columns.some((column) => column.name === name));
  if (unseen !== undefined) {
    const detail = `There is a column named "${name}" in table "${unseen.alias}", ${NOT_FROM_HERE}`;
    return new SqlError(SQLSTATE.undefined_column, message, { position: at, detail });
  }
  const near = nearest(name, all);
  const hint = near.length === 0 ? undefined : `Perhaps you meant to reference the column ${near.join(' or the column ')}.`;
  return new SqlError(SQLSTATE.undefined_column, message, { position: at, hint });
}
