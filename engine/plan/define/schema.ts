/** CREATE and ALTER SCHEMA; renaming objects, giving them another schema or owner. */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { isTemporarySchema, NO_SCHEMA } from '../../catalog/entries.ts';
import { denied, mustOwn, noDatabase, noSchema, relationExists } from '../../catalog/errors.ts';
import { clipName } from '../../catalog/names.ts';
import { withOwner } from '../../catalog/roles.ts';
import type { ObjectRow, RoleRow, SchemaObjectRow } from '../../catalog/stored.ts';
import type { SourceCreateSchemaNode } from '../../sblr/source.gen.ts';
import { type DefinitionEnvironment, fault, readerOf } from './environment.ts';

/** Names that only the system gives. 42939 */
function mustBeOrdinary(name: string, at: number): void {
  if (!name.startsWith('pg_')) return;
  throw fault(SQLSTATE.reserved_name, `unacceptable schema name "${name}"`, at, {
    detail: 'The prefix "pg_" is reserved for system schemas.',
  });
}

const schemaExists = (name: string): SqlError => new SqlError(SQLSTATE.duplicate_schema, `schema "${name}" already exists`);

/** Makes a schema. Null: it was there already, and that was no error. */
export function createSchema(source: SourceCreateSchemaNode, environment: DefinitionEnvironment): string | null {
  const { catalog, tx, session } = environment;
  const reader = readerOf(environment);
  const role = reader.role();
  const owner = source.role === null ? role : roleNamed(source.role, environment);
  if (role === null || owner === null) throw new SqlError(SQLSTATE.undefined_object, `role "${session.role}" does not exist`);
  const name = clipName(source.name ?? owner.name);
  mustBeOrdinary(name, source.at);
  if (reader.database !== NO_SCHEMA && reader.databaseRow() === null) throw noDatabase(session.database ?? '');
  if (!reader.mayCreateSchemas()) throw denied('database', session.database ?? 'scratchbird');
  if (reader.schemaId(name) !== null) {
    if (source.ifNotExists) return null;
    throw schemaExists(name);
  }
  const id = catalog.nextId();
  const body = { owner: owner.id, grants: null };
  catalog.change(tx, () => {
    catalog.insert(tx, { id, schema: reader.database, name, kind: 'schema', parent: 0, version: catalog.nextId(), body });
  });
  return name;
}

/** A role by its name; CURRENT_USER and the like. 42704 */
export function roleNamed(name: string, environment: DefinitionEnvironment): RoleRow {
  const wanted = ['current_user', 'current_role', 'session_user'].includes(name) ? environment.session.role : name;
  const found = readerOf(environment)
    .roles()
    .find((role) => role.name === wanted);
  if (found === undefined) throw new SqlError(SQLSTATE.undefined_object, `role "${wanted}" does not exist`);
  return found;
}

/** A schema that somebody has made. 3F000, 42501 */
export function schemaNamed(name: string, environment: DefinitionEnvironment): SchemaObjectRow {
  const { catalog, tx } = environment;
  const reader = readerOf(environment);
  const id = reader.schemaId(name);
  if (id === null) throw noSchema(name);
  const row = catalog.entry(tx, id)?.row;
  if (row?.kind !== 'schema') throw denied('schema', name);
  if (!reader.owns(row.body.owner)) throw mustOwn('schema', name);
  return row;
}

/** The objects of a schema know its name: they become new ones with it. */
export function renameSchema(row: SchemaObjectRow, to: string, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const name = clipName(to);
  if (readerOf(environment).schemaId(name) !== null) throw schemaExists(name);
  mustBeOrdinary(name, 0);
  const inside = readerOf(environment)
    .all()
    .filter((one) => one.row.schema === row.id);
  catalog.replace(tx, { ...row, name, version: catalog.nextId() });
  for (const one of inside) catalog.replace(tx, { ...one.row, version: catalog.nextId() });
}

/** Another name for an object. 42P07 */
export function renameObject(row: ObjectRow, to: string, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const name = clipName(to);
  if (name !== row.name && catalog.isTaken(tx, row.schema, name)) throw relationExists(name);
  catalog.replace(tx, { ...row, name, version: catalog.nextId() });
  if (row.kind !== 'index') return;
  const table = catalog.entry(tx, row.parent)?.row;
  if (table?.kind !== 'table') return;
  const indexes = table.body.indexes.map((index) =>
    index.id === row.id ? { ...index, name, constraint: index.constraint === null ? null : name } : index,
  );
  catalog.replace(tx, { ...table, version: catalog.nextId(), body: { ...table.body, indexes } });
}

/** The schema of that name, where something of another one is to go; null: it is there. 3F000, 0A000 */
export function otherSchema(from: number, to: string, environment: DefinitionEnvironment): number | null {
  const schema = readerOf(environment).schemaId(to);
  if (schema === null) throw noSchema(to);
  if (schema === from) return null;
  if (isTemporarySchema(schema) || isTemporarySchema(from))
    throw new SqlError(SQLSTATE.feature_not_supported, 'cannot move objects into or out of temporary schemas');
  return schema;
}

/** Moves an object, with the indexes and sequences that are part of it. 42P07, 3F000, 0A000 */
export function moveObject(row: ObjectRow, to: string, environment: DefinitionEnvironment): void {
  const { catalog, tx, session } = environment;
  const schema = otherSchema(row.schema, to, environment);
  if (schema === null) return;
  catalog.placeFor(tx, session, { schema: to, name: row.name }, false);
  const parts = row.kind === 'table' ? partsOf(row.id, environment) : [];
  for (const one of [row, ...parts]) {
    if (catalog.isTaken(tx, schema, one.name))
      throw new SqlError(SQLSTATE.duplicate_table, `relation "${one.name}" already exists in schema "${to}"`);
    catalog.replace(tx, { ...one, schema, version: catalog.nextId() });
  }
}

const partsOf = (table: number, environment: DefinitionEnvironment): ObjectRow[] =>
  readerOf(environment)
    .all()
    .flatMap(({ row }) => ((row.kind === 'index' || row.kind === 'sequence') && row.parent === table ? [row] : []));

/** Another owner, of what is part of it too. 42501 */
export function changeOwner(row: ObjectRow, to: string, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const role = roleNamed(to, environment);
  const reader = readerOf(environment);
  const own = reader.role();
  if (own !== null && !own.superuser) {
    if (!reader.isMember(own, role.id))
      throw new SqlError(SQLSTATE.insufficient_privilege, `must be member of role "${role.name}"`);
    const schema = row.kind === 'schema' || row.kind === 'index' ? undefined : reader.entry(row.schema)?.row;
    if (schema?.kind === 'schema' && !reader.mayDo(role, schema, 'create')) throw denied('schema', schema.name);
  }
  const parts = row.kind === 'table' ? partsOf(row.id, environment) : [];
  for (const one of [row, ...parts]) if (one.kind !== 'index') catalog.replace(tx, withOwner(one, role.id, catalog.nextId()));
}
