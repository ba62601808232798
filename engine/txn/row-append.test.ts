/**
 * Rows that are appended: records that grow, what of them is taken back, and what a crash leaves of it. The random test compares
 * what recovery finds with the commits; run again from a printed seed with SCRATCHBIRD_SEED=n.
 */

import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { checkIndex } from '../storage/btree/check.ts';
import { writePages } from '../storage/cache/page-writer.ts';
import { durableLsn, flushAll, tailLsn } from '../storage/log/flush.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { SeededRandom } from '../storage/world.ts';
import { beginStatement, endStatement, savepoint, STATEMENT_WRITING } from './begin.ts';
import { recoverStore } from './crash-fixture.ts';
import { rollback, rollbackTo, undoStatement } from './rollback.ts';
import { insertRow } from './row-insert.ts';
import {
  COMMIT_END,
  ROW_DONE,
  ROW_DUPLICATE,
  ROW_PAGE,
  ROW_SLOT,
  type RowStatus,
  type Savepoint,
  type Transaction,
} from './transactions.ts';
import { createTxnStore, encode, entriesOf, type FixtureOptions, seedOf, Session, type TxnStore } from './txn-fixture.ts';

const SIZES: FixtureOptions = { frames: 64, ringBytes: 64 << 10, versionBytes: 512 << 10, txn: { chunkBytes: 16384, slots: 16 } };

const idsOf = (session: Session): number[] => {
  session.begin();
  const ids = session.all().map((row) => row.id);
  session.commit();
  return ids;
};

const keysOf = (store: TxnStore): number[] => entriesOf(store, 0).map((entry) => Number(entry.split(' ')[0]));

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);

/** One statement that inserts several rows. */
function insertMany(tx: Transaction, store: TxnStore, ids: readonly number[]): RowStatus {
  beginStatement(tx, STATEMENT_WRITING, true);
  for (const id of ids) {
    const status = insertRow(tx, store.table, encode(id, id), 0);
    if (status !== ROW_DONE) return status;
  }
  endStatement(tx);
  return ROW_DONE;
}

/** What a crash now, with the log on disk, leaves. */
function crashed(vfs: SimulatedVfs, store: TxnStore, sizes: FixtureOptions = {}): TxnStore {
  flushAll(store.txns.log);
  return recoverStore(vfs.crash(), store.table, sizes);
}

test('rows in the order of their key share a record: about their own bytes go into the log', () => {
  const vfs = new SimulatedVfs({ seed: 1 });
  const store = createTxnStore(vfs, { indexes: 1 });
  const session = new Session(store);
  const tx = session.begin();
  for (const id of range(0, 10)) session.insert(id, id);
  const before = tailLsn(store.txns.log);
  for (const id of range(10, 110)) session.insert(id, id);
  // An image of 32 bytes and a key of 8, and now and then a header.
  ok(tailLsn(store.txns.log) - before < 100 * 48, `${tailLsn(store.txns.log) - before} bytes`);
  strictEqual(tx.ints[ROW_SLOT], 109);
  session.commit();
  deepStrictEqual(idsOf(session), range(0, 110));
  const after = crashed(vfs, store);
  deepStrictEqual(idsOf(new Session(after)), range(0, 110));
  deepStrictEqual(keysOf(after), range(0, 110));
});

test('blanks at the end of a row are not logged, and come back as they were', () => {
  const notes = ['', ' '.repeat(3), 'x'.padEnd(15), 'xy'.padEnd(16), 'xyz'.padEnd(84), ' '.repeat(85), 'x'.padEnd(86), ' '.repeat(87), `${' '.repeat(40)}y`]; // biome-ignore format: lengths side by side
  for (const given of [{ indexes: 0 }, { indexes: 1 }]) {
    const vfs = new SimulatedVfs({ seed: 1 });
    const store = createTxnStore(vfs, given);
    const writer = new Session(store);
    const tx = writer.begin();
    const before = tailLsn(store.txns.log);
    beginStatement(tx, STATEMENT_WRITING, true);
    for (const id of range(0, 90)) strictEqual(insertRow(tx, store.table, encode(id, id, notes[id % notes.length]), 0), ROW_DONE);
    endStatement(tx);
    ok(tailLsn(store.txns.log) - before < 90 * 60, `${tailLsn(store.txns.log) - before} bytes`);
    writer.commit();
    const session = new Session(crashed(vfs, store));
    session.begin();
    deepStrictEqual(
      session.all().map((row) => [row.id, row.note]),
      range(0, 90).map((id) => [id, notes[id % notes.length]]),
    );
  }
});

