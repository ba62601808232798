/** TX-T13: one session locks a row for update, one changes it, one locks it twice; never two at once. */

import { finish, giveUp, update } from '../../../engine/txn/locks-fixture.ts';
import { acquireRowLock, LOCK_NO_KEY_UPDATE, LOCK_UPDATE, LOCK_WAITS, rowLockModeOf } from '../../../engine/txn/row-locks.ts';
import { ROW_DONE } from '../../../engine/txn/transactions.ts';
import { yieldPoint } from '../../../shm/yield-point.ts';
import type { InterleavingCase } from '../case.ts';
import { enter, freshRows, leave, type LockPayload, ownLocks, sessionStore, startQuickly } from './locks-store.ts';

export const interleaving: InterleavingCase<LockPayload, number> = {
  name: 'TX-T13: lockers and a changer of one row',
  sessions: 3,
  setup: () => freshRows(1),
  session: (payload, session) => {
    const { found } = sessionStore(payload);
    const [row] = payload.rows;
    for (let tries = 1; ; tries++) {
      const tx = startQuickly(found);
      const mode = session === 0 ? LOCK_UPDATE : LOCK_NO_KEY_UPDATE;
      const status =
        session === 1
          ? update(found, tx, row, payload.ids[0], 1)
          : acquireRowLock(found.locks, tx, found.table, row.page, row.slot, mode, LOCK_WAITS);
      if (status === ROW_DONE) {
        enter(payload.words, 0);
        yieldPoint('case.held');
        leave(payload.words, 0);
        finish(tx);
        return tries;
      }
      giveUp(tx);
      yieldPoint('case.wait');
    }
  },
  check: ({ rows }, results) => {
    for (const result of results) if (!result.ok) throw new Error(result.message);
    if (rowLockModeOf(ownLocks().locks, rows[0].page, rows[0].slot) !== 0) throw new Error('a lock is left');
  },
  teardown: () => {},
};
