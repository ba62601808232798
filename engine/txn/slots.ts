/**
 * Transaction slots: who is writing, and how it ended (TX-T2, TX-T3).
 *
 *   number n takes slot n mod slots; a number whose slot is taken is skipped
 *
 *   free -> active -> precommitted (-> stampable) -> stamping -> free      the slot is given away after the last row was stamped,
 *                  \-> aborting ------------------------------> free      or undone (TX-T3)
 *                  \-> orphaned -> aborting                     its thread died
 *
 * A reader that meets a stamp in flight reads the slot: number, state, stamp, and the number once more. Another number than
 * the stamp's means that the row has been stamped or undone meanwhile: the reader starts the row again.
 */

import { loadInOrder, storeInOrder } from '../../shm/in-order.ts';
import { loadShared53 } from '../../shm/shared53.ts';
import { slotsTaken } from '../../shm/threads.ts';
import { ringDoorbell } from '../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { STATEMENTS } from './stamps.ts';
import type { Transactions } from './transactions.ts';
import {
  TXN_SHARED_NEXT_NUMBER,
  TXN_SLOT_BYTES,
  TXN_SLOT_NUMBER,
  TXN_SLOT_SESSION,
  TXN_SLOT_STAMP,
  TXN_SLOT_STATE,
  TXN_SLOT_THREAD,
  TXN_SLOT_WAITERS,
  loadTxnSharedWaiting,
  loadTxnSlotNumber,
  loadTxnSlotState,
  setTxnSlotAge,
  setTxnSlotCommitLsn,
  setTxnSlotFirstLsn,
  setTxnSlotLastChunk,
  setTxnSlotLastLsn,
  setTxnSlotSpillFirst,
  setTxnSlotSpillLast,
  setTxnSlotUndoCount,
  setTxnSlotUndoCredit,
  setTxnSlotUndoFirst,
  setTxnSlotUndoLast,
  setTxnSlotUndoPieces,
  setTxnSlotUndoSpilled,
  setTxnSlotWalked,
  txnSlotFirstLsn,
} from './txn.layout.gen.ts';
import { TXN_ACTIVE, TXN_FREE, TXN_PRECOMMITTED, TXN_STAMPING } from './txn.layout.ts';

const testing = TESTING;

/** resolveStamp: the transaction has not ended, or is being undone. */
export const STAMP_ACTIVE = 0;
/** resolveStamp: it has committed; txns.scratch[RESOLVED] is when. */
export const STAMP_COMMITTED = 1;
/** resolveStamp: the row has been stamped or undone since it was read: read it again (TX-T2). */
export const STAMP_GONE = 2;

/** txns.scratch: the stamp to resolve, and its commit stamp. */
export const ASKED = 0;
export const RESOLVED = 1;

/** In place of a slot's byte offset: none is free. */
export const NO_SLOT = -1;

/** A log position that is not known yet: nothing has been written under it. What memory holds at the start. */
const UNKNOWN_LSN = 0;

/** From the commit record on until the slot is given away. */
export const hasCommitted = (state: number): boolean => state >= TXN_PRECOMMITTED && state <= TXN_STAMPING;

/** Byte offset of the slot that a number (any 32 bits) belongs to. */
export const slotOf = (txns: Transactions, number: number): number => txns.slotsBase + (number & txns.slotMask) * TXN_SLOT_BYTES;

/**
 * Draws a transaction number and takes its slot for the calling thread; returns the slot's byte offset, or NO_SLOT when all
 * are taken. The number is in the slot.
 */
export function drawNumber(txns: Transactions, session: number, age: number): number {
  const { shared } = txns;
  const { atomic } = txns.shm;
  const slots = txns.slotMask + 1;
  for (let tries = 0; tries < 2 * slots; tries++) {
    const number = (atomic.add(shared + TXN_SHARED_NEXT_NUMBER, 1) + 1) | 0;
    if (testing) yieldPoint('slot.drawn');
    if (number === 0) continue;
    const slot = slotOf(txns, number);
    if (atomic.compareExchange(slot + TXN_SLOT_NUMBER, 0, number) !== 0) continue;
    prepareSlot(txns, slot, session, age);
    if (testing) yieldPoint('slot.taken');
    return slot;
  }
  return NO_SLOT;
}

/** The state is set last: until then the slot counts as held by nobody, and no row carries its number. */
function prepareSlot(txns: Transactions, slot: number, session: number, age: number): void {
  const { i32, f64 } = txns;
  setTxnSlotLastLsn(f64, slot, 0);
  setTxnSlotUndoCredit(f64, slot, 0);
  setTxnSlotCommitLsn(f64, slot, 0);
  setTxnSlotAge(i32, slot, age);
  setTxnSlotUndoFirst(i32, slot, 0);
  setTxnSlotUndoLast(i32, slot, 0);
  setTxnSlotUndoCount(i32, slot, 0);
  setTxnSlotUndoPieces(i32, slot, 0);
  setTxnSlotUndoSpilled(i32, slot, 0);
  setTxnSlotSpillFirst(i32, slot, -1);
  setTxnSlotSpillLast(i32, slot, -1);
  setTxnSlotWalked(i32, slot, 0);
  setTxnSlotLastChunk(i32, slot, -1);
  storeInOrder(i32, (slot + TXN_SLOT_SESSION) >>> 2, session + 1);
  storeInOrder(i32, (slot + TXN_SLOT_THREAD) >>> 2, txns.shm.thread + 1);
  storeInOrder(i32, (slot + TXN_SLOT_STATE) >>> 2, TXN_ACTIVE);
}

