/**
 * A session's thread: waits for runs from the scheduler, and stops at every yield point for its next turn.
 *
 *   scheduler                         session
 *   post {payload, run}      ->       stopAt('start')
 *   giveTurn ...             ->       case.session(payload), stopping at each yieldPoint; a promise is awaited
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

runs.on('message', async ({ payload, run }: { payload: unknown; run: number }) => {
  port.postMessage(await runSession(payload, run));
  finish(turns, session);
});

/** A session may be an event loop: it has its turn from one yield point to the next, whatever it awaits in between. */
async function runSession(payload: unknown, run: number): Promise<SessionResult<unknown>> {
  setYieldHook((name) => stopAt(turns, session, name));
  try {
    stopAt(turns, session, 'start');
    return { ok: true, value: await interleaving.session(payload, session, run) };
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
