/**
 * Credit: what a writer holds before it latches anything, so that nothing can fail or wait between drawing a log
 * position and publishing the record (SM-W1), and so that a full disk is met here, before any change (SM-W4).
 *
 *   ring credit   bytes of the ring.   ringUsed = credit in the threads' hands + bytes reserved and not yet written
 *                                      <= size of the ring
 *   file credit   half bytes of prepared segment space. A record of b bytes costs 2b + b/8 halves: itself, and a 16th for
 *                 the headers and padding of the batches around it. An end record (commit, abort) brings COMMIT_OVERHEAD
 *                 on top, because it may cause a batch of its own. Flushes that nobody paid for (page writer, checkpoint)
 *                 live on a fixed reserve of blocks (reserveBlocks).
 *                 fileFree counts the 512-byte blocks nobody was promised; a leader gives back what a batch did not use.
 *
 * Credit moves between the shared words and a thread in chunks, so that most calls touch the thread's own numbers only.
 * A thread that must wait for the ring first gives back what it has: two that wait with half their need would wait for ever.
 */

import { assert } from '../../../shm/assert.ts';
import { enterCritical, leaveCritical } from '../../../shm/critical.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { makeRoom } from './flush.ts';
import type { Log } from './log-context.ts';
import { LOG_SHARED_FILE_FREE, LOG_SHARED_RING_USED } from './log-shared.layout.gen.ts';
import { prepareSegment } from './segments.ts';
import { BLOCK_HALVES, COMMIT_OVERHEAD } from './units.ts';

const testing = TESTING;

/** Bytes of the ring this thread may reserve. */
const ringCredit = (log: Log): number => log.control[log.creditWord];

/** File credit that a record (or several together) of `bytes`, a multiple of 8, costs. In halves of a byte. */
export const fileCost = (bytes: number): number => bytes * 2 + (bytes >>> 3);

/** Bytes of an end record (commit, abort). */
export const END_RECORD_BYTES = 48;
/** What a transaction claims with its first change, through claimUndo(), so that its end record never meets 53100. */
export const END_CLAIM_BYTES = 1088;
/** What a change claims for its compensation record if it needs no more than a header and 8 bytes (SM-W7). */
export const UNDO_CLAIM_BYTES = 48;

/**
 * Makes sure that this thread may reserve `bytes` (a sum over the records to come, each rounded up to 8), and has file
 * credit for these and for `undoBytes` more, which claimUndo() can then take. No latch may be held: it may wait for the
 * ring, flush, and prepare a segment. Throws 53100 when the disk is full (nothing was changed), 54000 for more than a
 * group may have, 57P02 when the handle is poisoned.
 *
 * It is not additive: call it again after a group, which gives back what it did not use.
 */
export function takeCredit(log: Log, bytes: number, undoBytes = 0): void {
  const cost = fileCost(bytes) + fileCost(undoBytes);
  if (ringCredit(log) >= bytes && log.fileCredit >= cost) return;
  assert(bytes <= log.reservationMax * 2, 'a credit is at most half the ring');
  if (log.fileCredit < cost) takeFileCredit(log, cost);
  if (ringCredit(log) < bytes) takeRingCredit(log, bytes);
}

/** Credit for one end record, reserveCommit() or writeAbort(). Never throws 53100 after releaseUndo() of END_CLAIM_BYTES. */
export function takeEndCredit(log: Log): void {
  if (log.fileCredit < fileCost(END_RECORD_BYTES) + COMMIT_OVERHEAD) {
    takeFileCredit(log, fileCost(END_RECORD_BYTES) + COMMIT_OVERHEAD);
  }
  if (ringCredit(log) < END_RECORD_BYTES) takeRingCredit(log, END_RECORD_BYTES);
}

/**
 * Moves file credit from the thread to a transaction, which remembers the sum: it pays for the compensation records of its
 * rollback. The credit was taken by takeCredit's undoBytes.
 */
