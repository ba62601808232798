/**
 * What running statements needs of the rest, for one thread: the entry (engine/api) puts it together. Compiler and dialects come in
 * through interfaces, because exec may not import them (architecture.md).
 */

import type { Dialect } from '../../plugins/contract/contract.ts';
import type { SharedMemory } from '../../shm/shared-memory.ts';
import type { CatalogReader, CatalogTable } from '../catalog/objects.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { CostHooks } from '../plan/optimize/cost.ts';
import type { TableSizes } from '../plan/optimize/access-path.ts';
import type { CompileEnvironment, Compiler } from '../plan/program.ts';
import type { TypeDirectory } from '../values/user-types.ts';
import type { Session } from '../session/session.ts';
import type { OutputColumn } from '../sblr/bound.ts';
import type { SourceStatement } from '../sblr/source.gen.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { Locks } from '../txn/locks.ts';
import type { Transaction, Transactions } from '../txn/transactions.ts';
import type { SessionContext } from './context.ts';
import type { FaceOptions } from './faces.ts';
import type { ModuleCache } from './module-cache.ts';
import type { ShapeSharing } from './shared-shapes.ts';
import type { StatementCache } from './statement-cache.ts';

export interface Notice {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
}

/** What a statement that is not compiled answers. */
export interface UtilityResult {
  /** 'CREATE TABLE', 'BEGIN'. */
  readonly tag: string;
  readonly notices: readonly Notice[];
  /** SHOW, EXPLAIN: rows of text. Their columns: utilityOutput(), unless they are here. */
  readonly rows: readonly (readonly RowValue[])[];
  readonly output?: readonly OutputColumn[];
  /** Rows that FETCH and MOVE have passed. */
  readonly changes?: number;
}

/** The catalog as statements use it. */
export interface EngineCatalog {
  /** Objects as the session's transaction sees them, its own DDL included. */
  reader(session: Session, tx: Transaction | null): CatalogReader;
  /** current_schemas(): those of the search path that there are; `implicit`: with what is searched without being named. */
  currentSchemas?(session: Session, implicit: boolean): readonly string[];
  /** A number that is another one whenever reader() might answer otherwise. A few loads. */
  version(session: Session): number;
  /** version() is this one; mostly found out with fewer loads. */
  isVersion(session: Session, version: number): boolean;
  size(table: CatalogTable): TableSizes;
  /** The session's role may do everything. Inside the engine. */
  isSuperuser(session: Session): boolean;
  /** May the session's role end what another user does? Null: yes; else what it lacks. */
  lacksToSignal(session: Session, user: string): 'superuser' | 'membership' | null;
  /** Runs CREATE, DROP, TRUNCATE, ANALYZE inside the engine, in a transaction. */
  define(session: Session, tx: Transaction, statement: SourceStatement, context: SessionContext): UtilityResult;
  /** Before SET: of ROLE and SESSION AUTHORIZATION, and of what is for superusers. 42704, 42501 */
  checkMaySet(session: Session, name: string, value: string | null): void;
  /** has_..._privilege(). */
  mayDo(
    session: Session,
    role: number,
    kind: string,
    object: number | string,
    column: string | number | null,
    right: string,
  ): boolean;
  /** The session ends: what it made for itself goes, in a transaction of its own. Inside the engine, outside a block. */
  endSession(session: Session): void;
  nextValue(session: Session, sequence: number): number | bigint;
  currentValue(session: Session, sequence: number): number | bigint;
  setValue(session: Session, sequence: number, value: number | bigint, called: boolean): void;
  lastValue(session: Session): number | bigint;
  /** DISCARD SEQUENCES: as if it had drawn nothing. */
  forgetSequences(session: Session): void;
  sequenceByName(session: Session, name: string): number;
  /** Types and objects by number, as the session sees them now. */
  types(session: Session): TypeDirectory;
}

/** Sessions of all threads, as those who serve know them. */
export interface EngineSignals {
  /** The session's slot; -1: there is no such process. */
  slotOf(process: number): number;
  processOf(slot: number): number;
  userOf(process: number): string | null;
  terminate(process: number): void;
  /** Sessions in a database, by its name. */
  sessionsIn(database: string): number;
}

export interface Engine {
  /** Left out: every process is a session of who asks, and nobody else ends them. */
  signals?: EngineSignals;
  readonly shm: SharedMemory;
  readonly txns: Transactions;
  readonly locks: Locks;
  readonly jobs: Jobs;
  readonly catalog: EngineCatalog;
  readonly dialect: Dialect;
  /** Dialects by name, for stored expressions. */
  dialectOf(name: string): Dialect;
  readonly compiler: Compiler;
  /** What the compiler asks, and virtual tables while they are read: about the session that is active. */
  readonly environment: CompileEnvironment;
  /** For tests and benchmarks: what plans are made from here on. */
  planHooks: CostHooks | null;
  /** The session whose statement is prepared or run just now. */
  active: Session | null;
  readonly cache: StatementCache;
  /** What the threads share of statements, and what this one has yet to share. */
  readonly modules: ModuleCache;
  readonly sharing: ShapeSharing;
  readonly faces: FaceOptions;
  /** Microseconds since 1970. */
  now(): number;
  random(): number;
}
