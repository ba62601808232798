/** What the interleaving cases of transactions share: one store for all runs of a process, rows of its own for each run. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealVfs } from '../../../engine/storage/vfs/real-vfs.ts';
import { collectAll } from '../../../engine/txn/collector.ts';
import { commitDurable } from '../../../engine/txn/commit.ts';
import { createTxnStore, joinTxnStore, Session, tableOf, type TxnStore } from '../../../engine/txn/txn-fixture.ts';
import { standingSnapshot } from '../../../engine/txn/snapshot.ts';
import { closeChunk } from '../../../engine/txn/versions.ts';
import { enterEngine, leaveEngine } from '../../../shm/entry.ts';
import { handleOf, type SharedMemoryHandle, viewSharedMemory } from '../../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_ATTACHED } from '../../../shm/threads.ts';

export interface TxnPayload {
  readonly handle: SharedMemoryHandle;
  readonly directory: string;
  readonly roots: readonly [map: number, id: number, v: number];
  /** The first row of this run; the case takes as many as it likes, up to ROWS_PER_RUN. */
  readonly id: number;
}

const ROWS_PER_RUN = 16;
const OPTIONS = { frames: 2048, ringBytes: 1 << 20, versionBytes: 1 << 20, txn: { chunkBytes: 16384, chunks: 64 } };

let own: { store: TxnStore; session: Session; directory: string; payload: TxnPayload } | null = null;
let runs = 0;

/** On the scheduler's thread, before a run: the first `count` rows are there, committed, v = 10 * (place in the run). */
export function freshRows(count: number): TxnPayload {
  if (own === null) {
    const directory = mkdtempSync(join(tmpdir(), 'interleave-'));
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
    const store = createTxnStore(new RealVfs(), OPTIONS, join(directory, 'database'));
    const { mapRoot, indexes } = store.table;
    const roots = [mapRoot, indexes[0].root, indexes[1].root] as const;
    const payload = { handle: handleOf(store.shm), directory: join(directory, 'database'), roots, id: 0 };
    own = { store, session: new Session(store), directory, payload };
  }
  const { store, session, payload } = own;
  const id = ++runs * ROWS_PER_RUN;
  inEngine(store, () => {
    const tx = session.begin();
    for (let row = 0; row < count; row++) session.insert(id + row, row * 10);
    session.commit();
    commitDurable(tx);
    closeChunk(store.txns);
  });
  inEngine(store, () => collectAll(store.txns));
  return { ...payload, id };
}

export const ownStore = (): TxnStore => own!.store;
export const ownSession = (): Session => own!.session;

/** After a run, on the scheduler's thread: nothing of the run is left to collect. */
export function settle(): void {
  const { store } = own!;
  for (let round = 0; round < 3; round++) inEngine(store, () => collectAll(store.txns));
}

let joined: { store: TxnStore; sessions: Session[] } | null = null;

/** On a session's thread: its view of the store, made in its first run. */
export function sessionStore(payload: TxnPayload): TxnStore {
  if (joined === null) {
    const shm = viewSharedMemory(payload.handle);
    attachThread(shm, THREAD_ROLE_ATTACHED);
    const store = joinTxnStore(new RealVfs(), shm, OPTIONS, payload.directory);
    store.table = tableOf(...payload.roots);
    joined = { store, sessions: [new Session(store)] };
  }
  return joined.store;
}

/** On a session's thread: its session, or a further one. */
export function sessionOf(payload: TxnPayload, number = 0): Session {
  const store = sessionStore(payload);
  while (joined!.sessions.length <= number) joined!.sessions.push(new Session(store));
  return joined!.sessions[number];
}

/** Runs `body` as a call of the engine does: with an epoch; `stands`: as one that will take a snapshot, which counts from its entry. */
export function inEngine<Result>(store: TxnStore, body: () => Result, stands = false): Result {
  let thrown: unknown;
  enterEngine(store.shm, stands ? standingSnapshot(store.txns) : 0);
  try {
    return body();
  } catch (error) {
    thrown = error;
    throw error;
  } finally {
    leaveEngine(store.shm, thrown);
  }
}
