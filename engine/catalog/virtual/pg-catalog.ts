/**
 * pg_class, pg_attribute and their like, with the columns of PostgreSQL 15. Arrays, vectors and access lists are text in PostgreSQL's
 * form, since there are no array types yet.
 */

import type { CatalogSequence, CatalogTable, CatalogVirtualTable } from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import { ROLE_SUPERUSER } from '../system-tables.ts';
import { AM_BTREE, AM_HASH, AM_HEAP, baseTypes, COLLATION_C, describeType, type TypeDescription } from './describe.ts';
import { constraintRows, indexRows } from './pg-constraints.ts';
import { attributeRows, classRows, defaultRows } from './pg-relations.ts';
import { SCHEMA_PG_TOAST, sequencesOf, tablesOf, temporarySchemaId } from './relations.ts';
import { defineVirtual, int8Value, type VirtualRow, type VirtualTable } from './virtual-table.ts';

const DATABASE_ID = 5;

// ---- pg_type ----

const kindOf = ({ name, category }: TypeDescription): string =>
  category === 'P' || category === 'X' ? 'p' : category !== 'R' ? 'b' : name.endsWith('multirange') ? 'm' : 'r';

function* typeRows(): Iterable<VirtualRow> {
  for (const [, type] of baseTypes()) {
    const common = {
      typnamespace: 11,
      typowner: ROLE_SUPERUSER,
      typisdefined: true,
      typdelim: ',',
      typrelid: 0,
      typmodin: '-',
      typmodout: '-',
      typanalyze: '-',
      typnotnull: false,
      typbasetype: 0,
      typtypmod: -1,
      typndims: 0,
      typcollation: type.category === 'S' ? COLLATION_C : 0,
    };
    yield {
      ...common,
      oid: type.oid,
      typname: type.name,
      typlen: type.length,
      typbyval: type.byValue,
      typtype: kindOf(type),
      typcategory: type.category,
      typispreferred: type.preferred,
      typsubscript: '-',
      typelem: 0,
      typarray: type.array,
      typinput: `${type.name}in`,
      typoutput: `${type.name}out`,
      typreceive: `${type.name}recv`,
      typsend: `${type.name}send`,
      typalign: type.align,
      typstorage: type.length < 0 ? 'x' : 'p',
    };
    if (type.array === 0) continue;
    yield {
      ...common,
      oid: type.array,
      typname: `_${type.name}`,
      typlen: -1,
      typbyval: false,
      typtype: 'b',
      typcategory: 'A',
      typispreferred: false,
      typsubscript: 'array_subscript_handler',
      typelem: type.oid,
      typarray: 0,
      typinput: 'array_in',
      typoutput: 'array_out',
      typreceive: 'array_recv',
      typsend: 'array_send',
      typalign: type.align === 'd' ? 'd' : 'i',
      typstorage: 'x',
    };
  }
}

function sequenceRow(sequence: CatalogSequence): VirtualRow {
  return {
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

// ---- the rest ----

function* namespaceRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { id, name, owner } of reader.schemas()) yield { oid: id, nspname: name, nspowner: owner };
  yield { oid: SCHEMA_PG_TOAST, nspname: 'pg_toast', nspowner: ROLE_SUPERUSER };
  const { id } = reader.session;
  if (id !== 0) yield { oid: temporarySchemaId(id), nspname: `pg_temp_${id}`, nspowner: ROLE_SUPERUSER };
}

function roleRow({ id, name, superuser, login }: { id: number; name: string; superuser: boolean; login: boolean }): VirtualRow {
  return {
    oid: id,
    rolname: name,
    rolsuper: superuser,
    rolinherit: true,
    rolcreaterole: superuser,
    rolcreatedb: superuser,
    rolcanlogin: login,
    rolreplication: superuser,
    rolconnlimit: -1,
    rolpassword: '********',
    rolbypassrls: superuser,
  };
}

const databaseRow = (reader: SessionReader): VirtualRow => ({
  oid: DATABASE_ID,
  datname: reader.port.settings.database ?? 'scratchbird',
  datdba: ROLE_SUPERUSER,
  encoding: 6,
  datlocprovider: 'c',
  datistemplate: false,
  datallowconn: true,
  datconnlimit: -1,
  datfrozenxid: 0,
  datminmxid: 0,
  dattablespace: 1663,
  datcollate: 'C',
  datctype: 'C',
});

const NAMES = 'oid oid!, ';
const pg = (name: string, id: number, columns: string, make: (reader: SessionReader) => Iterable<VirtualRow>): VirtualTable =>
  defineVirtual('pg_catalog', name, id, columns, make);

