/**
 * Splitting a full node, and giving the tree a level.
 *
 *   parent  [ ... | child | ... ]            [ ... | child | new | ... ]
 *                    |               ->               |       |
 *                 [ a b c d ]                      [ a b ]  [ c d ]        separator between b and c
 *
 * One log group (SM-W6) touches three pages: image of the new one, truncation of the child, insertion into the parent. All three
 * are latched, parent first (SM-L5), and were brought into the cache before the first latch; the group's credit is taken before
 * that (SM-W1). A parent without room for the separator is split first, in a group of its own, from above; the caller then starts
 * again at the root. So latches are never taken upwards.
 *
 * The root keeps its page (SM-F3): its content moves down into a new child, then the child is split like any other.
 */

import { latchFrame, readValid, unlatchFrame, unlatchFrameUnchanged, versionBeforeLatch } from '../../../shm/frame-latch.ts';
import { FRAME_BYTES } from '../../../shm/frame.layout.gen.ts';
import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { latchPage, latchResident } from '../cache/page-cache.ts';
import { pageLevel, pageOwner, pagePageId, setPageLsn, setPagePageId } from '../page.layout.gen.ts';
import { createKeyScratch, type KeyScratch } from '../rows/runtime.ts';
import { bringIn, descend, NO_LEVEL, PATH_VERSION, TO_KEY } from './descend.ts';
import { copyNode, HIGH_SET, childIndex, childPage, nodeFits, nodeFormat, nodeInsert, nodeTruncate } from './node.ts';
import { nodeKind, nodeLimit } from './node.layout.gen.ts';
import { copyKey, cutNode, fillRight } from './node-split.ts';
import { beginChange, cancelChange, endChange, markChanged, takeNewPage, useNewPage } from './pages.ts';
import { logImage, logParentInsert, logTruncate } from './records.ts';
import type { Tree } from './tree.ts';

const testing = TESTING;

/** The parent has no room for the separator. */
const PARENT_FULL = 1;
const DONE = 2;
/** Something moved: look again. */
const AGAIN = 3;

/**
 * Makes room at `level` where (key, row id) belongs, if there is none: splits that node, or one above it. Afterwards the caller
 * descends again; it may have to call more than once. No latch or hold by the caller.
 */
export function splitNode(
  tree: Tree,
  root: number,
  level: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  logged: boolean,
): void {
  for (;;) {
    const parent = descend(tree, root, level + 1, TO_KEY, key, rowPage, rowSlot);
    if (parent === NO_LEVEL) {
      if (growRoot(tree, root, level, key, logged)) return;
      continue;
    }
    const version = tree.path[(level + 1) * 4 + PATH_VERSION];
    const node = frameOffset(tree.shm, parent);
    const v = frameSegment(tree.shm, parent);
    const child = childPage(v, node, childIndex(v, node, key, rowPage, rowSlot));
    const status = splitUnder(tree, root, parent, version, child, key, rowPage, rowSlot, logged);
    if (status === DONE) return;
    if (status === PARENT_FULL) {
      const separator = createKeyScratch();
      copyKey(tree.separator, tree.separator.i32[2], tree.separator.i32[3], separator);
      return splitNode(tree, root, level + 1, separator, separator.i32[2], separator.i32[3], logged);
    }
  }
}

function splitUnder(
  tree: Tree,
  root: number,
  parent: number,
  version: number,
  childMaybe: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  logged: boolean,
): number {
  const { shm, cache } = tree;
  // The child's number was read without validation: nothing is read in before the parent is known to have been sound.
  if (!readValid(shm.i32, shm.framesBase + parent * FRAME_BYTES, version)) return AGAIN;
  bringIn(tree, childMaybe);
  const page = takeNewPage(tree, root);
  beginChange(tree, root);
  if (testing) yieldPoint('btree.splitLatch');
  latchFrame(shm, parent);
  if (versionBeforeLatch(shm, parent) !== version) {
    unlatchFrameUnchanged(shm, parent);
    cancelChange(tree, root);
    return AGAIN;
  }
  const child = latchResident(cache, childMaybe);
  const right = child < 0 ? -1 : latchResident(cache, page);
  if (right < 0) {
    if (child >= 0) unlatchFrameUnchanged(shm, child);
    unlatchFrameUnchanged(shm, parent);
    cancelChange(tree, root);
    return AGAIN;
  }
  const status = splitLatched(tree, root, parent, child, right, page, key, rowPage, rowSlot, logged);
  if (status === DONE_UNCHANGED || status === PARENT_FULL) {
    unlatchFrameUnchanged(shm, right);
    unlatchFrameUnchanged(shm, child);
    unlatchFrameUnchanged(shm, parent);
    cancelChange(tree, root);
    return status === PARENT_FULL ? PARENT_FULL : DONE;
  }
  unlatchFrame(shm, right);
  unlatchFrame(shm, child);
  unlatchFrame(shm, parent);
  return DONE;
}

