/**
 * The tables that this boot knows, for all threads: table id -> its StoredTable as JSON in the heap segment.
 *
 *   'tables' region: | version word | shared map: id -> block |        heap: | length u32 | JSON, UTF-8 ... |
 *
 * sys.tables says which tables a transaction sees; the directory says what a table id stands for, whoever asks: undo,
 * stamping and collection meet tables of transactions that have not committed, and of tables that are being dropped. A table
 * is published before its first row and withdrawn after its last page. A change replaces the block and moves the version;
 * threads then forget what they had generated.
 */

import { assert } from '../../shm/assert.ts';
import { heapAllocate, heapFree } from '../../shm/allocator.ts';
import { outOfMemory } from '../../shm/errors.ts';
import {
  MAP_BYTES,
  MAP_FULL,
  mapEntries,
  mapFindLatched,
  mapInsert,
  mapLatch,
  mapRemove,
  mapSetLatched,
  mapUnlatch,
} from '../../shm/hash-map.ts';
import { type RegionRequest, regionOf, type SharedMemory } from '../../shm/shared-memory.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { type StoredTable, tableRuntime } from './table-definition.ts';

const HEAD_BYTES = 64;
const LENGTH_BYTES = 8;

export const directoryRegion = (): RegionRequest => ({ name: 'tables', bytes: HEAD_BYTES + MAP_BYTES });

/** What this thread has generated for a table. */
export interface TableEntry {
  readonly stored: StoredTable;
  readonly runtime: TableRuntime;
}

export interface TableDirectory {
  readonly shm: SharedMemory;
  readonly versionWord: number;
  readonly map: number;
  readonly entries: Map<number, TableEntry>;
  /** What was known before the version moved, as text and as entry: most of it is as it was. */
  readonly known: Map<number, { readonly text: string; readonly entry: TableEntry }>;
  /** The version that `entries` belong to. */
  version: number;
}

export function createTableDirectory(shm: SharedMemory): TableDirectory {
  const region = regionOf(shm, 'tables');
  return { shm, versionWord: region >>> 2, map: region + HEAD_BYTES, entries: new Map(), known: new Map(), version: 0 };
}

/** Publishes a table, or its new form. 53200 when the heap segment is full. */
export function publishTable(directory: TableDirectory, stored: StoredTable): void {
  const { shm, map } = directory;
  const text = Buffer.from(JSON.stringify(stored), 'utf8');
  const block = heapAllocate(shm, LENGTH_BYTES + text.length);
  if (block === 0) throw outOfMemory(`the definition of table "${stored.name}"`, text.length);
  shm.heap.u32[block >>> 2] = text.length;
  text.copy(shm.heap.bytesView, block + LENGTH_BYTES);
  const stripe = mapLatch(shm, map, 0, stored.id);
  const former = mapFindLatched(shm, stripe, 0, stored.id);
  if (former !== 0) mapSetLatched(shm, stripe, 0, stored.id, block);
  mapUnlatch(shm, stripe);
  if (former !== 0) freeBlock(shm, former);
  else if (mapInsert(shm, map, 0, stored.id, block) === MAP_FULL) throw outOfMemory('the directory of tables', LENGTH_BYTES);
  Atomics.add(shm.i32, directory.versionWord, 1);
}

/** Takes a table out: nothing of it is left. False: somebody else has. */
export function withdrawTable(directory: TableDirectory, id: number): boolean {
  const block = mapRemove(directory.shm, directory.map, 0, id);
  if (block !== 0) freeBlock(directory.shm, block);
  Atomics.add(directory.shm.i32, directory.versionWord, 1);
  return block !== 0;
}

const freeBlock = (shm: SharedMemory, block: number): void => heapFree(shm, block, LENGTH_BYTES + shm.heap.u32[block >>> 2]);

/** The table with this id as this thread works on it, or undefined. Cheap when it is known already. */
export function findTable(directory: TableDirectory, id: number): TableEntry | undefined {
  const version = Atomics.load(directory.shm.i32, directory.versionWord);
  if (version !== directory.version) {
    directory.entries.clear();
    directory.version = version;
  }
  return directory.entries.get(id) ?? loadTable(directory, id);
}

function loadTable(directory: TableDirectory, id: number): TableEntry | undefined {
  const text = readText(directory, id);
  if (text === null) {
    directory.known.delete(id);
    return undefined;
  }
  const before = directory.known.get(id);
  if (before !== undefined && before.text === text) {
    directory.entries.set(id, before.entry);
    return before.entry;
  }
  const stored = JSON.parse(text) as StoredTable;
  assert(stored.id === id, 'the directory names tables by their ids');
  const entry = { stored, runtime: tableRuntime(stored) };
  directory.entries.set(id, entry);
  directory.known.set(id, { text, entry });
  return entry;
}

/** Most texts fit. */
const ROOM = Buffer.allocUnsafeSlow(4096);

/** Nothing is allocated under the map's latch: the length first, then the bytes if it has not changed meanwhile. */
function readText(directory: TableDirectory, id: number): string | null {
  const { shm, map } = directory;
  let room = ROOM;
  for (;;) {
    const stripe = mapLatch(shm, map, 0, id);
    const block = mapFindLatched(shm, stripe, 0, id);
    const length = block === 0 ? 0 : shm.heap.u32[block >>> 2];
    if (length <= room.length) copyInto(room, shm, block + LENGTH_BYTES, length);
    mapUnlatch(shm, stripe);
    if (block === 0) return null;
    if (length <= room.length) return room.toString('utf8', 0, length);
    room = Buffer.allocUnsafe(length);
  }
}

function copyInto(room: Buffer, shm: SharedMemory, at: number, length: number): void {
  const source = shm.heap.u8;
  for (let index = 0; index < length; index++) room[index] = source[at + index];
}

/** Ids of all tables that are published. */
export const tableIds = (directory: TableDirectory): number[] =>
  mapEntries(directory.shm, directory.map)
    .map((entry) => entry.low)
    .sort((a, b) => a - b);
