/** Rows of pg_catalog's tables of schemas, roles, databases and what a database is made of besides its relations. */

import { type Grants, RIGHTS } from '../grants.ts';
import type { SessionReader } from '../reader.ts';
import type { RoleRow } from '../stored.ts';
import { ROLE_SUPERUSER, SCHEMA_INFORMATION, SCHEMA_PG_CATALOG, SCHEMA_PUBLIC } from '../system-tables.ts';
import { describeType } from './describe.ts';
import { aclOf, aclValue } from './pg-rights.ts';
import { HIDDEN_SCHEMA, SCHEMA_PG_TOAST, sequencesOf, temporarySchemaId } from './relations.ts';
import { int8Value, type Lookup, type RowMakers, type VirtualRow } from './virtual-table.ts';

export const DATABASE_ID = 5;

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

const databaseRow = (reader: SessionReader): VirtualRow => ({
  oid: DATABASE_ID,
  datname: reader.session.database ?? 'scratchbird',
  datdba: ROLE_SUPERUSER,
  encoding: 6,
  datlocprovider: 'c',
  datistemplate: false,
  datallowconn: true,
  datconnlimit: -1,
  datfrozenxid: '0',
  datminmxid: '0',
  dattablespace: 1663,
  datacl: aclOf(reader, ROLE_SUPERUSER),
  datcollate: 'C',
  datctype: 'C',
});

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
  pg_database: (reader) => [databaseRow(reader)],
  pg_tablespace: () => [tablespace(1663, 'pg_default'), tablespace(1664, 'pg_global')],
};
