/** Rows of pg_catalog's tables of schemas, roles, databases and what a database is made of besides its relations. */

import { EXTENSIONS } from '../extensions.ts';
import { type Grants, RIGHTS } from '../grants.ts';
import type { SessionReader } from '../reader.ts';
import { extensionName, type ExtensionRow, type RoleRow } from '../stored.ts';
import { FIRST_DATABASE, ROLE_SUPERUSER, SCHEMA_INFORMATION, SCHEMA_PG_CATALOG, SCHEMA_PUBLIC } from '../system-tables.ts';
import { describeType } from './describe.ts';
import { aclOf, aclValue } from './pg-rights.ts';
import { HIDDEN_SCHEMA, SCHEMA_PG_TOAST, sequencesOf, temporarySchemaId } from './relations.ts';
import { int8Value, type Lookup, type RowMakers, type VirtualRow } from './virtual-table.ts';

/** The number of a database as clients see it: the first has PostgreSQL's. */
export const databaseNumber = (database: number): number => (database === 0 ? FIRST_DATABASE : database);

function* sequenceRows(reader: SessionReader, lookup: Lookup | null): Iterable<VirtualRow> {
  const one = lookup?.column === 'seqrelid' ? reader.relation(Number(lookup.value)) : null;
  const all = lookup?.column !== 'seqrelid' ? sequencesOf(reader) : one?.kind === 'sequence' ? [one] : [];
  for (const sequence of all) {
    yield {
      seqrelid: sequence.id,
      seqtypid: describeType(sequence.type).oid,
      seqstart: int8Value(sequence.start),
      seqincrement: int8Value(sequence.increment),
      seqmax: int8Value(sequence.maximum),
      seqmin: int8Value(sequence.minimum),
      seqcache: sequence.cache,
      seqcycle: sequence.cycle,
    };
  }
}

const SYSTEM_SCHEMA_GRANTS: Grants = [
  { to: ROLE_SUPERUSER, by: 0, rights: RIGHTS.schema },
  { to: 0, by: 0, rights: ['usage'] },
];

function* namespaceRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { id, name, owner } of reader.schemas())
    if (name !== HIDDEN_SCHEMA) {
      const own = reader.entry(id)?.row?.kind === 'schema';
      const nspacl = own ? aclOf(reader, id) : aclValue(reader, owner, SYSTEM_SCHEMA_GRANTS);
      yield { oid: id, nspname: name, nspowner: owner, nspacl };
    }
  yield { oid: SCHEMA_PG_TOAST, nspname: 'pg_toast', nspowner: ROLE_SUPERUSER };
  const { id } = reader.session;
  if (id !== 0) yield { oid: temporarySchemaId(id), nspname: `pg_temp_${id}`, nspowner: ROLE_SUPERUSER };
}

/** What schemas had when the database was made: dumps leave it out. */
const initialRows = (reader: SessionReader): VirtualRow[] =>
  [SCHEMA_PG_CATALOG, SCHEMA_INFORMATION, SCHEMA_PUBLIC].map((objoid) => ({
    ...{ objoid, classoid: 2615, objsubid: 0, privtype: 'i' },
    initprivs: aclValue(reader, ROLE_SUPERUSER, SYSTEM_SCHEMA_GRANTS),
  }));

// ---- roles ----

const roleRow = ({ id, name, superuser, login, ...role }: RoleRow): VirtualRow => ({
  oid: id,
  rolname: name,
  rolsuper: superuser,
  rolinherit: role.inherit,
  rolcreaterole: role.createRole,
  rolcreatedb: role.createDatabase,
  rolcanlogin: login,
  rolreplication: role.replication,
  rolconnlimit: role.connectionLimit,
  rolpassword: '********',
  rolbypassrls: role.bypassRowSecurity,
});

const authRow = (role: RoleRow): VirtualRow => ({
  ...roleRow(role),
  rolpassword: Object.values(role.verifiers ?? {})[0] ?? null,
});

