/** SM-L6: a reader that has chosen a child must not read it if the parent has moved meanwhile: the key may have gone to its new neighbour. */

import { changeOf, keyOf } from '../../../engine/storage/btree/btree-fixture.ts';
import { indexInsert } from '../../../engine/storage/btree/insert.ts';
import { lookupKey } from '../../../engine/storage/btree/lookup.ts';
import type { InterleavingCase } from '../case.ts';
import { entriesOf, freshIndex, sessionStore, type StorePayload } from './btree-store.ts';

export const interleaving: InterleavingCase<StorePayload, number> = {
  name: 'SM-L6: a descent against a split',
  sessions: 2,
  setup: () => freshIndex([10, 20, 30, 40, 50]),
  session: (payload, session) => {
    const { tree } = sessionStore(payload);
    if (session === 1) return indexInsert(tree, { root: payload.root, kind: 'i32' }, keyOf('i32', 15), 1, 1, changeOf(2));
    if (lookupKey(tree, payload.root, keyOf('i32', 40))) return 1;
    throw new Error('key 40 was not found');
  },
  check: ({ root }, results) => {
    for (const result of results) if (!result.ok) throw new Error(result.message);
    const found = entriesOf(root).join(' ');
    if (found !== '10:1 15:1 20:1 30:1 40:1 50:1') throw new Error(`the index has ${found}`);
  },
  teardown: () => {},
};
