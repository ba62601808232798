/**
 * Point lookups, the hottest reads of the engine: from the root to the first entry of a key without a latch, a call or an
 * allocation. Results go to tree.found (tree.ts, FOUND_*).
 *
 * The protocol is that of descend.ts (SM-L2, L3, L6), written out for integer nodes: a version and a page id per node, each node
 * validated after its child's version was taken, the leaf after its entry was read. Whatever does not go straight (a page that is
 * not in the cache, a writer in the way, a key whose entries begin in the next leaf) goes to lookupSlow().
 *
 * Hot: free functions over typed arrays and ints.
 */

import { awaitVersion, READ_LATCHED, readBegin, readUnchanged, readValid } from '../../../shm/frame-latch.ts';
import { FRAME_BYTES, FRAME_PAGE_ID, FRAME_REFERENCED } from '../../../shm/frame.layout.gen.ts';
import { lookupFrame } from '../../../shm/page-table.ts';
import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { PAGE_LEVEL, PAGE_SLOT_COUNT } from '../page.layout.gen.ts';
import type { KeyScratch } from '../rows/runtime.ts';
import { guessI32, lookupByWay, noteWay } from './lookup-guess.ts';
import { descend, PATH_FRAME, PATH_VERSION, rootFrame, TO_KEY, writeHint } from './descend.ts';
import { compareToFences, readFence } from './fences.ts';
import { FENCE_HIGH, INNER_MAX_I32, INNER_MAX_I64, LEAF_MAX_I32, LEAF_MAX_I64, NODE_AREA } from './node.layout.ts';
import { NODE_FENCES, NODE_HIGH_KEY_HIGH, NODE_HIGH_KEY_LOW } from './node.layout.gen.ts';
import { entryRowPage, entryRowSlot, keyEquals, nodeCount, nodeSearch } from './node.ts';
import { FOUND_FRAME, FOUND_MORE, FOUND_PAGE, FOUND_ROW_PAGE, FOUND_ROW_SLOT, FOUND_VERSION, type Tree } from './tree.ts';

const testing = TESTING;

const INT_MIN = -2147483648;
const INT_MAX = 2147483647;
/** Places in a node, in words; the level is the upper half of its word, the count of entries the lower half. */
const AREA_WORD = NODE_AREA >>> 2;
const COUNT_WORD = PAGE_SLOT_COUNT >>> 2;
const LEVEL_WORD = PAGE_LEVEL >>> 2;

/**
 * First index in [first, end) of one-word keys that is not below `key`, or end. Ends on any content. All of them lie from
 * `below` to `above`, for the guess: a leaf's fences stand in its parent, whose cache lines were touched anyway.
 */
function searchOne(i32: Int32Array, keys: number, from: number, to: number, key: number, below: number, above: number): number {
  let first = from;
  let end = to;
  if (end - first > 4) {
    if (key <= below) return first;
    const span = above - below;
    const distance = key - below;
    let guess = distance < span ? first + (((distance * (end - first)) / span) | 0) : end - 1;
    let step = 1;
    if (i32[keys + guess] < key) {
      first = guess + 1;
      while ((guess = first + step) < end && i32[keys + guess] < key) {
        first = guess + 1;
        step <<= 1;
      }
      if (guess < end) end = guess;
    } else {
      end = guess;
      while ((guess = end - step) >= first && i32[keys + guess] >= key) {
        end = guess;
        step <<= 1;
      }
      if (guess >= first) first = guess + 1;
    }
  }
  while (first < end) {
    const middle = (first + end) >>> 1;
    if (i32[keys + middle] < key) first = middle + 1;
    else end = middle;
  }
  return first;
}

