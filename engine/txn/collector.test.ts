import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { latchPage, pagePlace, pageTouched, pageViews, unlatchPage } from '../storage/cache/page-cache.ts';
import { heapImageOffset } from '../storage/heap/heap-page.ts';
import { writeOverflow } from '../storage/overflow/overflow.ts';
import { pageFlags } from '../storage/page.layout.gen.ts';
import { PAGE_ALL_VISIBLE } from '../storage/page.layout.ts';
import { OVERFLOW_BIT, ROW_OVERFLOW, rowWordOf } from '../storage/rows/row-image.ts';
import { createKeyScratch } from '../storage/rows/runtime.ts';
import { PAGE_RETIRED, PAGE_USED } from '../storage/space/allocation-page.ts';
import { pageUse } from '../storage/space/space.ts';
import { temporaryPagesUsed } from '../storage/space/temporary-pages.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { beginStatement, endStatement, savepoint, STATEMENT_SIMPLE } from './begin.ts';
import { beginCollecting, collect, collectAll, endCollecting } from './collector.ts';
import { commitDurable } from './commit.ts';
import { metDead } from './dead-list.ts';
import { acceptRow, findRow } from './index-read.ts';
import { flushAll } from '../storage/log/flush.ts';
import { rollback, rollbackTo } from './rollback.ts';
import { insertRow } from './row-insert.ts';
import { updateRow } from './row-update.ts';
import { REPEATABLE_READ, ROW_DONE, type Transaction } from './transactions.ts';
import { VERSION_VOID } from './txn.layout.ts';
import {
  loadTxnSharedBound,
  loadTxnSharedChunksInUse,
  loadTxnSharedChunksSpilled,
  loadTxnSharedDeadEntries,
  loadTxnSharedDeadRows,
  loadVersionChunkState,
  setVersionFlags,
  txnSharedChunkEnd,
  versionChunkUsed,
  versionFlags,
  versionLength,
} from './txn.layout.gen.ts';
import { createTxnStore, encode, entriesOf, LAYOUT, Session, type TxnStore } from './txn-fixture.ts';
import { chunkEntry, closeChunk, FIRST_VERSION } from './versions.ts';

const newStore = (given: Parameters<typeof createTxnStore>[1] = {}): TxnStore =>
  createTxnStore(new SimulatedVfs({ seed: 1 }), given);

/** Runs `body` in a transaction of its own, durable: the visible horizon is behind it. */
function within(store: TxnStore, session: Session, body: (tx: Transaction) => void): void {
  body(session.begin());
  session.commit();
  flushAll(store.txns.log);
}

const deadRows = (store: TxnStore): number => loadTxnSharedDeadRows(store.txns.i32, store.txns.shared);
const deadEntries = (store: TxnStore): number => loadTxnSharedDeadEntries(store.txns.i32, store.txns.shared);

test('TX-T18: a slice takes the rows it may, and the next one goes on where it stopped', () => {
  const store = newStore();
  const session = new Session(store);
  within(store, session, () => {
    for (let id = 0; id < 200; id++) strictEqual(session.insert(id, id), ROW_DONE);
  });
  within(store, session, () => {
    for (let id = 0; id < 200; id++) strictEqual(session.delete(id), ROW_DONE);
  });
  const after: number[] = [];
  let more = true;
  while (more) {
    more = collect(store.txns, 64);
    after.push(deadRows(store));
  }
  deepStrictEqual(after, [64, 128, 192, 200]);
  deepStrictEqual([entriesOf(store, 0), entriesOf(store, 1)], [[], []]);
  strictEqual(collect(store.txns, 64), false);
});

test('one thread collects at a time, and a slice beside it does nothing', () => {
  const store = newStore();
  const session = new Session(store);
  within(store, session, () => session.insert(1, 1));
  within(store, session, () => session.delete(1));
  ok(beginCollecting(store.txns));
  strictEqual(collect(store.txns), false);
  strictEqual(deadRows(store), 0);
  endCollecting(store.txns);
  collect(store.txns);
  strictEqual(deadRows(store), 1);
});

