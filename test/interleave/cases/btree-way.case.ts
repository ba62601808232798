/** SM-L6, on the short way of a point lookup: a leaf is read by what its parent once said only if neither it nor the root has changed since. */

import { changeOf, keyOf } from '../../../engine/storage/btree/btree-fixture.ts';
import { indexInsert } from '../../../engine/storage/btree/insert.ts';
import { lookupI32 } from '../../../engine/storage/btree/lookup.ts';
import type { InterleavingCase } from '../case.ts';
import { entriesOf, freshIndex, sessionStore, type StorePayload } from './btree-store.ts';

const KEYS = [10, 20, 30, 40, 50, 60, 70, 80, 90];
const FURTHER = [45, 55];

export const interleaving: InterleavingCase<StorePayload, number> = {
  name: 'SM-L6: a remembered way to a leaf against splits',
  sessions: 2,
  setup: () => freshIndex(KEYS),
  session: ({ handle, directory, root }, session) => {
    const { tree } = sessionStore({ handle, directory, root });
    if (session === 1) {
      for (const key of FURTHER) indexInsert(tree, { root, kind: 'i32' }, keyOf('i32', key), 1, 1, changeOf(2));
      return 0;
    }
    // The first look finds the way, the next ones take it.
    for (let round = 0; round < 3; round++) {
      for (const key of [40, 50, 60]) if (!lookupI32(tree, root, key)) throw new Error(`key ${key} was not found`);
    }
    return 1;
  },
  check: ({ root }, results) => {
    for (const result of results) if (!result.ok) throw new Error(result.message);
    const found = entriesOf(root).join(' ');
    const wanted = [...KEYS, ...FURTHER].sort((a, b) => a - b).map((key) => `${key}:1`);
    if (found !== wanted.join(' ')) throw new Error(`the index has ${found}`);
  },
  teardown: () => {},
};