/** The same for two-word keys. */
function searchTwo(i32: Int32Array, keys: number, from: number, to: number, high: number, low: number): number {
  let first = from;
  let end = to;
  if (end - first > 4) {
    const below = i32[keys + first * 2] * 4294967296 + (i32[keys + first * 2 + 1] >>> 0);
    const last = keys + (end - 1) * 2;
    const span = i32[last] * 4294967296 + (i32[last + 1] >>> 0) - below;
    const distance = high * 4294967296 + (low >>> 0) - below;
    // Beyond 2^53 these are rounded: good enough for a guess, so the ends are compared exactly below.
    let guess = distance > 0 && span > 0 ? first + (((distance / span) * (end - 1 - first)) | 0) : first;
    if (guess >= end) guess = end - 1;
    let step = 1;
    if (isBelow(i32, keys + guess * 2, high, low)) {
      first = guess + 1;
      while ((guess = first + step) < end && isBelow(i32, keys + guess * 2, high, low)) {
        first = guess + 1;
        step <<= 1;
      }
      if (guess < end) end = guess;
    } else {
      end = guess;
      while ((guess = end - step) >= first && !isBelow(i32, keys + guess * 2, high, low)) {
        end = guess;
        step <<= 1;
      }
      if (guess >= first) first = guess + 1;
    }
  }
  while (first < end) {
    const middle = (first + end) >>> 1;
    if (isBelow(i32, keys + middle * 2, high, low)) first = middle + 1;
    else end = middle;
  }
  return first;
}

function isBelow(i32: Int32Array, at: number, high: number, low: number): boolean {
  const keyHigh = i32[at];
  return keyHigh < high || (keyHigh === high && i32[at + 1] >>> 0 < low >>> 0);
}

/**
 * First entry (lowest row id) of a key in an index of kind 'i32'. True: tree.found has its row id, the leaf as witness, and
 * whether there may be more entries of the key. False: there is none; the leaf where it would be is in tree.found.
 */
export function lookupI32(tree: Tree, root: number, key: number): boolean {
  if (lookupByWay(tree, root, key)) return true;
  const shm = tree.shm;
  const i32 = shm.i32;
  const frames = shm.framesBase;
  let page = root;
  let frame = rootFrame(tree, root);
  let base = frames + frame * FRAME_BYTES;
  let version = readBegin(i32, base);
  if (version === READ_LATCHED || i32[(base + FRAME_PAGE_ID) >>> 2] !== page) return slowI32(tree, root, key);
  const rootBase = base;
  const rootVersion = version;
  // The node's fences as its parent has them: the range in which its keys lie.
  let below = INT_MIN;
  let above = INT_MAX;
  let fenced = false;
  for (;;) {
    const words = shm.frameSegments[frame >>> shm.frameShift].i32;
    const node = frameOffset(shm, frame) >>> 2;
    const keys = node + AREA_WORD;
    const level = words[node + LEVEL_WORD] >>> 16;
    let count = words[node + COUNT_WORD] & 0xffff;
    if (i32[(base + FRAME_REFERENCED) >>> 2] === 0) i32[(base + FRAME_REFERENCED) >>> 2] = 1;
    if (level === 0) {
      if (count > LEAF_MAX_I32) count = LEAF_MAX_I32;
      if (tree.leafCounts[root & 255] !== count) tree.leafCounts[root & 255] = count;
      // The outermost leaves have one fence or none.
      if (below === INT_MIN) below = words[keys];
      if (!fenced && count > 0) above = words[keys + count - 1];
      const index = searchOne(words, keys, 0, count, key, below, above);
      const found = tree.found;
      const hit = index < count && words[keys + index] === key;
      const onFence = fenced && above === key;
      found[FOUND_ROW_PAGE] = words[keys + LEAF_MAX_I32 + index];
      const slots = words[keys + 2 * LEAF_MAX_I32 + (index >>> 1)];
      found[FOUND_ROW_SLOT] = (slots >>> ((index & 1) << 4)) & 0xffff;
      found[FOUND_MORE] = onFence || (index + 1 < count && words[keys + index + 1] === key) ? 1 : 0;
      found[FOUND_FRAME] = frame;
      found[FOUND_PAGE] = page;
      found[FOUND_VERSION] = version;
      if (!readUnchanged(shm, base, version) || (!hit && onFence)) return slowI32(tree, root, key);
      return hit;
    }
    if (count > INNER_MAX_I32) count = INNER_MAX_I32;
    let index = searchOne(words, keys, 1, count, key, words[keys + 1], words[keys + count - 1]);
    const onRow =
      index < count &&
      words[keys + index] === key &&
      words[keys + INNER_MAX_I32 + index] === 0 &&
      ((words[keys + 4 * INNER_MAX_I32 + (index >>> 1)] >>> ((index & 1) << 4)) & 0xffff) === 0;
    if (!onRow) index--;
    const child = words[keys + 2 * INNER_MAX_I32 + index];
    const hint = words[keys + 3 * INNER_MAX_I32 + index];
    if (index > 0) below = words[keys + index];
    if (index + 1 < count) {
      above = words[keys + index + 1];
      fenced = true;
    }
    if (level === 1 && fenced && below !== INT_MIN) {
      noteWay(tree, root, key, below, above, child, hint, base, version, rootBase, rootVersion);
      if (guessI32(tree, root, base, version, child, hint, key, below, above)) return true;
    }
    let childFrame = hint;
    let childBase = frames + hint * FRAME_BYTES;
    if (hint < 0 || hint >= shm.frameCount || i32[(childBase + FRAME_PAGE_ID) >>> 2] !== child) {
      childFrame = lookupFrame(shm, child);
      if (childFrame < 0) return slowI32(tree, root, key);
      childBase = frames + childFrame * FRAME_BYTES;
    }
    if (testing) yieldPoint('btree.childChosen');
    const childVersion = readBegin(i32, childBase);
    if (childVersion === READ_LATCHED || i32[(childBase + FRAME_PAGE_ID) >>> 2] !== child || !readUnchanged(shm, base, version)) {
      return slowI32(tree, root, key);
    }
    if (childFrame !== hint) writeHint(tree, frame, version, keys + 3 * INNER_MAX_I32 + index, childFrame);
    page = child;
    frame = childFrame;
    base = childBase;
    version = childVersion;
  }
}

