/**
 * What a thread keeps of the catalog: committed objects as of a version, and over them what a transaction of its own has changed
 * (TX-T14).
 *
 *   reader  ->  overlay of its transaction  ->  committed objects of this version  ->  rows, read when first asked for
 *
 * When the version moves everything is asked for anew, but an object whose row has the version that is known already stays the same
 * object. The overlay is a journal: what is undone is cut off its end.
 */

import type { RowValue } from '../storage/rows/row-value.ts';
import { noteUserType } from '../values/user-types.ts';
import type { CatalogRelation, TableStatistics } from './objects.ts';
import type { KernelPort, RowsRead } from './kernel-port.ts';
import { type ObjectRow, objectOf, type SchemaRow, sequenceOf, tableOf, VERSION, userTypeOf, viewOf } from './stored.ts';
import { statisticsOf } from './stored-statistics.ts';
import {
  OBJECT_IDS,
  OBJECTS_BY_ID,
  OBJECTS_BY_NAME,
  OBJECTS_BY_PARENT,
  STATISTICS_BY_OBJECT,
  SYS_OBJECTS,
  SYS_SCHEMAS,
  SYS_STATISTICS,
  SYS_TEMPORARY_OBJECTS,
  SYS_TEMPORARY_STATISTICS,
  SCHEMA_DATABASES,
  SCHEMA_ROLES,
  SCHEMA_SYS,
} from './system-tables.ts';

/** An object as it is kept. `relation`: null for an index. */
export interface CatalogEntry {
  readonly row: ObjectRow;
  readonly relation: CatalogRelation | null;
  readonly statistics: TableStatistics | null;
  /** Number of its database (0: the first), or EVERY_DATABASE. */
  readonly database: number;
}

export const nameKey = (schema: number, name: string): string => `${schema}.${name}`;

/** The object still has the name by which it was looked up: the transaction may have renamed it. */
export const isNamed = (entry: CatalogEntry | null, schema: number, name: string): entry is CatalogEntry =>
  entry !== null && entry.row.name === name && entry.row.schema === schema;

/** The schema of schemas, in the first database; in others it is the database. */
export const NO_SCHEMA = 0;

/** Roles, databases and what is of one session alone are seen from everywhere. */
export const EVERY_DATABASE = -1;

/** Schemas that all databases have; and those of roles and databases. */
const isShared = (schema: number): boolean =>
  schema === SCHEMA_ROLES || schema === SCHEMA_DATABASES || schema === SCHEMA_SYS || isTemporarySchema(schema);

/** The database of an object: of a schema its own schema, of all others that of their schema, which `databaseOfSchema` tells. */
export function databaseOf({ kind, schema }: ObjectRow, databaseOfSchema: (schema: number) => number): number {
  if (isShared(schema)) return EVERY_DATABASE;
  return kind === 'schema' ? schema : databaseOfSchema(schema);
}

/** Schemas of temporary objects are numbered below 0. */
export const isTemporarySchema = (schema: number): boolean => schema < 0;

export const temporarySchemaName = (schema: number): string => `pg_temp_${-schema}`;

/** What one transaction has changed, in order. */
export class Overlay {
  readonly #journal: { readonly id: number; readonly entry: CatalogEntry | null; readonly key: string }[] = [];
  /** Id -> the newest of its entries; null: dropped. */
  readonly entries = new Map<number, CatalogEntry | null>();
  /** Names that the transaction gave. */
  readonly names = new Map<string, number>();
  /** Differs for each state of each overlay of this thread. */
  serial = 0;

  get length(): number {
    return this.#journal.length;
  }

  push(id: number, entry: CatalogEntry | null, key: string, serial: number): void {
    this.#journal.push({ id, entry, key });
    this.#apply(id, entry, key);
    this.serial = serial;
  }

  #apply(id: number, entry: CatalogEntry | null, key: string): void {
    this.entries.set(id, entry);
    if (entry !== null) this.names.set(key, id);
  }

  /** Takes back what was pushed behind the first `length`. */
  cut(length: number, serial: number): void {
    this.#journal.length = Math.min(length, this.#journal.length);
    this.entries.clear();
    this.names.clear();
    for (const { id, entry, key } of this.#journal) this.#apply(id, entry, key);
    this.serial = serial;
  }
}

