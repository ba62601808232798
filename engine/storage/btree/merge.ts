/**
 * Taking empty nodes away.
 *
 *   parent  [ ... | left | right | ... ]        [ ... | left | ... ]
 *                    |      |           ->              |
 *                 [ a b ]  [ ]                       [ a b ]          left's high fence is now right's
 *
 * Always the right of two neighbours under one parent goes away and its entries, if it is the left that is empty, move into the
 * left page: no other parent names either of them. One log group (SM-W6); the page is given back once the group is durable and
 * every epoch has passed (SM-F2, SM-L6). An inner node left with one child is merged with a neighbour if both fit one page; a root
 * left with one child takes that child's place, so that its page stays (SM-F3).
 *
 * All of this only tidies: where a merge does not fit, or the disk is full, an empty node stays, which is a sound tree.
 */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { latchFrame, readValid, unlatchFrame, unlatchFrameUnchanged, versionBeforeLatch } from '../../../shm/frame-latch.ts';
import { FRAME_BYTES } from '../../../shm/frame.layout.gen.ts';
import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { latchPage, latchResident } from '../cache/page-cache.ts';
import { NO_PAGE } from '../../../shm/types.ts';
import { pageLevel, pageSlotCount } from '../page.layout.gen.ts';
import { createKeyScratch, type KeyScratch } from '../rows/runtime.ts';
import { bringIn, descend, NO_LEVEL, PATH_VERSION, TO_KEY } from './descend.ts';
import { readFence } from './fences.ts';
import { FENCE_HIGH } from './node.layout.ts';
import { nodeKind } from './node.layout.gen.ts';
import { childIndex, childPage, copyNode, HIGH_NONE, HIGH_SET, nodeCount, nodeRemove, nodeTruncate } from './node.ts';
import { mergeFits, mergeRight } from './node-split.ts';
import { beginChange, cancelChange, endChange, blankPage, giveBackPage, markChanged, prepareBlank } from './pages.ts';
import { logImage, logParentDelete, logTruncate } from './records.ts';
import type { Tree } from './tree.ts';

const testing = TESTING;

/** A merge was made: there may be more to do. */
const MERGED = 1;
const NOTHING = 2;
/** Something moved: look again. */
const AGAIN = 3;
/** The node has no neighbour under its parent: the parent has to be merged first. */
const BLOCKED = 4;

/** How often a merge looks again before it leaves the empty node where it is. */
const TRIES = 64;

const fence: KeyScratch = createKeyScratch();

/** Merges the leaf that (key, row id) belongs to with a neighbour, if one of the two is empty; then what that leaves above. */
export function mergeEmpty(tree: Tree, root: number, key: KeyScratch, rowPage: number, rowSlot: number, logged: boolean): void {
  try {
    tidy(tree, root, 0, key, rowPage, rowSlot, logged);
  } catch (error) {
    if (error instanceof SqlError && error.code === SQLSTATE.disk_full) return;
    throw error;
  }
}

/** True if anything was merged at this level. */
function tidy(
  tree: Tree,
  root: number,
  level: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  logged: boolean,
): boolean {
  let merged = false;
  for (let turn = 0; turn < TRIES; turn++) {
    const status = mergeAt(tree, root, level, key, rowPage, rowSlot, logged);
    if (status === NOTHING) return merged;
    if (status === BLOCKED && !tidy(tree, root, level + 1, key, rowPage, rowSlot, logged)) return merged;
    if (status === MERGED) {
      merged = true;
      tidy(tree, root, level + 1, key, rowPage, rowSlot, logged);
    }
  }
  return merged;
}

function mergeAt(
  tree: Tree,
  root: number,
  level: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  logged: boolean,
): number {
  const { shm } = tree;
  const parent = descend(tree, root, level + 1, TO_KEY, key, rowPage, rowSlot);
  if (parent === NO_LEVEL) return NOTHING;
  const version = tree.path[(level + 1) * 4 + PATH_VERSION];
  const parentPage = tree.path[(level + 1) * 4];
  const v = frameSegment(shm, parent);
  const node = frameOffset(shm, parent);
  const count = nodeCount(v, node);
  const at = childIndex(v, node, key, rowPage, rowSlot);
  const self = childPage(v, node, at);
  const left = at > 0 ? childPage(v, node, at - 1) : NO_PAGE;
  const right = at + 1 < count ? childPage(v, node, at + 1) : NO_PAGE;
  if (!readValid(shm.i32, shm.framesBase + parent * FRAME_BYTES, version)) return AGAIN;
  if (count === 1) {
    if (parentPage === root) return collapseRoot(tree, root, parent, version, self, logged);
    return wantsMerge(tree, self) ? BLOCKED : NOTHING;
  }
  const status = left === NO_PAGE ? NOTHING : mergePair(tree, root, parent, parentPage, version, at - 1, left, self, logged);
  if (status !== NOTHING || right === NO_PAGE) return status;
  return mergePair(tree, root, parent, parentPage, version, at, self, right, logged);
}

/** An empty leaf, or an inner node with one child. */
function isSpent(level: number, count: number): boolean {
  return level === 0 ? count === 0 : count === 1;
}

