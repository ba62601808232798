/**
 * Verifies an index from the root down: every node's page, type, owner, level, fences (those the parent says), order of entries,
 * places and lengths in byte nodes, counts, children met once. For a tree that nobody changes meanwhile.
 *
 * Each node is copied under a hold and judged in the copy.
 */

import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { holdPage, releasePage } from '../cache/page-cache.ts';
import {
  PAGE_BYTES,
  pageFreeEnd,
  pageFreeStart,
  pageGarbage,
  pageLevel,
  pageOwner,
  pagePageId,
  pageSlotCount,
  pageType,
} from '../page.layout.gen.ts';
import { PAGE_TYPE_BTREE_INNER, PAGE_TYPE_BTREE_LEAF, pageTypeName } from '../page.layout.ts';
import { type ByteViews, copyWords, privateViews } from '../rows/byte-views.ts';
import { createKeyScratch, type KeyScratch } from '../rows/runtime.ts';
import { compareKeys } from './order.ts';
import { commonHead, compareToFences, readFence } from './fences.ts';
import { kindNumber } from './insert.ts';
import { bytesEntrySize, suffixBytes } from './node-bytes.ts';
import { childPage, nodeMax, readEntry } from './node.ts';
import { FENCE_HIGH, FENCE_LOW, KIND_BYTES, NODE_AREA } from './node.layout.ts';
import { nodeFences, nodeHighBytes, nodeKind, nodeLowBytes, nodePrefixBytes } from './node.layout.gen.ts';
import type { Tree, TreeIndex } from './tree.ts';

export interface IndexFigures {
  entries: number;
  leaves: number;
  innerNodes: number;
  /** Levels, 1 for a root that is a leaf. */
  height: number;
  emptyLeaves: number;
}

interface Walk {
  readonly tree: Tree;
  readonly index: TreeIndex;
  readonly kind: number;
  readonly report: (page: number, message: string) => void;
  readonly visit: ((key: KeyScratch) => void) | null;
  readonly seen: Set<number>;
  readonly figures: IndexFigures;
}

/**
 * Walks the whole index. `report` is called for each thing that is wrong; `visit`, if given, for every entry in order, its row id
 * in key.i32[2], key.i32[3]. No latch or hold by the caller.
 */
export function checkIndex(
  tree: Tree,
  index: TreeIndex,
  report: (page: number, message: string) => void,
  visit: ((key: KeyScratch) => void) | null = null,
): IndexFigures {
  const figures = { entries: 0, leaves: 0, innerNodes: 0, height: 0, emptyLeaves: 0 };
  const walk = { tree, index, kind: kindNumber(index.kind), report, visit, seen: new Set<number>(), figures };
  checkNode(walk, index.root, -1, null, null);
  return figures;
}

/** The fences are what the parent says; null: none on that side. */
function checkNode(walk: Walk, page: number, level: number, low: KeyScratch | null, high: KeyScratch | null): void {
  const { report, figures } = walk;
  if (walk.seen.has(page)) return report(page, 'is reached twice');
  walk.seen.add(page);
  const v = privateViews(PAGE_BYTES);
  const frame = holdPage(walk.tree.cache, page);
  copyWords(v.i32, 0, frameSegment(walk.tree.shm, frame).i32, frameOffset(walk.tree.shm, frame), PAGE_BYTES);
  releasePage(walk.tree.cache, frame);
  if (!checkHeader(walk, v, page, level)) return;
  checkFence(walk, v, page, FENCE_LOW, low);
  checkFence(walk, v, page, FENCE_HIGH, high);
  if (nodeKind(v.u16, 0) === KIND_BYTES && !checkCells(walk, v, page)) return;
  checkOrder(walk, v, page);
  const here = pageLevel(v.u16, 0);
  figures.height = Math.max(figures.height, here + 1);
  const count = pageSlotCount(v.u16, 0);
  if (here === 0) {
    figures.leaves++;
    figures.entries += count;
    if (count === 0) figures.emptyLeaves++;
    return visitEntries(walk, v);
  }
  figures.innerNodes++;
  if (count === 0) return report(page, 'is an inner node without children');
  for (let at = 0; at < count; at++) {
    const from = at === 0 ? low : entryOf(v, at);
    checkNode(walk, childPage(v, 0, at), here - 1, from, at + 1 < count ? entryOf(v, at + 1) : high);
  }
}

