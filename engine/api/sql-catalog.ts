/** The catalog as statements use it (EngineCatalog): sessions of SQL on one side, the catalog of this thread on the other. */

import type { Catalog } from '../catalog/catalog.ts';
import { advisoryRows } from '../txn/advisory.ts';
import { mayDo } from '../catalog/may-do.ts';
import { denied } from '../catalog/errors.ts';
import type { CatalogSession } from '../catalog/definitions.ts';
import type { SessionFacts } from '../catalog/session-facts.ts';
import type { CatalogTable } from '../catalog/objects.ts';
import { directoryOf } from '../catalog/made-types.ts';
import type { TypeDirectory } from '../values/user-types.ts';
import type { SessionReader } from '../catalog/reader.ts';
import { SessionSequences } from '../catalog/sequences.ts';
import type { Engine, EngineCatalog, UtilityResult } from '../exec/engine.ts';
import type { SessionContext } from '../exec/context.ts';
import type { TableSizes } from '../plan/optimize/access-path.ts';
import type { SourceStatement } from '../sblr/source.gen.ts';
import { type IdentitySetting, isIdentitySetting } from '../session/identity.ts';
import type { Session } from '../session/session.ts';
import { isForSuperusers } from '../session/settings.ts';
import type { Transaction } from '../txn/transactions.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { define } from './define.ts';
import { showsOf } from './shown-expressions.ts';
import { catalogVersion, type CatalogWords } from './catalog-words.ts';
import type { Kernel } from './kernel.ts';

/** Any of these is enough. */
const SEQUENCE_RIGHTS = { next: ['usage', 'update'], current: ['usage', 'select'], set: ['update'] } as const;
const USES = ['next', 'current', 'set'];

/** How long a table's size is taken as it was, milliseconds: planning asks for it often. */
const SIZE_AGE = 1000;

/** Made apart: what is kept of a session with its names is not the catalog. */
const factsOf = (session: Session): SessionFacts => ({
  settings: () => session.settings.facts(),
  preparedStatements: () => session.watcher?.preparedStatements() ?? [],
  openCursors: () => session.watcher?.openCursors() ?? [],
  advisoryLocks: () => advisoryRows(session.txns),
});

export class SqlCatalog implements EngineCatalog {
  readonly kernel: Kernel;
  readonly catalog: Catalog;
  /** Set once the engine is complete. */
  engine: Engine = null as unknown as Engine;
  readonly #sessions = new WeakMap<Session, CatalogSession & { searchPath: readonly string[] }>();
  readonly #sequences = new WeakMap<Session, SessionSequences>();
  readonly #allowed = new WeakMap<Session, { readonly version: number; readonly user: string; readonly keys: Set<number> }>();
  /** Sessions that have made something temporary. */
  readonly #withTemporary = new WeakSet<Session>();
  readonly #words: CatalogWords;
  readonly #shows = showsOf((name) => this.engine.dialectOf(name));
  readonly #sizes = new Map<number, { readonly size: TableSizes; readonly at: number }>();

  constructor(kernel: Kernel, catalog: Catalog) {
    this.kernel = kernel;
    this.catalog = catalog;
    this.#words = kernel.parts.catalog;
  }

