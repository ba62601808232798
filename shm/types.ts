/**
 * Names for the integers and doubles that the engine passes around. They are all `number`; the names say which.
 *
 * Integers that stay below 2^31 travel as small integers. Times and log positions are doubles, exact below 2^53.
 */

/** Number of a page: 0..2^31-1 in the data file, from 0x80000000 in the temporary file (negative as int32). */
export type PageId = number;
/** Index of a cache frame, 0..frameCount-1. */
export type Frame = number;
/** Index of a row or entry inside its page. */
export type Slot = number;
/** Log position: bytes counted over log records only, a double. */
export type Lsn = number;
/** Stamp of a row version (TX-T1, TX-T2): >= 0 microseconds of its commit, < 0 in flight. */
export type Stamp = number;
/** Address of a row for its life: page * 4096 + slot, as a double. */
export type RowId = number;
/** A size or distance in bytes. */
export type Bytes = number;
/** Byte offset in a segment. */
export type ByteOffset = number;
export type TableId = number;
export type IndexId = number;
/** Index of a thread's slot, 0..threadSlots-1. */
export type ThreadNumber = number;
/** 32-bit number of a writing transaction (TX-T2), never 0. */
export type TransactionNumber = number;
/** Number of an epoch: odd, wraps; compared by difference (epoch.ts). */
export type Epoch = number;
/** Version word of a frame, as readBegin() returned it. */
export type Version = number;

/** Bytes of a page and of its image in a frame. */
export const PAGE_BYTES = 8192;
/** log2 of PAGE_BYTES. */
export const PAGE_SHIFT = 13;
/** In place of a page id: none. */
export const NO_PAGE = -1;
/** In place of a frame index: none. */
export const NO_FRAME = -1;
/** In place of a thread number: none. */
export const NO_THREAD = -1;