function entryOf(v: ByteViews, at: number): KeyScratch {
  const key = createKeyScratch();
  readEntry(v, 0, at, key);
  return key;
}

function checkHeader(walk: Walk, v: ByteViews, page: number, level: number): boolean {
  const { report, index } = walk;
  const here = pageLevel(v.u16, 0);
  const type = pageType(v.u8, 0);
  const wanted = here === 0 ? PAGE_TYPE_BTREE_LEAF : PAGE_TYPE_BTREE_INNER;
  if (type !== wanted) {
    report(page, `is a page of type ${pageTypeName(type)} at level ${here}`);
    return false;
  }
  if ((pagePageId(v.u32, 0) | 0) !== page) report(page, `says it is page ${pagePageId(v.u32, 0)}`);
  if ((pageOwner(v.u32, 0) | 0) !== index.root) report(page, `belongs to the index with root ${pageOwner(v.u32, 0)}`);
  if (level >= 0 && here !== level) report(page, `has level ${here} below a node of level ${level + 1}`);
  if (nodeKind(v.u16, 0) !== walk.kind) {
    report(page, `has kind ${nodeKind(v.u16, 0)} in an index of kind ${index.kind}`);
    return false;
  }
  if (pageSlotCount(v.u16, 0) <= nodeMax(v, 0)) return true;
  report(page, `has ${pageSlotCount(v.u16, 0)} entries, more than fit`);
  return false;
}

function checkFence(walk: Walk, v: ByteViews, page: number, which: number, wanted: KeyScratch | null): void {
  const side = which === FENCE_LOW ? 'low' : 'high';
  const has = (nodeFences(v.u16, 0) & which) !== 0;
  if (has !== (wanted !== null)) return walk.report(page, `has ${has ? 'a' : 'no'} ${side} fence, unlike its parent says`);
  const fence = createKeyScratch();
  if (wanted === null || !readFence(v, 0, which, fence)) return;
  if (compareKeys(walk.kind, fence, wanted) !== 0) walk.report(page, `has another ${side} fence than its parent says`);
}

function checkCells(walk: Walk, v: ByteViews, page: number): boolean {
  const count = pageSlotCount(v.u16, 0);
  const start = pageFreeStart(v.u16, 0);
  const end = pageFreeEnd(v.u16, 0);
  if (start !== NODE_AREA + 8 * count || end < start || end > PAGE_BYTES) {
    walk.report(page, `has ${count} slots, but its gap is from ${start} to ${end}`);
    return false;
  }
  if (nodePrefixBytes(v.u16, 0) !== commonHead(v, 0)) walk.report(page, 'has a prefix that is not the common head of its fences');
  let bytes = pageGarbage(v.u16, 0) + ((nodeLowBytes(v.u16, 0) + 3) & ~3) + ((nodeHighBytes(v.u16, 0) + 3) & ~3);
  for (let at = 0; at < count; at++) bytes += bytesEntrySize(pageLevel(v.u16, 0), suffixBytes(v, 0, at)) - 8;
  if (bytes !== PAGE_BYTES - end) walk.report(page, `has ${PAGE_BYTES - end} bytes behind the gap, but its cells take ${bytes}`);
  return true;
}

function checkOrder(walk: Walk, v: ByteViews, page: number): void {
  const before = createKeyScratch();
  const here = createKeyScratch();
  const first = pageLevel(v.u16, 0) === 0 ? 0 : 1;
  for (let at = first; at < pageSlotCount(v.u16, 0); at++) {
    readEntry(v, 0, at, here);
    if (compareToFences(v, 0, here, here.i32[2], here.i32[3]) !== 0) walk.report(page, `has entry ${at} outside its fences`);
    if (at > first && compareKeys(walk.kind, before, here) >= 0) walk.report(page, `has entry ${at} out of order`);
    readEntry(v, 0, at, before);
  }
}

function visitEntries(walk: Walk, v: ByteViews): void {
  if (walk.visit === null) return;
  const key = createKeyScratch();
  for (let at = 0; at < pageSlotCount(v.u16, 0); at++) {
    readEntry(v, 0, at, key);
    walk.visit(key);
  }
}
