/**
 * Groups: changes of several pages that recovery redoes all or none of (SM-W6). Their records are collected in the
 * thread's own scratch and go into the ring as one reservation, so nothing comes between them; the last one carries
 * the end mark. All pages of a group get its last log position.
 *
 * Nothing is allocated between groupBegin() and groupEnd(): the caller holds latches there.
 */

import { assert } from '../../../shm/assert.ts';
import { limitExceeded } from '../../../shm/errors.ts';
import { returnCredit, takeCredit } from './credit.ts';
import { publish, reserve } from './log.ts';
import type { GroupScratch, Log } from './log-context.ts';
import { LOG_RECORD_BYTES } from './log-record.layout.gen.ts';
import { RECORD_GROUP, RECORD_GROUP_END } from './records.ts';

/** Scratch for groups of at most so many bytes. */
export function makeGroupScratch(bytesMax: number): GroupScratch {
  const buffer = new ArrayBuffer(bytesMax);
  const bytes = new Uint8Array(buffer);
  return {
    bytes,
    u8: bytes,
    u16: new Uint16Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    f64: new Float64Array(buffer),
    length: 0,
    last: -1,
    open: false,
  };
}

/** Bytes of a record with this payload. */
export const recordBytes = (payloadBytes: number): number => (LOG_RECORD_BYTES + payloadBytes + 7) & ~7;

/**
 * Begins a group of at most `bytesMax` (records with their headers), no latch held: takes the credit, which may wait, flush,
 * or throw 53100; and 54000 if it is more than a quarter of the ring. Ended by groupEnd() or groupCancel().
 */
export function groupBegin(log: Log, bytesMax: number = log.reservationMax): void {
  assert(!log.group.open, 'a thread builds one group at a time');
  const bytes = (bytesMax + 7) & ~7;
  if (bytes > log.reservationMax) throw limitExceeded('a log group in bytes', bytes, log.reservationMax);
  takeCredit(log, bytes);
  if (log.group.bytes.length < bytes) log.group = makeGroupScratch(1 << (32 - Math.clz32(bytes - 1)));
  log.group.length = 0;
  log.group.last = -1;
  log.group.open = true;
}

/** Bytes the open group may still take. */
export const groupRoom = (log: Log): number =>
  Math.min(log.group.bytes.length - log.group.length, log.control[log.creditWord] - log.group.length);

/**
 * Adds a record. Its header is filled (previous from log.scratch[PREVIOUS], which is 0 afterwards; extra, aux16, aux32 and
 * aux32Second 0). Returns its byte offset in log.group's views; the caller writes `payloadBytes` at that + 40 there.
 * Its log position is known after groupEnd(): log.scratch[START] + the offset.
 *
 * `transaction` is 0 for structure changes: rollback never undoes them. Only overflow chains name their owner.
 */
export function groupRecord(
  log: Log,
  type: number,
  transaction: number,
  table: number,
  page: number,
  slot: number,
  payloadBytes: number,
): number {
  const group = log.group;
  const at = group.length;
  const bytes = (LOG_RECORD_BYTES + payloadBytes + 7) & ~7;
  assert(
    group.open && at + bytes <= group.bytes.length && at + bytes <= log.control[log.creditWord],
    'a group keeps to the bytes it began with',
  );
  const word = at >>> 2;
  const u32 = group.u32;
  u32[word] = bytes;
  u32[word + 1] = type | (RECORD_GROUP << 8);
  u32[word + 2] = transaction;
  u32[word + 3] = table;
  group.f64[(at + 16) >>> 3] = log.scratch[2];
  log.scratch[2] = 0;
  u32[word + 6] = page;
  u32[word + 7] = slot;
  u32[word + 8] = 0;
  u32[word + 9] = 0;
  // Scratch is used again: the padding behind the payload must not carry old bytes.
  if (payloadBytes !== 0) group.f64[(at + bytes - 8) >>> 3] = 0;
  group.last = at;
  group.length = at + bytes;
  return at;
}

/**
 * Writes the group into the ring. log.scratch[START] and [END] are its positions; the caller, still holding the latches,
 * then marks every page as changed with END. A group without records writes nothing and returns false.
 */
export function groupEnd(log: Log): boolean {
  const group = log.group;
  assert(group.open, 'the group was begun');
  group.open = false;
  if (group.last < 0) {
    returnCredit(log);
    return false;
  }
  group.u8[group.last + 5] = RECORD_GROUP_END;
  const length = group.length;
  const at = reserve(log, length);
  log.ringView.set(length === group.bytes.length ? group.bytes : group.bytes.subarray(0, length), at);
  publish(log, at, length);
  return true;
}

/** Drops the group: nothing was changed. */
export function groupCancel(log: Log): void {
  log.group.open = false;
  returnCredit(log);
}
