/** SM-L6, SM-L3: one session splits the root and a leaf; the other looks up keys that were there all along, scans, and inserts. */

import { changeOf, keyOf } from '../../../engine/storage/btree/btree-fixture.ts';
import { createCursor, cursorFirst, nextBatch } from '../../../engine/storage/btree/cursor.ts';
import { indexInsert } from '../../../engine/storage/btree/insert.ts';
import { lookupI32 } from '../../../engine/storage/btree/lookup.ts';
import type { InterleavingCase } from '../case.ts';
import { entriesOf, freshIndex, sessionStore, type StorePayload } from './btree-store.ts';

const FIXED = [10, 20, 30, 40];

export const interleaving: InterleavingCase<StorePayload, number> = {
  name: 'SM-L6: a split under readers',
  sessions: 2,
  setup: () => freshIndex(FIXED),
  session: (payload, session) => {
    const { tree } = sessionStore(payload);
    const index = { root: payload.root, kind: 'i32' as const };
    if (session === 0) {
      for (const key of [15, 16, 17]) indexInsert(tree, index, keyOf('i32', key), 1, 1, changeOf(2));
      return 0;
    }
    for (const key of FIXED) if (!lookupI32(tree, payload.root, key)) throw new Error(`key ${key} was not found`);
    indexInsert(tree, index, keyOf('i32', 18), 1, 1, changeOf(3));
    const cursor = createCursor('i32', 3);
    let fixed = 0;
    for (cursorFirst(cursor); nextBatch(tree, payload.root, cursor) > 0; ) {
      for (let at = 0; at < cursor.count; at++) if (FIXED.includes(cursor.words[at])) fixed++;
    }
    return fixed;
  },
  check: ({ root }, [writer, reader]) => {
    if (!writer.ok || !reader.ok) throw new Error(JSON.stringify([writer, reader]));
    if (reader.value !== FIXED.length) throw new Error(`a scan met ${reader.value} of the fixed keys`);
    const found = entriesOf(root).join(' ');
    if (found !== '10:1 15:1 16:1 17:1 18:1 20:1 30:1 40:1') throw new Error(`the index has ${found}`);
  },
  teardown: () => {},
};
