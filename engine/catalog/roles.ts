/**
 * Roles as objects of the catalog: made, changed, renamed, dropped; who is a member of whom; what they own and were granted.
 *
 *   a role      ObjectRow in the schema of roles; its body says what it may, whose member it is, its settings
 *   a grant     in the body of the object that it is about: role -> rights; role 0 is everybody
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { Catalog } from './catalog.ts';
import type { CatalogSession } from './definitions.ts';
import { clipName } from './names.ts';
import type { ObjectRow, RoleBody, RoleObjectRow, RoleRow } from './stored.ts';
import { PLAIN_ROLE, roleOf } from './stored.ts';
import { SCHEMA_ROLES } from './system-tables.ts';

const RESERVED = ['public', 'none'];

export const noRole = (name: string): SqlError => new SqlError(SQLSTATE.undefined_object, `role "${name}" does not exist`);

const mayNot = (what: string): SqlError => new SqlError(SQLSTATE.insufficient_privilege, `permission denied to ${what}`);

/** The role of a name, as an object. 42704 */
export function roleRow(catalog: Catalog, tx: Transaction, session: CatalogSession, name: string): RoleObjectRow {
  const row = catalog.reader(tx, session).entryByName(SCHEMA_ROLES, name)?.row;
  if (row?.kind !== 'role') throw noRole(name);
  return row;
}

/** Who may make and change roles: superusers; CREATEROLE, but not superusers. 42501 */
function checkMayManage(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  isAboutSuperuser: boolean,
  what: string,
): void {
  const own = catalog.reader(tx, session).role();
  if (own?.superuser === true) return;
  if (isAboutSuperuser)
    throw new SqlError(SQLSTATE.insufficient_privilege, `must be superuser to ${what.replace('role', 'superusers')}`);
  if (own?.createRole !== true) throw mayNot(what);
}

function checkName(name: string): void {
  if (RESERVED.includes(name)) throw new SqlError('42939', `role name "${name}" is reserved`);
  if (name.startsWith('pg_'))
    throw new SqlError('42939', `role name "${name}" is reserved`, { detail: 'Role names starting with "pg_" are reserved.' });
}

/** 42710, 42939, 42501 */
export function createRole(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  given: string,
  options: Partial<RoleBody>,
): RoleRow {
  const name = clipName(given);
  checkMayManage(catalog, tx, session, options.superuser === true, 'create role');
  checkName(name);
  if (catalog.reader(tx, session).roleNamed(name) !== null)
    throw new SqlError(SQLSTATE.duplicate_object, `role "${name}" already exists`);
  const id = catalog.nextId();
  const body: RoleBody = { ...PLAIN_ROLE, ...options };
  const row: RoleObjectRow = { id, schema: SCHEMA_ROLES, name, kind: 'role', parent: 0, version: catalog.nextId(), body };
  catalog.change(tx, () => catalog.insert(tx, row));
  return roleOf(row);
}

/** Another body for a role. Its own password anybody may set. 42501 */
export function changeRole(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  row: RoleObjectRow,
  changes: Partial<RoleBody>,
): void {
  const own = catalog.reader(tx, session).role();
  const isOwnPassword = own?.id === row.id && Object.keys(changes).every((key) => key === 'verifiers' || key === 'settings');
  if (!isOwnPassword) checkMayManage(catalog, tx, session, row.body.superuser || changes.superuser !== undefined, 'alter role');
  put(catalog, tx, row, changes);
}

function put(catalog: Catalog, tx: Transaction, row: RoleObjectRow, changes: Partial<RoleBody>): void {
  catalog.change(tx, () => catalog.replace(tx, { ...row, version: catalog.nextId(), body: { ...row.body, ...changes } }));
}

export function renameRole(catalog: Catalog, tx: Transaction, session: CatalogSession, row: RoleObjectRow, given: string): void {
  const name = clipName(given);
  checkMayManage(catalog, tx, session, row.body.superuser, 'rename role');
  checkName(name);
  if (session.role === row.name) throw new SqlError(SQLSTATE.feature_not_supported, 'current user cannot be renamed');
  if (catalog.reader(tx, session).roleNamed(name) !== null)
    throw new SqlError(SQLSTATE.duplicate_object, `role "${name}" already exists`);
  catalog.change(tx, () => catalog.replace(tx, { ...row, name, version: catalog.nextId() }));
}

// ---- membership ----

/** `member` becomes one of `group`, or is none any more; `adminOnly`: of what it may grant on. 0LP01, 42501 */
export function setMembership(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  group: RoleObjectRow,
  member: RoleObjectRow,
  change: { readonly revoke: boolean; readonly admin: boolean },
): void {
  checkMayGrant(catalog, tx, session, group);
  const reader = catalog.reader(tx, session);
  const others = member.body.memberOf.filter(({ role }) => role !== group.id);
  const known = member.body.memberOf.find(({ role }) => role === group.id);
  if (change.revoke) {
    if (known === undefined) return;
    put(catalog, tx, member, { memberOf: change.admin ? [...others, { ...known, admin: false }] : others });
    return;
  }
  if (group.id === member.id || (!group.body.superuser && reader.isMember(roleOf(group), member.id)))
    throw new SqlError('0LP01', `role "${group.name}" is a member of role "${member.name}"`);
  put(catalog, tx, member, { memberOf: [...others, { role: group.id, admin: change.admin || known?.admin === true }] });
}