/** Gives the slot away: every row of the transaction has been stamped or undone (TX-T3), its undo list is freed. Wakes who waits. */
export function releaseSlot(txns: Transactions, slot: number): void {
  const i32 = txns.i32;
  storeInOrder(i32, (slot + TXN_SLOT_SESSION) >>> 2, 0);
  storeInOrder(i32, (slot + TXN_SLOT_THREAD) >>> 2, 0);
  setTxnSlotFirstLsn(txns.f64, slot, UNKNOWN_LSN);
  storeInOrder(i32, (slot + TXN_SLOT_STATE) >>> 2, TXN_FREE);
  if (testing) yieldPoint('slot.beforeRelease');
  // A fence: who asks to be woken behind it finds the slot given away.
  txns.shm.atomic.exchange(slot + TXN_SLOT_NUMBER, 0);
  if (testing) yieldPoint('slot.released');
  wakeWaiters(txns, slot);
}

/**
 * How the transaction of txns.scratch[ASKED], a stamp below 0, has ended: STAMP_ACTIVE, STAMP_COMMITTED or STAMP_GONE. Called
 * by a reader for a stamp it has read and validated, or by a writer under the row's latch, for whom STAMP_GONE cannot be.
 */
export function resolveStamp(txns: Transactions): number {
  const number = Math.floor(-txns.scratch[ASKED] / STATEMENTS) | 0;
  const i32 = txns.i32;
  const slot = slotOf(txns, number);
  if (loadTxnSlotNumber(i32, slot) !== number) return STAMP_GONE;
  if (testing) yieldPoint('slot.numberRead');
  const state = loadTxnSlotState(i32, slot);
  if (!hasCommitted(state)) {
    return loadTxnSlotNumber(i32, slot) === number && state !== TXN_FREE ? STAMP_ACTIVE : STAMP_GONE;
  }
  if (testing) yieldPoint('slot.stateRead');
  txns.scratch[RESOLVED] = loadShared53(i32, slot + TXN_SLOT_STAMP);
  return loadTxnSlotNumber(i32, slot) === number ? STAMP_COMMITTED : STAMP_GONE;
}

/** True while the transaction with this number (int32) has neither precommitted nor been undone. */
export function isRunning(txns: Transactions, number: number): boolean {
  const slot = slotOf(txns, number);
  if (loadTxnSlotNumber(txns.i32, slot) !== number) return false;
  const state = loadTxnSlotState(txns.i32, slot);
  if (hasCommitted(state)) return false;
  return loadTxnSlotNumber(txns.i32, slot) === number;
}

/** Has this thread's doorbell rung when the transaction in the slot ends; the caller then reads the slot again. */
export function askForWake(txns: Transactions, slot: number): void {
  const thread = txns.shm.thread;
  Atomics.or(txns.i32, ((slot + TXN_SLOT_WAITERS) >>> 2) + (thread >>> 5), 1 << (thread & 31));
}

/** Somebody waits for the transaction in the slot to end; 0: it has none. */
export function isWaitedFor(txns: Transactions, slot: number): boolean {
  if (slot === 0) return false;
  const word = (slot + TXN_SLOT_WAITERS) >>> 2;
  const groups = (slotsTaken(txns.shm) + 31) >>> 5;
  for (let group = 0; group < groups; group++) if (loadInOrder(txns.i32, word + group) !== 0) return true;
  return false;
}

/** Some session waits for a transaction to end. */
export const someWait = (txns: Transactions): boolean => loadTxnSharedWaiting(txns.i32, txns.shared) > 0;

/** Rings the doorbell of every thread that asked, once. After the end of the slot's transaction is published. */
export function wakeWaiters(txns: Transactions, slot: number): void {
  const word = (slot + TXN_SLOT_WAITERS) >>> 2;
  const groups = (slotsTaken(txns.shm) + 31) >>> 5;
  for (let group = 0; group < groups; group++) {
    if (loadInOrder(txns.i32, word + group) === 0) continue;
    let threads = Atomics.exchange(txns.i32, word + group, 0);
    while (threads !== 0) {
      const bit = 31 - Math.clz32(threads);
      threads &= ~(1 << bit);
      const thread = group * 32 + bit;
      if (thread === txns.shm.thread && txns.hooks.ownRing !== null) txns.hooks.ownRing();
      else ringDoorbell(txns.shm, thread);
    }
  }
}

/** Slots in use. */
export function slotsInUse(txns: Transactions): number {
  let used = 0;
  for (let number = 0; number <= txns.slotMask; number++) {
    if (loadTxnSlotNumber(txns.i32, txns.slotsBase + number * TXN_SLOT_BYTES) !== 0) used++;
  }
  return used;
}

/**
 * The log position from which the log must be kept for undo and for stamping: the smallest first position of the slots in use,
 * `now` if there is none (SM-W8). `now` is the log's tail, read before the call: a slot that has no position yet has written
 * nothing, and what it writes will lie behind it.
 */
export function oldestTransactionLsn(txns: Transactions, now: number): number {
  let oldest = now;
  for (let number = 0; number <= txns.slotMask; number++) {
    const slot = txns.slotsBase + number * TXN_SLOT_BYTES;
    if (loadTxnSlotNumber(txns.i32, slot) === 0) continue;
    const first = txnSlotFirstLsn(txns.f64, slot);
    if (first !== UNKNOWN_LSN && first < oldest) oldest = first;
  }
  return oldest;
}

/** Before the first transaction of a boot: numbers go on after the highest that the log knows (any 32 bits). */
export function startNumbers(txns: Transactions, highest: number): void {
  Atomics.store(txns.i32, (txns.shared + TXN_SHARED_NEXT_NUMBER) >>> 2, highest | 0);
}

/** The number that was drawn last, unsigned: what a checkpoint notes. */
export const lastNumber = (txns: Transactions): number =>
  Atomics.load(txns.i32, (txns.shared + TXN_SHARED_NEXT_NUMBER) >>> 2) >>> 0;
