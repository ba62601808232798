/**
 * The process that is killed: `node test/torture/victim.ts <orders.json>`. Opens the database, creates the tables if they are
 * not there, and runs two worker threads over it until the parent says stop or kills it. Descriptor 3 is the ledger.
 */

import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { open as openDatabase } from '../../engine/api/api.ts';
import { openKernel } from '../../engine/api/kernel.ts';
import { describeError } from './failure.ts';
import { LEDGER_CLOSED, LEDGER_CREATED, LEDGER_DESCRIPTOR, LEDGER_OPEN, LEDGER_OPENING, writeEntry } from './ledger.ts';
import { isSql, type RoundPlan, sessionsAWorker, WORKERS } from './round-plan.ts';
import { createSchema, isCreated } from './sql-verify.ts';
import { createTables, findTables } from './tables.ts';
import type { Known } from './verify.ts';
import type { VictimThreadData, VictimThreadReport } from './victim-thread.ts';

export interface VictimOrders {
  readonly directory: string;
  readonly plan: RoundPlan;
  readonly known: Known;
}

/** What its parent posts: stop all threads and end as planned, or end the first thread by force. */
export type VictimOrder = 'stop' | 'terminate';

/** What it posts to its parent. */
export type VictimMessage = { kind: 'failed'; message: string } | { kind: 'ended'; poisoned: boolean };

const orders = JSON.parse(readFileSync(process.argv[2], 'utf8')) as VictimOrders;
const { plan, known } = orders;

const say = (message: VictimMessage): void => {
  process.send?.(message);
};

/** What is open, whether by the kernel's interface or by SQL. */
interface Opened {
  readonly handle: unknown;
  close(): void;
}

function open(): Opened {
  writeEntry(LEDGER_DESCRIPTOR, LEDGER_OPENING, 0, 0);
  const began = performance.now();
  const opened = isSql(plan.database) ? openSql(began) : openTables(began);
  writeEntry(LEDGER_DESCRIPTOR, LEDGER_CREATED, 0, 0);
  return opened;
}

const noteOpen = (began: number): void => writeEntry(LEDGER_DESCRIPTOR, LEDGER_OPEN, 0, Math.round(performance.now() - began));

function openTables(began: number): Opened {
  const kernel = openKernel(orders.directory, plan.options);
  noteOpen(began);
  if (findTables(kernel) === null) createTables(kernel, known.sessions.length);
  return kernel;
}

function openSql(began: number): Opened {
  const database = openDatabase(orders.directory, plan.options);
  noteOpen(began);
  if (!isCreated(database)) createSchema(database, known.sessions.length);
  return database;
}

interface RunningThread {
  readonly worker: Worker;
  /** Null: it was terminated. */
  readonly report: Promise<VictimThreadReport | null>;
}

function startThread({ handle }: Opened, index: number, stop: Int32Array): RunningThread {
  const count = sessionsAWorker(plan.database);
  const workerData: VictimThreadData = {
    handle,
    known,
    sessions: Array.from({ length: count }, (_, session) => index * count + session),
    styleSeed: plan.styleSeed,
    ledgerDescriptor: LEDGER_DESCRIPTOR,
    stop,
  };
  const worker = new Worker(new URL(isSql(plan.database) ? './sql-victim-thread.ts' : './victim-thread.ts', import.meta.url), {
    workerData,
  });
  const report = new Promise<VictimThreadReport | null>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => resolve(null));
  });
  return { worker, report };
}

async function main(): Promise<void> {
  const opened = open();
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const threads = Array.from({ length: WORKERS }, (_, index) => startThread(opened, index, stop));
  const stopAll = (): void => {
    Atomics.store(stop, 0, 1);
  };
  process.on('message', (order: VictimOrder) => {
    if (order === 'stop') stopAll();
    else void threads[0].worker.terminate();
  });
  process.on('disconnect', () => process.exit(1));
  const reports = await Promise.all(threads.map((thread) => thread.report.finally(stopWhenBad)));
  function stopWhenBad(): void {
    // Whatever ended a thread before it was told to: its neighbours need not go on for long.
    if (Atomics.load(stop, 0) === 0) setTimeout(stopAll, 300);
  }
  const bad = reports.filter((report) => report !== null && !report.ok) as VictimThreadReport[];
  // A thread that dies inside a critical section takes the handle with it: that is what poison is for.
  const poisoned = plan.ending === 'terminate' && bad.length > 0 && bad.every((report) => report.code === '57P02');
  if (bad.length > 0 && !poisoned) {
    say({ kind: 'failed', message: bad.map((report) => report.message).join('\n') });
    return;
  }
  if (plan.ending !== 'exit' && !poisoned) closeAfterAll(opened);
  say({ kind: 'ended', poisoned });
}

/** The end of a terminated thread can be found by the very closing. */
function closeAfterAll(opened: Opened): void {
  try {
    opened.close();
  } catch (error) {
    if (plan.ending === 'terminate' && (error as { code?: unknown }).code === '57P02') return;
    throw error;
  }
  writeEntry(LEDGER_DESCRIPTOR, LEDGER_CLOSED, 0, 0);
}

let exitCode = 0;
try {
  await main();
} catch (error) {
  exitCode = 1;
  say({ kind: 'failed', message: describeError(error) });
}
// 'exit' leaves the handle open on purpose; the channel to the parent has to be flushed first.
process.removeAllListeners('disconnect');
process.disconnect?.();
setTimeout(() => process.exit(exitCode), 20);
