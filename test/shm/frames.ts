/** Frames for tests that have no cache: a page in a frame, as the cache would put it there. */
import { takeFreshFrame } from '../../shm/clock-hand.ts';
import { storeFramePageId, storeFrameState } from '../../shm/frame.layout.gen.ts';
import { FRAME_STATE_CLEAN } from '../../shm/frame.layout.ts';
import { latchFrame, unlatchFrame } from '../../shm/frame-latch.ts';
import { tableInsert } from '../../shm/page-table.ts';
import { frameBase, type SharedMemory } from '../../shm/shared-memory.ts';

export function setFramePageId(shm: SharedMemory, frame: number, pageId: number): void {
  storeFramePageId(shm.i32, frameBase(shm, frame), pageId);
}

/** A fresh frame that holds a zeroed page, clean and in the page table. */
export function placePage(shm: SharedMemory, pageId: number): number {
  const frame = takeFreshFrame(shm);
  tableInsert(shm, pageId, frame);
  latchFrame(shm, frame);
  setFramePageId(shm, frame, pageId);
  storeFrameState(shm.i32, frameBase(shm, frame), FRAME_STATE_CLEAN);
  unlatchFrame(shm, frame);
  return frame;
}
