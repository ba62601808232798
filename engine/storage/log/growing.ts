/**
 * Records that grow: who appends row after row need not write a record for each. As long as its last record is the last one of
 * the whole log, and no flush has looked at it, it is made longer where it lies in the ring.
 *
 *   ring  | ... | header, items so far | new item |          tail: compareExchange(end of the record, that + item)
 *               ^ pending log position of the thread
 *
 *   1  announceGrowth    pending = start of the record                    the whole record counts as incomplete
 *   2  a fence           the compareExchange of a page latch              (a store with fence where stores are not in order)
 *   3  growRecord        leads unchanged?                                 else a flush may have taken the record: it stays as it is
 *                        tail still its end? then add the item            else somebody has written behind it: it stays as it is
 *   4  the item, and the new length in the header
 *   5  publish           pending = none
 *
 * A leader counts `leads` up before it reads the tail and then what is pending (flush.ts). Both sides first say what they are
 * about to do and then look at the other's word, so at least one sees the other: either the leader finds the record pending, and
 * its flush ends before it, or the thread finds that leads has moved. What a flush has taken is therefore never changed, and no
 * flush ends inside a record that grows on. The same holds for the first look: a record may grow only if nobody led when it was
 * written, while it was still pending (mayGrow).
 *
 * To everybody else the record is an ordinary one that was reserved, written and published again. A page's LSN is the end it had
 * when that page was changed; redo applies the items behind that only (records.ts, `from`).
 *
 * Upheld: SM-W1 (credit for the item is taken before the latches, as for a record), SM-L7. Hot, no allocation.
 */

import { enterCritical, leaveCritical } from '../../../shm/critical.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import type { Log } from './log-context.ts';
import { LOG_SHARED_LEADER } from './log-shared.layout.gen.ts';

const testing = TESTING;
const storesInOrder = process.arch === 'x64';

/** A record grows to this length at most: recovery holds it whole, and undo walks it. */
export const GROWING_BYTES_MAX = 16 << 10;

/** Between reserve() and publish() of a record with one item: from now on it may grow, if no flush is under way. */
export function mayGrow(log: Log, at: number, bytes: number): void {
  const { control, growing } = log;
  // In this order: a leader that is not seen has not counted yet, and will count before it looks.
  const leads = Atomics.load(control, log.leadsWord);
  growing.open = Atomics.load(control, (log.shared + LOG_SHARED_LEADER) >>> 2) === 0;
  growing.at = at;
  growing.bytes = bytes;
  growing.leads = leads;
  growing.count = 1;
  growing.lsn[0] = log.scratch[0];
  growing.startUnit = (log.scratch[0] / 8) | 0;
  growing.endUnit = (growing.startUnit + (bytes >>> 3)) | 0;
}

/** Whether the growing record has room for `bytes` more. It is one piece in the ring, slack behind it not counted. */
export function growthFits(log: Log, bytes: number): boolean {
  const { growing } = log;
  const length = growing.bytes + bytes;
  return growing.open && length <= GROWING_BYTES_MAX && length <= log.reservationMax && growing.at + length <= log.ringBytes;
}

/** Step 1. A critical section until publish(), growRecord() that fails, or forgetGrowth(). A page is latched before step 3. */
export function announceGrowth(log: Log): void {
  enterCritical(log.shm);
  const pending = (log.growing.startUnit << 1) | 1;
  if (storesInOrder) log.control[log.pendingWord] = pending;
  else Atomics.store(log.control, log.pendingWord, pending);
  if (testing) yieldPoint('log.growing');
}

/** What was announced does not happen. */
export function forgetGrowth(log: Log): void {
  if (storesInOrder) log.control[log.pendingWord] = 0;
  else Atomics.store(log.control, log.pendingWord, 0);
  leaveCritical(log.shm);
}

/**
 * Step 3: room for `bytes` (a multiple of 8, for which takeCredit() was called) at the record's end. Returns its byte offset in
 * the ring; log.scratch[START] is the start of the record, [END] its new end. The caller writes the item and calls publish().
 * -1: the record does not grow any more, and nothing is announced.
 */
export function growRecord(log: Log, bytes: number): number {
  const { control, growing } = log;
  const leads = storesInOrder ? control[log.leadsWord] : Atomics.load(control, log.leadsWord);
  if (testing) yieldPoint('log.growthLooked');
  const end = growing.endUnit;
  const more = (end + (bytes >>> 3)) | 0;
  if (leads !== growing.leads || log.shm.atomic.compareExchange(log.tailWord << 2, end, more) !== end) {
    growing.open = false;
    forgetGrowth(log);
    return -1;
  }
  if (testing) yieldPoint('log.grown');
  control[log.creditWord] -= bytes;
  log.fileCredit -= bytes * 2 + (bytes >>> 3);
  const at = growing.at + growing.bytes;
  growing.bytes += bytes;
  growing.endUnit = more;
  log.u32[growing.at >>> 2] = growing.bytes;
  const start = growing.lsn[0];
  log.scratch[0] = start;
  log.scratch[1] = start + growing.bytes;
  return at;
}
