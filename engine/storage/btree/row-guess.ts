/**
 * Where the row of an entry probably lies, before the entry is read: rows that were put in by rising key follow each other in their
 * pages as their entries do in the leaf. So leaf and heap page, each a cache line or more that are far from the processor, come near at
 * a time instead of one after the other: a point read of a large table waits 0.1 us less.
 *
 *   last row of this leaf that was not where it was looked for:   index in the leaf -> page, slot
 *   another entry of the leaf:                                    as many slots further, at so many rows a page
 *
 * Nothing depends on it. What is read is dropped, unread; a wrong guess costs some cache lines, and after a few in a row the index
 * goes without for a while. Everything here is this thread's own.
 */

import { FRAME_BYTES, FRAME_VERSION } from '../../../shm/frame.layout.gen.ts';
import { firstFrame } from '../../../shm/page-table.ts';
import { frameOffset } from '../../../shm/shared-memory.ts';
import { PAGE_BYTES } from '../../../shm/types.ts';
import { PAGE_HEADER_BYTES } from '../page.layout.ts';
import { PAGE_SLOT_COUNT } from '../page.layout.gen.ts';
import { FOUND_FORESEEN, FOUND_IGNORED, ROW_GUESSES, type Tree } from './tree.ts';

const PAGE_WORDS = PAGE_BYTES >>> 2;
const FIRST_WORD = PAGE_HEADER_BYTES >>> 2;
const AREA_WORDS = PAGE_WORDS - FIRST_WORD;
const COUNT_WORD = PAGE_SLOT_COUNT >>> 2;
/** A row takes 28 bytes at least. */
const ROWS_MAX = 300;

/** How sure an index can become of its guesses, and what a wrong one takes from that. */
const TRUST_MAX = 32;
const TRUST_LOST = 4;
/** So many lookups go without after that. */
const PAUSE = 2048;

/** Begins to read the row of the entry at `index` of a leaf where it probably lies. tree.found[FOUND_FORESEEN]: its page; 0: no guess. */
export function foreseeRow(tree: Tree, root: number, leaf: number, index: number): void {
  const { shm, found, rowGuesses } = tree;
  const { last } = rowGuesses;
  const at = (leaf & (ROW_GUESSES - 1)) << 2;
  const rows = rowGuesses.pageRows[root & 255];
  found[FOUND_FORESEEN] = 0;
  if (last[at] !== leaf || rows === 0 || rowGuesses.trust[root & 255] < 0) return;
  const distance = last[at + 3] + index - last[at + 1];
  const pages = Math.floor(distance / rows);
  const slot = distance - pages * rows;
  const page = last[at + 2] + pages;
  found[FOUND_FORESEEN] = page;
  const frame = firstFrame(shm, page);
  if (frame < 0) return;
  const words = shm.frameSegments[frame >>> shm.frameShift].i32;
  const image = frameOffset(shm, frame) >>> 2;
  const room = (((AREA_WORDS / rows) | 0) - 1) & ~1;
  const row = image + FIRST_WORD + slot * room;
  // Header, directory, both ends of the row, descriptor: stored, so that no compiler leaves the loads out.
  found[FOUND_IGNORED] =
    words[image + COUNT_WORD] ^
    words[image + PAGE_WORDS - 1 - slot] ^
    words[row] ^
    words[row + room - 1] ^
    shm.i32[(shm.framesBase + frame * FRAME_BYTES + FRAME_VERSION) >>> 2];
}

/** The row of the entry at `index` of the leaf lies at (page, slot): after each foreseeRow() whose entry was found. */
export function learnRow(tree: Tree, root: number, leaf: number, index: number, page: number, slot: number): void {
  const { last, pageRows, trust } = tree.rowGuesses;
  const own = root & 255;
  const foreseen = tree.found[FOUND_FORESEEN];
  if (foreseen === page) {
    if (trust[own] < TRUST_MAX) trust[own]++;
    return;
  }
  if (trust[own] < 0) {
    trust[own]++;
    return;
  }
  if (foreseen !== 0) {
    trust[own] -= TRUST_LOST;
    if (trust[own] < 0) trust[own] = -PAUSE;
  }
  const at = (leaf & (ROW_GUESSES - 1)) << 2;
  const pages = last[at] === leaf ? page - last[at + 2] : 0;
  if (pages !== 0) {
    const rows = Math.round((last[at + 3] + index - last[at + 1] - slot) / pages);
    if (rows > 0 && rows <= ROWS_MAX) pageRows[own] = rows;
  }
  last[at] = leaf;
  last[at + 1] = index;
  last[at + 2] = page;
  last[at + 3] = slot;
}
