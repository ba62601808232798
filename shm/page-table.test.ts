/** The page table and the clock against plain models, with random operations. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import {
  createScanRing,
  framesTaken,
  nextVictim,
  referenceFrame,
  scanRingTook,
  scanRingVictim,
  takeFreshFrame,
} from './clock-hand.ts';
import { loadFrameReferenced, storeFramePageId, storeFrameState } from './frame.layout.gen.ts';
import { FRAME_STATE_CLEAN, FRAME_STATE_DIRTY, FRAME_STATE_EMPTY, FRAME_STATE_LOADING } from './frame.layout.ts';
import { holdFrame, latchFrame, releaseFrame, unlatchFrame } from './frame-latch.ts';
import { lookupFrame, tableEntries, tableFind, tableInsert, tableRemove } from './page-table.ts';
import { createSharedMemory, frameBase, type SharedMemory } from './shared-memory.ts';
import { attachThread, THREAD_ROLE_HOST } from './threads.ts';
import { NO_FRAME, NO_PAGE } from './types.ts';

function memory(frames: number): SharedMemory {
  const shm = createSharedMemory({ frames, threadSlots: 2, ringBytes: 65536, heapBytes: 65536, versionBytes: 65536 });
  attachThread(shm, THREAD_ROLE_HOST);
  return shm;
}

function load(shm: SharedMemory, frame: number, pageId: number): void {
  storeFramePageId(shm.i32, frameBase(shm, frame), pageId);
  storeFrameState(shm.i32, frameBase(shm, frame), FRAME_STATE_CLEAN);
}

test('a page is found once it is loaded; while it loads only tableFind sees it', () => {
  const shm = memory(8);
  const frame = takeFreshFrame(shm);
  strictEqual(tableInsert(shm, 12, frame), frame);
  deepStrictEqual([lookupFrame(shm, 12), tableFind(shm, 12)], [NO_FRAME, frame]);
  load(shm, frame, 12);
  deepStrictEqual([lookupFrame(shm, 12), lookupFrame(shm, 13), tableFind(shm, 13)], [frame, NO_FRAME, NO_FRAME]);
  strictEqual(tableInsert(shm, 12, takeFreshFrame(shm)), frame);
});

test('pages of the temporary file are found by their signed and unsigned number', () => {
  const shm = memory(8);
  const frame = takeFreshFrame(shm);
  tableInsert(shm, 0x80000007, frame);
  load(shm, frame, 0x80000007);
  deepStrictEqual(
    [lookupFrame(shm, 0x80000007), lookupFrame(shm, 0x80000007 | 0), tableFind(shm, 0x80000007 | 0)],
    [frame, frame, frame],
  );
  tableRemove(shm, 0x80000007 | 0, frame);
  deepStrictEqual(tableEntries(shm), []);
});

test('random insertions and removals agree with a plain map', () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const shm = memory(50);
  const model = new Map<number, number>();
  const free = Array.from({ length: 50 }, () => takeFreshFrame(shm));
  let state = seed | 1;
  const draw = (bound: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % bound;
  };
  for (let round = 0; round < 20_000; round++) {
    const page = draw(120) * 65536;
    const known = model.get(page);
    strictEqual(tableFind(shm, page), known ?? NO_FRAME, `SEED=${seed} round ${round}`);
    strictEqual(lookupFrame(shm, page), known ?? NO_FRAME, `SEED=${seed} round ${round}`);
    if (known !== undefined && draw(2) === 0) {
      storeFramePageId(shm.i32, frameBase(shm, known), NO_PAGE);
      tableRemove(shm, page, known);
      model.delete(page);
      free.push(known);
    } else if (known === undefined && free.length > 0) {
      const frame = free.pop() as number;
      strictEqual(tableInsert(shm, page, frame), frame);
      load(shm, frame, page);
      model.set(page, frame);
    }
  }
  const entries = tableEntries(shm).map(({ pageId, frame }) => [pageId, frame]);
  deepStrictEqual(new Map(entries as [number, number][]), model, `SEED=${seed}`);
});

test('fresh frames come first, each once', () => {
  const shm = memory(3);
  strictEqual(nextVictim(shm), NO_FRAME);
  deepStrictEqual(
    [0, 1, 2, NO_FRAME, NO_FRAME],
    [1, 2, 3, 4, 5].map(() => takeFreshFrame(shm)),
  );
  strictEqual(framesTaken(shm), 3);
});

test('the clock gives a second chance, and passes over what is dirty, loading, latched or held', () => {
  const shm = memory(6);
  for (let page = 0; page < 6; page++) load(shm, takeFreshFrame(shm), page + 100);
  referenceFrame(shm.i32, frameBase(shm, 0));
  storeFrameState(shm.i32, frameBase(shm, 1), FRAME_STATE_DIRTY);
  storeFrameState(shm.i32, frameBase(shm, 2), FRAME_STATE_LOADING);
  latchFrame(shm, 3);
  holdFrame(shm, 4, 104);
  strictEqual(nextVictim(shm), 5);
  strictEqual(loadFrameReferenced(shm.i32, frameBase(shm, 0)), 0);
  strictEqual(nextVictim(shm), 0);
  storeFrameState(shm.i32, frameBase(shm, 0), FRAME_STATE_DIRTY);
  storeFrameState(shm.i32, frameBase(shm, 5), FRAME_STATE_DIRTY);
  strictEqual(nextVictim(shm), NO_FRAME);
  unlatchFrame(shm, 3);
  releaseFrame(shm, 4);
  storeFrameState(shm.i32, frameBase(shm, 2), FRAME_STATE_EMPTY);
  const offered = new Set([nextVictim(shm), nextVictim(shm), nextVictim(shm)]);
  deepStrictEqual([...offered].sort(), [2, 3, 4]);
});

test("every frame is offered again when the hand's count wraps", () => {
  const shm = memory(5);
  for (let page = 0; page < 5; page++) load(shm, takeFreshFrame(shm), page);
  // The hand is the word at byte 128 of the header.
  Atomics.store(shm.i32, 32, -3);
  const offered = new Set(Array.from({ length: 12 }, () => nextVictim(shm)));
  strictEqual(offered.size, 5);
  ok(![...offered].includes(NO_FRAME));
});

test('a scan reuses its own frames, but not one that somebody else has come to use', () => {
  const shm = memory(8);
  const ring = createScanRing(2);
  for (let page = 0; page < 2; page++) {
    strictEqual(scanRingVictim(shm, ring), NO_FRAME);
    const frame = takeFreshFrame(shm);
    load(shm, frame, page);
    scanRingTook(ring, frame, page);
  }
  strictEqual(scanRingVictim(shm, ring), 0);
  load(shm, 0, 2);
  scanRingTook(ring, 0, 2);
  referenceFrame(shm.i32, frameBase(shm, 1));
  strictEqual(scanRingVictim(shm, ring), NO_FRAME);
  scanRingTook(ring, 5, 3);
  strictEqual(scanRingVictim(shm, ring), 0);
  load(shm, 0, 77);
  strictEqual(scanRingVictim(shm, ring), NO_FRAME);
});