/** Somebody else has made room meanwhile. */
const DONE_UNCHANGED = 4;

function splitLatched(
  tree: Tree,
  root: number,
  parentFrame: number,
  childFrame: number,
  rightFrame: number,
  page: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  logged: boolean,
): number {
  const { shm, log, separator } = tree;
  const p = frameSegment(shm, parentFrame);
  const parent = frameOffset(shm, parentFrame);
  const v = frameSegment(shm, childFrame);
  const child = frameOffset(shm, childFrame);
  const w = frameSegment(shm, rightFrame);
  const right = frameOffset(shm, rightFrame);
  const kind = nodeKind(v.u16, child);
  if (nodeFits(v, child, key)) return DONE_UNCHANGED;
  const at = cutNode(v, child, key, rowPage, rowSlot, separator);
  if (!nodeFits(p, parent, separator)) return PARENT_FULL;
  const index = childIndex(p, parent, separator, separator.i32[2], separator.i32[3]) + 1;
  const childPageId = childPage(p, parent, index - 1);
  setPageLsn(w.f64, right, 0);
  fillRight(v, child, at, separator, w, right, page);
  nodeTruncate(v, child, at, HIGH_SET, separator);
  nodeInsert(p, parent, index, separator, separator.i32[2], separator.i32[3], page);
  useNewPage(tree, root);
  if (logged) {
    logImage(log, root, w, right);
    logTruncate(log, root, childPageId, kind, at, HIGH_SET, separator);
    logParentInsert(log, root, pagePageId(p.u32, parent), kind, index, separator, page);
  }
  endChange(tree, root);
  markChanged(tree, rightFrame, logged);
  markChanged(tree, childFrame, logged);
  markChanged(tree, parentFrame, logged);
  return DONE;
}

/** The root, full at `level`, gets one child with all it has, and is one level higher. False: look again. */
function growRoot(tree: Tree, root: number, level: number, key: KeyScratch, logged: boolean): boolean {
  const { shm, cache, log } = tree;
  const page = takeNewPage(tree, root);
  beginChange(tree, root);
  const frame = latchPage(cache, root);
  const v = frameSegment(shm, frame);
  const node = frameOffset(shm, frame);
  const done = pageLevel(v.u16, node) !== level || nodeFits(v, node, key);
  const childFrame = done ? -1 : latchResident(cache, page);
  if (childFrame < 0) {
    unlatchFrameUnchanged(shm, frame);
    cancelChange(tree, root);
    return done;
  }
  const w = frameSegment(shm, childFrame);
  const child = frameOffset(shm, childFrame);
  setPageLsn(w.f64, child, 0);
  copyNode(v, node, w, child);
  setPagePageId(w.u32, child, page);
  const kind = nodeKind(v.u16, node);
  nodeFormat(v, node, root, level + 1, kind, pageOwner(v.u32, node), nodeLimit(v.u16, node));
  nodeInsert(v, node, 0, NO_KEY, 0, 0, page);
  useNewPage(tree, root);
  if (logged) {
    logImage(log, root, w, child);
    logImage(log, root, v, node);
  }
  endChange(tree, root);
  markChanged(tree, childFrame, logged);
  markChanged(tree, frame, logged);
  unlatchFrame(shm, childFrame);
  unlatchFrame(shm, frame);
  return true;
}

/** The key of entry 0 of an inner node: never compared. */
const NO_KEY: KeyScratch = createKeyScratch();
