/**
 * Entries of integer nodes: search, place, remove, move. Hot: free functions over typed arrays and ints, nothing allocates.
 *
 * All work on a node at byte offset `node` of the views `v`. `kind` is the number of key words (1 or 2). The searches also run
 * on nodes that are being changed by others (SM-L2): they end on any content, the caller validates what they return (SM-L3).
 */

import type { ByteViews } from '../rows/byte-views.ts';
import { INNER_MAX_I32, INNER_MAX_I64, KIND_I32, LEAF_MAX_I32, LEAF_MAX_I64, NODE_AREA } from './node.layout.ts';

/** Most entries a node of this sort has room for. */
export function intMax(kind: number, level: number): number {
  if (level === 0) return kind === KIND_I32 ? LEAF_MAX_I32 : LEAF_MAX_I64;
  return kind === KIND_I32 ? INNER_MAX_I32 : INNER_MAX_I64;
}

/** Word index of the row pages: behind the keys. */
export function intRowPages(node: number, kind: number, level: number): number {
  return ((node + NODE_AREA) >> 2) + intMax(kind, level) * kind;
}

/** Word index of the children of an inner node: behind the row pages. */
export function intChildren(node: number, kind: number): number {
  return ((node + NODE_AREA) >> 2) + intMax(kind, 1) * (kind + 1);
}

/** Word index of the frame hints of an inner node: behind the children. */
export function intHints(node: number, kind: number): number {
  return ((node + NODE_AREA) >> 2) + intMax(kind, 1) * (kind + 2);
}

/** u16 index of the row slots: behind everything else. */
export function intRowSlots(node: number, kind: number, level: number): number {
  return ((node + NODE_AREA) >> 1) + intMax(kind, level) * (level === 0 ? kind + 1 : kind + 3) * 2;
}

/** Sign of (key high, key low, row) at `index` against the given one. Row pages and low words count unsigned. */
export function intCompare(
  v: ByteViews,
  node: number,
  kind: number,
  level: number,
  index: number,
  high: number,
  low: number,
  rowPage: number,
  rowSlot: number,
): number {
  const i32 = v.i32;
  const at = ((node + NODE_AREA) >> 2) + index * kind;
  const keyHigh = i32[at];
  if (keyHigh !== high) return keyHigh < high ? -1 : 1;
  if (kind === 2) {
    const keyLow = i32[at + 1];
    if (keyLow !== low) return keyLow >>> 0 < low >>> 0 ? -1 : 1;
  }
  const page = i32[intRowPages(node, kind, level) + index];
  if (page !== rowPage) return page >>> 0 < rowPage >>> 0 ? -1 : 1;
  return v.u16[intRowSlots(node, kind, level) + index] - rowSlot;
}

/**
 * First index in [from, count) whose entry is not below (key, row id), or count. One interpolated probe, then steps of
 * doubling size away from it, then halving: two or three probes where keys lie evenly, never more than 2 log n.
 */
export function intSearch(
  v: ByteViews,
  node: number,
  kind: number,
  level: number,
  from: number,
  count: number,
  high: number,
  low: number,
  rowPage: number,
  rowSlot: number,
): number {
  const i32 = v.i32;
  const keys = (node + NODE_AREA) >> 2;
  let first = from;
  let end = count;
  if (end - first > 8) {
    const guess = intGuess(i32, keys, kind, first, end, high, low);
    let step = 1;
    if (intCompare(v, node, kind, level, guess, high, low, rowPage, rowSlot) < 0) {
      first = guess + 1;
      while (first + step < end && intCompare(v, node, kind, level, first + step, high, low, rowPage, rowSlot) < 0) {
        first += step + 1;
        step <<= 1;
      }
      if (first + step < end) end = first + step;
    } else {
      end = guess;
      while (end - step > first && intCompare(v, node, kind, level, end - step, high, low, rowPage, rowSlot) >= 0) {
        end -= step;
        step <<= 1;
      }
      if (end - step > first) first = end - step + 1;
    }
  }
  while (first < end) {
    const middle = (first + end) >>> 1;
    if (intCompare(v, node, kind, level, middle, high, low, rowPage, rowSlot) < 0) first = middle + 1;
    else end = middle;
  }
  return first;
}

