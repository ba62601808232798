/**
 * Where a node is split and what separates the halves; the right half as a new node; two neighbours as one node.
 * Pure work on pages: latching and logging are split.ts and merge.ts.
 */

import { type ByteViews, privateViews } from '../rows/byte-views.ts';
import { createKeyScratch, type KeyScratch } from '../rows/runtime.ts';
import { PAGE_BYTES, PAGE_TYPE, pageFreeEnd, pageFreeStart, pageLevel, pagePageId, pageSlotCount } from '../page.layout.gen.ts';
import { copyFence, readFence, sealFences, setFence } from './fences.ts';
import { bytesEntrySize, suffixBytes } from './node-bytes.ts';
import { intMax } from './node-int.ts';
import { childPage, copyNode, formatLike, keyEquals, nodeAppend, nodeInsert, nodeMax, nodeSearch, readEntry } from './node.ts';
import { FENCE_HIGH, FENCE_LOW, KIND_BYTES, NODE_AREA } from './node.layout.ts';
import { nodeFences, nodeHighAt, nodeHighBytes, nodeKind, nodeLowBytes, nodePrefixBytes } from './node.layout.gen.ts';

/** A node's logged part begins with the page type: checksum, id, LSN and boot before it are not the node's. */
const HEADER_FROM = PAGE_TYPE;

const workPages: ByteViews = privateViews(PAGE_BYTES);
const workKey: KeyScratch = createKeyScratch();

/**
 * Index at which a full node is cut: entries from there on move right. At the tree's right edge an entry that goes behind all
 * others starts a node of its own and leaves this one full; inner nodes there keep a tenth free, so that a neighbour that has
 * shrunk to one child can be merged in. Elsewhere the halves are equal, in bytes.
 */
function splitPoint(v: ByteViews, node: number, key: KeyScratch, rowPage: number, rowSlot: number): number {
  const count = pageSlotCount(v.u16, node);
  const rightEdge = (nodeFences(v.u16, node) & FENCE_HIGH) === 0;
  if (rightEdge && nodeSearch(v, node, 0, key, rowPage, rowSlot) === count) {
    if (pageLevel(v.u16, node) === 0) return count;
    return Math.min(count - 1, Math.max(1, Math.floor(count * 0.9)));
  }
  if (nodeKind(v.u16, node) !== KIND_BYTES) return count >>> 1;
  const level = pageLevel(v.u16, node);
  let total = 0;
  for (let index = 0; index < count; index++) total += bytesEntrySize(level, suffixBytes(v, node, index));
  let left = 0;
  let index = 0;
  while (index < count - 1 && left < total / 2) left += bytesEntrySize(level, suffixBytes(v, node, index++));
  return Math.max(1, index);
}

/**
 * The fence between entries `at - 1` and `at`, into `separator`: above the one, not above the other, and as short as that
 * allows. At `at` = count the given key stands for the entry that is to come.
 */
function separatorAt(
  v: ByteViews,
  node: number,
  at: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  separator: KeyScratch,
): void {
  if (at < pageSlotCount(v.u16, node)) readEntry(v, node, at, separator);
  else copyKey(key, rowPage, rowSlot, separator);
  // An inner node's cut must be the entry itself: its key is what the right half's low fence and the parent will say.
  if (pageLevel(v.u16, node) !== 0 || keyEquals(v, node, at - 1, separator)) return;
  separator.i32[2] = 0;
  separator.i32[3] = 0;
  if (nodeKind(v.u16, node) !== KIND_BYTES) return;
  readEntry(v, node, at - 1, workKey);
  let common = 0;
  while (common < workKey.length && workKey.u8[common] === separator.u8[common]) common++;
  separator.length = common + 1;
}

/**
 * Decides where a full node is cut: returns the index from which entries move right, and the fence between the halves in
 * `separator` (row id in i32[2], i32[3]). Both halves fit: each gives up an entry that is at least as long as the new fence, but
 * for a left half that keeps all, which is asked.
 */
export function cutNode(
  v: ByteViews,
  node: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  separator: KeyScratch,
): number {
  const count = pageSlotCount(v.u16, node);
  let at = splitPoint(v, node, key, rowPage, rowSlot);
  separatorAt(v, node, at, key, rowPage, rowSlot, separator);
  if (at === count && !fitsBelow(v, node, separator)) {
    at = count - 1;
    separatorAt(v, node, at, key, rowPage, rowSlot, separator);
  }
  return at;
}

/**
 * Closes a node at the right edge for good: the fence between what it keeps and `key` (row id in i32[2], i32[3]), which goes
 * right; returns how many entries it keeps, all or all but one.
 */
export function closingFence(v: ByteViews, node: number, key: KeyScratch, fence: KeyScratch): number {
  const count = pageSlotCount(v.u16, node);
  separatorAt(v, node, count, key, key.i32[2], key.i32[3], fence);
  if (fitsBelow(v, node, fence)) return count;
  separatorAt(v, node, count - 1, key, key.i32[2], key.i32[3], fence);
  return count - 1;
}

/** Whether all entries fit with this high fence. */
function fitsBelow(v: ByteViews, node: number, high: KeyScratch): boolean {
  if (nodeKind(v.u16, node) !== KIND_BYTES) return true;
  let prefix = 0;
  let bytes = (high.length + 3) & ~3;
  if (readFence(v, node, FENCE_LOW, workKey)) {
    while (prefix < workKey.length && prefix < high.length && workKey.u8[prefix] === high.u8[prefix]) prefix++;
    bytes += (workKey.length + 3) & ~3;
  }
  return bytes + bytesWithPrefix(v, node, prefix) <= PAGE_BYTES - NODE_AREA;
}

