/**
 * Allocator of the heap segment: blocks of a power of two of 4 KiB pieces (buddies), and small cells cut from pieces.
 *
 *   +-------------+---------+---------+-------------------+------------------------------------------+
 *   | piece table | cells   | block   | block, 4 pieces   | free, 16 pieces                          |
 *   +-------------+---------+---------+-------------------+------------------------------------------+
 *                    | class 2: 48 bytes, 85 cells         \__ its buddy: the other half of the block of 8
 *
 *   bytes <= 2048   the smallest class that fits; pieces of a class with room are in a list; a piece whose cells have all
 *                   come back becomes a block again
 *   above           rounded up to a power of two of pieces; split from a larger block, joined with the buddy when freed
 *
 * Memory is touched only when it is handed out: blocks are split from the low end. Offset 0 is the table's, so 0 can
 * mean 'no room'. One latch for all; inside it nothing allocates in JavaScript or throws (SM-L7). Upper floors do not
 * call it under a frame latch (SM-L5).
 *
 * Checked by checkHeap() (allocator-check.ts): every piece is in exactly one block, list or cell piece; links agree both ways; no two free
 * buddies; the used bytes add up.
 */

import {
  PIECE_BYTES,
  pieceCutCells,
  pieceFreeCell,
  pieceFreeCells,
  pieceKind,
  pieceNext,
  pieceOrder,
  piecePrevious,
  setPieceCutCells,
  setPieceFreeCell,
  setPieceFreeCells,
  setPieceKind,
  setPieceNext,
  setPieceOrder,
  setPiecePrevious,
} from './allocator.layout.gen.ts';
import { PIECE_BLOCK, PIECE_CELLS, PIECE_FREE, PIECE_INNER } from './allocator.layout.ts';
import { assert } from './assert.ts';
import {
  CONTROL_HEAP_FREE,
  CONTROL_HEAP_FREE_LENGTH,
  CONTROL_HEAP_LATCH,
  CONTROL_HEAP_PARTIAL,
  controlHeapReady,
  controlHeapUsed,
  setControlHeapReady,
  setControlHeapUsed,
} from './control.layout.gen.ts';
import { acquireLatch, releaseLatch } from './latch.ts';
import { CONTROL_BASE, type SharedMemory } from './shared-memory.ts';
import type { ByteOffset, Bytes } from './types.ts';

/** The smallest block, and the unit that undo lists and the like are made of. */
export const HEAP_PIECE_BYTES = 4096;
const PIECE_SHIFT = 12;
/** Sizes of small cells. 1360 is a third of a piece, cut to 16. */
export const CELL_CLASSES = Int32Array.of(16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1360, 2048);
const CELL_BYTES_MAX = 2048;
const ORDERS = CONTROL_HEAP_FREE_LENGTH / 4;

/** Class of a size: index (bytes + 15) >>> 4. */
const classOfSize = new Uint8Array(CELL_BYTES_MAX / 16 + 1);
for (let sixteenths = 0, cellClass = 0; sixteenths < classOfSize.length; sixteenths++) {
  while (CELL_CLASSES[cellClass] < sixteenths * 16) cellClass++;
  classOfSize[sixteenths] = cellClass;
}

const LATCH = CONTROL_BASE + CONTROL_HEAP_LATCH;

/** Log2 of the pieces that so many bytes take. */
const orderOf = (bytes: Bytes): number => {
  const pieces = (bytes + HEAP_PIECE_BYTES - 1) >>> PIECE_SHIFT;
  return pieces <= 1 ? 0 : 32 - Math.clz32(pieces - 1);
};

const heapPieces = (shm: SharedMemory): number => shm.heapBytes >>> PIECE_SHIFT;

/** Bytes that a block for so many bytes really takes. */
export function heapBlockBytes(bytes: Bytes): Bytes {
  return bytes <= CELL_BYTES_MAX ? CELL_CLASSES[classOfSize[(bytes + 15) >>> 4]] : HEAP_PIECE_BYTES * 2 ** orderOf(bytes);
}

/**
 * Byte offset of a new block in the heap segment, or 0 when there is no room. Not zeroed. 16-aligned; from 4 KiB on
 * aligned to 4 KiB. Not inside a critical section.
 */