function checkMayGrant(catalog: Catalog, tx: Transaction, session: CatalogSession, group: RoleObjectRow): void {
  const own = catalog.reader(tx, session).role();
  if (own?.superuser === true) return;
  const isAdmin = own?.memberOf.some(({ role, admin }) => role === group.id && admin) === true;
  if (isAdmin || (own?.createRole === true && !group.body.superuser)) return;
  throw new SqlError(SQLSTATE.insufficient_privilege, `must have admin option on role "${group.name}"`);
}

// ---- what roles own ----

export const ownedObjects = (catalog: Catalog, tx: Transaction, session: CatalogSession, role: number): ObjectRow[] =>
  catalog
    .reader(tx, session)
    .all()
    .flatMap(({ row }) => (row.kind !== 'index' && row.kind !== 'role' && row.body.owner === role ? [row] : []));

const grantedObjects = (catalog: Catalog, tx: Transaction, session: CatalogSession, role: number): ObjectRow[] =>
  catalog
    .reader(tx, session)
    .all()
    .flatMap(({ row }) => (row.kind !== 'index' && (row.body.grants[role] ?? []).length > 0 ? [row] : []));

/** 2BP01, 42501, 55006 */
export function dropRole(catalog: Catalog, tx: Transaction, session: CatalogSession, row: RoleObjectRow): void {
  checkMayManage(catalog, tx, session, row.body.superuser, 'drop role');
  if (session.role === row.name) throw new SqlError('55006', 'current user cannot be dropped');
  const owned = ownedObjects(catalog, tx, session, row.id).map((one) => `owner of ${shown(one)}`);
  const granted = grantedObjects(catalog, tx, session, row.id).map((one) => `privileges for ${shown(one)}`);
  const reasons = [...granted, ...owned, ...policiesFor(catalog, tx, session, row.id)];
  if (reasons.length > 0)
    throw new SqlError(
      SQLSTATE.dependent_objects_still_exist,
      `role "${row.name}" cannot be dropped because some objects depend on it`,
      {
        detail: reasons.join('\n'),
      },
    );
  catalog.change(tx, () => {
    for (const { row: other } of catalog.reader(tx, session).all()) {
      if (other.kind !== 'role' || !other.body.memberOf.some(({ role }) => role === row.id)) continue;
      put(catalog, tx, other, { memberOf: other.body.memberOf.filter(({ role }) => role !== row.id) });
    }
    catalog.remove(tx, row);
  });
}

/** Policies that name the role. */
const policiesFor = (catalog: Catalog, tx: Transaction, session: CatalogSession, role: number): string[] =>
  catalog
    .reader(tx, session)
    .all()
    .flatMap(({ row }) => (row.kind === 'table' ? (row.body.policies ?? []).map((policy) => ({ row, policy })) : []))
    .flatMap(({ row, policy }) => (policy.roles.includes(role) ? [`target of policy ${policy.name} on ${shown(row)}`] : []));

const shown = (row: ObjectRow): string => `${row.kind} ${row.name}`;

/** REASSIGN OWNED: what these roles own is `to`'s. */
export function reassignOwned(catalog: Catalog, tx: Transaction, session: CatalogSession, from: number, to: number): void {
  catalog.change(tx, () => {
    for (const row of ownedObjects(catalog, tx, session, from))
      catalog.replace(tx, { ...row, version: catalog.nextId(), body: { ...row.body, owner: to } } as ObjectRow);
  });
}

/** Takes all rights that the role was given; policies that are for nobody else go. */
export function revokeAll(catalog: Catalog, tx: Transaction, session: CatalogSession, role: number): void {
  catalog.change(tx, () => {
    for (const { row } of catalog.reader(tx, session).all()) {
      if (row.kind !== 'table' || row.body.policies?.some(({ roles }) => roles.includes(role)) !== true) continue;
      const policies = row.body.policies
        .map((policy) => ({ ...policy, roles: policy.roles.filter((one) => one !== role) }))
        .filter(({ roles }) => roles.length > 0);
      catalog.replace(tx, { ...row, version: catalog.nextId(), body: { ...row.body, policies } });
    }
    for (const row of grantedObjects(catalog, tx, session, role)) {
      if (row.kind === 'index') continue;
      const { [role]: _, ...grants } = row.body.grants;
      catalog.replace(tx, { ...row, version: catalog.nextId(), body: { ...row.body, grants } } as ObjectRow);
    }
  });
}
