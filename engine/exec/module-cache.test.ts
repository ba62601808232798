import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { heapUsedBytes } from '../../shm/allocator.ts';
import { checkHeap } from '../../shm/allocator-check.ts';
import { createSharedMemory, handleOf, type SharedMemory } from '../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_HOST } from '../../shm/threads.ts';
import { createModuleCache, findModule, keepModule, moduleCacheFigures, moduleCacheRegion, moduleKey } from './module-cache.ts';

function memory(heapBytes = 4 << 20): SharedMemory {
  const shm = createSharedMemory({
    frames: 2,
    threadSlots: 4,
    ringBytes: 65536,
    heapBytes,
    versionBytes: 65536,
    regions: [moduleCacheRegion()],
  });
  attachThread(shm, THREAD_ROLE_HOST);
  return shm;
}

const key = (text: string) => moduleKey(Buffer.from(text));
const found = (cache: ReturnType<typeof createModuleCache>, text: string): string | null =>
  findModule(cache, key(text))?.toString() ?? null;

test('what is kept is found by its key, byte by byte, and replaced by what is kept later', () => {
  const shm = memory();
  const cache = createModuleCache(shm);
  for (const length of [0, 1, 2, 3, 4, 5, 1000, 5000]) {
    const text = 'k'.repeat(length);
    strictEqual(found(cache, text), null);
    ok(keepModule(cache, key(text), Buffer.from(`content ${length}`)));
    strictEqual(found(cache, text), `content ${length}`);
    strictEqual(found(cache, `${text}\0`), null, 'padding is no part of a key');
  }
  const before = moduleCacheFigures(cache);
  ok(keepModule(cache, key('kk'), Buffer.from('other')));
  strictEqual(found(cache, 'kk'), 'other');
  deepStrictEqual(moduleCacheFigures(cache).count, before.count);
  strictEqual(moduleCacheFigures(cache).bytes, heapUsedBytes(shm));
  deepStrictEqual(checkHeap(shm), []);
});

test('keys of one hash are told apart', () => {
  const cache = createModuleCache(memory());
  const one = key('one');
  const two = { ...key('two'), hash: one.hash };
  keepModule(cache, one, Buffer.from('1'));
  strictEqual(findModule(cache, two), null);
  keepModule(cache, two, Buffer.from('2'));
  deepStrictEqual([found(cache, 'one'), findModule(cache, two)?.toString()], ['1', '2']);
});

test('it stays within its bytes: what was asked for since the hand passed stays, the rest goes', () => {
  const shm = memory();
  const limit = 200 * 1024;
  const cache = createModuleCache(shm, limit);
  const content = Buffer.alloc(1000, 'x');
  for (let n = 0; n < 3000; n++) {
    ok(keepModule(cache, key(`statement ${n}`), content));
    ok(moduleCacheFigures(cache).bytes <= limit);
    if (n >= 10) for (let kept = 0; kept < 10; kept++) ok(found(cache, `statement ${kept}`) !== null, `${kept} at ${n}`);
  }
  const { count, evicted } = moduleCacheFigures(cache);
  strictEqual(count + evicted, 3000);
  ok(count > 100, `${count}`);
  strictEqual(moduleCacheFigures(cache).bytes, heapUsedBytes(shm));
  strictEqual(keepModule(cache, key('large'), Buffer.alloc(100_000)), false);
});

test('a full heap keeps nothing and harms nothing', () => {
  const shm = memory(1 << 16);
  const cache = createModuleCache(shm, 1 << 20);
  let kept = 0;
  for (let n = 0; n < 100; n++) if (keepModule(cache, key(`${n}`), Buffer.alloc(2000))) kept++;
  ok(kept > 0 && kept < 100);
  strictEqual(moduleCacheFigures(cache).count, kept);
});

test('two threads that keep and look find whole entries or none', async () => {
  const shm = memory();
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const at = (name: string): string => new URL(name, import.meta.url).href;
  const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { viewSharedMemory } = await import('${at('../../shm/shared-memory.ts')}');
    const { attachThread, detachThread, THREAD_ROLE_ATTACHED } = await import('${at('../../shm/threads.ts')}');
    const { createModuleCache, findModule, keepModule, moduleKey } = await import('${at('./module-cache.ts')}');
    const shm = viewSharedMemory(workerData.handle);
    attachThread(shm, THREAD_ROLE_ATTACHED);
    const cache = createModuleCache(shm, 64 * 1024);
    let state = workerData.seed | 1;
    const draw = (below) => ((state = (Math.imul(state, 1664525) + 1013904223) | 0) >>> 8) % below;
    let wrong = 0, hits = 0;
    for (let n = 0; n < 30000; n++) {
      const name = 'statement ' + draw(150);
      const key = moduleKey(Buffer.from(name));
      if (draw(3) === 0) keepModule(cache, key, Buffer.from((name + '/').repeat(1 + draw(60))));
      else {
        const text = findModule(cache, key)?.toString();
        if (text === undefined) continue;
        hits++;
        if (text !== (name + '/').repeat(text.length / (name.length + 1))) wrong++;
      }
    }
    detachThread(shm);
    parentPort.postMessage({ wrong, hits });`;
  const run = (own: number) =>
    new Promise<{ wrong: number; hits: number }>((resolve, reject) => {
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
        workerData: { handle: handleOf(shm), seed: seed + own },
      });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  const results = await Promise.all([run(0), run(1)]);
  for (const { wrong, hits } of results) ok(wrong === 0 && hits > 0, `seed ${seed}: ${JSON.stringify(results)}`);
  const cache = createModuleCache(shm);
  strictEqual(moduleCacheFigures(cache).bytes, heapUsedBytes(shm), `seed ${seed}`);
  deepStrictEqual(checkHeap(shm), []);
});
