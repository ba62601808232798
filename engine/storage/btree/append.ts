/**
 * Entries that go behind all others of a tree: where this thread last met the right edge, without a descent and without a search.
 *
 * The last leaf is the only one that can hold a key above all of its own, so for such a key it is its own witness of uniqueness
 * (SM-B3): there is no entry of the key, nobody's row is looked at, and who latches the leaf as it was read has nothing to ask again.
 *
 * What is read here is not validated: the caller latches the leaf at the version it had before (tryLatchVersion, SM-L3).
 * Hot, no allocation.
 */

import { pageOwner, pageSlotCount, pageType, setPageSlotCount } from '../page.layout.gen.ts';
import { PAGE_TYPE_BTREE_LEAF } from '../page.layout.ts';
import type { ByteViews } from '../rows/byte-views.ts';
import type { KeyScratch } from '../rows/runtime.ts';
import { intRowPages, intRowSlots } from './node-int.ts';
import { FENCE_HIGH, KIND_BYTES, NODE_AREA } from './node.layout.ts';
import { nodeFences, nodeKind } from './node.layout.gen.ts';
import { nodeFits, nodeInsert, nodeSearch } from './node.ts';
import type { Tree } from './tree.ts';

/** Places of an edge hint: tree.edgeHints[edgeHint(root) + EDGE_...]. */
export const EDGE_ROOT = 0;
export const EDGE_PAGE = 1;
export const EDGE_FRAME = 2;

/** Where the hint of a tree's right edge stands, or -1: there is none. */
export function edgeHint(tree: Tree, root: number): number {
  const hint = (root & 255) * 4;
  return tree.edgeHints[hint] === root && tree.edgeHints[hint + 3] === 1 ? hint : -1;
}

/** Rows that a key search passes over: none. */
const BEFORE_ALL = 0;

/**
 * Whether the page is the tree's last leaf, has room, and (key, row id) goes behind all of its entries; `distinct`: behind all
 * entries of the key, too. An empty leaf is left to the ordinary way.
 */
export function edgeTakes(
  v: ByteViews,
  node: number,
  root: number,
  kind: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  distinct: boolean,
): boolean {
  const { i32, u16 } = v;
  const count = pageSlotCount(u16, node);
  if (
    pageType(v.u8, node) !== PAGE_TYPE_BTREE_LEAF ||
    (pageOwner(v.u32, node) | 0) !== root ||
    (nodeFences(u16, node) & FENCE_HIGH) !== 0 ||
    nodeKind(u16, node) !== kind ||
    count === 0 ||
    !nodeFits(v, node, key)
  ) {
    return false;
  }
  if (kind !== KIND_BYTES) {
    const at = ((node + NODE_AREA) >> 2) + (count - 1) * kind;
    const high = i32[at];
    if (high !== key.i32[0]) return high < key.i32[0];
    if (kind === 2 && i32[at + 1] !== key.i32[1]) return i32[at + 1] >>> 0 < key.i32[1] >>> 0;
    if (distinct) return false;
  }
  const page = distinct ? BEFORE_ALL : rowPage;
  const slot = distinct ? BEFORE_ALL : rowSlot;
  return nodeSearch(v, node, count - 1, key, page, slot) === count;
}

/** Puts the entry behind the others. edgeTakes() said yes, and the leaf is latched since. */
export function appendEntry(v: ByteViews, node: number, kind: number, key: KeyScratch, rowPage: number, rowSlot: number): void {
  const { i32, u16 } = v;
  const count = pageSlotCount(u16, node);
  if (kind === KIND_BYTES) {
    nodeInsert(v, node, count, key, rowPage, rowSlot, 0);
    return;
  }
  const at = ((node + NODE_AREA) >> 2) + count * kind;
  i32[at] = key.i32[0];
  if (kind === 2) i32[at + 1] = key.i32[1];
  i32[intRowPages(node, kind, 0) + count] = rowPage;
  u16[intRowSlots(node, kind, 0) + count] = rowSlot;
  setPageSlotCount(u16, node, count + 1);
}
