import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { checkIndex } from '../storage/btree/check.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { beginStatement, endStatement, openPortal, savepoint, STATEMENT_SIMPLE, STATEMENT_WRITING, usePortal } from './begin.ts';
import { flushAll } from '../storage/log/flush.ts';
import { collect } from './collector.ts';
import { stampEnded } from './stamper.ts';
import { rollback, rollbackTo, undoStatement } from './rollback.ts';
import { lastNumber, slotsInUse, startNumbers } from './slots.ts';
import { COMMIT_STAMP, REPEATABLE_READ, ROW_DONE, ROW_DUPLICATE, ROW_GONE, ROW_RERUN, ROW_WAIT } from './transactions.ts';
import { allRows, createTxnStore, encode, entriesOf, type FixtureOptions, Session, type TxnStore } from './txn-fixture.ts';
import { insertRow } from './row-insert.ts';
import { lockRow } from './row-update.ts';
import { commitDurable } from './commit.ts';

const storeOf = (given: FixtureOptions = {}): TxnStore => createTxnStore(new SimulatedVfs({ seed: 1 }), given);

/** Rows 1 to count, committed; v = id * 10. */
function filled(store: TxnStore, count: number): Session {
  const session = new Session(store);
  session.begin();
  for (let id = 1; id <= count; id++) strictEqual(session.insert(id, id * 10, `row ${id}`), ROW_DONE);
  const tx = session.tx!;
  session.commit();
  commitDurable(tx);
  return session;
}

test('a row that was inserted is seen by its transaction at once, by others after the commit', () => {
  const store = storeOf();
  const a = new Session(store);
  const b = new Session(store);
  a.begin();
  strictEqual(a.insert(1, 10, 'one'), ROW_DONE);
  deepStrictEqual(a.get(1), { id: 1, v: 10, note: 'one' });
  b.begin();
  strictEqual(b.get(1), null);
  a.commit();
  a.begin();
  deepStrictEqual(a.get(1), { id: 1, v: 10, note: 'one' });
  strictEqual(b.insert(1, 11), ROW_DUPLICATE);
  strictEqual(a.update(1, 20), ROW_DONE);
  strictEqual(b.update(1, 30), ROW_WAIT);
  strictEqual(a.get(1)?.v, 20);
  rollback(a.tx!);
  strictEqual(b.update(1, 30), ROW_DONE);
  b.commit();
  a.begin();
  strictEqual(a.delete(1), ROW_DONE);
  strictEqual(a.get(1), null);
  strictEqual(a.delete(1), ROW_GONE);
  a.commit();
  strictEqual(slotsInUse(store.txns), 0);
});

test('rollback leaves rows and index entries as they were', () => {
  const store = storeOf();
  const a = filled(store, 400);
  const before = [entriesOf(store, 0), entriesOf(store, 1)];
  a.begin();
  const rows = a.all();
  for (let id = 401; id <= 800; id++) strictEqual(a.insert(id, id), ROW_DONE);
  for (let id = 1; id <= 400; id += 3) strictEqual(a.update(id, -id, 'changed, and longer than it was before'), ROW_DONE);
  for (let id = 2; id <= 400; id += 3) strictEqual(a.delete(id), ROW_DONE);
  for (let id = 1; id <= 400; id += 6) strictEqual(a.update(id, -id - 1), ROW_DONE);
  for (let id = 401; id <= 800; id += 2) strictEqual(a.delete(id), ROW_DONE);
  rollback(a.tx!);
  a.begin();
  deepStrictEqual(a.all(), rows);
  deepStrictEqual([entriesOf(store, 0), entriesOf(store, 1)], before);
  a.commit();
});

test('TX-T4: a statement that inserts what it selects ends, and sees none of its own rows', () => {
  const store = storeOf();
  const a = filled(store, 50);
  a.begin();
  strictEqual(a.insertSelect(1000), ROW_DONE);
  strictEqual(a.all().length, 100);
  strictEqual(a.insertSelect(2000), ROW_DONE);
  strictEqual(a.all().length, 200);
  a.commit();
});

