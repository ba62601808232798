/**
 * Row images: the bytes of one version of a row, in a page, in a log record, in the versions segment or in scratch.
 *
 *   +0  f64  stamp
 *   +8  i32  back
 *   +12 i32  flags:8 (bits 24-31) | layout:10 (bits 14-23) | length:14 (bits 0-13, bytes, header included)
 *   +16      null bits, one for each nullable column, padded to 8 (only if the layout has nullable columns)
 *            fixed-width columns at constant offsets: 16 bytes wide, then 8, then 4
 *            (offset:u16, length:u16) for each variable-width column; bit 15 of length: an overflow reference stands there
 *            variable bytes; then zeros up to a multiple of 8, not counted in the length
 *
 * A forwarding slot holds a stub of 24 bytes: this header with ROW_FORWARD, then (page u32, slot u32) of the body. The
 * body is a whole image with ROW_BODY, followed at the next multiple of 8 by (page u32, slot u32) of its home.
 *
 * Hot file: free functions, no allocation.
 */

export const ROW_HEADER_BYTES = 16;

/** The smallest slot: any row can turn into a forwarding stub where it is. */
export const ROW_CAPACITY_MIN = 24;

/** A forwarding stub's length. */
export const ROW_STUB_BYTES = 24;

/** What follows a body: the row id of its home. */
export const ROW_HOME_BYTES = 8;

/** The longest image: a page less its header, one slot, and a home row id (the row may move one day). */
export const ROW_BYTES_MAX = 8192 - 64 - 8 - ROW_HOME_BYTES;

/** Values longer than a quarter of a page go to overflow chains. */
export const INLINE_VALUE_BYTES_MAX = 2048;

/** Fixed part of a row, at most (54000 beyond): 1,600 columns of 4 bytes, and some room for what varies. */
export const FIXED_BYTES_MAX = 7680;

/** Layouts of one table. */
export const LAYOUTS_MAX = 1024;

export const ROW_LENGTH_MASK = 0x3fff;
export const ROW_LAYOUT_SHIFT = 14;
export const ROW_LAYOUT_MASK = 0x3ff;

/** The row is deleted: a tombstone, its bytes still there (until the collector frees the slot). */
export const ROW_DELETED = 1 << 24;
/** A forwarding stub. Neither it nor the body is ever both. */
export const ROW_FORWARD = 1 << 25;
/** A row that lives away from home: scans skip it. */
export const ROW_BODY = 1 << 26;
/** Somebody may hold a row lock (TX-T13). Unlogged; cleared on pages of an earlier boot. */
export const ROW_LOCKED = 1 << 27;
/** At least one null bit is set. */
export const ROW_NULLS = 1 << 28;
/** At least one value lies in an overflow chain. */
export const ROW_OVERFLOW = 1 << 29;
/** The row has had other keys, for which indexes may still have entries (SM-P2). Logged with the image; unlogged where it goes. */
export const ROW_REKEYED = 1 << 30;
export const ROW_FLAGS_KNOWN = ROW_DELETED | ROW_FORWARD | ROW_BODY | ROW_LOCKED | ROW_NULLS | ROW_OVERFLOW | ROW_REKEYED;

/** Flags that say where the row lies or who holds it, not what it is: they stay with the slot when its image is replaced. */
export const ROW_PLACE_FLAGS = ROW_FORWARD | ROW_BODY | ROW_LOCKED;

/** Bit 15 of a variable column's length: what stands there is an overflow reference. */
export const OVERFLOW_BIT = 0x8000;

/** Length of the image in bytes, header included, padding not. */
export const imageLength = (i32: Int32Array, row: number): number => i32[(row + 12) >> 2] & ROW_LENGTH_MASK;

/** Length rounded up to a multiple of 8: what a copy moves and a slot needs. */
export const paddedLength = (i32: Int32Array, row: number): number => ((i32[(row + 12) >> 2] & ROW_LENGTH_MASK) + 7) & ~7;

/** Number of the layout the image was written under. */
export const imageLayout = (i32: Int32Array, row: number): number =>
  (i32[(row + 12) >> 2] >>> ROW_LAYOUT_SHIFT) & ROW_LAYOUT_MASK;

/** The word at +12 of an image. `flags` are ROW_ constants. */
export const rowWordOf = (flags: number, layout: number, length: number): number => flags | (layout << ROW_LAYOUT_SHIFT) | length;

/** Row id as one double: page * 4096 + slot. The page is taken as unsigned. */
export const rowIdOf = (page: number, slot: number): number => (page >>> 0) * 4096 + slot;
export const rowIdPage = (rowId: number): number => Math.floor(rowId / 4096) | 0;
export const rowIdSlot = (rowId: number): number => rowId % 4096;

/** Home page of a body at byte offset `row` (as it is stored, so Int32). */
export const bodyHomePage = (i32: Int32Array, row: number): number => i32[(row + paddedLength(i32, row)) >> 2];
/** Home slot of a body at byte offset `row`. */
export const bodyHomeSlot = (i32: Int32Array, row: number): number => i32[(row + paddedLength(i32, row) + 4) >> 2];

/** Body page that a stub names (Int32). */
export const stubBodyPage = (i32: Int32Array, row: number): number => i32[(row + 16) >> 2];
/** Body slot that a stub names. */
export const stubBodySlot = (i32: Int32Array, row: number): number => i32[(row + 20) >> 2];

/** Memory for images outside pages: 16 KiB, so that an encoder may overrun a page before it notices. One image at a time. */
export const ROW_SCRATCH_BYTES = 16384;

/** Clears what only means something where the image was copied from: back word, place flags. Call on copies for the log. */
export function forgetPlace(i32: Int32Array, row: number): void {
  i32[(row + 8) >> 2] = 0;
  i32[(row + 12) >> 2] &= ~ROW_PLACE_FLAGS;
}