/** lookupI32() for an index of kind 'i64': high word signed, low word unsigned. */
export function lookupI64(tree: Tree, root: number, high: number, low: number): boolean {
  const shm = tree.shm;
  const i32 = shm.i32;
  const frames = shm.framesBase;
  let page = root;
  let frame = rootFrame(tree, root);
  let base = frames + frame * FRAME_BYTES;
  let version = readBegin(i32, base);
  if (version === READ_LATCHED || i32[(base + FRAME_PAGE_ID) >>> 2] !== page) return slowI64(tree, root, high, low);
  for (;;) {
    const v = shm.frameSegments[frame >>> shm.frameShift];
    const node = frameOffset(shm, frame);
    const words = v.i32;
    const keys = (node + NODE_AREA) >> 2;
    const level = v.u16[(node + PAGE_LEVEL) >> 1];
    let count = v.u16[(node + PAGE_SLOT_COUNT) >> 1];
    if (i32[(base + FRAME_REFERENCED) >>> 2] === 0) i32[(base + FRAME_REFERENCED) >>> 2] = 1;
    if (level === 0) {
      if (count > LEAF_MAX_I64) count = LEAF_MAX_I64;
      const index = searchTwo(words, keys, 0, count, high, low);
      const at = keys + index * 2;
      const fence = (node + NODE_HIGH_KEY_HIGH) >> 2;
      const found = tree.found;
      const hit = index < count && words[at] === high && words[at + 1] === (low | 0);
      const onFence =
        (v.u16[(node + NODE_FENCES) >> 1] & FENCE_HIGH) !== 0 &&
        words[fence] === high &&
        words[(node + NODE_HIGH_KEY_LOW) >> 2] === (low | 0);
      found[FOUND_ROW_PAGE] = words[keys + 2 * LEAF_MAX_I64 + index];
      found[FOUND_ROW_SLOT] = v.u16[(keys + 3 * LEAF_MAX_I64) * 2 + index];
      found[FOUND_MORE] = onFence || (index + 1 < count && words[at + 2] === high && words[at + 3] === (low | 0)) ? 1 : 0;
      found[FOUND_FRAME] = frame;
      found[FOUND_PAGE] = page;
      found[FOUND_VERSION] = version;
      if (!readUnchanged(shm, base, version) || (!hit && onFence)) return slowI64(tree, root, high, low);
      return hit;
    }
    if (count > INNER_MAX_I64) count = INNER_MAX_I64;
    let index = searchTwo(words, keys, 1, count, high, low);
    const onRow =
      index < count &&
      words[keys + index * 2] === high &&
      words[keys + index * 2 + 1] === (low | 0) &&
      words[keys + 2 * INNER_MAX_I64 + index] === 0 &&
      v.u16[(keys + 5 * INNER_MAX_I64) * 2 + index] === 0;
    if (!onRow) index--;
    const child = words[keys + 3 * INNER_MAX_I64 + index];
    const hint = words[keys + 4 * INNER_MAX_I64 + index];
    let childFrame = hint;
    let childBase = frames + hint * FRAME_BYTES;
    if (hint < 0 || hint >= shm.frameCount || i32[(childBase + FRAME_PAGE_ID) >>> 2] !== child) {
      childFrame = lookupFrame(shm, child);
      if (childFrame < 0) return slowI64(tree, root, high, low);
      childBase = frames + childFrame * FRAME_BYTES;
    }
    if (testing) yieldPoint('btree.childChosen');
    const childVersion = readBegin(i32, childBase);
    if (childVersion === READ_LATCHED || i32[(childBase + FRAME_PAGE_ID) >>> 2] !== child || !readUnchanged(shm, base, version)) {
      return slowI64(tree, root, high, low);
    }
    if (childFrame !== hint) writeHint(tree, frame, version, keys + 4 * INNER_MAX_I64 + index, childFrame);
    page = child;
    frame = childFrame;
    base = childBase;
    version = childVersion;
  }
}

