/**
 * The collector's bound (TX-T6, TX-T17): no snapshot below it follows a back word, so what only such a snapshot could need may be
 * freed.
 *
 *   collector                                   whoever takes a snapshot
 *   state the intent: no snapshot below it      publish the snapshot
 *   read what threads have published            read the intent: is it above the snapshot? take another
 *   bound = the least of these, or the intent
 *
 * Of a collector and a snapshot that come at the same time, one sees the other. Intent and bound never fall.
 */

import { enterCritical, leaveCritical } from '../../shm/critical.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { visibleHorizon } from '../storage/log/flush.ts';
import { OLDEST } from './row-free.ts';
import { oldestHeld } from './snapshot.ts';
import { SNAPSHOT, type Transactions } from './transactions.ts';
import { loadTxnSharedBound, loadTxnSharedIntent, storeTxnSharedBound, storeTxnSharedIntent } from './txn.layout.gen.ts';

const testing = TESTING;

/** Raises the bound to what the published snapshots allow; txns.scratch[OLDEST] is it afterwards. By who collects. */
export function raiseBound(txns: Transactions): void {
  stateIntent(txns, oldestAbove(txns, 0, visibleHorizon(txns.log)));
  noteBound(txns, oldestAbove(txns, 0, loadTxnSharedIntent(txns.i32, txns.shared)));
}

/**
 * Raises it past the oldest snapshot, whose owner gets 72000 when it next needs an older version, or misses a row. What other
 * snapshots its thread has is known to that thread only: where it is not this one, those up to the next thread's oldest go too.
 * False: there is none to give up.
 */
export function cancelOldestSnapshot(txns: Transactions): boolean {
  const { i32, shared } = txns;
  const horizon = visibleHorizon(txns.log);
  const oldest = oldestAbove(txns, loadTxnSharedBound(i32, shared) - 1, horizon);
  if (oldest >= horizon) return false;
  const next = oldestAbove(txns, oldest, horizon);
  stateIntent(txns, next);
  noteBound(txns, next);
  return true;
}

/** The least published snapshot above `above`, those of this thread one by one; `ceiling` if there is none below that. */
function oldestAbove(txns: Transactions, above: number, ceiling: number): number {
  const { shm, snapshots } = txns;
  let oldest = ceiling;
  for (let thread = 0; thread < shm.threadSlots; thread++) {
    const snapshot = oldestHeld(txns, thread);
    if (snapshot > above && snapshot < oldest) oldest = snapshot;
  }
  for (let at = 0; at < snapshots.length; at++) {
    const snapshot = snapshots[at].times[SNAPSHOT];
    if (snapshot > above && snapshot < oldest) oldest = snapshot;
  }
  return oldest;
}

function stateIntent(txns: Transactions, intent: number): void {
  const { i32, shared, shm } = txns;
  if (intent > loadTxnSharedIntent(i32, shared)) {
    enterCritical(shm);
    storeTxnSharedIntent(i32, shared, intent);
    leaveCritical(shm);
  }
  if (testing) yieldPoint('collect.intent');
}

function noteBound(txns: Transactions, bound: number): void {
  const { i32, shared, shm } = txns;
  if (bound > loadTxnSharedBound(i32, shared)) {
    enterCritical(shm);
    storeTxnSharedBound(i32, shared, bound);
    leaveCritical(shm);
  }
  txns.scratch[OLDEST] = loadTxnSharedBound(i32, shared);
  if (testing) yieldPoint('collect.bound');
}
