/**
 * One node, whatever its kind: find, read, place and remove entries, make it anew with other fences, say where to split it.
 *
 * Nothing here latches, logs or allocates. The run-time paths and redo call the same functions on the same page contents, so
 * that a replayed page comes out as it was.
 */

import { assert } from '../../../shm/assert.ts';
import { type ByteViews, privateViews } from '../rows/byte-views.ts';
import type { KeyScratch } from '../rows/runtime.ts';
import { createKeyScratch } from '../rows/runtime.ts';
import { NO_PAGE_STORED, PAGE_TYPE_BTREE_INNER, PAGE_TYPE_BTREE_LEAF } from '../page.layout.ts';
import {
  PAGE_BYTES,
  PAGE_TYPE,
  pageGarbage,
  pageLevel,
  pageOwner,
  pagePageId,
  pageSlotCount,
  setPageFreeEnd,
  setPageFreeStart,
  setPageLevel,
  setPageOwner,
  setPagePageId,
  setPageRight,
  setPageSlotCount,
  setPageType,
} from '../page.layout.gen.ts';
import {
  bytesAppend,
  bytesEntrySize,
  bytesGap,
  bytesPlace,
  bytesReadKey,
  bytesRemove,
  bytesSearch,
  cellOf,
  suffixBytes,
} from './node-bytes.ts';
import { intAppend, intChildren, intHints, intMax, intMove, intPlace, intRowPages, intRowSlots, intSearch } from './node-int.ts';
import { BYTES_MAX, FENCE_HIGH, FENCE_LOW, KIND_BYTES, NODE_AREA } from './node.layout.ts';
import { nodeFences, nodeKind, nodeLimit, nodePrefixBytes, setNodeFences, setNodeKind, setNodeLimit } from './node.layout.gen.ts';
import { copyFence, sealFences, setFence } from './fences.ts';

/** Pages of this thread for making a node anew. */
const workPages: ByteViews = privateViews(PAGE_BYTES);
const workKey: KeyScratch = createKeyScratch();

/** Entries of a node, clamped to what any node can have (SM-L3). */
export function nodeCount(v: ByteViews, node: number): number {
  const count = pageSlotCount(v.u16, node);
  return count <= 809 ? count : 0;
}

/** Most entries this node may have. */
export function nodeMax(v: ByteViews, node: number): number {
  const kind = nodeKind(v.u16, node);
  const most = kind === KIND_BYTES ? BYTES_MAX : intMax(kind, pageLevel(v.u16, node));
  const limit = nodeLimit(v.u16, node);
  return limit !== 0 && limit < most ? limit : most;
}

/** First index in [from, count) whose entry is not below (key, row id), or count. */
export function nodeSearch(v: ByteViews, node: number, from: number, key: KeyScratch, rowPage: number, rowSlot: number): number {
  const kind = nodeKind(v.u16, node);
  const level = pageLevel(v.u16, node);
  const count = nodeCount(v, node);
  return kind === KIND_BYTES
    ? bytesSearch(v, node, level, from, count, key, rowPage, rowSlot)
    : intSearch(v, node, kind, level, from, count, key.i32[0], key.i32[1], rowPage, rowSlot);
}

/** Index of the child of an inner node whose range holds (key, row id). */
export function childIndex(v: ByteViews, node: number, key: KeyScratch, rowPage: number, rowSlot: number): number {
  const at = nodeSearch(v, node, 1, key, rowPage, rowSlot);
  return at < nodeCount(v, node) && nodeHas(v, node, at, key, rowPage, rowSlot) ? at : at - 1;
}

/** Whether entry `index` is exactly (key, row id). */
export function nodeHas(v: ByteViews, node: number, index: number, key: KeyScratch, rowPage: number, rowSlot: number): boolean {
  return entryRowPage(v, node, index) === rowPage && entryRowSlot(v, node, index) === rowSlot && keyEquals(v, node, index, key);
}

