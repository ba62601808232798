import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { heapAllocate } from '../../shm/allocator.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { savepoint } from './begin.ts';
import { commitDurable } from './commit.ts';
import { rollback, rollbackTo } from './rollback.ts';
import { REPEATABLE_READ, ROW_DONE } from './transactions.ts';
import { PIECE_BYTES, PIECE_ENTRIES } from './undo-piece.ts';
import { createTxnStore, entriesOf, type FixtureOptions, Session, type TxnStore } from './txn-fixture.ts';

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

test('TX-T15: undo lists longer than their share of the heap go to temporary pages and come back', () => {
  for (const outcome of ['commit', 'rollback', 'savepoint']) {
    const store = storeOf({ txn: { undoBytes: 16384 } });
    const a = filled(store, 3000);
    const tx = a.begin();
    const point = savepoint(tx);
    for (let id = 1; id <= 3000; id++) strictEqual(a.update(id, -id), ROW_DONE);
    if (outcome === 'savepoint') rollbackTo(tx, point);
    if (outcome === 'rollback') rollback(tx);
    else a.commit();
    a.begin();
    const sign = outcome === 'commit' ? -1 : 10;
    for (const row of a.all()) strictEqual(row.v, row.id * sign);
    a.commit();
    strictEqual(entriesOf(store, 1).length >= 3000, true);
  }
});

test('TX-T15: undo lists come back while the heap is full, into the pieces that were just undone', () => {
  const store = storeOf({ heapBytes: 1 << 20, txn: { undoBytes: 3 * PIECE_BYTES } });
  const a = filled(store, 3 * PIECE_ENTRIES + 10);
  const tx = a.begin();
  for (let id = 1; id <= 3 * PIECE_ENTRIES + 10; id++) strictEqual(a.update(id, -id), ROW_DONE);
  // Others take whatever is left.
  while (heapAllocate(store.shm, PIECE_BYTES) !== 0);
  rollback(tx);
  a.begin();
  for (const row of a.all()) strictEqual(row.v, row.id * 10);
  a.commit();
});

test('TX-T17: chunks spill to temporary pages under an old snapshot, which still reads its state', () => {
  const store = storeOf({ versionBytes: 256 << 10, txn: { chunkBytes: 16384, undoBytes: 65536 } });
  const a = filled(store, 500);
  const b = new Session(store);
  b.begin({ isolation: REPEATABLE_READ });
  const before = b.all();
  for (let round = 1; round <= 30; round++) {
    a.begin();
    for (let id = 1; id <= 500; id++) strictEqual(a.update(id, round, `round ${round} ${'y'.repeat(40)}`), ROW_DONE);
    a.commit();
  }
  deepStrictEqual(b.all(), before);
  b.commit();
  const tx = a.begin();
  strictEqual(a.get(7)?.v, 30);
  a.commit();
  commitDurable(tx);
});
