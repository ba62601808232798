/**
 * A session's thread: waits for runs from the scheduler, and stops at every yield point for its next turn.
 *
 *   scheduler                         session
 *   post {payload, run}      ->       stopAt('start')
 *   giveTurn ...             ->       case.session(payload), stopping at each yieldPoint
 *                            <-       post the result, finish
 */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { setYieldHook } from '../../shm/yield-point.ts';
import type { InterleavingCase, SessionResult } from './case.ts';
import { finish, stopAt, type TurnBuffer } from './turn.ts';

interface WorkerData {
  readonly module: string;
  readonly session: number;
  readonly turns: TurnBuffer;
  /** Where results go: the scheduler reads it synchronously. */
  readonly port: MessagePort;
}

const { module, session, turns, port } = workerData as WorkerData;
const runs = parentPort;
if (runs === null) throw new Error('session-worker.ts runs as a worker thread');
const { interleaving } = (await import(module)) as { interleaving: InterleavingCase<unknown, unknown> };

runs.on('message', ({ payload, run }: { payload: unknown; run: number }) => {
  port.postMessage(runSession(payload, run));
  finish(turns, session);
});

function runSession(payload: unknown, run: number): SessionResult<unknown> {
  setYieldHook((name) => stopAt(turns, session, name));
  try {
    stopAt(turns, session, 'start');
    return { ok: true, value: interleaving.session(payload, session, run) };
  } catch (error) {
    return { ok: false, code: codeOf(error), message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    setYieldHook(null);
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.name : 'unknown';
}