const userRow = ({ id, name, superuser, createDatabase, replication, bypassRowSecurity }: RoleRow): VirtualRow => ({
  usename: name,
  usesysid: id,
  usecreatedb: createDatabase,
  usesuper: superuser,
  userepl: replication,
  usebypassrls: bypassRowSecurity,
  passwd: '********',
});

const logins = (reader: SessionReader): RoleRow[] => reader.roles().filter(({ login }) => login);

/** Passwords are for those alone who may see all. */
const seen = (reader: SessionReader): readonly RoleRow[] => (reader.role()?.superuser === true ? reader.roles() : []);

// ---- the database ----

const firstDatabase = (reader: SessionReader): VirtualRow =>
  databaseRow(reader, FIRST_DATABASE, reader.session.firstDatabase ?? reader.session.database ?? 'scratchbird', ROLE_SUPERUSER);

/** Of this session's, then the others'. */
export function databaseRows(reader: SessionReader): VirtualRow[] {
  const made = reader.databases().map((row) => databaseRow(reader, row.id, row.name, row.body.owner));
  return [firstDatabase(reader), ...made];
}

const databaseRow = (reader: SessionReader, oid: number, name: string, owner: number): VirtualRow => ({
  oid,
  datname: name,
  datdba: owner,
  encoding: 6,
  datlocprovider: 'c',
  datistemplate: false,
  datallowconn: true,
  datconnlimit: -1,
  datfrozenxid: '0',
  datminmxid: '0',
  dattablespace: 1663,
  datacl: aclOf(reader, oid === FIRST_DATABASE ? ROLE_SUPERUSER : oid),
  datcollate: 'C',
  datctype: 'C',
});

// ---- extensions ----

const extensionsOf = (reader: SessionReader): ExtensionRow[] =>
  reader.all('extension').flatMap(({ row }) => (row.kind === 'extension' ? [row] : []));

const extensionRows = (reader: SessionReader): VirtualRow[] =>
  extensionsOf(reader).map((row) => ({
    ...{ oid: row.id, extname: extensionName(row), extowner: row.body.owner, extnamespace: row.schema },
    ...{ extrelocatable: true, extversion: row.body.version },
  }));

const installed = (reader: SessionReader): Map<string, string> =>
  new Map(extensionsOf(reader).map((row) => [extensionName(row), row.body.version]));

function* availableRows(reader: SessionReader): Iterable<VirtualRow> {
  const there = installed(reader);
  for (const [name, { version, comment }] of EXTENSIONS)
    yield { name, default_version: version, installed_version: there.get(name) ?? null, comment };
}

function* versionRows(reader: SessionReader): Iterable<VirtualRow> {
  const there = installed(reader);
  for (const [name, { version, comment, trusted }] of EXTENSIONS)
    yield { name, version, installed: there.has(name), superuser: true, trusted, relocatable: true, comment };
}

const tablespace = (oid: number, spcname: string): VirtualRow => ({ oid, spcname, spcowner: ROLE_SUPERUSER });

export const PG_CATALOG: RowMakers = {
  pg_sequence: sequenceRows,
  pg_namespace: namespaceRows,
  pg_init_privs: initialRows,
  pg_authid: (reader) => seen(reader).map(authRow),
  pg_roles: (reader) => reader.roles().map(roleRow),
  pg_user: (reader) => logins(reader).map(userRow),
  pg_shadow: (reader) => (reader.role()?.superuser === true ? logins(reader).map(userRow) : []),
  pg_group: (reader) =>
    reader
      .roles()
      .filter(({ login }) => !login)
      .map(({ id, name }) => ({ groname: name, grosysid: id })),
  pg_database: databaseRows,
  pg_extension: extensionRows,
  pg_available_extensions: availableRows,
  pg_available_extension_versions: versionRows,
  pg_tablespace: () => [tablespace(1663, 'pg_default'), tablespace(1664, 'pg_global')],
};
