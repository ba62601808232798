/**
 * The unique check (SM-B3): for every entry with the key, the newest version of its row and, if that is another transaction's
 * change or delete in flight, also the version it would fall back to, at its end or
 * at a savepoint of its. Any of them has the key: wait for that transaction.
 *
 *   newest version                      has the key           has it not
 *   committed, or own                   duplicate             look no further
 *   a tombstone, committed or own       no row                -
 *   committed above the snapshot of     duplicate             the snapshot's version has it: run again (40001)
 *   a repeatable reader
 *   in flight by another, changed       wait                  what it falls back to has it: wait
 *   in flight by another, deleted       what it falls back to has it: wait
 *
 * It runs without a latch. What it saw stays true because the index entry goes in only if no leaf that can hold the key has
 * moved since (indexInsertUnique), and everyone who brings the key to a row comes by the same leaf.
 */

import { referenceFrame } from '../../shm/clock-hand.ts';
import { FRAME_BYTES, FRAME_REFERENCED } from '../../shm/frame.layout.gen.ts';
import { collectKey, witnessHolds } from '../storage/btree/unique.ts';
import { createWitness, type LeafWitness } from '../storage/btree/tree.ts';
import { ROW_DELETED } from '../storage/rows/row-image.ts';
import type { IndexRuntime, KeyScratch, TableRuntime } from '../storage/rows/runtime.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { findCurrentKey } from './index-change.ts';
import { COPY_FRAME, copyNewest } from './row-read.ts';
import { ASKED, RESOLVED, resolveStamp, STAMP_ACTIVE, STAMP_GONE } from './slots.ts';
import { stampNumber } from './stamps.ts';
import {
  DEPENDENCY,
  DUPLICATE_INDEX,
  ROW_DONE,
  ROW_DUPLICATE,
  READ_COMMITTED,
  ROW_PAGE,
  ROW_RERUN,
  ROW_SLOT,
  ROW_WAIT,
  type RowStatus,
  SEEN_STAMP,
  SNAPSHOT,
  type Transaction,
  type Transactions,
  WATCH,
} from './transactions.ts';
import { copyVersion, isOwn, READ_AGAIN, settle } from './visibility.ts';

const testing = TESTING;

/** The witness of the index at a position of table.indexes. */
export function witnessOf(txns: Transactions, at: number): LeafWitness {
  while (txns.witnesses.length <= at) txns.witnesses.push(createWitness());
  return txns.witnesses[at];
}

/**
 * Looks for other rows that have the key, or may get it back, in the unique index at position `at`. ROW_DONE: none, and the
 * witness says which leaves must not move until the entry goes in; ROW_DUPLICATE (tx.ints); ROW_WAIT (tx.waitsFor); ROW_RERUN. The row
 * (page, slot) itself does not count; page 0 for none. No latch or hold. `again`: what an earlier check saw has moved.
 */
export function checkUnique(
  tx: Transaction,
  table: TableRuntime,
  at: number,
  key: KeyScratch,
  page: number,
  slot: number,
  again = false,
): RowStatus {
  const txns = tx.context;
  const index = table.indexes[at];
  const witness = witnessOf(txns, at);
  collectKey(txns.tree, index, key, witness);
  if (testing) yieldPoint('unique.collected');
  for (let entry = 0; entry < witness.rowCount; entry++) {
    const rowPage = witness.rowPages[entry];
    const rowSlot = witness.rowSlots[entry];
    if (rowPage === page && rowSlot === slot) continue;
    if (again) keepLeaves(txns, witness);
    const verdict = checkRow(tx, table, index, key, rowPage, rowSlot);
    if (again) txns.shm.i32[(txns.shm.framesBase + txns.ints[COPY_FRAME] * FRAME_BYTES + FRAME_REFERENCED) >>> 2] = 0;
    if (verdict === ROW_DONE) continue;
    tx.ints[DUPLICATE_INDEX] = at;
    tx.ints[ROW_PAGE] = rowPage;
    tx.ints[ROW_SLOT] = rowSlot;
    return verdict;
  }
  if (again) keepLeaves(txns, witness);
  return ROW_DONE;
}

/**
 * A key whose rows lie on as many pages as the cache has frames to spare would never get in: to look at them all drives its leaf out,
 * which so has moved each time. Who checks again has the leaves stay before all others, and the pages of the rows go first.
 */
function keepLeaves(txns: Transactions, witness: LeafWitness): void {
  for (let leaf = 0; leaf < witness.leafCount; leaf++) {
    referenceFrame(txns.shm.i32, txns.shm.framesBase + witness.frames[leaf] * FRAME_BYTES);
  }
}