function slowI32(tree: Tree, root: number, key: number): boolean {
  tree.scratchKey.i32[0] = key;
  tree.scratchKey.i32[1] = 0;
  return lookupKey(tree, root, tree.scratchKey);
}

function slowI64(tree: Tree, root: number, high: number, low: number): boolean {
  tree.scratchKey.i32[0] = high;
  tree.scratchKey.i32[1] = low;
  return lookupKey(tree, root, tree.scratchKey);
}

/** The same for any kind of index; the key is not changed. Reads pages in where they are missing: no latch or hold. */
export function lookupKey(tree: Tree, root: number, key: KeyScratch): boolean {
  const shm = tree.shm;
  const found = tree.found;
  let rowPage = 0;
  let rowSlot = 0;
  tree.misses = 0;
  for (;;) {
    const frame = descend(tree, root, 0, TO_KEY, key, rowPage, rowSlot);
    const version = tree.path[PATH_VERSION];
    const base = shm.framesBase + frame * FRAME_BYTES;
    const v = frameSegment(shm, frame);
    const node = frameOffset(shm, frame);
    const count = nodeCount(v, node);
    const index = nodeSearch(v, node, 0, key, rowPage, rowSlot);
    const hit = index < count && keyEquals(v, node, index, key);
    const further = index + 1 < count ? keyEquals(v, node, index + 1, key) : true;
    // Above the leaf's range even as the last of its key: then the entries end here for certain.
    const beyond = compareToFences(v, node, key, -1, 65535) === 1;
    found[FOUND_ROW_PAGE] = hit ? entryRowPage(v, node, index) : 0;
    found[FOUND_ROW_SLOT] = hit ? entryRowSlot(v, node, index) : 0;
    found[FOUND_MORE] = hit && further && (index + 1 < count || beyond) ? 1 : 0;
    found[FOUND_FRAME] = tree.path[PATH_FRAME];
    found[FOUND_PAGE] = tree.path[0];
    found[FOUND_VERSION] = version;
    const ends = !hit && index === count && beyond;
    if (ends) readFence(v, node, FENCE_HIGH, tree.separator);
    if (!readValid(shm.i32, base, version)) {
      awaitVersion(shm, frame);
      continue;
    }
    if (!ends) return hit;
    rowPage = tree.separator.i32[2];
    rowSlot = tree.separator.i32[3];
  }
}
