/**
 * One session of the torture run: it runs the model's transactions one after the other, a statement at a time, so that several
 * sessions of a thread have transactions open at once.
 *
 *   step()  one statement  ... step()  begun n -> commit  -> acknowledged n        the next transaction
 *           an error that is part of the game: roll back, the same transaction again
 *
 * It reads what it is about to change and compares that with the model, so a wrong read is found where it happens. Some
 * commits wait for the disk in line, others are pipelined: the session goes on, and its promise acknowledges them.
 */

import type { Kernel } from '../../engine/api/kernel.ts';
import {
  type BeginOptions,
  type Isolation,
  READ_COMMITTED,
  REPEATABLE_READ,
  ROW_DONE,
  ROW_DUPLICATE,
  type RowStatus,
  SERIALIZABLE,
  type Transaction,
} from '../../engine/txn/transactions.ts';
import { STATEMENTS } from '../../engine/txn/stamps.ts';
import { DISK_FULL, expect, isRetried, LIMIT_MET, MEMORY_FULL, sqlCode } from './failure.ts';
import {
  BANK_ROWS,
  CLAIM_KEYS,
  committedChanges,
  generator,
  KEYS,
  type ModelChange,
  type ModelRows,
  type ModelSizes,
  type ModelTransaction,
  applyTransaction,
  planTransaction,
} from './model.ts';
import {
  changeClaim,
  changeValues,
  expectBank,
  findValues,
  insertValues,
  itemValues,
  read,
  sameValues,
  showValues,
  type TortureTables,
} from './tables.ts';

/** Who keeps what was begun and what was acknowledged. */
export interface Ledger {
  /** Right before the commit of this transaction. */
  begun(session: number, number: number): void;
  /** Its commit was answered. */
  acknowledged(session: number, number: number): void;
  /** An error that is part of the game: the transaction is run again. */
  retried?(session: number, code: string): void;
}

export interface SessionSettings {
  readonly seed: number;
  readonly session: number;
  readonly sizes: ModelSizes;
  /** Sows what is no part of the model: isolation levels, reads, the manner of commits. */
  readonly styleSeed: number;
  /** Commits may be answered later, by a promise. */
  readonly pipelined: boolean;
}

/** Statement numbers that a transaction which begins near the last one has left, at most. */
const LEFT_MAX = 16;
/** Commits that may be on their way to the disk at once. */
const PIPELINE_MAX = 3;

export class TortureSession {
  readonly settings: SessionSettings;
  /** Last transaction whose commit was begun without error. */
  number: number;
  /** Rows after it. */
  readonly rows: ModelRows;
  /** Runs that ended in an error which is part of the game, by SQLSTATE. */
  readonly retries = new Map<string, number>();
  /** Why it cannot go on: a commit that was on its way to the disk failed. */
  failure: unknown;
  readonly #kernel: Kernel;
  readonly #tables: TortureTables;
  readonly #ledger: Ledger;
  readonly #kernelSession: number;
  readonly #random: () => number;
  #steps: Generator<void, void> | null = null;
  #tx: Transaction | null = null;
  #abortedFirst = 0;
  /** Transaction that ran out of statement numbers: it is not begun near the last one again. */
  #ranOut = 0;
  #pending = 0;

  constructor(kernel: Kernel, tables: TortureTables, settings: SessionSettings, number: number, rows: ModelRows, ledger: Ledger) {
    this.settings = settings;
    this.number = number;
    this.rows = rows;
    this.#kernel = kernel;
    this.#tables = tables;
    this.#ledger = ledger;
    this.#kernelSession = kernel.openSession();
    this.#random = generator(settings.styleSeed ^ Math.imul(settings.session + 1, 0x9e3779b1));
  }

  /** True while it can only wait for commits that are on their way to the disk. */
  get isWaiting(): boolean {
    return this.#pending >= PIPELINE_MAX;
  }

  get pendingCommits(): number {
    return this.#pending;
  }

  get isIdle(): boolean {
    return this.#steps === null;
  }