/** Whether entry `index` has this key, whatever its row id. */
export function keyEquals(v: ByteViews, node: number, index: number, key: KeyScratch): boolean {
  const kind = nodeKind(v.u16, node);
  if (kind !== KIND_BYTES) {
    const at = ((node + NODE_AREA) >> 2) + index * kind;
    return v.i32[at] === key.i32[0] && (kind === 1 || v.i32[at + 1] === key.i32[1]);
  }
  const prefix = nodePrefixBytes(v.u16, node) & 4095;
  const suffix = suffixBytes(v, node, index);
  if (prefix + suffix !== key.length) return false;
  const at = cellOf(v, node, index) + (pageLevel(v.u16, node) === 0 ? 8 : 16);
  for (let i = 0; i < suffix; i++) if (v.u8[at + i] !== key.u8[prefix + i]) return false;
  return true;
}

export function entryRowPage(v: ByteViews, node: number, index: number): number {
  const kind = nodeKind(v.u16, node);
  if (kind === KIND_BYTES) return v.i32[cellOf(v, node, index) >> 2];
  return v.i32[intRowPages(node, kind, pageLevel(v.u16, node)) + index];
}

export function entryRowSlot(v: ByteViews, node: number, index: number): number {
  const kind = nodeKind(v.u16, node);
  if (kind === KIND_BYTES) return v.i32[(cellOf(v, node, index) + 4) >> 2];
  return v.u16[intRowSlots(node, kind, pageLevel(v.u16, node)) + index];
}

/** Page of child `index` of an inner node. */
export function childPage(v: ByteViews, node: number, index: number): number {
  const kind = nodeKind(v.u16, node);
  return kind === KIND_BYTES ? v.i32[(cellOf(v, node, index) + 8) >> 2] : v.i32[intChildren(node, kind) + index];
}

/** Word index of the frame hint of child `index` of an inner node. */
export function hintWord(v: ByteViews, node: number, index: number): number {
  const kind = nodeKind(v.u16, node);
  return kind === KIND_BYTES ? (cellOf(v, node, index) + 12) >> 2 : intHints(node, kind) + index;
}

/** Entry `index` into a key, its row id into i32[2] and i32[3]. Entry 0 of an inner node has no key. */
export function readEntry(v: ByteViews, node: number, index: number, key: KeyScratch): void {
  const kind = nodeKind(v.u16, node);
  if (kind === KIND_BYTES) bytesReadKey(v, node, index, key);
  else {
    const at = ((node + NODE_AREA) >> 2) + index * kind;
    key.i32[0] = v.i32[at];
    key.i32[1] = kind === 2 ? v.i32[at + 1] : 0;
    key.length = 4 * kind;
  }
  key.i32[2] = entryRowPage(v, node, index);
  key.i32[3] = entryRowSlot(v, node, index);
}

/** Whether one more entry with this key has room, compacted if need be. */
export function nodeFits(v: ByteViews, node: number, key: KeyScratch): boolean {
  if (pageSlotCount(v.u16, node) >= nodeMax(v, node)) return false;
  if (nodeKind(v.u16, node) !== KIND_BYTES) return true;
  const suffix = key.length - nodePrefixBytes(v.u16, node);
  return bytesEntrySize(pageLevel(v.u16, node), suffix) <= bytesGap(v, node) + pageGarbage(v.u16, node);
}

/** Puts an entry at `index`. nodeFits() was asked. */
export function nodeInsert(
  v: ByteViews,
  node: number,
  index: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  child: number,
): void {
  const kind = nodeKind(v.u16, node);
  const level = pageLevel(v.u16, node);
  const count = pageSlotCount(v.u16, node);
  assert(index <= count && count < nodeMax(v, node), 'an entry goes between the others, into a node with room');
  if (kind !== KIND_BYTES) {
    intPlace(v, node, kind, level, count, index, key.i32[0], key.i32[1], rowPage, rowSlot, child);
    setPageSlotCount(v.u16, node, count + 1);
    return;
  }
  const size = bytesEntrySize(level, key.length - nodePrefixBytes(v.u16, node));
  if (size > bytesGap(v, node)) nodeCompact(v, node);
  assert(size <= bytesGap(v, node), 'an entry that fits a node has room in it after compaction');
  bytesPlace(v, node, index, key, rowPage, rowSlot, child);
}

