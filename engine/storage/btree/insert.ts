/**
 * Inserting an entry.
 *
 *   hint of the right edge good?  -> latch it, append                            one latch, no descent
 *   else descend without latches  -> latch the leaf, verify, put the entry in
 *   leaf full                     -> let go, split (a log group of its own), again
 *
 * Credit is taken before each latch (SM-W1). Whoever needs file credit for the undo of this change has claimed it before.
 * Unique indexes: unique.ts.
 */

import {
  latchFrame,
  READ_LATCHED,
  readBegin,
  unlatchFrame,
  unlatchFrameUnchanged,
  versionBeforeLatch,
} from '../../../shm/frame-latch.ts';
import { FRAME_BYTES, FRAME_PAGE_ID } from '../../../shm/frame.layout.gen.ts';
import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { takeCredit } from '../log/credit.ts';
import { pageOwner, pageType } from '../page.layout.gen.ts';
import { PAGE_TYPE_BTREE_LEAF } from '../page.layout.ts';
import type { IndexKind, KeyScratch } from '../rows/runtime.ts';
import { descend, PATH_VERSION, TO_KEY } from './descend.ts';
import { insertIntoLeaf, latchLeaf, LEAF_FULL, placeInLeaf } from './leaf-change.ts';
import { FENCE_HIGH, KIND_BYTES, KIND_I32, KIND_I64 } from './node.layout.ts';
import { nodeFences } from './node.layout.gen.ts';
import { nodeCount, nodeFits, nodeSearch } from './node.ts';
import { entryRecordBytes } from './records.ts';
import { splitNode } from './split.ts';
import { INDEX_DONE, type IndexChange, type IndexStatus, type Tree, type TreeIndex } from './tree.ts';

/** The number that nodes store for an index's kind. */
export function kindNumber(kind: IndexKind): number {
  if (kind === 'i32') return KIND_I32;
  return kind === 'i64' ? KIND_I64 : KIND_BYTES;
}

/**
 * Puts (key, row id) into the index: INDEX_DONE, or INDEX_PRESENT if it was there. No latch or hold by the caller. Errors: those
 * of the cache and of the log's credit (53100), before anything was changed.
 */
export function indexInsert(
  tree: Tree,
  index: TreeIndex,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  change: IndexChange,
): IndexStatus {
  const root = index.root;
  tree.misses = 0;
  if (change.logged) takeCredit(tree.log, entryRecordBytes(kindNumber(index.kind), key));
  if (tree.edgeHints[(root & 255) * 4 + 3] !== 0 && insertAtEdge(tree, root, key, rowPage, rowSlot, change)) return INDEX_DONE;
  for (;;) {
    const frame = descend(tree, root, 0, TO_KEY, key, rowPage, rowSlot);
    const page = tree.path[0];
    if (!latchLeaf(tree, root, frame, page, tree.path[PATH_VERSION], key, rowPage, rowSlot)) continue;
    const status = insertIntoLeaf(tree, root, frame, page, key, rowPage, rowSlot, change);
    if (status !== LEAF_FULL) {
      unlatchFrame(tree.shm, frame);
      return status as IndexStatus;
    }
    unlatchFrameUnchanged(tree.shm, frame);
    splitNode(tree, root, 0, key, rowPage, rowSlot, change.logged);
    if (change.logged) takeCredit(tree.log, entryRecordBytes(kindNumber(index.kind), key));
  }
}

/**
 * Appends to the leaf where this thread last met the right edge, if that still is the edge, the entry goes behind all others
 * there and has room. What is read before the latch holds under it, because the version has not moved (SM-L3).
 */
function insertAtEdge(tree: Tree, root: number, key: KeyScratch, rowPage: number, rowSlot: number, change: IndexChange): boolean {
  const hint = (root & 255) * 4;
  if (tree.edgeHints[hint] !== root) return false;
  const page = tree.edgeHints[hint + 1];
  const frame = tree.edgeHints[hint + 2];
  const shm = tree.shm;
  const base = shm.framesBase + frame * FRAME_BYTES;
  const version = readBegin(shm.i32, base);
  if (version === READ_LATCHED || shm.i32[(base + FRAME_PAGE_ID) >>> 2] !== page) return false;
  const v = frameSegment(shm, frame);
  const node = frameOffset(shm, frame);
  const count = nodeCount(v, node);
  if (
    pageType(v.u8, node) !== PAGE_TYPE_BTREE_LEAF ||
    (pageOwner(v.u32, node) | 0) !== root ||
    (nodeFences(v.u16, node) & FENCE_HIGH) !== 0 ||
    count === 0 ||
    nodeSearch(v, node, count - 1, key, rowPage, rowSlot) !== count ||
    !nodeFits(v, node, key)
  ) {
    return false;
  }
  latchFrame(shm, frame);
  if (versionBeforeLatch(shm, frame) !== version) {
    unlatchFrameUnchanged(shm, frame);
    return false;
  }
  placeInLeaf(tree, root, frame, page, count, key, rowPage, rowSlot, change);
  unlatchFrame(shm, frame);
  return true;
}