test('a duplicate of an appended key is refused, below the edge and at it', () => {
  const store = createTxnStore(new SimulatedVfs({ seed: 1 }), { indexes: 1 });
  const session = new Session(store);
  session.begin();
  for (const id of range(0, 10)) strictEqual(session.insert(id, id), ROW_DONE);
  strictEqual(session.insert(9, 1), ROW_DUPLICATE);
  strictEqual(session.insert(3, 1), ROW_DUPLICATE);
  strictEqual(session.insert(10, 1), ROW_DONE);
  session.commit();
  deepStrictEqual(idsOf(session), range(0, 11));
});

test('SM-W7: a statement whose rows joined a record is taken back exactly, also by recovery', () => {
  for (const keepLocks of [false, true]) {
    const vfs = new SimulatedVfs({ seed: 1 });
    const store = createTxnStore(vfs, { indexes: 1 });
    const session = new Session(store);
    const tx = session.begin();
    for (const id of range(0, 8)) session.insert(id, id);
    strictEqual(insertMany(tx, store, [8, 9, 10, 3]), ROW_DUPLICATE);
    undoStatement(tx, keepLocks);
    const other = new Session(store);
    other.begin();
    // The keys and slots that were given up are somebody else's now: undo must not touch them.
    for (const id of [8, 9, 10]) strictEqual(other.insert(id, 100 + id), ROW_DONE);
    const place = [other.tx!.ints[ROW_PAGE], other.tx!.ints[ROW_SLOT]];
    other.commit();
    ok(place[1] >= 8);
    const after = crashed(vfs, store);
    deepStrictEqual(idsOf(new Session(after)), [8, 9, 10]);
    deepStrictEqual(keysOf(after), [8, 9, 10]);
    // And at run time.
    rollback(tx);
    deepStrictEqual(idsOf(session), [8, 9, 10]);
    deepStrictEqual(keysOf(store), [8, 9, 10]);
  }
});

test('SM-W7: a savepoint amid a record: what came before it stays, twice over', () => {
  const vfs = new SimulatedVfs({ seed: 1 });
  const store = createTxnStore(vfs, { indexes: 1 });
  const session = new Session(store);
  const tx = session.begin();
  for (const id of range(0, 5)) session.insert(id, id);
  const first = savepoint(tx);
  for (const id of range(5, 9)) session.insert(id, id);
  const second = savepoint(tx);
  for (const id of range(9, 12)) session.insert(id, id);
  rollbackTo(tx, second);
  for (const id of range(20, 24)) session.insert(id, id);
  rollbackTo(tx, first);
  for (const id of range(30, 33)) session.insert(id, id);
  const other = new Session(store);
  other.begin();
  for (const id of range(40, 45)) other.insert(id, id);
  other.commit();
  const loser = crashed(vfs, store);
  deepStrictEqual(idsOf(new Session(loser)), range(40, 45));
  deepStrictEqual(keysOf(loser), range(40, 45));
  session.commit();
  const expected = [...range(0, 5), ...range(30, 33), ...range(40, 45)];
  deepStrictEqual(idsOf(session), expected);
  deepStrictEqual(keysOf(store), expected);
});

