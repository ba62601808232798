/**
 * What the parts of the B+tree share: the context a thread works with, what is known of an index, keys, statuses.
 *
 * A thread makes one Tree and passes it first to everything here. Nothing in it is shared between threads: scratch arrays for
 * results that must not allocate, the hints of where the root and the right edge of each tree were last seen, and the way down
 * that the last descent took. What threads share lies in pages, under the rules of shared-memory.md (SM-L, SM-B, SM-W).
 */

import type { PageCache } from '../cache/page-cache.ts';
import type { Log } from '../log/log-context.ts';
import type { Space } from '../space/space.ts';
import type { SharedMemory } from '../../../shm/shared-memory.ts';
import { createKeyScratch, type IndexKind, type KeyScratch } from '../rows/runtime.ts';

/** What the functions here need to know of an index; an IndexRuntime is one. */
export interface TreeIndex {
  /** Root page: fixed for the index's life (SM-F3). */
  readonly root: number;
  readonly kind: IndexKind;
}

/** Who changes an index, for the log. One per transaction and table; `previous` moves with every record written. */
export interface IndexChange {
  /** False for indexes of temporary and unlogged tables: no log records at all. */
  logged: boolean;
  /** Transaction number, 0 for changes that are not a transaction's (the collector's): never undone. */
  transaction: number;
  /** Table id. */
  table: number;
  /** START LSN of the transaction's previous record, set to the new record's by each logged change. Compensations: the next record to undo. */
  previous: number;
  /** The record is a compensation (SM-W7): `previous` is only read; lastRecord still tells where it lies. */
  compensation: boolean;
  /** START LSN of the last record that was written for this change, 0 if there was none. */
  lastRecord: number;
}

/** Statuses of changes. */
export const INDEX_DONE = 1;
/** The entry was there already (insert), nothing written; its leaf's version moved all the same (SM-B3). */
export const INDEX_PRESENT = 2;
/** The entry was not there (remove). */
export const INDEX_ABSENT = 3;
/** A witness has moved: look again, then try again (SM-B3, SM-B4). */
export const INDEX_MOVED = 4;
export type IndexStatus = typeof INDEX_DONE | typeof INDEX_PRESENT | typeof INDEX_ABSENT | typeof INDEX_MOVED;

/** Places in Tree.found, where a lookup leaves its result. */
export const FOUND_ROW_PAGE = 0;
export const FOUND_ROW_SLOT = 1;
/** Leaf that answered: frame, page and version it had (witness for the caller). Set for misses too. */
export const FOUND_FRAME = 2;
export const FOUND_PAGE = 3;
export const FOUND_VERSION = 4;
/** 1 if further entries with the same key may follow: read them with a cursor from (key, row id) on. */
export const FOUND_MORE = 5;
/** The page on which the row was expected (row-guess.ts), 0 = on none; and where goes what was read of it. */
export const FOUND_FORESEEN = 6;
export const FOUND_IGNORED = 7;

export const LEVELS_MAX = 32;
const HINTS = 256;

/** Where rows lie whose entries were found (row-guess.ts). */
export interface RowGuesses {
  /** Of the last row that was not where it was looked for: leaf, index of its entry, page, slot; at 4 * (leaf & ROW_GUESSES - 1). */
  readonly last: Int32Array;
  /** By root & 255: rows of a page, 0 = not known; how sure the guesses are, below 0 = lookups to go without them. */
  readonly pageRows: Int32Array;
  readonly trust: Int32Array;
}

/**
 * Ways to leaves that were looked for lately, for integer keys of one word (lookup-guess.ts): of each the fences around its keys, its
 * page and frame hint, as its parent said; the parent as witness, its descriptor and the version under which it says so; the root
 * alike. At WAY_WORDS * (key >> shift & WAYS - 1); zeros are no way.
 */
export interface LeafWays {
  readonly words: Int32Array;
  /** By root & 255: bits of a key that do not count; about the range of a leaf. */
  readonly shifts: Int32Array;
}

/** Ways that are remembered, a power of two. */
export const WAYS = 2048;
export const WAY_WORDS = 8;
export const WAY_BELOW = 0;
export const WAY_ABOVE = 1;
export const WAY_LEAF = 2;
export const WAY_HINT = 3;
export const WAY_PARENT = 4;
export const WAY_PARENT_VERSION = 5;
export const WAY_ROOT = 6;
export const WAY_ROOT_VERSION = 7;

/** Leaves that are remembered, a power of two. */
export const ROW_GUESSES = 2048;

const makeRowGuesses = (): RowGuesses => ({
  last: new Int32Array(ROW_GUESSES * 4),
  pageRows: new Int32Array(HINTS),
  trust: new Int32Array(HINTS),
});

/** Per-thread context of all B+tree functions. */
export interface Tree {
  readonly shm: SharedMemory;
  readonly cache: PageCache;
  readonly log: Log;
  readonly space: Space;
  /** A page taken for a split and not used yet, in the data file and in the temporary file; 0 = none (pages.ts). */
  readonly sparePages: Int32Array;
  /** Result of the last lookup: FOUND_*. */
  readonly found: Int32Array;
  /** Frame where a root was last seen; index root & 255. Not trusted. */
  readonly rootHints: Int32Array;
  /** Entries in the leaf that was searched last; index root & 255. A guess for the next. */
  readonly leafCounts: Int32Array;
  readonly rowGuesses: RowGuesses;
  readonly leafWays: LeafWays;
  /** Right edge: (root, leaf page, frame) at 4 * (root & 255). Not trusted. */
  readonly edgeHints: Int32Array;
  /** Pages read in by the call that is under way; see noteMiss() in descend.ts. */
  misses: number;
  /** The last descent: page, frame, version, position of the entry taken, at 4 * level. */
  readonly path: Int32Array;
  /** Scratch keys: fences, separators, keys read back from records. */
  readonly separator: KeyScratch;
  readonly scratchKey: KeyScratch;
}

/** Everything is per thread; the segments behind `shm` are shared. */
export function createTree(shm: SharedMemory, cache: PageCache, log: Log, space: Space): Tree {
  return {
    shm,
    cache,
    log,
    space,
    sparePages: new Int32Array(2),
    found: new Int32Array(8),
    rootHints: new Int32Array(HINTS),
    leafCounts: new Int32Array(HINTS),
    rowGuesses: makeRowGuesses(),
    leafWays: { words: new Int32Array(WAYS * WAY_WORDS), shifts: new Int32Array(HINTS) },
    edgeHints: new Int32Array(HINTS * 4),
    misses: 0,
    path: new Int32Array(LEVELS_MAX * 4),
    separator: createKeyScratch(),
    scratchKey: createKeyScratch(),
  };
}

/** Leaves that can hold one key, as a unique check saw them (SM-B3), and the row ids it found there. Reused; grows. */
export interface LeafWitness {
  leafCount: number;
  pages: Int32Array;
  frames: Int32Array;
  versions: Int32Array;
  rowCount: number;
  rowPages: Int32Array;
  rowSlots: Int32Array;
}

export function createWitness(): LeafWitness {
  return {
    leafCount: 0,
    pages: new Int32Array(4),
    frames: new Int32Array(4),
    versions: new Int32Array(4),
    rowCount: 0,
    rowPages: new Int32Array(16),
    rowSlots: new Int32Array(16),
  };
}

/** A heap page as it was when the collector read a whole chain: the entry is removed only if it has not moved since (SM-B4). */
export interface HeapWitness {
  frame: number;
  page: number;
  version: number;
}
