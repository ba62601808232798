/**
 * Structure changes and the pages they take and give: one log group each (SM-W6), or none where the index is not logged.
 *
 *   takeNewPage()   no latch held: a page of this thread's own, allocated and in the cache; kept as the spare until it is used
 *   beginChange()   no latch held: the group's credit
 *   ... latches, verifies, changes, logs ...
 *   useNewPage()    the spare is part of the tree now; or cancelChange(): it stays the spare
 *   endChange()     the group is in the ring; markChanged() for every page, then the latches go
 *   giveBackPage()  no latch held: a page that left the tree is free once the group is durable and every epoch has passed (SM-F2)
 */

import { assert } from '../../../shm/assert.ts';
import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { fetchNewFrame, pageChanged, pageTouched } from '../cache/page-cache.ts';
import { groupBegin, groupCancel, groupEnd } from '../log/group.ts';
import { PAGE_BYTES, PAGE_TYPE } from '../page.layout.gen.ts';
import { logBlank } from './records.ts';
import type { Tree } from './tree.ts';

/** What index code asks of the space: single pages. Both are called without latch or hold and may wait, read, write, or throw 53100. */
export interface IndexPages {
  /** A page that nobody else has, in the temporary file or in the data file. */
  take(temporary: boolean): number;
  /** A page that has left its index, at log position `lsn` (0: not logged): reused only after that is durable and all epochs passed. */
  giveBack(page: number, lsn: number): void;
}

const spareOf = (root: number): number => (root < 0 ? 1 : 0);

/** A page for the tree with this root, in the cache at the moment. The same one again until useNewPage(). */
export function takeNewPage(tree: Tree, root: number): number {
  const at = spareOf(root);
  if (tree.sparePages[at] === 0) tree.sparePages[at] = tree.pages.take(root < 0);
  fetchNewFrame(tree.cache, tree.sparePages[at]);
  return tree.sparePages[at];
}

/** The spare page has become part of the tree. */
export function useNewPage(tree: Tree, root: number): void {
  assert(tree.sparePages[spareOf(root)] !== 0, 'a page is used after it was taken');
  tree.sparePages[spareOf(root)] = 0;
}

/** Gives the spare pages back: the thread leaves. */
export function giveBackSpares(tree: Tree): void {
  for (let at = 0; at < 2; at++) {
    const page = tree.sparePages[at];
    tree.sparePages[at] = 0;
    if (page !== 0) tree.pages.giveBack(page, 0);
  }
}

export function beginChange(tree: Tree, logged: boolean): void {
  if (logged) groupBegin(tree.log);
}

export function cancelChange(tree: Tree, logged: boolean): void {
  if (logged) groupCancel(tree.log);
}

export function endChange(tree: Tree, logged: boolean): void {
  if (logged) groupEnd(tree.log);
}

/** After endChange(), under the latch. */
export function markChanged(tree: Tree, frame: number, logged: boolean): void {
  if (logged) pageChanged(tree.cache, frame, tree.log.scratch);
  else pageTouched(tree.cache, frame);
}

/** A latched page leaves the tree: whoever comes by an old hint finds a page without a type. */
export function blankPage(tree: Tree, frame: number, page: number, root: number, logged: boolean): void {
  const node = frameOffset(tree.shm, frame);
  frameSegment(tree.shm, frame).i32.fill(0, (node + PAGE_TYPE) >> 2, (node + PAGE_BYTES) >> 2);
  if (logged) logBlank(tree.log, root, page);
}

/** Right after the group that took the page out of the tree: log.scratch still has its end. */
export function giveBackPage(tree: Tree, page: number, logged: boolean): void {
  tree.pages.giveBack(page, logged ? tree.log.scratch[1] : 0);
}
