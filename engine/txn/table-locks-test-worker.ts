/** For table-locks-threads.test.ts: a real thread that uses a table again and again, or wants it for itself. */

import { parentPort, workerData } from 'node:worker_threads';
import { enterEngine, leaveEngine } from '../../shm/entry.ts';
import { type SharedMemoryHandle, viewSharedMemory } from '../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_ATTACHED } from '../../shm/threads.ts';
import { RealVfs } from '../storage/vfs/real-vfs.ts';
import { begin, isRefused } from './begin.ts';
import { joinLockStore, type LockTable } from './locks-fixture.ts';
import { recycle, rollback } from './rollback.ts';
import { openSession } from './sessions.ts';
import { lockTable, parkTables, resumeTables, TABLE_ACCESS, useTable } from './table-locks.ts';
import { ROW_DONE, type Transaction } from './transactions.ts';

export interface Job {
  handle: SharedMemoryHandle;
  directory: string;
  place: LockTable;
  role: 'reads' | 'writes' | 'defines';
  rounds: number;
  /** [0]: users inside, [1]: 1 while somebody has the table for itself, [2]: threads that are ready. */
  words: Int32Array;
  threads: number;
}

const { handle, directory, place, role, rounds, words, threads } = workerData as Job;
const shm = viewSharedMemory(handle);
attachThread(shm, THREAD_ROLE_ATTACHED);
const { txns, locks, table } = joinLockStore(new RealVfs(), shm, directory, place);
const session = openSession(txns);
const outcome = { got: 0, refused: 0, together: 0 };

/** Inside together with whoever has the table for itself? Users may be several. */
function use(): void {
  outcome.got++;
  Atomics.add(words, 0, 1);
  for (let turn = 0; turn < 4; turn++) if (Atomics.load(words, 1) !== 0) outcome.together++;
  Atomics.sub(words, 0, 1);
}

function own(): void {
  outcome.got++;
  Atomics.store(words, 1, 1);
  for (let turn = 0; turn < 40; turn++) if (Atomics.load(words, 0) !== 0) outcome.together++;
  Atomics.store(words, 1, 0);
}

/** As a session outside a block: its list stays, and counts while it is in the engine. */
function reads(tx: Transaction): void {
  resumeTables(locks, session);
  if (!useTable(locks, tx, table.id, TABLE_ACCESS)) use();
  else outcome.refused++;
}

/** As a statement that changes a row, several times in a transaction: the table is remembered. */
function writes(): void {
  const tx = begin(txns, session);
  for (let change = 0; change < 3; change++) {
    if (!isRefused(tx, table)) use();
    else outcome.refused++;
  }
  rollback(tx);
  recycle(tx);
}

function defines(): void {
  const tx = begin(txns, session);
  for (;;) {
    if (lockTable(locks, tx, table.id, TABLE_ACCESS) === ROW_DONE) {
      own();
      break;
    }
    outcome.refused++;
    Atomics.pause();
  }
  rollback(tx);
  recycle(tx);
}

let reader: Transaction | null = null;
if (role === 'reads') parkTables(locks, session);
Atomics.add(words, 2, 1);
while (Atomics.load(words, 2) < threads) Atomics.wait(words, 3, 0, 1);
for (let round = 0; round < rounds || (role !== 'defines' && Atomics.load(words, 4) === 0); round++) {
  enterEngine(shm);
  let thrown: unknown;
  try {
    if (role === 'defines') defines();
    else if (role === 'writes') writes();
    else {
      reader ??= begin(txns, session);
      reads(reader);
      if (reader.number !== 0) {
        rollback(reader);
        recycle(reader);
        reader = null;
      }
    }
  } catch (error) {
    thrown = error;
    throw error;
  } finally {
    leaveEngine(shm, thrown);
  }
  // Whoever wants the table for itself has to find it free now and then.
  if (role === 'defines') for (let turn = 0; turn < 2000; turn++) Atomics.pause();
}
if (role === 'defines') Atomics.store(words, 4, 1);
parentPort?.postMessage(outcome);
