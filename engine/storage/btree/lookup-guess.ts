/**
 * The short ways of a point lookup in an index of kind 'i32' (lookup.ts): from what lookups of near keys have met to the leaf, and in it
 * to the place where the entry is if keys are spread evenly. Found, or nothing is known: then lookup.ts goes the whole way.
 *
 * Hot: free functions over typed arrays and ints.
 */

import { READ_LATCHED, readBegin, readUnchanged } from '../../../shm/frame-latch.ts';
import { FRAME_BYTES, FRAME_PAGE_ID, FRAME_REFERENCED, FRAME_VERSION } from '../../../shm/frame.layout.gen.ts';
import { frameOffset } from '../../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { PAGE_LEVEL, PAGE_SLOT_COUNT } from '../page.layout.gen.ts';
import { LEAF_MAX_I32, NODE_AREA } from './node.layout.ts';
import { foreseeRow, learnRow } from './row-guess.ts';
import {
  FOUND_FRAME,
  FOUND_MORE,
  FOUND_PAGE,
  FOUND_ROW_PAGE,
  FOUND_ROW_SLOT,
  FOUND_VERSION,
  type Tree,
  WAY_ABOVE,
  WAY_BELOW,
  WAY_HINT,
  WAY_LEAF,
  WAY_PARENT,
  WAY_PARENT_VERSION,
  WAY_ROOT,
  WAY_ROOT_VERSION,
  WAY_WORDS,
  WAYS,
} from './tree.ts';

const testing = TESTING;

/** Places in a node, in words; the level is the upper half of its word, the count of entries the lower half. */
const AREA_WORD = NODE_AREA >>> 2;
const COUNT_WORD = PAGE_SLOT_COUNT >>> 2;
const LEVEL_WORD = PAGE_LEVEL >>> 2;

/**
 * Looks for the entry in the leaf to which a lookup of a near key has come, without the way down to it. True: found. False: nothing is
 * known.
 *
 * SM-L6: what the leaf's parent said then is what it says as long as its version is the same, which is looked at once the leaf's is
 * taken, as on the way down (guessI32). A parent that leaves the tree changes before, for it loses its last child; but for that of an
 * index that is dropped. So the root has to be what it was, too: the pages of an index are not used again before its root is.
 */
export function lookupByWay(tree: Tree, root: number, key: number): boolean {
  const { words, shifts } = tree.leafWays;
  const way = ((key >> shifts[root & 255]) & (WAYS - 1)) * WAY_WORDS;
  const below = words[way + WAY_BELOW];
  const above = words[way + WAY_ABOVE];
  // Entries of a key that is a fence may lie in two leaves.
  if (key <= below || key >= above) return false;
  const { i32 } = tree.shm;
  const rootBase = words[way + WAY_ROOT];
  if (i32[(rootBase + FRAME_PAGE_ID) >>> 2] !== root || i32[(rootBase + FRAME_VERSION) >>> 2] !== words[way + WAY_ROOT_VERSION]) {
    return false;
  }
  const parent = words[way + WAY_PARENT];
  // Both are in use: they are to stay in the cache.
  if (i32[(rootBase + FRAME_REFERENCED) >>> 2] === 0) i32[(rootBase + FRAME_REFERENCED) >>> 2] = 1;
  if (i32[(parent + FRAME_REFERENCED) >>> 2] === 0) i32[(parent + FRAME_REFERENCED) >>> 2] = 1;
  const version = words[way + WAY_PARENT_VERSION];
  if (testing) yieldPoint('btree.wayTaken');
  return guessI32(tree, root, parent, version, words[way + WAY_LEAF], words[way + WAY_HINT], key, below, above);
}

/** What a parent of leaves says of the leaf that the key leads to; its descriptor and the root's, with the versions under which it does. */
export function noteWay(
  tree: Tree,
  root: number,
  key: number,
  below: number,
  above: number,
  leaf: number,
  hint: number,
  parent: number,
  parentVersion: number,
  rootBase: number,
  rootVersion: number,
): void {
  const { words, shifts } = tree.leafWays;
  const own = root & 255;
  const shift = 31 - Math.clz32(above - below);
  const difference = shift - shifts[own];
  // Leaves of one index have about the same range: it changes with the index, not with each leaf.
  if (difference > 1 || difference < -1) shifts[own] = shift;
  const way = ((key >> shifts[own]) & (WAYS - 1)) * WAY_WORDS;
  words[way + WAY_BELOW] = below;
  words[way + WAY_ABOVE] = above;
  words[way + WAY_LEAF] = leaf;
  words[way + WAY_HINT] = hint;
  words[way + WAY_PARENT] = parent;
  words[way + WAY_PARENT_VERSION] = parentVersion;
  words[way + WAY_ROOT] = rootBase;
  words[way + WAY_ROOT_VERSION] = rootVersion;
}

/**
 * Looks for the entry where it lies if the leaf `child` is in frame `hint`, as full as the last one, and its keys are spread evenly
 * between `below` and `above`. True: it is there, and found. False: nothing is known.
 *
 * All that is read of the leaf lies on cache lines of its own, far from the processor. Nothing here waits for one of them to know
 * where the next is, so that all are under way at a time. SM-L6: what was read counts only if the parent (descriptor at `base`)
 * has not moved since the leaf's version was taken, nor the leaf since.
 */
export function guessI32(
  tree: Tree,
  root: number,
  base: number,
  version: number,
  child: number,
  hint: number,
  key: number,
  below: number,
  above: number,
): boolean {
  const shm = tree.shm;
  const guess = (((key - below) * tree.leafCounts[root & 255]) / (above - below)) | 0;
  if (guess <= 0 || guess >= LEAF_MAX_I32 - 1 || hint < 0 || hint >= shm.frameCount) return false;
  const i32 = shm.i32;
  const leafBase = shm.framesBase + hint * FRAME_BYTES;
  foreseeRow(tree, root, child, guess);
  const leafVersion = readBegin(i32, leafBase);
  if (testing) yieldPoint('btree.leafGuessed');
  const words = shm.frameSegments[hint >>> shm.frameShift].i32;
  const leaf = frameOffset(shm, hint) >>> 2;
  const keys = leaf + AREA_WORD;
  const seen = words[keys + guess];
  const rowPage = words[keys + LEAF_MAX_I32 + guess];
  const slots = words[keys + 2 * LEAF_MAX_I32 + (guess >>> 1)];
  const count = words[leaf + COUNT_WORD] & 0xffff;
  if (seen !== key || guess >= count || words[keys + guess - 1] === key || words[leaf + LEVEL_WORD] >>> 16 !== 0) return false;
  const more = above === key || (guess + 1 < count && words[keys + guess + 1] === key);
  if (leafVersion === READ_LATCHED || i32[(leafBase + FRAME_PAGE_ID) >>> 2] !== child) return false;
  if (!readUnchanged(shm, base, version) || !readUnchanged(shm, leafBase, leafVersion)) return false;
  if (i32[(leafBase + FRAME_REFERENCED) >>> 2] === 0) i32[(leafBase + FRAME_REFERENCED) >>> 2] = 1;
  const found = tree.found;
  const rowSlot = (slots >>> ((guess & 1) << 4)) & 0xffff;
  found[FOUND_ROW_PAGE] = rowPage;
  found[FOUND_ROW_SLOT] = rowSlot;
  found[FOUND_MORE] = more ? 1 : 0;
  found[FOUND_FRAME] = hint;
  learnRow(tree, root, child, guess, rowPage, rowSlot);
  found[FOUND_PAGE] = child;
  found[FOUND_VERSION] = leafVersion;
  return true;
}
