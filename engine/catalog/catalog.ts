/**
 * The catalog of one thread: which objects there are, as each transaction sees them, and the changes of DDL.
 *
 *   open()                      once a thread; makes the first objects of a new database
 *   reader(tx, session)         what binder and planner ask (objects.ts)
 *   createTable(tx, ...) ...    DDL over checked definitions (create.ts, drop.ts, truncate.ts, analyze.ts)
 *
 * DDL is rows of system tables under the transaction like any others (TX-T14): undone with it, also after a crash. Each change is
 * a savepoint of its own, so that one that fails leaves nothing. Who uses a table publishes the use (useTable), then compares
 * currentVersion() with the version that its plan was made under.
 *
 * Everything here runs inside the engine, outside a statement: it begins statements of its own.
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { Right } from '../sblr/bound.ts';
import { analyzeTable, STATISTICS_TARGET } from './analyze.ts';
import { createIndex, createSequence, createTable } from './create.ts';
import type {
  CatalogSession,
  IndexDefinition,
  Notice,
  QualifiedName,
  SequenceDefinition,
  TableDefinition,
} from './definitions.ts';
import { type DropOptions, dropIndex, dropObjects, dropParts, dropSequence, dropTable, dropTemporary } from './drop.ts';
import type { Part } from './dependents.ts';
import {
  type CatalogEntry,
  CommittedObjects,
  databaseOf,
  entryOf,
  isNamed,
  isTemporarySchema,
  nameKey,
  NO_SCHEMA,
  Overlay,
  temporarySchemaName,
} from './entries.ts';
import { denied, mustOwn, noRelation, relationExists } from './errors.ts';
import { firstGrants, type Grants, grantedKind, joinedGrants, RIGHTS, sameGrants } from './grants.ts';
import type { KernelPort, TableSize } from './kernel-port.ts';
import type { CatalogSequence, CatalogTable, TableStatistics } from './objects.ts';
import { SessionReader } from './reader.ts';
import { createRole } from './roles.ts';
import {
  objectValues,
  type ObjectRow,
  PLAIN_ROLE,
  type RoleBody,
  type RoleRow,
  type SchemaObjectRow,
  type SchemaRow,
  type SequenceRow,
  type StatisticsRow,
  type TableRow,
} from './stored.ts';
import {
  FIRST_OBJECT_ID,
  LAST_OBJECT_ID,
  OBJECT_IDS,
  OBJECTS_BY_ID,
  ROLE_DATABASE_OWNER,
  ROLE_SUPERUSER,
  SCHEMA_INFORMATION,
  SCHEMA_PG_CATALOG,
  SCHEMA_PUBLIC,
  SCHEMA_ROLES,
  SCHEMA_SYS,
  SUPERUSER,
  SYS_OBJECTS,
  SYS_SCHEMAS,
  SYS_TEMPORARY_OBJECTS,
} from './system-tables.ts';
import { truncateTables } from './truncate.ts';

export { SUPERUSER };

const SCHEMAS: readonly SchemaRow[] = [
  { id: SCHEMA_PG_CATALOG, name: 'pg_catalog', owner: ROLE_SUPERUSER },
  { id: SCHEMA_INFORMATION, name: 'information_schema', owner: ROLE_SUPERUSER },
  { id: SCHEMA_SYS, name: 'sys', owner: ROLE_SUPERUSER },
];

const PUBLIC_GRANTS: Grants = [
  { to: ROLE_DATABASE_OWNER, by: 0, rights: RIGHTS.schema },
  { to: 0, by: 0, rights: ['usage'] },
];

/** A schema like others, which a new database has. */
export const PUBLIC: SchemaObjectRow = {
  id: SCHEMA_PUBLIC,
  schema: NO_SCHEMA,
  name: 'public',
  kind: 'schema',
  parent: 0,
  version: 1,
  body: { owner: ROLE_DATABASE_OWNER, grants: PUBLIC_GRANTS, comments: { self: 'standard public schema' } },
};

