/**
 * Removing an entry: by rollback (a compensation, SM-W7) and by the collector, which has read a row's whole chain and found the
 * entry dead, and gives the heap page as it was then: under the leaf latch it must not have moved since (SM-B4). Writers change the
 * heap row before the index (SM-B1), so either the collector sees the heap page moved, or the writer comes to the leaf later and
 * puts its entry in again.
 */

import { readBegin, unlatchFrame, unlatchFrameUnchanged } from '../../../shm/frame-latch.ts';
import { FRAME_BYTES, FRAME_PAGE_ID } from '../../../shm/frame.layout.gen.ts';
import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { takeCredit } from '../log/credit.ts';
import { pageSlotCount } from '../page.layout.gen.ts';
import type { KeyScratch } from '../rows/runtime.ts';
import { descend, PATH_VERSION, TO_KEY } from './descend.ts';
import { kindNumber } from './insert.ts';
import { latchLeaf, removeFromLeaf } from './leaf-change.ts';
import { mergeEmpty } from './merge.ts';
import { entryRecordBytes } from './records.ts';
import {
  type HeapWitness,
  INDEX_DONE,
  INDEX_MOVED,
  type IndexChange,
  type IndexStatus,
  type Tree,
  type TreeIndex,
} from './tree.ts';

const testing = TESTING;

/**
 * Takes (key, row id) out: INDEX_DONE, INDEX_ABSENT, or INDEX_MOVED if `heap` is given and has moved. A leaf that became empty is
 * merged away. No latch or hold by the caller; credit for the record is taken here.
 */
export function indexRemove(
  tree: Tree,
  index: TreeIndex,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  change: IndexChange,
  heap: HeapWitness | null,
): IndexStatus {
  const { shm } = tree;
  const { root } = index;
  tree.misses = 0;
  if (change.logged) takeCredit(tree.log, entryRecordBytes(kindNumber(index.kind), key));
  for (;;) {
    const frame = descend(tree, root, 0, TO_KEY, key, rowPage, rowSlot);
    const page = tree.path[0];
    if (!latchLeaf(tree, root, frame, page, tree.path[PATH_VERSION], key, rowPage, rowSlot)) continue;
    if (testing) yieldPoint('btree.removeLatched');
    if (heap !== null && !heapHolds(tree, heap)) {
      unlatchFrameUnchanged(shm, frame);
      return INDEX_MOVED;
    }
    const status = removeFromLeaf(tree, root, frame, page, key, rowPage, rowSlot, change);
    const empty = page !== root && pageSlotCount(frameSegment(shm, frame).u16, frameOffset(shm, frame)) === 0;
    if (status === INDEX_DONE) unlatchFrame(shm, frame);
    else unlatchFrameUnchanged(shm, frame);
    if (empty && status === INDEX_DONE) mergeEmpty(tree, root, key, rowPage, rowSlot, change.logged);
    return status as IndexStatus;
  }
}

function heapHolds(tree: Tree, heap: HeapWitness): boolean {
  const base = tree.shm.framesBase + heap.frame * FRAME_BYTES;
  return tree.shm.i32[(base + FRAME_PAGE_ID) >>> 2] === (heap.page | 0) && readBegin(tree.shm.i32, base) === heap.version;
}
