/**
 * Unique indexes (SM-B3). The check runs without a latch and leaves a witness: the row ids of all entries with the key, and all
 * leaves that can hold it, each with frame and version. The caller looks at those rows, decides, and inserts with the witness:
 *
 *   latch the leftmost leaf that can hold the key       every inserter of that key does, so they come one after the other
 *   all leaves of the witness unmoved?                  else INDEX_MOVED: check again
 *   put the entry in, there or further right            the leftmost leaf's version moves in any case, also when the entry
 *   unlatch                                             was already there: whoever checked meanwhile finds it moved
 */

import { assert } from '../../../shm/assert.ts';
import {
  awaitVersion,
  latchFrame,
  READ_LATCHED,
  readBegin,
  readValid,
  unlatchFrame,
  unlatchFrameUnchanged,
  versionBeforeLatch,
} from '../../../shm/frame-latch.ts';
import { FRAME_BYTES } from '../../../shm/frame.layout.gen.ts';
import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { pageIdOf } from '../cache/page-cache.ts';
import { takeCredit } from '../log/credit.ts';
import { pageOwner, pageType } from '../page.layout.gen.ts';
import { PAGE_TYPE_BTREE_LEAF } from '../page.layout.ts';
import type { KeyScratch } from '../rows/runtime.ts';
import { descend, PATH_VERSION, TO_KEY } from './descend.ts';
import { compareToFences, readFence, ROW_PAGE_MAX, ROW_SLOT_MAX } from './fences.ts';
import { kindNumber } from './insert.ts';
import { insertIntoLeaf, LEAF_FULL } from './leaf-change.ts';
import { FENCE_HIGH } from './node.layout.ts';
import { nodeFences } from './node.layout.gen.ts';
import { entryRowPage, entryRowSlot, keyEquals, nodeCount, nodeSearch } from './node.ts';
import { entryRecordBytes } from './records.ts';
import { splitNode } from './split.ts';
import { INDEX_MOVED, type IndexChange, type IndexStatus, type LeafWitness, type Tree, type TreeIndex } from './tree.ts';

const testing = TESTING;

/** All entries with the key, and the leaves that can hold it, into `witness`. No latch or hold by the caller. */
export function collectKey(tree: Tree, index: TreeIndex, key: KeyScratch, witness: LeafWitness): void {
  const shm = tree.shm;
  tree.misses = 0;
  witness.leafCount = 0;
  witness.rowCount = 0;
  if (collectAtEdge(tree, index.root, key, witness)) return;
  let rowPage = 0;
  let rowSlot = 0;
  for (;;) {
    const frame = descend(tree, index.root, 0, TO_KEY, key, rowPage, rowSlot);
    const version = tree.path[PATH_VERSION];
    const rowsBefore = witness.rowCount;
    const v = frameSegment(shm, frame);
    const node = frameOffset(shm, frame);
    const count = nodeCount(v, node);
    let at = nodeSearch(v, node, 0, key, rowPage, rowSlot);
    for (; at < count && keyEquals(v, node, at, key); at++)
      noteRow(witness, entryRowPage(v, node, at), entryRowSlot(v, node, at));
    const goesOn = compareToFences(v, node, key, ROW_PAGE_MAX, ROW_SLOT_MAX) === 1;
    if (goesOn) readFence(v, node, FENCE_HIGH, tree.separator);
    if (!readValid(shm.i32, shm.framesBase + frame * FRAME_BYTES, version)) {
      witness.rowCount = rowsBefore;
      awaitVersion(shm, frame);
      continue;
    }
    noteLeaf(witness, tree.path[0], frame, version);
    if (!goesOn) return;
    rowPage = tree.separator.i32[2];
    rowSlot = tree.separator.i32[3];
  }
}

/**
 * A key above all others: the tree's last leaf, where this thread last saw it, is the only one that can hold it, and has no
 * entry of it. Spares the descent when keys rise. False: descend.
 */
function collectAtEdge(tree: Tree, root: number, key: KeyScratch, witness: LeafWitness): boolean {
  const hint = (root & 255) * 4;
  const { edgeHints, shm } = tree;
  if (edgeHints[hint] !== root || edgeHints[hint + 3] !== 1) return false;
  const page = edgeHints[hint + 1];
  const frame = edgeHints[hint + 2];
  const base = shm.framesBase + frame * FRAME_BYTES;
  const version = readBegin(shm.i32, base);
  if (version === READ_LATCHED || pageIdOf(tree.cache, frame) !== page) return false;
  const v = frameSegment(shm, frame);
  const node = frameOffset(shm, frame);
  const isLast =
    pageType(v.u8, node) === PAGE_TYPE_BTREE_LEAF &&
    (pageOwner(v.u32, node) | 0) === root &&
    (nodeFences(v.u16, node) & FENCE_HIGH) === 0;
  const count = nodeCount(v, node);
  if (!isLast || count === 0 || nodeSearch(v, node, 0, key, 0, 0) !== count) return false;
  if (!readValid(shm.i32, base, version)) return false;
  noteLeaf(witness, page, frame, version);
  return true;
}

