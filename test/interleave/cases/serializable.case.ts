/** TX-T16: two transactions read both rows and change one each: at most one of them commits, whatever the order. */

import { privateViews } from '../../../engine/storage/rows/byte-views.ts';
import { finish, giveUp, update } from '../../../engine/txn/locks-fixture.ts';
import { readRow } from '../../../engine/txn/row-read.ts';
import { freeChangeSets } from '../../../engine/txn/serializable.ts';
import { ROW_DONE, SERIALIZABLE } from '../../../engine/txn/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { freshRows, type LockPayload, sessionStore, startQuickly } from './locks-store.ts';

const out = privateViews(16384);

export const interleaving: InterleavingCase<LockPayload, string> = {
  name: 'TX-T16: write skew',
  sessions: 3,
  setup: () => freshRows(2),
  session: (payload, session) => {
    const { found } = sessionStore(payload);
    // The third frees change sets as fast as it can.
    if (session === 2) {
      for (let round = 0; round < 3; round++) freeChangeSets(found.locks);
      return '';
    }
    const tx = startQuickly(found, SERIALIZABLE);
    try {
      let seen = '';
      for (const row of payload.rows) {
        readRow(tx, found.table, row.page, row.slot, out, 0);
        seen += out.i32[5];
      }
      const changed = update(found, tx, payload.rows[session], payload.ids[session], 1);
      if (changed !== ROW_DONE) throw new Error('nobody else changes this row');
      finish(tx);
      return seen;
    } catch (error) {
      giveUp(tx);
      if ((error as { code?: string }).code === '40001') return 'refused';
      throw error;
    }
  },
  check: (_, results) => {
    for (const result of results) if (!result.ok) throw new Error(result.message);
    const blind = results.filter((result) => result.ok && result.value === '00').length;
    if (blind > 1) throw new Error('both committed without having seen each other');
  },
  teardown: () => {},
};