  /** Runs one statement, or a commit. Errors that are no part of the game are thrown. */
  step(): void {
    if (this.failure !== undefined) throw this.failure;
    this.#steps ??= this.#transaction();
    try {
      if (this.#steps.next().done === true) this.#steps = null;
    } catch (error) {
      this.#steps = null;
      this.#retryOrThrow(error);
    }
  }

  #retryOrThrow(error: unknown): void {
    const code = sqlCode(error);
    if (!isRetried(error) && code !== DISK_FULL && code !== MEMORY_FULL && !this.#isOutOfNumbers(code)) throw error;
    this.retries.set(code, (this.retries.get(code) ?? 0) + 1);
    this.#ledger.retried?.(this.settings.session, code);
    this.rollBack();
  }

  /** 54000, and this transaction was begun near the last statement number. */
  #isOutOfNumbers(code: string): boolean {
    if (code !== LIMIT_MET || (this.#tx?.statement ?? 0) < STATEMENTS - LEFT_MAX) return false;
    this.#ranOut = this.number + 1;
    return true;
  }

  /** Rolls back what is open: the session can be left, or goes on with the same transaction. */
  rollBack(): void {
    this.#steps = null;
    if (this.#tx?.open === true) this.#kernel.rollback(this.#tx);
    this.#tx = null;
  }

  /** Ends the session: rolls back what is open and gives its slot back. */
  close(): void {
    this.rollBack();
    this.#kernel.closeSession(this.#kernelSession);
  }

  *#transaction(): Generator<void, void> {
    if (this.#random() < 0.1) yield* this.#lookAtBank();
    const { seed, session, sizes } = this.settings;
    const number = this.number + 1;
    const plan = planTransaction(seed, session, number, this.rows, sizes);
    if (plan.abortFirst && this.#abortedFirst !== number) {
      const tx = this.#begin(this.#isolation());
      yield* this.#body(tx, plan, number);
      this.#abortedFirst = number;
      this.#kernel.rollback(tx);
      this.#tx = null;
      yield;
    }
    const tx = this.#begin(this.#isolation());
    yield* this.#body(tx, plan, number);
    yield;
    this.#commit(tx, plan, number);
  }

  #begin(isolation: Isolation): Transaction {
    const options: BeginOptions & { session: number } = { isolation, session: this.#kernelSession };
    const tx = this.#kernel.begin(options);
    if (this.#ranOut <= this.number && this.#random() < 0.1) {
      tx.statement = STATEMENTS - 1 - Math.floor(this.#random() * (LEFT_MAX - 1));
    }
    this.#tx = tx;
    return tx;
  }

  #isolation(): Isolation {
    const draw = this.#random();
    return draw < 0.7 ? READ_COMMITTED : draw < 0.9 ? REPEATABLE_READ : SERIALIZABLE;
  }

  #commit(tx: Transaction, plan: ModelTransaction, number: number): void {
    const { session, pipelined } = this.settings;
    this.#ledger.begun(session, number);
    if (pipelined && this.#random() < 0.5) {
      this.#kernel.precommit(tx);
      const durable = this.#kernel.whenDurable(tx);
      this.#precommitted(plan, number);
      this.#acknowledgeLater(durable, number);
    } else {
      this.#kernel.commit(tx);
      this.#precommitted(plan, number);
      // Commits of one session become durable in their order.
      this.#ledger.acknowledged(session, number);
    }
  }

  #precommitted(plan: ModelTransaction, number: number): void {
    this.#tx = null;
    this.number = number;
    applyTransaction(this.rows, plan);
  }

  #acknowledgeLater(durable: Promise<void>, number: number): void {
    this.#pending++;
    durable.then(
      () => {
        this.#pending--;
        this.#ledger.acknowledged(this.settings.session, number);
      },
      (error: unknown) => {
        this.#pending--;
        this.failure ??= error ?? new Error('a commit failed without saying why');
      },
    );
  }

