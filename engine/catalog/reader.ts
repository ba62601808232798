/**
 * The catalog as one statement reads it: names found along the search path, temporary objects of the session before all others,
 * virtual tables beside stored ones.
 */

import type { Right } from '../sblr/bound.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { CatalogSession } from './definitions.ts';
import {
  type CatalogEntry,
  EVERY_DATABASE,
  type CommittedObjects,
  isNamed,
  isTemporarySchema,
  nameKey,
  NO_SCHEMA,
  type Overlay,
  temporarySchemaName,
} from './entries.ts';
import { denied } from './errors.ts';
import type { KernelPort } from './kernel-port.ts';
import type { SqlType } from '../sblr/types.ts';
import type { RowAttribute, UserType } from '../values/user-types.ts';
import { findMadeType, madeType } from './made-types.ts';
import type { CatalogDomain, CatalogReader, CatalogRelation, CatalogRoutine, RowSecurityFor } from './objects.ts';
import { rowSecurityOf } from './row-security.ts';
import { type Grants, grantedKind, hasRight, RIGHTS, rightsOfAll } from './grants.ts';
import {
  type DatabaseRow,
  type ObjectRow,
  type RoleObjectRow,
  roleOf,
  type RoleRow,
  type RoutineRow,
  routineParent,
  type SchemaRow,
} from './stored.ts';
import { OBJECT_IDS, ROLE_DATABASE_OWNER, ROLE_SUPERUSER, SCHEMA_DATABASES, SCHEMA_ROLES, SUPERUSER } from './system-tables.ts';
import { virtualRows, virtualTable, virtualTableById } from './virtual/registry.ts';

/** Temporary objects of a session lie in this schema. */
export const temporarySchema = (session: CatalogSession): number => -session.id;

export class SessionReader implements CatalogReader {
  readonly #committed: CommittedObjects;
  readonly #overlay: Overlay | null;
  readonly session: CatalogSession;
  readonly port: KernelPort;
  readonly tx: Transaction | null;
  /** Equal only for states of the catalog that are the same to this reader. */
  readonly version: number;

  constructor(
    committed: CommittedObjects,
    overlay: Overlay | null,
    session: CatalogSession,
    port: KernelPort,
    tx: Transaction | null,
    version: number,
  ) {
    this.#committed = committed;
    this.#overlay = overlay;
    this.session = session;
    this.port = port;
    this.tx = tx;
    this.version = version;
  }

  /** Number of the session's database, as schemas name it: 0 the first. */
  get database(): number {
    return this.session.databaseId ?? NO_SCHEMA;
  }

  /** The session's database as an object; null: the first one, which is none. */
  databaseRow(): DatabaseRow | null {
    const row = this.database === NO_SCHEMA ? undefined : this.entry(this.database)?.row;
    return row?.kind === 'database' ? row : null;
  }

  /** Those that were created. */
  databases(): DatabaseRow[] {
    return this.all('database').flatMap(({ row }) => (row.kind === 'database' ? [row] : []));
  }

  /** One that was created, by its name. */
  databaseNamed(name: string): DatabaseRow | null {
    const row = this.entryByName(SCHEMA_DATABASES, name)?.row;
    return row?.kind === 'database' ? row : null;
  }

  /** What rights of the database stand with: of the first one with the first role. */
  grantedDatabase(): DatabaseRow | RoleObjectRow | null {
    const row = this.databaseRow() ?? this.entry(ROLE_SUPERUSER)?.row;
    return row?.kind === 'role' || row?.kind === 'database' ? row : null;
  }

  /** The index that an index of a partition is a part of. */
  indexParent(index: number): number | undefined {
    const row = this.entry(index)?.row;
    const table = row?.kind === 'index' ? this.relation(row.parent) : null;
    return table?.kind === 'table' ? table.indexes.find(({ id }) => id === index)?.parent : undefined;
  }

  findRelation(schema: string | null, name: string): CatalogRelation | null {
    if (schema !== null) return this.#findIn(schema, name);
    for (const one of this.searchPath()) {
      const id = this.schemaId(one);
      if (id !== null && !this.maySee(id)) continue;
      const found = virtualTable(one, name) ?? (id === null ? null : (this.entryByName(id, name)?.relation ?? null));
      if (found !== null) return found;
    }
    return null;
  }

