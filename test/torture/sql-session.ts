/**
 * One session of the torture run through SQL: the model's transactions as statements. A transaction is a generator of statements,
 * which is driven on the thread's own connection (blocking, in one go, maybe as a db.transaction) or on a session of the event loop
 * (beside others, a statement at a time).
 *
 *   begin ... statements ... begun n -> commit -> acknowledged n        the next transaction
 *   an error that is part of the game: roll back, the same transaction again
 *
 * What it is about to change it reads first, and compares that with the model; violations of constraints are provoked under
 * savepoints and must come back as what they are.
 */

import type { AsyncSession, Database, Statement } from '../../engine/api/api.ts';
import { DISK_FULL, expect, isRetried, MEMORY_FULL, sqlCode } from './failure.ts';
import {
  applyTransaction,
  CLAIM_KEYS,
  generator,
  KEYS,
  type ModelChange,
  type ModelRows,
  type ModelTransaction,
  planTransaction,
} from './model.ts';
import type { Ledger, SessionSettings } from './session.ts';
import {
  EVENTS_KEPT,
  EXTRA_INDEXES,
  isSolo,
  ITEM_COLUMNS,
  ITEM_INSERT,
  ITEM_UPDATE,
  ITEM_UPDATE_BY_EXPRESSION,
  ITEM_UPSERT,
  itemValues,
  labelOf,
  rowText,
  shortText,
  sideSteps,
  soloPayload,
  TURNS_KEPT,
} from './sql-schema.ts';

import { type Answer, one, passed, type Steps, withoutValue } from './sql-steps.ts';

export interface SqlLedger extends Ledger {
  /** A value of the sequence has been seen, by a transaction whose commit was answered. */
  value(session: number, value: number): void;
}

/** Definitions of others are in the way, or have been faster. */
const DEFINED_MEANWHILE: ReadonlySet<string> = new Set(['42P07', '42704', '42P01', '42710']);

const ISOLATIONS = ['read committed', 'read committed', 'read committed', 'repeatable read', 'serializable'];

export class SqlTortureSession {
  readonly settings: SessionSettings;
  number: number;
  readonly rows: ModelRows;
  readonly #ledger: SqlLedger;
  readonly #random: () => number;
  #abortedFirst = 0;
  readonly retries = new Map<string, number>();

  constructor(settings: SessionSettings, number: number, rows: ModelRows, ledger: SqlLedger) {
    this.settings = settings;
    this.number = number;
    this.rows = rows;
    this.#ledger = ledger;
    this.#random = generator(settings.styleSeed ^ Math.imul(settings.session + 1, 0x85ebca77));
  }

  // ---- driving ----

  /** One transaction, or what else it does, on the thread's own connection. False: it failed as it may, and can be run again. */
  runHere(database: Database, statements: Map<string, Statement>): boolean {
    const drive = (steps: Steps): void => {
      for (let next = steps.next(); next.done !== true; ) next = passed(steps, next.value, database, statements);
    };
    try {
      if (!isSolo(this.settings.session) && this.#random() < 0.3) this.#asFunction(database, drive);
      else drive(this.#steps(true));
      return true;
    } catch (error) {
      this.#retryOrThrow(error);
      if (database.inTransaction) database.exec('rollback');
      return false;
    }
  }

  /** As a function of db.transaction: committed by its return. */
  #asFunction(database: Database, drive: (steps: Steps) => void): void {
    const { session } = this.settings;
    const number = this.number + 1;
    const plan = this.#plan(number);
    let value = 0;
    const level = (['readCommitted', 'repeatableRead', 'serializable'] as const)[Math.floor(this.#random() * 3)];
    const body = (): void => {
      const steps = this.#body(plan, number);
      drive(withoutValue(steps, (drawn) => (value = drawn)));
      this.#ledger.begun(session, number);
    };
    database.transaction(body).retry(3)[level]();
    this.#committed(plan, number, value);
  }

  /** The same on a session of the event loop. */
  async runBeside(connection: AsyncSession): Promise<boolean> {
    const steps = this.#steps(false);
    try {
      for (let next = steps.next(); next.done !== true; ) {
        const { text, values } = next.value;
        let answer: Answer;
        try {
          answer = await connection.run(text, values);
        } catch (error) {
          next = steps.throw(error);
          continue;
        }
        next = steps.next(answer);
      }
      return true;
    } catch (error) {
      this.#retryOrThrow(error);
      if (connection.status !== 'idle') await connection.run('rollback');
      return false;
    }
  }

  #retryOrThrow(error: unknown): void {
    const code = sqlCode(error);
    if (!isRetried(error) && code !== DISK_FULL && code !== MEMORY_FULL) throw error;
    this.retries.set(code, (this.retries.get(code) ?? 0) + 1);
    this.#ledger.retried?.(this.settings.session, code);
  }

  // ---- transactions ----

  #plan(number: number): ModelTransaction {
    const { seed, session, sizes } = this.settings;
    return planTransaction(seed, session, number, this.rows, sizes);
  }

  *#steps(mayDefine: boolean): Steps {
    const draw = this.#random();
    if (draw < 0.05) yield* this.#lookAtBank();
    // A definition blocks its thread while it waits: not where others of the thread could be in its way for long.
    else if (mayDefine && draw < 0.1) yield* this.#defineExtra();
    if (isSolo(this.settings.session)) yield* this.#solo();
    else yield* this.#block();
  }

