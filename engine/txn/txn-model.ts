/**
 * For tests: random transactions of several sessions in one thread, against a plain model of what each should see; and where
 * each commit ended in the log, so that what a crash left can be judged.
 */

import { ok, strictEqual } from 'node:assert/strict';
import { flushAll } from '../storage/log/flush.ts';
import type { SeededRandom } from '../storage/world.ts';
import { savepoint } from './begin.ts';
import { collect } from './collector.ts';
import { commitDurable } from './commit.ts';
import { rollback, rollbackTo, undoStatement } from './rollback.ts';
import { stampEnded } from './stamper.ts';
import {
  COMMIT_STAMP,
  READ_COMMITTED,
  REPEATABLE_READ,
  ROW_DONE,
  ROW_DUPLICATE,
  ROW_GONE,
  ROW_RERUN,
  ROW_WAIT,
  type RowStatus,
  type Savepoint,
  SNAPSHOT,
} from './transactions.ts';
import { type Row, Session, type TxnStore } from './txn-fixture.ts';

type Value = Row | null;

interface Committed {
  stamp: number;
  value: Value;
}

/** A row by id, as transactions left it. */
export type State = Map<number, Row>;

interface Mark {
  savepoint: Savepoint;
  own: Map<number, Value>;
}

export class ModelSession {
  readonly session: Session;
  own = new Map<number, Value>();
  marks: Mark[] = [];

  constructor(store: TxnStore) {
    this.session = new Session(store);
  }
}

export interface ModelOptions {
  ids: number;
  sessions: number;
  /** Longest note: rows grow out of their pages. */
  noteMax: number;
  commitDurably: number;
}

export class TxnModel {
  readonly store: TxnStore;
  readonly random: SeededRandom;
  readonly options: ModelOptions;
  readonly sessions: ModelSession[];
  readonly history = new Map<number, Committed[]>();
  /** State after each commit, in order; [0] is the empty table. */
  readonly commits: Map<number, Value>[] = [];
  /** Commits that were acknowledged as durable: so many of `commits`. */
  durable = 0;
  steps = 0;

  constructor(store: TxnStore, random: SeededRandom, options: ModelOptions) {
    this.store = store;
    this.random = random;
    this.options = options;
    this.sessions = Array.from({ length: options.sessions }, () => new ModelSession(store));
  }

  /** What a snapshot sees of a row that the transaction has not changed. */
  private at(id: number, snapshot: number): Value {
    const versions = this.history.get(id) ?? [];
    for (let i = versions.length - 1; i >= 0; i--) if (versions[i].stamp <= snapshot) return versions[i].value;
    return null;
  }

  private seen(session: ModelSession, id: number): Value {
    return session.own.has(id) ? session.own.get(id)! : this.at(id, session.session.tx!.times[SNAPSHOT]);
  }

  private newest(session: ModelSession, id: number): Value {
    return session.own.has(id) ? session.own.get(id)! : this.at(id, Number.POSITIVE_INFINITY);
  }

  private note(): string {
    return 'n'.repeat(this.random.chance(0.1) ? this.random.below(this.options.noteMax) : this.random.below(20));
  }

  step(): void {
    this.steps++;
    const { random } = this;
    const session = this.sessions[random.below(this.sessions.length)];
    if (session.session.tx === null) {
      session.own = new Map();
      session.marks = [];
      session.session.begin({ isolation: random.chance(0.3) ? REPEATABLE_READ : READ_COMMITTED });
      return;
    }
    const choice = random.next();
    if (choice < 0.25) this.read(session);
    else if (choice < 0.8) this.write(session);
    else if (choice < 0.85) session.marks.push({ savepoint: savepoint(session.session.tx), own: new Map(session.own) });
    else if (choice < 0.88) this.backTo(session);
    else if (choice < 0.96) this.commit(session);
    else if (choice < 0.985) this.rollback(session);
    else this.housekeeping();
  }

  private read(session: ModelSession): void {
    if (this.random.chance(0.05)) {
      const rows = session.session.all();
      const wanted: Row[] = [];
      for (let id = 0; id < this.options.ids; id++) {
        const value = this.seen(session, id);
        if (value !== null) wanted.push(value);
      }
      compareRows(rows, wanted);
      return;
    }
    const id = this.random.below(this.options.ids);
    const row = session.session.get(id);
    compareRows(
      row === null ? [] : [row],
      [this.seen(session, id)].filter((value) => value !== null),
    );
  }

