/**
 * Putting transactions together: their regions of the control segment, and each thread's context.
 */

import { assert } from '../../shm/assert.ts';

import type { PageCache } from '../storage/cache/page-cache.ts';
import type { Log } from '../storage/log/log-context.ts';
import type { Space } from '../storage/space/space.ts';
import { createWitness, type Tree } from '../storage/btree/tree.ts';
import { ROW_SCRATCH_BYTES } from '../storage/rows/row-image.ts';
import { privateViews } from '../storage/rows/byte-views.ts';
import { createKeyScratch, type OverflowReader } from '../storage/rows/runtime.ts';
import { type RegionRequest, regionOf, type SharedMemory } from '../../shm/shared-memory.ts';
import { registerTransactionBurier } from './bury.ts';
import { makeChunkRoom } from './chunk-room.ts';
import { createCollectScratch } from './collect-scratch.ts';
import { makeNextAppend } from './append-next.ts';
import { freeSpare } from './undo-piece.ts';
import { closeChunk } from './versions.ts';
import { installCopyHook } from './page-hooks.ts';
import { horizonOffsetsOf } from './snapshot.ts';
import { type TableFinder, type Transactions, TXN_DEFAULTS, type TxnHooks, type TxnOptions } from './transactions.ts';
import {
  SESSION_BYTES,
  TXN_SHARED_BYTES,
  TXN_SLOT_BYTES,
  TXN_THREAD_BYTES,
  TXN_THREAD_SNAPSHOTS,
  VERSION_CHUNK_BYTES,
} from './txn.layout.gen.ts';

/** What transactions want in the control segment. */
export function txnRegions(options: TxnOptions = TXN_DEFAULTS, threadSlots = 128): RegionRequest[] {
  assert((options.slots & (options.slots - 1)) === 0, 'transaction slots are a power of two');
  return [
    { name: 'txn', bytes: TXN_SHARED_BYTES },
    { name: 'txnSlots', bytes: options.slots * TXN_SLOT_BYTES },
    { name: 'txnSessions', bytes: options.sessions * SESSION_BYTES },
    { name: 'txnThreads', bytes: threadSlots * TXN_THREAD_BYTES },
    { name: 'txnChunks', bytes: options.chunks * VERSION_CHUNK_BYTES },
  ];
}

export interface TxnParts {
  shm: SharedMemory;
  cache: PageCache;
  log: Log;
  space: Space;
  tree: Tree;
  findTable: TableFinder;
  readOverflow: OverflowReader;
  options?: TxnOptions;
  hooks?: Partial<TxnHooks>;
}

const NO_HOOKS: TxnHooks = {
  rowLocked: null,
  tableUsed: null,
  rowRead: null,
  rowChanged: null,
  validate: null,
  precommitted: null,
  undoOther: null,
  committing: null,
  clockBehind: null,
  ownRing: null,
  usesTables: null,
  ended: null,
};

/** This thread's context. The thread is attached; the options are the same in all threads. */
export function createTransactions(parts: TxnParts): Transactions {
  const { shm } = parts;
  const options = parts.options ?? TXN_DEFAULTS;
  const chunkShift = 31 - Math.clz32(options.chunkBytes);
  assert(1 << chunkShift === options.chunkBytes && chunkShift >= 14 && chunkShift <= 16, 'chunks are 16, 32 or 64 KiB');
  const txns: Transactions = {
    shm,
    cache: parts.cache,
    log: parts.log,
    space: parts.space,
    tree: parts.tree,
    options,
    findTable: parts.findTable,
    readOverflow: parts.readOverflow,
    hooks: { ...NO_HOOKS, ...parts.hooks },
    i32: shm.i32,
    f64: shm.f64,
    versions: shm.versions,
    heap: shm.heap,
    shared: regionOf(shm, 'txn'),
    slotsBase: regionOf(shm, 'txnSlots'),
    slotMask: options.slots - 1,
    sessionsBase: regionOf(shm, 'txnSessions'),
    threadsBase: regionOf(shm, 'txnThreads'),
    chunksBase: regionOf(shm, 'txnChunks'),
    chunkShift,
    unitShift: chunkShift - 3,
    unitMask: (1 << (chunkShift - 3)) - 1,
    places: Math.min(options.chunks, Math.floor(shm.versions.bytes / options.chunkBytes)),
    chunk: -1,
    chunkPlace: 0,
    chunkUsed: 0,
    horizons: new Float64Array(4),
    horizonSequences: new Int32Array(4).fill(-1),
    horizonOffsets: horizonOffsetsOf(parts.log.shared, regionOf(shm, 'txn')),
    snapshotsWord: (regionOf(shm, 'txnThreads') + shm.thread * TXN_THREAD_BYTES + TXN_THREAD_SNAPSHOTS) >>> 2,
    snapshots: [],
    spare: [],
    scratch: new Float64Array(8),
    ints: new Int32Array(24),
    image: privateViews(ROW_SCRATCH_BYTES),
    other: privateViews(ROW_SCRATCH_BYTES),
    spill: privateViews(8192),
    moved: new Int32Array(3),
    stampLsns: new Float64Array(2),
    key: createKeyScratch(),
    otherKey: createKeyScratch(),
    witnesses: [createWitness()],
    change: { logged: true, transaction: 0, table: 0, previous: 0, compensation: false, lastRecord: 0 },
    makeRoom: makeChunkRoom,
    collecting: createCollectScratch(parts.cache, parts.log, parts.space),
    pageVerdicts: null,
    insertPages: new Int32Array(128),
    insertFrames: new Int32Array(64),
    rowWords: new Int32Array(64),
    next: makeNextAppend(),
    searches: new Map(),
  };
  Atomics.store(shm.i32, txns.snapshotsWord, 0);
  installCopyHook(txns);
  registerTransactionBurier(txns);
  return txns;
}

/** The thread leaves: its transactions have ended. What it wrote stays for others to stamp and collect. */
export function leaveTransactions(txns: Transactions): void {
  assert(txns.snapshots.length === 0, 'a thread that leaves has no open snapshot');
  closeChunk(txns);
  freeSpare(txns, txns.shm.thread);
}
