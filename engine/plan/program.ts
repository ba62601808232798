/**
 * What the compiler makes of a physical plan, and what it needs to run: declared here, made by codegen/jit, run by engine/exec,
 * put together by the entries (architecture.md, 'The house').
 */

import type { RowOutput } from '../../plugins/contract/output.ts';
import type { RowFormat as WireFormat } from '../../plugins/contract/row-format.ts';
import type { CatalogTable } from '../catalog/objects.ts';
import type { OutputColumn } from '../sblr/bound.ts';
import type { SqlType } from '../sblr/types.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import type { RowStatus, Transaction } from '../txn/transactions.ts';
import type { Zone } from '../values/time-zone.ts';
import type { PhysicalStatement } from './physical.ts';

/**
 * Parameters of one run, as generated code reads them. NULL: nulls[i] = 1, numbers[i] = 0, values[i] = null. bool, integers, floats,
 * date, and int8, time, timestamps while they are safe integers: numbers[i] (bool 0/1), and values[i] is undefined. Everything else,
 * int8 and timestamps beyond 2^53 as bigint included: values[i].
 */
export interface Parameters {
  readonly nulls: Uint8Array;
  readonly numbers: Float64Array;
  readonly values: (RowValue | undefined)[];
}

/** What primitives ask of the session and of the statement; drawn once a statement and kept over re-runs (TX-T11). */
export interface StatementContext {
  /** Microseconds since 1970: statement_timestamp(), and start of the transaction: now(). */
  readonly statementTime: number;
  readonly transactionTime: number;
  readonly timeZone: string;
  readonly user: string;
  readonly sessionUser: string;
  readonly database: string;
  readonly schema: string;
  readonly searchPath: readonly string[];
  /** 'ISO, MDY' and the like, by setting name. */
  setting(name: string): string | null;
  setSetting(name: string, value: string | null, local: boolean): string;
  /** 0 <= x < 1. */
  random(): number;
  clock(): number;
  nextValue(sequence: number): number | bigint;
  currentValue(sequence: number): number | bigint;
  setValue(sequence: number, value: number | bigint, called: boolean): void;
  lastValue(): number | bigint;
  /** Object id of a sequence by its name as written; for nextval('name'). 42P01. */
  sequenceByName(name: string): number;
  /** Functions that wait: what they throw out of running code is waited for (engine/exec/function-waits.ts). */
  readonly waits?: StatementWaits;
}

export interface StatementWaits {
  /** The statement runs again. */
  again(): void;
  wait(wait: object, tx: Transaction): void;
  waitAsync(wait: object, tx: Transaction, inside: <Result>(body: () => Result) => Result): Promise<void>;
}

/** Rows as bytes that a plugin describes, and what the session's settings say of their text. */
export interface BytesFormat {
  readonly format: WireFormat;
  /** DateStyle is ISO, bytea_output is hex: the encoders' forms. */
  readonly isIso: boolean;
  readonly isHex: boolean;
  readonly zone: Zone;
}

/** Rows as the caller wants them: SBLR-R1's two embedded formats, or bytes. */
export type EmbeddedFormat = 'object' | 'array';
export type RowFormat = EmbeddedFormat | BytesFormat;

/**
 * Something that a constraint has to be asked about when its statement has ended. Foreign keys: a row of `table` refers to values
 * that nothing has (yet), or what it refers to has gone or become `next`; values are in the order of the key's columns. 'unique':
 * the row `row` of `table` may have the key of another one.
 */
export interface ReferenceEvent {
  readonly kind: 'refers' | 'deleted' | 'changed' | 'unique';
  /** Object id of the table that has the constraint. */
  readonly table: number;
  readonly constraint: string;
  /** Of 'unique': a row id. */
  readonly row?: number;
  readonly values: readonly RowValue[];
  readonly next: readonly RowValue[] | null;
}

