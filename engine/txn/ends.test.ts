import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { heapUsedBytes } from '../../shm/allocator.ts';
import { checkDeaths, markDead, threadGeneration } from '../../shm/deaths.ts';
import { enterEngine, leaveEngine } from '../../shm/entry.ts';
import { handleOf, viewSharedMemory } from '../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_ATTACHED } from '../../shm/threads.ts';
import { flushAll } from '../storage/log/flush.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { commitDurable, isCommitDurable } from './commit.ts';
import { failSerialization, waitForConflict } from './conflict.ts';
import { rollback, undoStatement } from './rollback.ts';
import { slotsInUse } from './slots.ts';
import { dependencyMet, meetDependency } from './snapshot.ts';
import { stampEnded } from './stamper.ts';
import {
  COMMIT_STAMP,
  DEPENDENCY,
  DURABLE_RELAXED,
  REPEATABLE_READ,
  ROW_DONE,
  ROW_RERUN,
  ROW_WAIT,
  SNAPSHOT,
} from './transactions.ts';
import { PIECE_BYTES } from './undo-piece.ts';
import { createTxnStore, entriesOf, type FixtureOptions, joinTxnStore, Session, type TxnStore } from './txn-fixture.ts';

const storeOf = (given: FixtureOptions = {}): TxnStore => createTxnStore(new SimulatedVfs({ seed: 1 }), given);

/** Rows 1 to count, committed and durable; v = id * 10. */
function filled(store: TxnStore, count: number): Session {
  const session = new Session(store);
  session.begin();
  for (let id = 1; id <= count; id++) strictEqual(session.insert(id, id * 10, `row ${id}`), ROW_DONE);
  session.commit();
  flushAll(store.txns.log);
  return session;
}

test('TX-T8, T9: readers see what is durable; writers see what is precommitted, and depend on it', () => {
  const store = storeOf();
  const a = filled(store, 3);
  const [b, c] = [new Session(store), new Session(store)];
  a.begin();
  strictEqual(a.update(1, 11), ROW_DONE);
  const first = a.tx!;
  a.commit();
  ok(!isCommitDurable(first));
  c.begin();
  strictEqual(c.get(1)?.v, 10);
  b.begin();
  strictEqual(b.update(2, 21), ROW_DONE);
  strictEqual(b.tx!.times[DEPENDENCY], 0);
  strictEqual(b.change(1, 1), ROW_DONE);
  strictEqual(b.tx!.times[DEPENDENCY], first.times[COMMIT_STAMP]);
  ok(!dependencyMet(b.tx!));
  strictEqual(b.get(1)?.v, 12);
  const second = b.tx!;
  b.commit();
  ok(!isCommitDurable(second));
  commitDurable(second);
  // A later commit is later in the same log: what it rests on is durable too.
  ok(isCommitDurable(first));
  strictEqual(c.get(1)?.v, 12);
  c.commit();
});

test('TX-T9: a tombstone that decided what a writer saw is a dependency', () => {
  const store = storeOf();
  const a = filled(store, 3);
  const b = new Session(store);
  a.begin();
  strictEqual(a.delete(2), ROW_DONE);
  const first = a.tx!;
  a.commit();
  b.begin();
  strictEqual(b.insert(2, 22), ROW_DONE);
  strictEqual(b.tx!.times[DEPENDENCY], first.times[COMMIT_STAMP]);
  meetDependency(b.tx!);
  ok(isCommitDurable(first) && dependencyMet(b.tx!));
  b.commit();
});

test('TX-T19: a session sees its own commits at once, and never goes back in time', () => {
  const store = storeOf();
  const a = filled(store, 2);
  for (let turn = 1; turn <= 3; turn++) {
    a.begin();
    strictEqual(a.change(1, 1), ROW_DONE);
    a.commit();
    const tx = a.begin();
    strictEqual(a.get(1)?.v, 10 + turn);
    ok(!dependencyMet(tx));
    ok(tx.times[SNAPSHOT] >= a.lastCommit);
    a.commit();
  }
});

test('relaxed durability: others see the commit once it is acknowledged', () => {
  const store = storeOf();
  const a = filled(store, 2);
  const b = new Session(store);
  a.begin({ durability: DURABLE_RELAXED });
  strictEqual(a.update(1, 11), ROW_DONE);
  const tx = a.tx!;
  a.commit();
  b.begin();
  strictEqual(b.get(1)?.v, 10);
  ok(isCommitDurable(tx));
  commitDurable(tx);
  strictEqual(b.get(1)?.v, 11);
  // Its own durability is 'commit': what it saw may be lost in a crash until the next flush.
  ok(!dependencyMet(b.tx!));
  commitDurable(b.tx!);
  b.commit();
});