test('TX-T4: a row that the same statement has changed is not changed by it again', () => {
  const store = storeOf();
  const a = filled(store, 1);
  const tx = a.begin();
  beginStatement(tx, STATEMENT_WRITING, true);
  a.find(tx, 1);
  const { page, slot } = a;
  strictEqual(lockRow(tx, store.table, page, slot), ROW_DONE);
  strictEqual(lockRow(tx, store.table, page, slot), ROW_GONE);
  endStatement(tx);
  a.commit();
});

test('TX-T4: a portal goes on seeing what it saw, whatever its transaction changes', () => {
  const store = storeOf();
  const a = filled(store, 3);
  const tx = a.begin();
  strictEqual(a.update(1, 11), ROW_DONE);
  beginStatement(tx, STATEMENT_SIMPLE, false);
  const limit = openPortal(tx);
  endStatement(tx);
  strictEqual(a.update(1, 12), ROW_DONE);
  strictEqual(a.insert(4, 40), ROW_DONE);
  strictEqual(a.delete(2), ROW_DONE);
  beginStatement(tx, STATEMENT_SIMPLE, false);
  usePortal(tx, limit);
  deepStrictEqual(
    allRows(store, tx).map((row) => [row.id, row.v]),
    [
      [1, 11],
      [2, 20],
      [3, 30],
    ],
  );
  endStatement(tx);
  deepStrictEqual(
    a.all().map((row) => [row.id, row.v]),
    [
      [1, 12],
      [3, 30],
      [4, 40],
    ],
  );
  a.commit();
});

test('a savepoint is gone back to, more than once, and the transaction goes on', () => {
  const store = storeOf();
  const a = filled(store, 5);
  const tx = a.begin();
  strictEqual(a.insert(6, 60), ROW_DONE);
  strictEqual(a.insert(7, 70), ROW_DONE);
  const point = savepoint(tx);
  for (let turn = 0; turn < 3; turn++) {
    strictEqual(a.insert(8, 80 + turn), ROW_DONE);
    strictEqual(a.update(6, 66), ROW_DONE);
    strictEqual(a.update(6, 67), ROW_DONE);
    strictEqual(a.delete(1), ROW_DONE);
    strictEqual(a.all().length, 7);
    rollbackTo(tx, point);
    deepStrictEqual(
      a.all().map((row) => row.v),
      [10, 20, 30, 40, 50, 60, 70],
    );
  }
  strictEqual(a.insert(8, 88), ROW_DONE);
  a.commit();
  a.begin();
  deepStrictEqual(
    a.all().map((row) => row.v),
    [10, 20, 30, 40, 50, 60, 70, 88],
  );
  a.commit();
  strictEqual(slotsInUse(store.txns), 0);
});

test('a statement that is undone for another run keeps the rows it held', () => {
  const store = storeOf();
  const a = filled(store, 4);
  const b = new Session(store);
  const before = entriesOf(store, 1);
  const tx = a.begin();
  strictEqual(a.update(1, 11), ROW_DONE);
  beginStatement(tx, STATEMENT_WRITING, true);
  a.find(tx, 2);
  const held = [a.page, a.slot] as const;
  endStatement(tx);
  strictEqual(a.update(2, 22), ROW_DONE);
  undoStatement(tx, true);
  deepStrictEqual(a.get(2), { id: 2, v: 20, note: 'row 2' });
  strictEqual(a.get(1)?.v, 11);
  b.begin();
  strictEqual(b.get(2)?.v, 20);
  strictEqual(b.update(2, 5), ROW_WAIT);
  strictEqual(b.tx!.waitsFor, tx.number);
  deepStrictEqual(
    entriesOf(store, 1).filter((entry) => !entry.startsWith('11 ')),
    before,
  );
  strictEqual(a.update(2, 23), ROW_DONE);
  strictEqual(a.get(2)?.v, 23);
  undoStatement(tx, true);
  a.commit();
  strictEqual(b.update(2, 5), ROW_DONE);
  deepStrictEqual([b.page, b.slot], held);
  b.commit();
  b.begin();
  deepStrictEqual(
    b.all().map((row) => row.v),
    [11, 5, 30, 40],
  );
  b.commit();
  strictEqual(slotsInUse(store.txns), 0);
});