export const PG_CATALOG: readonly VirtualTable[] = [
  pg(
    'pg_class',
    1259,
    `${NAMES}relname name!, relnamespace oid!, reltype oid!, reloftype oid!, relowner oid!, relam oid!, relfilenode oid!, reltablespace oid!, relpages int4!, reltuples float4!, relallvisible int4!, reltoastrelid oid!, relhasindex bool!, relisshared bool!, relpersistence text!, relkind text!, relnatts int2!, relchecks int2!, relhasrules bool!, relhastriggers bool!, relhassubclass bool!, relrowsecurity bool!, relforcerowsecurity bool!, relispopulated bool!, relreplident text!, relispartition bool!, relrewrite oid!, relfrozenxid int8!, relminmxid int8!, relacl text, reloptions text, relpartbound text`,
    classRows,
  ),
  pg(
    'pg_attribute',
    1249,
    'attrelid oid!, attname name!, atttypid oid!, attstattarget int4!, attlen int2!, attnum int2!, attndims int4!, attcacheoff int4!, atttypmod int4!, attbyval bool!, attalign text!, attstorage text!, attcompression text!, attnotnull bool!, atthasdef bool!, atthasmissing bool!, attidentity text!, attgenerated text!, attisdropped bool!, attislocal bool!, attinhcount int4!, attcollation oid!, attacl text, attoptions text, attfdwoptions text, attmissingval text',
    attributeRows,
  ),
  pg('pg_attrdef', 2604, `${NAMES}adrelid oid!, adnum int2!, adbin text!`, defaultRows),
  pg(
    'pg_type',
    1247,
    `${NAMES}typname name!, typnamespace oid!, typowner oid!, typlen int2!, typbyval bool!, typtype text!, typcategory text!, typispreferred bool!, typisdefined bool!, typdelim text!, typrelid oid!, typsubscript text!, typelem oid!, typarray oid!, typinput text!, typoutput text!, typreceive text!, typsend text!, typmodin text!, typmodout text!, typanalyze text!, typalign text!, typstorage text!, typnotnull bool!, typbasetype oid!, typtypmod int4!, typndims int4!, typcollation oid!, typdefaultbin text, typdefault text, typacl text`,
    typeRows,
  ),
  pg('pg_namespace', 2615, `${NAMES}nspname name!, nspowner oid!, nspacl text`, namespaceRows),
  pg(
    'pg_index',
    2610,
    'indexrelid oid!, indrelid oid!, indnatts int2!, indnkeyatts int2!, indisunique bool!, indnullsnotdistinct bool!, indisprimary bool!, indisexclusion bool!, indimmediate bool!, indisclustered bool!, indisvalid bool!, indcheckxmin bool!, indisready bool!, indislive bool!, indisreplident bool!, indkey text!, indcollation text!, indclass text!, indoption text!, indexprs text, indpred text',
    indexRows,
  ),
  pg(
    'pg_constraint',
    2606,
    `${NAMES}conname name!, connamespace oid!, contype text!, condeferrable bool!, condeferred bool!, convalidated bool!, conrelid oid!, contypid oid!, conindid oid!, conparentid oid!, confrelid oid!, confupdtype text!, confdeltype text!, confmatchtype text!, conislocal bool!, coninhcount int4!, connoinherit bool!, conkey text, confkey text, conpfeqop text, conppeqop text, conffeqop text, confdelsetcols text, conexclop text, conbin text`,
    constraintRows,
  ),
  pg(
    'pg_sequence',
    2224,
    'seqrelid oid!, seqtypid oid!, seqstart int8!, seqincrement int8!, seqmax int8!, seqmin int8!, seqcache int8!, seqcycle bool!',
    (reader) => sequencesOf(reader).map(sequenceRow),
  ),
  pg(
    'pg_authid',
    1260,
    `${NAMES}rolname name!, rolsuper bool!, rolinherit bool!, rolcreaterole bool!, rolcreatedb bool!, rolcanlogin bool!, rolreplication bool!, rolbypassrls bool!, rolconnlimit int4!, rolpassword text, rolvaliduntil timestamptz`,
    (reader) => reader.roles().map(roleRow),
  ),
  pg(
    'pg_roles',
    12000,
    'rolname name, rolsuper bool, rolinherit bool, rolcreaterole bool, rolcreatedb bool, rolcanlogin bool, rolreplication bool, rolconnlimit int4, rolpassword text, rolvaliduntil timestamptz, rolbypassrls bool, rolconfig text, oid oid',
    (reader) => reader.roles().map(roleRow),
  ),
  pg(
    'pg_database',
    1262,
    `${NAMES}datname name!, datdba oid!, encoding int4!, datlocprovider text!, datistemplate bool!, datallowconn bool!, datconnlimit int4!, datfrozenxid int8!, datminmxid int8!, dattablespace oid!, datcollate text!, datctype text!, daticulocale text, datcollversion text, datacl text`,
    (reader) => [databaseRow(reader)],
  ),
  pg('pg_am', 2601, `${NAMES}amname name!, amhandler text!, amtype text!`, () => [
    { oid: AM_HEAP, amname: 'heap', amhandler: 'heap_tableam_handler', amtype: 't' },
    { oid: AM_BTREE, amname: 'btree', amhandler: 'bthandler', amtype: 'i' },
    { oid: AM_HASH, amname: 'hash', amhandler: 'hashhandler', amtype: 'i' },
  ]),
  pg(
    'pg_collation',
    3456,
    `${NAMES}collname name!, collnamespace oid!, collowner oid!, collprovider text!, collisdeterministic bool!, collencoding int4!, collcollate text, collctype text, colliculocale text, collversion text`,
    () => [
      {
        oid: 100,
        collname: 'default',
        collnamespace: 11,
        collowner: ROLE_SUPERUSER,
        collprovider: 'd',
        collisdeterministic: true,
        collencoding: -1,
      },
      {
        oid: COLLATION_C,
        collname: 'C',
        collnamespace: 11,
        collowner: ROLE_SUPERUSER,
        collprovider: 'c',
        collisdeterministic: true,
        collencoding: -1,
        collcollate: 'C',
        collctype: 'C',
      },
    ],
  ),
  pg('pg_tablespace', 1213, `${NAMES}spcname name!, spcowner oid!, spcacl text, spcoptions text`, () => [
    { oid: 1663, spcname: 'pg_default', spcowner: ROLE_SUPERUSER },
  ]),
  // What there is nothing of yet, but clients ask for.
  pg('pg_description', 2609, 'objoid oid!, classoid oid!, objsubid int4!, description text!', descriptionRows),
  pg('pg_shdescription', 2396, 'objoid oid!, classoid oid!, description text!', () => []),
  pg('pg_inherits', 2611, 'inhrelid oid!, inhparent oid!, inhseqno int4!, inhdetachpending bool!', () => []),
  pg(
    'pg_depend',
    2608,
    'classid oid!, objid oid!, objsubid int4!, refclassid oid!, refobjid oid!, refobjsubid int4!, deptype text!',
    dependRows,
  ),
  pg('pg_enum', 3501, `${NAMES}enumtypid oid!, enumsortorder float4!, enumlabel name!`, () => []),
  pg(
    'pg_extension',
    3079,
    `${NAMES}extname name!, extowner oid!, extnamespace oid!, extrelocatable bool!, extversion text!, extconfig text, extcondition text`,
    () => [],
  ),
  pg(
    'pg_trigger',
    2620,
    `${NAMES}tgrelid oid!, tgparentid oid!, tgname name!, tgfoid oid!, tgtype int2!, tgenabled text!, tgisinternal bool!, tgconstrrelid oid!, tgconstrindid oid!, tgconstraint oid!, tgdeferrable bool!, tginitdeferred bool!, tgnargs int2!, tgattr text!, tgargs bytea!, tgqual text, tgoldtable name, tgnewtable name`,
    () => [],
  ),
];

