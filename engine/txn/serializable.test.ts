import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { heapUsedBytes } from '../../shm/allocator.ts';
import { privateViews } from '../storage/rows/byte-views.ts';
import { createKeyScratch, type KeyScratch } from '../storage/rows/runtime.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { SeededRandom } from '../storage/world.ts';
import {
  createLockStore,
  fill,
  finish,
  giveUp,
  insert,
  type LockStore,
  lockMemory,
  type Row,
  start,
  startSerializable,
  TABLE,
  update,
} from './locks-fixture.ts';
import { readRow } from './row-read.ts';
import { deleteRow } from './row-update.ts';
import { BOUND_INCLUSIVE } from './serializable-reads.ts';
import { changeSets, freeChangeSets, noteRange, noteTable } from './serializable.ts';
import { ROW_DONE, type Transaction } from './transactions.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`serializable: SCRATCHBIRD_SEED=${SEED}`);

const open = (heapBytes?: number): LockStore =>
  createLockStore(new SimulatedVfs({ seed: 1 }), lockMemory(heapBytes), '/database');

const out = privateViews(16384);

/** The row's value, -1 where it sees none. */
function read(found: LockStore, tx: Transaction, row: Row): number {
  return readRow(tx, found.table, row.page, row.slot, out, 0) === 0 ? -1 : out.i32[5];
}

function key(id: number): KeyScratch {
  const made = createKeyScratch();
  made.i32[0] = id;
  made.length = 4;
  return made;
}

const range = (found: LockStore, tx: Transaction, low: number, high: number): void =>
  noteRange(found.locks, tx, TABLE, found.table.indexes[0], key(low), BOUND_INCLUSIVE, key(high), BOUND_INCLUSIVE);

const refused = { code: '40001' };

test('TX-T16: write skew (G2-item): of two that read both rows and change one each, the second is refused', () => {
  const found = open();
  const [x, y] = fill(found, 2);
  const a = startSerializable(found);
  const b = startSerializable(found);
  for (const tx of [a, b]) for (const row of [x, y]) strictEqual(read(found, tx, row), 0);
  strictEqual(update(found, a, x, 1, 1), ROW_DONE);
  strictEqual(update(found, b, y, 2, 1), ROW_DONE);
  finish(a);
  throws(() => finish(b), refused);
  giveUp(b);
  const again = startSerializable(found);
  strictEqual(read(found, again, x), 1);
  strictEqual(update(found, again, y, 2, 1), ROW_DONE);
  finish(again);
});

test('TX-T16: phantoms (G2): a row that comes into a range that was read refuses the reader, one beside it does not', () => {
  const found = open();
  fill(found, 2);
  for (const [id, fails] of [
    [25, true],
    [31, false],
    [-5, false],
  ] as const) {
    const reader = startSerializable(found);
    const writer = startSerializable(found);
    range(found, reader, 20, 30);
    strictEqual(insert(found, writer, id, 0), ROW_DONE);
    finish(writer);
    strictEqual(insert(found, reader, 100 + id, 0), ROW_DONE);
    if (fails) {
      throws(() => finish(reader), refused);
      giveUp(reader);
    } else finish(reader);
  }
});

test('TX-T16: a row that leaves a range, by its key or by a delete, is a change of it, and so is a row that stays', () => {
  const found = open();
  const rows = fill(found, 9);
  const changes: ((tx: Transaction) => number)[] = [
    (tx) => update(found, tx, rows[4], 50, 0),
    (tx) => deleteRow(tx, found.table, rows[5].page, rows[5].slot),
    (tx) => update(found, tx, rows[6], 7, 3),
  ];
  for (const change of changes) {
    const reader = startSerializable(found);
    const writer = startSerializable(found);
    range(found, reader, 5, 7);
    strictEqual(change(writer), ROW_DONE);
    finish(writer);
    strictEqual(update(found, reader, rows[0], 1, 1), ROW_DONE);
    throws(() => finish(reader), refused);
    giveUp(reader);
  }
});

test('TX-T16: a table that was read whole, and what was undone or never committed', () => {
  const found = open();
  const rows = fill(found, 2);
  const reader = startSerializable(found);
  noteTable(found.locks, reader, TABLE);
  const rolledBack = startSerializable(found);
  strictEqual(insert(found, rolledBack, 70, 0), ROW_DONE);
  giveUp(rolledBack);
  strictEqual(insert(found, reader, 71, 0), ROW_DONE);
  finish(reader);
  const second = startSerializable(found);
  noteTable(found.locks, second, TABLE);
  const writer = startSerializable(found);
  strictEqual(update(found, writer, rows[0], 1, 4), ROW_DONE);
  finish(writer);
  strictEqual(insert(found, second, 72, 0), ROW_DONE);
  throws(() => finish(second), refused);
  giveUp(second);
});