function checkRow(
  tx: Transaction,
  table: TableRuntime,
  index: IndexRuntime,
  key: KeyScratch,
  page: number,
  slot: number,
): RowStatus {
  const txns = tx.context;
  const { image } = txns;
  for (;;) {
    if (!copyNewest(txns, page, slot, image, 0)) return ROW_DONE;
    if (testing) yieldPoint('unique.newest');
    const stamp = image.f64[0];
    const deleted = (image.i32[3] & ROW_DELETED) !== 0;
    let active = false;
    let committed = stamp;
    if (stamp < 0 && !isOwn(tx, image, 0)) {
      txns.scratch[ASKED] = stamp;
      const outcome = resolveStamp(txns);
      if (outcome === STAMP_GONE) continue;
      active = outcome === STAMP_ACTIVE;
      committed = active ? 0 : txns.scratch[RESOLVED];
    }
    const back = image.i32[2];
    const same = !deleted && hasKey(txns, table, index, image, 0, key);
    if (!active) {
      // The decision rests on this version, tombstones included (TX-T9).
      if (committed > tx.times[WATCH] && committed > tx.times[DEPENDENCY]) tx.times[DEPENDENCY] = committed;
      if (same || tx.isolation === READ_COMMITTED || committed <= tx.times[SNAPSHOT]) return same ? ROW_DUPLICATE : ROW_DONE;
      const seen = settle(tx, image, 0);
      if (seen === READ_AGAIN) continue;
      if (seen === 0 || !hasKey(txns, table, index, image, 0, key)) return ROW_DONE;
      // Its snapshot still shows the row that has left the key: with the new one it would see the key twice.
      tx.times[SEEN_STAMP] = committed;
      return ROW_RERUN;
    }
    tx.waitsFor = stampNumber(stamp) | 0;
    if (same) return ROW_WAIT;
    if (testing) yieldPoint('unique.fallBack');
    const verdict = fallsBackTo(txns, table, index, key, back, stamp, page, slot);
    if (verdict !== AGAIN) return verdict ? ROW_WAIT : ROW_DONE;
  }
}

const AGAIN = 2;

/**
 * Whether a version that the change in flight (its stamp) may be undone to has the key: those that the same transaction wrote
 * before, for it may go back to a savepoint, and the one it found. 1, 0, or AGAIN if it has ended or gone on.
 */
function fallsBackTo(
  txns: Transactions,
  table: TableRuntime,
  index: IndexRuntime,
  key: KeyScratch,
  back: number,
  stamp: number,
  page: number,
  slot: number,
): number {
  const { image } = txns;
  const number = stampNumber(stamp);
  for (let address = back; address !== 0; address = image.i32[2]) {
    copyVersion(txns, address, image, 0, null);
    // While the transaction is in flight its back versions stay; once it has ended they may be overwritten at any time.
    if (!stillInFlight(txns, page, slot, stamp)) return AGAIN;
    if ((image.i32[3] & ROW_DELETED) === 0 && hasKey(txns, table, index, image, 0, key)) return 1;
    if (image.f64[0] >= 0 || stampNumber(image.f64[0]) !== number) return 0;
  }
  return 0;
}

function stillInFlight(txns: Transactions, page: number, slot: number, stamp: number): boolean {
  if (!copyNewest(txns, page, slot, txns.other, 0) || txns.other.f64[0] !== stamp) return false;
  txns.scratch[ASKED] = stamp;
  return resolveStamp(txns) === STAMP_ACTIVE;
}

/** Whether a row image (any layout) has the key. Uses txns.other and txns.otherKey. */
export function hasKey(
  txns: Transactions,
  table: TableRuntime,
  index: IndexRuntime,
  views: ByteViews,
  row: number,
  key: KeyScratch,
): boolean {
  return findCurrentKey(txns, table, index, views, row, txns.otherKey) && sameKeys(index, key, txns.otherKey);
}

/** Whether two keys of an index are equal. */
export function sameKeys(index: IndexRuntime, a: KeyScratch, b: KeyScratch): boolean {
  if (index.kind === 'i32') return a.i32[0] === b.i32[0];
  if (index.kind === 'i64') return a.i32[0] === b.i32[0] && a.i32[1] === b.i32[1];
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a.u8[i] !== b.u8[i]) return false;
  return true;
}

/** Whether the check of position `at` still stands, before anything is changed: spares a change that would be undone. */
export function witnessStands(txns: Transactions, at: number): boolean {
  const witness = witnessOf(txns, at);
  for (let leaf = 0; leaf < witness.leafCount; leaf++) if (!witnessHolds(txns.tree, witness, leaf)) return false;
  return true;
}