  #findIn(schema: string, name: string): CatalogRelation | null {
    const virtual = virtualTable(schema, name);
    if (virtual !== null) return virtual;
    const id = this.schemaId(schema);
    const found = id === null ? null : (this.entryByName(id, name)?.relation ?? null);
    if (found === null || this.maySee(id as number)) return found;
    throw denied('schema', schema);
  }

  /** May the role use what the schema holds? Of temporary and system schemas everybody may. */
  maySee(schema: number): boolean {
    const row = this.entry(schema)?.row;
    if (row?.kind !== 'schema') return true;
    const role = this.role();
    if (role === null) return false;
    return this.mayDo(role, row, 'usage');
  }

  /** May the role make objects in it? */
  mayCreateIn(schema: number): boolean {
    const row = this.entry(schema)?.row;
    if (row?.kind !== 'schema') return this.owns(this.schemaOwner(schema));
    const role = this.role();
    return role !== null && this.mayDo(role, row, 'create');
  }

  /** May the role make schemas? */
  mayCreateSchemas(): boolean {
    const role = this.role();
    const database = this.grantedDatabase();
    return role !== null && database !== null && this.mayDo(role, database, 'create');
  }

  /** Schemas that are searched, in order: those of temporary objects and pg_catalog first unless the path has them. */
  searchPath(): string[] {
    const path = this.session.searchPath.map((name) => (name === '$user' ? this.session.role : name));
    const first = ['pg_temp', 'pg_catalog'].filter((name) => !path.includes(name));
    return first.length === 0 ? path : [...first, ...path];
  }

  /** current_schemas(): those of the path that there are; `implicit`: with what is searched without being named. */
  currentSchemas(implicit: boolean): string[] {
    const named = this.session.searchPath.map((name) => (name === '$user' ? this.session.role : name));
    const path = implicit ? this.searchPath() : named;
    const own = temporarySchemaName(temporarySchema(this.session));
    const found = path.flatMap((name) => {
      if (name !== 'pg_temp') return this.schemaId(name) === null ? [] : [name];
      return this.hasTemporary() ? [own] : [];
    });
    return [...new Set(found)];
  }

  /** Whether the session has made anything temporary. */
  hasTemporary(): boolean {
    const own = temporarySchema(this.session);
    if (own === 0) return false;
    if (this.#committed.temporaryOf(own).some(({ row }) => this.entry(row.id) !== null)) return true;
    return [...(this.#overlay?.entries.values() ?? [])].some((entry) => entry?.row.schema === own);
  }

  // ---- types that users have made (made-types.ts) ----

  findType(schema: string | null, name: string): SqlType | null {
    return findMadeType(this, schema, name);
  }

  attributes(id: number): readonly RowAttribute[] | null {
    return this.userType(id)?.attributes ?? null;
  }

  typeVersion(id: number): number | undefined {
    const row = this.entry(id)?.row;
    return row?.kind === 'type' ? row.version : undefined;
  }

  userType(id: number): UserType | null {
    return madeType(this, id);
  }

  domain(id: number): (CatalogDomain & { readonly name: string }) | null {
    const row = this.entry(id)?.row;
    return row?.kind === 'type' && row.body.domain !== null ? { ...row.body.domain, name: row.name } : null;
  }

  relation(id: number): CatalogRelation | null {
    return virtualTableById(id) ?? this.entry(id)?.relation ?? null;
  }

  entry(id: number): CatalogEntry | null {
    // The sequence of ids is the catalog's own.
    if (id === OBJECT_IDS) return null;
    const own = this.#overlay?.entries.get(id);
    const entry = own !== undefined ? own : this.#committed.byId(id);
    return entry === null || this.#isHere(entry) ? entry : null;
  }

  #isHere({ database }: CatalogEntry): boolean {
    return database === EVERY_DATABASE || database === this.database;
  }

  /** The object of this name, indexes included. */
  entryByName(schema: number, name: string): CatalogEntry | null {
    const own = this.#overlay?.names.get(nameKey(schema, name));
    if (own !== undefined) {
      const entry = this.entry(own);
      if (isNamed(entry, schema, name)) return entry;
    }
    const committed = this.#committed.byName(schema, name);
    if (committed === null) return null;
    const entry = this.entry(committed.row.id);
    return isNamed(entry, schema, name) ? entry : null;
  }

  /** The object of a name that may have a schema, indexes included; for DROP. */
  findEntry(schema: string | null, name: string): CatalogEntry | null {
    if (schema !== null) {
      const id = this.schemaId(schema);
      return id === null ? null : this.entryByName(id, name);
    }
    for (const one of this.searchPath()) {
      const found = this.findEntry(one, name);
      if (found !== null) return found;
    }
    return null;
  }

  /** Rows of a virtual table: all columns. */
  virtualRows(name: string): Iterable<readonly RowValue[]> {
    return virtualRows(name, this);
  }

  /** Functions and procedures of a name, those of the schema or of the path's, in the order of the path. */
  routines(schema: string | null, name: string): RoutineRow[] {
    const parent = routineParent(name);
    const found = new Map(this.#committed.routinesOf(parent).map(({ row }) => [row.id, row] as const));
    for (const [id, entry] of this.#overlay?.entries ?? []) {
      if (entry === null) found.delete(id);
      else if (entry.row.parent === parent) found.set(id, entry.row);
    }
    const rows = [...found.values()].flatMap((row) =>
      (row.kind === 'function' || row.kind === 'procedure') && row.body.routine.name === name ? [row] : [],
    );
    const path = (schema === null ? this.searchPath() : [schema]).flatMap((one) => this.schemaId(one) ?? []);
    return path.flatMap((id) => rows.filter((row) => row.schema === id));
  }

  /** The same as calls take them. */
  findRoutines(schema: string | null, name: string): CatalogRoutine[] {
    return this.routines(schema, name).map((row) => ({
      ...row.body.routine,
      ...{ id: row.id, version: row.version, schema: this.schemaName(row.schema), owner: row.body.owner },
    }));
  }

  routineVersion(id: number): number | undefined {
    const row = this.entry(id)?.row;
    return row?.kind === 'function' || row?.kind === 'procedure' ? row.version : undefined;
  }

  /** Every object that this session may know of: its own temporary ones, nobody else's, and none of another database. */
  all(kind: ObjectRow['kind'] | null = null): readonly CatalogEntry[] {
    return this.#merged(this.#committed.permanent(kind, this.database), kind, (entry) => this.#isHere(entry));
  }

  /** The same of all databases. */
  everywhere(): readonly CatalogEntry[] {
    return this.#merged(this.#committed.permanent(null, null), null, () => true);
  }

  /** Committed objects, with the session's temporary ones and its transaction's changes. */
  #merged(
    permanent: readonly CatalogEntry[],
    kind: ObjectRow['kind'] | null,
    isSeen: (entry: CatalogEntry) => boolean,
  ): readonly CatalogEntry[] {
    const own = temporarySchema(this.session);
    const temporary = own === 0 ? [] : this.#committed.temporaryOf(own);
    const overlay = this.#overlay?.entries;
    if (temporary.length === 0 && (overlay === undefined || overlay.size === 0)) return permanent;
    const isMeant = (entry: CatalogEntry): boolean => (kind === null || entry.row.kind === kind) && isSeen(entry);
    const merged = new Map([...permanent, ...temporary.filter(isMeant)].map((entry) => [entry.row.id, entry]));
    for (const [id, entry] of overlay ?? []) {
      if (entry === null || !isMeant(entry)) merged.delete(id);
      else if (id !== OBJECT_IDS && (!isTemporarySchema(entry.row.schema) || entry.row.schema === own)) merged.set(id, entry);
    }
    return [...merged.values()].sort((a, b) => a.row.id - b.row.id);
  }

  schemas(): readonly SchemaRow[] {
    const made = this.all('schema').flatMap(({ row }) =>
      row.kind === 'schema' ? [{ id: row.id, name: row.name, owner: row.body.owner }] : [],
    );
    return [...this.#committed.systemSchemas(), ...made];
  }

  schemaId(name: string): number | null {
    if (name === 'pg_temp') return this.session.id === 0 ? null : temporarySchema(this.session);
    if (this.session.id !== 0 && name === temporarySchemaName(temporarySchema(this.session)))
      return temporarySchema(this.session);
    const system = this.#committed.systemSchemas().find((schema) => schema.name === name);
    return system?.id ?? this.#schemaNamed(name);
  }

  #schemaNamed(name: string): number | null {
    const row = this.entryByName(this.database, name)?.row;
    return row?.kind === 'schema' ? row.id : null;
  }

  schemaName(id: number): string {
    if (isTemporarySchema(id)) return temporarySchemaName(id);
    return this.#committed.systemSchemas().find((schema) => schema.id === id)?.name ?? this.entry(id)?.row.name ?? '';
  }

  /** Owner of a schema; that of a temporary one is the session's role. */
  schemaOwner(id: number): number {
    if (isTemporarySchema(id)) return this.role()?.id ?? 0;
    const row = this.entry(id)?.row;
    if (row?.kind === 'schema') return row.body.owner;
    return this.#committed.systemSchemas().find((schema) => schema.id === id)?.owner ?? 0;
  }

  // ---- roles ----

  roles(): readonly RoleRow[] {
    return this.all('role').flatMap(({ row }) => (row.kind === 'role' ? [roleOf(row)] : []));
  }

  roleById(id: number): RoleRow | null {
    const row = this.entry(id)?.row;
    return row?.kind === 'role' ? roleOf(row) : null;
  }

  roleNamed(name: string): RoleRow | null {
    const row = this.entryByName(SCHEMA_ROLES, name)?.row;
    return row?.kind === 'role' ? roleOf(row) : null;
  }

  /** The role of the session; whoever has opened a database without saying as whom is its first role, whatever that is called. */
  role(): RoleRow | null {
    const { role } = this.session;
    return this.roleNamed(role) ?? (role === SUPERUSER ? this.firstRole() : null);
  }

  firstRole(): RoleRow | null {
    const row = this.entry(ROLE_SUPERUSER)?.row;
    return row?.kind === 'role' ? roleOf(row) : null;
  }

  /** Does the role have the rights of another one: it is that, or a member of it, at whatever distance, that inherits? */
  hasRightsOf(role: RoleRow, other: number): boolean {
    if (role.id === other || (other === ROLE_DATABASE_OWNER && role.id === this.databaseRow()?.body.owner)) return true;
    return role.inherit && this.#isIn(role, other, (one) => one.inherit);
  }

  /** May the role become the other one (SET ROLE)? */
  isMember(role: RoleRow, other: number): boolean {
    return role.superuser || role.id === other || this.#isIn(role, other, () => true);
  }

  #isIn(role: RoleRow, other: number, goesOn: (role: RoleRow) => boolean, seen = new Set<number>()): boolean {
    for (const { role: id } of role.memberOf) {
      if (id === other) return true;
      if (seen.has(id)) continue;
      seen.add(id);
      const next = this.roleById(id);
      if (next !== null && goesOn(next) && this.#isIn(next, other, goesOn, seen)) return true;
    }
    return false;
  }

  /** May the role grant membership in the other one, by itself or by what it is a member of? */
  isAdminOf(role: RoleRow, other: number): boolean {
    if (role.superuser) return true;
    const reached = [role, ...this.roles().filter(({ id }) => id !== role.id && this.isMember(role, id))];
    return reached.some(({ memberOf }) => memberOf.some((one) => one.role === other && one.admin));
  }

  owns(owner: number): boolean {
    const role = this.role();
    return role !== null && (role.superuser || this.hasRightsOf(role, owner));
  }

  /** Has the role the right by these grants, or by those to everybody? */
  isGranted(role: RoleRow | null, grants: Grants, right: string): boolean {
    return grants.some(({ to, rights }) => hasRight(rights, right) && this.#isTo(role, to));
  }

  /** The same with the option to grant it on; what everybody has nobody grants on. */
  isGrantedOn(role: RoleRow, grants: Grants, right: string): boolean {
    return grants.some(({ to, rights }) => rights.includes(`${right}*`) && to !== 0 && this.#isTo(role, to));
  }

  #isTo(role: RoleRow | null, to: number): boolean {
    return to === 0 || (role !== null && this.hasRightsOf(role, to));
  }

  /** May the role do that with the object? What is said of it counts, for the owner as well. Rights of the database stand with its first role. */
  mayDo(role: RoleRow | null, row: Exclude<ObjectRow, { kind: 'index' }>, right: string): boolean {
    if (role?.superuser === true) return true;
    const { grants } = row.body;
    if (grants !== null) return this.isGranted(role, grants, right);
    const owner = row.kind === 'role' ? ROLE_SUPERUSER : row.body.owner;
    if (role !== null && this.hasRightsOf(role, owner)) return true;
    return rightsOfAll(grantedKind(row.kind)).includes(right);
  }

  /** The same with single columns of a table or view: with all of these; without any given, with at least one. */
  mayDoColumns(role: RoleRow | null, row: ObjectRow, right: string, columns: readonly number[]): boolean {
    if (row.kind !== 'table' && row.kind !== 'view') return false;
    const { columnGrants } = row.body;
    if (columnGrants === undefined || !hasRight(RIGHTS.column, right)) return false;
    const may = (grants: Grants | undefined): boolean => grants !== undefined && this.isGranted(role, grants, right);
    return columns.length === 0 ? Object.values(columnGrants).some(may) : columns.every((column) => may(columnGrants[column]));
  }

  roleVersion(id: number): number | undefined {
    const row = this.entry(id)?.row;
    return row?.kind === 'role' ? row.version : undefined;
  }

  rowSecurity(table: number, as?: number): RowSecurityFor | null {
    return rowSecurityOf(this, table, as);
  }

  allows(id: number, right: Right, as?: number, columns?: readonly number[]): boolean {
    if (virtualTableById(id) !== null) return right === 'select';
    const row = this.entry(id)?.row;
    // A routine that is being made is bound before it is there.
    if (row === undefined && right === 'execute') return true;
    if (row === undefined || row.kind === 'index') return false;
    const role = as === undefined ? this.role() : this.roleById(as);
    if (role === null) return false;
    if (right === 'owner') return role.superuser || this.hasRightsOf(role, row.body.owner);
    return this.mayDo(role, row, right) || (columns !== undefined && this.mayDoColumns(role, row, right, columns));
  }
}
