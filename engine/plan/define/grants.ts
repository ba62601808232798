/**
 * GRANT and REVOKE: rights on objects and on columns, as they stand with the object (catalog/grants.ts). Who grants is the owner, for
 * whoever has the owner's rights, else a role that may grant them on. What he may not grant is told, and left alone.
 */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import type { Notice } from '../../catalog/definitions.ts';
import { noDatabase, noRelation, noSchema } from '../../catalog/errors.ts';
import { changedGrants, firstGrants, type GrantedKind, type Grants, hasRight, RIGHTS, sameGrants } from '../../catalog/grants.ts';
import type { ColumnGrants, DefaultGrant, ObjectRow, RoleRow } from '../../catalog/stored.ts';
import { ROLE_SUPERUSER } from '../../catalog/system-tables.ts';
import { virtualTable } from '../../catalog/virtual/registry.ts';
import type { SourceGrantedRight, SourceStatement } from '../../sblr/source.gen.ts';
import { type DefinitionEnvironment, fault, qualified, readerOf, shownName, unsupported } from './environment.ts';
import { firstDatabaseOf } from './database.ts';
import { namedRole } from './roles.ts';
import { routineNamed } from './routine-names.ts';
import { typeNamed } from './type.ts';

type Grant = Extract<SourceStatement, { op: 'grant' }>;
type Kind = Exclude<GrantedKind, 'column'>;
export type GrantedRow = Exclude<ObjectRow, { kind: 'index' }>;

const KIND_OF: { readonly [kind in Grant['kind']]: Kind | 'language' } = {
  ...{ table: 'table', sequence: 'sequence', schema: 'schema', database: 'database' },
  ...{ function: 'function', procedure: 'function', routine: 'function', type: 'type', domain: 'type', language: 'language' },
  ...{ allTables: 'table', allSequences: 'sequence', allFunctions: 'function' },
};

const SHOWN: { readonly [kind in GrantedKind]: string } = {
  ...{ table: 'relation', sequence: 'sequence', schema: 'schema', database: 'database', function: 'function' },
  ...{ type: 'type', column: 'column' },
};

/** Rights as they are kept. 0LP01 */
function rightsOf(rights: readonly SourceGrantedRight[], kind: GrantedKind): string[] {
  return rights.flatMap(({ name, at }): readonly string[] => {
    if (name === 'all') return RIGHTS[kind];
    const right = name === 'temp' ? 'temporary' : name;
    if (!(RIGHTS[kind] as readonly string[]).includes(right))
      throw fault(SQLSTATE.invalid_grant_operation, `invalid privilege type ${name.toUpperCase()} for ${SHOWN[kind]}`, at);
    return [right];
  });
}

const rolesOf = ({ roles }: Grant, environment: DefinitionEnvironment): number[] =>
  roles.map((name) => (name === 'public' ? 0 : namedRole(name, environment).id));

// ---- who grants ----

const ownerOf = (row: GrantedRow): number => (row.kind === 'role' ? ROLE_SUPERUSER : row.body.owner);

/** Who grants (0: the owner), and which of the rights he may. Null: none at all. */
function grantor(
  row: GrantedRow,
  list: Grants,
  wanted: readonly string[],
  environment: DefinitionEnvironment,
): { readonly by: number; readonly rights: readonly string[] } | null {
  const reader = readerOf(environment);
  const role = reader.role();
  if (role === null) return null;
  if (reader.owns(ownerOf(row))) return { by: 0, rights: wanted };
  let best: { by: number; rights: readonly string[] } = { by: role.id, rights: [] };
  for (const one of [role, ...reader.roles().filter(({ id }) => id !== role.id && reader.hasRightsOf(role, id))]) {
    const rights = wanted.filter((right) => list.some(({ to, rights: own }) => to === one.id && own.includes(`${right}*`)));
    if (rights.length > best.rights.length) best = { by: one.id, rights };
  }
  return best.rights.length > 0 || hasSome(role, list, environment) ? best : null;
}

const hasSome = (role: RoleRow, list: Grants, environment: DefinitionEnvironment): boolean =>
  list.some(({ to, rights }) => rights.length > 0 && (to === 0 || readerOf(environment).hasRightsOf(role, to)));

const denied = (row: GrantedRow): SqlError =>
  new SqlError(
    SQLSTATE.insufficient_privilege,
    `permission denied for ${row.kind === 'role' ? 'database' : row.kind} ${shownRow(row)}`,
  );

const shownRow = (row: GrantedRow): string =>
  row.kind === 'function' || row.kind === 'procedure' ? row.body.routine.name : row.name;