test('repeatable read sees one state and is told of rows that changed since', () => {
  const store = storeOf();
  const a = filled(store, 3);
  const b = new Session(store);
  b.begin({ isolation: REPEATABLE_READ });
  strictEqual(b.get(1)?.v, 10);
  for (let turn = 1; turn < 5; turn++) {
    a.begin();
    strictEqual(a.update(1, 10 + turn), ROW_DONE);
    strictEqual(a.update(2, 20 + turn, `turn ${turn}`), ROW_DONE);
    if (turn === 2) strictEqual(a.delete(3), ROW_DONE);
    const tx = a.tx!;
    a.commit();
    commitDurable(tx);
    deepStrictEqual(
      b.all().map((row) => row.v),
      [10, 20, 30],
    );
  }
  strictEqual(b.update(1, 99), ROW_RERUN);
  rollback(b.tx!);
  b.begin();
  deepStrictEqual(
    b.all().map((row) => row.v),
    [14, 24],
  );
  b.commit();
});

test('SM-B3: a key that a transaction in flight has, or would get back, is waited for', () => {
  const store = storeOf();
  const a = filled(store, 2);
  const b = new Session(store);
  a.begin();
  strictEqual(a.insert(3, 30), ROW_DONE);
  strictEqual(a.delete(1), ROW_DONE);
  strictEqual(a.update(2, 20, 'moves to another key', 4), ROW_DONE);
  b.begin();
  for (const id of [1, 2, 3, 4]) {
    strictEqual(b.insert(id, 0), ROW_WAIT, `key ${id}`);
    strictEqual(b.tx!.waitsFor, a.tx!.number);
  }
  strictEqual(a.insert(1, 11), ROW_DONE);
  strictEqual(a.insert(4, 0), ROW_DUPLICATE);
  a.commit();
  strictEqual(b.insert(2, 22), ROW_DONE);
  for (const id of [1, 3, 4]) strictEqual(b.insert(id, 0), ROW_DUPLICATE, `key ${id}`);
  strictEqual(b.update(2, 5, 'x', 4), ROW_DUPLICATE);
  strictEqual(b.get(2)?.v, 22);
  b.commit();
});

test('rows grow out of their pages, move again, shrink, are undone and deleted', () => {
  const store = storeOf();
  const a = filled(store, 300);
  const long = 'x'.repeat(1500);
  a.begin();
  const rows = a.all();
  for (let id = 1; id <= 300; id += 2) strictEqual(a.update(id, id, long + id), ROW_DONE);
  for (let id = 1; id <= 300; id += 4) strictEqual(a.update(id, id, long + long + id), ROW_DONE);
  for (let id = 1; id <= 300; id += 2) strictEqual(a.get(id)?.note, id % 4 === 1 ? long + long + id : long + id);
  rollback(a.tx!);
  a.begin();
  deepStrictEqual(a.all(), rows);
  for (let id = 1; id <= 300; id += 2) strictEqual(a.update(id, id, long + id), ROW_DONE);
  a.commit();
  a.begin();
  for (let id = 1; id <= 300; id += 2) strictEqual(a.get(id)?.note, long + id);
  for (let id = 1; id <= 300; id++) strictEqual(a.delete(id), ROW_DONE);
  for (let id = 301; id <= 320; id++) {
    strictEqual(a.insert(id, id), ROW_DONE);
    for (let other = 400; other < 404; other++) a.insert(other + id * 10, other, long);
    strictEqual(a.update(id, id, long + long), ROW_DONE);
  }
  const tx = a.tx!;
  a.commit();
  commitDurable(tx);
  a.begin();
  strictEqual(a.all().length, 100);
  a.commit();
  strictEqual(stampEnded(store.txns, 10_000) > 0, true);
  for (let round = 0; round < 4; round++) collect(store.txns, 1000);
  a.begin();
  strictEqual(a.all().length, 100);
  strictEqual(entriesOf(store, 0).length, 100);
  a.commit();
});