const CLASS_ID = 1259;
const NAMESPACE_ID = 2615;

/** COMMENT ON tables, views, sequences, indexes, schemas, and columns of them. */
function* descriptionRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { row } of reader.all()) {
    const classoid = row.kind === 'schema' ? NAMESPACE_ID : CLASS_ID;
    for (const [part, description] of Object.entries(row.body?.comments ?? {})) {
      const column = /^column:(\d+)$/.exec(part);
      if (part === 'self') yield { objoid: row.id, classoid, objsubid: 0, description };
      else if (column !== null) yield { objoid: row.id, classoid, objsubid: Number(column[1]), description };
    }
  }
}

/** Sequences depend on their columns: 'a' for serial, 'i' for identity. */
function* dependRows(reader: SessionReader): Iterable<VirtualRow> {
  const tables = new Map<number, CatalogTable | CatalogVirtualTable>(tablesOf(reader).map((table) => [table.id, table]));
  for (const sequence of sequencesOf(reader)) {
    const column = tables.get(sequence.ownerTable)?.columns.find(({ number }) => number === sequence.ownerAttribute);
    if (column === undefined) continue;
    yield {
      classid: 1259,
      objid: sequence.id,
      objsubid: 0,
      refclassid: 1259,
      refobjid: sequence.ownerTable,
      refobjsubid: sequence.ownerAttribute,
      deptype: column.identity === 'none' ? 'a' : 'i',
    };
  }
}
