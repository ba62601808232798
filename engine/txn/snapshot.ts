/**
 * Snapshots and horizons (TX-T6, TX-T8 to T10, TX-T19).
 *
 *   precommitted horizon   the commit record is in the ring: its place is fixed
 *   durable horizon        it is on disk
 *   visible horizon        max(durable, highest stamp acknowledged under relaxed durability)
 *
 *   reading                        visible horizon          sees nothing that a crash could take back
 *   writing at read committed      precommitted horizon     what it rests on becomes its dependency (TX-T9)
 *   repeatable read, serializable  visible horizon, once a transaction
 * each raised to the session's last commit and to what the transaction already depends on: nothing goes back in time.
 *
 * Taking one (TX-T6): publish it in the thread slot; read the collector's intent; if that has moved past, again. The collector
 * states its intent, then reads what threads have published: one of the two sees the other.
 *
 * What a thread has published stays when its last snapshot goes: only the count of its snapshots goes to 0 then. The next
 * snapshot is hardly ever below it, so it is published anew only if it has moved. The collector looks at the count first.
 * The count too stays as long as the thread is in the engine: the next statement of the same call finds its snapshot
 * published all the time, and needs no store that waits for all before it. leaveEngine() takes the count to 0. A call that will
 * take a snapshot sets it to 1 as it enters (standingSnapshot), before the fence that entering is anyway.
 *
 * Hot: a statement takes one. Horizons change with commits, not with statements: each thread keeps copies of them and looks
 * at their sequence words. Doubles stay in typed arrays.
 */

import { isInEngine } from '../../shm/entry.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { loadShared53, shared53Sequence, shared53Unchanged } from '../../shm/shared53.ts';
import { oldestSnapshotOf, publishOldestSnapshot } from '../../shm/threads.ts';
import type { Stamp, ThreadNumber } from '../../shm/types.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { durableHorizon, flushAll, visibleHorizon } from '../storage/log/flush.ts';
import {
  DEPENDENCY,
  DURABLE_COMMIT,
  LAST_COMMIT,
  READ_COMMITTED,
  SNAPSHOT,
  type Transaction,
  type Transactions,
  WATCH,
} from './transactions.ts';
import {
  LOG_SHARED_DURABLE_HORIZON,
  LOG_SHARED_PRECOMMITTED_HORIZON,
  LOG_SHARED_VISIBLE_HORIZON,
} from '../storage/log/log-shared.layout.gen.ts';
import { loadTxnSharedBound, loadTxnThreadSnapshots, TXN_SHARED_INTENT, TXN_THREAD_BYTES } from './txn.layout.gen.ts';

const testing = TESTING;
const storesInOrder = process.arch === 'x64';

/** txns.scratch: what this thread has published, 0 = nothing. */
export const PUBLISHED = 2;

/** No snapshot is 0, which would read as none. */
const SNAPSHOT_MIN = 1;

/** Takes the snapshot of a statement (read committed) or of the transaction. `writes`: the statement changes or locks rows. */
export function takeSnapshot(tx: Transaction, writes: boolean): void {
  const txns = tx.context;
  const times = tx.times;
  if (takeAgain(tx, writes)) return;
  if (tx.snapshotTaken) dropSnapshot(tx);
  const own = Math.max(times[LAST_COMMIT], times[DEPENDENCY], SNAPSHOT_MIN);
  const latest = writes && tx.isolation === READ_COMMITTED;
  for (;;) {
    refreshHorizon(txns, latest ? COPY_PRECOMMITTED : COPY_VISIBLE);
    const horizon = txns.horizons[latest ? COPY_PRECOMMITTED : COPY_VISIBLE];
    times[SNAPSHOT] = horizon > own ? horizon : own;
    if (testing) yieldPoint('snapshot.horizon');
    if (publish(tx)) break;
  }
  noteWatch(tx);
}

/**
 * The usual case of takeSnapshot(): a further statement of a call, and nobody has committed since the last. The snapshot that it
 * takes is published and has been counted all the time, so what is left is to look that nothing has moved: the horizon, then the
 * collector's intent (TX-T6). False: nothing was done.
 */
