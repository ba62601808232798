/** Two real threads at work on one database with hostile sizes, then everything compared with the model, twice. */

import { ok } from 'node:assert/strict';
import { mkdtempSync, openSync, closeSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Kernel, openKernel } from '../../engine/api/kernel.ts';
import { LedgerReader } from './ledger.ts';
import { DATABASE_SIZES, planRound, SESSIONS, SESSIONS_A_WORKER, WORKERS } from './round-plan.ts';
import { createTables } from './tables.ts';
import { type Known, nothingKnown, verifyModel } from './verify.ts';
import type { VictimThreadData, VictimThreadReport } from './victim-thread.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
const WORK_MS = 2500;

function startThread(
  kernel: Kernel,
  known: Known,
  index: number,
  ledgerDescriptor: number,
  stop: Int32Array,
): Promise<VictimThreadReport> {
  const workerData: VictimThreadData = {
    handle: kernel.handle,
    known,
    sessions: Array.from({ length: SESSIONS_A_WORKER }, (_, session) => index * SESSIONS_A_WORKER + session),
    styleSeed: SEED,
    ledgerDescriptor,
    stop,
  };
  const worker = new Worker(new URL('./victim-thread.ts', import.meta.url), { workerData });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread ended with ${code} and gave no report`)));
  });
}

/** So long from the first commit on: threads take their time to start on a busy machine. */
async function workFor(descriptor: number, milliseconds: number): Promise<void> {
  const ledger = new LedgerReader(descriptor);
  for (let turn = 0; ledger.commits === 0 && turn < 3000; turn++) {
    await sleep(20);
    ledger.read();
  }
  await sleep(milliseconds);
}

function verify(kernel: Kernel, known: Known): void {
  const problems = kernel.check().problems.map((problem) => `${problem.file} page ${problem.page}: ${problem.what}`);
  ok(problems.length === 0, problems.join('\n'));
  verifyModel(kernel, known);
}

for (const pool of [0, 'auto'] as const) {
  test(`two threads with ${SESSIONS_A_WORKER} sessions each, four frames a thread, eight slots, pool ${pool} (SCRATCHBIRD_SEED=${SEED})`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'scratchbird-threads-'));
    const descriptor = openSync(join(directory, 'ledger'), 'a+');
    try {
      const options = { ...planRound(SEED, 2, 1000).options, pool };
      const known = nothingKnown(SEED, DATABASE_SIZES.hostile, SESSIONS);
      const kernel = openKernel(join(directory, 'database'), options);
      createTables(kernel, SESSIONS);
      known.created = true;
      const stop = new Int32Array(new SharedArrayBuffer(4));
      const reports = Promise.all(
        Array.from({ length: WORKERS }, (_, index) => startThread(kernel, known, index, descriptor, stop)),
      );
      await Promise.race([workFor(descriptor, WORK_MS), reports]);
      Atomics.store(stop, 0, 1);
      for (const report of await reports) ok(report.ok, report.message);
      const ledger = new LedgerReader(descriptor);
      ledger.read();
      for (const [session, state] of known.sessions.entries()) {
        state.acknowledged = ledger.acknowledged.get(session) ?? 0;
        state.begun = ledger.begun.get(session) ?? 0;
      }
      ok(ledger.commits > 0, 'something was committed');
      verify(kernel, known);
      kernel.close();
      const again = openKernel(join(directory, 'database'), options);
      verify(again, known);
      again.close();
    } finally {
      closeSync(descriptor);
      rmSync(directory, { recursive: true, force: true });
    }
  });
}