/** What is told when he may not grant all. */
function told(what: string, wanted: readonly string[], rights: readonly string[], isAll: boolean, revoke: boolean): Notice[] {
  const code = revoke ? '01006' : '01007';
  const done = revoke ? 'could be revoked' : 'were granted';
  if (rights.length === 0) return [{ severity: 'WARNING', code, message: `no privileges ${done} for ${what}` }];
  if (isAll || rights.length === wanted.length) return [];
  return [{ severity: 'WARNING', code, message: `not all privileges ${done} for ${what}` }];
}

// ---- GRANT, REVOKE ----

/** One list of grants changed for all that the statement names. */
function changedFor(
  list: Grants,
  row: GrantedRow,
  by: number,
  roles: readonly number[],
  rights: readonly string[],
  source: Grant,
): Grants {
  if (rights.length === 0) return list;
  return roles.reduce((known, to) => changedGrants(known, ownerOf(row), to, by, rights, source), list);
}

/** GRANTED BY names whoever grants anyway. 0A000 */
function mustBeCurrent({ grantedBy, at }: Grant, environment: DefinitionEnvironment): void {
  if (grantedBy === null || namedRole(grantedBy, environment).name === environment.session.role) return;
  throw fault(SQLSTATE.feature_not_supported, 'grantor must be current user', at);
}

const isAllRights = (rights: readonly SourceGrantedRight[]): boolean => rights.some(({ name }) => name === 'all');

/** 42P01, 42501, 42704, 0LP01 */
export function grant(source: Grant, environment: DefinitionEnvironment): Notice[] {
  const kind = KIND_OF[source.kind];
  if (kind === 'language') throw unsupported(`${source.revoke ? 'REVOKE' : 'GRANT'} ON LANGUAGE is`, source.at);
  const { catalog, tx } = environment;
  mustBeCurrent(source, environment);
  if (source.byDefault) {
    defaults(source, kind, rolesOf(source, environment), environment);
    return [];
  }
  const rows = targets(source, kind, environment);
  const roles = rolesOf(source, environment);
  const notices: Notice[] = [];
  catalog.change(tx, () => {
    for (const row of rows) notices.push(...grantOn(row, source, kind, roles, environment));
  });
  return notices;
}

function grantOn(
  row: GrantedRow,
  source: Grant,
  kind: Kind,
  roles: readonly number[],
  environment: DefinitionEnvironment,
): Notice[] {
  const { catalog, tx } = environment;
  const own: Kind = row.kind === 'sequence' ? 'sequence' : kind;
  const whole = source.rights.filter(({ columns }) => columns.length === 0);
  const single = source.rights.filter(({ columns }) => columns.length > 0);
  if (single.length > 0 && own !== 'table')
    throw fault(SQLSTATE.invalid_grant_operation, 'column privileges are only valid for relations', source.at);
  const wanted = rightsOf(whole, own);
  const before = row.body.grants ?? firstGrants(own, ownerOf(row));
  const notices: Notice[] = [];
  let grants = before;
  if (wanted.length > 0) {
    const who = grantor(row, before, wanted, environment);
    if (who === null) throw denied(row);
    notices.push(...told(`"${shownRow(row)}"`, wanted, who.rights, isAllRights(whole), source.revoke));
    grants = changedFor(before, row, who.by, roles, who.rights, source);
  }
  const columnGrants = columnsChanged(row, before, wanted, single, source, roles, environment, notices);
  const body = { ...row.body, grants: wanted.length > 0 ? grants : row.body.grants };
  const next = columnGrants === null ? body : { ...body, columnGrants };
  catalog.replace(tx, { ...row, version: catalog.nextId(), body: next } as ObjectRow);
  return notices;
}

/** Rights to single columns; what is taken from a whole table is taken from its columns, too. Null: nothing of columns. */
function columnsChanged(
  row: GrantedRow,
  ofTable: Grants,
  wanted: readonly string[],
  single: readonly SourceGrantedRight[],
  source: Grant,
  roles: readonly number[],
  environment: DefinitionEnvironment,
  notices: Notice[],
): ColumnGrants | null {
  if (row.kind !== 'table' && row.kind !== 'view') return null;
  const byColumn = new Map<number, Set<string>>();
  const ask = (attribute: number, rights: readonly string[]): void => {
    const known = byColumn.get(attribute) ?? new Set();
    byColumn.set(attribute, known);
    for (const right of rights) known.add(right);
  };
  if (source.revoke)
    for (const attribute of Object.keys(row.body.columnGrants ?? {}))
      ask(
        Number(attribute),
        wanted.filter((right) => hasRight(RIGHTS.column, right)),
      );
  for (const one of single) {
    const rights = rightsOf([one], 'column');
    for (const name of one.columns) ask(columnNamed(row, name, one.at), rights);
  }
  if (byColumn.size === 0) return null;
  const result: { [attribute: string]: Grants } = { ...row.body.columnGrants };
  for (const [attribute, asked] of byColumn) {
    if (asked.size === 0) continue;
    const list = result[attribute] ?? [];
    const all = [...asked];
    const who = grantor(row, [...ofTable, ...list], all, environment);
    if (who === null) throw denied(row);
    const name = row.body.columns.find(({ number }) => number === attribute)?.name ?? '';
    if (single.length > 0)
      notices.push(...told(`column "${name}" of relation "${row.name}"`, all, who.rights, isAllRights(single), source.revoke));
    const changed = changedFor(list, row, who.by, roles, who.rights, source);
    if (changed.length === 0) delete result[attribute];
    else result[attribute] = changed;
  }
  return result;
}

