/**
 * A worker thread of the torture run: attaches to the database and lets its sessions take turns, a statement each, until it is
 * told to stop. It blocks where the kernel blocks, and gives way to its event loop often enough for pipelined commits.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { attachKernel, type Kernel, type KernelHandle } from '../../engine/api/kernel.ts';
import { describeError, isFatal, sqlCode, TortureFailure } from './failure.ts';
import { fileLedger } from './ledger.ts';
import { generator } from './model.ts';
import { TortureSession } from './session.ts';
import { findTables } from './tables.ts';
import { type Known, knownRows } from './verify.ts';

export interface VictimThreadData {
  /** Of the kernel, or of the database (sql-victim-thread.ts). */
  readonly handle: unknown;
  readonly known: Known;
  /** Numbers of the sessions that this thread runs. */
  readonly sessions: readonly number[];
  readonly styleSeed: number;
  readonly ledgerDescriptor: number;
  /** One word: not 0 means stop. */
  readonly stop: Int32Array;
}

/** What it posts when it ends. */
export interface VictimThreadReport {
  readonly ok: boolean;
  /** The handle was poisoned or the disk failed; a bug only where nobody was killed. */
  readonly fatal: boolean;
  readonly code: string;
  readonly message: string;
}

const data = workerData as VictimThreadData;
const port = parentPort;
if (port === null) throw new Error('victim-thread.ts runs as a worker thread');

/** Statements between two looks at the event loop. */
const STATEMENTS_A_TURN = 24;

function openSessions(kernel: Kernel): TortureSession[] {
  const tables = findTables(kernel);
  if (tables === null) throw new TortureFailure('the worker thread does not see the tables that the main thread made');
  const { known, styleSeed } = data;
  const ledger = fileLedger(data.ledgerDescriptor);
  return data.sessions.map((session) => {
    const settings = { seed: known.seed, session, sizes: known.sizes, styleSeed, pipelined: true };
    return new TortureSession(kernel, tables, settings, known.sessions[session].number, knownRows(known, session), ledger);
  });
}

async function work(sessions: readonly TortureSession[]): Promise<void> {
  const random = generator(data.styleSeed ^ data.sessions[0]);
  const stopped = (): boolean => Atomics.load(data.stop, 0) !== 0;
  while (!stopped()) {
    for (let statement = 0; statement < STATEMENTS_A_TURN && !stopped(); statement++) {
      const ready = sessions.filter((session) => !session.isWaiting);
      if (ready.length === 0) break;
      ready[Math.floor(random() * ready.length)].step();
    }
    await nextTurn();
  }
  for (const session of sessions) session.rollBack();
  while (sessions.some((session) => session.pendingCommits > 0 && session.failure === undefined)) await nextTurn();
  for (const session of sessions) {
    if (session.failure !== undefined) throw session.failure;
    session.close();
  }
}

async function run(): Promise<VictimThreadReport> {
  try {
    const kernel = attachKernel(data.handle as KernelHandle);
    await work(openSessions(kernel));
    kernel.close();
    return { ok: true, fatal: false, code: '', message: '' };
  } catch (error) {
    return { ok: false, fatal: isFatal(error), code: sqlCode(error), message: describeError(error) };
  }
}

port.postMessage(await run());