  /** A transaction of one statement. */
  *#solo(): Steps {
    const { session } = this.settings;
    const number = this.number + 1;
    this.#ledger.begun(session, number);
    const { rows } = yield one(
      `insert into solo values ($1, $2, $3) on conflict (session) do update
        set number = excluded.number, payload = excluded.payload where solo.number = excluded.number - 1 returning number`,
      session,
      number,
      soloPayload(session, number),
    );
    expect(
      rows.length === 1 && rows[0].number === number,
      () => `solo session ${session}: ${JSON.stringify(rows)} for ${number}`,
    );
    this.number = number;
    this.#ledger.acknowledged(session, number);
  }

  *#block(): Steps {
    const { session } = this.settings;
    const number = this.number + 1;
    const plan = this.#plan(number);
    if (plan.abortFirst && this.#abortedFirst !== number) {
      yield* this.#begin();
      yield* this.#body(plan, number);
      this.#abortedFirst = number;
      yield one('rollback');
    }
    yield* this.#begin();
    const value = yield* this.#body(plan, number);
    this.#ledger.begun(session, number);
    yield one('commit');
    this.#committed(plan, number, value);
  }

  *#begin(): Steps {
    yield one(`begin isolation level ${ISOLATIONS[Math.floor(this.#random() * ISOLATIONS.length)]}`);
  }

  #committed(plan: ModelTransaction, number: number, value: number): void {
    const { session } = this.settings;
    this.number = number;
    applyTransaction(this.rows, plan);
    this.#ledger.acknowledged(session, number);
    if (value > 0) this.#ledger.value(session, value);
  }

  /** Everything between begin and commit; returns the value that was drawn from the sequence. */
  *#body(plan: ModelTransaction, number: number): Steps<number> {
    const live: ModelRows = new Map(this.rows);
    if (plan.savepointAt < 0) yield* this.#changes(live, plan.changes);
    else {
      yield* this.#changes(live, plan.changes.slice(0, plan.savepointAt));
      const kept: ModelRows = new Map(live);
      yield one('savepoint kept');
      yield* this.#changes(live, plan.changes.slice(plan.savepointAt));
      if (this.#random() < 0.3) yield* this.#side(number);
      yield one('rollback to kept');
      yield* this.#changes(kept, plan.after);
      yield* this.#lookAtRows(kept);
    }
    if (this.#random() < 0.2) yield* this.#claim();
    yield* this.#side(number);
    if (plan.transfer !== null) yield* this.#transfer(plan.transfer, number);
    return yield* this.#progress(number);
  }

  *#changes(live: ModelRows, changes: readonly ModelChange[]): Steps {
    for (const change of changes) {
      if (this.#random() < 0.05) yield* this.#violate(live);
      yield* this.#change(live, change);
    }
    if (this.#random() < 0.3) yield* this.#lookAtRows(live);
  }

  *#change(live: ModelRows, { kind, key, row }: ModelChange): Steps {
    const { session } = this.settings;
    const values = itemValues(session, key, row);
    const before = live.get(key);
    const what = `${kind} of item ${String(values[0])}`;
    if (this.#random() < 0.5) yield* this.#expectRow(live, key);
    let answer: Answer;
    if (kind === 'delete') {
      answer = yield one('delete from items where id = $1 returning version', values[0]);
      expect(Number(answer.rows[0]?.version) === before?.version, () => `${what} has deleted ${JSON.stringify(answer.rows)}`);
      live.delete(key);
    } else {
      const way = this.#random();
      if (way < 0.3 || kind === 'insert') answer = yield one(way < 0.6 ? ITEM_UPSERT : ITEM_INSERT, ...values);
      else
        answer = yield one(
          way < 0.65 ? ITEM_UPDATE : ITEM_UPDATE_BY_EXPRESSION,
          ...values,
          ...(way < 0.65 ? [] : byExpression(before?.version ?? 0)),
        );
      live.set(key, row);
    }
    expect(answer.changes === 1, () => `session ${session}: ${what} has changed ${answer.changes} rows`);
  }

  /** A constraint is violated; only what came behind the savepoint is gone. */
  *#violate(live: ModelRows): Steps {
    const { session } = this.settings;
    const [entry] = live;
    if (entry === undefined) return;
    const values = itemValues(session, entry[0], entry[1]);
    const kind = Math.floor(this.#random() * 4);
    yield one('savepoint violated');
    let code = '';
    try {
      if (kind === 0) yield one(ITEM_INSERT, ...values);
      else if (kind === 1) yield one('update items set amount = $2 where id = $1', values[0], '-0.01');
      else if (kind === 2) yield one('update items set version = null where id = $1', values[0]);
      else yield one('update items set label = $2 where id = $1', values[0], 'x'.repeat(31));
    } catch (error) {
      code = sqlCode(error);
      if (code !== ['23505', '23514', '23502', '22001'][kind]) throw error;
    }
    expect(code !== '', () => `session ${session}: violation ${kind} of item ${String(values[0])} was let through`);
    yield one('rollback to violated');
    yield one('release violated');
  }

  /** Some rows by their key, and how many there are in all. */
  *#lookAtRows(live: ModelRows): Steps {
    const { session, sizes } = this.settings;
    for (let count = 0; count < 3; count++) yield* this.#expectRow(live, Math.floor(this.#random() * sizes.keys));
    const { rows } = yield one('select count(*) as n, sum(version) as sum from items where session = $1', session);
    const sum = [...live.values()].reduce((total, { version }) => total + version, 0);
    expect(
      Number(rows[0].n) === live.size && Number(rows[0].sum ?? 0) === sum,
      () => `session ${session}: count and sum of its items are ${JSON.stringify(rows[0])} instead of ${live.size}, ${sum}`,
    );
  }

  *#expectRow(live: ModelRows, key: number): Steps {
    const { session } = this.settings;
    const row = live.get(key);
    const { rows } = yield one(`select ${ITEM_COLUMNS} from items where id = $1`, session * KEYS + key);
    const found = rows.length === 0 ? 'nothing' : rowText(Object.values(rows[0]));
    const wanted = row === undefined ? 'nothing' : rowText(itemValues(session, key, row));
    expect(
      found === wanted && rows.length < 2,
      () =>
        `session ${session}, transaction ${this.number + 1}: item ${session * KEYS + key} reads as ${shortText(found)} instead of ${shortText(wanted)}`,
    );
  }

  *#claim(): Steps {
    const { session } = this.settings;
    const key = Math.floor(this.#random() * CLAIM_KEYS);
    const way = this.#random();
    if (way < 0.4) yield one('insert into claims values ($1, $2) on conflict (key) do nothing', key, session);
    else if (way < 0.7)
      yield one('insert into claims values ($1, $2) on conflict (key) do update set owner = excluded.owner', key, session);
    else yield one('delete from claims where key = $1 returning owner', key);
  }

  *#side(number: number): Steps {
    for (const { text, values } of sideSteps(this.settings.session, number)) yield one(text, ...values);
  }

  *#transfer([from, to, amount]: readonly [number, number, number], number: number): Steps {
    const { session } = this.settings;
    for (const [id, change] of [
      [from, -amount],
      [to, amount],
    ]) {
      const { rows } = yield one(
        'update bank set balance = balance + $2, turn = turn + 1 where id = $1 returning turn',
        id,
        String(change / 4),
      );
      const turn = Number(rows[0].turn);
      yield one('insert into transfers values ($1, $2, $3, $4)', id, turn, session, number);
      yield one('delete from transfers where bank = $1 and turn = $2', id, turn - TURNS_KEPT);
    }
  }

  *#progress(number: number): Steps<number> {
    const { session } = this.settings;
    const event = yield one('insert into events (session, number) values ($1, $2) returning id', session, number);
    yield one('delete from events where session = $1 and number <= $2', session, number - EVENTS_KEPT);
    const next = yield one("select nextval('numbers') as value");
    const { id } = event.rows[0];
    const { value } = next.rows[0];
    const { changes } = yield one(
      'update progress set number = $2, event = $3, value = $4 where session = $1 and number = $2 - 1 and event < $3 and value < $4',
      session,
      number,
      id,
      value,
    );
    expect(
      changes === 1,
      () => `session ${session}: progress cannot go to ${number} with event ${String(id)}, value ${String(value)}`,
    );
    return Number(value);
  }

  *#lookAtBank(): Steps {
    const { rows } = yield one('select count(*) as n, sum(balance) as sum from bank');
    expect(
      Number(rows[0].n) === 16 && Number(rows[0].sum) === 16_000,
      () => `session ${this.settings.session} reads the bank as ${JSON.stringify(rows[0])}`,
    );
  }

  *#defineExtra(): Steps {
    const { name, text } = EXTRA_INDEXES[Math.floor(this.#random() * EXTRA_INDEXES.length)];
    try {
      yield one(this.#random() < 0.5 ? text : `drop index ${name}`);
    } catch (error) {
      if (!DEFINED_MEANWHILE.has(sqlCode(error))) throw error;
    }
  }
}

const byExpression = (version: number): unknown[] => [version % 97, labelOf(version).toUpperCase()];