/** The object as it is kept, in a schema of this name. */
export function entryOf(row: ObjectRow, schema: string, statistics: TableStatistics | null, database: number): CatalogEntry {
  switch (row.kind) {
    case 'table':
      return { row, relation: tableOf(row, schema, statistics), statistics, database };
    case 'sequence':
      return { row, relation: sequenceOf(row, schema), statistics: null, database };
    case 'view':
      return { row, relation: viewOf(row, schema), statistics: null, database };
    case 'type':
      noteUserType(userTypeOf(row, schema));
      return { row, relation: null, statistics: null, database };
    default:
      return { row, relation: null, statistics: null, database };
  }
}

const NONE: readonly CatalogEntry[] = [];

/** Committed objects. */
export class CommittedObjects {
  readonly #port: KernelPort;
  #version = Number.NaN;
  #entries = new Map<number, CatalogEntry | null>();
  #names = new Map<string, number>();
  #routines = new Map<number, readonly CatalogEntry[]>();
  #everything: CatalogEntry[] | null = null;
  /** Those of no temporary schema by kind and database, in the order of their numbers; and those of temporary ones. */
  #permanent = new Map<string, readonly CatalogEntry[]>();
  #temporary: readonly CatalogEntry[] | null = null;
  #schemas: readonly SchemaRow[] | null = null;
  /** Everything that was ever read, by id: reused while the row's version is the same. */
  readonly #known = new Map<number, CatalogEntry>();
  /** Stamp of what was read that a crash could still take back, 0 = none. */
  dependency = 0;

  constructor(port: KernelPort) {
    this.#port = port;
  }