function takeAgain(tx: Transaction, writes: boolean): boolean {
  const txns = tx.context;
  const { times } = tx;
  const { i32, shm, horizons, horizonOffsets, horizonSequences } = txns;
  if (shm.clearOnLeave === 0 || tx.snapshotTaken || tx.isolation !== READ_COMMITTED) return false;
  const copy = writes ? COPY_PRECOMMITTED : COPY_VISIBLE;
  const safe = tx.durability === DURABLE_COMMIT ? COPY_DURABLE : COPY_VISIBLE;
  if (!shared53Unchanged(i32, horizonOffsets[copy], horizonSequences[copy])) return false;
  if (!shared53Unchanged(i32, horizonOffsets[safe], horizonSequences[safe])) return false;
  const snapshot = horizons[copy];
  if (testing) yieldPoint('snapshot.published');
  if (!shared53Unchanged(i32, horizonOffsets[COPY_INTENT], horizonSequences[COPY_INTENT])) return false;
  if (
    snapshot !== txns.scratch[PUBLISHED] ||
    horizons[COPY_INTENT] > snapshot ||
    times[LAST_COMMIT] > snapshot ||
    times[DEPENDENCY] > snapshot ||
    snapshot < SNAPSHOT_MIN
  ) {
    return false;
  }
  times[SNAPSHOT] = snapshot;
  times[WATCH] = snapshot > horizons[safe] ? horizons[safe] : Number.POSITIVE_INFINITY;
  txns.snapshots.push(tx);
  tx.snapshotTaken = true;
  shm.clearOnLeave = 0;
  return true;
}

/** A snapshot at a chosen time of the past: 72000 when versions of that time are gone, 22023 for a time to come. */
export function takeSnapshotAsOf(tx: Transaction, stamp: number): void {
  if (tx.snapshotTaken) dropSnapshot(tx);
  if (stamp > Math.max(visibleHorizon(tx.context.log), tx.times[LAST_COMMIT])) {
    throw new SqlError(SQLSTATE.invalid_parameter_value, 'AS OF names a time that no commit has reached yet', {
      hint: 'leave AS OF out to read the newest state',
    });
  }
  tx.times[SNAPSHOT] = Math.max(stamp, SNAPSHOT_MIN);
  if (!publish(tx)) throw snapshotTooOld();
  noteWatch(tx);
}

/** For enterEngine() before a statement: the word by which its snapshot will be counted; 0: one is held already. */
export const standingSnapshot = ({ snapshots, snapshotsWord }: Transactions): number =>
  snapshots.length === 0 ? snapshotsWord : 0;

/** Copies of horizons a thread keeps in txns.horizons, each with the sequence under which it was read. */
const COPY_VISIBLE = 0;
const COPY_PRECOMMITTED = 1;
const COPY_DURABLE = 2;
const COPY_INTENT = 3;

/** Brings one copy up to date. */
function refreshHorizon(txns: Transactions, copy: number): void {
  const { i32 } = txns;
  const at = txns.horizonOffsets[copy];
  if (shared53Unchanged(i32, at, txns.horizonSequences[copy])) return;
  // First the sequence: a value that is stored in between makes the copy newer than it, which the next look finds out.
  txns.horizonSequences[copy] = shared53Sequence(i32, at) & ~1;
  txns.horizons[copy] = loadShared53(i32, at);
}

/** Where the copies come from, for the context of a thread. */
export const horizonOffsetsOf = (logShared: number, txnShared: number): Int32Array =>
  Int32Array.of(
    logShared + LOG_SHARED_VISIBLE_HORIZON,
    logShared + LOG_SHARED_PRECOMMITTED_HORIZON,
    logShared + LOG_SHARED_DURABLE_HORIZON,
    txnShared + TXN_SHARED_INTENT,
  );

/**
 * Reads what another thread's transaction reads, whose times these are: its snapshot, and of its own rows those up to its limit
 * (TX-T4). That thread holds its snapshot until this one has dropped it: so the collector has not passed it, whatever its intent
 * says. What is published here keeps the versions once that thread has died.
 */
export function shareSnapshot(tx: Transaction, times: Float64Array): void {
  if (tx.snapshotTaken) dropSnapshot(tx);
  tx.times.set(times.subarray(0, tx.times.length));
  announce(tx);
}

/** False: versions that this snapshot needs may be gone; it is not taken. */
function publish(tx: Transaction): boolean {
  const txns = tx.context;
  announce(tx);
  if (testing) yieldPoint('snapshot.published');
  refreshHorizon(txns, COPY_INTENT);
  if (txns.horizons[COPY_INTENT] <= tx.times[SNAPSHOT]) return true;
  dropSnapshot(tx);
  return false;
}

