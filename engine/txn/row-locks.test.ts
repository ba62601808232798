import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { mapCount } from '../../shm/hash-map.ts';
import { frameOffset, frameSegment } from '../../shm/shared-memory.ts';
import { latchPage, unlatchPage } from '../storage/cache/page-cache.ts';
import { heapImageOffset } from '../storage/heap/heap-page.ts';
import { ROW_LOCKED } from '../storage/rows/row-image.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { SeededRandom } from '../storage/world.ts';
import { loadLockSharedRowBytes } from './locks.layout.gen.ts';
import {
  createLockStore,
  fill,
  finish,
  giveUp,
  insert,
  type LockStore,
  lockMemory,
  next,
  type Row,
  start,
  update,
} from './locks-fixture.ts';
import {
  acquireRowLock,
  CHANGE_MODE,
  LOCK_KEY_SHARE,
  LOCK_NO_KEY_UPDATE,
  LOCK_NOWAIT,
  LOCK_SHARE,
  LOCK_SKIPS,
  LOCK_UPDATE,
  LOCK_WAITS,
  ROW_SKIPPED,
  rowLockModeOf,
} from './row-locks.ts';
import { deleteRow } from './row-update.ts';
import { ROW_DONE, ROW_GONE, ROW_PAGE, ROW_RERUN, ROW_SLOT, ROW_WAIT, type Transaction } from './transactions.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`row locks: SCRATCHBIRD_SEED=${SEED}`);

const MODES = [LOCK_KEY_SHARE, LOCK_SHARE, LOCK_NO_KEY_UPDATE, LOCK_UPDATE];

const open = (memory?: number): LockStore => createLockStore(new SimulatedVfs({ seed: 1 }), lockMemory(), '/database', memory);

const lock = (found: LockStore, tx: Transaction, row: Row, mode: number, policy = LOCK_WAITS): number =>
  acquireRowLock(found.locks, tx, found.table, row.page, row.slot, mode, policy);

function isFlagged(found: LockStore, row: Row): boolean {
  const { cache, shm } = found.store;
  const frame = latchPage(cache, row.page);
  const views = frameSegment(shm, frame);
  const word = views.i32[(heapImageOffset(views, frameOffset(shm, frame), row.slot) + 12) >> 2];
  unlatchPage(cache, frame);
  return (word & ROW_LOCKED) !== 0;
}

test('TX-T13: two transactions hold a row together exactly where the table of modes says so', () => {
  const found = open();
  const [row] = fill(found, 1);
  const together: string[] = [];
  for (const first of MODES) {
    for (const second of MODES) {
      const a = start(found);
      const b = start(found);
      strictEqual(lock(found, a, row, first), ROW_DONE);
      const status = lock(found, b, row, second);
      if (status === ROW_DONE) together.push(`${first}${second}`);
      else {
        strictEqual(status, ROW_WAIT);
        strictEqual(b.waitsFor, a.number, 'who waits knows for whom');
      }
      finish(a);
      finish(b);
    }
  }
  deepStrictEqual(together, ['11', '12', '13', '21', '22', '31']);
});

test('TX-T13: a change waits for locks that forbid it, and one that keeps the keys passes a key share', () => {
  const found = open();
  const [row] = fill(found, 1);
  const holder = start(found);
  strictEqual(lock(found, holder, row, LOCK_KEY_SHARE), ROW_DONE);
  const writer = start(found);
  strictEqual(update(found, writer, row, 1, 5), ROW_WAIT);
  strictEqual(writer.waitsFor, holder.number);
  strictEqual(deleteRow(writer, found.table, row.page, row.slot), ROW_WAIT);
  writer.ints[CHANGE_MODE] = LOCK_NO_KEY_UPDATE;
  strictEqual(update(found, writer, row, 1, 5), ROW_DONE);
  strictEqual(lock(found, holder, row, LOCK_SHARE), ROW_WAIT, 'a row that is being changed is held');
  finish(writer);
  strictEqual(writer.ints[CHANGE_MODE], 0, "the mode is the transaction's");
  next(holder);
  strictEqual(lock(found, holder, row, LOCK_SHARE), ROW_DONE);
  finish(holder);
});

test('TX-T13: a transaction does not wait for itself, and its locks grow stronger', () => {
  const found = open();
  const [row] = fill(found, 1);
  const tx = start(found);
  for (const mode of MODES) strictEqual(lock(found, tx, row, mode), ROW_DONE);
  strictEqual(lock(found, tx, row, LOCK_KEY_SHARE), ROW_DONE);
  strictEqual(rowLockModeOf(found.locks, row.page, row.slot), LOCK_UPDATE);
  strictEqual(update(found, tx, row, 1, 5), ROW_DONE);
  finish(tx);
  strictEqual(rowLockModeOf(found.locks, row.page, row.slot), 0);
});