/** Copies a key and a row id into a key whose i32[2], i32[3] are the row id. */
export function copyKey(from: KeyScratch, rowPage: number, rowSlot: number, to: KeyScratch): void {
  to.i32[0] = from.i32[0];
  to.i32[1] = from.i32[1];
  to.i32[2] = rowPage;
  to.i32[3] = rowSlot;
  to.length = from.length;
  for (let i = 0; i < from.length; i++) to.u8[i] = from.u8[i];
}

/** Makes `target` the right half: [separator, high fence) with the entries from `at` on. */
export function fillRight(
  v: ByteViews,
  node: number,
  at: number,
  separator: KeyScratch,
  target: ByteViews,
  targetNode: number,
  page: number,
): void {
  formatLike(v, node, target, targetNode, page);
  setFence(target, targetNode, FENCE_LOW, separator);
  copyFence(v, node, FENCE_HIGH, target, targetNode, workKey);
  sealFences(target, targetNode);
  nodeAppend(v, node, at, pageSlotCount(v.u16, node), target, targetNode);
}

/** Bytes the entries of a byte node take if its prefix became `prefix`. */
function bytesWithPrefix(v: ByteViews, node: number, prefix: number): number {
  const level = pageLevel(v.u16, node);
  const count = pageSlotCount(v.u16, node);
  const longer = nodePrefixBytes(v.u16, node) - prefix;
  let bytes = 0;
  for (let index = 0; index < count; index++) {
    // Entry 0 of an inner node has no key, whatever the prefix.
    bytes += bytesEntrySize(level, level !== 0 && index === 0 ? 0 : suffixBytes(v, node, index) + longer);
  }
  return bytes;
}

/** Whether two neighbours would fit one node. */
export function mergeFits(v: ByteViews, left: number, w: ByteViews, right: number): boolean {
  if (pageSlotCount(v.u16, left) + pageSlotCount(w.u16, right) > nodeMax(v, left)) return false;
  if (nodeKind(v.u16, left) !== KIND_BYTES) return true;
  // Between the outer fences less is common than between the inner ones; the true prefix may be longer than this.
  const prefix = outerPrefix(v, left, w, right);
  const fences = nodeLowBytes(v.u16, left) + nodeHighBytes(w.u16, right) + nodeHighBytes(v.u16, left) + 64;
  return bytesWithPrefix(v, left, prefix) + bytesWithPrefix(w, right, prefix) + fences <= PAGE_BYTES - NODE_AREA;
}

function outerPrefix(v: ByteViews, left: number, w: ByteViews, right: number): number {
  if ((nodeFences(v.u16, left) & FENCE_LOW) === 0 || (nodeFences(w.u16, right) & FENCE_HIGH) === 0) return 0;
  readFence(v, left, FENCE_LOW, workKey);
  const low = workKey.length;
  let common = 0;
  const at = right + nodeHighAt(w.u16, right);
  const high = nodeHighBytes(w.u16, right);
  while (common < low && common < high && workKey.u8[common] === w.u8[at + common]) common++;
  return common;
}

/** Puts the entries of `right` behind those of `left`, which gets its high fence. mergeFits() was asked. */
export function mergeRight(v: ByteViews, left: number, w: ByteViews, right: number): void {
  formatLike(v, left, workPages, 0, pagePageId(v.u32, left));
  copyFence(v, left, FENCE_LOW, workPages, 0, workKey);
  copyFence(w, right, FENCE_HIGH, workPages, 0, workKey);
  sealFences(workPages, 0);
  nodeAppend(v, left, 0, pageSlotCount(v.u16, left), workPages, 0);
  let from = 0;
  if (pageLevel(w.u16, right) !== 0) {
    // The right node's first child has no key of its own: its low fence is it.
    readFence(w, right, FENCE_LOW, workKey);
    const at = pageSlotCount(workPages.u16, 0);
    nodeInsert(workPages, 0, at, workKey, workKey.i32[2], workKey.i32[3], childPage(w, right, 0));
    from = 1;
  }
  nodeAppend(w, right, from, pageSlotCount(w.u16, right), workPages, 0);
  copyNode(workPages, 0, v, left);
}

/** Used ranges of a node behind the page id, LSN and boot words, as (byte offset, bytes) pairs into `ranges`; how many. */
export function usedRanges(v: ByteViews, node: number, ranges: Int32Array): number {
  const kind = nodeKind(v.u16, node);
  const level = pageLevel(v.u16, node);
  const count = pageSlotCount(v.u16, node);
  ranges[0] = HEADER_FROM;
  if (kind === KIND_BYTES) {
    ranges[1] = pageFreeStart(v.u16, node) - HEADER_FROM;
    ranges[2] = pageFreeEnd(v.u16, node);
    ranges[3] = PAGE_BYTES - ranges[2];
    return 2;
  }
  ranges[1] = NODE_AREA + 4 * kind * count - HEADER_FROM;
  const arrays = level === 0 ? 1 : 3;
  const max = intMax(kind, level);
  let at = NODE_AREA + 4 * kind * max;
  let range = 1;
  // Frame hints are the third array: not logged, zero after redo.
  for (let array = 0; array < arrays; array++, at += 4 * max) {
    if (array === 2) continue;
    ranges[range * 2] = at;
    ranges[range * 2 + 1] = 4 * count;
    range++;
  }
  ranges[range * 2] = at;
  ranges[range * 2 + 1] = (2 * count + 3) & ~3;
  return range + 1;
}
