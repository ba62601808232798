/**
 * The way from the root to a node, without latches.
 *
 *   parent: readBegin ... choose child, its page id and hint
 *   child:  readBegin, still that page?          parent: still valid?      only then is the child read (SM-L6)
 *
 * What was read of a node is acted on only after its version was found unmoved (SM-L3): the child's number is used to look
 * for a frame before that, but a frame is trusted by its own page id, and the parent is validated after the child's version was
 * taken. A miss validates the parent first, then reads the page in, nothing held. Hints are written under a try-latch only.
 */

import {
  awaitVersion,
  READ_LATCHED,
  readBegin,
  readValid,
  tryLatchFrame,
  unlatchFrameUnchanged,
  versionBeforeLatch,
} from '../../../shm/frame-latch.ts';
import { FRAME_BYTES, FRAME_PAGE_ID, FRAME_REFERENCED } from '../../../shm/frame.layout.gen.ts';
import { lookupFrame } from '../../../shm/page-table.ts';
import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { indexDamaged } from '../../../shm/errors.ts';
import { fetchFrame } from '../cache/page-cache.ts';
import { writePages } from '../cache/page-writer.ts';
import { pageLevel, pageOwner, pageType } from '../page.layout.gen.ts';
import { PAGE_TYPE_BTREE_INNER, PAGE_TYPE_BTREE_LEAF, pageTypeName } from '../page.layout.ts';
import type { KeyScratch } from '../rows/runtime.ts';
import { childIndex, childPage, hintWord, nodeCount, nodeSearch } from './node.ts';
import { LEVELS_MAX, type Tree } from './tree.ts';

const testing = TESTING;

/** Which child the descent takes: the one whose range holds (key, row id). */
export const TO_KEY = 0;
export const TO_FIRST = 1;
export const TO_LAST = 2;
/** The one that holds the greatest place below (key, row id). */
export const TO_BEFORE = 3;

/** Fields of tree.path, four words a level. */
export const PATH_PAGE = 0;
export const PATH_FRAME = 1;
export const PATH_VERSION = 2;
/** Index of the child that was taken. */
export const PATH_INDEX = 3;

/** From descend(): the tree is not that high. */
export const NO_LEVEL = -1;

/** Frame of the root: where it was last, else looked up, else read in. To be verified like any other. */
export function rootFrame(tree: Tree, root: number): number {
  const hint = tree.rootHints[root & 255];
  if (tree.shm.i32[(tree.shm.framesBase + hint * FRAME_BYTES + FRAME_PAGE_ID) >>> 2] === root) return hint;
  const frame = bringIn(tree, root);
  tree.rootHints[root & 255] = frame;
  return frame;
}

/**
 * The frame of the node at `level` that the key leads to, valid when it was reached; its page, frame and version, and those of
 * all above, in tree.path. NO_LEVEL if the root is lower than that. No latch or hold by the caller: may read pages in.
 */
export function descend(
  tree: Tree,
  root: number,
  level: number,
  to: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
): number {
  for (;;) {
    if (testing) yieldPoint('btree.descend');
    const frame = rootFrame(tree, root);
    const version = readBegin(tree.shm.i32, tree.shm.framesBase + frame * FRAME_BYTES);
    if (version === READ_LATCHED) {
      awaitVersion(tree.shm, frame);
      continue;
    }
    if (tree.shm.i32[(tree.shm.framesBase + frame * FRAME_BYTES + FRAME_PAGE_ID) >>> 2] !== root) continue;
    const reached = descendFrom(tree, root, frame, version, level, to, key, rowPage, rowSlot);
    if (reached !== RESTART) return reached;
  }
}

const RESTART = -2;

