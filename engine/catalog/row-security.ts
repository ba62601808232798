/** Which policies of a table are for a role: none where it owns the table (unless FORCE), is a superuser or has BYPASSRLS. */

import type { RowSecurityFor } from './objects.ts';
import type { SessionReader } from './reader.ts';

/** Ids and versions of the role and of all that it is a member of, at whatever distance. */
function rolesBehind(reader: SessionReader, role: number): { id: number; version: number }[] {
  const found = new Map<number, number>();
  const waiting = [role];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (found.has(id)) continue;
    const version = reader.roleVersion(id);
    if (version === undefined) continue;
    found.set(id, version);
    waiting.push(...(reader.roleById(id)?.memberOf ?? []).map((one) => one.role));
  }
  return [...found].map(([id, version]) => ({ id, version }));
}

/** `as`: the role; left out: the session's. Null: the table has no row security. */
export function rowSecurityOf(reader: SessionReader, table: number, as?: number): RowSecurityFor | null {
  const row = reader.entry(table)?.row;
  if (row?.kind !== 'table' || row.body.rowSecurity?.enabled !== true) return null;
  const refuses = reader.session.rowSecurity === false;
  const role = as === undefined ? reader.role() : reader.roleById(as);
  if (role === null) return { roles: [], policies: [], refuses };
  const { owner, rowSecurity, policies = [] } = row.body;
  const roles = rolesBehind(reader, role.id);
  const isFree = role.superuser || role.bypassRowSecurity || (!rowSecurity.forced && reader.hasRightsOf(role, owner));
  if (isFree) return { roles, policies: null, refuses };
  const own = policies.filter((policy) => policy.roles.some((one) => one === 0 || reader.hasRightsOf(role, one)));
  return { roles, policies: own, refuses };
}