/** Takes entry `index` out. */
export function nodeRemove(v: ByteViews, node: number, index: number): void {
  const count = pageSlotCount(v.u16, node);
  assert(index < count, 'only an entry that is there is taken out');
  const kind = nodeKind(v.u16, node);
  if (kind === KIND_BYTES) return bytesRemove(v, node, index);
  intMove(v, node, kind, pageLevel(v.u16, node), index + 1, count, -1);
  setPageSlotCount(v.u16, node, count - 1);
}

/** Makes a page an empty node without fences. The page's LSN and what the cache keeps in the header stay. */
export function nodeFormat(
  v: ByteViews,
  node: number,
  page: number,
  level: number,
  kind: number,
  root: number,
  limit: number,
): void {
  v.i32.fill(0, (node + PAGE_TYPE) >> 2, (node + NODE_AREA) >> 2);
  setPagePageId(v.u32, node, page);
  setPageType(v.u8, node, level === 0 ? PAGE_TYPE_BTREE_LEAF : PAGE_TYPE_BTREE_INNER);
  setPageLevel(v.u16, node, level);
  setPageOwner(v.u32, node, root);
  setPageRight(v.u32, node, NO_PAGE_STORED);
  setPageFreeStart(v.u16, node, NODE_AREA);
  setPageFreeEnd(v.u16, node, PAGE_BYTES);
  setNodeKind(v.u16, node, kind);
  setNodeLimit(v.u16, node, limit);
}

/** Formats a node of the same tree and level as another. */
export function formatLike(v: ByteViews, node: number, target: ByteViews, targetNode: number, page: number): void {
  nodeFormat(
    target,
    targetNode,
    page,
    pageLevel(v.u16, node),
    nodeKind(v.u16, node),
    pageOwner(v.u32, node),
    nodeLimit(v.u16, node),
  );
}

/** Appends entries [from, to) to another node of the same kind and level; it has room for them. */
export function nodeAppend(v: ByteViews, node: number, from: number, to: number, target: ByteViews, targetNode: number): void {
  const kind = nodeKind(v.u16, node);
  if (kind === KIND_BYTES) return bytesAppend(v, node, from, to, target, targetNode, workKey);
  const count = pageSlotCount(target.u16, targetNode);
  intAppend(v, node, kind, pageLevel(v.u16, node), from, to, target, targetNode, count);
  setPageSlotCount(target.u16, targetNode, count + to - from);
}

/** Copies what a node consists of from the work page over a node, but for checksum, page id, LSN and boot. */
export function copyNode(from: ByteViews, fromNode: number, to: ByteViews, toNode: number): void {
  const words = PAGE_BYTES >> 2;
  for (let i = PAGE_TYPE >> 2; i < words; i++) to.i32[(toNode >> 2) + i] = from.i32[(fromNode >> 2) + i];
}

/** What nodeTruncate() does with the high fence. Numbers are stored in log records. */
export const HIGH_KEEP = 0;
export const HIGH_SET = 1;
export const HIGH_NONE = 2;

/** Makes the node anew with its first `count` entries and the high fence kept, set to `high`, or taken away. */
export function nodeTruncate(v: ByteViews, node: number, count: number, highMode: number, high: KeyScratch): void {
  if (nodeKind(v.u16, node) !== KIND_BYTES) {
    setPageSlotCount(v.u16, node, count);
    if (highMode === HIGH_SET) setFence(v, node, FENCE_HIGH, high);
    else if (highMode === HIGH_NONE) setNodeFences(v.u16, node, nodeFences(v.u16, node) & ~FENCE_HIGH);
    return;
  }
  formatLike(v, node, workPages, 0, pagePageId(v.u32, node));
  copyFence(v, node, FENCE_LOW, workPages, 0, workKey);
  if (highMode === HIGH_KEEP) copyFence(v, node, FENCE_HIGH, workPages, 0, workKey);
  else if (highMode === HIGH_SET) setFence(workPages, 0, FENCE_HIGH, high);
  sealFences(workPages, 0);
  nodeAppend(v, node, 0, count, workPages, 0);
  copyNode(workPages, 0, v, node);
}

/** Closes the holes between the cells of a byte node. */
export function nodeCompact(v: ByteViews, node: number): void {
  nodeTruncate(v, node, pageSlotCount(v.u16, node), HIGH_KEEP, workKey);
}