  private write(session: ModelSession): void {
    const { random } = this;
    const id = random.below(this.options.ids);
    const v = random.below(1000);
    const choice = random.next();
    if (choice < 0.4) {
      const note = this.note();
      this.judge(session, session.session.insert(id, v, note), id, { id, v, note }, true);
    } else if (choice < 0.75) {
      const note = random.chance(0.5) ? undefined : this.note();
      const status = session.session.update(id, v, note);
      const before = this.seen(session, id);
      this.judge(session, status, id, before === null ? null : { id, v, note: note ?? before.note }, false);
    } else this.judge(session, session.session.delete(id), id, null, false);
  }

  private judge(session: ModelSession, status: RowStatus, id: number, value: Value, insert: boolean): void {
    const tx = session.session.tx!;
    if (status === ROW_WAIT || status === ROW_RERUN) {
      const others = this.sessions.some((other) => other !== session && other.session.tx?.number === tx.waitsFor);
      ok(status === ROW_RERUN ? tx.isolation === REPEATABLE_READ : others, `status ${status} has a reason`);
      undoStatement(tx, this.random.chance(0.5));
      return;
    }
    const newest = this.newest(session, id);
    if (insert) {
      strictEqual(status, newest === null ? ROW_DONE : ROW_DUPLICATE, `insert of ${id}`);
      if (status === ROW_DONE) session.own.set(id, value);
      return;
    }
    strictEqual(status, this.seen(session, id) === null ? ROW_GONE : ROW_DONE, `change of ${id}`);
    if (status !== ROW_DONE) return;
    if (this.random.chance(0.1)) undoStatement(tx, this.random.chance(0.5));
    // A row of its own that is gone again leaves the key to others.
    else if (value === null && this.at(id, Number.POSITIVE_INFINITY) === null) session.own.delete(id);
    else session.own.set(id, value);
  }

  private backTo(session: ModelSession): void {
    if (session.marks.length === 0) return;
    const at = this.random.below(session.marks.length);
    const mark = session.marks[at];
    session.marks.length = at + 1;
    rollbackTo(session.session.tx!, mark.savepoint);
    session.own = new Map(mark.own);
  }

  commit(session: ModelSession): void {
    const tx = session.session.tx!;
    // Noted before: the disk may go down in the middle of it, and the record may have got out.
    this.commits.push(new Map(session.own));
    session.session.commit();
    const stamp = tx.times[COMMIT_STAMP];
    for (const [id, value] of session.own) {
      const versions = this.history.get(id) ?? [];
      versions.push({ stamp, value });
      this.history.set(id, versions);
    }
    if (this.random.chance(this.options.commitDurably)) {
      commitDurable(tx);
      if (stamp > 0) this.durable = this.commits.length;
    }
  }

  private rollback(session: ModelSession): void {
    rollback(session.session.tx!);
    session.session.tx = null;
  }

  private housekeeping(): void {
    stampEnded(this.store.txns, 100_000);
    collect(this.store.txns, 1000);
    if (this.random.chance(0.2)) {
      flushAll(this.store.txns.log);
      this.durable = this.commits.length;
    }
  }

  /** Ends everything; returns what the table should hold. */
  finish(): Row[] {
    for (const session of this.sessions) if (session.session.tx !== null) this.rollback(session);
    flushAll(this.store.txns.log);
    for (let round = 0; round < 4; round++) {
      stampEnded(this.store.txns, 1_000_000);
      collect(this.store.txns, 100_000);
    }
    return rowsOf(stateAfter(this.commits, this.commits.length));
  }
}

/** The table after the first `count` commits. */
export function stateAfter(commits: readonly Map<number, Value>[], count: number): State {
  const state: State = new Map();
  for (let at = 0; at < count; at++) {
    for (const [id, value] of commits[at]) {
      if (value === null) state.delete(id);
      else state.set(id, value);
    }
  }
  return state;
}

export const rowsOf = (state: State): Row[] => [...state.values()].sort((a, b) => a.id - b.id);

const shown = (row: Row): string => `${row.id}:${row.v}:${row.note.length}`;

/** Fails with what differs only. */
export function compareRows(rows: readonly Row[], wanted: readonly Row[]): void {
  const found = rows.map(shown);
  const model = wanted.map(shown);
  if (found.join() === model.join()) return;
  const more = found.filter((row, at) => !model.includes(row) || found.indexOf(row) !== at);
  ok(false, `too many: ${more.slice(0, 20)}; missing: ${model.filter((row) => !found.includes(row)).slice(0, 20)}`);
}
