/**
 * Changes of one table as a run makes them: encoding beyond the hot path, what the answers of row operations mean for the statement,
 * and the errors of constraints. One a state.
 */

import type { CatalogTable } from '../../engine/catalog/objects.ts';
import { RUN_RERUN, RUN_WAIT } from '../../engine/plan/program.ts';
import { type ByteViews, copyWords, privateViews } from '../../engine/storage/rows/byte-views.ts';
import { ROW_OVERFLOW, ROW_SCRATCH_BYTES, rowIdOf, rowIdPage, rowIdSlot } from '../../engine/storage/rows/row-image.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import type { TableRuntime } from '../../engine/storage/rows/runtime.ts';
import { extractKey, refusesDuplicates } from '../../engine/txn/index-change.ts';
import { readCurrent } from '../../engine/txn/index-read.ts';
import { insertRow } from '../../engine/txn/row-insert.ts';
import { acquireRowLock, CHANGE_MODE, LOCK_NO_KEY_UPDATE, ROW_SKIPPED } from '../../engine/txn/row-locks.ts';
import { deleteRow, updateRow } from '../../engine/txn/row-update.ts';
import {
  DUPLICATE_INDEX,
  ROW_DONE,
  ROW_DUPLICATE,
  ROW_GONE,
  ROW_PAGE,
  ROW_RERUN,
  ROW_SLOT,
  ROW_WAIT,
} from '../../engine/txn/transactions.ts';
import { checkUnique } from '../../engine/txn/unique.ts';
import type { ValueContext } from '../../engine/values/context.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { arrayDecoder } from '../rows/decoder.ts';
import { encodeError, encodeRow, ROW_WIDE, rowEncoder } from '../rows/encoder.ts';
import {
  checkError,
  deferrableArbiter,
  duplicateError,
  type FailingRow,
  failingRow,
  givenRow,
  nullError,
} from './change-errors.ts';
import { type LateKey, noteShared } from './late-keys.ts';
import { checkOutgoing, noteIncoming, type References } from './references.ts';
import type { State } from './state.ts';

/** A row operation was done; there was nothing to do it to; the statement stops. */
export const CHANGED = 1;
export const NOTHING = 0;
export const STOPPED = 2;
/** An insert met a row that the statement's ON CONFLICT watches for: its id is in `metId`. */
export const CONFLICT = 3;

/** Byte offset of the second image: the row that ON CONFLICT met. */
export const MET_AT = ROW_SCRATCH_BYTES;

export interface ChangeShape {
  readonly catalog: CatalogTable;
  readonly table: TableRuntime;
  /** Positions of the indexes that ON CONFLICT watches; null: no ON CONFLICT. */
  readonly watched: ReadonlySet<number> | null;
  /** ON CONFLICT DO UPDATE: rows of this statement are not to be met again. */
  readonly once: boolean;
  /** Foreign keys that the change touches; null: none. */
  readonly references: References | null;
  /** Keys that are looked at when the row is in. */
  readonly late: readonly LateKey[];
  /** ON CONFLICT would have to look at one of them. */
  readonly watchesLate: boolean;
  /** No key that a foreign key can refer to changes: others may refer to the row meanwhile. */
  readonly keepsKeys: boolean;
}

export class ChangePart {
  readonly shape: ChangeShape;
  readonly table: TableRuntime;
  /** The new image at 0, the met one at MET_AT. */
  readonly image: ByteViews = privateViews(2 * ROW_SCRATCH_BYTES);
  readonly numbers: Float64Array;
  values: (RowValue | undefined)[];
  readonly encode: ReturnType<typeof rowEncoder>;
  readonly #decode: ReturnType<typeof arrayDecoder>;
  readonly #scratch: ByteViews = privateViews(ROW_SCRATCH_BYTES);
  /** Ids of the rows that this statement has put in or changed. */
  readonly #touched = new Set<number>();
  metId = 0;
  /** What is wrong with the row that is inserted, unless ON CONFLICT meets another in its place. */
  late: SqlError | null = null;