test('TX-T18: the collector takes entries of old keys and tombstones, once no snapshot sees them', () => {
  const store = storeOf();
  const a = filled(store, 100);
  const b = new Session(store);
  b.begin({ isolation: REPEATABLE_READ });
  strictEqual(b.get(1)?.v, 10);
  a.begin();
  for (let id = 1; id <= 100; id++) strictEqual(a.update(id, id * 10 + 1), ROW_DONE);
  for (let id = 1; id <= 100; id += 2) strictEqual(a.delete(id), ROW_DONE);
  const tx = a.tx!;
  a.commit();
  commitDurable(tx);
  for (let round = 0; round < 3; round++) collect(store.txns, 1000);
  strictEqual(b.all().length, 100);
  deepStrictEqual([entriesOf(store, 0).length, entriesOf(store, 1).length], [100, 200]);
  b.commit();
  for (let round = 0; round < 3; round++) collect(store.txns, 1000);
  deepStrictEqual([entriesOf(store, 0).length, entriesOf(store, 1).length], [50, 50]);
  a.begin();
  strictEqual(a.all().length, 50);
  for (let id = 1; id <= 100; id += 2) strictEqual(a.insert(id, id), ROW_DONE);
  a.commit();
  for (const index of store.table.indexes) {
    checkIndex(
      store.txns.tree,
      index,
      (page, message) => ok(false, `page ${page} ${message}`),
      () => {},
    );
  }
});

test('TX-T2: numbers wrap, skip 0 and slots that are taken; out of slots is 53300', () => {
  const store = storeOf({ txn: { slots: 8 } });
  const sessions = Array.from({ length: 9 }, () => new Session(store));
  startNumbers(store.txns, 0xfffffffe);
  const numbers: number[] = [];
  for (let at = 0; at < 8; at++) {
    sessions[at].begin();
    strictEqual(sessions[at].insert(at, at), ROW_DONE);
    numbers.push(sessions[at].tx!.number >>> 0);
    strictEqual(sessions[at].get(at)?.v, at);
  }
  deepStrictEqual(numbers, [0xffffffff, 1, 2, 3, 4, 5, 6, 8]);
  sessions[8].begin();
  throws(() => sessions[8].insert(9, 9), { code: '53300' });
  for (let at = 0; at < 8; at += 2) sessions[at].commit();
  for (let at = 1; at < 8; at += 2) rollback(sessions[at].tx!);
  rollback(sessions[8].tx!);
  flushAll(store.txns.log);
  sessions[8].begin();
  deepStrictEqual(
    sessions[8].all().map((row) => row.id),
    [0, 2, 4, 6],
  );
  strictEqual(sessions[8].insert(9, 9), ROW_DONE);
  ok(lastNumber(store.txns) > 8);
  sessions[8].commit();
});

test('TX-T1: stamps rise also when the clock stands still or steps back', () => {
  const store = storeOf();
  const a = new Session(store);
  let last = 0;
  const clock = store.world.clock as unknown as { advance(by: number): void };
  for (let turn = 0; turn < 50; turn++) {
    const tx = a.begin();
    strictEqual(a.insert(turn, turn), ROW_DONE);
    a.commit();
    ok(tx.times[COMMIT_STAMP] > last);
    last = tx.times[COMMIT_STAMP];
    clock.advance(turn % 3 === 0 ? -1000 : -1);
  }
});

test('an insert that fails late leaves nothing of itself behind', () => {
  const store = storeOf();
  const a = filled(store, 3);
  const tx = a.begin();
  beginStatement(tx, STATEMENT_SIMPLE, true);
  strictEqual(insertRow(tx, store.table, encode(2, 5), 0), ROW_DUPLICATE);
  strictEqual(insertRow(tx, store.table, encode(9, 5), 0), ROW_DONE);
  endStatement(tx);
  a.commit();
  a.begin();
  deepStrictEqual(
    a.all().map((row) => row.id),
    [1, 2, 3, 9],
  );
  a.commit();
});
