/**
 * Waiting for the disk on an event loop, which is never blocked by another thread's flush (SM-W3): all commits of one tick
 * share a flush at its end. If another thread leads by then, the doorbell tells when it has stepped down.
 *
 * The flush itself is made in line: fdatasync in libuv's pool would queue behind whatever else runs there.
 */

import { checkPoison } from '../../../shm/critical.ts';
import { doorbellOf, waitDoorbellAsync } from '../../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { askForDoorbell, durableLsn, tryFlush } from './flush.ts';
import type { Log } from './log-context.ts';

const testing = TESTING;

/** Backstop for a ring that never comes, milliseconds; its handle also keeps the loop alive. */
const LOOK_AGAIN_MS = 100;

/**
 * Resolves when the log is on disk up to `lsn` (the END of a commit record); rejects with 57P02 if that can never happen
 * any more, with 53100 if not even the reserve of a full disk is left.
 */
export function whenDurable(log: Log, lsn: number): Promise<void> {
  if (durableLsn(log) >= lsn) return Promise.resolve();
  return new Promise((resolve, reject) => {
    log.waiting.push({ lsn, resolve, reject });
    if (log.waitingLooked) return;
    log.waitingLooked = true;
    setImmediate(look, log);
  });
}

function look(log: Log): void {
  try {
    while (log.waiting.length > 0) {
      let led = tryFlush(log, highest(log));
      let seen = 0;
      if (!led) {
        if (testing) yieldPoint('durable.beforeAsk');
        // Asked before trying again: a leader that steps down in between rings.
        seen = doorbellOf(log.shm);
        askForDoorbell(log);
        led = tryFlush(log, highest(log));
      }
      settle(log);
      if (!led && log.waiting.length > 0) {
        lookWhenRung(log, seen);
        return;
      }
    }
    log.waitingLooked = false;
  } catch (error) {
    rejectAll(log, error);
  }
}

function lookWhenRung(log: Log, seen: number): void {
  const alive = setTimeout(() => {}, LOOK_AGAIN_MS * 2);
  waitDoorbellAsync(log.shm, seen, LOOK_AGAIN_MS).then(
    () => {
      clearTimeout(alive);
      look(log);
    },
    (error: unknown) => {
      clearTimeout(alive);
      rejectAll(log, error);
    },
  );
}

function highest(log: Log): number {
  let lsn = 0;
  for (const waiter of log.waiting) if (waiter.lsn > lsn) lsn = waiter.lsn;
  return lsn;
}

/** Resolves those that are on disk. In order, so that a session's commits are answered in order. */
function settle(log: Log): void {
  const durable = durableLsn(log);
  let kept = 0;
  for (const waiter of log.waiting) {
    if (waiter.lsn <= durable) waiter.resolve();
    else log.waiting[kept++] = waiter;
  }
  log.waiting.length = kept;
}

function rejectAll(log: Log, error: unknown): void {
  // What had reached the disk before the failure is acknowledged all the same.
  settle(log);
  for (const waiter of log.waiting.splice(0)) waiter.reject(error);
  log.waitingLooked = false;
}

/** Resolves at once those waiters that a blocking flush of this thread has covered. */
export function settleWaiting(log: Log): void {
  checkPoison(log.shm);
  settle(log);
}