function wantsMerge(tree: Tree, page: number): boolean {
  const frame = latchPage(tree.cache, page);
  const u16 = frameSegment(tree.shm, frame).u16;
  const node = frameOffset(tree.shm, frame);
  const wants = isSpent(pageLevel(u16, node), pageSlotCount(u16, node));
  unlatchFrameUnchanged(tree.shm, frame);
  return wants;
}

/** Merges children `index` and `index + 1` of the parent into the left page, if one is spent and both fit. */
function mergePair(
  tree: Tree,
  root: number,
  parent: number,
  parentPage: number,
  version: number,
  index: number,
  leftPage: number,
  rightPage: number,
  logged: boolean,
): number {
  const { shm, cache } = tree;
  bringIn(tree, leftPage);
  bringIn(tree, rightPage);
  prepareBlank(tree, rightPage);
  beginChange(tree, root);
  if (testing) yieldPoint('btree.mergeLatch');
  latchFrame(shm, parent);
  const same = versionBeforeLatch(shm, parent) === version;
  const left = same ? latchResident(cache, leftPage) : -1;
  const right = left >= 0 ? latchResident(cache, rightPage) : -1;
  const fits = right >= 0 && pairFits(tree, left, right);
  if (!fits) {
    if (right >= 0) unlatchFrameUnchanged(shm, right);
    if (left >= 0) unlatchFrameUnchanged(shm, left);
    unlatchFrameUnchanged(shm, parent);
    cancelChange(tree, root);
    return right >= 0 ? NOTHING : AGAIN;
  }
  mergeLatched(tree, root, parent, parentPage, index, left, leftPage, right, rightPage, logged);
  unlatchFrame(shm, right);
  unlatchFrame(shm, left);
  unlatchFrame(shm, parent);
  if (testing) yieldPoint('btree.merged');
  giveBackPage(tree, rightPage);
  return MERGED;
}

function pairFits(tree: Tree, leftFrame: number, rightFrame: number): boolean {
  const v = frameSegment(tree.shm, leftFrame);
  const left = frameOffset(tree.shm, leftFrame);
  const w = frameSegment(tree.shm, rightFrame);
  const right = frameOffset(tree.shm, rightFrame);
  const level = pageLevel(v.u16, left);
  const spent = isSpent(level, pageSlotCount(v.u16, left)) || isSpent(level, pageSlotCount(w.u16, right));
  return spent && mergeFits(v, left, w, right);
}

function mergeLatched(
  tree: Tree,
  root: number,
  parentFrame: number,
  parentPage: number,
  index: number,
  leftFrame: number,
  leftPage: number,
  rightFrame: number,
  rightPage: number,
  logged: boolean,
): void {
  const { shm, log } = tree;
  const v = frameSegment(shm, leftFrame);
  const left = frameOffset(shm, leftFrame);
  const w = frameSegment(shm, rightFrame);
  const right = frameOffset(shm, rightFrame);
  const p = frameSegment(shm, parentFrame);
  const parent = frameOffset(shm, parentFrame);
  if (pageSlotCount(w.u16, right) === 0) {
    const count = pageSlotCount(v.u16, left);
    const mode = readFence(w, right, FENCE_HIGH, fence) ? HIGH_SET : HIGH_NONE;
    if (mode === HIGH_NONE) fence.length = 0;
    nodeTruncate(v, left, count, mode, fence);
    if (logged) logTruncate(log, root, leftPage, nodeKind(v.u16, left), count, mode, fence);
  } else {
    mergeRight(v, left, w, right);
    if (logged) logImage(log, root, v, left);
  }
  nodeRemove(p, parent, index + 1);
  if (logged) logParentDelete(log, root, parentPage, index + 1);
  blankPage(tree, rightFrame, rightPage, root, logged);
  endChange(tree, root);
  markChanged(tree, rightFrame, logged);
  markChanged(tree, leftFrame, logged);
  markChanged(tree, parentFrame, logged);
}

/** The root's only child moves into the root's page; the tree is one level lower. */
function collapseRoot(tree: Tree, root: number, rootAt: number, version: number, childPageId: number, logged: boolean): number {
  const { shm, cache } = tree;
  bringIn(tree, childPageId);
  prepareBlank(tree, childPageId);
  beginChange(tree, root);
  latchFrame(shm, rootAt);
  const child = versionBeforeLatch(shm, rootAt) === version ? latchResident(cache, childPageId) : -1;
  if (child < 0) {
    unlatchFrameUnchanged(shm, rootAt);
    cancelChange(tree, root);
    return AGAIN;
  }
  const v = frameSegment(shm, rootAt);
  const node = frameOffset(shm, rootAt);
  copyNode(frameSegment(shm, child), frameOffset(shm, child), v, node);
  if (logged) logImage(tree.log, root, v, node);
  blankPage(tree, child, childPageId, root, logged);
  endChange(tree, root);
  markChanged(tree, child, logged);
  markChanged(tree, rootAt, logged);
  unlatchFrame(shm, child);
  unlatchFrame(shm, rootAt);
  giveBackPage(tree, childPageId);
  return MERGED;
}