test('TX-T10: 40001 is answered when the commit that caused it is durable', () => {
  const store = storeOf();
  const a = filled(store, 2);
  const b = new Session(store);
  b.begin({ isolation: REPEATABLE_READ });
  strictEqual(b.get(2)?.v, 20);
  a.begin();
  strictEqual(a.update(1, 11), ROW_DONE);
  const tx = a.tx!;
  a.commit();
  ok(!isCommitDurable(tx));
  strictEqual(b.update(1, 12), ROW_RERUN);
  throws(() => failSerialization(b.tx!), { code: '40001' });
  ok(isCommitDurable(tx));
  throws(() => b.get(1), { code: '25P02' });
  rollback(b.tx!);
});

test('SM-W7: a full disk stops writes with 53100; rollback and reading go on; writing resumes with room', () => {
  const vfs = new SimulatedVfs({ seed: 1 });
  const store = createTxnStore(vfs, { ringBytes: 64 << 10 });
  const a = filled(store, 50);
  const before = a.begin() && a.all();
  vfs.plan({ freeBytes: 200_000 });
  let code = '';
  let id = 100;
  try {
    for (; id < 1_000_000; id++) {
      strictEqual(a.insert(id, id, 'x'.repeat(500)), ROW_DONE);
      strictEqual(a.change((id % 50) + 1, 1), ROW_DONE);
    }
  } catch (error) {
    code = (error as { code: string }).code;
  }
  strictEqual(code, '53100');
  ok(id > 200, `only ${id - 100} rows`);
  rollback(a.tx!);
  a.begin();
  deepStrictEqual(a.all(), before);
  a.commit();
  strictEqual(entriesOf(store, 0).length, 50);
  vfs.plan({ freeBytes: null });
  a.begin();
  strictEqual(a.insert(100, 1), ROW_DONE);
  a.commit();
  strictEqual(slotsInUse(store.txns), 0);
});

/** Another thread of the same memory, played by this one. */
function otherThread(vfs: SimulatedVfs, store: TxnStore, given: FixtureOptions): TxnStore {
  const shm = viewSharedMemory(handleOf(store.shm));
  attachThread(shm, THREAD_ROLE_ATTACHED);
  const other = joinTxnStore(vfs, shm, given);
  other.table = store.table;
  return other;
}

test('TX-T15: what a dead thread was doing is rolled back, what it had committed is stamped, by others', () => {
  const vfs = new SimulatedVfs({ seed: 1 });
  const given: FixtureOptions = { txn: { stampAtCommit: 0 } };
  const store = createTxnStore(vfs, given);
  const a = filled(store, 20);
  stampEnded(store.txns, 1000);
  const other = otherThread(vfs, store, given);
  const b = new Session(other);
  b.begin();
  strictEqual(b.update(1, 11), ROW_DONE);
  b.commit();
  const open = [new Session(other), new Session(other)];
  for (const [at, session] of open.entries()) {
    session.begin();
    for (let id = 5 + at * 5; id < 9 + at * 5; id++) strictEqual(session.change(id, 1), ROW_DONE);
    strictEqual(session.insert(100 + at, 1), ROW_DONE);
    strictEqual(session.delete(2 + at), ROW_DONE);
  }
  a.begin();
  strictEqual(a.update(5, 0), ROW_WAIT);
  undoStatement(a.tx!, true);
  markDead(store.shm, other.shm.thread, threadGeneration(store.shm, other.shm.thread));
  checkDeaths(store.shm);
  // The waiter buries and rolls back for it.
  waitForConflict(a.tx!);
  strictEqual(a.update(5, 55), ROW_DONE);
  a.commit();
  enterEngine(store.shm);
  stampEnded(store.txns, 1000);
  leaveEngine(store.shm);
  strictEqual(slotsInUse(store.txns), 0);
  a.begin();
  deepStrictEqual(
    a.all().map((row) => row.v),
    Array.from({ length: 20 }, (_, at) => (at === 0 ? 11 : at === 4 ? 55 : (at + 1) * 10)),
  );
  a.commit();
});

test('a thread keeps one piece of its undo lists for the next, and it is freed behind the thread', () => {
  const vfs = new SimulatedVfs({ seed: 1 });
  const given: FixtureOptions = {};
  const store = createTxnStore(vfs, given);
  filled(store, 2);
  const other = otherThread(vfs, store, given);
  const before = heapUsedBytes(store.shm);
  const b = new Session(other);
  for (let turn = 0; turn < 3; turn++) {
    b.begin();
    strictEqual(b.update(1, turn), ROW_DONE);
    if (turn < 2) b.commit();
    else rollback(b.tx!);
    strictEqual(heapUsedBytes(store.shm), before + PIECE_BYTES);
  }
  markDead(store.shm, other.shm.thread, threadGeneration(store.shm, other.shm.thread));
  checkDeaths(store.shm);
  enterEngine(store.shm);
  leaveEngine(store.shm);
  strictEqual(heapUsedBytes(store.shm), before);
});
