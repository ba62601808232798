/**
 * Roles as objects of the catalog: made, changed, renamed, dropped; who is a member of whom; what they own and were granted.
 *
 *   a role      ObjectRow in the schema of roles; its body says what it may, whose member it is, its settings
 *   a grant     in the body of the object that it is about (grants.ts)
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { Catalog } from './catalog.ts';
import type { CatalogSession, Notice } from './definitions.ts';
import { shownStatistics } from './dependents.ts';
import { EVERY_DATABASE } from './entries.ts';
import { grantsOfOwner, grantsWithout } from './grants.ts';
import { clipName } from './names.ts';
import type { SessionReader } from './reader.ts';
import type { ObjectRow, RoleBody, RoleObjectRow, RoleRow } from './stored.ts';
import { extensionName, PLAIN_ROLE, roleOf } from './stored.ts';
import { ROLE_SUPERUSER, SCHEMA_ROLES } from './system-tables.ts';

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

/**
 * `member` becomes one of `group`, or is none any more; `admin`: of what it may grant on; `by`: who counts as granting. 0LP01, 42501.
 * What is told: nothing to do.
 */
export function setMembership(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  group: RoleObjectRow,
  member: RoleObjectRow,
  change: { readonly revoke: boolean; readonly admin: boolean; readonly by?: number },
): Notice | null {
  checkMayGrant(catalog, tx, session, group);
  const reader = catalog.reader(tx, session);
  const others = member.body.memberOf.filter(({ role }) => role !== group.id);
  const known = member.body.memberOf.find(({ role }) => role === group.id);
  const say = (severity: Notice['severity'], what: string): Notice => ({
    ...{ severity, code: severity === 'WARNING' ? '01000' : '00000' },
    message: `role "${member.name}" is ${what} of role "${group.name}"`,
  });
  if (change.revoke) {
    if (known === undefined) return say('WARNING', 'not a member');
    put(catalog, tx, member, { memberOf: change.admin ? [...others, { ...known, admin: false }] : others });
    return null;
  }
  if (group.id === member.id || (!group.body.superuser && reader.isMember(roleOf(group), member.id)))
    throw new SqlError(SQLSTATE.invalid_grant_operation, `role "${group.name}" is a member of role "${member.name}"`);
  if (known !== undefined && (!change.admin || known.admin)) return say('NOTICE', 'already a member');
  const grantor = change.by ?? reader.role()?.id ?? ROLE_SUPERUSER;
  put(catalog, tx, member, { memberOf: [...others, { role: group.id, admin: change.admin || known?.admin === true, grantor }] });
  return null;
}

function checkMayGrant(catalog: Catalog, tx: Transaction, session: CatalogSession, group: RoleObjectRow): void {
  const own = catalog.reader(tx, session).role();
  if (own?.superuser === true) return;
  if (group.body.superuser) throw new SqlError(SQLSTATE.insufficient_privilege, 'must be superuser to alter superusers');
  if (own?.createRole === true || (own !== null && catalog.reader(tx, session).isAdminOf(own, group.id))) return;
  throw new SqlError(SQLSTATE.insufficient_privilege, `must have admin option on role "${group.name}"`);
}

// ---- what roles own ----

export const ownedObjects = (catalog: Catalog, tx: Transaction, session: CatalogSession, role: number): ObjectRow[] =>
  catalog
    .reader(tx, session)
    .all()
    .flatMap(({ row }) => (row.kind !== 'index' && row.kind !== 'role' && row.body.owner === role ? [row] : []));

/** What an object says of a role: in grants to it or by it. */
function isSaid(row: ObjectRow, role: number): boolean {
  if (row.kind === 'index') return false;
  const { grants } = row.body;
  const isOwned = row.body.owner === role;
  return !isOwned && (grants ?? []).some(({ to, by }) => to === role || by === role);
}

const saidColumns = (row: ObjectRow, role: number): string[] =>
  row.kind !== 'table' && row.kind !== 'view'
    ? []
    : Object.entries(row.body.columnGrants ?? {}).flatMap(([attribute, grants]) => {
        if (row.body.owner === role || !grants.some(({ to, by }) => to === role || by === role)) return [];
        return [row.body.columns.find(({ number }) => number === Number(attribute))?.name ?? ''];
      });

/** Reasons why a role cannot go, in words. */
function reasonsOf(catalog: Catalog, tx: Transaction, session: CatalogSession, role: number): string[] {
  const reader = catalog.reader(tx, session);
  const kinds: { readonly [kind: string]: string } = { table: 'relations', sequence: 'sequences', function: 'functions' };
  const privileges = reader
    .all()
    .flatMap(({ row }) => [
      ...(isSaid(row, role) ? [`privileges for ${shown(row, reader)}`] : []),
      ...saidColumns(row, role).map((name) => `privileges for column ${name} of ${shown(row, reader)}`),
    ]);
  const defaults = reader.all().flatMap(({ row }) =>
    row.kind !== 'role'
      ? []
      : row.body.defaults.flatMap(({ kind, schema, grants }) => {
          const where = schema === 0 ? '' : ` in schema ${reader.schemaName(schema)}`;
          const what = `default privileges on new ${kinds[kind] ?? `${kind}s`} belonging to role ${row.name}${where}`;
          if (row.id === role) return [`owner of ${what}`];
          return grants.some(({ to }) => to === role) ? [`privileges for ${what}`] : [];
        }),
  );
  const owned = ownedObjects(catalog, tx, session, role).map((one) => `owner of ${shown(one, reader)}`);
  return [...privileges, ...owned, ...defaults, ...policiesFor(reader, role), ...elsewhere(reader, role)];
}

