/**
 * What the catalog needs of the kernel: declared here, implemented by engine/api/catalog-port.ts, one for each thread. Every call
 * is a whole statement of its transaction: it waits where it meets others, and leaves nothing when it fails.
 */

import type { PageId } from '../../shm/types.ts';
import type { SequenceOptions } from '../storage/sequence-options.ts';
import type { Column } from '../storage/rows/row-layout.ts';
import type { IndexMethod, TokenClass } from '../storage/rows/runtime.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { Savepoint, Transaction } from '../txn/transactions.ts';

/** A system table: ordinary rows under ordinary transactions (SM-F3). */
export interface SystemTable {
  readonly id: number;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly indexes: readonly { readonly name: string; readonly columns: readonly string[]; readonly unique: boolean }[];
  /** True: rows live for this boot only (temporary objects). */
  readonly temporary: boolean;
}

export interface KernelIndexKey {
  /** Place in the kernel table's current layout. */
  readonly column: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  readonly tokens?: TokenClass;
}

export interface KernelIndex {
  /** For messages. */
  readonly name: string;
  readonly unique: boolean;
  /** Built only over rows without duplicates, whether it keeps them off later (`unique`) or not. */
  readonly isChecked: boolean;
  readonly nullsDistinct: boolean;
  readonly method: IndexMethod;
  readonly keys: readonly KernelIndexKey[];
}

export interface KernelTable {
  /** Unique among kernel tables; nobody looks it up. */
  readonly name: string;
  readonly columns: readonly Column[];
  readonly indexes: readonly KernelIndex[];
  readonly logged: boolean;
  readonly temporary: boolean;
}

/** How many pages and rows a table has, from counting pages and looking at some of them. */
export interface TableSize {
  readonly pages: number;
  readonly rows: number;
  /** Share of the pages whose rows need not be looked at where an index tells enough (SM-P2); left out: nobody has looked. */
  readonly settled?: number;
}

/** Where the rows of a sample lie. Rows of one page come together: they are in it more often than as many others are. */
export interface SampledPages {
  /** The page of each row. */
  readonly pageOf: readonly number[];
  /** Share of the table's pages that rows were drawn from. */
  readonly share: number;
}

export interface SampledRows extends TableSize, SampledPages {
  /** At most as many as were asked for, in the order of the heap. */
  readonly sample: readonly RowValue[][];
  /** All rows of the table were shown. */
  readonly isShown: boolean;
}

/** A view of committed rows, newer than any that is durable only later: what DDL of others has left. */
export interface RowsRead {
  /** Rows by a whole key of an index, or by the beginning of one. */
  find(table: number, index: string, key: readonly RowValue[]): RowValue[][];
  all(table: number): RowValue[][];
}

export const LOCK_ALL = 1;
export const LOCK_WRITERS = 2;

export interface KernelPort {
  // ---- rows of system tables ----

  /** Reads what is committed, in a snapshot of its own at the precommitted horizon. Returns the stamp that a crash could take back, or 0. */
  read(body: (rows: RowsRead) => void): number;
  /** 23505 becomes false: another row has the key. */
  insert(tx: Transaction, table: number, row: readonly RowValue[]): boolean;
  /** Replaces the row that a unique index finds; false: there is none. */
  replace(tx: Transaction, table: number, index: string, key: readonly RowValue[], row: readonly RowValue[]): boolean;
  remove(tx: Transaction, table: number, index: string, key: readonly RowValue[]): boolean;

  // ---- tables ----

  /** Makes a kernel table in the transaction; returns its id. */
  createTable(tx: Transaction, table: KernelTable): number;
  dropTable(tx: Transaction, id: number): void;
  /** Adds an index behind the others; existing rows get their entries. 23505 with the key that is there twice. */
  createIndex(tx: Transaction, id: number, index: KernelIndex): void;
  /** Takes the index at a position out; those behind it move up. */
  dropIndex(tx: Transaction, id: number, position: number): void;
  /** Adds columns at the end; they are NULL in rows that exist. */
  addColumns(tx: Transaction, id: number, columns: readonly Column[]): void;
  /** The column at a place may be NULL from now on. */
  makeNullable(tx: Transaction, id: number, place: number): void;
  /** Columns of the current layout. */
  columnCount(id: number): number;
  /** Layouts so far: each change of the columns is a further one, and rows of all of them are read. */
  layoutCount(id: number): number;
  /** Waits until nobody else uses (LOCK_ALL) or writes to (LOCK_WRITERS) the table; to the end of the transaction (TX-T14). */
  lock(tx: Transaction, id: number, others: typeof LOCK_ALL | typeof LOCK_WRITERS): void;
  /** Pages, and an estimate of rows. */
  size(id: number): TableSize;
  /** Rows changed since its statistics were gathered, roughly, as far as this boot knows. */
  changes(id: number): number;
  /** Its statistics were gathered just now, of so many rows; `seen`: changes() before that. */
  analyzed(tx: Transaction, id: number, rows: number, seen: number): void;
  /** Rows of pages drawn at random, at most `rows`. */
  /** `each` is shown every row of the table, where it is not too large for that: SampledRows.isShown. */
  sample(tx: Transaction, id: number, rows: number, each?: (values: readonly RowValue[]) => void): SampledRows;

  // ---- sequences ----

  createSequence(
    tx: Transaction,
    name: string,
    options: SequenceOptions,
    temporary: boolean,
  ): { readonly kernel: number; readonly page: PageId };
  dropSequence(tx: Transaction, kernel: number): void;
  nextValue(page: PageId): number | bigint;
  setValue(page: PageId, value: number | bigint, called: boolean): void;
  sequenceState(page: PageId): { readonly value: number | bigint; readonly called: boolean };

  // ---- transactions ----

  savepoint(tx: Transaction): Savepoint;
  rollbackTo(tx: Transaction, to: Savepoint): void;
  /**
   * The transaction changes the catalog: its commit moves the version word. When what it does from here on is undone, `undone` is
   * called with `mark`; when the transaction ends, either way, `onEnd`'s listener.
   */
  noteDdl(tx: Transaction, mark: number): void;
  onUndone(listener: (tx: Transaction, mark: number) => void): void;
  onEnd(listener: (tx: Transaction) => void): void;
  /** The shared version word; -1 while a commit of DDL is under way: then nothing that was read may be kept. */
  version(): number;
  /** Raises the transaction's dependency: what it answers waits for this stamp to be durable (TX-T9). */
  dependOn(tx: Transaction, stamp: number): void;
  /** A number that no other session of this boot has: 1 and up. */
  nextSession(): number;
  /** Microseconds since 1970. */
  now(): number;
  random(): number;
  /** Settings of the database, for pg_settings. */
  readonly settings: { readonly [name: string]: string };
}