  constructor(shape: ChangeShape) {
    this.shape = shape;
    this.table = shape.table;
    const { columns } = shape.table.layout;
    this.numbers = new Float64Array(columns.length);
    this.values = new Array(columns.length).fill(null);
    this.encode = rowEncoder(shape.table.layout);
    this.#decode = arrayDecoder(shape.table.layout);
  }

  begin(): void {
    if (this.#touched.size > 0) this.#touched.clear();
  }

  #columnName(index: number): string {
    return this.shape.catalog.columns.find(({ kernelColumn }) => kernelColumn === index)?.name ?? '';
  }

  /** 23502 for a column of the layout, with the row that the encoder was given. */
  refuseNull(c: State, index: number, numbers = this.numbers, values: FailingRow = this.values): never {
    throw nullError(this.shape.catalog, this.#columnName(index), this.#shownRow(c, givenRow(this.table.layout, numbers, values)));
  }

  /** 23514, 44000, 42501. */
  refuseCheck(c: State, name: string): never {
    const { numbers, values } = this;
    throw checkError(this.shape.catalog, name, () => this.#shownRow(c, givenRow(this.table.layout, numbers, values)));
  }

  /** The same of a row that is changed: `columns` of it become `values`. `what`: column that is NULL, or name of a check. */
  refuseChange(c: State, what: number | string, rowId: number, columns: readonly number[], values: readonly RowValue[]): never {
    const detail = (): string | undefined => {
      if (readCurrent(c.tx, this.table, rowIdPage(rowId), rowIdSlot(rowId), this.#scratch) === 0) return undefined;
      const row: (RowValue | undefined)[] = this.#decode(...this.#views(this.#scratch), 0, c.overflow);
      for (const [at, column] of columns.entries()) row[column] = values[at];
      return this.#shownRow(c, row);
    };
    if (typeof what === 'string') throw checkError(this.shape.catalog, what, detail);
    throw nullError(this.shape.catalog, this.#columnName(what), detail());
  }

  #shownRow(c: State, row: FailingRow): string | undefined {
    return failingRow(this.shape.catalog, row, c.context as unknown as ValueContext);
  }

  /** The error is thrown when the row is in. */
  keepError(error: unknown): void {
    if (!(error instanceof SqlError)) throw error;
    this.late ??= error;
  }

  /** What the encoder could not do alone: long values, or the error of one that does not fit. */
  encodeFurther(c: State, status: number, numbers = this.numbers, values = this.values): void {
    if (status === ROW_WIDE) this.#encodeWide(c, { numbers, values });
    else this.#refuseValue(c, status, numbers, values);
  }

  #encodeWide(c: State, input: { numbers: Float64Array; values: (RowValue | undefined)[] }): void {
    encodeRow(this.table.layout, this.image, 0, input, c.kernel.overflowWriter(c.tx, this.table));
  }

  #refuseValue(c: State, status: number, numbers: Float64Array, values: FailingRow): never {
    const index = (-2 - status) >> 2;
    if (((-2 - status) & 3) === 0) this.refuseNull(c, index, numbers, values);
    throw encodeError(this.table.layout, status);
  }

  /** Inserts the image. */
  insert(c: State): number {
    const { tx } = c;
    if (this.shape.watchesLate) throw deferrableArbiter();
    const status = insertRow(tx, this.table, this.image, 0);
    if (status === ROW_DONE) {
      c.changes++;
      if (this.shape.late.length > 0) this.#noteShared(c, this.image, 0, rowIdOf(tx.ints[ROW_PAGE], tx.ints[ROW_SLOT]));
      if (this.shape.once) this.#touched.add(rowIdOf(tx.ints[ROW_PAGE], tx.ints[ROW_SLOT]));
      return this.shape.references === null ? CHANGED : this.#refer(c, this.image, 0);
    }
    return this.#answer(c, status);
  }

  #noteShared(c: State, views: ByteViews, row: number, rowId: number): void {
    noteShared(c, this.shape.late, this.shape.catalog.id, this.table, views, row, rowId);
  }

  /** The row that was put in, or changed, at `row` of `views` refers to others. */
  #refer(c: State, views: ByteViews, row: number): number {
    const { references, catalog } = this.shape;
    if (references === null || references.outgoing.length === 0) return CHANGED;
    const stopped = checkOutgoing(c, references, catalog, views, row, this);
    if (stopped === 0) return CHANGED;
    c.stopped = stopped as State['stopped'];
    return STOPPED;
  }

