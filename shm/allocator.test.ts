/** Allocator, hash map and ring buffer: one thread, against plain models. Several threads: test/shm/litmus.test.ts. */
import { deepStrictEqual, notStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { CELL_CLASSES, heapAllocate, heapBlockBytes, heapFree, heapUsedBytes } from './allocator.ts';
import { checkHeap } from './allocator-check.ts';
import { MAP_BYTES, MAP_FULL, mapCount, mapEntries, mapGet, mapInsert, mapRemove } from './hash-map.ts';
import { RING_BUFFER_BYTES, storeRingBufferHead, storeRingBufferTail } from './ring-buffer.layout.gen.ts';
import { initialiseRingBuffer, ringBufferBytes, ringBufferCount, ringBufferPut, ringBufferTake } from './ring-buffer.ts';
import { createSharedMemory, type SharedMemory } from './shared-memory.ts';
import { attachThread, THREAD_ROLE_HOST } from './threads.ts';

function memory(heapBytes: number): SharedMemory {
  const regions = [
    { name: 'map', bytes: MAP_BYTES },
    { name: 'queue', bytes: ringBufferBytes(4, 2) },
  ];
  const shm = createSharedMemory({ frames: 2, threadSlots: 2, ringBytes: 65536, heapBytes, versionBytes: 65536, regions });
  attachThread(shm, THREAD_ROLE_HOST);
  return shm;
}

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
let state = seed | 1;
const draw = (bound: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return (state >>> 8) % bound;
};

test('a block is aligned, has room for what was asked, and takes the smallest class', () => {
  const shm = memory(1 << 20);
  for (const bytes of [1, 16, 17, 48, 49, 1024, 1025, 1360, 1361, 2048, 2049, 4096, 4097, 9000]) {
    const offset = heapAllocate(shm, bytes);
    ok(offset > 0 && offset % 16 === 0, `${bytes}`);
    ok(heapBlockBytes(bytes) >= bytes);
    if (bytes > 2048) strictEqual(offset % 4096, 0);
    heapFree(shm, offset, bytes);
  }
  deepStrictEqual([heapBlockBytes(1), heapBlockBytes(1025), heapBlockBytes(2049), heapBlockBytes(4097)], [16, 1360, 4096, 8192]);
  ok(CELL_CLASSES.every((bytes) => bytes % 16 === 0));
  deepStrictEqual([heapUsedBytes(shm), checkHeap(shm)], [0, []]);
});

test('a full heap answers 0, and has the same room again when everything is back', () => {
  for (const heapBytes of [65536, 3 * 65536, 1 << 20]) {
    const shm = memory(heapBytes);
    const rooms = [1, 2].map(() => {
      const blocks: number[] = [];
      for (let offset = heapAllocate(shm, 4096); offset !== 0; offset = heapAllocate(shm, 4096)) blocks.push(offset);
      strictEqual(new Set(blocks).size, blocks.length);
      strictEqual(heapAllocate(shm, 16), 0);
      for (const offset of blocks) heapFree(shm, offset, 4096);
      return blocks.length;
    });
    strictEqual(rooms[0], rooms[1]);
    ok(rooms[0] >= heapBytes / 4096 - 3, `${rooms[0]} pieces of ${heapBytes} bytes`);
    deepStrictEqual(checkHeap(shm), []);
  }
});

test('freeing with a false size or at a false place is caught', () => {
  const shm = memory(1 << 20);
  const cell = heapAllocate(shm, 100);
  const block = heapAllocate(shm, 9000);
  throws(() => heapFree(shm, cell, 10), /where and with the size/);
  throws(() => heapFree(shm, cell + 16, 100), /where and with the size/);
  throws(() => heapFree(shm, block, 5000), /where and with the size/);
  throws(() => heapFree(shm, block + 4096, 4096), /where and with the size/);
  heapFree(shm, cell, 100);
  heapFree(shm, block, 9000);
  throws(() => heapFree(shm, block, 9000), /where and with the size/);
  deepStrictEqual(checkHeap(shm), []);
});

test('random allocations never overlap, and the allocator stays sound', () => {
  const shm = memory(1 << 20);
  const blocks = new Map<number, number>();
  for (let round = 0; round < 20_000; round++) {
    if (draw(5) < 2 && blocks.size > 0) {
      const offset = [...blocks.keys()][draw(Math.min(blocks.size, 50))];
      heapFree(shm, offset, blocks.get(offset) as number);
      blocks.delete(offset);
    } else {
      const bytes = draw(8) === 0 ? 1 + draw(40_000) : 1 + draw(2500);
      const offset = heapAllocate(shm, bytes);
      if (offset !== 0) blocks.set(offset, bytes);
    }
    if (round % 2000 === 0) deepStrictEqual(checkHeap(shm), [], `SEED=${seed} round ${round}`);
  }
  const inOrder = [...blocks].sort(([a], [b]) => a - b);
  for (let at = 1; at < inOrder.length; at++) ok(inOrder[at][0] >= inOrder[at - 1][0] + inOrder[at - 1][1], `SEED=${seed}`);
  for (const [offset, bytes] of blocks) heapFree(shm, offset, bytes);
  deepStrictEqual([heapUsedBytes(shm), checkHeap(shm)], [0, []], `SEED=${seed}`);
});

test('the hash map agrees with a plain map, through growing', () => {
  const shm = memory(8 << 20);
  const { map } = shm.regions;
  const model = new Map<string, number>();
  for (let round = 1; round <= 60_000; round++) {
    const [high, low] = [draw(50) - 25, draw(2000) * 4096];
    const key = `${high} ${low}`;
    strictEqual(mapGet(shm, map, high, low), model.get(key) ?? 0, `SEED=${seed} round ${round}`);
    if (draw(3) === 0) {
      strictEqual(mapRemove(shm, map, high, low), model.get(key) ?? 0);
      model.delete(key);
    } else {
      strictEqual(mapInsert(shm, map, high, low, round), model.get(key) ?? round);
      if (!model.has(key)) model.set(key, round);
    }
  }
  const entries = mapEntries(shm, map).map(({ high, low, value }) => [`${high} ${low}`, value] as const);
  deepStrictEqual(new Map(entries), model, `SEED=${seed}`);
  strictEqual(mapCount(shm, map), model.size);
  deepStrictEqual(checkHeap(shm), []);
});

test('a map whose heap is full says so and keeps what it has', () => {
  const shm = memory(2 * 65536);
  const { map } = shm.regions;
  let inserted = 0;
  while (mapInsert(shm, map, 1, inserted, inserted + 1) !== MAP_FULL) inserted++;
  ok(inserted > 1000);
  for (let key = 0; key < inserted; key++) strictEqual(mapGet(shm, map, 1, key), key + 1);
  strictEqual(mapRemove(shm, map, 1, 0), 1);
  notStrictEqual(mapInsert(shm, map, 1, 0, 5), MAP_FULL);
});

test('a ring buffer is first in, first out, and says when it is full or empty, also when its numbers wrap', () => {
  const shm = memory(65536);
  const { queue } = shm.regions;
  initialiseRingBuffer(shm, queue, 4, 2);
  // As if 2^32 - 4 entries had passed.
  storeRingBufferHead(shm.i32, queue, -4);
  storeRingBufferTail(shm.i32, queue, -4);
  for (let cell = 0; cell < 4; cell++) Atomics.store(shm.i32, (queue + RING_BUFFER_BYTES + cell * 64) >>> 2, cell - 4);
  const entry = new Int32Array(4);
  let put = 0;
  let taken = 0;
  for (let round = 0; round < 2000; round++) {
    if (draw(2) === 0) {
      entry.set([put, ~put], 2);
      strictEqual(ringBufferPut(shm, queue, entry, 2), put - taken < 4);
      if (put - taken < 4) put++;
    } else {
      strictEqual(ringBufferTake(shm, queue, entry, 1), put > taken, `SEED=${seed}`);
      if (put > taken) deepStrictEqual([entry[1], entry[2]], [taken, ~taken++]);
    }
    strictEqual(ringBufferCount(shm, queue), put - taken);
  }
});