export function heapAllocate(shm: SharedMemory, bytes: Bytes): ByteOffset {
  assert(bytes > 0, 'a block has at least one byte');
  acquireLatch(shm, LATCH);
  if (controlHeapReady(shm.i32, CONTROL_BASE) === 0) prepareHeap(shm);
  const offset =
    bytes <= CELL_BYTES_MAX ? takeCell(shm, classOfSize[(bytes + 15) >>> 4]) : takeBlock(shm, orderOf(bytes), PIECE_BLOCK);
  if (offset !== 0) setControlHeapUsed(shm.f64, CONTROL_BASE, controlHeapUsed(shm.f64, CONTROL_BASE) + heapBlockBytes(bytes));
  releaseLatch(shm, LATCH);
  return offset;
}

/** Gives a block back; with the size it was allocated with. Not inside a critical section. */
export function heapFree(shm: SharedMemory, offset: ByteOffset, bytes: Bytes): void {
  assert(offset > 0 && offset < shm.heapBytes, 'a block that is freed lies in the heap');
  acquireLatch(shm, LATCH);
  const piece = offset >>> PIECE_SHIFT;
  const sound = isBlockOf(shm, offset, bytes);
  if (sound) {
    setControlHeapUsed(shm.f64, CONTROL_BASE, controlHeapUsed(shm.f64, CONTROL_BASE) - heapBlockBytes(bytes));
    if (bytes <= CELL_BYTES_MAX) giveCell(shm, piece, offset);
    else giveBlock(shm, piece, orderOf(bytes));
  }
  releaseLatch(shm, LATCH);
  assert(sound, 'a block is freed where and with the size it was allocated');
}

/** Bytes in blocks that are handed out, rounded up to their class. */
export function heapUsedBytes(shm: SharedMemory): Bytes {
  return controlHeapUsed(shm.f64, CONTROL_BASE);
}

function isBlockOf(shm: SharedMemory, offset: ByteOffset, bytes: Bytes): boolean {
  const entry = (offset >>> PIECE_SHIFT) * PIECE_BYTES;
  const heap = shm.heap.i32;
  const kind = pieceKind(heap, entry);
  if (bytes > CELL_BYTES_MAX) {
    return kind === PIECE_BLOCK && pieceOrder(heap, entry) === orderOf(bytes) && offset % HEAP_PIECE_BYTES === 0;
  }
  const cellClass = classOfSize[(bytes + 15) >>> 4];
  if (kind !== PIECE_CELLS || pieceOrder(heap, entry) !== cellClass) return false;
  const place = offset & (HEAP_PIECE_BYTES - 1);
  return place % CELL_CLASSES[cellClass] === 0 && place < pieceCutCells(heap, entry) * CELL_CLASSES[cellClass];
}

/** The first call: everything behind the table becomes free blocks, the largest aligned ones that fit. */
function prepareHeap(shm: SharedMemory): void {
  const end = heapPieces(shm);
  let piece = Math.ceil((end * PIECE_BYTES) / HEAP_PIECE_BYTES);
  // From the high end of each list down, so that the lowest block is taken first.
  const first = piece;
  for (piece = end; piece > first; ) {
    let order = ORDERS - 1;
    while (piece % 2 ** order !== 0 || piece - 2 ** order < first) order--;
    piece -= 2 ** order;
    pushFree(shm, piece, order);
  }
  setControlHeapReady(shm.i32, CONTROL_BASE, 1);
}

// ---- blocks ----

const freeListWord = (order: number): number => ((CONTROL_BASE + CONTROL_HEAP_FREE) >>> 2) + order;
const partialListWord = (cellClass: number): number => ((CONTROL_BASE + CONTROL_HEAP_PARTIAL) >>> 2) + cellClass;

function pushFree(shm: SharedMemory, piece: number, order: number): void {
  setPieceKind(shm.heap.i32, piece * PIECE_BYTES, PIECE_FREE);
  setPieceOrder(shm.heap.i32, piece * PIECE_BYTES, order);
  pushList(shm, freeListWord(order), piece);
}

function pushList(shm: SharedMemory, listWord: number, piece: number): void {
  const heap = shm.heap.i32;
  const head = shm.i32[listWord];
  setPieceNext(heap, piece * PIECE_BYTES, head);
  setPiecePrevious(heap, piece * PIECE_BYTES, 0);
  if (head !== 0) setPiecePrevious(heap, (head - 1) * PIECE_BYTES, piece + 1);
  shm.i32[listWord] = piece + 1;
}

