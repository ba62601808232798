/**
 * Entries of byte nodes: search, place, remove, append with another prefix. Hot: free functions over typed arrays and ints.
 *
 * All work on a node at byte offset `node` of the views `v`. A key outside a page is key.u8[0..length); inside the node the
 * first prefixBytes of it are not stored: they are the head of either fence. Keys count as unsigned bytes, the shorter first.
 * The searches also run on nodes that are being changed by others (SM-L2): offsets are masked, lengths clamped (SM-L3).
 */

import type { ByteViews } from '../rows/byte-views.ts';
import type { KeyScratch } from '../rows/runtime.ts';
import {
  pageFreeEnd,
  pageFreeStart,
  pageGarbage,
  pageLevel,
  pageSlotCount,
  setPageFreeEnd,
  setPageFreeStart,
  setPageGarbage,
  setPageSlotCount,
} from '../page.layout.gen.ts';
import { FENCE_LOW, NODE_AREA } from './node.layout.ts';
import { nodeFences, nodeHighAt, nodeLowAt, nodePrefixBytes } from './node.layout.gen.ts';

const SLOT_BYTES = 8;
const KEY_MASK = 4095;

/** Bytes of a cell before the key bytes. */
export function cellHeader(level: number): number {
  return level === 0 ? 8 : 16;
}

/** Bytes that an entry of so many key bytes after the prefix takes, its slot included. */
export function bytesEntrySize(level: number, suffixBytes: number): number {
  return SLOT_BYTES + ((cellHeader(level) + suffixBytes + 3) & ~3);
}

/** Byte offset in the views of the cell of entry `index`; masked, so that it always lies in the page. */
export function cellOf(v: ByteViews, node: number, index: number): number {
  return node + (v.u16[(node + NODE_AREA + index * SLOT_BYTES + 4) >> 1] & 8188);
}

/** Key bytes of entry `index` after the prefix. */
export function suffixBytes(v: ByteViews, node: number, index: number): number {
  return v.u16[(node + NODE_AREA + index * SLOT_BYTES + 6) >> 1] & KEY_MASK;
}

/** Where the bytes of the node's prefix lie: at the beginning of a fence. */
function prefixAt(v: ByteViews, node: number): number {
  const fence = (nodeFences(v.u16, node) & FENCE_LOW) !== 0 ? nodeLowAt(v.u16, node) : nodeHighAt(v.u16, node);
  return node + (fence & 8191);
}

/** The four bytes of a key from `at` on as a big-endian number; what lies beyond its end counts as zero. */
export function keyHead(u8: Uint8Array, at: number, end: number): number {
  if (at + 4 <= end) return ((u8[at] << 24) | (u8[at + 1] << 16) | (u8[at + 2] << 8) | u8[at + 3]) >>> 0;
  let head = 0;
  for (let shift = 24; at < end; at++, shift -= 8) head |= u8[at] << shift;
  return head >>> 0;
}

/** Sign of entry `index` (key and row id) against the given one. */
export function bytesCompare(
  v: ByteViews,
  node: number,
  level: number,
  index: number,
  key: KeyScratch,
  prefix: number,
  head: number,
  rowPage: number,
  rowSlot: number,
): number {
  const entryHead = v.u32[(node + NODE_AREA + index * SLOT_BYTES) >> 2];
  if (entryHead !== head) return entryHead < head ? -1 : 1;
  const cell = cellOf(v, node, index);
  const length = suffixBytes(v, node, index);
  const keyLength = key.length - prefix;
  const common = length < keyLength ? length : keyLength;
  const u8 = v.u8;
  const other = key.u8;
  const at = cell + cellHeader(level);
  for (let i = 4; i < common; i++) {
    const difference = u8[at + i] - other[prefix + i];
    if (difference !== 0) return difference;
  }
  // Equal heads may hide bytes of value zero beyond the end of the shorter: then the lengths decide, as they would anyway.
  if (length !== keyLength) return length - keyLength;
  const page = v.i32[cell >> 2];
  if (page !== rowPage) return page >>> 0 < rowPage >>> 0 ? -1 : 1;
  return v.i32[(cell + 4) >> 2] - rowSlot;
}

/** First index in [from, count) whose entry is not below (key, row id), or count. */
export function bytesSearch(
  v: ByteViews,
  node: number,
  level: number,
  from: number,
  count: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
): number {
  const prefix = nodePrefixBytes(v.u16, node) & KEY_MASK;
  const head = keyHead(key.u8, prefix, key.length);
  let first = from;
  let end = count;
  while (first < end) {
    const middle = (first + end) >>> 1;
    if (bytesCompare(v, node, level, middle, key, prefix, head, rowPage, rowSlot) < 0) first = middle + 1;
    else end = middle;
  }
  return first;
}