export function claimUndo(log: Log, bytes: number): void {
  log.fileCredit -= fileCost(bytes);
  assert(log.fileCredit >= 0, 'a claim for undo was taken with the credit (SM-W7)');
}

/**
 * Gives such a claim to the calling thread, whichever made it: at commit the whole sum; in a rollback UNDO_CLAIM_BYTES (or
 * what that change claimed) right before each compensation record's takeCredit().
 */
export function releaseUndo(log: Log, bytes: number): void {
  // Not trimmed here: on a full disk what goes back may be gone. The end record gives back what is left (commit.ts).
  log.fileCredit += bytes * 2 + bytes / 8;
}

/** Gives back the ring credit this thread holds beyond a small rest, and file credit beyond a chunk. */
export function returnCredit(log: Log): void {
  if (ringCredit(log) > log.creditKept) returnRingCredit(log, log.creditKept);
  if (log.fileCredit > log.fileKept * 2) returnFileCredit(log, log.fileKept);
}

/** Gives back all credit: the thread leaves, or sleeps for long. */
export function returnAllCredit(log: Log): void {
  returnRingCredit(log, 0);
  returnFileCredit(log, 0);
}

function returnRingCredit(log: Log, keep: number): void {
  const back = ringCredit(log) - keep;
  if (back <= 0) return;
  enterCritical(log.shm);
  log.control[log.creditWord] = keep;
  Atomics.sub(log.control, (log.shared + LOG_SHARED_RING_USED) >>> 2, back);
  leaveCritical(log.shm);
}

function returnFileCredit(log: Log, keep: number): void {
  const blocks = Math.floor((log.fileCredit - keep) / BLOCK_HALVES);
  if (blocks <= 0) return;
  log.fileCredit -= blocks * BLOCK_HALVES;
  Atomics.add(log.control, (log.shared + LOG_SHARED_FILE_FREE) >>> 2, blocks);
}

function takeFileCredit(log: Log, cost: number): void {
  const word = (log.shared + LOG_SHARED_FILE_FREE) >>> 2;
  const need = Math.ceil((cost - log.fileCredit) / BLOCK_HALVES);
  let blocks = need + Math.floor(log.fileKept / BLOCK_HALVES);
  for (;;) {
    if (testing) yieldPoint('log.fileCredit');
    if (Atomics.sub(log.control, word, blocks) >= blocks) {
      log.fileCredit += blocks * BLOCK_HALVES;
      return;
    }
    Atomics.add(log.control, word, blocks);
    if (blocks > need) blocks = need;
    else prepareSegment(log);
  }
}

/** From this part of the ring on a thread that does nothing else is asked to write it. */
const WRITE_FROM = 16;

/** Past half the ring somebody should write: this thread holds no latch, so it may as well be the one, where nobody else does it. */
function writeSome(log: Log, used: number): void {
  if (log.askWriter !== null) log.askWriter();
  else if (used > log.ringBytes / 2) makeRoom(log, false);
}

function takeRingCredit(log: Log, bytes: number): void {
  const word = (log.shared + LOG_SHARED_RING_USED) >>> 2;
  let want = bytes - ringCredit(log) + log.creditKept;
  for (;;) {
    if (testing) yieldPoint('log.ringCredit');
    enterCritical(log.shm);
    const used = Atomics.add(log.control, word, want);
    if (used + want <= log.ringBytes) {
      log.control[log.creditWord] += want;
      leaveCritical(log.shm);
      if (used + want > log.ringBytes / WRITE_FROM) writeSome(log, used + want);
      return;
    }
    Atomics.sub(log.control, word, want);
    leaveCritical(log.shm);
    if (want > bytes - ringCredit(log)) {
      want = bytes - ringCredit(log);
      continue;
    }
    returnRingCredit(log, 0);
    want = bytes;
    makeRoom(log, true);
  }
}
