/**
 * Batch headers: made by the leader (flush.ts), checked by recovery's reader, which says what is wrong with one.
 */

import { crc32 } from 'node:zlib';
import {
  LOG_BATCH_BYTES,
  logBatchBoot,
  logBatchChecksum,
  logBatchDatabaseHigh,
  logBatchDatabaseLow,
  logBatchLength,
  logBatchLsn,
  logBatchMagic,
  logBatchOffset,
  logBatchSegment,
  logBatchVersion,
  setLogBatchBoot,
  setLogBatchDatabaseHigh,
  setLogBatchDatabaseLow,
  setLogBatchLength,
  setLogBatchLsn,
  setLogBatchMagic,
  setLogBatchOffset,
  setLogBatchPreviousChecksum,
  setLogBatchPreviousLsn,
  setLogBatchSegment,
  setLogBatchSyncedLsn,
  setLogBatchVersion,
} from './log-batch.layout.gen.ts';
import type { BatchScratch, LogOptions } from './log-context.ts';
import type { RecordViews } from './records.ts';

export const BATCH_MAGIC = 0x474c4253;
export const LOG_FORMAT_VERSION = 1;
/** Where the checksum begins: behind magic and checksum. */
export const CHECKSUM_FROM = 8;

/** The smallest multiple of 512 that holds a batch of so many log bytes. */
export const batchFileBytes = (length: number): number => (LOG_BATCH_BYTES + length + 511) & ~511;

export interface BatchPlace {
  lsn: number;
  length: number;
  segment: number;
  offset: number;
  previousLsn: number;
  previousChecksum: number;
  syncedLsn: number;
}

/** Fills the header at the start of `batch`, all but the checksum. */
export function fillBatchHeader(batch: BatchScratch, options: LogOptions, place: BatchPlace): void {
  setLogBatchMagic(batch.u32, 0, BATCH_MAGIC);
  setLogBatchLsn(batch.f64, 0, place.lsn);
  setLogBatchPreviousLsn(batch.f64, 0, place.previousLsn);
  setLogBatchSyncedLsn(batch.f64, 0, place.syncedLsn);
  setLogBatchLength(batch.u32, 0, place.length);
  setLogBatchBoot(batch.u32, 0, options.boot);
  setLogBatchSegment(batch.u32, 0, place.segment);
  setLogBatchOffset(batch.u32, 0, place.offset);
  setLogBatchDatabaseHigh(batch.u32, 0, options.databaseHigh);
  setLogBatchDatabaseLow(batch.u32, 0, options.databaseLow);
  setLogBatchPreviousChecksum(batch.u32, 0, place.previousChecksum);
  setLogBatchVersion(batch.u32, 0, LOG_FORMAT_VERSION);
}

/** What a batch must be to be looked at at all. */
export interface BatchExpectation {
  databaseHigh: number;
  databaseLow: number;
  segment: number;
  segmentBytes: number;
}

/**
 * Why the bytes at `at` (the byte `offset` of the segment) are no batch of this database written to this place, or '' if
 * they are one. Reads the header only.
 */
export function headerFault(views: RecordViews, at: number, offset: number, expected: BatchExpectation): string {
  const { u32, f64 } = views;
  if (logBatchMagic(u32, at) !== BATCH_MAGIC) return 'no batch begins here';
  if (logBatchVersion(u32, at) !== LOG_FORMAT_VERSION)
    return `format version ${logBatchVersion(u32, at)}, expected ${LOG_FORMAT_VERSION}`;
  if (
    logBatchDatabaseHigh(u32, at) !== expected.databaseHigh >>> 0 ||
    logBatchDatabaseLow(u32, at) !== expected.databaseLow >>> 0
  ) {
    return 'it belongs to another database';
  }
  if (logBatchSegment(u32, at) !== expected.segment)
    return `it was written to segment ${logBatchSegment(u32, at)}, not ${expected.segment}`;
  if (logBatchOffset(u32, at) !== offset) return `it was written to byte ${logBatchOffset(u32, at)}, not ${offset}`;
  const length = logBatchLength(u32, at);
  if (length === 0 || length % 8 !== 0 || offset + LOG_BATCH_BYTES + length > expected.segmentBytes)
    return `length ${length} can not be`;
  const lsn = logBatchLsn(f64, at);
  if (!Number.isSafeInteger(lsn) || lsn <= 0 || lsn % 8 !== 0) return `log position ${lsn} can not be`;
  if (logBatchBoot(u32, at) === 0) return 'boot 0 can not be';
  return '';
}

/** The checksum that a batch should have, from its bytes; the header's length must be sane and within `bytes`. */
export function batchChecksum(bytes: Buffer, views: RecordViews, at: number): number {
  return crc32(bytes.subarray(at + CHECKSUM_FROM, at + LOG_BATCH_BYTES + logBatchLength(views.u32, at)));
}

export const batchIsWhole = (bytes: Buffer, views: RecordViews, at: number): boolean =>
  batchChecksum(bytes, views, at) === logBatchChecksum(views.u32, at);