/** Where in [first, end) the key should lie if the keys there were evenly spread. Always inside, whatever the words say. */
export function intGuess(
  i32: Int32Array,
  keys: number,
  kind: number,
  first: number,
  end: number,
  high: number,
  low: number,
): number {
  const a = keys + first * kind;
  const z = keys + (end - 1) * kind;
  let below = i32[a];
  let span = i32[z] - below;
  let distance = high - below;
  if (kind === 2) {
    below = below * 4294967296 + (i32[a + 1] >>> 0);
    span = i32[z] * 4294967296 + (i32[z + 1] >>> 0) - below;
    distance = high * 4294967296 + (low >>> 0) - below;
  }
  if (!(distance > 0)) return first;
  if (!(distance < span)) return end - 1;
  return first + (((distance / span) * (end - 1 - first)) | 0);
}

/** Opens a place at `index` and puts the entry there. `child` counts in inner nodes only. Room was checked. */
export function intPlace(
  v: ByteViews,
  node: number,
  kind: number,
  level: number,
  count: number,
  index: number,
  high: number,
  low: number,
  rowPage: number,
  rowSlot: number,
  child: number,
): void {
  const i32 = v.i32;
  const keys = (node + NODE_AREA) >> 2;
  const pages = intRowPages(node, kind, level);
  const slots = intRowSlots(node, kind, level);
  if (index < count) intMove(v, node, kind, level, index, count, 1);
  i32[keys + index * kind] = high;
  if (kind === 2) i32[keys + index * 2 + 1] = low;
  i32[pages + index] = rowPage;
  v.u16[slots + index] = rowSlot;
  if (level !== 0) {
    i32[intChildren(node, kind) + index] = child;
    i32[intHints(node, kind) + index] = 0;
  }
}

/** Moves the entries [index, count) by `by` places. */
export function intMove(v: ByteViews, node: number, kind: number, level: number, index: number, count: number, by: number): void {
  const i32 = v.i32;
  const keys = (node + NODE_AREA) >> 2;
  const pages = intRowPages(node, kind, level);
  const slots = intRowSlots(node, kind, level);
  i32.copyWithin(keys + (index + by) * kind, keys + index * kind, keys + count * kind);
  i32.copyWithin(pages + index + by, pages + index, pages + count);
  v.u16.copyWithin(slots + index + by, slots + index, slots + count);
  if (level === 0) return;
  const children = intChildren(node, kind);
  const hints = intHints(node, kind);
  i32.copyWithin(children + index + by, children + index, children + count);
  i32.copyWithin(hints + index + by, hints + index, hints + count);
}

/** Copies the entries [from, to) behind the `toCount` entries of another node of the same sort. */
export function intAppend(
  v: ByteViews,
  node: number,
  kind: number,
  level: number,
  from: number,
  to: number,
  target: ByteViews,
  targetNode: number,
  targetCount: number,
): void {
  const keys = (node + NODE_AREA) >> 2;
  const pages = intRowPages(node, kind, level);
  const slots = intRowSlots(node, kind, level);
  const children = intChildren(node, kind);
  const targetKeys = (targetNode + NODE_AREA) >> 2;
  const targetPages = intRowPages(targetNode, kind, level);
  const targetSlots = intRowSlots(targetNode, kind, level);
  const targetChildren = intChildren(targetNode, kind);
  const targetHints = intHints(targetNode, kind);
  for (let index = from, write = targetCount; index < to; index++, write++) {
    target.i32[targetKeys + write * kind] = v.i32[keys + index * kind];
    if (kind === 2) target.i32[targetKeys + write * 2 + 1] = v.i32[keys + index * 2 + 1];
    target.i32[targetPages + write] = v.i32[pages + index];
    target.u16[targetSlots + write] = v.u16[slots + index];
    if (level !== 0) {
      target.i32[targetChildren + write] = v.i32[children + index];
      target.i32[targetHints + write] = 0;
    }
  }
}