function descendFrom(
  tree: Tree,
  root: number,
  rootAt: number,
  rootVersion: number,
  wanted: number,
  to: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
): number {
  const shm = tree.shm;
  const i32 = shm.i32;
  const path = tree.path;
  let page = root;
  let frame = rootAt;
  let version = rootVersion;
  let above = -1;
  for (;;) {
    const base = shm.framesBase + frame * FRAME_BYTES;
    const v = frameSegment(shm, frame);
    const node = frameOffset(shm, frame);
    const level = pageLevel(v.u16, node);
    const type = pageType(v.u8, node);
    const strange =
      (type !== PAGE_TYPE_BTREE_LEAF && type !== PAGE_TYPE_BTREE_INNER) ||
      (pageOwner(v.u32, node) | 0) !== root ||
      level >= LEVELS_MAX ||
      (above >= 0 && level !== above - 1);
    if (strange) {
      if (!readValid(i32, base, version)) return RESTART;
      throw indexDamaged({
        file: 'index',
        offset: (page >>> 0) * 8192,
        what: `node ${page >>> 0} of the index with root ${root >>> 0}`,
        expected: above < 0 ? 'a B+tree root' : `a node of level ${above - 1}`,
        actual: `${pageTypeName(type)}, level ${level}`,
      });
    }
    if (i32[(base + FRAME_REFERENCED) >>> 2] === 0) i32[(base + FRAME_REFERENCED) >>> 2] = 1;
    path[level * 4] = page;
    path[level * 4 + PATH_FRAME] = frame;
    path[level * 4 + PATH_VERSION] = version;
    if (level <= wanted) {
      if (!readValid(i32, base, version)) return RESTART;
      return level === wanted ? frame : NO_LEVEL;
    }
    const index = chooseChild(v, node, to, key, rowPage, rowSlot);
    const child = childPage(v, node, index);
    const hintAt = hintWord(v, node, index);
    const hint = v.i32[hintAt];
    path[level * 4 + PATH_INDEX] = index;
    let childFrame = hint;
    if (hint < 0 || hint >= shm.frameCount || i32[(shm.framesBase + hint * FRAME_BYTES + FRAME_PAGE_ID) >>> 2] !== child) {
      childFrame = lookupFrame(shm, child);
      if (childFrame < 0) {
        if (!readValid(i32, base, version)) return RESTART;
        if (testing) yieldPoint('btree.miss');
        noteMiss(tree);
        childFrame = fetchFrame(tree.cache, child);
      }
    }
    const childBase = shm.framesBase + childFrame * FRAME_BYTES;
    if (testing) yieldPoint('btree.childChosen');
    const childVersion = readBegin(i32, childBase);
    if (testing) yieldPoint('btree.childBegun');
    if (childVersion === READ_LATCHED) {
      if (readValid(i32, base, version)) awaitVersion(shm, childFrame);
      return RESTART;
    }
    if (i32[(childBase + FRAME_PAGE_ID) >>> 2] !== child || !readValid(i32, base, version)) return RESTART;
    if (childFrame !== hint) writeHint(tree, frame, version, hintAt, childFrame);
    above = level;
    page = child;
    frame = childFrame;
    version = childVersion;
  }
}

function chooseChild(
  v: ReturnType<typeof frameSegment>,
  node: number,
  to: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
): number {
  if (to === TO_KEY) return childIndex(v, node, key, rowPage, rowSlot);
  if (to === TO_FIRST) return 0;
  if (to === TO_BEFORE) return nodeSearch(v, node, 1, key, rowPage, rowSlot) - 1;
  const count = nodeCount(v, node);
  return count === 0 ? 0 : count - 1;
}

/** The frame of a page that is about to be latched together with others; reads it in if need be. Not validated. */
export function bringIn(tree: Tree, page: number): number {
  if (lookupFrame(tree.shm, page) < 0) noteMiss(tree);
  return fetchFrame(tree.cache, page);
}

/** One call needs a few pages in the cache at once. If it keeps reading, most frames are dirty and its own pages push each other out. */
const MISSES_MAX = 24;
const PAGES_WRITTEN = 64;

/** Counts a page that this call has to read in; makes room when there are too many. No latch, no hold. */
export function noteMiss(tree: Tree): void {
  if (++tree.misses < MISSES_MAX) return;
  tree.misses = 0;
  writePages(tree.cache, PAGES_WRITTEN);
}

/** Notes where a child was seen. The node's version does not move: nobody reads a hint as truth. */
export function writeHint(tree: Tree, frame: number, version: number, hintAt: number, childFrame: number): void {
  if (!tryLatchFrame(tree.shm, frame)) return;
  if (versionBeforeLatch(tree.shm, frame) === version) frameSegment(tree.shm, frame).i32[hintAt] = childFrame;
  unlatchFrameUnchanged(tree.shm, frame);
}
