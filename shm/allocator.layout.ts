/**
 * Allocator: what it knows of each 4 KiB piece of the heap segment. The table of these lies at the segment's start.
 * The drawing and the rules: allocator.ts.
 */

import { defineStruct } from './struct.ts';

/** Inside a larger block, or of the table itself: nobody looks at it. */
export const PIECE_INNER = 0;
/** First piece of a free block. */
export const PIECE_FREE = 1;
/** First piece of a block that is handed out. */
export const PIECE_BLOCK = 2;
/** Cut into cells of one small class. */
export const PIECE_CELLS = 3;

export const PIECE = defineStruct({
  name: 'piece',
  doc: 'State of a 4 KiB piece of the heap segment',
  bytes: 32,
  fields: {
    kind: { at: 0, type: 'i32', doc: 'one of PIECE_...' },
    order: { at: 4, type: 'i32', doc: 'FREE, BLOCK: log2 of its pieces; CELLS: number of the class' },
    next: { at: 8, type: 'i32', doc: 'piece + 1 of the next in its list, 0 = last' },
    previous: { at: 12, type: 'i32', doc: 'piece + 1 of the one before, 0 = first' },
    freeCells: { at: 16, type: 'i32', doc: 'CELLS: cells that are free' },
    freeCell: { at: 20, type: 'i32', unit: 'bytes', doc: 'CELLS: offset of the first freed cell, 0 = none' },
    cutCells: { at: 24, type: 'i32', doc: 'CELLS: cells that were ever handed out; those behind are untouched' },
  },
});
