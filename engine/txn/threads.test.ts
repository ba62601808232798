import { ok, rejects, strictEqual, throws } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { enterEngine, leaveEngine } from '../../shm/entry.ts';
import { handleOf } from '../../shm/shared-memory.ts';
import { detachThread } from '../../shm/threads.ts';
import { checkIndex } from '../storage/btree/check.ts';
import { flushAll } from '../storage/log/flush.ts';
import { RealVfs } from '../storage/vfs/real-vfs.ts';
import { collect } from './collector.ts';
import { waitForConflict, waitForConflictAsync } from './conflict.ts';
import { rollback, undoStatement } from './rollback.ts';
import { cancelSession } from './sessions.ts';
import { slotsInUse } from './slots.ts';
import { stampEnded } from './stamper.ts';
import { ROW_DONE, ROW_WAIT } from './transactions.ts';
import { createTxnStore, entriesOf, type FixtureOptions, seedOf, Session, type TxnStore } from './txn-fixture.ts';
import { TXN_SLOT_WAITERS } from './txn.layout.gen.ts';
import type { Job, Outcome } from './txn-test-worker.ts';

async function withStore(
  options: FixtureOptions,
  body: (store: ReturnType<typeof createTxnStore>, directory: string) => Promise<void>,
) {
  const directory = mkdtempSync(join(tmpdir(), 'txn-'));
  try {
    const store = createTxnStore(new RealVfs(), options, directory);
    await body(store, directory);
    detachThread(store.shm);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Two threads move amounts between rows while this one stamps and collects. Returns what happened to them. */
async function moveAmounts(rows: number, transactions: number, pause: number): Promise<Outcome> {
  const seed = seedOf('threads');
  const sum: Outcome = { commits: 0, deadlocks: 0, serializations: 0, waits: 0 };
  const options: FixtureOptions = { frames: 256, versionBytes: 1 << 20, txn: { slots: 16, chunkBytes: 16384, stampAtCommit: 2 } };
  await withStore(options, async (store, directory) => {
    const session = new Session(store);
    session.begin();
    for (let id = 0; id < rows; id++) strictEqual(session.insert(id, 100), ROW_DONE);
    session.commit();
    flushAll(store.txns.log);
    const roots: Job['roots'] = [store.table.mapRoot, store.table.indexes[0].root, store.table.indexes[1].root];
    const shared = { handle: handleOf(store.shm), options, directory, roots, transactions, rows, pause };
    const housekeeping = setInterval(() => {
      enterEngine(store.shm);
      stampEnded(store.txns, 1000);
      collect(store.txns, 1000);
      leaveEngine(store.shm);
    }, 3);
    const outcomes = await Promise.all(
      [0, 1].map((number) => runWorker({ ...shared, seed: seed + number, own: 1000 + number * 1000 })),
    );
    clearInterval(housekeeping);
    for (const outcome of outcomes) for (const name of Object.keys(sum) as (keyof Outcome)[]) sum[name] += outcome[name];
    flushAll(store.txns.log);
    stampEnded(store.txns, 100_000);
    for (let round = 0; round < 5; round++) collect(store.txns, 100_000);
    strictEqual(slotsInUse(store.txns), 0);
    checkAll(store, session, rows);
  });
  return sum;
}

function checkAll(store: TxnStore, session: Session, rows: number): void {
  session.begin();
  const found = session.all();
  session.commit();
  strictEqual(
    found.filter((row) => row.id < rows).reduce((total, row) => total + row.v, 0),
    rows * 100,
  );
  strictEqual(new Set(found.map((row) => row.id)).size, found.length);
  const ids = new Set(entriesOf(store, 0).map((entry) => Number(entry.split(' ')[0])));
  for (const row of found) ok(ids.has(row.id));
  for (const index of store.table.indexes) {
    checkIndex(
      store.txns.tree,
      index,
      (page, message) => ok(false, `page ${page} ${message}`),
      () => {},
    );
  }
}

test('two threads move amounts while a third stamps and collects: no amount is lost', async () => {
  const outcome = await moveAmounts(20, 1000, 0);
  ok(outcome.commits > 1000, JSON.stringify(outcome));
});

test('two threads whose transactions overlap wait, deadlock, fail and go on', async () => {
  const outcome = await moveAmounts(3, 400, 3000);
  ok(outcome.commits > 200 && outcome.waits > 0 && outcome.deadlocks > 0, JSON.stringify(outcome));
});

function runWorker(job: Job): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./txn-test-worker.ts', import.meta.url), { workerData: job });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
  });
}

