import { strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { setYieldHook, TESTING } from '../../shm/yield-point.ts';
import { flushAll } from '../storage/log/flush.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { collectAll } from './collector.ts';
import { slotsInUse } from './slots.ts';
import { stampEnded, stampQueueLength } from './stamper.ts';
import {
  addTxnSharedStampQueue,
  loadTxnSharedChunksInUse,
  loadTxnSlotNumber,
  loadTxnSlotState,
  loadVersionChunkUnfinished,
  storeTxnSlotState,
  TXN_SLOT_BYTES,
  txnSharedChunkEnd,
} from './txn.layout.gen.ts';
import { TXN_STAMPABLE, TXN_STAMPING } from './txn.layout.ts';
import { createTxnStore, entriesOf, Session, type TxnStore } from './txn-fixture.ts';
import { chunkEntry, closeChunk } from './versions.ts';

const died = new Error('the thread ends here');

/** What the burial of a stamper that died does (bury.ts). */
function buryStamper(store: TxnStore): void {
  const { txns } = store;
  for (let at = 0; at <= txns.slotMask; at++) {
    const slot = txns.slotsBase + at * TXN_SLOT_BYTES;
    if (loadTxnSlotNumber(txns.i32, slot) === 0 || loadTxnSlotState(txns.i32, slot) !== TXN_STAMPING) continue;
    storeTxnSlotState(txns.i32, slot, TXN_STAMPABLE);
    addTxnSharedStampQueue(txns.i32, txns.shared, 1);
  }
}

for (const [name, undoBytes] of [
  ['resident', 1 << 20],
  ['spilled', 12288],
] as const) {
  test(`TX-T3, TX-T17: a stamper that dies is followed by another, and each run is finished once (${name} entries)`, {
    skip: !TESTING,
  }, () => {
    const store = createTxnStore(new SimulatedVfs({ seed: 1 }), { txn: { chunkBytes: 16384, stampAtCommit: 0, undoBytes } });
    const { txns } = store;
    const session = new Session(store);
    const note = 'z'.repeat(200);
    session.begin();
    for (let id = 0; id < 300; id++) session.insert(id, id, note);
    session.commit();
    stampEnded(txns, 1 << 20);
    session.begin();
    // Several runs in each piece, and pieces within a run.
    for (let round = 1; round <= 3; round++) for (let id = 0; id < 300; id++) session.update(id, id + round * 1000);
    session.commit();
    strictEqual(stampQueueLength(txns), 1);
    for (let turn = 1; stampQueueLength(txns) > 0; turn++) {
      let left = 90 + ((turn * 37) % 120);
      setYieldHook((point) => {
        if ((point === 'stamp.entry' || point === 'versions.stampNoted') && --left === 0) throw died;
      });
      try {
        // Turns in which it gets past a piece before it dies, and turns in which it does not.
        if (turn > 60) setYieldHook(null);
        stampEnded(txns, 1 << 20);
      } catch (error) {
        strictEqual(error, died);
        addTxnSharedStampQueue(txns.i32, txns.shared, -1);
        setYieldHook(null);
        buryStamper(store);
      } finally {
        setYieldHook(null);
      }
    }
    strictEqual(slotsInUse(txns), 0);
    for (let chunk = 0; chunk < txnSharedChunkEnd(txns.i32, txns.shared); chunk++) {
      strictEqual(loadVersionChunkUnfinished(txns.i32, chunkEntry(txns, chunk)), 0, `chunk ${chunk}`);
    }
    flushAll(txns.log);
    closeChunk(txns);
    for (let round = 0; round < 3; round++) collectAll(txns);
    strictEqual(loadTxnSharedChunksInUse(txns.i32, txns.shared), 0);
    strictEqual(entriesOf(store, 1).length, 300);
    session.begin();
    strictEqual(session.all().length, 300);
    session.commit();
  });
}