/** One execution of a program. */
export interface Run {
  tx: Transaction;
  readonly parameters: Parameters;
  readonly context: StatementContext;
  /** Rows of the result go here. */
  readonly rows: unknown[];
  /** Rows of programs of a BytesFormat go here; how many steps have written, whoever takes them sets that back. */
  readonly output?: RowOutput | null;
  written?: number;
  /** Rows after which step() answers RUN_FULL. */
  rowsMax: number;
  /** Rows changed by INSERT, UPDATE, DELETE. */
  changes: number;
  /** The word that says the statement is to stop: looked at between morsels. */
  readonly canceled: () => boolean;
  /** True when the event loop should turn: step() answers RUN_PAUSED between morsels (SBLR-E3). Null: it runs to the end. */
  readonly pause: (() => boolean) | null;
  /** What constraints are to be asked about; left out: nothing. */
  references?: ReferenceEvent[] | null;
  /** Of EXPLAIN ANALYZE: what each Counted node has counted. */
  counts?: Float64Array | null;
  /**
   * Is told what pipelines have collected: the relation (optimize/identity.ts), rows expected, rows seen. True: step() answers RUN_REPLAN.
   * Not asked once rows were given.
   */
  breaker?: ((identity: string, expected: number, rows: number) => boolean) | null;
}

/** The statement has ended. */
export const RUN_DONE = 0;
/** rowsMax, or the mark of the output, is reached: step() goes on from there. */
export const RUN_FULL = 1;
/** Somebody else holds a row (ROW_WAIT): undo the statement, wait, run it again. */
export const RUN_WAIT = 2;
/** A row has changed since the snapshot (ROW_RERUN): undo the statement, run it again. */
export const RUN_RERUN = 3;
/** It has run for long (Run.pause): step() goes on from there. */
export const RUN_PAUSED = 5;
/** Another plan is to run instead (Run.breaker), from the beginning: nothing was given yet. */
export const RUN_REPLAN = 6;
export type RunStatus = 0 | 1 | 2 | 3 | 5;
export type StepStatus = RunStatus | typeof RUN_REPLAN;

/**
 * A compiled statement, of one thread. `start` begins a run inside a statement of run.tx (beginStatement has been called); `step`
 * goes on until the status says otherwise. Between two steps nothing is held. Errors are thrown, no page held, with a position
 * (token ordinal in SqlError.position until the session turns it into a character).
 */
export interface Program {
  readonly output: readonly OutputColumn[];
  /** Changes or locks rows. */
  readonly writes: boolean;
  /** Reads at most one row by a unique key before writing it, or inserts rows of VALUES (TX-T4): STATEMENT_SIMPLE. */
  readonly simple: boolean;
  /** Other tables refer to what it changes: their foreign keys may have something done about it. */
  readonly cascades?: boolean;
  /** What it changes refers to other tables. */
  readonly refers?: boolean;
  /** The same statement as one straight function; null: it is not of that kind. */
  readonly direct: Direct | null;
  /** Of a program that makes code when it runs: set by who keeps it, told how many characters. */
  whenCompiled?: ((characters: number) => void) | null;
  /** False: its tables have another form now, or had one that was taken back: compile again. */
  isCurrent(): boolean;
  start(run: Run): Execution;
}

/**
 * A program that reads at most one row by a unique key, or inserts, updates or deletes one: no execution, no list of rows (SBLR-G5).
 * It is run to its end in one call, and by one caller at a time: what it calls does not run statements.
 */
export interface Direct {
  /** Inside a statement of `run.tx`: its tables are in use from here on (TX-T14). True: somebody is in the way, as with RUN_WAIT. */
  begin(run: Run): boolean;
  /**
   * All of it. Its row (true: it is written), or undefined; a number, RUN_WAIT or RUN_RERUN: the statement is to be undone, as with step(). Rows that it
   * changed: run.changes. Errors as step().
   */
  run(run: Run): unknown;
  /**
   * The same for row after row of one statement: `next` puts the values of each into the run's parameters, until it answers false.
   * False: somebody is in the way of one of them, and those before it are to be undone.
   */
  runRows(run: Run, next: () => boolean): boolean;
}

export interface Execution {
  step(): StepStatus;
  /** Gives back what it holds (temporary files, memory accounted). After the last step, or instead of it. */
  close(): void;
}

/** What a statement looks for in a virtual table. */
export interface VirtualLookup {
  readonly attribute: number;
  readonly value: RowValue;
}