  /** Forgets what is older than the shared version. While DDL ends (-1) nothing is kept. */
  refresh(): number {
    const version = this.#port.version();
    if (version === this.#version && version >= 0) return version;
    this.#version = version;
    this.#entries = new Map();
    this.#names = new Map();
    this.#routines = new Map();
    this.#everything = null;
    this.#permanent = new Map();
    this.#temporary = null;
    this.#schemas = null;
    return version;
  }

  byId(id: number): CatalogEntry | null {
    const found = this.#entries.get(id);
    if (found !== undefined) return found;
    return this.#load(id, (rows) => {
      const own = rows.find(SYS_OBJECTS, OBJECTS_BY_ID, [id]);
      return own.length > 0 ? own : rows.find(SYS_TEMPORARY_OBJECTS, OBJECTS_BY_ID, [id]);
    });
  }

  byName(schema: number, name: string): CatalogEntry | null {
    const key = nameKey(schema, name);
    const found = this.#names.get(key);
    if (found !== undefined) return found === 0 ? null : this.byId(found);
    const table = isTemporarySchema(schema) ? SYS_TEMPORARY_OBJECTS : SYS_OBJECTS;
    const entry = this.#load(null, (rows) => rows.find(table, OBJECTS_BY_NAME, [schema, name]));
    this.#names.set(key, entry === null ? 0 : entry.row.id);
    return entry;
  }

  #load(id: number | null, find: (rows: RowsRead) => RowValue[][]): CatalogEntry | null {
    let entry: CatalogEntry | null = null;
    this.#read((rows) => {
      const found = find(rows);
      entry = found.length === 0 ? null : this.#entryOf(rows, found[0]);
    });
    const loaded = entry as CatalogEntry | null;
    if (loaded !== null) this.#entries.set(loaded.row.id, loaded);
    else if (id !== null) this.#entries.set(id, null);
    return loaded;
  }

  /** Every object, those of temporary schemas included. */
  all(): readonly CatalogEntry[] {
    if (this.#everything !== null) return this.#everything;
    const found: CatalogEntry[] = [];
    this.#read((rows) => {
      for (const table of [SYS_OBJECTS, SYS_TEMPORARY_OBJECTS])
        for (const row of rows.all(table)) found.push(this.#entryOf(rows, row));
    });
    for (const entry of found) this.#entries.set(entry.row.id, entry);
    this.#everything = found;
    return found;
  }

  /**
   * What everybody in a database (null: in any) may know of, of one kind or (null) of all, in the order of their numbers: sought once
   * for many questions.
   */
  permanent(kind: ObjectRow['kind'] | null, database: number | null): readonly CatalogEntry[] {
    const key = `${kind} ${database}`;
    let found = this.#permanent.get(key);
    if (found !== undefined) return found;
    if (kind !== null) found = this.permanent(null, database).filter(({ row }) => row.kind === kind);
    else if (database !== null)
      found = this.permanent(null, null).filter((entry) => entry.database === database || entry.database === EVERY_DATABASE);
    else
      found = this.all()
        .filter(({ row }) => row.id !== OBJECT_IDS && !isTemporarySchema(row.schema))
        .sort((a, b) => a.row.id - b.row.id);
    this.#permanent.set(key, found);
    return found;
  }

  /** The objects of a temporary schema. */
  temporaryOf(schema: number): readonly CatalogEntry[] {
    this.#temporary ??= this.all().filter(({ row }) => isTemporarySchema(row.schema));
    return this.#temporary.length === 0 ? NONE : this.#temporary.filter(({ row }) => row.schema === schema);
  }

  /** Committed indexes of a table and sequences that it owns. */
  children(parent: number, temporary: boolean): CatalogEntry[] {
    const found: CatalogEntry[] = [];
    const table = temporary ? SYS_TEMPORARY_OBJECTS : SYS_OBJECTS;
    this.#read((rows) => {
      for (const row of rows.find(table, OBJECTS_BY_PARENT, [parent])) found.push(this.#entryOf(rows, row));
    });
    return found;
  }

  /** Committed routines that are found by this parent. */
  routinesOf(parent: number): readonly CatalogEntry[] {
    let found = this.#routines.get(parent);
    if (found === undefined) {
      found = this.children(parent, false);
      this.#routines.set(parent, found);
    }
    return found;
  }

  #entryOf(rows: RowsRead, values: readonly RowValue[]): CatalogEntry {
    const id = values[0] as number;
    const known = this.#known.get(id);
    if (known !== undefined && known.row.version === values[VERSION]) return known;
    const row = objectOf(values);
    const entry = this.makeEntry(row, row.kind === 'table' ? this.#statistics(rows, row) : null);
    this.#known.set(id, entry);
    return entry;
  }

  #statistics(rows: RowsRead, row: ObjectRow): TableStatistics | null {
    const table = isTemporarySchema(row.schema) ? SYS_TEMPORARY_STATISTICS : SYS_STATISTICS;
    return statisticsOf(rows.find(table, STATISTICS_BY_OBJECT, [row.id]));
  }

  /** An object of a committed schema. */
  makeEntry(row: ObjectRow, statistics: TableStatistics | null): CatalogEntry {
    return entryOf(row, this.schemaName(row.schema), statistics, databaseOf(row, this.databaseOfSchema));
  }

  /** The database that a committed schema is of. */
  readonly databaseOfSchema = (schema: number): number => this.byId(schema)?.row.schema ?? NO_SCHEMA;

  schemaName(id: number): string {
    if (isTemporarySchema(id)) return temporarySchemaName(id);
    if (id === NO_SCHEMA) return '';
    return this.systemSchemas().find((schema) => schema.id === id)?.name ?? this.byId(id)?.row.name ?? '';
  }

  /** Those that every database has; the others are objects. */
  systemSchemas(): readonly SchemaRow[] {
    if (this.#schemas !== null) return this.#schemas;
    let found: SchemaRow[] = [];
    this.#read((rows) => {
      found = rows.all(SYS_SCHEMAS).map(([id, name, owner]) => ({ id, name, owner }) as SchemaRow);
    });
    this.#schemas = found;
    return found;
  }

  #read(body: (rows: RowsRead) => void): void {
    this.dependency = Math.max(this.dependency, this.#port.read(body));
  }
}
