/**
 * The catalog's own tables (SM-F3): ids below 100 and layouts that the format version fixes.
 *
 *   sys.objects      id | schema | name | kind | parent | version | definition      tables, indexes, views, types, schemas, roles ...
 *   sys.schemas      id | name | owner
 *   sys.statistics   object | attribute | definition          what ANALYZE found; attribute 0: of the table as a whole
 *
 * One row is one object, its definition as JSON: a change of an object is a change of one row, so that first updater wins and row
 * waits hold for DDL as they do for everything. Indexes have rows too, for their names share the schema with tables; what they
 * are stands with their table (parent).
 *
 * Temporary objects lie in tables of the same form whose rows live for this boot only; their schema is -session.
 */

import type { Column } from '../storage/rows/row-layout.ts';
import type { SystemTable } from './kernel-port.ts';

export const SYS_OBJECTS = 2;
export const SYS_SCHEMAS = 3;
export const SYS_STATISTICS = 5;
export const SYS_TEMPORARY_OBJECTS = 6;
export const SYS_TEMPORARY_STATISTICS = 7;

export const OBJECTS_BY_ID = 'sys.objects_id';
export const OBJECTS_BY_NAME = 'sys.objects_name';
export const OBJECTS_BY_PARENT = 'sys.objects_parent';
export const SCHEMAS_BY_ID = 'sys.schemas_id';
export const SCHEMAS_BY_NAME = 'sys.schemas_name';
export const STATISTICS_BY_OBJECT = 'sys.statistics_object';

const int = (name: string): Column => ({ name, kind: 'int32', nullable: false });
const text = (name: string): Column => ({ name, kind: 'text', nullable: false });
const json = (name: string): Column => ({ name, kind: 'json', nullable: false });
const index = (name: string, columns: readonly string[], unique = true) => ({ name, columns, unique });

const objects = (id: number, name: string, temporary: boolean): SystemTable => ({
  id,
  name,
  temporary,
  columns: [int('id'), int('schema'), text('name'), text('kind'), int('parent'), int('version'), json('definition')],
  indexes: [
    index(OBJECTS_BY_ID, ['id']),
    index(OBJECTS_BY_NAME, ['schema', 'name']),
    index(OBJECTS_BY_PARENT, ['parent'], false),
  ],
});

const statistics = (id: number, name: string, temporary: boolean): SystemTable => ({
  id,
  name,
  temporary,
  columns: [int('object'), int('attribute'), json('definition')],
  indexes: [index(STATISTICS_BY_OBJECT, ['object', 'attribute'])],
});

export const SYSTEM_TABLES: readonly SystemTable[] = [
  objects(SYS_OBJECTS, 'sys.objects', false),
  {
    id: SYS_SCHEMAS,
    name: 'sys.schemas',
    temporary: false,
    columns: [int('id'), text('name'), int('owner')],
    indexes: [index(SCHEMAS_BY_ID, ['id']), index(SCHEMAS_BY_NAME, ['name'])],
  },
  statistics(SYS_STATISTICS, 'sys.statistics', false),
  objects(SYS_TEMPORARY_OBJECTS, 'sys.temporary_objects', true),
  statistics(SYS_TEMPORARY_STATISTICS, 'sys.temporary_statistics', true),
];

/** Ids of schemas and roles that every database has; those that PostgreSQL has too have its numbers. */
export const SCHEMA_PG_CATALOG = 11;
export const SCHEMA_PUBLIC = 2200;
export const SCHEMA_INFORMATION = 13000;
export const SCHEMA_SYS = 90;
/** Where the names of roles are: no schema that a name could name. */
export const SCHEMA_ROLES = 1;
/** Where the names of databases are; and the number that the first one has, which is no object and is called as its server says. */
export const SCHEMA_DATABASES = 2;
export const FIRST_DATABASE = 5;
export const ROLE_SUPERUSER = 10;
export const ROLE_DATABASE_OWNER = 6171;
/** Name of the role that a new database has, as of its superuser; a server calls it as its clients expect. */
export const SUPERUSER = 'scratchbird';

/** The sequence that gives out ids and versions of objects: neither comes twice in the life of a database. */
export const OBJECT_IDS = 91;
export const FIRST_OBJECT_ID = 16384n;
export const LAST_OBJECT_ID = 2147483647n;