/** What the compiler asks while it compiles. */
export interface CompileEnvironment {
  table(id: number): CatalogTable;
  /** The kernel's functions of that table, current as of now; a program is compiled again when they change. */
  runtime(table: CatalogTable): TableRuntime;
  /** Rows of a virtual table: all columns, as RowValues. */
  /** `lookup`: rows with this value in this attribute are enough; more may come. */
  virtualRows(name: string, lookup?: VirtualLookup): Iterable<readonly RowValue[]>;
  /** Foreign keys are not looked after (session_replication_role = replica). Left out: they are. */
  readonly withoutReferences?: boolean;
  readonly kernel: KernelAccess;
}

/**
 * Threads of the pool that take part in a statement (codegen/jit/gather-stage.ts): how the thread that runs it reaches them. Messages
 * are copies, but for SharedArrayBuffers.
 */
export interface Helpers {
  /** There may be so many at most. */
  readonly threads: number;
  /** Slot and generation of the calling thread. */
  readonly thread: number;
  readonly generation: number;
  /** Those that run now. */
  readonly running: number;
  /** Other threads that are at work for somebody, those of the pool aside. */
  readonly busy: number;
  /** Has so many run, if it can; they come later. */
  want(count: number): void;
  /** To all that run; wakes them. */
  post(message: unknown): void;
  /** The next answer to this thread; undefined: none. */
  receive(): unknown;
  /** In a helper: to the thread that asked. */
  answer(thread: number, message: unknown): void;
  /** False when the thread is certainly gone. Does I/O. */
  isAlive(thread: number, generation: number): boolean;
  /** Nothing is sent any more. */
  close(): void;
}

/** The parts of the kernel that running code uses: assembled by the entry (engine/api/kernel-parts.ts is one). */
export interface KernelAccess {
  readonly parts: import('../txn/transactions.ts').Transactions;
  /** Row and table locks, and what serializable transactions record. */
  readonly locks: import('../txn/locks.ts').Locks;
  /** Writes a long value to an overflow chain owned by the transaction (encodeRow's OverflowWriter). */
  overflowWriter(
    tx: Transaction,
    runtime: TableRuntime,
  ): (bytes: Uint8Array) => import('../storage/rows/row-value.ts').OverflowReference;
  /** Reads one: codegen/rows' OverflowFetch. No page held. */
  overflowFetch(): (i32: Int32Array, reference: number) => Uint8Array;
  /** Bytes a statement may use before it spills (work_mem), and the accounting. */
  readonly workMemory: number;
  /** Bytes that a part of a statement may take of what cannot wait in files: 53200 beyond. None: it hangs on workMemory. */
  readonly memoryLimit?: number;
  /** Rows of a table (its kernel's number) were changed, or nearly so: statistics may be out of date once that is committed. */
  changed?(tx: Transaction, table: number, rows: number): void;
  /** Null, or not there: statements run on the calling thread alone. */
  readonly helpers?: Helpers | null;
}

export interface Compiler {
  /** Compiles for one row format. The same shape of plan gives the same text (SBLR-G4). */
  compile(plan: PhysicalStatement, parameters: readonly SqlType[], format: RowFormat, environment: CompileEnvironment): Program;
  /** Whether a table has rows with these values in columns that the transaction's snapshot does not show. */
  newerRows(
    environment: CompileEnvironment,
    tx: Transaction,
    table: CatalogTable,
    attributes: readonly number[],
    values: readonly RowValue[],
  ): boolean;
  /**
   * Whether another row has the key that a row of this transaction has in a deferrable constraint: ROW_DONE, ROW_WAIT, ROW_RERUN.
   * 23505
   */
  checkLateKey(environment: CompileEnvironment, tx: Transaction, table: CatalogTable, event: ReferenceEvent): RowStatus;
  /** The annotated second rendering, for EXPLAIN (CODEGEN). */
  explainCode(plan: PhysicalStatement, parameters: readonly SqlType[], environment: CompileEnvironment): string;
  /** Characters of source that it has made so far. */
  readonly characters: number;
}
