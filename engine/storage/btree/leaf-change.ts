/**
 * Changing one leaf: latch it where a descent or a hint found it, put an entry in or take one out, log it (SM-W1: credit was
 * taken before the latch), mark the page changed. Hot: the way of every insert.
 */

import { latchFrame, unlatchFrameUnchanged, versionBeforeLatch } from '../../../shm/frame-latch.ts';
import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { pageChanged, pageIdOf, pageTouched } from '../cache/page-cache.ts';
import { RECORD } from '../log/records.ts';
import { pageOwner, pageSlotCount, pageType } from '../page.layout.gen.ts';
import { PAGE_TYPE_BTREE_LEAF } from '../page.layout.ts';
import type { KeyScratch } from '../rows/runtime.ts';
import { compareToFences } from './fences.ts';
import { FENCE_HIGH } from './node.layout.ts';
import { nodeFences, nodeKind } from './node.layout.gen.ts';
import { nodeFits, nodeHas, nodeInsert, nodeRemove, nodeSearch } from './node.ts';
import { logEntry } from './records.ts';
import { INDEX_ABSENT, INDEX_DONE, INDEX_PRESENT, type IndexChange, type Tree } from './tree.ts';

const testing = TESTING;

/** From insertIntoLeaf(): nothing changed, the leaf is full. */
export const LEAF_FULL = 0;

/**
 * Latches the leaf that a descent found, if it is still the one for (key, row id): its version has not moved, or it is the
 * same node of the same tree with a range that holds the place. Else false, nothing latched.
 */
export function latchLeaf(
  tree: Tree,
  root: number,
  frame: number,
  page: number,
  version: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
): boolean {
  const shm = tree.shm;
  latchFrame(shm, frame);
  if (testing) yieldPoint('btree.leafLatched');
  if (versionBeforeLatch(shm, frame) === version) return true;
  const v = frameSegment(shm, frame);
  const node = frameOffset(shm, frame);
  if (
    pageIdOf(tree.cache, frame) === page &&
    pageType(v.u8, node) === PAGE_TYPE_BTREE_LEAF &&
    (pageOwner(v.u32, node) | 0) === root &&
    compareToFences(v, node, key, rowPage, rowSlot) === 0
  ) {
    return true;
  }
  unlatchFrameUnchanged(shm, frame);
  return false;
}

/** Puts an entry into the latched leaf of its range: INDEX_DONE, INDEX_PRESENT, or LEAF_FULL. Notes the tree's right edge. */
export function insertIntoLeaf(
  tree: Tree,
  root: number,
  frame: number,
  page: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  change: IndexChange,
): number {
  const v = frameSegment(tree.shm, frame);
  const node = frameOffset(tree.shm, frame);
  const index = nodeSearch(v, node, 0, key, rowPage, rowSlot);
  const count = pageSlotCount(v.u16, node);
  if (index < count && nodeHas(v, node, index, key, rowPage, rowSlot)) return INDEX_PRESENT;
  if (!nodeFits(v, node, key)) return LEAF_FULL;
  placeInLeaf(tree, root, frame, page, index, key, rowPage, rowSlot, change);
  if (index === count && (nodeFences(v.u16, node) & FENCE_HIGH) === 0) {
    const hint = (root & 255) * 4;
    tree.edgeHints[hint] = root;
    tree.edgeHints[hint + 1] = page;
    tree.edgeHints[hint + 2] = frame;
    tree.edgeHints[hint + 3] = 1;
  }
  return INDEX_DONE;
}

/** The change itself: log record, entry, page LSN. The leaf is latched and has room. */
export function placeInLeaf(
  tree: Tree,
  root: number,
  frame: number,
  page: number,
  index: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  change: IndexChange,
): void {
  const v = frameSegment(tree.shm, frame);
  const node = frameOffset(tree.shm, frame);
  if (!change.logged) {
    nodeInsert(v, node, index, key, rowPage, rowSlot, 0);
    pageTouched(tree.cache, frame);
    return;
  }
  logEntry(tree.log, RECORD.indexInsert, change, root, nodeKind(v.u16, node), page, key, rowPage, rowSlot);
  nodeInsert(v, node, index, key, rowPage, rowSlot, 0);
  pageChanged(tree.cache, frame, tree.log.scratch);
}

/** Takes an entry out of the latched leaf of its range: INDEX_DONE or INDEX_ABSENT. */
export function removeFromLeaf(
  tree: Tree,
  root: number,
  frame: number,
  page: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  change: IndexChange,
): number {
  const v = frameSegment(tree.shm, frame);
  const node = frameOffset(tree.shm, frame);
  const index = nodeSearch(v, node, 0, key, rowPage, rowSlot);
  if (index >= pageSlotCount(v.u16, node) || !nodeHas(v, node, index, key, rowPage, rowSlot)) return INDEX_ABSENT;
  if (!change.logged) {
    nodeRemove(v, node, index);
    pageTouched(tree.cache, frame);
    return INDEX_DONE;
  }
  logEntry(tree.log, RECORD.indexDelete, change, root, nodeKind(v.u16, node), page, key, rowPage, rowSlot);
  nodeRemove(v, node, index);
  pageChanged(tree.cache, frame, tree.log.scratch);
  return INDEX_DONE;
}
