/** A thread of cache-threads.test.ts: adds to counters on pages of a cache that is much too small, and reads all along. */

import { parentPort, workerData } from 'node:worker_threads';
import { frameOffset, frameSegment, type SharedMemoryHandle, viewSharedMemory } from '../../../shm/shared-memory.ts';
import { attachThread, detachThread, THREAD_ROLE_ATTACHED } from '../../../shm/threads.ts';
import { openDatabaseFiles } from '../database-files.ts';
import { RealVfs } from '../vfs/real-vfs.ts';
import { SeededRandom } from '../world.ts';
import { FakeLog, worldOf } from './cache-fixture.ts';
import { createPageCache, holdPage, latchPage, pageChanged, releasePage, unlatchPage } from './page-cache.ts';
import { writePages } from './page-writer.ts';

export interface CounterTask {
  handle: SharedMemoryHandle;
  directory: string;
  seed: number;
  firstPage: number;
  pages: number;
  steps: number;
}

function run(task: CounterTask): { added: number[]; mismatches: number } {
  const shm = viewSharedMemory(task.handle);
  attachThread(shm, THREAD_ROLE_ATTACHED);
  const vfs = new RealVfs();
  const log = new FakeLog();
  const cache = createPageCache(shm, worldOf(vfs), openDatabaseFiles(vfs, task.directory), log);
  const random = new SeededRandom(task.seed);
  const added = new Array<number>(task.pages).fill(0);
  let mismatches = 0;
  for (let step = 0; step < task.steps; step++) {
    const page = random.below(task.pages);
    if (random.chance(0.4)) {
      const frame = latchPage(cache, task.firstPage + page);
      const at = (frameOffset(shm, frame) + 4096) >>> 2;
      const words = frameSegment(shm, frame).i32;
      words[at]++;
      words[at + 512] = words[at];
      pageChanged(cache, frame, log.next());
      unlatchPage(cache, frame);
      added[page]++;
    } else {
      const frame = holdPage(cache, task.firstPage + page);
      const at = (frameOffset(shm, frame) + 4096) >>> 2;
      const words = frameSegment(shm, frame).i32;
      if (words[at] !== words[at + 512] || words[at - 1023] !== task.firstPage + page) mismatches++;
      releasePage(cache, frame);
    }
    if (random.chance(0.002)) writePages(cache, 1 + random.below(64));
    if (random.chance(0.01)) cache.scanning = !cache.scanning;
  }
  detachThread(shm);
  return { added, mismatches };
}

parentPort?.postMessage(run(workerData as CounterTask));
