/**
 * The fences of a node: the two (key, row id) pairs its range lies between (low inclusive, high exclusive), and the prefix that
 * follows from them in byte nodes. A fence outside a page is a KeyScratch whose i32[2] and i32[3] are the row id.
 */

import type { ByteViews } from '../rows/byte-views.ts';
import type { KeyScratch } from '../rows/runtime.ts';
import { FENCE_HIGH, FENCE_LOW, KIND_BYTES } from './node.layout.ts';
import {
  NODE_HIGH_AT,
  NODE_HIGH_BYTES,
  NODE_HIGH_KEY_HIGH,
  NODE_LOW_AT,
  NODE_LOW_BYTES,
  NODE_LOW_KEY_HIGH,
  nodeFences,
  nodeHighAt,
  nodeHighBytes,
  nodeKind,
  nodeLowAt,
  nodeLowBytes,
  setNodeFences,
  setNodePrefixBytes,
} from './node.layout.gen.ts';
import { takeCell } from './node-bytes.ts';

/** Row id above all others (page unsigned, slot), for the end of a key's range. */
export const ROW_PAGE_MAX = -1;
export const ROW_SLOT_MAX = 65535;

const wordsOf = (node: number, which: number): number =>
  (node + (which === FENCE_LOW ? NODE_LOW_KEY_HIGH : NODE_HIGH_KEY_HIGH)) >> 2;
const bytesOf = (node: number, which: number): number => (node + (which === FENCE_LOW ? NODE_LOW_BYTES : NODE_HIGH_BYTES)) >> 1;
const placeOf = (node: number, which: number): number => (node + (which === FENCE_LOW ? NODE_LOW_AT : NODE_HIGH_AT)) >> 1;

/** Sign of the given (key, row id) against a fence that the node has. Also on a node that others change: it ends. */
function compareToFence(
  v: ByteViews,
  node: number,
  kind: number,
  which: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
): number {
  const words = wordsOf(node, which);
  if (kind === KIND_BYTES) {
    const length = v.u16[bytesOf(node, which)] & 4095;
    const at = node + (v.u16[placeOf(node, which)] & 8191);
    const common = length < key.length ? length : key.length;
    for (let i = 0; i < common; i++) {
      const difference = key.u8[i] - v.u8[at + i];
      if (difference !== 0) return difference;
    }
    if (length !== key.length) return key.length - length;
  } else {
    const high = v.i32[words];
    if (key.i32[0] !== high) return key.i32[0] < high ? -1 : 1;
    if (kind === 2) {
      const low = v.i32[words + 1];
      if (key.i32[1] !== low) return key.i32[1] >>> 0 < low >>> 0 ? -1 : 1;
    }
  }
  const page = v.i32[words + 2];
  if (page !== rowPage) return rowPage >>> 0 < page >>> 0 ? -1 : 1;
  return rowSlot - v.i32[words + 3];
}

/** -1: (key, row id) lies below the node's range; 1: above it; 0: inside. */
export function compareToFences(v: ByteViews, node: number, key: KeyScratch, rowPage: number, rowSlot: number): number {
  const fences = nodeFences(v.u16, node);
  const kind = nodeKind(v.u16, node);
  if ((fences & FENCE_LOW) !== 0 && compareToFence(v, node, kind, FENCE_LOW, key, rowPage, rowSlot) < 0) return -1;
  if ((fences & FENCE_HIGH) !== 0 && compareToFence(v, node, kind, FENCE_HIGH, key, rowPage, rowSlot) >= 0) return 1;
  return 0;
}

/** Reads a fence into `key` (row id in i32[2], i32[3]); false if the node has none on that side. */
export function readFence(v: ByteViews, node: number, which: number, key: KeyScratch): boolean {
  if ((nodeFences(v.u16, node) & which) === 0) return false;
  const words = wordsOf(node, which);
  for (let i = 0; i < 4; i++) key.i32[i] = v.i32[words + i];
  if (nodeKind(v.u16, node) === KIND_BYTES) {
    const length = v.u16[bytesOf(node, which)];
    const at = node + (v.u16[placeOf(node, which)] & 8191);
    key.length = length <= 2064 ? length : 0;
    for (let i = 0; i < key.length; i++) key.u8[i] = v.u8[at + i];
  }
  return true;
}

/** Gives a node without entries a fence. Afterwards, with both in place, sealFences(). */
export function setFence(v: ByteViews, node: number, which: number, key: KeyScratch): void {
  const words = wordsOf(node, which);
  for (let i = 0; i < 4; i++) v.i32[words + i] = key.i32[i];
  setNodeFences(v.u16, node, nodeFences(v.u16, node) | which);
  if (nodeKind(v.u16, node) !== KIND_BYTES) return;
  const at = takeCell(v, node, key.length);
  v.u16[placeOf(node, which)] = at;
  v.u16[bytesOf(node, which)] = key.length;
  for (let i = 0; i < key.length; i++) v.u8[node + at + i] = key.u8[i];
}

/** Gives a node without entries the fence that another node has on that side, if it has one. */
export function copyFence(
  v: ByteViews,
  node: number,
  which: number,
  target: ByteViews,
  targetNode: number,
  scratch: KeyScratch,
): void {
  if (readFence(v, node, which, scratch)) setFence(target, targetNode, which, scratch);
}

/** Length of what all keys between two fences begin with: the common head of both, none if one is missing. */
export function commonHead(v: ByteViews, node: number): number {
  if (nodeFences(v.u16, node) !== (FENCE_LOW | FENCE_HIGH)) return 0;
  const low = node + nodeLowAt(v.u16, node);
  const high = node + nodeHighAt(v.u16, node);
  const end = Math.min(nodeLowBytes(v.u16, node), nodeHighBytes(v.u16, node));
  let common = 0;
  while (common < end && v.u8[low + common] === v.u8[high + common]) common++;
  return common;
}

/** Settles the prefix of a byte node whose fences are both in place and which has no entries yet. */
export function sealFences(v: ByteViews, node: number): void {
  setNodePrefixBytes(v.u16, node, nodeKind(v.u16, node) === KIND_BYTES ? commonHead(v, node) : 0);
}
