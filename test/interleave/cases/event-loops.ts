/**
 * What the cases of event loops share: each session of the scheduler is an event loop with two sessions of the database, which go on
 * one beside the other; the loop's turns lie between their steps.
 */

import { ok } from 'node:assert/strict';
import { commit } from '../../../engine/txn/commit.ts';
import { waitForConflictAsync } from '../../../engine/txn/conflict.ts';
import { rollback, undoStatement } from '../../../engine/txn/rollback.ts';
import { ROW_DONE, ROW_RERUN, ROW_WAIT, type Transaction } from '../../../engine/txn/transactions.ts';
import type { Session, TxnStore } from '../../../engine/txn/txn-fixture.ts';
import { inEngine, sessionOf, sessionStore, type TxnPayload } from './txn-store.ts';

/** Sessions of the database on each event loop. */
export const SESSIONS_A_LOOP = 2;

/** Others of the loop go on. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** As a statement is run: undone, waited, and run again. */
export async function updateWaiting(store: TxnStore, own: Session, id: number, v: number): Promise<void> {
  for (;;) {
    const status = inEngine(store, () => {
      const found = own.update(id, v);
      if (found !== ROW_DONE) undoStatement(own.tx!, true);
      return found;
    });
    if (status === ROW_DONE) return;
    ok(status === ROW_WAIT || status === ROW_RERUN, `status ${status}`);
    if (status === ROW_WAIT) await inEngine(store, () => waitForConflictAsync(own.tx!));
    else await turn();
  }
}

/** Updates the rows one after the other in one transaction; false: it was the victim of a deadlock. */
export async function updateAll(
  store: TxnStore,
  own: Session,
  ids: readonly number[],
  v: number,
  has: (id: number, has: boolean) => void,
): Promise<boolean> {
  inEngine(store, () => own.begin());
  const tx = own.tx as Transaction;
  const held: number[] = [];
  try {
    for (const id of ids) {
      await updateWaiting(store, own, id, v);
      has(id, true);
      held.push(id);
      await turn();
    }
    for (const id of held) has(id, false);
    inEngine(store, () => commit(tx));
    return true;
  } catch (error) {
    for (const id of held) has(id, false);
    inEngine(store, () => rollback(tx));
    if ((error as { code?: string }).code !== '40P01') throw error;
    return false;
  }
}

/** Runs `body` for each session of the loop, one beside the other. */
export function onLoop<Result>(
  payload: TxnPayload,
  body: (store: TxnStore, own: Session, at: number) => Promise<Result>,
): Promise<Result[]> {
  const store = sessionStore(payload);
  return Promise.all(Array.from({ length: SESSIONS_A_LOOP }, (_, at) => body(store, sessionOf(payload, at), at)));
}
