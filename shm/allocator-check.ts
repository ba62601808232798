/** Verifies the heap segment's allocator against the rules at the head of allocator.ts: for tests, torture and check(). */

import {
  PIECE_BYTES,
  pieceCutCells,
  pieceFreeCell,
  pieceFreeCells,
  pieceKind,
  pieceNext,
  pieceOrder,
  piecePrevious,
} from './allocator.layout.gen.ts';
import { PIECE_BLOCK, PIECE_CELLS, PIECE_FREE } from './allocator.layout.ts';
import { CELL_CLASSES, HEAP_PIECE_BYTES } from './allocator.ts';
import {
  CONTROL_HEAP_FREE,
  CONTROL_HEAP_FREE_LENGTH,
  CONTROL_HEAP_LATCH,
  CONTROL_HEAP_PARTIAL,
  controlHeapReady,
  controlHeapUsed,
} from './control.layout.gen.ts';
import { acquireLatch, releaseLatch } from './latch.ts';
import { CONTROL_BASE, type SharedMemory } from './shared-memory.ts';

/** What is wrong, in words; empty when all is well. */
export function checkHeap(shm: SharedMemory): string[] {
  const wrong: string[] = [];
  acquireLatch(shm, CONTROL_BASE + CONTROL_HEAP_LATCH);
  if (controlHeapReady(shm.i32, CONTROL_BASE) !== 0) {
    const listed = new Set<number>();
    for (let order = 0; order < CONTROL_HEAP_FREE_LENGTH / 4; order++) {
      walkList(shm, shm.i32[((CONTROL_BASE + CONTROL_HEAP_FREE) >>> 2) + order], PIECE_FREE, order, listed, wrong);
    }
    for (let cellClass = 0; cellClass < CELL_CLASSES.length; cellClass++) {
      walkList(shm, shm.i32[((CONTROL_BASE + CONTROL_HEAP_PARTIAL) >>> 2) + cellClass], PIECE_CELLS, cellClass, listed, wrong);
    }
    checkPieces(shm, listed, wrong);
  }
  releaseLatch(shm, CONTROL_BASE + CONTROL_HEAP_LATCH);
  return wrong;
}

function walkList(shm: SharedMemory, head: number, kind: number, order: number, listed: Set<number>, wrong: string[]): void {
  const heap = shm.heap.i32;
  let previous = 0;
  for (let link = head; link !== 0; link = pieceNext(heap, (link - 1) * PIECE_BYTES)) {
    const piece = link - 1;
    if (listed.has(piece)) {
      wrong.push(`piece ${piece} is in two lists, or its list is a ring`);
      return;
    }
    listed.add(piece);
    const entry = piece * PIECE_BYTES;
    if (pieceKind(heap, entry) !== kind || pieceOrder(heap, entry) !== order) wrong.push(`piece ${piece} is in a wrong list`);
    if (piecePrevious(heap, entry) !== previous) wrong.push(`piece ${piece} does not link back`);
    previous = link;
  }
}

function checkPieces(shm: SharedMemory, listed: Set<number>, wrong: string[]): void {
  const heap = shm.heap.i32;
  const end = (shm.heapBytes / HEAP_PIECE_BYTES) | 0;
  let used = 0;
  let piece = Math.ceil((end * PIECE_BYTES) / HEAP_PIECE_BYTES);
  while (piece < end) {
    const entry = piece * PIECE_BYTES;
    const kind = pieceKind(heap, entry);
    const order = pieceOrder(heap, entry);
    if (kind === PIECE_CELLS) {
      used += checkCells(shm, piece, listed.has(piece), wrong);
      piece++;
      continue;
    }
    if (kind !== PIECE_FREE && kind !== PIECE_BLOCK) {
      wrong.push(`piece ${piece} is in no block`);
      return;
    }
    if (kind === PIECE_BLOCK) used += HEAP_PIECE_BYTES * 2 ** order;
    else checkFree(shm, piece, order, end, listed, wrong);
    piece += 2 ** order;
  }
  if (piece !== end) wrong.push(`the last block ends at piece ${piece} of ${end}`);
  if (used !== controlHeapUsed(shm.f64, CONTROL_BASE)) {
    wrong.push(`${used} bytes are in use, ${controlHeapUsed(shm.f64, CONTROL_BASE)} were counted`);
  }
}

function checkFree(shm: SharedMemory, piece: number, order: number, end: number, listed: Set<number>, wrong: string[]): void {
  if (!listed.has(piece)) wrong.push(`free piece ${piece} is in no list`);
  const buddy = piece ^ (1 << order);
  const entry = buddy * PIECE_BYTES;
  if (buddy + (1 << order) > end || pieceKind(shm.heap.i32, entry) !== PIECE_FREE) return;
  if (pieceOrder(shm.heap.i32, entry) === order) wrong.push(`free pieces ${piece} and ${buddy} were not joined`);
}

/** Returns the bytes in use. */
function checkCells(shm: SharedMemory, piece: number, isListed: boolean, wrong: string[]): number {
  const heap = shm.heap.i32;
  const entry = piece * PIECE_BYTES;
  const cellBytes = CELL_CLASSES[pieceOrder(heap, entry)];
  const cells = (HEAP_PIECE_BYTES / cellBytes) | 0;
  let free = cells - pieceCutCells(heap, entry);
  for (let cell = pieceFreeCell(heap, entry); cell !== 0 && free <= cells; cell = heap[cell >>> 2]) {
    if (cell >>> 12 !== piece || (cell & (HEAP_PIECE_BYTES - 1)) % cellBytes !== 0)
      wrong.push(`piece ${piece} lists a false cell`);
    free++;
  }
  if (free !== pieceFreeCells(heap, entry)) wrong.push(`piece ${piece} counts ${pieceFreeCells(heap, entry)} cells, has ${free}`);
  if (free > 0 !== isListed) wrong.push(`piece ${piece} with ${free} free cells is ${isListed ? '' : 'not '}in its list`);
  return (cells - free) * cellBytes;
}
