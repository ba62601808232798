/**
 * Which version of a row a snapshot sees ('Stamps', TX-T4, TX-T17).
 *
 *   stamp >= 0                 seen if it is not above the snapshot
 *   own, in flight             seen if its statement is not above the limit (TX-T4)
 *   other's, in flight         seen if that transaction has committed, not above the snapshot
 * What is not seen leads to the version before it. A tombstone that is seen means: no row.
 *
 * Works on a copy of the newest version in memory of the thread: no page is held (SM-L4), and nothing was acted upon before it
 * was validated (SM-L3).
 *
 * Hot where a version is seen at once; the rest is out of line.
 */

import { assert } from '../../shm/assert.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { copyWords, type ByteViews } from '../storage/rows/byte-views.ts';
import { imageLength, paddedLength, ROW_DELETED } from '../storage/rows/row-image.ts';
import { readSpilledVersion } from './chunk-spill.ts';
import { ASKED, RESOLVED, resolveStamp, STAMP_COMMITTED, STAMP_GONE } from './slots.ts';
import { checkBound } from './snapshot.ts';
import { STATEMENTS } from './stamps.ts';
import {
  DEPENDENCY,
  OWN_BASE,
  OWN_LIMIT,
  SEEN_STAMP,
  SNAPSHOT,
  type Transaction,
  type Transactions,
  WATCH,
} from './transactions.ts';
import { VERSION_BYTES } from './txn.layout.gen.ts';
import { residentVersion } from './versions.ts';

const testing = TESTING;

/** settle: the row must be read again, its stamp has been resolved meanwhile (TX-T2). */
export const READ_AGAIN = -1;

/**
 * The newest version of a row lies as a copy at byte offset `row` of `out`: replaces it by the one that the transaction sees.
 * Returns its length in bytes, 0 if there is none, or READ_AGAIN. 72000 when its versions are gone.
 */
export function settle(tx: Transaction, out: ByteViews, row: number): number {
  const times = tx.times;
  const stamp = out.f64[row >> 3];
  if (stamp >= 0 && stamp <= times[SNAPSHOT]) {
    if (stamp > times[WATCH] && stamp > times[DEPENDENCY]) times[DEPENDENCY] = stamp;
    times[SEEN_STAMP] = stamp;
    return (out.i32[(row + 12) >> 2] & ROW_DELETED) === 0 ? imageLength(out.i32, row) : 0;
  }
  return settleSlow(tx, out, row);
}

function settleSlow(tx: Transaction, out: ByteViews, row: number): number {
  const first = newestSeen(tx, out, row);
  if (first === READ_AGAIN) return READ_AGAIN;
  if (first === SEEN) return seenLength(out, row);
  for (;;) {
    const back = out.i32[(row + 8) >> 2];
    if (back === 0) return 0;
    copyVersion(tx.context, back, out, row, tx);
    if (testing) yieldPoint('read.version');
    if (olderSeen(tx, out, row)) return seenLength(out, row);
  }
}

const NOT_SEEN = 0;
const SEEN = 1;

const seenLength = (out: ByteViews, row: number): number =>
  (out.i32[(row + 12) >> 2] & ROW_DELETED) === 0 ? imageLength(out.i32, row) : 0;

/** The version in place. */
function newestSeen(tx: Transaction, out: ByteViews, row: number): number {
  const times = tx.times;
  const stamp = out.f64[row >> 3];
  if (stamp >= 0) return NOT_SEEN;
  if (isOwn(tx, out, row)) {
    times[SEEN_STAMP] = stamp;
    return stamp >= times[OWN_LIMIT] ? SEEN : NOT_SEEN;
  }
  const txns = tx.context;
  txns.scratch[ASKED] = stamp;
  const outcome = resolveStamp(txns);
  if (outcome === STAMP_GONE) return READ_AGAIN;
  if (outcome !== STAMP_COMMITTED || txns.scratch[RESOLVED] > times[SNAPSHOT]) return NOT_SEEN;
  times[SEEN_STAMP] = txns.scratch[RESOLVED];
  noteSeen(times);
  return SEEN;
}

/** A back version: in flight means that the writer of its successor wrote it too, so only that one can see it (versions.ts). */
function olderSeen(tx: Transaction, out: ByteViews, row: number): boolean {
  const stamp = out.f64[row >> 3];
  if (stamp < 0) return isOwn(tx, out, row) && stamp >= tx.times[OWN_LIMIT];
  if (stamp > tx.times[SNAPSHOT]) return false;
  tx.times[SEEN_STAMP] = stamp;
  noteSeen(tx.times);
  return true;
}

/** The stamp stands in times[SEEN_STAMP]: a double that is handed over would be allocated. */
function noteSeen(times: Float64Array): void {
  const stamp = times[SEEN_STAMP];
  if (stamp > times[WATCH] && stamp > times[DEPENDENCY]) times[DEPENDENCY] = stamp;
}

/** The version at `row` carries a stamp of this transaction. */
export function isOwn(tx: Transaction, out: ByteViews, row: number): boolean {
  const stamp = out.f64[row >> 3];
  const base = tx.times[OWN_BASE];
  return stamp < 0 && base !== 0 && stamp <= -base && stamp > -base - STATEMENTS;
}

/**
 * Copies the image of the back version at `address` to byte offset `row` of `out`. With a transaction its snapshot is checked
 * against the collector's bound, before and after: 72000 rather than what has been overwritten (TX-T17). Without
 * one the caller makes sure afterwards that the version had to be there all the time.
 */
export function copyVersion(txns: Transactions, address: number, out: ByteViews, row: number, tx: Transaction | null): void {
  if (tx !== null) checkBound(tx);
  const at = residentVersion(txns, address);
  if (at >= 0) {
    const image = at + VERSION_BYTES;
    copyWords(out.i32, row, txns.versions.i32, image, paddedLength(txns.versions.i32, image));
  } else if (at === -1) readSpilledVersion(txns, address, out, row);
  if (tx === null) return;
  checkBound(tx);
  assert(at !== -2, 'a version that a snapshot needs is there (TX-T17)');
}
