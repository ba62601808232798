import { ok, strictEqual } from 'node:assert/strict';
import { takeFreshFrame } from '../../../shm/clock-hand.ts';
import { lookupFrame, tableEntries, tableFind, tableInsert, tableRemove } from '../../../shm/page-table.ts';
import { handleOf, type SharedMemory, type SharedMemoryHandle, viewSharedMemory } from '../../../shm/shared-memory.ts';
import { attachThread, detachThread, THREAD_ROLE_ATTACHED, THREAD_ROLE_HOST } from '../../../shm/threads.ts';
import { NO_PAGE } from '../../../shm/types.ts';
import { setFramePageId } from '../../shm/frames.ts';
import { smallMemory } from '../../shm/threads.ts';
import type { InterleavingCase } from '../case.ts';

interface Payload {
  handle: SharedMemoryHandle;
  frames: number[];
}

const PAGE = 40;
let shm: SharedMemory;

/** Two threads bring in the same page, and the one whose frame it is takes it out and in again; a third looks it up. */
export const interleaving: InterleavingCase<Payload, number> = {
  name: 'SM-L7: one page, two frames, one winner',
  sessions: 3,
  setup() {
    shm = smallMemory();
    attachThread(shm, THREAD_ROLE_HOST);
    return { handle: handleOf(shm), frames: [takeFreshFrame(shm), takeFreshFrame(shm)] };
  },
  session({ handle, frames }, session) {
    const own = viewSharedMemory(handle);
    attachThread(own, THREAD_ROLE_ATTACHED);
    let outcome = -1;
    if (session === 2) {
      lookupFrame(own, PAGE);
      const found = tableFind(own, PAGE);
      ok(found === -1 || frames.includes(found));
    } else {
      const frame = frames[session];
      outcome = tableInsert(own, PAGE, frame);
      if (outcome === frame) {
        setFramePageId(own, frame, PAGE);
        setFramePageId(own, frame, NO_PAGE);
        tableRemove(own, PAGE, frame);
        outcome = tableInsert(own, PAGE, frame);
      }
    }
    detachThread(own);
    return outcome;
  },
  check({ frames }, results) {
    for (const result of results) ok(result.ok, JSON.stringify(result));
    const entries = tableEntries(shm);
    ok(entries.length === 1 && frames.includes(entries[0].frame), JSON.stringify(entries));
    strictEqual(entries[0].pageId, PAGE);
  },
  teardown() {
    detachThread(shm);
  },
};