test('TX-T6: the bound stops at the oldest snapshot, and what that one sees stays', () => {
  const store = newStore();
  const session = new Session(store);
  const old = new Session(store);
  within(store, session, () => session.insert(1, 10, 'first'));
  const tx = old.begin({ isolation: REPEATABLE_READ });
  strictEqual(old.get(1)?.v, 10);
  within(store, session, () => session.update(1, 20, 'second'));
  within(store, session, () => session.delete(1));
  closeChunk(store.txns);
  collectAll(store.txns);
  ok(loadTxnSharedBound(store.txns.i32, store.txns.shared) <= tx.times[0]);
  deepStrictEqual(old.get(1), { id: 1, v: 10, note: 'first' });
  deepStrictEqual(old.all(), [{ id: 1, v: 10, note: 'first' }]);
  strictEqual(deadRows(store) + deadEntries(store), 0);
  old.commit();
  collectAll(store.txns);
  strictEqual(deadRows(store), 1);
  deepStrictEqual([entriesOf(store, 0), entriesOf(store, 1)], [[], []]);
  collectAll(store.txns);
  strictEqual(loadTxnSharedChunksInUse(store.txns.i32, store.txns.shared), 0);
});

test('SM-B4: the entry of a key that the row has got back stays, those in between go', () => {
  const store = newStore();
  const session = new Session(store);
  within(store, session, () => session.insert(1, 10));
  for (const v of [20, 30, 10]) within(store, session, () => session.update(1, v));
  strictEqual(entriesOf(store, 1).length, 3);
  collectAll(store.txns);
  deepStrictEqual(
    entriesOf(store, 1).map((entry) => entry.split(' ')[0]),
    ['10'],
  );
  // One that runs has changed it again: what it would fall back to counts.
  session.begin();
  session.update(1, 40);
  collectAll(store.txns);
  strictEqual(entriesOf(store, 1).length, 2);
  rollback(session.tx!);
  collectAll(store.txns);
  strictEqual(entriesOf(store, 1).length, 1);
});

test('SM-P1: a page from which the last tombstone goes is all visible', () => {
  const store = newStore();
  const session = new Session(store);
  within(store, session, () => {
    for (let id = 0; id < 5; id++) session.insert(id, id);
  });
  within(store, session, () => {
    session.delete(1);
    session.delete(3);
  });
  const { cache } = store.txns;
  const page = session.page;
  const isAllVisible = (): boolean => {
    const frame = latchPage(cache, page);
    const flags = pageFlags(pageViews(cache, frame).u8, pagePlace(cache, frame));
    unlatchPage(cache, frame);
    return (flags & PAGE_ALL_VISIBLE) !== 0;
  };
  strictEqual(isAllVisible(), false);
  collectAll(store.txns);
  strictEqual(isAllVisible(), true);
});

/** A row image whose note lies in an overflow chain of three pages; its first page is noted in `pages`. */
function encodeWide(store: TxnStore, id: number, v: number, pages: number[]): ReturnType<typeof encode> {
  const { overflow } = store.txns.collecting;
  const value = Buffer.alloc(20_000);
  for (let at = 0; at < value.length; at++) value[at] = (at * 7919 + v + (at >> 3) * 31) & 255;
  const reference = writeOverflow(overflow, store.table, { transaction: 0, previous: 0, claimed: 0 }, value);
  pages.push(reference.page);
  const image = encode(id, v);
  const at = (LAYOUT.fixedEnd + 7) & ~7;
  const note = LAYOUT.columns[2].at >> 1;
  image.u16[note] = at;
  image.u16[note + 1] = OVERFLOW_BIT | 16;
  image.u32.set([reference.page, reference.length, reference.stored, reference.codec], at >> 2);
  image.i32[3] = rowWordOf(ROW_OVERFLOW, 0, at + 16);
  return image;
}

