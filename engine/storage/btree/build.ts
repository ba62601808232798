/**
 * Building an index from entries that come in order: bottom-up, each node once, leaves full and inner nodes nine tenths full.
 *
 *   level 2                         [ open ]                     becomes the root's content at the end
 *   level 1        [done] [done] [ open ]
 *   level 0   [done] [done] [done] [ open ] <- next entry
 *
 * Every level has one open node, in memory of this thread, without a high fence like any node at the right edge. When an entry
 * does not fit, the node gets its high fence and goes to its page, in a log group that also allocates the page (SM-W6), and the
 * fence and the new node's page go to the level above. The root's page is written last, so nobody reaches a half-built index; a
 * crash before that leaves the pages allocated and unreachable, until check() finds them.
 */

import { assert } from '../../../shm/assert.ts';
import { unlatchFrame } from '../../../shm/frame-latch.ts';
import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { latchNewPage, latchPage } from '../cache/page-cache.ts';
import { pageLevel, pageOwner, pageSlotCount, setPageLsn, setPagePageId } from '../page.layout.gen.ts';
import { type ByteViews, privateViews } from '../rows/byte-views.ts';
import { createKeyScratch, type KeyScratch } from '../rows/runtime.ts';
import { copyNode, HIGH_SET, nodeFits, nodeFormat, nodeInsert, nodeMax, nodeTruncate, readEntry } from './node.ts';
import { nodeKind, nodeLimit } from './node.layout.gen.ts';
import { closingFence, fillRight } from './node-split.ts';
import { beginChange, endChange, markChanged, takeNewPage, useNewPage } from './pages.ts';
import { logImage } from './records.ts';
import { compareKeys } from './order.ts';
import type { Tree, TreeIndex } from './tree.ts';

/** Entries in ascending order of (key, row id). */
export interface SortedEntries {
  /** The entry that next() moved to; its row id in key.i32[2], key.i32[3]. */
  readonly key: KeyScratch;
  /** Moves to the next entry; false at the end. May read files; nothing is latched or held. */
  next(): boolean;
}

interface OpenNode {
  views: ByteViews;
  spare: ByteViews;
  /** Page it will go to; NO_PLACE while it is the only node of its level. */
  page: number;
}

const NO_PLACE = -1;
/** Share of an inner node that is filled. */
const INNER_FILL = 0.9;

interface Build {
  readonly tree: Tree;
  readonly root: number;
  readonly kind: number;
  readonly limit: number;
  readonly logged: boolean;
  readonly levels: OpenNode[];
}

/**
 * Fills an empty index that nobody else uses yet. Returns how many entries. Throws what the source throws, 53100, and fails the
 * assertion that entries ascend.
 */
export function buildIndex(tree: Tree, index: TreeIndex, entries: SortedEntries, logged: boolean): number {
  const frame = latchPage(tree.cache, index.root);
  const v = frameSegment(tree.shm, frame);
  const node = frameOffset(tree.shm, frame);
  const empty = pageLevel(v.u16, node) === 0 && pageSlotCount(v.u16, node) === 0 && (pageOwner(v.u32, node) | 0) === index.root;
  const build: Build = { tree, root: index.root, kind: nodeKind(v.u16, node), limit: nodeLimit(v.u16, node), logged, levels: [] };
  unlatchFrame(tree.shm, frame);
  assert(empty, 'an index is built while it is empty');
  openLevel(build, 0);
  const before = createKeyScratch();
  let count = 0;
  while (entries.next()) {
    const { key } = entries;
    assert(count === 0 || compareKeys(build.kind, before, key) < 0, 'entries for a build ascend');
    addEntry(build, 0, key, 0);
    readEntry(build.levels[0].views, 0, pageSlotCount(build.levels[0].views.u16, 0) - 1, before);
    count++;
  }
  finish(build);
  return count;
}

function openLevel(build: Build, level: number): void {
  const node = { views: privateViews(8192), spare: privateViews(8192), page: NO_PLACE };
  nodeFormat(node.views, 0, 0, level, build.kind, build.root, build.limit);
  build.levels.push(node);
}

function addEntry(build: Build, level: number, key: KeyScratch, child: number): void {
  let node = build.levels[level];
  const count = pageSlotCount(node.views.u16, 0);
  const enough = level > 0 && count >= nodeMax(node.views, 0) * INNER_FILL && count >= 2;
  if (enough || !nodeFits(node.views, 0, key)) {
    closeNode(build, level, key);
    node = build.levels[level];
  }
  nodeInsert(node.views, 0, pageSlotCount(node.views.u16, 0), key, key.i32[2], key.i32[3], child);
}

/** Writes the open node of a level to its page and opens the one to its right, in which `key` will have room. */
function closeNode(build: Build, level: number, key: KeyScratch): void {
  const node = build.levels[level];
  const fence = createKeyScratch();
  const at = closingFence(node.views, 0, key, fence);
  if (node.page === NO_PLACE) {
    // The level's first node: until now nobody above has had to know it.
    node.page = newPage(build, level);
    openLevel(build, level + 1);
    nodeInsert(build.levels[level + 1].views, 0, 0, fence, 0, 0, node.page);
  }
  const page = newPage(build, level);
  fillRight(node.views, 0, at, fence, node.spare, 0, page);
  nodeTruncate(node.views, 0, at, HIGH_SET, fence);
  writeNode(build, node.views, node.page);
  build.levels[level] = { views: node.spare, spare: node.views, page };
  addEntry(build, level + 1, fence, page);
}

/** Allocates a page in a group of its own, as an empty node of the tree. */
function newPage(build: Build, level: number): number {
  const { tree, root, logged } = build;
  // Each new page is one that is not in the cache: here that is no sign of pages that push each other out.
  tree.misses = 0;
  const page = takeNewPage(tree, root);
  beginChange(tree, root);
  const frame = latchNewPage(tree.cache, page);
  const v = frameSegment(tree.shm, frame);
  const at = frameOffset(tree.shm, frame);
  setPageLsn(v.f64, at, 0);
  nodeFormat(v, at, page, level, build.kind, root, build.limit);
  useNewPage(tree, root);
  if (logged) logImage(tree.log, root, v, at);
  endChange(tree, root);
  markChanged(tree, frame, logged);
  unlatchFrame(tree.shm, frame);
  return page;
}

/** Puts a node's content into its page. */
function writeNode(build: Build, from: ByteViews, page: number): void {
  const { tree, root, logged } = build;
  beginChange(tree, root);
  const frame = latchPage(tree.cache, page);
  const v = frameSegment(tree.shm, frame);
  const at = frameOffset(tree.shm, frame);
  copyNode(from, 0, v, at);
  setPagePageId(v.u32, at, page);
  if (logged) logImage(tree.log, root, v, at);
  endChange(tree, root);
  markChanged(tree, frame, logged);
  unlatchFrame(tree.shm, frame);
}

/** The open nodes go to their pages, the highest into the root. */
function finish(build: Build): void {
  const top = build.levels.length - 1;
  for (let level = 0; level < top; level++) writeNode(build, build.levels[level].views, build.levels[level].page);
  writeNode(build, build.levels[top].views, build.root);
}
