/** What the interleaving cases of locks share: one database for all runs of a process, fresh rows for each run. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealVfs } from '../../../engine/storage/vfs/real-vfs.ts';
import { createSequences, type Sequences } from '../../../engine/storage/sequence.ts';
import {
  createLockStore,
  finish,
  insert,
  joinLockStore,
  type LockStore,
  lockMemory,
  type LockTable,
  type Row,
  start,
} from '../../../engine/txn/locks-fixture.ts';
import { DURABLE_OFF, ROW_DONE, ROW_PAGE, ROW_SLOT, type Transaction } from '../../../engine/txn/transactions.ts';
import { handleOf, type SharedMemoryHandle, viewSharedMemory } from '../../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_ATTACHED } from '../../../shm/threads.ts';

export interface LockPayload {
  readonly handle: SharedMemoryHandle;
  readonly directory: string;
  readonly place: LockTable;
  /** The run's rows; `ids` are their keys. */
  readonly rows: readonly Row[];
  readonly ids: readonly number[];
  /** Words the sessions count in. */
  readonly words: Int32Array;
  /** A further root, where the case has one. */
  readonly root: number;
}

let own: { found: LockStore; sequences: Sequences; directory: string; handle: SharedMemoryHandle } | null = null;
let nextId = 1;

function ownStore(): NonNullable<typeof own> {
  if (own !== null) return own;
  const directory = mkdtempSync(join(tmpdir(), 'interleave-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const shm = lockMemory(16 << 20);
  const found = createLockStore(new RealVfs(), shm, directory);
  const sequences = createSequences(found.store.cache, found.store.log, found.store.space, false);
  own = { found, sequences, directory, handle: handleOf(shm) };
  return own;
}

export const ownSequences = (): Sequences => ownStore().sequences;
export const ownLocks = (): LockStore => ownStore().found;

/** On the scheduler's thread: committed rows with fresh ids, value 0. */
export function freshRows(count: number, root = 0): LockPayload {
  const { found, handle, directory } = ownStore();
  const tx = startQuickly(found);
  const rows: Row[] = [];
  const ids: number[] = [];
  for (let made = 0; made < count; made++) {
    ids.push(nextId);
    if (insert(found, tx, nextId++, 0) !== ROW_DONE) throw new Error('the row was not inserted');
    rows.push({ page: tx.ints[ROW_PAGE], slot: tx.ints[ROW_SLOT] });
  }
  finish(tx);
  const place = { mapRoot: found.table.mapRoot, root: found.table.indexes[0].root };
  return { handle, directory, place, rows, ids, words: new Int32Array(new SharedArrayBuffer(64)), root };
}

let joined: { found: LockStore; sequences: Sequences } | null = null;

/** On a session's thread: its view of the database, made in its first run. */
export function sessionStore(payload: LockPayload): { found: LockStore; sequences: Sequences } {
  if (joined === null) {
    const shm = viewSharedMemory(payload.handle);
    attachThread(shm, THREAD_ROLE_ATTACHED);
    const found = joinLockStore(new RealVfs(), shm, payload.directory, payload.place);
    joined = { found, sequences: createSequences(found.store.cache, found.store.log, found.store.space, false) };
  }
  return joined;
}

/** A transaction whose commit waits for no disk: the cases are about order, not about crashes. */
export function startQuickly(found: LockStore, isolation: Transaction['isolation'] = 1): Transaction {
  const tx = start(found, isolation);
  tx.durability = DURABLE_OFF;
  return tx;
}

/** The session has the thing: fails when another has it too. Left before the commit. */
export function enter(words: Int32Array, word: number): void {
  if (Atomics.add(words, word, 1) !== 0) throw new Error('two sessions have what only one may have');
}
export const leave = (words: Int32Array, word: number): void => {
  Atomics.sub(words, word, 1);
};