test('the overflow chain of a version goes with the version: once, and not if its change was undone', () => {
  const store = newStore({ ringBytes: 1 << 20 });
  const { txns, table } = store;
  const session = new Session(store);
  const pages: number[] = [];
  const uses = (): number[] => pages.map((page) => pageUse(txns.space, page));
  const change = (v: number): void => {
    const tx = session.tx!;
    beginStatement(tx, STATEMENT_SIMPLE, true);
    if (pages.length === 0) {
      strictEqual(insertRow(tx, table, encodeWide(store, 1, v, pages), 0), ROW_DONE);
    } else {
      session.find(tx, 1);
      strictEqual(updateRow(tx, table, session.page, session.slot, encodeWide(store, 1, v, pages), 0), ROW_DONE);
    }
    endStatement(tx);
  };
  within(store, session, () => change(1));
  // Undone twice, to the end and to a savepoint. (That the chains of undone changes go is the undo entries' part.)
  session.begin();
  change(2);
  rollback(session.tx!);
  session.begin();
  const mark = savepoint(session.tx!);
  change(3);
  rollbackTo(session.tx!, mark);
  session.commit();
  flushAll(txns.log);
  collectAll(txns);
  deepStrictEqual(uses(), [PAGE_USED, PAGE_USED, PAGE_USED]);
  // Committed: the first goes when nobody sees it any more, the fourth stays.
  const old = new Session(store);
  old.begin({ isolation: REPEATABLE_READ });
  old.get(1);
  within(store, session, () => change(4));
  collectAll(txns);
  deepStrictEqual(uses(), [PAGE_USED, PAGE_USED, PAGE_USED, PAGE_USED]);
  old.commit();
  collectAll(txns);
  deepStrictEqual(uses(), [PAGE_RETIRED, PAGE_USED, PAGE_USED, PAGE_USED]);
  // Twice in one transaction, then deleted.
  within(store, session, () => {
    change(5);
    change(6);
  });
  collectAll(txns);
  deepStrictEqual(uses().slice(3), [PAGE_RETIRED, PAGE_RETIRED, PAGE_USED]);
  within(store, session, () => session.delete(1));
  strictEqual(uses()[5], PAGE_USED);
  collectAll(txns);
  strictEqual(uses()[5], PAGE_RETIRED);
});

/** As after a restart: no back version names anything, and back words are clear. */
function forgetVersions(store: TxnStore, page: number): void {
  const { txns } = store;
  for (let chunk = 0; chunk < txnSharedChunkEnd(txns.i32, txns.shared); chunk++) {
    const entry = chunkEntry(txns, chunk);
    const { u16, i32 } = txns.versions;
    if (loadVersionChunkState(txns.i32, entry) === 0) continue;
    for (
      let at = FIRST_VERSION;
      at < versionChunkUsed(txns.i32, entry);
      at += versionLength(i32, chunk * txns.options.chunkBytes + at)
    ) {
      const version = chunk * txns.options.chunkBytes + at;
      setVersionFlags(u16, version, versionFlags(u16, version) | VERSION_VOID);
    }
  }
  const frame = latchPage(txns.cache, page);
  const views = pageViews(txns.cache, frame);
  for (let slot = 0; slot < 300; slot++) {
    const row = heapImageOffset(views, pagePlace(txns.cache, frame), slot);
    if (row >= 0) views.i32[(row + 8) >> 2] = 0;
  }
  pageTouched(txns.cache, frame);
  unlatchPage(txns.cache, frame);
}

test('SM-B4: tombstones and stale entries of an earlier boot are collected once a reader has met them', () => {
  const store = newStore();
  const { txns, table } = store;
  const session = new Session(store);
  within(store, session, () => {
    for (let id = 0; id < 4; id++) session.insert(id, id * 10);
  });
  within(store, session, () => {
    session.delete(1);
    session.update(2, 99);
  });
  forgetVersions(store, session.page);
  collectAll(txns);
  strictEqual(entriesOf(store, 0).length, 4);
  strictEqual(entriesOf(store, 1).length, 5);
  const tx = session.begin();
  beginStatement(tx, STATEMENT_SIMPLE, false);
  const key = createKeyScratch();
  key.length = 4;
  for (const entry of entriesOf(store, 1)) {
    const [v, page, slot] = entry.split(/[ :]/).map(Number);
    key.i32[0] = v;
    acceptRow(tx, table, table.indexes[1], key, page, slot, txns.image);
  }
  endStatement(tx);
  session.commit();
  strictEqual(metDead(txns), 2);
  collectAll(txns);
  strictEqual(metDead(txns), 0);
  deepStrictEqual(
    entriesOf(store, 1).map((entry) => entry.split(' ')[0]),
    ['0', '30', '99'],
  );
  deepStrictEqual(
    entriesOf(store, 0).map((entry) => entry.split(' ')[0]),
    ['0', '2', '3'],
  );
});