function dropFromList(shm: SharedMemory, listWord: number, piece: number): void {
  const heap = shm.heap.i32;
  const next = pieceNext(heap, piece * PIECE_BYTES);
  const previous = piecePrevious(heap, piece * PIECE_BYTES);
  if (previous === 0) shm.i32[listWord] = next;
  else setPieceNext(heap, (previous - 1) * PIECE_BYTES, next);
  if (next !== 0) setPiecePrevious(heap, (next - 1) * PIECE_BYTES, previous);
}

function takeBlock(shm: SharedMemory, order: number, kind: number): ByteOffset {
  let from = order;
  while (from < ORDERS && shm.i32[freeListWord(from)] === 0) from++;
  if (from >= ORDERS) return 0;
  const piece = shm.i32[freeListWord(from)] - 1;
  dropFromList(shm, freeListWord(from), piece);
  // The high halves go back, the low one is cut further.
  while (from > order) {
    from--;
    pushFree(shm, piece + (1 << from), from);
  }
  setPieceKind(shm.heap.i32, piece * PIECE_BYTES, kind);
  setPieceOrder(shm.heap.i32, piece * PIECE_BYTES, order);
  return piece << PIECE_SHIFT;
}

function giveBlock(shm: SharedMemory, freed: number, freedOrder: number): void {
  const heap = shm.heap.i32;
  let piece = freed;
  let order = freedOrder;
  for (; order < ORDERS - 1; order++) {
    const buddy = piece ^ (1 << order);
    if (buddy + (1 << order) > heapPieces(shm)) break;
    if (pieceKind(heap, buddy * PIECE_BYTES) !== PIECE_FREE || pieceOrder(heap, buddy * PIECE_BYTES) !== order) break;
    dropFromList(shm, freeListWord(order), buddy);
    setPieceKind(heap, Math.max(piece, buddy) * PIECE_BYTES, PIECE_INNER);
    piece = Math.min(piece, buddy);
  }
  pushFree(shm, piece, order);
}

// ---- cells ----

function takeCell(shm: SharedMemory, cellClass: number): ByteOffset {
  const heap = shm.heap.i32;
  const cellBytes = CELL_CLASSES[cellClass];
  if (shm.i32[partialListWord(cellClass)] === 0 && !cutPiece(shm, cellClass)) return 0;
  const piece = shm.i32[partialListWord(cellClass)] - 1;
  const entry = piece * PIECE_BYTES;
  let cell = pieceFreeCell(heap, entry);
  if (cell !== 0) {
    setPieceFreeCell(heap, entry, heap[cell >>> 2]);
  } else {
    const cut = pieceCutCells(heap, entry);
    cell = (piece << PIECE_SHIFT) + cut * cellBytes;
    setPieceCutCells(heap, entry, cut + 1);
  }
  const free = pieceFreeCells(heap, entry) - 1;
  setPieceFreeCells(heap, entry, free);
  if (free === 0) dropFromList(shm, partialListWord(cellClass), piece);
  return cell;
}

/** Makes one more piece of the class; false when the heap is full. */
function cutPiece(shm: SharedMemory, cellClass: number): boolean {
  const offset = takeBlock(shm, 0, PIECE_CELLS);
  if (offset === 0) return false;
  const piece = offset >>> PIECE_SHIFT;
  const entry = piece * PIECE_BYTES;
  setPieceOrder(shm.heap.i32, entry, cellClass);
  setPieceFreeCells(shm.heap.i32, entry, (HEAP_PIECE_BYTES / CELL_CLASSES[cellClass]) | 0);
  setPieceFreeCell(shm.heap.i32, entry, 0);
  setPieceCutCells(shm.heap.i32, entry, 0);
  pushList(shm, partialListWord(cellClass), piece);
  return true;
}

function giveCell(shm: SharedMemory, piece: number, cell: ByteOffset): void {
  const heap = shm.heap.i32;
  const entry = piece * PIECE_BYTES;
  const cellClass = pieceOrder(heap, entry);
  heap[cell >>> 2] = pieceFreeCell(heap, entry);
  setPieceFreeCell(heap, entry, cell);
  const free = pieceFreeCells(heap, entry) + 1;
  setPieceFreeCells(heap, entry, free);
  if (free === 1) pushList(shm, partialListWord(cellClass), piece);
  if (free < ((HEAP_PIECE_BYTES / CELL_CLASSES[cellClass]) | 0)) return;
  dropFromList(shm, partialListWord(cellClass), piece);
  giveBlock(shm, piece, 0);
}
