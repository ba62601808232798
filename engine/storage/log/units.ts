/** Units that the log counts in. */

/** 2^33: the bytes in one turn of the word writtenTurn, a quarter of the tail's 2^32 units of 8 bytes. */
export const TURN_BYTES = 8589934592;

/** Bytes of a file block: batches start and end at multiples of it. */
export const BLOCK_BYTES = 512;

/** Halves of a byte in a file block: file credit is counted in halves. */
export const BLOCK_HALVES = 1024;

/** Blocks that an end record brings for its own batch: for header, padding and a segment's end. */
export const COMMIT_BLOCKS = 2;

/** The same in halves of a byte. */
export const COMMIT_OVERHEAD = COMMIT_BLOCKS * BLOCK_HALVES;