function columnNamed(row: Extract<GrantedRow, { kind: 'table' | 'view' }>, name: string, at: number): number {
  const found = row.body.columns.find((column) => column.hidden === null && column.name === name);
  if (found !== undefined) return found.number;
  throw fault(SQLSTATE.undefined_column, `column "${name}" of relation "${row.name}" does not exist`, at);
}

// ---- what is named ----

function targets(source: Grant, kind: Kind, environment: DefinitionEnvironment): GrantedRow[] {
  const { catalog, tx, semantics } = environment;
  const reader = readerOf(environment);
  if (source.kind.startsWith('all')) {
    const schemas = source.names.map((name) => {
      const id = reader.schemaId(qualified(name, semantics).name);
      if (id === null) throw noSchema(qualified(name, semantics).name);
      return id;
    });
    const kinds = { table: ['table', 'view'], sequence: ['sequence'], function: ['function', 'procedure'] }[kind as 'table'];
    return reader
      .all()
      .flatMap(({ row }) => (row.kind !== 'index' && schemas.includes(row.schema) && kinds.includes(row.kind) ? [row] : []));
  }
  if (kind === 'function') return source.routines.map((routine) => routineNamed(routine, source.kind as 'function', environment));
  if (kind === 'database')
    return source.names.map((named) => {
      const { name } = qualified(named, semantics);
      const made = reader.databaseNamed(name);
      if (made === null && name !== firstDatabaseOf(environment.session)) throw noDatabase(name);
      return made ?? (catalog.entry(tx, ROLE_SUPERUSER)?.row as GrantedRow);
    });
  return source.names.map((named): GrantedRow => {
    const name = qualified(named, semantics);
    if (kind === 'schema') {
      const row = catalog.entry(tx, reader.schemaId(name.name) ?? -1)?.row;
      if (row?.kind !== 'schema') throw noSchema(name.name);
      return row;
    }
    if (kind === 'type') return typeNamed(named, source.kind === 'domain' ? 'domain' : 'type', environment);
    const row = reader.findEntry(name.schema, name.name)?.row;
    if (row === undefined && virtualTable(name.schema ?? 'pg_catalog', name.name) !== null)
      throw unsupported(`rights on the system catalog ${name.name} are fixed: changing them is`, named.at);
    if (row === undefined || row.kind === 'index') throw noRelation(shownName(name));
    if (kind === 'sequence' && row.kind !== 'sequence')
      throw fault(SQLSTATE.wrong_object_type, `"${name.name}" is not a sequence`, named.at);
    return row;
  });
}

// ---- default privileges ----

/** They stand with the role whose new objects they are for; what says no more than the kind does by itself is forgotten. */
function defaults(source: Grant, kind: Kind, roles: readonly number[], environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const reader = readerOf(environment);
  const rights = rightsOf(source.rights, kind);
  const schemas = source.inSchemas.map((name) => {
    const id = reader.schemaId(name);
    if (id === null) throw noSchema(name);
    return id;
  });
  if (schemas.length > 0 && kind === 'schema')
    throw fault(SQLSTATE.invalid_grant_operation, 'cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS', source.at);
  const owners = source.forRoles.length === 0 ? ['current_user'] : source.forRoles;
  catalog.change(tx, () => {
    for (const name of owners) {
      const row = namedRole(name, environment);
      if (!reader.owns(row.id))
        throw new SqlError(SQLSTATE.insufficient_privilege, 'permission denied to change default privileges');
      let list: readonly DefaultGrant[] = row.body.defaults;
      for (const schema of schemas.length === 0 ? [0] : schemas) {
        const known = list.find((one) => one.schema === schema && one.kind === kind);
        const first = schema === 0 ? firstGrants(kind, row.id) : [];
        const grants = roles.reduce((one, to) => changedGrants(one, row.id, to, 0, rights, source), known?.grants ?? first);
        const others = list.filter((one) => one !== known);
        list = sameGrants(grants, first) ? others : [...others, { id: known?.id ?? catalog.nextId(), schema, kind, grants }];
      }
      catalog.replace(tx, { ...row, version: catalog.nextId(), body: { ...row.body, defaults: list } });
    }
  });
}
