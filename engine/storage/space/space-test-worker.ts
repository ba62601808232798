/** A thread of space-threads.test.ts: takes and gives back pages, and adds pages to two tables that all threads share. */

import { parentPort, workerData } from 'node:worker_threads';
import { enterEngine, leaveEngine } from '../../../shm/entry.ts';
import type { SharedMemoryHandle } from '../../../shm/shared-memory.ts';
import { checkpointDue } from '../checkpoint.ts';
import { flushAll } from '../log/flush.ts';
import { PAGE_TYPE_HEAP } from '../page.layout.ts';
import { RealVfs } from '../vfs/real-vfs.ts';
import { SeededRandom } from '../world.ts';
import { addHeapPage } from './heap-map.ts';
import { giveBackPage } from './heap-map-extents.ts';
import { freeRetiredPages } from './retired.ts';
import { takePage } from './space.ts';
import { joinStore, takeCheckpoint } from './space-fixture.ts';

export interface SpaceTask {
  handle: SharedMemoryHandle;
  directory: string;
  boot: number;
  seed: number;
  roots: number[];
  steps: number;
}

export interface SpaceResult {
  /** Pages taken and not given back. */
  kept: number[];
  /** Pages added to each table. */
  added: number[][];
}

function run(task: SpaceTask): SpaceResult {
  const store = joinStore(new RealVfs(), task.handle, task.boot, task.directory);
  const { space, shm, log, cache } = store;
  const random = new SeededRandom(task.seed);
  const kept: number[] = [];
  const added: number[][] = task.roots.map(() => []);
  for (let step = 0; step < task.steps; step++) {
    enterEngine(shm);
    const choice = random.next();
    if (choice < 0.4) {
      const which = random.below(task.roots.length);
      added[which].push(addHeapPage(space, task.roots[which], which + 1, PAGE_TYPE_HEAP, which + 1));
    } else if (choice < 0.75 || kept.length === 0) kept.push(takePage(space, false));
    else giveBackPage(space, kept.splice(random.below(kept.length), 1)[0], 0);
    if (random.chance(0.05)) flushAll(log);
    if (random.chance(0.1)) freeRetiredPages(space, 10);
    leaveEngine(shm);
    if (random.chance(0.02) && checkpointDue(cache, 8192)) takeCheckpoint(store);
  }
  flushAll(log);
  return { kept, added };
}

parentPort?.postMessage(run(workerData as SpaceTask));