function noteRow(witness: LeafWitness, rowPage: number, rowSlot: number): void {
  const at = witness.rowCount++;
  if (at === witness.rowPages.length) {
    witness.rowPages = grown(witness.rowPages);
    witness.rowSlots = grown(witness.rowSlots);
  }
  witness.rowPages[at] = rowPage;
  witness.rowSlots[at] = rowSlot;
}

function noteLeaf(witness: LeafWitness, page: number, frame: number, version: number): void {
  const at = witness.leafCount++;
  if (at === witness.pages.length) {
    witness.pages = grown(witness.pages);
    witness.frames = grown(witness.frames);
    witness.versions = grown(witness.versions);
  }
  witness.pages[at] = page;
  witness.frames[at] = frame;
  witness.versions[at] = version;
}

function grown(array: Int32Array): Int32Array {
  const more = new Int32Array(array.length * 2);
  more.set(array);
  return more;
}

/** Whether a leaf of the witness is as it was; for leaves this thread has not latched. */
export function witnessHolds(tree: Tree, witness: LeafWitness, at: number): boolean {
  const frame = witness.frames[at];
  const base = tree.shm.framesBase + frame * FRAME_BYTES;
  return readBegin(tree.shm.i32, base) === witness.versions[at];
}

/** Latches a leaf of the witness; false, nothing latched, if it has moved. An unmoved version proves page and content. */
function latchWitness(tree: Tree, witness: LeafWitness, at: number): boolean {
  const frame = witness.frames[at];
  latchFrame(tree.shm, frame);
  if (versionBeforeLatch(tree.shm, frame) === witness.versions[at]) {
    assert(pageIdOf(tree.cache, frame) === witness.pages[at], 'a frame whose version has not moved has the page it had');
    return true;
  }
  unlatchFrameUnchanged(tree.shm, frame);
  return false;
}

/**
 * Puts (key, row id) into the index if none of the witness's leaves has moved since collectKey(): INDEX_DONE, INDEX_PRESENT
 * (both move the leftmost leaf's version), or INDEX_MOVED: collect and decide again. No latch or hold by the caller.
 */
export function indexInsertUnique(
  tree: Tree,
  index: TreeIndex,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  change: IndexChange,
  witness: LeafWitness,
): IndexStatus {
  assert(witness.leafCount > 0, 'a witness names the leftmost leaf at least');
  if (change.logged) takeCredit(tree.log, entryRecordBytes(kindNumber(index.kind), key));
  tree.misses = 0;
  if (testing) yieldPoint('btree.uniqueLatch');
  if (!latchWitness(tree, witness, 0)) return INDEX_MOVED;
  const first = witness.frames[0];
  for (let at = 1; at < witness.leafCount; at++) {
    if (witnessHolds(tree, witness, at)) continue;
    unlatchFrameUnchanged(tree.shm, first);
    return INDEX_MOVED;
  }
  if (testing) yieldPoint('btree.uniqueWitnessed');
  const target = leafFor(tree, witness, key, rowPage, rowSlot);
  // Left before right (SM-L5).
  if (target < 0 || (target > 0 && !latchWitness(tree, witness, target))) {
    unlatchFrameUnchanged(tree.shm, first);
    return INDEX_MOVED;
  }
  const frame = witness.frames[target];
  const status = insertIntoLeaf(tree, index.root, frame, witness.pages[target], key, rowPage, rowSlot, change);
  if (target > 0) unlatchFrame(tree.shm, frame);
  unlatchFrame(tree.shm, first);
  if (status !== LEAF_FULL) return status as IndexStatus;
  splitNode(tree, index.root, 0, key, rowPage, rowSlot, change.logged);
  return INDEX_MOVED;
}

/** The leaf of the witness whose range holds (key, row id); -1 if one moved while it was looked at. The first is latched. */
function leafFor(tree: Tree, witness: LeafWitness, key: KeyScratch, rowPage: number, rowSlot: number): number {
  for (let at = 0; at < witness.leafCount; at++) {
    const frame = witness.frames[at];
    const inside = compareToFences(frameSegment(tree.shm, frame), frameOffset(tree.shm, frame), key, rowPage, rowSlot) === 0;
    if (at > 0 && !witnessHolds(tree, witness, at)) return -1;
    if (inside) return at;
  }
  return -1;
}