  *#body(tx: Transaction, plan: ModelTransaction, number: number): Generator<void, void> {
    const live: ModelRows = new Map(this.rows);
    if (plan.savepointAt < 0) {
      yield* this.#changes(tx, live, plan.changes);
    } else {
      yield* this.#changes(tx, live, plan.changes.slice(0, plan.savepointAt));
      const kept: ModelRows = new Map(live);
      const savepoint = this.#kernel.savepoint(tx);
      yield* this.#changes(tx, live, plan.changes.slice(plan.savepointAt));
      this.#kernel.rollbackTo(tx, savepoint);
      yield* this.#changes(tx, kept, plan.after);
      this.#lookAtRows(tx, kept, committedChanges(plan));
    }
    if (this.#random() < 0.3) {
      yield;
      this.#lookAtRows(tx, plan.savepointAt < 0 ? live : this.#after(plan), committedChanges(plan));
    }
    if (this.#random() < 0.2) {
      yield;
      this.#claim(tx);
    }
    if (plan.transfer !== null) yield* this.#transfer(tx, plan.transfer);
    yield;
    this.#progress(tx, number);
  }

  #after(plan: ModelTransaction): ModelRows {
    const rows: ModelRows = new Map(this.rows);
    applyTransaction(rows, plan);
    return rows;
  }

  *#changes(tx: Transaction, live: ModelRows, changes: readonly ModelChange[]): Generator<void, void> {
    for (const change of changes) {
      if (this.#random() < 0.03) this.#insertDuplicate(tx, live);
      this.#change(tx, live, change);
      yield;
    }
  }

  #change(tx: Transaction, live: ModelRows, { kind, key, row }: ModelChange): void {
    const { items } = this.#tables;
    const { session } = this.settings;
    const wanted = itemValues(session, key, row);
    if (kind === 'insert') {
      this.#done(insertValues(this.#kernel, this.#tables, tx, items, wanted), () => `inserting ${showValues(wanted)}`);
      live.set(key, row);
      return;
    }
    const status = changeValues(this.#kernel, this.#tables, tx, items, 'items_id', session * KEYS + key, (values) => {
      this.#expectRow(live, key, values);
      return kind === 'delete' ? null : wanted;
    });
    this.#done(status, () => `${kind} of item ${session * KEYS + key}, which must be there,`);
    if (kind === 'delete') live.delete(key);
    else live.set(key, row);
  }

  #done(status: RowStatus, what: () => string): void {
    expect(status === ROW_DONE, () => `session ${this.settings.session}: ${what()} ended with status ${status}`);
  }

  /** A key that is there is refused, and nothing has happened. */
  #insertDuplicate(tx: Transaction, live: ModelRows): void {
    const { session } = this.settings;
    const [entry] = live;
    if (entry === undefined) return;
    const [key, row] = entry;
    const status = insertValues(this.#kernel, this.#tables, tx, this.#tables.items, itemValues(session, key, row));
    expect(status === ROW_DUPLICATE, () => `session ${session}: inserting key ${key} a second time ended with status ${status}`);
  }

  /** Reads some of the rows that were changed, and others, by their id. */
  #lookAtRows(tx: Transaction, live: ModelRows, changes: readonly ModelChange[]): void {
    const { session } = this.settings;
    const keys = [...changes.map((change) => change.key), Math.floor(this.#random() * this.settings.sizes.keys)];
    read(this.#kernel, tx, () => {
      for (const key of keys)
        this.#expectRow(live, key, findValues(this.#tables, tx, this.#tables.items, 'items_id', [session * KEYS + key]));
    });
  }

  #expectRow(live: ModelRows, key: number, found: ReturnType<typeof findValues>): void {
    const { session } = this.settings;
    const row = live.get(key);
    const wanted = row === undefined ? null : itemValues(session, key, row);
    const same = wanted === null || found === null ? wanted === found : sameValues(wanted, found);
    expect(
      same,
      () =>
        `session ${session}, transaction ${this.number + 1}: item ${session * KEYS + key} reads as ` +
        `${found === null ? 'missing' : showValues(found)} instead of ${wanted === null ? 'missing' : showValues(wanted)}`,
    );
  }

  *#transfer(tx: Transaction, [from, to, amount]: readonly [number, number, number]): Generator<void, void> {
    for (const [id, change] of [
      [from, -amount],
      [to, amount],
    ]) {
      yield;
      const status = changeValues(this.#kernel, this.#tables, tx, this.#tables.bank, 'bank_id', id, (values) => [
        values[0],
        Number(values[1]) + change,
      ]);
      this.#done(status, () => `changing row ${id} of the bank`);
    }
  }

  #claim(tx: Transaction): void {
    const key = Math.floor(this.#random() * CLAIM_KEYS);
    changeClaim(this.#kernel, this.#tables, tx, key, this.settings.session, this.#random() < 0.4);
  }

  #progress(tx: Transaction, number: number): void {
    const { session } = this.settings;
    const status = changeValues(this.#kernel, this.#tables, tx, this.#tables.progress, 'progress_session', session, (values) => {
      expect(
        Number(values[1]) === number - 1,
        () => `session ${session}: progress reads ${String(values[1])} before transaction ${number}`,
      );
      return [session, number];
    });
    this.#done(status, () => 'writing progress');
  }

  /** The sum of the bank, at read committed or over two statements of one snapshot. */
  *#lookAtBank(): Generator<void, void> {
    const isolation = this.#random() < 0.5 ? READ_COMMITTED : REPEATABLE_READ;
    const tx = this.#begin(isolation);
    expectBank(this.#kernel, this.#tables, tx, `session ${this.settings.session}`);
    if (isolation === REPEATABLE_READ) {
      const first = this.#balances(tx);
      yield;
      const second = this.#balances(tx);
      expect(
        first === second,
        () => `session ${this.settings.session}: one snapshot read the bank as ${first}, then as ${second}`,
      );
    }
    this.#kernel.commit(tx);
    this.#tx = null;
    yield;
  }

  #balances(tx: Transaction): string {
    const balances: string[] = [];
    read(this.#kernel, tx, () => {
      balances.length = 0;
      for (let id = 0; id < BANK_ROWS; id++) {
        balances.push(String(findValues(this.#tables, tx, this.#tables.bank, 'bank_id', [id])?.[1]));
      }
    });
    return balances.join(' ');
  }
}
