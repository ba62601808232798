/** For threads.test.ts: one real thread that changes an index others change too, and says what should be left of its own entries. */

import { parentPort, workerData } from 'node:worker_threads';
import { enterEngine, leaveEngine } from '../../../shm/entry.ts';
import { type SharedMemoryHandle, viewSharedMemory } from '../../../shm/shared-memory.ts';
import { attachThread, detachThread, THREAD_ROLE_ATTACHED } from '../../../shm/threads.ts';
import { closeLog } from '../log/open.ts';
import type { IndexKind } from '../rows/runtime.ts';
import { RealVfs } from '../vfs/real-vfs.ts';
import { SeededRandom } from '../world.ts';
import { changeOf, joinStore, keyOf } from './btree-fixture.ts';
import { createCursor, cursorFirst, cursorKey, cursorLast, nextBatch, previousBatch } from './cursor.ts';
import { indexInsert } from './insert.ts';
import { lookupI32, lookupI64, lookupKey } from './lookup.ts';
import { giveBackSpares } from './pages.ts';
import { indexRemove } from './remove.ts';
import { createWitness, INDEX_ABSENT, INDEX_DONE, INDEX_MOVED, INDEX_PRESENT, type TreeIndex } from './tree.ts';
import { collectKey, indexInsertUnique } from './unique.ts';

export interface Job {
  handle: SharedMemoryHandle;
  directory: string;
  kind: IndexKind;
  root: number;
  seed: number;
  mine: number;
  operations: number;
  range: number;
  spread: number;
  unique: boolean;
}

const job = workerData as Job;
const shm = viewSharedMemory(job.handle);
attachThread(shm, THREAD_ROLE_ATTACHED);
const store = joinStore(new RealVfs(), shm, 1, job.directory);
const index: TreeIndex = { root: job.root, kind: job.kind };
const random = new SeededRandom(job.seed);
const { tree } = store;

/** Keys divisible by 10 were there before and stay: every lookup must find them. */
function lookUpFixed(): void {
  const number = random.below(job.range / 10) * 10;
  const key = keyOf(job.kind, number, job.spread);
  let hit = lookupKey(tree, job.root, key);
  if (job.kind === 'i32') hit &&= lookupI32(tree, job.root, number);
  if (job.kind === 'i64') hit &&= lookupI64(tree, job.root, key.i32[0], key.i32[1]);
  if (!hit) throw new Error(`key ${number} was not found`);
}

/** A scan sees every fixed key once and all entries in order. */
function scan(): void {
  const cursor = createCursor(job.kind, 50);
  const forwards = random.chance(0.5);
  const key = keyOf(job.kind, 0);
  let fixed = 0;
  if (forwards) cursorFirst(cursor);
  else cursorLast(cursor);
  while ((forwards ? nextBatch(tree, job.root, cursor) : previousBatch(tree, job.root, cursor)) > 0) {
    for (let at = 0; at < cursor.count; at++) {
      cursorKey(cursor, at, key);
      if (key.i32[2] === 4000) fixed++;
    }
  }
  if (fixed !== Math.ceil(job.range / 10)) throw new Error(`a scan met ${fixed} of the fixed keys`);
}

function changeOwn(own: Set<number>): void {
  const change = changeOf(job.mine + 1);
  const number = random.below(job.range);
  const key = keyOf(job.kind, number, job.spread);
  if (random.chance(0.5)) {
    const status = indexInsert(tree, index, key, job.mine, 1, change);
    if (status !== (own.has(number) ? INDEX_PRESENT : INDEX_DONE)) throw new Error(`insert of ${number}: status ${status}`);
    own.add(number);
  } else {
    const status = indexRemove(tree, index, key, job.mine, 1, change, null);
    if (status !== (own.delete(number) ? INDEX_DONE : INDEX_ABSENT)) throw new Error(`removal of ${number}: status ${status}`);
  }
}

const witness = createWitness();

/** Inserts a key that nobody has, or finds that somebody has it (SM-B3). */
function insertUnique(own: Set<number>, number: number): void {
  const key = keyOf(job.kind, number, job.spread);
  for (;;) {
    collectKey(tree, index, key, witness);
    if (witness.rowCount > 0) return;
    const status = indexInsertUnique(tree, index, key, job.mine, 1, changeOf(job.mine + 1), witness);
    if (status === INDEX_MOVED) continue;
    if (status !== INDEX_DONE) throw new Error(`unique insert of ${number}: status ${status}`);
    own.add(number);
    return;
  }
}

const own = new Set<number>();
for (let turn = 0; turn < job.operations; turn++) {
  enterEngine(shm);
  if (job.unique) insertUnique(own, turn % 2 === 0 ? turn : random.below(job.operations));
  else {
    changeOwn(own);
    if (turn % 4 === 0) lookUpFixed();
    if (turn % 500 === 0) scan();
  }
  leaveEngine(shm);
}
giveBackSpares(tree);
closeLog(store.log);
detachThread(shm);
parentPort!.postMessage([...own]);
