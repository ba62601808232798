/**
 * Structure changes and the pages they take and give: one log group each (SM-W6), or none for indexes in the temporary file. An
 * unlogged index in the data file has groups too, but only for what it takes from and gives to the free space.
 *
 *   takeNewPage()   no latch held: a page reserved for this thread, in the cache; kept as the spare until it is used
 *   beginChange()   no latch held: the group's credit
 *   ... latches, verifies, changes, logs ...
 *   useNewPage()    after all latches: the spare is part of the tree now; or blankPage(): a page leaves it
 *   endChange()     the group is in the ring; markChanged() for every page, then the latches go. Or cancelChange() before any change
 *   giveBackPage()  no latch held: the page that left is free once the group is durable and every epoch has passed (SM-F2)
 */

import { assert } from '../../../shm/assert.ts';
import { lookupFrame } from '../../../shm/page-table.ts';
import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { fetchNewFrame, pageChanged, pageTouched } from '../cache/page-cache.ts';
import { groupBegin, groupCancel, groupEnd } from '../log/group.ts';
import { queueRetired } from '../space/retired.ts';
import {
  allocateReserved,
  endSpaceChanges,
  prepareRetire,
  releaseReservation,
  reservePages,
  retireInGroup,
} from '../space/space.ts';
import { freeTemporaryPages, takeTemporaryPages } from '../space/temporary-pages.ts';
import { noteMiss } from './descend.ts';
import { nodeKind } from './node.layout.gen.ts';
import { nodeFormat } from './node.ts';
import { logImage } from './records.ts';
import type { Tree } from './tree.ts';

/** Most log bytes of one change: a page image, two records with the longest keys, what the free space adds. A quarter of the smallest ring is 16 KiB. */
const CHANGE_BYTES_MAX = 13 << 10;

/** Owner of a page that has left its tree: page 0 is no root. */
const NO_TREE = 0;

const spareOf = (root: number): number => (root < 0 ? 1 : 0);

/** A page for the tree with this root, in the cache at the moment. The same one again until useNewPage(). 53100 when the disk is full. */
export function takeNewPage(tree: Tree, root: number): number {
  const at = spareOf(root);
  if (tree.sparePages[at] === 0) tree.sparePages[at] = root < 0 ? takeTemporaryPages(tree.space, 1) : reservePages(tree.space, 1);
  if (lookupFrame(tree.shm, tree.sparePages[at]) < 0) noteMiss(tree);
  fetchNewFrame(tree.cache, tree.sparePages[at]);
  return tree.sparePages[at];
}

/** The spare page becomes part of the tree. In the group, after all other latches are taken. */
export function useNewPage(tree: Tree, root: number): void {
  const page = tree.sparePages[spareOf(root)];
  assert(page !== 0, 'a page is used after it was taken');
  tree.sparePages[spareOf(root)] = 0;
  if (root >= 0) allocateReserved(tree.space, page);
}

/** Gives the spare pages back: the thread leaves. */
export function giveBackSpares(tree: Tree): void {
  if (tree.sparePages[0] !== 0) releaseReservation(tree.space, tree.sparePages[0]);
  if (tree.sparePages[1] !== 0) freeTemporaryPages(tree.space, tree.sparePages[1], 1);
  tree.sparePages.fill(0);
}

/** Credit for a group of the tree with this root. No latch held. */
export function beginChange(tree: Tree, root: number): void {
  if (root >= 0) groupBegin(tree.log, CHANGE_BYTES_MAX);
}

/** Nothing was changed. */
export function cancelChange(tree: Tree, root: number): void {
  if (root >= 0) groupCancel(tree.log);
}

export function endChange(tree: Tree, root: number): void {
  if (root < 0) return;
  groupEnd(tree.log);
  endSpaceChanges(tree.space, tree.log.scratch);
}

/** After endChange(), under the latch. */
export function markChanged(tree: Tree, frame: number, logged: boolean): void {
  if (logged) pageChanged(tree.cache, frame, tree.log.scratch);
  else pageTouched(tree.cache, frame);
}

/** Before the latches of a change in which a page will leave the tree. */
export function prepareBlank(tree: Tree, page: number): void {
  if (page >= 0) prepareRetire(tree.space, page);
}

/** A latched page leaves the tree, in the group: whoever comes by an old hint finds a node of no tree. */
export function blankPage(tree: Tree, frame: number, page: number, root: number, logged: boolean): void {
  const v = frameSegment(tree.shm, frame);
  const node = frameOffset(tree.shm, frame);
  nodeFormat(v, node, page, 0, nodeKind(v.u16, node), NO_TREE, 0);
  if (logged) logImage(tree.log, root, v, node);
  if (page >= 0) retireInGroup(tree.space, page, 1);
}

/** Right after the group that took the page out of the tree: log.scratch still has its end. */
export function giveBackPage(tree: Tree, page: number): void {
  if (page < 0) freeTemporaryPages(tree.space, page, 1);
  else queueRetired(tree.space, page, 1, tree.log.scratch[1]);
}
