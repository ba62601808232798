import { strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { heapUsedBytes } from '../../shm/allocator.ts';
import { enterEngine, leaveEngine } from '../../shm/entry.ts';
import { handleOf, viewSharedMemory } from '../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_ATTACHED } from '../../shm/threads.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import {
  createLockStore,
  fill,
  finish,
  giveUp,
  insert,
  joinLockStore,
  type LockStore,
  lockMemory,
  start,
  TABLE,
} from './locks-fixture.ts';
import { cancelSession } from './sessions.ts';
import { TABLE_WORDS } from './table-lists.ts';
import {
  holdParked,
  lockTable,
  parkTables,
  resumeTables,
  TABLE_ACCESS,
  TABLE_WRITE,
  unparkTables,
  useTable,
  waitForTableUsers,
} from './table-locks.ts';
import { ROW_DONE, ROW_WAIT } from './transactions.ts';

const open = (): LockStore => createLockStore(new SimulatedVfs({ seed: 1 }), lockMemory(), '/database');

function wordsInUse({ locks }: LockStore): number {
  let used = 0;
  for (let word = 0; word < 16 * TABLE_WORDS; word++) used += locks.i32[(locks.tableWords >>> 2) + word];
  for (let word = 0; word < TABLE_WORDS; word++) used += locks.i32[(locks.tableIntents >>> 2) + word];
  return used;
}

test('TX-T14: DDL waits for writers and readers; readers are known by no number', () => {
  const found = open();
  const { locks } = found;
  const writer = start(found);
  const reader = start(found);
  const ddl = start(found);
  strictEqual(insert(found, writer, 1, 1), ROW_DONE);
  strictEqual(useTable(locks, reader, TABLE, TABLE_ACCESS), false);
  strictEqual(reader.number, 0, 'reading draws no number');
  strictEqual(lockTable(locks, ddl, TABLE, TABLE_ACCESS), ROW_WAIT);
  strictEqual(ddl.waitsFor, writer.number);
  finish(writer);
  strictEqual(lockTable(locks, ddl, TABLE, TABLE_ACCESS), ROW_WAIT);
  strictEqual(ddl.waitsFor, 0);
  finish(reader);
  strictEqual(lockTable(locks, ddl, TABLE, TABLE_ACCESS), ROW_DONE);
  finish(ddl);
  strictEqual(wordsInUse(found), 0);
});

test('TX-T14: new users queue behind an intention, those that use the table already go on', () => {
  const found = open();
  const { locks } = found;
  const first = start(found);
  const ddl = start(found);
  const late = start(found);
  strictEqual(useTable(locks, first, TABLE, TABLE_ACCESS), false);
  strictEqual(lockTable(locks, ddl, TABLE, TABLE_ACCESS), ROW_WAIT);
  strictEqual(useTable(locks, late, TABLE, TABLE_ACCESS), true);
  strictEqual(late.waitsFor, ddl.number);
  strictEqual(late.number !== 0, true, 'who waits stands in the graph');
  strictEqual(useTable(locks, first, TABLE, TABLE_WRITE), false, 'DDL waits for it anyway');
  strictEqual(useTable(locks, late, TABLE + 1, TABLE_WRITE), false, 'another table');
  finish(first);
  strictEqual(lockTable(locks, ddl, TABLE, TABLE_ACCESS), ROW_DONE);
  strictEqual(useTable(locks, late, TABLE, TABLE_ACCESS), true);
  strictEqual(useTable(locks, ddl, TABLE, TABLE_WRITE), false, 'its own table');
  finish(ddl);
  strictEqual(useTable(locks, late, TABLE, TABLE_ACCESS), false);
  finish(late);
  strictEqual(wordsInUse(found), 0);
});

test('TX-T14: two that want one table have it in the order in which they came', () => {
  const found = open();
  const { locks } = found;
  const a = start(found);
  const b = start(found);
  strictEqual(lockTable(locks, a, TABLE, TABLE_ACCESS), ROW_DONE);
  strictEqual(lockTable(locks, b, TABLE, TABLE_WRITE), ROW_WAIT);
  strictEqual(b.waitsFor, a.number);
  giveUp(a);
  strictEqual(lockTable(locks, b, TABLE, TABLE_WRITE), ROW_DONE);
  finish(b);
});

test('TX-T14: who keeps writers out lets readers in', () => {
  const found = open();
  const { locks } = found;
  const reader = start(found);
  const build = start(found);
  strictEqual(useTable(locks, reader, TABLE, TABLE_ACCESS), false);
  strictEqual(lockTable(locks, build, TABLE, TABLE_WRITE), ROW_DONE);
  const late = start(found);
  strictEqual(useTable(locks, late, TABLE, TABLE_ACCESS), false);
  strictEqual(useTable(locks, late, TABLE, TABLE_WRITE), true);
  strictEqual(late.waitsFor, build.number);
  strictEqual(useTable(locks, reader, TABLE, TABLE_WRITE), true);
  strictEqual(lockTable(locks, build, TABLE, TABLE_ACCESS), ROW_WAIT, 'and waits when it wants it all');
  giveUp(reader);
  giveUp(late);
  strictEqual(lockTable(locks, build, TABLE, TABLE_ACCESS), ROW_DONE);
  finish(build);
  strictEqual(wordsInUse(found), 0);
});

test('TX-T14: a transaction that uses more tables than its list holds counts as using all', () => {
  const found = open();
  const { locks } = found;
  const many = start(found);
  for (let table = 200; table < 300; table++) strictEqual(useTable(locks, many, table, TABLE_ACCESS), false);
  const ddl = start(found);
  strictEqual(lockTable(locks, ddl, 200, TABLE_ACCESS), ROW_WAIT);
  strictEqual(lockTable(locks, ddl, 295, TABLE_ACCESS), ROW_WAIT);
  strictEqual(lockTable(locks, ddl, 1000, TABLE_ACCESS), ROW_WAIT);
  strictEqual(useTable(locks, many, 1000, TABLE_ACCESS), false, 'it is not kept waiting by who waits for it');
  finish(many);
  for (const table of [200, 295, 1000]) strictEqual(lockTable(locks, ddl, table, TABLE_ACCESS), ROW_DONE);
  finish(ddl);
  strictEqual(wordsInUse(found), 0);
});

test('TX-T14: nothing is left in the heap', () => {
  const found = open();
  fill(found, 3);
  const before = heapUsedBytes(found.store.shm);
  for (let round = 0; round < 50; round++) {
    const ddl = start(found);
    strictEqual(lockTable(found.locks, ddl, TABLE, TABLE_ACCESS), ROW_DONE);
    strictEqual(lockTable(found.locks, ddl, TABLE + round, TABLE_ACCESS), ROW_DONE);
    if (round % 2 === 0) finish(ddl);
    else giveUp(ddl);
  }
  strictEqual(heapUsedBytes(found.store.shm), before);
});

/** The same memory as another thread has it. */
function secondThread({ store, table }: LockStore, vfs: SimulatedVfs): LockStore {
  const shm = viewSharedMemory(handleOf(store.shm));
  attachThread(shm, THREAD_ROLE_ATTACHED);
  return joinLockStore(vfs, shm, '/database', { root: table.indexes[0].root, mapRoot: table.mapRoot });
}

test('TX-T14: a parked list counts while its thread is in the engine, or a cursor holds it', () => {
  const vfs = new SimulatedVfs({ seed: 1 });
  const found = createLockStore(vfs, lockMemory(), '/database');
  const { locks } = found;
  const other = secondThread(found, vfs);
  const { shm } = other.store;
  const reader = start(other);
  const ddl = start(found);
  parkTables(other.locks, reader.session);
  enterEngine(shm);
  strictEqual(useTable(other.locks, reader, TABLE, TABLE_ACCESS), false);
  strictEqual(lockTable(locks, ddl, TABLE, TABLE_ACCESS), ROW_WAIT, 'its thread is in the engine');
  leaveEngine(shm);
  holdParked(other.locks, reader.session, true);
  strictEqual(lockTable(locks, ddl, TABLE, TABLE_ACCESS), ROW_WAIT, 'a cursor reads on');
  holdParked(other.locks, reader.session, false);
  strictEqual(lockTable(locks, ddl, TABLE, TABLE_ACCESS), ROW_DONE, 'nobody is there');
  enterEngine(shm);
  resumeTables(other.locks, reader.session);
  strictEqual(useTable(other.locks, reader, TABLE, TABLE_ACCESS), true, 'it sees the intention and queues');
  strictEqual(reader.waitsFor, ddl.number);
  finish(ddl);
  strictEqual(useTable(other.locks, reader, TABLE, TABLE_ACCESS), false);
  leaveEngine(shm);
  unparkTables(other.locks, reader.session);
  finish(reader);
  strictEqual(wordsInUse(found), 0);
});

test('TX-T14: a parked list of another session of the calling thread counts for nothing, but where a cursor holds it', () => {
  const found = open();
  const { locks } = found;
  const reader = start(found);
  const ddl = start(found);
  parkTables(locks, reader.session);
  enterEngine(found.store.shm);
  strictEqual(useTable(locks, reader, TABLE, TABLE_ACCESS), false);
  holdParked(locks, reader.session, true);
  strictEqual(lockTable(locks, ddl, TABLE, TABLE_ACCESS), ROW_WAIT);
  throws(() => waitForTableUsers(locks, ddl, Number.POSITIVE_INFINITY), { code: '55P03' });
  holdParked(locks, reader.session, false);
  strictEqual(lockTable(locks, ddl, TABLE, TABLE_ACCESS), ROW_DONE);
  giveUp(ddl);
  leaveEngine(found.store.shm);
  unparkTables(locks, reader.session);
  finish(reader);
  strictEqual(wordsInUse(found), 0);
});

test('TX-T14: waiting for readers, who have no number, ends with the limit and when it is cancelled', () => {
  const vfs = new SimulatedVfs({ seed: 1 });
  const found = createLockStore(vfs, lockMemory(), '/database');
  const other = secondThread(found, vfs);
  const reader = start(other);
  strictEqual(useTable(other.locks, reader, TABLE, TABLE_ACCESS), false);
  const ddl = start(found);
  strictEqual(lockTable(found.locks, ddl, TABLE, TABLE_ACCESS), ROW_WAIT);
  strictEqual(ddl.waitsFor, 0);
  waitForTableUsers(found.locks, ddl, performance.now() + 20);
  throws(() => waitForTableUsers(found.locks, ddl, performance.now() - 1), { code: '55P03' });
  cancelSession(found.txns, ddl.session, 1);
  throws(() => waitForTableUsers(found.locks, ddl, Number.POSITIVE_INFINITY), { code: '57014' });
  finish(reader);
  giveUp(ddl);
});

test('TX-T14: a parked list that is full begins anew', () => {
  const found = open();
  const { locks } = found;
  const reader = start(found);
  parkTables(locks, reader.session);
  for (let table = 200; table < 300; table++) strictEqual(useTable(locks, reader, table, TABLE_ACCESS), false);
  strictEqual(wordsInUse(found) > 0, true);
  resumeTables(locks, reader.session);
  strictEqual(wordsInUse(found), 0);
  finish(reader);
});