test('TX-T16: who only reads is not refused, nor who began after the change', () => {
  const found = open();
  const [x, y] = fill(found, 2);
  const reader = startSerializable(found);
  read(found, reader, x);
  const writer = startSerializable(found);
  update(found, writer, x, 1, 1);
  finish(writer);
  finish(reader);
  const later = startSerializable(found);
  strictEqual(read(found, later, x), 1);
  update(found, later, y, 2, 1);
  finish(later);
});

test('TX-T16: other isolation levels neither refuse nor are refused', () => {
  const found = open();
  const [x, y] = fill(found, 2);
  const a = start(found, 2);
  const b = start(found, 2);
  for (const tx of [a, b]) for (const row of [x, y]) read(found, tx, row);
  update(found, a, x, 1, 1);
  update(found, b, y, 2, 1);
  finish(a);
  finish(b);
  strictEqual(changeSets(found.locks).count, 0);
});

test('TX-T16: change sets stay while an older serializable transaction is open, and then go', () => {
  const found = open();
  const rows = fill(found, 3);
  const before = heapUsedBytes(found.store.shm);
  const old = startSerializable(found);
  read(found, old, rows[2]);
  for (let round = 0; round < 100; round++) {
    const tx = startSerializable(found);
    update(found, tx, rows[0], 1, round);
    finish(tx);
  }
  strictEqual(changeSets(found.locks).count, 100);
  update(found, old, rows[1], 2, 1);
  finish(old);
  freeChangeSets(found.locks);
  freeChangeSets(found.locks);
  deepStrictEqual(changeSets(found.locks), { count: 0, bytes: 0 });
  strictEqual(heapUsedBytes(found.store.shm), before);
});

test('TX-T16: past a quarter of the heap sets become whole tables: more 40001, never fewer', () => {
  const found = open(512 << 10);
  const rows = fill(found, 900);
  const old = startSerializable(found);
  read(found, old, rows[899]);
  for (let round = 0; round < 6; round++) {
    const tx = startSerializable(found);
    for (let at = 0; at < 800; at++) strictEqual(update(found, tx, rows[at], at + 1, round + 1), ROW_DONE);
    finish(tx);
  }
  ok(changeSets(found.locks).bytes <= (512 << 10) / 4 + 4096);
  strictEqual(insert(found, old, 5000, 0), ROW_DONE);
  throws(() => finish(old), refused, 'its row was not changed, but its table was');
  giveUp(old);
});

test('TX-T16: random histories over a few rows are those of some serial order', () => {
  const random = new SeededRandom(SEED);
  let refusedCount = 0;
  for (let round = 0; round < 60; round++) {
    const found = open();
    const rows = fill(found, 4);
    interface Run {
      tx: Transaction;
      reads: Map<number, number>;
      writes: Map<number, number>;
    }
    const running: Run[] = [];
    const model = [0, 0, 0, 0];
    let value = 1;
    for (let step = 0; step < 60; step++) {
      if (running.length < 3 && random.chance(0.4)) {
        running.push({ tx: startSerializable(found), reads: new Map(), writes: new Map() });
      }
      if (running.length === 0) continue;
      const run = running[random.below(running.length)];
      const at = random.below(4);
      const dice = random.next();
      if (dice < 0.45) {
        const seen = read(found, run.tx, rows[at]);
        if (!run.writes.has(at)) run.reads.set(at, seen);
      } else if (dice < 0.75) {
        value++;
        if (update(found, run.tx, rows[at], at + 1, value) === ROW_DONE) run.writes.set(at, value);
        else {
          giveUp(run.tx);
          running.splice(running.indexOf(run), 1);
        }
      } else {
        running.splice(running.indexOf(run), 1);
        try {
          finish(run.tx);
        } catch (error) {
          strictEqual((error as { code: string }).code, '40001');
          refusedCount++;
          giveUp(run.tx);
          continue;
        }
        // Commits in the order of their stamps: whoever wrote must have read what holds now.
        if (run.writes.size > 0) {
          for (const [row, seen] of run.reads) strictEqual(seen, model[row], `seed ${SEED}, round ${round}, step ${step}`);
          for (const [row, written] of run.writes) model[row] = written;
        }
      }
    }
    for (const run of running) giveUp(run.tx);
  }
  ok(refusedCount > 0, 'no transaction was ever refused');
});
