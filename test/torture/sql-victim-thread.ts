/**
 * A worker thread of the torture run through SQL: attaches, runs its first session on its own connection, a transaction at a time,
 * and the others on sessions of its event loop beside each other, until it is told to stop.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { type AsyncSession, attach, type Database, type DatabaseHandle, type Statement } from '../../engine/api/api.ts';
import { describeError, isFatal, sqlCode } from './failure.ts';
import { fileLedger } from './ledger.ts';
import { SqlTortureSession } from './sql-session.ts';
import { knownRows } from './verify.ts';
import type { VictimThreadData, VictimThreadReport } from './victim-thread.ts';

const data = workerData as VictimThreadData;
const port = parentPort;
if (port === null) throw new Error('sql-victim-thread.ts runs as a worker thread');

const stopped = (): boolean => Atomics.load(data.stop, 0) !== 0;

function sessions(): SqlTortureSession[] {
  const { known, styleSeed } = data;
  const ledger = fileLedger(data.ledgerDescriptor);
  return data.sessions.map((session) => {
    const settings = { seed: known.seed, session, sizes: known.sizes, styleSeed, pipelined: true };
    return new SqlTortureSession(settings, known.sessions[session].number, knownRows(known, session), ledger);
  });
}

/** The thread's own connection: blocks where it waits, and gives way to the others between two transactions. */
async function runHere(database: Database, session: SqlTortureSession): Promise<void> {
  const statements = new Map<string, Statement>();
  while (!stopped()) {
    session.runHere(database, statements);
    await nextTurn();
    await nextTurn();
  }
}

async function runBeside(connection: AsyncSession, session: SqlTortureSession): Promise<void> {
  while (!stopped()) {
    if (!(await session.runBeside(connection))) await nextTurn();
  }
  await connection.close();
}

async function run(): Promise<VictimThreadReport> {
  try {
    const database = attach(data.handle as DatabaseHandle);
    const [first, ...others] = sessions();
    await Promise.all([runHere(database, first), ...others.map((session) => runBeside(database.session(), session))]);
    database.close();
    return { ok: true, fatal: false, code: '', message: '' };
  } catch (error) {
    return { ok: false, fatal: isFatal(error), code: sqlCode(error), message: describeError(error) };
  }
}

port.postMessage(await run());