test('a page written while its record grows gets the rest of it in redo', () => {
  const vfs = new SimulatedVfs({ seed: 1 });
  const store = createTxnStore(vfs, { indexes: 1 });
  const { cache, log } = store.txns;
  const session = new Session(store);
  session.begin();
  for (const id of range(0, 10)) session.insert(id, id);
  session.commit();
  flushAll(log);
  while (writePages(cache, 1000) > 0);
  const begun = tailLsn(log);
  session.begin();
  for (const id of range(10, 20)) session.insert(id, id);
  // The copy is taken, the record grows, and only then the log is flushed for the copy.
  const { flushTo } = cache.log;
  let grownBehind = 0;
  cache.log.flushTo = (lsn) => {
    for (const id of range(20, 30)) session.insert(id, id);
    if (tailLsn(log) > lsn && log.growing.lsn[0] < lsn) grownBehind++;
    flushTo(lsn);
  };
  strictEqual(writePages(cache, 2), 2, 'heap page and leaf');
  cache.log.flushTo = flushTo;
  strictEqual(grownBehind, 1, 'a record grew behind the copy of its pages');
  session.commit();
  flushAll(log);
  const after = recoverStore(vfs.crash(), store.table, {}, begun);
  deepStrictEqual(idsOf(new Session(after)), range(0, 30));
  deepStrictEqual(keysOf(after), range(0, 30));
});

test('tables without log and without index are appended to as well', () => {
  for (const given of [{ logged: false, indexes: 1 }, { indexes: 0 }, { logged: false, indexes: 0 }]) {
    const vfs = new SimulatedVfs({ seed: 1 });
    const store = createTxnStore(vfs, given);
    const session = new Session(store);
    const tx = session.begin();
    for (const id of range(0, 500)) session.insert(id, id);
    const mark = savepoint(tx);
    for (const id of range(500, 520)) session.insert(id, id);
    rollbackTo(tx, mark);
    session.commit();
    deepStrictEqual(idsOf(session), range(0, 500));
    session.begin();
    for (const id of range(600, 620)) session.insert(id, id);
    if (given.logged === false) continue;
    deepStrictEqual(idsOf(new Session(crashed(vfs, store))), range(0, 500));
  }
});

// ---- random ----

interface Mark {
  savepoint: Savepoint;
  own: Set<number>;
}

interface Appender {
  session: Session;
  own: Set<number>;
  marks: Mark[];
}

/** Sessions of one thread that append, go back, commit; what each commit left. */
class AppendModel {
  readonly store: TxnStore;
  readonly random: SeededRandom;
  readonly appenders: Appender[];
  /** After each commit: the ids there are. */
  readonly states: number[][] = [[]];
  durable = 0;
  /** What a commit that is under way will leave: its record may be on the disk when the machine goes down while it stamps its rows. */
  committing: number[] | null = null;
  private readonly ends: number[] = [0];
  private next = 0;
  /** Given up: to be used again, so that undo would hit others if it were not exact. */
  private readonly freed: number[] = [];

  constructor(store: TxnStore, random: SeededRandom) {
    this.store = store;
    this.random = random;
    this.appenders = range(0, 3).map(() => ({ session: new Session(store), own: new Set<number>(), marks: [] }));
  }

  private newId(): number {
    if (this.freed.length > 0 && this.random.chance(0.6)) return this.freed.splice(this.random.below(this.freed.length), 1)[0];
    return this.next++;
  }

  private giveUp(of: Appender, keep: ReadonlySet<number>): void {
    for (const id of of.own) if (!keep.has(id)) this.freed.push(id);
    of.own = new Set(keep);
    // Highest last: appended again in their order.
    this.freed.sort((a, b) => a - b);
  }

