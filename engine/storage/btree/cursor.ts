/**
 * Range scans: a cursor is a place between entries, and a batch of entries copied from one leaf.
 *
 *        < place          >= place
 *   ... e1  e2  e3   |   e4  e5  e6 ...
 *     previousBatch <-   -> nextBatch
 *
 * The place is a (key, row id) that need not exist: nextBatch() gives entries from there on, previousBatch() those below it,
 * greatest first; both move it. Nothing is held between batches, and nothing of a page is remembered: each batch descends anew to
 * the leaf of its place (by the fence that the last leaf ended with), so splits, merges and evictions in between do not matter.
 * A cursor is saved as the (key, row id) of the entry it stopped at and set there again with cursorAt() or cursorAfter().
 *
 * A leaf is held in shared mode while its entries are copied (SM-L4): no allocation, no wait, no second hold. The entries are a
 * leaf's at one moment; rows are judged later, against their keys (SM-B2).
 */

import { assert } from '../../../shm/assert.ts';
import { holdFrame, READ_LATCHED, readBegin, readValid, releaseFrame } from '../../../shm/frame-latch.ts';
import { FRAME_PAGE_ID } from '../../../shm/frame.layout.gen.ts';
import { frameBase, frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { pageOwner, pageSlotCount, pageType } from '../page.layout.gen.ts';
import { PAGE_TYPE_BTREE_LEAF } from '../page.layout.ts';
import type { ByteViews } from '../rows/byte-views.ts';
import { createKeyScratch, type IndexKind, type KeyScratch } from '../rows/runtime.ts';
import { descend, TO_BEFORE, TO_FIRST, TO_KEY, TO_LAST } from './descend.ts';
import { compareToFences, readFence } from './fences.ts';
import { FENCE_HIGH, FENCE_LOW, KIND_BYTES, KIND_I32, KIND_I64, NODE_AREA } from './node.layout.ts';
import { nodeFences, nodeKind } from './node.layout.gen.ts';
import { entryRowPage, entryRowSlot, nodeSearch, readEntry } from './node.ts';
import { copyKey } from './node-split.ts';
import { compareKeys } from './order.ts';
import type { Tree } from './tree.ts';

const testing = TESTING;

/** Where a cursor's place is: before all entries, at its (key, row id), behind all entries. */
const AT_START = 0;
const AT_KEY = 1;
const AT_END = 2;

/** Room for the keys of a batch of a byte index, at least the longest key. */
const KEY_ROOM = 16384;

export interface Cursor {
  readonly kind: IndexKind;
  /** The kind's number, for comparing. */
  readonly order: number;
  /** Most entries of a batch. */
  readonly capacity: number;
  /** Entries of the batch. Their row ids: */
  count: number;
  readonly rowPages: Int32Array;
  readonly rowSlots: Int32Array;
  /** Keys of word indexes: entry i has its words at i ('i32') or 2 * i ('i64'). */
  readonly words: Int32Array;
  /** Keys of byte indexes: entry i is bytes[starts[i] .. starts[i + 1]). */
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  /** The leaf that the batch is of: frame, page, and the frame's version then; -1 when a writer was waiting for it (batchStands). */
  leafFrame: number;
  leafPage: number;
  leafVersion: number;
  /** The place; row id in i32[2], i32[3]. */
  where: number;
  readonly place: KeyScratch;
  /** Set by cursorBound(): forwards, entries from here on end the scan; backwards, entries below it. */
  bounded: boolean;
  readonly bound: KeyScratch;
  readonly scratch: KeyScratch;
}

export function createCursor(kind: IndexKind, capacity = 256): Cursor {
  const wordCount = kind === 'bytes' ? 0 : kind === 'i32' ? capacity : capacity * 2;
  return {
    kind,
    order: kind === 'bytes' ? KIND_BYTES : kind === 'i32' ? KIND_I32 : KIND_I64,
    capacity,
    count: 0,
    rowPages: new Int32Array(capacity),
    rowSlots: new Int32Array(capacity),
    words: new Int32Array(wordCount),
    bytes: new Uint8Array(kind === 'bytes' ? KEY_ROOM : 0),
    starts: new Int32Array(kind === 'bytes' ? capacity + 1 : 0),
    leafFrame: 0,
    leafPage: 0,
    leafVersion: READ_LATCHED,
    where: AT_START,
    place: createKeyScratch(),
    bounded: false,
    bound: createKeyScratch(),
    scratch: createKeyScratch(),
  };
}

/** Before the first entry. */
export function cursorFirst(cursor: Cursor): void {
  cursor.where = AT_START;
  cursor.bounded = false;
}

/** Behind the last entry. */
export function cursorLast(cursor: Cursor): void {
  cursor.where = AT_END;
  cursor.bounded = false;
}

/** Right before (key, row id): with row id (0, 0) before all entries of the key, with (-1, 65535) behind them. */
export function cursorAt(cursor: Cursor, key: KeyScratch, rowPage: number, rowSlot: number): void {
  copyKey(key, rowPage, rowSlot, cursor.place);
  cursor.where = AT_KEY;
  cursor.bounded = false;
}

/** Right behind the entry (key, row id): to go on forwards after it. */
export function cursorAfter(cursor: Cursor, key: KeyScratch, rowPage: number, rowSlot: number): void {
  cursorAt(cursor, key, rowPage, rowSlot + 1);
}

/** Ends the scan at a place: nextBatch() stops before it, previousBatch() after the entry at or behind it. Set after cursorAt(). */
export function cursorBound(cursor: Cursor, key: KeyScratch, rowPage: number, rowSlot: number): void {
  copyKey(key, rowPage, rowSlot, cursor.bound);
  cursor.bounded = true;
}

/** Entry `index` of the batch as a key, its row id in i32[2], i32[3]. */
export function cursorKey(cursor: Cursor, index: number, key: KeyScratch): void {
  assert(index < cursor.count, 'the entry is in the batch');
  if (cursor.kind === 'bytes') {
    const start = cursor.starts[index];
    key.length = cursor.starts[index + 1] - start;
    for (let i = 0; i < key.length; i++) key.u8[i] = cursor.bytes[start + i];
  } else if (cursor.kind === 'i32') {
    key.i32[0] = cursor.words[index];
    key.i32[1] = 0;
    key.length = 4;
  } else {
    key.i32[0] = cursor.words[index * 2];
    key.i32[1] = cursor.words[index * 2 + 1];
    key.length = 8;
  }
  key.i32[2] = cursor.rowPages[index];
  key.i32[3] = cursor.rowSlots[index];
}

/** The next entries in ascending order; returns how many, 0 at the end. No latch or hold by the caller. */
export function nextBatch(tree: Tree, root: number, cursor: Cursor): number {
  const { shm } = tree;
  const { place } = cursor;
  tree.misses = 0;
  cursor.count = 0;
  while (cursor.where !== AT_END && cursor.count === 0) {
    const to = cursor.where === AT_START ? TO_FIRST : TO_KEY;
    const frame = descend(tree, root, 0, to, place, place.i32[2], place.i32[3]);
    if (testing) yieldPoint('btree.cursorHold');
    if (!holdFrame(shm, frame, tree.path[0])) continue;
    const v = frameSegment(shm, frame);
    const node = frameOffset(shm, frame);
    if (isLeafOf(v, node, root) && coversForward(v, node, cursor)) {
      noteLeaf(tree, cursor, frame);
      copyForward(v, node, cursor);
    }
    releaseFrame(shm, frame);
  }
  return cursor.count;
}

/** The previous entries in descending order; returns how many, 0 at the start. No latch or hold by the caller. */
export function previousBatch(tree: Tree, root: number, cursor: Cursor): number {
  const { shm } = tree;
  const { place } = cursor;
  tree.misses = 0;
  cursor.count = 0;
  while (cursor.where !== AT_START && cursor.count === 0) {
    const to = cursor.where === AT_END ? TO_LAST : TO_BEFORE;
    const frame = descend(tree, root, 0, to, place, place.i32[2], place.i32[3]);
    if (testing) yieldPoint('btree.cursorHold');
    if (!holdFrame(shm, frame, tree.path[0])) continue;
    const v = frameSegment(shm, frame);
    const node = frameOffset(shm, frame);
    if (isLeafOf(v, node, root) && coversBackward(v, node, cursor)) {
      noteLeaf(tree, cursor, frame);
      copyBackward(v, node, cursor);
    }
    releaseFrame(shm, frame);
  }
  return cursor.count;
}

/** Under the hold: nobody changes the leaf, but somebody may wait to. */
function noteLeaf(tree: Tree, cursor: Cursor, frame: number): void {
  const { shm } = tree;
  cursor.leafFrame = frame;
  cursor.leafPage = tree.path[0];
  cursor.leafVersion = readBegin(shm.i32, frameBase(shm, frame));
}

/** Whether the leaf has not changed since the batch was copied: its entries are still all there. */
export function batchStands(tree: Tree, cursor: Cursor): boolean {
  const { shm } = tree;
  if (cursor.leafVersion === READ_LATCHED) return false;
  const base = frameBase(shm, cursor.leafFrame);
  return Atomics.load(shm.i32, (base + FRAME_PAGE_ID) >>> 2) === cursor.leafPage && readValid(shm.i32, base, cursor.leafVersion);
}

function isLeafOf(v: ByteViews, node: number, root: number): boolean {
  return pageType(v.u8, node) === PAGE_TYPE_BTREE_LEAF && (pageOwner(v.u32, node) | 0) === root;
}

/** Whether the place, or the start of all, lies in the leaf's range. */
function coversForward(v: ByteViews, node: number, cursor: Cursor): boolean {
  if (cursor.where === AT_START) return (nodeFences(v.u16, node) & FENCE_LOW) === 0;
  return compareToFences(v, node, cursor.place, cursor.place.i32[2], cursor.place.i32[3]) === 0;
}

/** Whether what lies right below the place does: the range holds the place, not as its very beginning, or ends at it. */
function coversBackward(v: ByteViews, node: number, cursor: Cursor): boolean {
  if (cursor.where === AT_END) return (nodeFences(v.u16, node) & FENCE_HIGH) === 0;
  const { place, scratch } = cursor;
  if (readFence(v, node, FENCE_HIGH, scratch) && compareKeys(cursor.order, place, scratch) > 0) return false;
  return !readFence(v, node, FENCE_LOW, scratch) || compareKeys(cursor.order, place, scratch) > 0;
}

/** First entry not below the bound; the search itself knows only keys of the leaf's range, whose prefix they have. */
function boundIndex(v: ByteViews, node: number, count: number, bound: KeyScratch): number {
  const side = compareToFences(v, node, bound, bound.i32[2], bound.i32[3]);
  if (side !== 0) return side < 0 ? 0 : count;
  return nodeSearch(v, node, 0, bound, bound.i32[2], bound.i32[3]);
}

function copyForward(v: ByteViews, node: number, cursor: Cursor): void {
  const { place, bound, scratch } = cursor;
  const count = pageSlotCount(v.u16, node);
  let at = cursor.where === AT_START ? 0 : nodeSearch(v, node, 0, place, place.i32[2], place.i32[3]);
  const end = cursor.bounded ? Math.max(at, boundIndex(v, node, count, bound)) : count;
  while (at < end && copyEntry(v, node, at, cursor)) at++;
  if (at < end) {
    readEntry(v, node, at, place);
    cursor.where = AT_KEY;
  } else if (
    at < count ||
    !readFence(v, node, FENCE_HIGH, scratch) ||
    (cursor.bounded && compareKeys(cursor.order, bound, scratch) <= 0)
  ) {
    cursor.where = AT_END;
  } else {
    copyKey(scratch, scratch.i32[2], scratch.i32[3], place);
    cursor.where = AT_KEY;
  }
}

function copyBackward(v: ByteViews, node: number, cursor: Cursor): void {
  const { place, bound, scratch } = cursor;
  const count = pageSlotCount(v.u16, node);
  let at = cursor.where === AT_END ? count : nodeSearch(v, node, 0, place, place.i32[2], place.i32[3]);
  const end = cursor.bounded ? boundIndex(v, node, count, bound) : 0;
  while (at > end && copyEntry(v, node, at - 1, cursor)) at--;
  if (at > end) {
    readEntry(v, node, at, place);
    cursor.where = AT_KEY;
  } else if (
    end > 0 ||
    !readFence(v, node, FENCE_LOW, scratch) ||
    (cursor.bounded && compareKeys(cursor.order, bound, scratch) >= 0)
  ) {
    cursor.where = AT_START;
  } else {
    copyKey(scratch, scratch.i32[2], scratch.i32[3], place);
    cursor.where = AT_KEY;
  }
}

/** Copies entry `at` behind the others of the batch; false if the batch is full. */
function copyEntry(v: ByteViews, node: number, at: number, cursor: Cursor): boolean {
  const to = cursor.count;
  if (to === cursor.capacity) return false;
  const kind = nodeKind(v.u16, node);
  const keys = (node + NODE_AREA) >> 2;
  if (cursor.kind === 'i32') cursor.words[to] = v.i32[keys + at];
  else if (cursor.kind === 'i64') {
    cursor.words[to * 2] = v.i32[keys + at * kind];
    cursor.words[to * 2 + 1] = v.i32[keys + at * kind + 1];
  } else {
    readEntry(v, node, at, cursor.scratch);
    const start = to === 0 ? 0 : cursor.starts[to];
    const length = cursor.scratch.length;
    if (start + length > KEY_ROOM) return false;
    if (to === 0) cursor.starts[0] = 0;
    for (let i = 0; i < length; i++) cursor.bytes[start + i] = cursor.scratch.u8[i];
    cursor.starts[to + 1] = start + length;
  }
  cursor.rowPages[to] = entryRowPage(v, node, at);
  cursor.rowSlots[to] = entryRowSlot(v, node, at);
  cursor.count = to + 1;
  return true;
}