/** What other databases have of it: how much. */
function elsewhere(reader: SessionReader, role: number): string[] {
  const counts = new Map<number, number>();
  for (const { row, database } of reader.everywhere()) {
    if (database === EVERY_DATABASE || database === reader.database || row.kind === 'index') continue;
    if (row.body.owner !== role && !isSaid(row, role) && saidColumns(row, role).length === 0) continue;
    counts.set(database, (counts.get(database) ?? 0) + 1);
  }
  return [...counts].map(([database, count]) => {
    const name = reader.entry(database)?.row.name ?? reader.session.firstDatabase ?? 'scratchbird';
    return `${count} object${count === 1 ? '' : 's'} in database ${name}`;
  });
}

/** 2BP01, 42501, 55006 */
export function dropRole(catalog: Catalog, tx: Transaction, session: CatalogSession, row: RoleObjectRow): void {
  checkMayManage(catalog, tx, session, row.body.superuser, 'drop role');
  if (session.role === row.name) throw new SqlError('55006', 'current user cannot be dropped');
  const reasons = reasonsOf(catalog, tx, session, row.id);
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
const policiesFor = (reader: SessionReader, role: number): string[] =>
  reader
    .all()
    .flatMap(({ row }) => (row.kind === 'table' ? (row.body.policies ?? []).map((policy) => ({ row, policy })) : []))
    .flatMap(({ row, policy }) =>
      policy.roles.includes(role) ? [`target of policy ${policy.name} on ${shown(row, reader)}`] : [],
    );

/** An object in words; with its schema where the search path does not find it. */
function shown(row: ObjectRow, reader: SessionReader): string {
  if (row.kind === 'function' || row.kind === 'procedure') return `${row.kind} ${row.body.shown}`;
  if (row.kind === 'statistics') return `statistics object ${shownStatistics(row, reader)}`;
  if (row.kind === 'role') return `database ${reader.session.database ?? 'scratchbird'}`;
  if (row.kind === 'extension') return `extension ${extensionName(row)}`;
  const isFound = row.kind === 'schema' || row.kind === 'database' || reader.findEntry(null, row.name)?.row.id === row.id;
  return `${row.kind} ${isFound ? '' : `${reader.schemaName(row.schema)}.`}${row.name}`;
}

/** An object with another owner: what the old one had and has granted is the new one's. */
export function withOwner(row: ObjectRow, owner: number, version: number): ObjectRow {
  if (row.kind === 'index' || row.kind === 'role') return row;
  const { body } = row;
  const grants = grantsOfOwner(body.grants, body.owner, owner);
  const columns = row.kind === 'table' || row.kind === 'view' ? row.body.columnGrants : undefined;
  if (columns === undefined) return { ...row, version, body: { ...body, owner, grants } } as ObjectRow;
  const columnGrants = Object.fromEntries(
    Object.entries(columns).map(([attribute, list]) => [attribute, grantsOfOwner(list, body.owner, owner) ?? []]),
  );
  return { ...row, version, body: { ...body, owner, grants, columnGrants } } as ObjectRow;
}

/** REASSIGN OWNED: what these roles own is `to`'s. */
export function reassignOwned(catalog: Catalog, tx: Transaction, session: CatalogSession, from: number, to: number): void {
  catalog.change(tx, () => {
    for (const row of ownedObjects(catalog, tx, session, from)) catalog.replace(tx, withOwner(row, to, catalog.nextId()));
  });
}

/** Takes all rights that the role was given, and what rests on them; its default privileges, and policies that are for nobody else, go. */
export function revokeAll(catalog: Catalog, tx: Transaction, session: CatalogSession, role: number): void {
  catalog.change(tx, () => {
    for (const { row } of catalog.reader(tx, session).all()) {
      const next = withoutRole(row, role);
      if (next !== null) catalog.replace(tx, { ...next, version: catalog.nextId() });
    }
  });
}

/** Null: it says nothing of the role. */
function withoutRole(row: ObjectRow, role: number): ObjectRow | null {
  if (row.kind === 'index') return null;
  let body: Exclude<ObjectRow, { kind: 'index' }>['body'] = row.body;
  const owner = row.kind === 'role' ? ROLE_SUPERUSER : row.body.owner;
  if (isSaid(row, role) && body.grants !== null) body = { ...body, grants: grantsWithout(body.grants, owner, role) };
  if (row.kind === 'role') {
    const own = row.id === role ? [] : row.body.defaults;
    const defaults = own.map((one) => ({ ...one, grants: grantsWithout(one.grants, row.id, role) }));
    const isChanged =
      own.length !== row.body.defaults.length || defaults.some(({ grants }, at) => grants.length !== own[at].grants.length);
    if (isChanged) body = { ...body, defaults } as typeof body;
  }
  if (saidColumns(row, role).length > 0 && (row.kind === 'table' || row.kind === 'view')) {
    const lists = Object.entries(row.body.columnGrants ?? {}).map(
      ([at, list]) => [at, grantsWithout(list, owner, role)] as const,
    );
    body = { ...body, columnGrants: Object.fromEntries(lists.filter(([, list]) => list.length > 0)) } as typeof body;
  }
  if (row.kind === 'table' && row.body.policies?.some(({ roles }) => roles.includes(role)) === true) {
    const policies = row.body.policies
      .map((policy) => ({ ...policy, roles: policy.roles.filter((one) => one !== role) }))
      .filter(({ roles }) => roles.length > 0);
    body = { ...body, policies } as typeof body;
  }
  return body === row.body ? null : ({ ...row, body } as ObjectRow);
}