test('TX-T13: NOWAIT fails with 55P03, SKIP LOCKED says so, also for rows that are being changed', () => {
  const found = open();
  const [locked, changed, free] = fill(found, 3);
  const holder = start(found);
  strictEqual(lock(found, holder, locked, LOCK_UPDATE), ROW_DONE);
  strictEqual(update(found, holder, changed, 2, 1), ROW_DONE);
  const tx = start(found);
  for (const row of [locked, changed]) {
    throws(() => lock(found, tx, row, LOCK_KEY_SHARE, LOCK_NOWAIT), { code: '55P03' });
    strictEqual(lock(found, tx, row, LOCK_KEY_SHARE, LOCK_SKIPS), ROW_SKIPPED);
  }
  strictEqual(lock(found, tx, free, LOCK_UPDATE, LOCK_SKIPS), ROW_DONE);
  giveUp(holder);
  strictEqual(lock(found, tx, locked, LOCK_UPDATE, LOCK_NOWAIT), ROW_DONE);
  strictEqual(lock(found, tx, changed, LOCK_UPDATE, LOCK_NOWAIT), ROW_DONE);
  finish(tx);
});

test('TX-T13: a lock needs the version that the snapshot sees', () => {
  const found = open();
  const [row, other] = fill(found, 2);
  const tx = start(found, 2);
  const writer = start(found);
  strictEqual(update(found, writer, row, 1, 7), ROW_DONE);
  strictEqual(deleteRow(writer, found.table, other.page, other.slot), ROW_DONE);
  finish(writer);
  strictEqual(lock(found, tx, row, LOCK_SHARE), ROW_RERUN);
  strictEqual(lock(found, tx, other, LOCK_SHARE), ROW_RERUN);
  giveUp(tx);
  const later = start(found);
  strictEqual(lock(found, later, row, LOCK_SHARE), ROW_DONE);
  strictEqual(lock(found, later, other, LOCK_SHARE), ROW_GONE);
  strictEqual(lock(found, later, { page: row.page, slot: 77 }, LOCK_SHARE), ROW_GONE);
  finish(later);
});

test('TX-T13: the flag outlives the lock until a change meets it', () => {
  const found = open();
  const [row] = fill(found, 1);
  strictEqual(isFlagged(found, row), false);
  const holder = start(found);
  lock(found, holder, row, LOCK_SHARE);
  strictEqual(isFlagged(found, row), true);
  finish(holder);
  strictEqual(isFlagged(found, row), true);
  const writer = start(found);
  strictEqual(update(found, writer, row, 1, 2), ROW_DONE);
  strictEqual(isFlagged(found, row), false);
  finish(writer);
});

test('TX-T13: past lock_memory 53200, and room again when locks are released', () => {
  const found = open(48 * 3);
  const rows = fill(found, 5);
  const tx = start(found);
  for (const row of rows.slice(0, 3)) strictEqual(lock(found, tx, row, LOCK_SHARE), ROW_DONE);
  throws(() => lock(found, tx, rows[3], LOCK_SHARE), { code: '53200' });
  giveUp(tx);
  const later = start(found);
  strictEqual(lock(found, later, rows[3], LOCK_SHARE), ROW_DONE);
  finish(later);
});

test('TX-T13: a transaction that only reads locks nothing', () => {
  const found = open();
  const [row] = fill(found, 1);
  const tx = start(found);
  tx.readOnly = true;
  throws(() => lock(found, tx, row, LOCK_SHARE), { code: '25006' });
  giveUp(tx);
});

test('TX-T13: after many transactions on few rows the map agrees with a model, and everything is given back', () => {
  const found = open();
  const random = new SeededRandom(SEED);
  const rows = fill(found, 6);
  const held = new Map<Transaction, Map<number, number>>();
  const forbids = [0, 16, 24, 28, 30];
  for (let step = 0; step < 4000; step++) {
    if (held.size < 4 && random.chance(0.2)) held.set(start(found), new Map());
    const all = [...held.keys()];
    if (all.length === 0) continue;
    const tx = all[random.below(all.length)];
    if (random.chance(0.1)) {
      if (random.chance(0.5)) finish(tx);
      else giveUp(tx);
      held.delete(tx);
      continue;
    }
    const row = random.below(rows.length);
    const mode = MODES[random.below(4)];
    const blocked = all.some(
      (other) => other !== tx && (forbids[mode] & (1 << (held.get(other)!.get(row) ?? 0))) !== 0 && held.get(other)!.has(row),
    );
    next(tx);
    strictEqual(lock(found, tx, rows[row], mode, LOCK_SKIPS), blocked ? ROW_SKIPPED : ROW_DONE, `seed ${SEED}, step ${step}`);
    if (!blocked) held.get(tx)!.set(row, Math.max(mode, held.get(tx)!.get(row) ?? 0));
    const strongest = Math.max(0, ...all.map((other) => held.get(other)!.get(row) ?? 0));
    strictEqual(rowLockModeOf(found.locks, rows[row].page, rows[row].slot), strongest);
  }
  for (const tx of held.keys()) finish(tx);
  strictEqual(mapCount(found.store.shm, found.locks.rowMap), 0);
  strictEqual(loadLockSharedRowBytes(found.locks.i32, found.locks.shared), 0);
});

test('TX-T13: a new row can be locked by its own transaction only', () => {
  const found = open();
  const tx = start(found);
  strictEqual(insert(found, tx, 9, 0), ROW_DONE);
  const row = { page: tx.ints[ROW_PAGE], slot: tx.ints[ROW_SLOT] };
  strictEqual(lock(found, tx, row, LOCK_UPDATE), ROW_DONE);
  const other = start(found);
  strictEqual(lock(found, other, row, LOCK_KEY_SHARE), ROW_WAIT);
  strictEqual(other.waitsFor, tx.number);
  finish(tx);
  giveUp(other);
});
