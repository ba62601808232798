/**
 * The catalog as one statement reads it: names found along the search path, temporary objects of the session before all others,
 * virtual tables beside stored ones.
 */

import type { Right } from '../sblr/bound.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { CatalogSession } from './definitions.ts';
import { type CatalogEntry, type CommittedObjects, isTemporarySchema, nameKey, type Overlay } from './entries.ts';
import type { KernelPort } from './kernel-port.ts';
import type { CatalogReader, CatalogRelation } from './objects.ts';
import type { RoleRow, SchemaRow } from './stored.ts';
import { OBJECT_IDS } from './system-tables.ts';
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

  findRelation(schema: string | null, name: string): CatalogRelation | null {
    if (schema !== null) return this.#findIn(schema, name);
    if (this.session.id !== 0) {
      const temporary = this.entryByName(temporarySchema(this.session), name);
      if (temporary !== null && temporary.relation !== null) return temporary.relation;
    }
    for (const one of this.searchPath()) {
      const found = this.#findIn(one, name);
      if (found !== null) return found;
    }
    return null;
  }

  #findIn(schema: string, name: string): CatalogRelation | null {
    const virtual = virtualTable(schema, name);
    if (virtual !== null) return virtual;
    const id = this.schemaId(schema);
    return id === null ? null : (this.entryByName(id, name)?.relation ?? null);
  }

  /** Schemas that are searched, in order; pg_catalog first unless the path has it. */
  searchPath(): string[] {
    const path = this.session.searchPath.map((name) => (name === '$user' ? this.session.role : name));
    return path.includes('pg_catalog') ? path : ['pg_catalog', ...path];
  }

  relation(id: number): CatalogRelation | null {
    return virtualTableById(id) ?? this.entry(id)?.relation ?? null;
  }

  entry(id: number): CatalogEntry | null {
    // The sequence of ids is the catalog's own.
    if (id === OBJECT_IDS) return null;
    const own = this.#overlay?.entries.get(id);
    return own !== undefined ? own : this.#committed.byId(id);
  }

  /** The object of this name, indexes included. */
  entryByName(schema: number, name: string): CatalogEntry | null {
    const own = this.#overlay?.names.get(nameKey(schema, name));
    if (own !== undefined) {
      const entry = this.entry(own);
      if (entry !== null) return entry;
    }
    const committed = this.#committed.byName(schema, name);
    return committed === null ? null : this.entry(committed.row.id);
  }

  /** The object of a name that may have a schema, indexes included; for DROP. */
  findEntry(schema: string | null, name: string): CatalogEntry | null {
    if (schema !== null) {
      const id = this.schemaId(schema);
      return id === null ? null : this.entryByName(id, name);
    }
    if (this.session.id !== 0) {
      const temporary = this.entryByName(temporarySchema(this.session), name);
      if (temporary !== null) return temporary;
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

  /** Every object that this session may know of: its own temporary ones, nobody else's. */
  all(): CatalogEntry[] {
    const merged = new Map<number, CatalogEntry>();
    for (const entry of this.#committed.all()) merged.set(entry.row.id, entry);
    for (const [id, entry] of this.#overlay?.entries ?? []) {
      if (entry === null) merged.delete(id);
      else merged.set(id, entry);
    }
    const own = temporarySchema(this.session);
    return [...merged.values()]
      .filter(({ row }) => row.id !== OBJECT_IDS)
      .filter(({ row }) => !isTemporarySchema(row.schema) || (row.schema === own && own !== 0))
      .sort((a, b) => a.row.id - b.row.id);
  }

  schemas(): readonly SchemaRow[] {
    return this.#committed.schemas();
  }

  schemaId(name: string): number | null {
    if (name === 'pg_temp') return this.session.id === 0 ? null : temporarySchema(this.session);
    return this.schemas().find((schema) => schema.name === name)?.id ?? null;
  }

  roles(): readonly RoleRow[] {
    return this.#committed.roles();
  }

  role(): RoleRow | null {
    return this.roles().find((role) => role.name === this.session.role) ?? null;
  }

  owns(owner: number): boolean {
    const role = this.role();
    return role !== null && (role.superuser || role.id === owner);
  }

  allows(id: number, right: Right): boolean {
    if (virtualTableById(id) !== null) return right === 'select';
    const row = this.entry(id)?.row;
    if (row === undefined || row.kind === 'index') return false;
    if (this.owns(row.body.owner)) return true;
    const role = this.role();
    return role !== null && right !== 'owner' && (row.body.grants[role.id] ?? []).includes(right);
  }
}