  step(): void {
    const { random, store } = this;
    const one = this.appenders[random.below(this.appenders.length)];
    const { session } = one;
    const tx = session.tx ?? session.begin();
    const choice = random.next();
    if (choice < 0.6) {
      for (let count = 1 + random.below(12); count > 0; count--) {
        const id = this.newId();
        strictEqual(session.insert(id, id, random.chance(0.05) ? 'x'.repeat(random.below(1500)) : ''), ROW_DONE);
        one.own.add(id);
      }
    } else if (choice < 0.75) {
      const ids = range(0, 1 + random.below(8)).map(() => this.newId());
      strictEqual(insertMany(tx, store, ids), ROW_DONE);
      if (random.chance(0.5)) {
        undoStatement(tx, random.chance(0.4));
        this.freed.push(...ids);
        this.freed.sort((a, b) => a - b);
      } else for (const id of ids) one.own.add(id);
    } else if (choice < 0.8) {
      const id = [...one.own][0];
      if (id !== undefined) strictEqual(session.update(id, 7, 'y'.repeat(random.below(200))), ROW_DONE);
    } else if (choice < 0.86) {
      one.marks.push({ savepoint: savepoint(tx), own: new Set(one.own) });
    } else if (choice < 0.92) {
      const mark = one.marks.pop();
      if (mark === undefined) return;
      rollbackTo(tx, mark.savepoint);
      this.giveUp(one, mark.own);
    } else if (choice < 0.94) {
      rollback(tx);
      session.tx = null;
      this.giveUp(one, new Set());
      one.marks = [];
    } else if (choice < 0.97) {
      this.committing = [...this.states.at(-1)!, ...one.own].sort((a, b) => a - b);
      session.commit();
      this.states.push(this.committing);
      this.committing = null;
      this.ends.push(tx.times[COMMIT_END]);
      one.own = new Set();
      one.marks = [];
    } else if (choice < 0.985) {
      flushAll(store.txns.log);
      this.durable = this.ends.findLastIndex((end) => end <= durableLsn(store.txns.log));
    } else writePages(store.txns.cache, 1 + random.below(20));
  }
}

function checkStore(store: TxnStore, name: string): string {
  const ids = idsOf(new Session(store));
  deepStrictEqual(keysOf(store), ids, `${name}: heap and index do not have the same rows`);
  checkIndex(
    store.txns.tree,
    store.table.indexes[0],
    (page, message) => ok(false, `${name}: page ${page} ${message}`),
    () => {},
  );
  return ids.join();
}

function crashAndCompare(seed: number): void {
  const random = new SeededRandom(seed);
  const vfs = new SimulatedVfs({ seed });
  const store = createTxnStore(vfs, { ...SIZES, indexes: 1 });
  flushAll(store.txns.log);
  const model = new AppendModel(store, random);
  vfs.plan({ crashAfter: 5 + random.below(random.chance(0.5) ? 60 : 300) });
  try {
    for (let step = 0; step < 2_000; step++) model.step();
  } catch (error) {
    if (!vfs.isDown) throw error;
  }
  let disk = vfs.crash();
  let after = recoverStore(disk, store.table, SIZES);
  const found = checkStore(after, `seed ${seed}`);
  // Recovery again from what it left, at whatever point it was cut: nothing may change.
  for (let again = 0; again < 2; again++) {
    if (random.chance(0.5)) flushAll(after.txns.log);
    if (random.chance(0.3)) writePages(after.txns.cache, random.below(20));
    disk = disk.crash();
    after = recoverStore(disk, store.table, SIZES);
    strictEqual(checkStore(after, `seed ${seed}`), found, `seed ${seed}: another recovery changed something`);
  }
  if (model.committing !== null) model.states.push(model.committing);
  const matches = model.states.flatMap((ids, commits) => (ids.join() === found ? [commits] : []));
  ok(matches.length > 0, `seed ${seed}: the table is as it was after no commit`);
  ok(matches.at(-1)! >= model.durable, `seed ${seed}: ${model.durable} commits were durable, ${matches.at(-1)} are there`);
  // Life goes on.
  const session = new Session(after);
  session.begin();
  for (const id of range(1_000_000, 1_000_020)) strictEqual(session.insert(id, id), ROW_DONE);
  session.commit();
}

test('after a crash at any point appended rows are as some commit left them, in heap and index', () => {
  const seed = seedOf('append');
  for (let round = 0; round < 60; round++) crashAndCompare(seed + round);
});