test('a wait on a transaction of the same thread is refused at once, on an event loop it is not', async () => {
  await withStore({}, async (store) => {
    const a = new Session(store);
    const b = new Session(store);
    a.begin();
    strictEqual(a.insert(1, 10), ROW_DONE);
    b.begin();
    strictEqual(b.insert(1, 11), ROW_WAIT);
    undoStatement(b.tx!, true);
    throws(() => waitForConflict(b.tx!), { code: '55P03' });
    rollback(b.tx!);
    b.begin();
    strictEqual(b.insert(1, 11), ROW_WAIT);
    undoStatement(b.tx!, true);
    const wait = waitForConflictAsync(b.tx!);
    setTimeout(() => rollback(a.tx!), 20);
    await wait;
    strictEqual(b.insert(1, 11), ROW_DONE);
    b.commit();
  });
});

test('two sessions of one event loop that wait for each other: the younger one is the victim', async () => {
  await withStore({}, async (store) => {
    const [a, b] = [new Session(store), new Session(store)];
    a.begin();
    for (const id of [1, 2]) strictEqual(a.insert(id, id), ROW_DONE);
    a.commit();
    flushAll(store.txns.log);
    a.begin();
    b.begin();
    strictEqual(a.update(1, 5), ROW_DONE);
    strictEqual(b.update(2, 6), ROW_DONE);
    strictEqual(a.update(2, 7), ROW_WAIT);
    undoStatement(a.tx!, true);
    const first = waitForConflictAsync(a.tx!);
    strictEqual(b.update(1, 8), ROW_WAIT);
    undoStatement(b.tx!, true);
    await rejects(waitForConflictAsync(b.tx!), { code: '40P01' });
    rollback(b.tx!);
    await first;
    strictEqual(a.update(2, 7), ROW_DONE);
    a.commit();
  });
});

test('who joins others of its event loop in waiting asks its own holder for a ring, at once', async () => {
  await withStore({}, async (store) => {
    const [a, b, c, d] = [new Session(store), new Session(store), new Session(store), new Session(store)];
    for (const session of [a, b, c, d]) session.begin();
    strictEqual(a.insert(1, 10), ROW_DONE);
    strictEqual(b.insert(2, 20), ROW_DONE);
    strictEqual(c.insert(1, 11), ROW_WAIT);
    undoStatement(c.tx!, true);
    const first = waitForConflictAsync(c.tx!);
    await new Promise((resolve) => setTimeout(resolve, 5));
    strictEqual(d.insert(2, 21), ROW_WAIT);
    undoStatement(d.tx!, true);
    const second = waitForConflictAsync(d.tx!);
    const { slot } = b.tx!;
    ok(
      store.txns.i32[((slot + TXN_SLOT_WAITERS) >>> 2) + (store.shm.thread >>> 5)] !== 0,
      'nobody would ring when the holder ends',
    );
    rollback(b.tx!);
    await second;
    strictEqual(d.insert(2, 21), ROW_DONE);
    d.commit();
    rollback(a.tx!);
    await first;
    strictEqual(c.insert(1, 11), ROW_DONE);
    c.commit();
  });
});

test('a wait ends with the lock timeout, and with a cancel', async () => {
  await withStore({}, async (store) => {
    const [a, b] = [new Session(store), new Session(store)];
    a.begin();
    strictEqual(a.insert(1, 10), ROW_DONE);
    b.begin({ lockTimeout: 30 });
    strictEqual(b.insert(1, 11), ROW_WAIT);
    undoStatement(b.tx!, true);
    await rejects(waitForConflictAsync(b.tx!), { code: '55P03' });
    rollback(b.tx!);
    b.begin();
    strictEqual(b.insert(1, 11), ROW_WAIT);
    undoStatement(b.tx!, true);
    const wait = waitForConflictAsync(b.tx!);
    cancelSession(store.txns, b.session, 1);
    await rejects(wait, { code: '57014' });
    rollback(b.tx!);
    a.commit();
  });
});
