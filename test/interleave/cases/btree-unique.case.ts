/** SM-B3: two sessions insert one key into a unique index, whose entries lie in more than one leaf; exactly one may succeed. */

import { changeOf, keyOf } from '../../../engine/storage/btree/btree-fixture.ts';
import { createWitness, INDEX_MOVED } from '../../../engine/storage/btree/tree.ts';
import { collectKey, indexInsertUnique } from '../../../engine/storage/btree/unique.ts';
import type { InterleavingCase } from '../case.ts';
import { entriesOf, freshIndex, sessionStore, type StorePayload } from './btree-store.ts';

export const interleaving: InterleavingCase<StorePayload, boolean> = {
  name: 'SM-B3: two inserts of one key',
  sessions: 2,
  setup: () => freshIndex([10, 20, 30, 40, 50]),
  session: (payload, session) => {
    const { tree } = sessionStore(payload);
    const index = { root: payload.root, kind: 'i32' as const };
    const key = keyOf('i32', 25);
    const witness = createWitness();
    for (;;) {
      collectKey(tree, index, key, witness);
      if (witness.rowCount > 0) return false;
      // The rows differ, and with them the place behind the key's beginning.
      if (indexInsertUnique(tree, index, key, 100 - session, 1, changeOf(session + 2), witness) !== INDEX_MOVED) return true;
    }
  },
  check: ({ root }, results) => {
    for (const result of results) if (!result.ok) throw new Error(result.message);
    const won = results.filter((result) => result.ok && result.value).length;
    const entries = entriesOf(root).filter((entry) => entry.startsWith('25:')).length;
    if (won !== 1 || entries !== 1) throw new Error(`${won} sessions inserted the key, the index has it ${entries} times`);
  },
  teardown: () => {},
};
