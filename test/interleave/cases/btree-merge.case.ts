/** SM-L6: one session empties a leaf, which is merged away; the other looks up, scans backwards, and inserts into its range. */

import { changeOf, keyOf } from '../../../engine/storage/btree/btree-fixture.ts';
import { createCursor, cursorLast, previousBatch } from '../../../engine/storage/btree/cursor.ts';
import { indexInsert } from '../../../engine/storage/btree/insert.ts';
import { lookupI32 } from '../../../engine/storage/btree/lookup.ts';
import { indexRemove } from '../../../engine/storage/btree/remove.ts';
import type { InterleavingCase } from '../case.ts';
import { entriesOf, freshIndex, sessionStore, type StorePayload } from './btree-store.ts';

const FIXED = [10, 20, 25, 26, 70, 80];
const GOING = [30, 40, 50, 60];

export const interleaving: InterleavingCase<StorePayload, number> = {
  name: 'SM-L6: a merge under readers',
  sessions: 2,
  setup: () => freshIndex([...FIXED, ...GOING].sort((a, b) => a - b)),
  session: (payload, session) => {
    const { tree } = sessionStore(payload);
    const index = { root: payload.root, kind: 'i32' as const };
    if (session === 0) {
      for (const key of GOING) indexRemove(tree, index, keyOf('i32', key), 1, 1, changeOf(2), null);
      return 0;
    }
    indexInsert(tree, index, keyOf('i32', 45), 1, 1, changeOf(3));
    for (const key of FIXED) if (!lookupI32(tree, payload.root, key)) throw new Error(`key ${key} was not found`);
    const cursor = createCursor('i32', 3);
    let fixed = 0;
    for (cursorLast(cursor); previousBatch(tree, payload.root, cursor) > 0; ) {
      for (let at = 0; at < cursor.count; at++) if (FIXED.includes(cursor.words[at])) fixed++;
    }
    return fixed;
  },
  check: ({ root }, [writer, reader]) => {
    if (!writer.ok || !reader.ok) throw new Error(JSON.stringify([writer, reader]));
    if (reader.value !== FIXED.length) throw new Error(`a scan met ${reader.value} of the fixed keys`);
    const found = entriesOf(root).join(' ');
    if (found !== '10:1 20:1 25:1 26:1 45:1 70:1 80:1') throw new Error(`the index has ${found}`);
  },
  teardown: () => {},
};
