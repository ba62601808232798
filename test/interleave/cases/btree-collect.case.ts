/**
 * SM-B4, SM-B1: the collector has seen that a row no longer has a key and removes the entry; a writer gives the row that key
 * again, heap first, then index. Whatever the order, the entry is there at the end.
 */

import { changeOf, keyOf } from '../../../engine/storage/btree/btree-fixture.ts';
import { createIndex } from '../../../engine/storage/btree/create.ts';
import { indexInsert } from '../../../engine/storage/btree/insert.ts';
import { indexRemove } from '../../../engine/storage/btree/remove.ts';
import { latchPage, unlatchPage } from '../../../engine/storage/cache/page-cache.ts';
import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { versionBeforeLatch, unlatchFrameUnchanged } from '../../../shm/frame-latch.ts';
import type { InterleavingCase } from '../case.ts';
import { entriesOf, freshIndex, ownStore, sessionStore, type StorePayload } from './btree-store.ts';

interface Payload extends StorePayload {
  /** A page that stands for the heap page; its last word says whether the row has the key. */
  readonly heap: number;
}

const LAST_WORD = 8188;

export const interleaving: InterleavingCase<Payload, number> = {
  name: 'SM-B4: collector against a writer that uses the key again',
  sessions: 2,
  setup: () => ({ ...freshIndex([10, 20, 30]), heap: createIndex(ownStore().tree, 'i32', true) }),
  session: (payload, session) => {
    const { tree, cache, shm } = sessionStore(payload);
    const index = { root: payload.root, kind: 'i32' as const };
    const key = keyOf('i32', 20);
    const frame = latchPage(cache, payload.heap);
    const word = (frameOffset(shm, frame) + LAST_WORD) >> 2;
    const { i32 } = frameSegment(shm, frame);
    if (session === 0) {
      const version = versionBeforeLatch(shm, frame);
      const dead = i32[word] === 0;
      unlatchFrameUnchanged(shm, frame);
      return dead ? indexRemove(tree, index, key, 1, 1, changeOf(0), { frame, page: payload.heap, version }) : 0;
    }
    i32[word] = 1;
    unlatchPage(cache, frame);
    return indexInsert(tree, index, key, 1, 1, changeOf(2));
  },
  check: ({ root }, results) => {
    for (const result of results) if (!result.ok) throw new Error(result.message);
    const found = entriesOf(root).join(' ');
    if (found !== '10:1 20:1 30:1') throw new Error(`the index has ${found}`);
  },
  teardown: () => {},
};