  valuesAt(c: State, views: ByteViews, row: number): (RowValue | undefined)[] {
    return this.#decode(...this.#views(views), row, c.overflow);
  }

  /** The values of a row as it is now, where others refer to it; null: they do not, or it is not there. */
  #valuesBefore(c: State, rowId: number): (RowValue | undefined)[] | null {
    const { references } = this.shape;
    if (references === null || references.incoming.length === 0) return null;
    if (readCurrent(c.tx, this.table, rowIdPage(rowId), rowIdSlot(rowId), this.#scratch) === 0) return null;
    return this.#decode(...this.#views(this.#scratch), 0, c.overflow);
  }

  /** What the statement does about an answer other than ROW_DONE. */
  #answer(c: State, status: number): number {
    switch (status) {
      case ROW_WAIT:
        c.stopped = RUN_WAIT;
        return STOPPED;
      case ROW_RERUN:
        c.stopped = RUN_RERUN;
        return STOPPED;
      case ROW_GONE:
        return NOTHING;
      default:
        return this.#duplicate(c);
    }
  }

  #duplicate(c: State): number {
    const { ints } = c.tx;
    const position = ints[DUPLICATE_INDEX];
    const { watched } = this.shape;
    if (watched?.has(position) !== true) {
      const status = watched === null ? ROW_DONE : this.#watchedDuplicate(c, watched);
      if (status === ROW_DONE) throw this.#uniqueViolation(c, position);
      if (status !== ROW_DUPLICATE) return this.#answer(c, status);
    }
    this.metId = rowIdOf(ints[ROW_PAGE], ints[ROW_SLOT]);
    return CONFLICT;
  }

  /** A row may meet several others: one that ON CONFLICT watches for comes before those that it does not. */
  #watchedDuplicate(c: State, watched: ReadonlySet<number>): number {
    const { tx } = c;
    const { key } = tx.context;
    for (const position of watched) {
      const index = this.table.indexes[position];
      extractKey(tx.context, index, this.image, 0, key);
      if (!refusesDuplicates(index, key)) continue;
      const status = checkUnique(tx, this.table, position, key, 0, 0);
      if (status !== ROW_DONE) return status;
    }
    return ROW_DONE;
  }

  /** 23505, with the key as the refused row has it. */
  #uniqueViolation(c: State, position: number, views = this.image, at = 0): SqlError {
    const { catalog } = this.shape;
    const index = catalog.indexes.find(({ kernelIndex }) => kernelIndex === position);
    return duplicateError(catalog, index, this.#decode(...this.#views(views), at, c.overflow));
  }

  #views(views: ByteViews): [Int32Array, Uint16Array, Uint8Array, Float64Array, Buffer] {
    return [views.i32, views.u16, views.u8, views.f64, views.bytesView];
  }

  /** Replaces the row by the image at `row` of `views`, which is private. Chains of the old version stay the old version's. */
  update(c: State, rowId: number, views: ByteViews, row: number): number {
    let from = views;
    let at = row;
    if ((views.i32[(row + 12) >> 2] & ROW_OVERFLOW) !== 0 && views !== this.image) {
      this.values = this.#decode(...this.#views(views), row, c.overflow);
      this.encodeValues(c);
      from = this.image;
      at = 0;
    }
    const before = this.#valuesBefore(c, rowId);
    if (this.shape.keepsKeys) c.tx.ints[CHANGE_MODE] = LOCK_NO_KEY_UPDATE;
    const status = updateRow(c.tx, this.table, rowIdPage(rowId), rowIdSlot(rowId), from, at);
    if (this.shape.keepsKeys) c.tx.ints[CHANGE_MODE] = 0;
    if (status === ROW_DONE) {
      c.changes++;
      if (this.shape.once) this.#touched.add(rowId);
      if (this.shape.late.length > 0) this.#noteShared(c, from, at, rowId);
      const { references, catalog } = this.shape;
      if (references === null) return CHANGED;
      if (before !== null) noteIncoming(c, references, catalog, before, this.#decode(...this.#views(from), at, c.overflow));
      return this.#refer(c, from, at);
    }
    if (status === ROW_DUPLICATE) throw this.#uniqueViolation(c, c.tx.ints[DUPLICATE_INDEX], from, at);
    return this.#answer(c, status);
  }

  remove(c: State, rowId: number): number {
    const before = this.#valuesBefore(c, rowId);
    const status = deleteRow(c.tx, this.table, rowIdPage(rowId), rowIdSlot(rowId));
    if (status === ROW_DONE) {
      c.changes++;
      const { references, catalog } = this.shape;
      if (before !== null && references !== null) noteIncoming(c, references, catalog, before, null);
      return CHANGED;
    }
    return this.#answer(c, status);
  }

  /** The values of an image, to be changed and encoded again. */
  decode(c: State, views: ByteViews, row: number): (RowValue | undefined)[] {
    this.values = this.#decode(...this.#views(views), row, c.overflow);
    return this.values;
  }

  /** Encodes `values` into the image. */
  encodeValues(c: State): void {
    const { i32, u16, u8, f64, bytesView } = this.image;
    const length = this.encode(i32, u16, u8, f64, bytesView, 0, this.numbers, this.values);
    if (length < 0) this.encodeFurther(c, length);
  }

  /** Reads a row by its id into the image. False: the statement sees none. */
  reread(c: State, rowId: number): boolean {
    return readCurrent(c.tx, this.table, rowIdPage(rowId), rowIdSlot(rowId), this.image) > 0;
  }

  /** The row in the image, read again by its id, gets chains of its own: those that it has are the old version's. */
  renew(c: State): void {
    if ((this.image.i32[3] & ROW_OVERFLOW) === 0) return;
    this.decode(c, this.image, 0);
    this.encodeValues(c);
  }

  /** Reads the row that an insert met behind the new one. CHANGED: it is there; STOPPED: run again on a fresh snapshot. 21000. */
  meet(c: State): number {
    if (this.#touched.has(this.metId)) {
      throw new SqlError(SQLSTATE.cardinality_violation, 'ON CONFLICT DO UPDATE command cannot affect row a second time', {
        hint: 'Ensure that no rows proposed for insertion within the same command have duplicate constrained values.',
      });
    }
    const { tx } = c;
    const length = readCurrent(tx, this.table, rowIdPage(this.metId), rowIdSlot(this.metId), this.#scratch);
    if (length === 0) {
      c.stopped = RUN_RERUN;
      return STOPPED;
    }
    copyWords(this.image.i32, MET_AT, this.#scratch.i32, 0, length + 8);
    return CHANGED;
  }
}

/** Locks a row for LockRow: ROW_DONE, or not; c.stopped says whether the statement stops. */
export function lockNoted(c: State, table: TableRuntime, rowId: number, mode: number, policy: number): number {
  const status = acquireRowLock(c.kernel.locks, c.tx, table, rowIdPage(rowId), rowIdSlot(rowId), mode, policy);
  if (status === ROW_WAIT) c.stopped = RUN_WAIT;
  else if (status === ROW_RERUN) c.stopped = RUN_RERUN;
  return status === ROW_SKIPPED ? 0 : status;
}