  /** The session as the catalog knows it, its role and search path as of now. */
  sessionOf(session: Session): CatalogSession {
    let known = this.#sessions.get(session);
    if (known === undefined) {
      known = this.catalog.openSession(session.user, session.searchPath);
      Object.defineProperty(known, 'rowSecurity', { get: () => session.settings.get('row_security') === 'on' });
      Object.defineProperty(known, 'facts', { value: factsOf(session) });
      Object.defineProperty(known, 'databaseId', { value: session.databaseId });
      Object.defineProperty(known, 'firstDatabase', { value: session.firstDatabase });
      Object.defineProperty(known, 'shows', { value: this.#shows });
      this.#sessions.set(session, known);
    }
    known.role = session.user;
    known.database = session.database;
    known.searchPath = session.searchPath;
    return known;
  }

  reader(session: Session, tx: Transaction | null): SessionReader {
    return this.catalog.reader(tx, this.sessionOf(session));
  }

  isSuperuser(session: Session): boolean {
    return this.reader(session, session.transaction).role()?.superuser === true;
  }

  lacksToSignal(session: Session, user: string): 'superuser' | 'membership' | null {
    const reader = this.reader(session, session.transaction);
    const [own, other] = [reader.role(), reader.roleNamed(user)];
    if (own === null || own.superuser || other === null) return null;
    if (other.superuser) return 'superuser';
    return reader.hasRightsOf(own, other.id) ? null : 'membership';
  }

  currentSchemas(session: Session, implicit: boolean): readonly string[] {
    return this.reader(session, session.transaction).currentSchemas(implicit);
  }

  version(session: Session): number {
    return this.catalog.currentVersion(session.transaction);
  }

  isVersion(session: Session, version: number): boolean {
    if (this.catalog.isShared(session.transaction) && catalogVersion(this.#words) === version && version >= 0) return true;
    return this.version(session) === version;
  }

  size(table: CatalogTable): TableSizes {
    const now = performance.now();
    const known = this.#sizes.get(table.kernelTable);
    if (known !== undefined && now - known.at < SIZE_AGE) return known.size;
    const size = this.catalog.size(table);
    this.#sizes.set(table.kernelTable, { size, at: now });
    return size;
  }

  define(session: Session, tx: Transaction, statement: SourceStatement, context: SessionContext): UtilityResult {
    this.#sizes.clear();
    const result = define(this, session, tx, statement, context);
    if (makesTemporary(statement)) {
      this.#withTemporary.add(session);
      session.temporary = this.sessionOf(session).id;
      session.beforeCommit ??= (ending) => this.#endTransaction(session, ending);
    }
    return result;
  }

  mayDo(
    session: Session,
    role: number,
    kind: string,
    object: number | string,
    column: string | number | null,
    right: string,
  ): boolean {
    return mayDo(this.reader(session, session.transaction), role, kind, object, column, right);
  }

  checkMaySet(session: Session, name: string, value: string | null): void {
    if (isIdentitySetting(name)) {
      if (value !== null) this.#checkMayBecome(session, value, name);
    } else if (isForSuperusers(name) && !this.isSuperuser(session))
      throw new SqlError(SQLSTATE.insufficient_privilege, `permission denied to set parameter "${name}"`);
  }

  #checkMayBecome(session: Session, name: string, as: IdentitySetting): void {
    if (name === (as === 'role' ? 'none' : 'default')) return;
    const reader = this.reader(session, session.transaction);
    const wanted = reader.roleNamed(name);
    if (wanted === null) throw new SqlError(SQLSTATE.undefined_object, `role "${name}" does not exist`);
    const own = reader.roleNamed(as === 'role' ? session.sessionUser : session.identity.openedBy);
    const may = own !== null && (as === 'role' ? reader.isMember(own, wanted.id) : own.superuser || own.id === wanted.id);
    if (may) return;
    const what = as === 'role' ? `role "${name}"` : 'session authorization';
    throw new SqlError(SQLSTATE.insufficient_privilege, `permission denied to set ${what}`);
  }

  // ---- temporary objects ----

  /** ON COMMIT DELETE ROWS, ON COMMIT DROP: in the transaction that commits, which may be one that only reads. */
  #endTransaction(session: Session, tx: Transaction): void {
    const { catalog } = this;
    const own = this.sessionOf(session);
    const { empty, drop } = catalog.endOfTransactionTables(tx, own);
    if (empty.length + drop.length === 0) return;
    const { readOnly } = tx;
    tx.readOnly = false;
    const used = empty.filter((id) => {
      const table = this.reader(session, tx).relation(id);
      return table?.kind === 'table' && catalog.size(table).pages > 0;
    });
    if (used.length > 0) catalog.truncate(tx, own, used, false);
    for (const id of drop) catalog.dropTable(tx, own, id, { cascade: true });
    tx.readOnly = readOnly;
  }

  endSession(session: Session): void {
    if (!this.#withTemporary.delete(session)) return;
    session.beforeCommit = null;
    const tx = session.beginOwn();
    tx.readOnly = false;
    try {
      this.catalog.dropTemporary(tx, this.sessionOf(session));
    } catch (error) {
      if (tx.open) session.rollbackOwn(tx);
      throw error;
    }
    session.commitOwn(tx);
  }

  // ---- sequences ----

  #sequencesOf(session: Session): SessionSequences {
    let known = this.#sequences.get(session);
    if (known === undefined) {
      known = new SessionSequences(this.catalog, this.sessionOf(session));
      this.#sequences.set(session, known);
    }
    return known;
  }

  /** 42501. Looked at once a version of the catalog and role. */
  #checkMay(session: Session, sequence: number, use: keyof typeof SEQUENCE_RIGHTS): void {
    const { user } = session;
    const version = this.version(session);
    let known = this.#allowed.get(session);
    if (known === undefined || known.version !== version || known.user !== user) {
      known = { version, user, keys: new Set() };
      this.#allowed.set(session, known);
    }
    const key = sequence * 4 + USES.indexOf(use);
    if (known.keys.has(key)) return;
    const reader = this.reader(session, session.transaction);
    const row = reader.entry(sequence)?.row;
    const rights = SEQUENCE_RIGHTS[use];
    // Those of identity columns are drawn by whoever may insert.
    const isPart = row?.kind === 'sequence' && row.parent !== 0 && use === 'next';
    if (row !== undefined && !isPart && !rights.some((right) => reader.allows(sequence, right as never)))
      throw denied('sequence', row.name);
    known.keys.add(key);
  }

  nextValue(session: Session, sequence: number): number | bigint {
    this.#checkMay(session, sequence, 'next');
    return this.#sequencesOf(session).next(session.transaction, sequence);
  }

  currentValue(session: Session, sequence: number): number | bigint {
    this.#checkMay(session, sequence, 'current');
    return this.#sequencesOf(session).current(session.transaction, sequence);
  }

  setValue(session: Session, sequence: number, value: number | bigint, called: boolean): void {
    this.#checkMay(session, sequence, 'set');
    this.#sequencesOf(session).set(session.transaction, sequence, value, called);
  }

  lastValue(session: Session): number | bigint {
    return this.#sequencesOf(session).last();
  }

  forgetSequences(session: Session): void {
    this.#sequences.delete(session);
  }

  types(session: Session): TypeDirectory {
    return directoryOf(this.reader(session, session.transaction));
  }

  sequenceByName(session: Session, name: string): number {
    return this.#sequencesOf(session).byName(session.transaction, name);
  }
}

function makesTemporary(statement: SourceStatement): boolean {
  if (statement.op === 'createView') return true;
  if (statement.op !== 'createTable' && statement.op !== 'createSequence') return false;
  return statement.persistence === 'temporary' || statement.name.parts.at(-2) === 'pg_temp';
}