/** Whoever owns the database: the schema `public` is that role's, as in PostgreSQL. */
const DATABASE_OWNER: ObjectRow = {
  ...{ id: ROLE_DATABASE_OWNER, schema: SCHEMA_ROLES, name: 'pg_database_owner', kind: 'role', parent: 0, version: 1 },
  body: PLAIN_ROLE,
};

/** The superuser that a new database has. */
const FIRST_ROLE: ObjectRow = {
  id: ROLE_SUPERUSER,
  schema: SCHEMA_ROLES,
  name: SUPERUSER,
  kind: 'role',
  parent: 0,
  version: 1,
  body: {
    ...PLAIN_ROLE,
    ...{ superuser: true, login: true, createRole: true, createDatabase: true, replication: true, bypassRowSecurity: true },
  },
};

export class Catalog {
  readonly port: KernelPort;
  readonly #committed: CommittedObjects;
  readonly #overlays = new Map<Transaction, Overlay>();
  /** Counts down: numbers of states that only this thread sees. */
  #serial = -1;
  #idsPage = 0;
  /** The committed version that the last look found. */
  #seen = Number.NaN;

  constructor(port: KernelPort) {
    this.port = port;
    this.#committed = new CommittedObjects(port);
    port.onUndone((tx, mark) => this.#overlays.get(tx)?.cut(mark, --this.#serial));
    port.onEnd((tx) => this.#overlays.delete(tx));
  }

  /** Reads what everything else needs; in a new database makes it, in a transaction that `begin` gives and `commit` ends. */
  open(begin: () => Transaction, commit: (tx: Transaction) => void): void {
    this.#committed.refresh();
    if (this.#committed.byId(OBJECT_IDS) === null) {
      const tx = begin();
      this.#makeFirstObjects(tx);
      commit(tx);
    }
    this.#committed.refresh();
    const ids = this.#committed.byId(OBJECT_IDS);
    if (ids?.row.kind !== 'sequence')
      throw new SqlError(SQLSTATE.data_corrupted, 'the catalog does not name its sequence of ids');
    this.#idsPage = ids.row.body.page;
  }

  #makeFirstObjects(tx: Transaction): void {
    const { port } = this;
    for (const { id, name, owner } of SCHEMAS) port.insert(tx, SYS_SCHEMAS, [id, name, owner]);
    const options = { minimum: FIRST_OBJECT_ID, start: FIRST_OBJECT_ID, maximum: LAST_OBJECT_ID };
    const { kernel, page } = port.createSequence(tx, 'sys.object_ids', options, false);
    const body: SequenceRow['body'] = {
      owner: ROLE_SUPERUSER,
      persistence: 'permanent',
      page,
      kernel,
      type: 'int8',
      start: String(FIRST_OBJECT_ID),
      increment: '1',
      minimum: String(FIRST_OBJECT_ID),
      maximum: String(LAST_OBJECT_ID),
      cache: 1,
      cycle: false,
      ownerAttribute: 0,
      grants: null,
    };
    const row: ObjectRow = {
      id: OBJECT_IDS,
      schema: SCHEMA_SYS,
      name: 'object_ids',
      kind: 'sequence',
      parent: 0,
      version: 1,
      body,
    };
    port.noteDdl(tx, 0);
    port.insert(tx, SYS_OBJECTS, objectValues(row));
    port.insert(tx, SYS_OBJECTS, objectValues(PUBLIC));
    port.insert(tx, SYS_OBJECTS, objectValues(FIRST_ROLE));
    port.insert(tx, SYS_OBJECTS, objectValues(DATABASE_OWNER));
  }

  /** A session as the catalog knows it. Its temporary objects go with dropTemporary(), at the latest when the database is closed. */
  openSession(role: string, searchPath: readonly string[]): CatalogSession {
    return { role, searchPath, id: this.port.nextSession() };
  }

  // ---- reading ----

  /** The catalog as this transaction sees it: the newest committed state, and its own DDL. */
  reader(tx: Transaction | null, session: CatalogSession): SessionReader {
    const version = this.currentVersion(tx);
    const overlay = tx === null ? undefined : this.#overlays.get(tx);
    return new SessionReader(this.#committed, overlay ?? null, session, this.port, tx, version);
  }

  /** What reader() would call its version: unequal to the one a plan was made under means that the plan may be out of date. */
  currentVersion(tx: Transaction | null): number {
    const version = this.#refresh(tx);
    if (tx === null || this.#overlays.size === 0) return version;
    const overlay = this.#overlays.get(tx);
    return overlay === undefined || overlay.length === 0 ? version : overlay.serial;
  }

  /** currentVersion() is the shared version: nobody here has DDL under way, and nothing that was read is a transaction's dependency. */
  isShared(tx: Transaction | null): boolean {
    return this.#overlays.size === 0 && (tx === null || this.#committed.dependency === 0);
  }

  #refresh(tx: Transaction | null): number {
    const version = this.#committed.refresh();
    if (tx !== null && this.#committed.dependency > 0) this.port.dependOn(tx, this.#committed.dependency);
    // Another session's commit beside own changes: a state that was never seen before.
    if (version !== this.#seen || version < 0) {
      for (const overlay of this.#overlays.values()) overlay.serial = --this.#serial;
      this.#seen = version;
    }
    return version >= 0 ? version : --this.#serial;
  }

  /** Pages and rows as they are now, roughly: for tables that were never analysed. */
  size(table: CatalogTable): TableSize {
    return this.port.size(table.kernelTable);
  }

  // ---- DDL ----

  createTable(tx: Transaction, session: CatalogSession, definition: TableDefinition): CatalogTable {
    return this.change(tx, () => createTable(this, tx, session, definition));
  }

  /**
   * Makes an index; rows that exist get their entries (23505 with the key). `fill` is called when a hidden column was added: it
   * sets the column in every row, as a statement of the transaction over this table.
   */
  createIndex(
    tx: Transaction,
    session: CatalogSession,
    table: number,
    definition: IndexDefinition,
    fill: (table: CatalogTable, attributes: readonly number[]) => void,
  ): CatalogTable {
    return this.change(tx, () => createIndex(this, tx, session, table, definition, fill));
  }

  createSequence(tx: Transaction, session: CatalogSession, definition: SequenceDefinition): CatalogSequence {
    return this.change(tx, () => createSequence(this, tx, session, definition));
  }

  dropTable(tx: Transaction, session: CatalogSession, table: number, options: DropOptions): Notice[] {
    return this.change(tx, () => dropTable(this, tx, session, table, options));
  }

  dropIndex(tx: Transaction, session: CatalogSession, index: number, options: DropOptions): Notice[] {
    return this.change(tx, () => dropIndex(this, tx, session, index, options));
  }

  /** Drops objects of one kind together, and with CASCADE what rests on them. 2BP01 */
  drop(tx: Transaction, session: CatalogSession, ids: readonly number[], cascade: boolean): Notice[] {
    return this.change(tx, () => dropObjects(this, tx, session, ids, { cascade }));
  }

  /** Drops parts of tables. 2BP01 */
  dropParts(tx: Transaction, session: CatalogSession, parts: readonly Part[], cascade: boolean): Notice[] {
    return this.change(tx, () => dropParts(this, tx, session, parts, cascade));
  }

  dropSequence(tx: Transaction, session: CatalogSession, sequence: number, options: DropOptions): Notice[] {
    return this.change(tx, () => dropSequence(this, tx, session, sequence, options));
  }

  /** Empties tables: new pages, the old ones go when no snapshot needs them. Rolled back like everything. */
  truncate(tx: Transaction, session: CatalogSession, tables: readonly number[], restartIdentity: boolean): void {
    this.change(tx, () => truncateTables(this, tx, session, tables, restartIdentity));
  }

  /** Looks at a sample of the rows and keeps what it found, for the optimizer. */
  analyze(tx: Transaction, session: CatalogSession, table: number, target = STATISTICS_TARGET): TableStatistics {
    return this.change(tx, () => analyzeTable(this, tx, session, table, target));
  }

  /** The committed table over a kernel table, and the rows that its statistics tell of; null: none that others see. */
  tableOfKernel(kernelTable: number): { readonly id: number; readonly rows: number } | null {
    this.#committed.refresh();
    for (const { row, statistics } of this.#committed.all()) {
      if (row.kind !== 'table' || row.body.kernelTable !== kernelTable || isTemporarySchema(row.schema)) continue;
      return { id: row.id, rows: statistics?.rows ?? 0 };
    }
    return null;
  }

  /** Everything temporary of a session: when it ends, or is found to have ended without that. In a transaction of the caller's. */
  dropTemporary(tx: Transaction, session: CatalogSession): void {
    this.change(tx, () => dropTemporary(this, tx, session));
  }

  /** Temporary tables that ON COMMIT empties or drops: the session does so before it commits. */
  endOfTransactionTables(tx: Transaction, session: CatalogSession): { readonly empty: number[]; readonly drop: number[] } {
    const result = { empty: [] as number[], drop: [] as number[] };
    if (session.id === 0) return result;
    for (const { row } of this.reader(tx, session).all()) {
      if (row.kind !== 'table' || !isTemporarySchema(row.schema)) continue;
      if (row.body.onCommit === 'delete') result.empty.push(row.id);
      if (row.body.onCommit === 'drop') result.drop.push(row.id);
    }
    return result;
  }

  // ---- roles ----

  /** What its owner has said that new objects of the kind get (ALTER DEFAULT PRIVILEGES). */
  #withDefaultGrants(tx: Transaction, row: ObjectRow): ObjectRow {
    if (['index', 'role', 'database', 'extension'].includes(row.kind) || isTemporarySchema(row.schema)) return row;
    if (row.kind === 'index') return row;
    const owner = this.entry(tx, row.body.owner)?.row;
    if (owner?.kind !== 'role' || owner.body.defaults.length === 0) return row;
    if (row.body.grants !== null) return row;
    const kind = grantedKind(row.kind);
    const said = (schema: number): Grants | undefined =>
      owner.body.defaults.find((one) => one.kind === kind && one.schema === schema)?.grants;
    const first = firstGrants(kind, row.body.owner);
    const grants = joinedGrants(said(0) ?? first, said(row.schema) ?? []);
    return sameGrants(grants, first) ? row : ({ ...row, body: { ...row.body, grants } } as ObjectRow);
  }

  /** Makes a role. 42710, 42501. */
  createRole(tx: Transaction, session: CatalogSession, name: string, options: Partial<RoleBody>): RoleRow {
    return createRole(this, tx, session, name, options);
  }

  /** The superuser of a new database gets the name that a server's clients expect. False: it has another one already. */
  nameFirstRole(tx: Transaction, session: CatalogSession, name: string): boolean {
    const row = this.entry(tx, ROLE_SUPERUSER)?.row;
    if (row?.kind !== 'role' || row.name !== SUPERUSER || this.reader(tx, session).roleNamed(name) !== null) return false;
    this.change(tx, () => this.replace(tx, { ...row, name, version: this.nextId() }));
    return true;
  }

  /** A role has these verifiers of its password from now on. 42501, 42704. */
  setVerifiers(tx: Transaction, session: CatalogSession, id: number, verifiers: NonNullable<RoleRow['verifiers']>): void {
    const row = this.entry(tx, id)?.row;
    if (row?.kind !== 'role') throw new SqlError(SQLSTATE.undefined_object, `role with id ${id} does not exist`);
    const own = this.reader(tx, session).role();
    if (own?.superuser !== true && own?.id !== id) throw denied('database', SUPERUSER);
    this.change(tx, () => this.replace(tx, { ...row, version: this.nextId(), body: { ...row.body, verifiers } }));
  }

  /** Gives rights on a table or sequence to a role; an empty list takes them away. */
  grant(tx: Transaction, session: CatalogSession, object: number, role: number, rights: readonly Right[]): void {
    this.change(tx, () => {
      const row = this.ownRow(tx, session, object);
      if (row.kind === 'index') throw noRelation(row.name);
      const known = row.body.grants ?? firstGrants(grantedKind(row.kind), row.body.owner);
      const others = known.filter(({ to }) => to !== role);
      const grants = rights.length === 0 ? others : [...others, { to: role, by: 0, rights }];
      this.replace(tx, { ...row, version: this.nextId(), body: { ...row.body, grants } } as ObjectRow);
    });
  }

  // ---- for the files that make up DDL ----

  /** A number that no object or version of one has had before. */
  nextId(): number {
    return Number(this.port.nextValue(this.#idsPage));
  }

  /** Runs one piece of DDL; when it fails the transaction is as before. */
  change<Result>(tx: Transaction, body: () => Result): Result {
    if (tx.readOnly) {
      throw new SqlError(SQLSTATE.read_only_sql_transaction, 'cannot change the catalog in a read-only transaction');
    }
    const before = this.port.savepoint(tx);
    try {
      return body();
    } catch (error) {
      if (tx.open && error instanceof SqlError && !error.code.startsWith('57P')) this.port.rollbackTo(tx, before);
      throw error;
    }
  }

  entry(tx: Transaction, id: number): CatalogEntry | null {
    this.#committed.refresh();
    const own = this.#overlays.get(tx)?.entries.get(id);
    return own !== undefined ? own : this.#committed.byId(id);
  }

  /** The object, which the session's role must own. 42P01, 42501. */
  ownRow(tx: Transaction, session: CatalogSession, id: number): ObjectRow {
    const entry = this.entry(tx, id);
    if (entry === null) throw noRelation(`#${id}`);
    const { row } = entry;
    const owned = row.kind === 'index' ? this.entry(tx, row.parent)?.row : row;
    const owner = owned === undefined || owned.kind === 'index' ? 0 : owned.body.owner;
    if (!this.reader(tx, session).owns(owner)) throw mustOwn(row.kind, row.name);
    return row;
  }

  /** The table, after waiting until nobody else uses it (or writes to it); its row as it is then. */
  lockTable(tx: Transaction, session: CatalogSession, id: number, others: 1 | 2): TableRow {
    for (;;) {
      const before = this.ownRow(tx, session, id);
      if (before.kind !== 'table') throw noRelation(before.name);
      this.port.lock(tx, before.body.kernelTable, others);
      const after = this.entry(tx, id)?.row;
      if (after === undefined || after.kind !== 'table') throw noRelation(before.name);
      if (after.body.kernelTable === before.body.kernelTable) return after;
    }
  }

  /** Where a new object of this name goes, and who owns it. 3F000, 42501. */
  placeFor(tx: Transaction, session: CatalogSession, name: QualifiedName, temporary: boolean): { schema: number; owner: number } {
    const reader = this.reader(tx, session);
    const role = reader.role();
    if (role === null) throw new SqlError(SQLSTATE.undefined_object, `role "${session.role}" does not exist`);
    if (temporary || name.schema === 'pg_temp' || name.schema === temporarySchemaName(-session.id))
      return { schema: -session.id, owner: role.id };
    const schemaName = name.schema ?? firstToCreateIn(reader, session);
    if (schemaName === undefined) {
      throw new SqlError(SQLSTATE.invalid_schema_name, 'no schema has been selected to create in');
    }
    const schema = reader.schemaId(schemaName);
    if (schema === null) throw new SqlError(SQLSTATE.invalid_schema_name, `schema "${schemaName}" does not exist`);
    if (isSystemSchema(schema)) {
      throw new SqlError(SQLSTATE.insufficient_privilege, `permission denied to create "${schemaName}.${name.name}"`, {
        detail: 'System catalog modifications are currently disallowed.',
      });
    }
    if (!reader.mayCreateIn(schema)) throw denied('schema', schemaName);
    return { schema, owner: role.id };
  }

  /** True when an object of the schema has the name, as the transaction sees it. */
  isTaken(tx: Transaction, schema: number, name: string): boolean {
    const overlay = this.#overlays.get(tx);
    const own = overlay?.names.get(nameKey(schema, name));
    if (own !== undefined && isNamed(overlay?.entries.get(own) ?? null, schema, name)) return true;
    this.#committed.refresh();
    const committed = this.#committed.byName(schema, name);
    return committed !== null && isNamed(this.entry(tx, committed.row.id), schema, name);
  }

  /** Adds an object. 42P07 when another one has its name. */
  insert(tx: Transaction, made: ObjectRow): CatalogEntry {
    const row = this.#withDefaultGrants(tx, made);
    this.#note(tx);
    if (!this.port.insert(tx, tableOfSchema(row.schema), objectValues(row))) throw relationExists(row.name);
    return this.#push(tx, row, null);
  }

  replace(
    tx: Transaction,
    row: ObjectRow,
    statistics: TableStatistics | null = this.entry(tx, row.id)?.statistics ?? null,
  ): CatalogEntry {
    this.#note(tx);
    if (!this.port.replace(tx, tableOfSchema(row.schema), OBJECTS_BY_ID, [row.id], objectValues(row))) throw noRelation(row.name);
    return this.#push(tx, row, statistics);
  }

  remove(tx: Transaction, row: ObjectRow): void {
    this.#note(tx);
    if (!this.port.remove(tx, tableOfSchema(row.schema), OBJECTS_BY_ID, [row.id])) throw noRelation(row.name);
    this.#overlayOf(tx).push(row.id, null, nameKey(row.schema, row.name), --this.#serial);
  }

  #note(tx: Transaction): void {
    this.port.noteDdl(tx, this.#overlayOf(tx).length);
  }

  /** Name of a schema as the transaction sees it. */
  schemaName(tx: Transaction, id: number): string {
    const own = this.#overlays.get(tx)?.entries.get(id);
    return own == null ? this.#committed.schemaName(id) : own.row.name;
  }

  /** Sequences that a table's columns own. */
  ownedSequences(tx: Transaction, table: TableRow): number[] {
    const committed = this.#committed.children(table.id, isTemporarySchema(table.schema)).map(({ row }) => row.id);
    const own = [...(this.#overlays.get(tx)?.entries.keys() ?? [])];
    return [...new Set([...committed, ...own])].filter((id) => {
      const row = this.entry(tx, id)?.row;
      return row?.kind === 'sequence' && row.parent === table.id;
    });
  }

  /** What CREATE STATISTICS asks of a table, in the order of creation. */
  statisticsOf(tx: Transaction, table: Pick<TableRow, 'id' | 'schema'>): StatisticsRow[] {
    const committed = this.#committed.children(table.id, isTemporarySchema(table.schema)).map(({ row }) => row.id);
    const own = [...(this.#overlays.get(tx)?.entries.keys() ?? [])];
    const ids = [...new Set([...committed, ...own])].sort((a, b) => a - b);
    return ids.flatMap((id) => {
      const row = this.entry(tx, id)?.row;
      return row?.kind === 'statistics' && row.parent === table.id ? [row] : [];
    });
  }

  #push(tx: Transaction, row: ObjectRow, statistics: TableStatistics | null): CatalogEntry {
    const schema = this.schemaName(tx, row.schema);
    const entry = entryOf(row, schema, statistics, this.#databaseOf(tx, row));
    this.#overlayOf(tx).push(row.id, entry, nameKey(row.schema, row.name), --this.#serial);
    return entry;
  }

  #databaseOf(tx: Transaction, row: ObjectRow): number {
    return databaseOf(row, (schema) => this.entry(tx, schema)?.row.schema ?? NO_SCHEMA);
  }

  #overlayOf(tx: Transaction): Overlay {
    let overlay = this.#overlays.get(tx);
    if (overlay === undefined) {
      overlay = new Overlay();
      this.#overlays.set(tx, overlay);
    }
    return overlay;
  }
}

/** The first schema of the path that there is; pg_catalog counts only where it is named. */
function firstToCreateIn(reader: SessionReader, session: CatalogSession): string | undefined {
  const named = session.searchPath.map((name) => (name === '$user' ? session.role : name));
  return named.find((one) => reader.schemaId(one) !== null);
}

const tableOfSchema = (schema: number): number => (isTemporarySchema(schema) ? SYS_TEMPORARY_OBJECTS : SYS_OBJECTS);

const isSystemSchema = (schema: number): boolean =>
  schema === SCHEMA_PG_CATALOG || schema === SCHEMA_INFORMATION || schema === SCHEMA_SYS;
