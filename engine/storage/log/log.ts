/**
 * The log as one thread sees it: its context, and the two calls of the hot path, reserve() and publish().
 *
 *   ring   | ... on its way to a segment ...| reserved, some of it published |      free      | slack |
 *          ^ durable / written              ^                               ^ tail
 *
 * A log position (LSN) counts log bytes from the database's first day; the ring holds position p at p modulo its size.
 * There is no latch: the tail is one 32-bit word in units of 8 bytes that writers add to, and the full position is
 * made from it and the known durable one. The ring is far below 2^32 units, so nothing is ambiguous.
 *
 * Which records are complete is known without a mark on each: before a writer adds to the tail it stores a lower bound of
 * the place it will get into its own thread slot ('pending log position'), and clears it once the record is written.
 * All operations are in one total order, so whoever reads the tail and then all pendings knows: everything below the
 * smallest of them is complete. That is as far as a flush goes.
 *
 *   writer    bound = tail; pending = bound; start = tail += bytes;  write the record;  pending = none
 *   leader    end = tail; for each thread: end = min(end, pending);  write the ring up to end
 *
 * A record lies in one piece for its writer: behind the ring's end there is slack for the largest reservation, and
 * publish() copies what was written there to the ring's start.
 *
 * Rules upheld here: SM-W1 (credit before the latch, nothing waits between reserve and publish), SM-L7.
 * Hot file: free functions over typed arrays; positions travel through log.scratch, because a double that leaves a
 * function which is not inlined would be allocated.
 */

import { assert } from '../../../shm/assert.ts';
import { enterCritical, leaveCritical } from '../../../shm/critical.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { returnCredit } from './credit.ts';
import type { Log } from './log-context.ts';
import { TURN_BYTES } from './units.ts';

const testing = TESTING;

/**
 * x64 makes stores visible in their order. A fence costs more than itself: it waits until all stores before it have reached
 * memory that is often cold (the ring, a page), and an insert has two records.
 */
const storesInOrder = process.arch === 'x64';

/**
 * Reserves room for one record, or for one group of them, of `bytes` (a multiple of 8, at most log.reservationMax) for
 * which takeCredit() was called. Returns the byte offset in the ring's views (log.u8 ... log.f64) at which the caller
 * writes it in one piece. log.scratch[START] and [END] are its log positions.
 *
 * From here to publish() the thread is in a critical section: no wait, no allocation, no throw (SM-W1, SM-L7).
 */
export function reserve(log: Log, bytes: number): number {
  const control = log.control;
  const tail = log.tailWord;
  const credit = control[log.creditWord] - bytes;
  log.fileCredit -= bytes * 2 + (bytes >>> 3);
  assert(credit >= 0 && log.fileCredit >= 0, 'a reservation has its credit (SM-W1)');
  enterCritical(log.shm);
  control[log.creditWord] = credit;
  // Twice round only if this thread lost its core here while others wrote more than the ring: the bound would be so old
  // that it might pass for one of the next turn.
  for (;;) {
    // Any value the tail had is a lower bound.
    const bound = control[tail];
    // Where stores stay in order the addition below makes this one visible before itself: no fence of its own.
    if (storesInOrder) control[log.pendingWord] = (bound << 1) | 1;
    else Atomics.store(control, log.pendingWord, (bound << 1) | 1);
    // Another view of the same word, so that no compiler takes the first look for the second (frame-latch.ts, readUnchanged).
    const now = storesInOrder ? log.shm.u32[tail] : Atomics.load(control, tail);
    if ((now - bound) >>> 0 <= log.ringUnits) break;
  }
  if (testing) yieldPoint('log.pending');
  const unit = log.shm.atomic.add(tail << 2, bytes >>> 3);
  if (testing) yieldPoint('log.reserved');
  // Durable is at or below this place until it is published, and less than a ring away: its turn is ours or the one before.
  const turn = storesInOrder ? control[log.turnWord] : Atomics.load(control, log.turnWord);
  const start = (turn + (((unit >>> 30) - turn) & 3)) * TURN_BYTES + (unit & 0x3fffffff) * 8;
  log.scratch[0] = start;
  log.scratch[1] = start + bytes;
  return (unit & log.ringUnitMask) << 3;
}

/** The record at `at` is written: a flush may take it from now on. Ends what reserve() began, with the same `bytes`. */
export function publish(log: Log, at: number, bytes: number): void {
  if (at + bytes > log.ringBytes) log.u8.copyWithin(0, log.ringBytes, at + bytes);
  if (testing) yieldPoint('log.written');
  // Later than every store of the record: that is the order of stores on x64, a fence elsewhere.
  if (storesInOrder) log.control[log.pendingWord] = 0;
  else Atomics.store(log.control, log.pendingWord, 0);
  leaveCritical(log.shm);
  if (log.control[log.creditWord] > log.creditKept) returnCredit(log);
}

/**
 * Fills the header of a record in the ring. `previous` comes from log.scratch[PREVIOUS], which is 0 afterwards; extra,
 * aux16, aux32 and aux32Second become 0, for the caller to set.
 */
export function startRecord(
  log: Log,
  at: number,
  bytes: number,
  type: number,
  flags: number,
  transaction: number,
  table: number,
  page: number,
  slot: number,
): void {
  const u32 = log.u32;
  const word = at >>> 2;
  u32[word] = bytes;
  u32[word + 1] = type | (flags << 8);
  u32[word + 2] = transaction;
  u32[word + 3] = table;
  log.f64[(at + 16) >>> 3] = log.scratch[2];
  log.scratch[2] = 0;
  u32[word + 6] = page;
  u32[word + 7] = slot;
  u32[word + 8] = 0;
  u32[word + 9] = 0;
}
