/** What the B+tree's interleaving cases share: one store for all runs of a process, one small index a run. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeOf, createStore, joinStore, keyOf, type Store } from '../../../engine/storage/btree/btree-fixture.ts';
import { checkIndex } from '../../../engine/storage/btree/check.ts';
import { createIndex } from '../../../engine/storage/btree/create.ts';
import { indexInsert } from '../../../engine/storage/btree/insert.ts';
import { RealVfs } from '../../../engine/storage/vfs/real-vfs.ts';
import { handleOf, type SharedMemoryHandle, viewSharedMemory } from '../../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_ATTACHED } from '../../../shm/threads.ts';

export interface StorePayload {
  readonly handle: SharedMemoryHandle;
  readonly directory: string;
  /** Root of the run's index: kind i32, at most four entries a node. */
  readonly root: number;
}

let own: { store: Store; directory: string; handle: SharedMemoryHandle } | null = null;

/** On the scheduler's thread: an index with these keys, row (1, 1) each. */
export function freshIndex(keys: readonly number[]): StorePayload {
  if (own === null) {
    const directory = mkdtempSync(join(tmpdir(), 'interleave-'));
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
    const store = createStore(new RealVfs(), { frames: 4096, framesPerSegment: 4096, ringBytes: 1 << 20 }, directory);
    own = { store, directory, handle: handleOf(store.shm) };
  }
  const { store, directory, handle } = own;
  const root = createIndex(store.tree, 'i32', true, false, 4);
  for (const key of keys) indexInsert(store.tree, { root, kind: 'i32' }, keyOf('i32', key), 1, 1, changeOf(1));
  return { handle, directory, root };
}

/** On the scheduler's thread: the index's entries as 'key:rowPage', in order; throws when it is not sound. */
export function entriesOf(root: number): string[] {
  const found: string[] = [];
  const report = (page: number, message: string): void => {
    throw new Error(`page ${page} ${message}`);
  };
  checkIndex(own!.store.tree, { root, kind: 'i32' }, report, (key) => found.push(`${key.i32[0]}:${key.i32[2]}`));
  return found;
}

export const ownStore = (): Store => own!.store;

let joined: Store | null = null;

/** On a session's thread: its view of the store, made in its first run. */
export function sessionStore(payload: StorePayload): Store {
  if (joined === null) {
    const shm = viewSharedMemory(payload.handle);
    attachThread(shm, THREAD_ROLE_ATTACHED);
    joined = joinStore(new RealVfs(), shm, 1, payload.directory);
  }
  return joined;
}
