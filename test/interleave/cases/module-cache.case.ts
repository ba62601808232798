import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import {
  createModuleCache,
  findModule,
  keepModule,
  moduleCacheFigures,
  moduleCacheRegion,
  moduleKey,
} from '../../../engine/exec/module-cache.ts';
import { heapUsedBytes } from '../../../shm/allocator.ts';
import { checkHeap } from '../../../shm/allocator-check.ts';
import { handleOf, type SharedMemory, type SharedMemoryHandle, viewSharedMemory } from '../../../shm/shared-memory.ts';
import { attachThread, detachThread, THREAD_ROLE_ATTACHED, THREAD_ROLE_HOST } from '../../../shm/threads.ts';
import { smallMemory } from '../../shm/threads.ts';
import type { InterleavingCase } from '../case.ts';

interface Payload {
  handle: SharedMemoryHandle;
}

/** Room for one entry of this size and a little: the second one makes somebody sweep. */
const LIMIT = 5000;
const content = (session: number): Buffer => Buffer.alloc(3000, `${session}`);

let shm: SharedMemory;

/** Two threads keep something under one key, one of them under another as well, and there is room for one; a third looks. */
export const interleaving: InterleavingCase<Payload, string[]> = {
  name: 'SBLR-N3: entries are replaced, swept and read',
  sessions: 3,
  setup() {
    shm = smallMemory({ regions: [moduleCacheRegion()] });
    attachThread(shm, THREAD_ROLE_HOST);
    keepModule(createModuleCache(shm, LIMIT), moduleKey(Buffer.from('one')), content(9));
    return { handle: handleOf(shm) };
  },
  session({ handle }, session) {
    const own = viewSharedMemory(handle);
    attachThread(own, THREAD_ROLE_ATTACHED);
    const cache = createModuleCache(own, LIMIT);
    const [one, two] = ['one', 'two'].map((text) => moduleKey(Buffer.from(text)));
    const seen: string[] = [];
    if (session < 2) keepModule(cache, one, content(session));
    if (session === 1) keepModule(cache, two, content(session));
    if (session === 2) for (const key of [one, two]) seen.push(findModule(cache, key)?.toString() ?? '');
    detachThread(own);
    return seen;
  },
  check(_, results) {
    for (const result of results) ok(result.ok, JSON.stringify(result));
    const whole = ['', ...[0, 1, 9].map((session) => content(session).toString())];
    for (const result of results) if (result.ok) for (const text of result.value) ok(whole.includes(text), text.slice(0, 20));
    const { bytes, count } = moduleCacheFigures(createModuleCache(shm, LIMIT));
    strictEqual(bytes, heapUsedBytes(shm));
    ok(count <= 2, `${count} entries`);
    deepStrictEqual(checkHeap(shm), []);
  },
  teardown() {
    detachThread(shm);
  },
};
