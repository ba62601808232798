/**
 * What a dead thread leaves (TX-T15): its transactions go on without it. Runs on whatever thread found the death, after shm has
 * released what the thread held (shm/deaths.ts); again from the start if that thread dies too.
 *
 *   running, or being rolled back      orphaned: rollbackOrphans() takes them back
 *   committed, not stamped yet         stampable: stampEnded() goes on
 *   its chunk of back versions         full
 *   collecting                         nobody collects
 *   its sessions                       free
 */

import { registerBurier } from '../../shm/deaths.ts';
import { tailLsn } from '../storage/log/flush.ts';
import { leaveToOthers } from './rollback.ts';
import { burySessions } from './sessions.ts';
import type { Transactions } from './transactions.ts';
import {
  CHUNK_FULL,
  TXN_ABORTING,
  TXN_ACTIVE,
  TXN_ORPHANED,
  TXN_PRECOMMITTED,
  TXN_STAMPABLE,
  TXN_STAMPING,
} from './txn.layout.ts';
import {
  TXN_SLOT_BYTES,
  TXN_THREAD_BYTES,
  addTxnSharedStampQueue,
  compareExchangeTxnSharedCollector,
  loadTxnSlotNumber,
  loadTxnSlotState,
  loadTxnSlotThread,
  loadTxnThreadOpenChunk,
  setTxnSlotCommitLsn,
  storeTxnSlotNumber,
  storeTxnSlotState,
  storeTxnSlotThread,
  storeTxnThreadBlocked,
  storeTxnThreadOpenChunk,
  storeTxnThreadSnapshots,
  storeVersionChunkState,
  txnSlotCommitLsn,
} from './txn.layout.gen.ts';
import { freeSpare } from './undo-piece.ts';
import { chunkEntry } from './versions.ts';

/** Has this thread bury others' transactions; once a thread. */
export function registerTransactionBurier(txns: Transactions): void {
  registerBurier(txns.shm, 'late', (_shm, thread) => buryTransactions(txns, thread));
}

export function buryTransactions(txns: Transactions, thread: number): void {
  const { i32, shared } = txns;
  for (let at = 0; at <= txns.slotMask; at++) {
    const slot = txns.slotsBase + at * TXN_SLOT_BYTES;
    if (loadTxnSlotNumber(i32, slot) !== 0 && loadTxnSlotThread(i32, slot) === thread + 1) orphan(txns, slot, thread);
  }
  const own = txns.threadsBase + thread * TXN_THREAD_BYTES;
  const chunk = loadTxnThreadOpenChunk(i32, own);
  if (chunk !== 0) storeVersionChunkState(i32, chunkEntry(txns, chunk - 1), CHUNK_FULL);
  storeTxnThreadOpenChunk(i32, own, 0);
  storeTxnThreadSnapshots(i32, own, 0);
  storeTxnThreadBlocked(i32, own, 0);
  freeSpare(txns, thread);
  compareExchangeTxnSharedCollector(i32, shared, thread + 1, 0);
  burySessions(txns, thread);
}

function orphan(txns: Transactions, slot: number, thread: number): void {
  const { i32, shared } = txns;
  const state = loadTxnSlotState(i32, slot);
  if (state === TXN_ACTIVE || state === TXN_ABORTING) {
    leaveToOthers(txns, slot, thread);
    return;
  }
  if (state === TXN_PRECOMMITTED || state === TXN_STAMPING) {
    // It may have died before it noted where its commit record ends: the tail is behind that.
    if (txnSlotCommitLsn(txns.f64, slot) === 0) setTxnSlotCommitLsn(txns.f64, slot, tailLsn(txns.log));
    addTxnSharedStampQueue(i32, shared, 1);
    storeTxnSlotState(i32, slot, TXN_STAMPABLE);
  } else if (state !== TXN_ORPHANED && state !== TXN_STAMPABLE) {
    // It had drawn the number, or was giving it back: nothing carries it.
    storeTxnSlotThread(i32, slot, 0);
    storeTxnSlotNumber(i32, slot, 0);
    return;
  }
  storeTxnSlotThread(i32, slot, 0);
}