/** Publishes and counts it. */
function announce(tx: Transaction): void {
  const txns = tx.context;
  const { snapshots, scratch } = txns;
  const snapshot = tx.times[SNAPSHOT];
  const published = scratch[PUBLISHED];
  if (published === 0 || snapshot < published || (snapshots.length === 0 && snapshot !== published)) {
    scratch[PUBLISHED] = snapshot;
    publishOldestSnapshot(txns.shm, snapshot);
  }
  snapshots.push(tx);
  tx.snapshotTaken = true;
  if (snapshots.length === 1) {
    const { shm } = txns;
    // Counted since a snapshot that was not above this one: the collector has not passed it.
    const counted = shm.clearOnLeave !== 0 && snapshot >= published;
    shm.clearOnLeave = 0;
    if (!counted) Atomics.store(txns.i32, txns.snapshotsWord, 1);
  }
}

/** The oldest snapshot that a thread holds, 0 = none: for the collector. */
export function oldestHeld(txns: Transactions, thread: ThreadNumber): Stamp {
  const own = txns.threadsBase + thread * TXN_THREAD_BYTES;
  return loadTxnThreadSnapshots(txns.i32, own) === 0 ? 0 : oldestSnapshotOf(txns.shm, thread);
}

/** What is seen above the durable horizon is a dependency (TX-T9); for relaxed sessions: above the visible one (TX-T19). */
function noteWatch(tx: Transaction): void {
  const txns = tx.context;
  const copy = tx.durability === DURABLE_COMMIT ? COPY_DURABLE : COPY_VISIBLE;
  refreshHorizon(txns, copy);
  const safe = txns.horizons[copy];
  tx.times[WATCH] = tx.times[SNAPSHOT] > safe ? safe : Number.POSITIVE_INFINITY;
}

/** Ends the use of a snapshot: the thread's minimum may rise. */
export function dropSnapshot(tx: Transaction): void {
  if (!tx.snapshotTaken) return;
  const { snapshots, scratch, shm } = tx.context;
  tx.snapshotTaken = false;
  const last = snapshots.pop()!;
  if (last !== tx) snapshots[snapshots.indexOf(tx)] = last;
  if (snapshots.length === 0) {
    if (isInEngine(shm)) {
      shm.clearOnLeave = tx.context.snapshotsWord;
      return;
    }
    // No fence where stores stay in order: whoever sees 0 a little later only keeps versions a little longer.
    if (storesInOrder) tx.context.i32[tx.context.snapshotsWord] = 0;
    else Atomics.store(tx.context.i32, tx.context.snapshotsWord, 0);
    return;
  }
  if (tx.times[SNAPSHOT] > scratch[PUBLISHED]) return;
  let oldest = 0;
  for (let i = 0; i < snapshots.length; i++) {
    const snapshot = snapshots[i].times[SNAPSHOT];
    if (oldest === 0 || snapshot < oldest) oldest = snapshot;
  }
  if (oldest === scratch[PUBLISHED]) return;
  scratch[PUBLISHED] = oldest;
  publishOldestSnapshot(shm, oldest);
}

/** Throws 72000 when the collector's bound has passed the snapshot: its versions may be gone (TX-T17). */
export function checkBound(tx: Transaction): void {
  if (loadTxnSharedBound(tx.context.i32, tx.context.shared) > tx.times[SNAPSHOT]) throw snapshotTooOld();
}

export const snapshotTooOld = (): SqlError =>
  new SqlError(SQLSTATE.snapshot_too_old, 'snapshot too old: versions of that time are gone', {
    hint: 'start a new transaction; long readings keep old versions from being freed until there is no room for them',
  });

/** True when everything the transaction has seen is safe from a crash: its rows and error texts may leave the process (TX-T9). */
export function dependencyMet(tx: Transaction): boolean {
  if (tx.times[DEPENDENCY] === 0) return true;
  const log = tx.context.log;
  const safe = tx.durability === DURABLE_COMMIT ? durableHorizon(log) : visibleHorizon(log);
  if (safe < tx.times[DEPENDENCY]) return false;
  // It stays in `times` as a floor of later snapshots (TX-T19).
  return true;
}

/** Blocks until dependencyMet(): flushes in line. No latch, no hold. */
export function meetDependency(tx: Transaction): void {
  // A flush covers every commit record that was reserved before it began.
  while (!dependencyMet(tx)) flushAll(tx.context.log);
}
