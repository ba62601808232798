/**
 * GRANT and REVOKE: rights on objects, as they stand with the object (Grants). Nothing is said of who granted: it counts as the owner.
 *
 *   'select'    may        'select*'   may, and may grant it on        role 0: everybody
 */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { noRelation, noSchema } from '../../catalog/errors.ts';
import type { DefaultGrant, Grants, ObjectRow } from '../../catalog/stored.ts';
import { ROLE_SUPERUSER } from '../../catalog/system-tables.ts';
import type { SourceGrantedRight, SourceStatement } from '../../sblr/source.gen.ts';
import { type DefinitionEnvironment, fault, qualified, readerOf, shownName, unsupported } from './environment.ts';
import { namedRole } from './roles.ts';
import { routineNamed } from './routine-names.ts';

type Grant = Extract<SourceStatement, { op: 'grant' }>;
type Kind = 'table' | 'sequence' | 'schema' | 'database' | 'function' | 'type';
type GrantedRow = Exclude<ObjectRow, { kind: 'index' }>;

const RIGHTS: { readonly [kind in Kind]: readonly string[] } = {
  table: ['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'],
  sequence: ['usage', 'select', 'update'],
  schema: ['usage', 'create'],
  database: ['create', 'connect', 'temporary'],
  function: ['execute'],
  type: ['usage'],
};

const KIND_OF: { readonly [kind in Grant['kind']]: Kind | 'language' } = {
  ...{ table: 'table', sequence: 'sequence', schema: 'schema', database: 'database' },
  ...{ function: 'function', procedure: 'function', routine: 'function', type: 'type', domain: 'type', language: 'language' },
  ...{ allTables: 'table', allSequences: 'sequence', allFunctions: 'function' },
};

/** Rights as they are kept. 0LP01, 0A000 */
function rightsOf(rights: readonly SourceGrantedRight[], kind: Kind): string[] {
  return rights.flatMap(({ name, columns, at }) => {
    if (columns.length > 0) throw unsupported('privileges on single columns are', at, 'grant on a view of these columns');
    if (name === 'all') return RIGHTS[kind];
    const right = name === 'temp' ? 'temporary' : name;
    if (!RIGHTS[kind].includes(right))
      throw fault('0LP01', `invalid privilege type ${name.toUpperCase()} for ${kind === 'table' ? 'relation' : kind}`, at);
    return [right];
  });
}

/** The grants with a change: rights given, with or without the option to grant them on, or taken away. */
function changed(grants: Grants, roles: readonly number[], rights: readonly string[], { revoke, option }: Grant): Grants {
  const result: { [role: string]: readonly string[] } = { ...grants };
  for (const role of roles) {
    const known = new Set(result[role] ?? []);
    for (const right of rights) {
      const had = known.has(`${right}*`);
      if (revoke && option) {
        if (known.delete(`${right}*`)) known.add(right);
        continue;
      }
      known.delete(right);
      known.delete(`${right}*`);
      if (!revoke) known.add(option || had ? `${right}*` : right);
    }
    result[role] = [...known].sort();
    // What everybody may by default is taken away by an empty list.
    if (known.size === 0 && role !== 0) delete result[role];
  }
  return result;
}

const rolesOf = ({ roles }: Grant, environment: DefinitionEnvironment): number[] =>
  roles.map((name) => (name === 'public' ? 0 : namedRole(name, environment).id));

/** 42P01, 42501, 42704, 0LP01 */
export function grant(source: Grant, environment: DefinitionEnvironment): void {
  const kind = KIND_OF[source.kind];
  if (kind === 'language') throw unsupported(`${source.revoke ? 'REVOKE' : 'GRANT'} ON LANGUAGE is`, source.at);
  const { catalog, tx } = environment;
  const roles = rolesOf(source, environment);
  if (source.byDefault) return defaults(source, kind, roles, environment);
  const rows = targets(source, kind, environment);
  catalog.change(tx, () => {
    for (const row of rows) {
      const own: Kind = row.kind === 'sequence' ? 'sequence' : kind;
      const rights = rightsOf(source.rights, own);
      checkMayGrant(row, rights, environment);
      const before = kind === 'function' || kind === 'type' ? withDefault(row.body.grants, RIGHTS[kind]) : row.body.grants;
      const grants = changed(before, roles, rights, source);
      catalog.replace(tx, { ...row, version: catalog.nextId(), body: { ...row.body, grants } } as ObjectRow);
    }
  });
}

/** Routines and types are for everybody until somebody says otherwise. */
const withDefault = (grants: Grants, rights: readonly string[]): Grants =>
  grants[0] === undefined ? { ...grants, 0: rights } : grants;

function checkMayGrant(row: GrantedRow, rights: readonly string[], environment: DefinitionEnvironment): void {
  const reader = readerOf(environment);
  const role = reader.role();
  if (reader.owns(row.kind === 'role' ? ROLE_SUPERUSER : row.body.owner)) return;
  const may = role !== null && rights.every((right) => reader.isGrantedOn(role, row.body.grants, right));
  if (may) return;
  const what = row.kind === 'role' ? 'database' : row.kind;
  throw new SqlError(SQLSTATE.insufficient_privilege, `permission denied for ${what} ${row.name}`);
}

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
  if (kind === 'database') return [catalog.entry(tx, ROLE_SUPERUSER)?.row as GrantedRow];
  return source.names.map((source): GrantedRow => {
    const name = qualified(source, semantics);
    if (kind === 'schema') {
      const row = catalog.entry(tx, reader.schemaId(name.name) ?? -1)?.row;
      if (row?.kind !== 'schema') throw noSchema(name.name);
      return row;
    }
    const row = reader.findEntry(name.schema, name.name)?.row;
    if (row === undefined || row.kind === 'index') throw noRelation(shownName(name));
    if (kind === 'sequence' && row.kind !== 'sequence')
      throw fault(SQLSTATE.wrong_object_type, `"${name.name}" is not a sequence`, source.at);
    return row;
  });
}

// ---- default privileges ----

/** They stand with the role whose new objects they are for. */
function defaults(source: Grant, kind: Kind, roles: readonly number[], environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const reader = readerOf(environment);
  const rights = rightsOf(source.rights, kind);
  const schemas = source.inSchemas.map((name) => {
    const id = reader.schemaId(name);
    if (id === null) throw noSchema(name);
    return id;
  });
  const owners = source.forRoles.length === 0 ? ['current_user'] : source.forRoles;
  catalog.change(tx, () => {
    for (const name of owners) {
      const row = namedRole(name, environment);
      if (!reader.owns(row.id))
        throw new SqlError(SQLSTATE.insufficient_privilege, 'permission denied to change default privileges');
      let list: readonly DefaultGrant[] = row.body.defaults;
      for (const schema of schemas.length === 0 ? [0] : schemas) {
        const known = list.find((one) => one.schema === schema && one.kind === kind);
        const before = known?.grants ?? (kind === 'function' || kind === 'type' ? { 0: RIGHTS[kind] } : {});
        const grants = changed(before, roles, rights, source);
        list = [...list.filter((one) => one !== known), { schema, kind, grants }];
      }
      catalog.replace(tx, { ...row, version: catalog.nextId(), body: { ...row.body, defaults: list } });
    }
  });
}