test('TX-T17: chunks in temporary pages are walked like others, and their pages come back', () => {
  const store = newStore({ versionBytes: 64 << 10, txn: { chunkBytes: 16384 } });
  const { txns } = store;
  const session = new Session(store);
  const old = new Session(store);
  const note = 'x'.repeat(300);
  within(store, session, () => {
    for (let id = 0; id < 40; id++) session.insert(id, id, note);
  });
  old.begin({ isolation: REPEATABLE_READ });
  const before = old.all();
  for (let round = 1; round <= 20; round++) {
    within(store, session, () => {
      for (let id = 0; id < 40; id++) strictEqual(session.update(id, id + round * 100), ROW_DONE);
    });
  }
  ok(loadTxnSharedChunksSpilled(txns.i32, txns.shared) > 5);
  deepStrictEqual(old.all(), before);
  // Undone in temporary pages: the rows have these versions again.
  session.begin();
  for (let round = 0; round < 8; round++) for (let id = 0; id < 40; id++) session.update(id, 7);
  rollback(session.tx!);
  old.commit();
  for (let round = 0; round < 3; round++) collectAll(txns);
  strictEqual(entriesOf(store, 1).length, 40);
  closeChunk(txns);
  for (let round = 0; round < 3; round++) collectAll(txns);
  strictEqual(loadTxnSharedChunksSpilled(txns.i32, txns.shared), 0);
  strictEqual(temporaryPagesUsed(txns.space), 0);
  strictEqual(loadTxnSharedChunksInUse(txns.i32, txns.shared), 0);
});

test('TX-T17: at the limit of back versions the oldest snapshot is given up, and answers 72000, never less rows', () => {
  const store = newStore({ txn: { chunkBytes: 16384, chunks: 6 } });
  const session = new Session(store);
  const oldest = new Session(store);
  const older = new Session(store);
  const note = 'y'.repeat(200);
  within(store, session, () => {
    for (let id = 0; id < 20; id++) session.insert(id, id, note);
  });
  oldest.begin({ isolation: REPEATABLE_READ });
  oldest.get(1);
  within(store, session, () => {
    for (let id = 0; id < 10; id++) session.delete(id);
  });
  // Three chunks of versions that only the oldest snapshot needs; then those that the second one needs too.
  for (let round = 0; round < 20; round++) {
    within(store, session, () => {
      for (let id = 10; id < 20; id++) strictEqual(session.update(id, 1000 + round), ROW_DONE);
    });
  }
  older.begin({ isolation: REPEATABLE_READ });
  const state = older.all();
  strictEqual(state.length, 10);
  for (let round = 0; round < 60 && loadTxnSharedBound(store.txns.i32, store.txns.shared) <= oldest.tx!.times[0]; round++) {
    within(store, session, () => {
      for (let id = 10; id < 20; id++) strictEqual(session.update(id, 2000 + round), ROW_DONE);
    });
  }
  deepStrictEqual(older.all(), state, 'only the oldest was given up');
  collectAll(store.txns);
  const key = createKeyScratch();
  key.i32[0] = 1;
  key.length = 4;
  const byKey = (): number => findRow(oldest.tx!, store.table, 0, key, store.txns.image);
  for (const read of [byKey, () => oldest.get(12), () => oldest.all()]) throws(read, { code: '72000' });
  rollback(oldest.tx!);
  older.commit();
});

test('a transaction that waits for its commit to be durable holds nothing back', () => {
  const store = newStore();
  const session = new Session(store);
  within(store, session, () => session.insert(1, 1));
  const tx = session.begin();
  session.delete(1);
  session.commit();
  collectAll(store.txns);
  strictEqual(deadRows(store), 0, 'its stamp is above the visible horizon');
  commitDurable(tx);
  collectAll(store.txns);
  strictEqual(deadRows(store), 1);
});
