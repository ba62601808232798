/** Making an index, and finding all pages of one that is dropped. */

import { unlatchFrame } from '../../../shm/frame-latch.ts';
import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { holdPage, latchNewPage, releasePage } from '../cache/page-cache.ts';
import { pageLevel, setPageLsn } from '../page.layout.gen.ts';
import type { IndexKind } from '../rows/runtime.ts';
import { kindNumber } from './insert.ts';
import { childPage, nodeCount, nodeFormat } from './node.ts';
import { beginChange, endChange, markChanged, takeNewPage, useNewPage } from './pages.ts';
import { logImage } from './records.ts';
import type { Tree } from './tree.ts';

/**
 * Makes an empty index and returns its root page, which stays the root for life (SM-F3). A temporary index lies in the temporary
 * file; `logged` is false for it and for indexes of unlogged tables. `limit` (0 or at least 4) keeps nodes smaller than a page:
 * for tests, which want high trees from few entries. One log group; the page is lost if its catalog row is never written.
 */
export function createIndex(tree: Tree, kind: IndexKind, logged: boolean, temporary = false, limit = 0): number {
  // Below 0 lies the temporary file.
  const root = temporary ? -2 : 0;
  const page = takeNewPage(tree, root);
  beginChange(tree, root);
  const frame = latchNewPage(tree.cache, page);
  const v = frameSegment(tree.shm, frame);
  const node = frameOffset(tree.shm, frame);
  setPageLsn(v.f64, node, 0);
  nodeFormat(v, node, page, 0, kindNumber(kind), page, limit);
  useNewPage(tree, root);
  if (logged) logImage(tree.log, page, v, node);
  endChange(tree, root);
  markChanged(tree, frame, logged);
  unlatchFrame(tree.shm, frame);
  return page;
}

/** Calls `visit` for each page of an index that nobody uses any more, children before their parent, the root last. */
export function eachIndexPage(tree: Tree, root: number, visit: (page: number) => void): void {
  const frame = holdPage(tree.cache, root);
  const v = frameSegment(tree.shm, frame);
  const node = frameOffset(tree.shm, frame);
  const children: number[] = [];
  // Under the hold only words are copied; a list is grown afterwards.
  const count = pageLevel(v.u16, node) === 0 ? 0 : nodeCount(v, node);
  for (let at = 0; at < count; at++) copied[at] = childPage(v, node, at);
  releasePage(tree.cache, frame);
  for (let at = 0; at < count; at++) children.push(copied[at]);
  for (const child of children) eachIndexPage(tree, child, visit);
  visit(root);
}

const copied = new Int32Array(1024);