/** Room in the gap, and what a compaction would win. */
export function bytesGap(v: ByteViews, node: number): number {
  return pageFreeEnd(v.u16, node) - pageFreeStart(v.u16, node);
}

/** Takes `bytes` for a cell off the end of the gap; returns its place in the page. Room was checked. */
export function takeCell(v: ByteViews, node: number, bytes: number): number {
  const at = pageFreeEnd(v.u16, node) - ((bytes + 3) & ~3);
  setPageFreeEnd(v.u16, node, at);
  return at;
}

/** Opens slot `index`. */
function openSlot(v: ByteViews, node: number, index: number, cellAt: number, suffix: number, head: number): void {
  const count = pageSlotCount(v.u16, node);
  const slots = node + NODE_AREA;
  if (index < count) {
    v.u8.copyWithin(slots + (index + 1) * SLOT_BYTES, slots + index * SLOT_BYTES, slots + count * SLOT_BYTES);
  }
  const slot = slots + index * SLOT_BYTES;
  v.u32[slot >> 2] = head;
  v.u16[(slot + 4) >> 1] = cellAt;
  v.u16[(slot + 6) >> 1] = suffix;
  setPageSlotCount(v.u16, node, count + 1);
  setPageFreeStart(v.u16, node, NODE_AREA + (count + 1) * SLOT_BYTES);
}

/** Puts an entry at `index`; the key has the node's prefix. Room in the gap was checked. Entry 0 of inner nodes has no key. */
export function bytesPlace(
  v: ByteViews,
  node: number,
  index: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  child: number,
): void {
  const level = pageLevel(v.u16, node);
  const prefix = nodePrefixBytes(v.u16, node);
  const suffix = level !== 0 && index === 0 ? 0 : key.length - prefix;
  const header = cellHeader(level);
  const at = takeCell(v, node, header + suffix);
  const cell = node + at;
  v.i32[cell >> 2] = rowPage;
  v.i32[(cell + 4) >> 2] = rowSlot;
  if (level !== 0) {
    v.i32[(cell + 8) >> 2] = child;
    v.i32[(cell + 12) >> 2] = 0;
  }
  for (let i = 0; i < suffix; i++) v.u8[cell + header + i] = key.u8[prefix + i];
  openSlot(v, node, index, at, suffix, suffix === 0 ? 0 : keyHead(key.u8, prefix, key.length));
}

/** Takes entry `index` out; its cell becomes garbage. */
export function bytesRemove(v: ByteViews, node: number, index: number): void {
  const count = pageSlotCount(v.u16, node);
  const size = bytesEntrySize(pageLevel(v.u16, node), suffixBytes(v, node, index)) - SLOT_BYTES;
  const slots = node + NODE_AREA;
  v.u8.copyWithin(slots + index * SLOT_BYTES, slots + (index + 1) * SLOT_BYTES, slots + count * SLOT_BYTES);
  setPageSlotCount(v.u16, node, count - 1);
  setPageFreeStart(v.u16, node, NODE_AREA + (count - 1) * SLOT_BYTES);
  setPageGarbage(v.u16, node, pageGarbage(v.u16, node) + size);
}

/** The whole key of entry `index`, prefix included, into `key`. */
export function bytesReadKey(v: ByteViews, node: number, index: number, key: KeyScratch): void {
  const u8 = v.u8;
  const prefix = nodePrefixBytes(v.u16, node) & KEY_MASK;
  const suffix = suffixBytes(v, node, index);
  const prefixFrom = prefixAt(v, node);
  const from = cellOf(v, node, index) + cellHeader(pageLevel(v.u16, node));
  const length = prefix + suffix <= 2064 ? prefix + suffix : 0;
  if (length !== 0) {
    for (let i = 0; i < prefix; i++) key.u8[i] = u8[prefixFrom + i];
    for (let i = 0; i < suffix; i++) key.u8[prefix + i] = u8[from + i];
  }
  key.length = length;
}

/**
 * Appends entries [from, to) of one node to another with another prefix (both prefixes are beginnings of all these keys).
 * Entry 0 of an inner node has no key: it may only become entry 0 again.
 */
export function bytesAppend(
  v: ByteViews,
  node: number,
  from: number,
  to: number,
  target: ByteViews,
  targetNode: number,
  scratch: KeyScratch,
): void {
  const level = pageLevel(v.u16, node);
  for (let index = from; index < to; index++) {
    const cell = cellOf(v, node, index);
    bytesReadKey(v, node, index, scratch);
    const child = level === 0 ? 0 : v.i32[(cell + 8) >> 2];
    const at = pageSlotCount(target.u16, targetNode);
    bytesPlace(target, targetNode, at, scratch, v.i32[cell >> 2], v.i32[(cell + 4) >> 2], child);
  }
}
