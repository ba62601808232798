/**
 * What the threads share about transactions, in the control segment: region 'txn' (words and counters), 'txnSlots'
 * (transaction slots), 'txnSessions', 'txnThreads' and 'txnChunks' (the directory of version chunks); and what lies in the
 * versions segment (back versions) and in the heap segment (undo pieces).
 *
 * Words that different threads write often lie 64 bytes apart (SM-S3).
 */

import { defineStruct } from '../../shm/struct.ts';

export const TXN_SHARED = defineStruct({
  name: 'txnShared',
  doc: 'Words all transactions share',
  bytes: 512,
  fields: {
    nextNumber: { at: 0, type: 'atomic32', doc: 'last transaction number that was drawn, modulo 2^32 (TX-T2)' },
    intent: { at: 64, type: 'shared53', unit: 'microseconds', doc: 'no snapshot below it is taken any more (TX-T6)' },
    bound: {
      at: 80,
      type: 'shared53',
      unit: 'microseconds',
      doc: "collector's bound: back words are not followed for a snapshot below it (TX-T17)",
    },
    collector: { at: 128, type: 'atomic32', doc: 'thread number + 1 of the thread that collects, 0 = none' },
    collections: { at: 132, type: 'atomic32', doc: 'rounds of collection so far (statistics)' },
    collectCursor: { at: 136, type: 'i32', doc: 'logical chunk at which the collector goes on' },
    deadRows: { at: 140, type: 'atomic32', doc: 'tombstones removed so far (statistics)' },
    deadEntries: { at: 144, type: 'atomic32', doc: 'index entries removed by the collector so far (statistics)' },
    chunksLeft: { at: 148, type: 'atomic32', doc: 'logical chunks that were in use when the last slice of collection ended' },
    chunkLatch: { at: 192, type: 'atomic32', doc: 'latch of the chunk directory and its free lists' },
    chunkNext: { at: 196, type: 'i32', doc: 'no logical chunk below this one is free' },
    chunksInUse: { at: 200, type: 'atomic32', doc: 'logical chunks that are open, full, retired or spilled' },
    placesTaken: { at: 204, type: 'i32', doc: 'places in the versions segment below this one were handed out at least once' },
    placesFree: { at: 208, type: 'i32', doc: 'first free place + 1; each names the next in its first word; 0 = none' },
    chunkEnd: { at: 216, type: 'i32', doc: 'logical chunks from this one on were never used' },
    chunksSpilled: { at: 212, type: 'atomic32', doc: 'chunks that lie in temporary pages' },
    sessionNext: { at: 256, type: 'atomic32', doc: 'session slot at which the search for a free one starts' },
    sessionAges: {
      at: 260,
      type: 'atomic32',
      doc: 'counts begun transactions; gives each its age for the choice of a victim, wraps',
    },
    waiting: { at: 320, type: 'atomic32', doc: 'sessions that wait for another transaction' },
    deadLatch: { at: 328, type: 'atomic32', doc: 'latch of the list of what readers have met dead' },
    deadFirst: { at: 332, type: 'i32', doc: 'first item of that list, byte offset in the heap; 0 = none' },
    deadCount: { at: 336, type: 'atomic32', doc: 'items of that list' },
    stampQueue: { at: 384, type: 'atomic32', doc: 'transactions that have ended and wait for a stamper' },
    undoQueue: { at: 388, type: 'atomic32', doc: 'transactions of dead threads that wait to be rolled back' },
    reruns: { at: 448, type: 'atomic32', doc: 'statements undone and run again after a conflict (statistics)' },
    deadlocks: { at: 452, type: 'atomic32', doc: 'victims of deadlocks (statistics)' },
  },
});

/** No transaction. */
export const TXN_FREE = 0;
/** Runs; its changes are in flight. */
export const TXN_ACTIVE = 1;
/** Its commit record is in the ring; `stamp` is its stamp. Its rows wait to be stamped. */
export const TXN_PRECOMMITTED = 2;
/** The same, and its committer has left the stamping to others. */
export const TXN_STAMPABLE = 3;
/** The same, and a thread is stamping them. */
export const TXN_STAMPING = 4;
/** Being rolled back; nobody may commit it any more. */
export const TXN_ABORTING = 5;
/** Its thread is dead: anybody may roll it back. */
export const TXN_ORPHANED = 6;

export const TXN_SLOT = defineStruct({
  name: 'txnSlot',
  doc: 'A transaction slot (TX-T2)',
  bytes: 192,
  fields: {
    number: { at: 0, type: 'atomic32', doc: 'full number of the transaction that has the slot, 0 = free' },
    state: { at: 4, type: 'atomic32', doc: 'one of TXN_...' },
    stamp: { at: 8, type: 'shared53', unit: 'microseconds', doc: 'its stamp, from TXN_PRECOMMITTED on (TX-T7)' },
    session: { at: 20, type: 'atomic32', doc: 'session slot + 1 it belongs to' },
    thread: { at: 24, type: 'atomic32', doc: 'thread number + 1 that runs, stamps or rolls it back' },
    age: { at: 28, type: 'i32', doc: 'drawn from sessionAges: the greater, the younger' },
    firstLsn: { at: 32, type: 'f64', unit: 'bytes', doc: 'log position before its first record; holds the log (SM-W8)' },
    lastLsn: { at: 40, type: 'f64', unit: 'bytes', doc: 'start of its last record: `previous` of the next; 0 = none' },
    undoCredit: { at: 48, type: 'f64', unit: 'bytes', doc: 'file credit it claimed for its compensation records (SM-W7)' },
    commitLsn: { at: 56, type: 'f64', unit: 'bytes', doc: 'start of its commit record, 0 = none' },
    undoFirst: { at: 64, type: 'i32', doc: 'first resident piece of its undo list, byte offset in the heap; 0 = none' },
    undoLast: { at: 68, type: 'i32', doc: 'last piece' },
    undoCount: { at: 72, type: 'i32', doc: 'entries in all, spilled ones included' },
    undoPieces: { at: 76, type: 'i32', doc: 'resident pieces' },
    undoSpilled: { at: 80, type: 'i32', doc: 'entries that lie in temporary pages: the first ones' },
    spillFirst: { at: 84, type: 'i32', doc: 'first temporary page of the list, -1 = none' },
    spillLast: { at: 88, type: 'i32', doc: 'last temporary page of the list, -1 = none' },
    walked: { at: 92, type: 'i32', doc: 'chunk + 1 whose run of back versions the stamper is in, 0 = none' },
    lastChunk: { at: 100, type: 'i32', doc: 'logical chunk its last back version went to, -1 = none' },
    walkedRuns: { at: 104, type: 'i32', doc: 'runs that the stamper has met in the first piece and finished the one before' },
    waiters: {
      at: 128,
      type: 'bytes',
      length: 16,
      doc: 'atomic words: bit t set = ring the doorbell of thread t when this ends',
    },
  },
});

export const SESSION_FREE = 0;
export const SESSION_IDLE = 1;
/** Waits for the end of transaction `waitsFor`. */
export const SESSION_WAITING = 2;
/** Was waiting and is the victim of a deadlock: its wait ends with 40P01. */
export const SESSION_VICTIM = 3;

export const SESSION = defineStruct({
  name: 'session',
  doc: "A session slot: a node of the waits-for graph ('Conflicts', 2)",
  bytes: 64,
  fields: {
    state: { at: 0, type: 'atomic32', doc: 'one of SESSION_...' },
    generation: { at: 4, type: 'atomic32', doc: 'counts the sessions that had the slot' },
    thread: { at: 8, type: 'atomic32', doc: 'thread number + 1' },
    transaction: { at: 12, type: 'atomic32', doc: 'number of its writing transaction, 0 = none' },
    waitsFor: { at: 16, type: 'atomic32', doc: 'number of the transaction it waits for; valid while SESSION_WAITING' },
    waits: { at: 20, type: 'atomic32', doc: 'counts its waits: tells one from the next' },
    age: { at: 24, type: 'atomic32', doc: 'age of its transaction' },
    cancel: { at: 28, type: 'atomic32', doc: 'a reason to end what it runs, 0 = none' },
    waitsForReader: {
      at: 32,
      type: 'atomic32',
      doc: 'session slot + 1 it waits for where that one only reads and has no number (waitsFor 0); valid while SESSION_WAITING',
    },
    waitsForHolder: {
      at: 36,
      type: 'atomic32',
      doc: 'session slot + 1 that has the advisory lock it waits for (waitsFor 0); valid while SESSION_WAITING',
    },
  },
});

export const TXN_THREAD = defineStruct({
  name: 'txnThread',
  doc: 'What a thread shows about its transactions',
  bytes: 64,
  fields: {
    blocked: { at: 0, type: 'atomic32', doc: 'session slot + 1 for which the whole thread is blocked, 0 = none' },
    openChunk: { at: 4, type: 'atomic32', doc: 'logical chunk + 1 it writes back versions to, 0 = none' },
    snapshots: {
      at: 8,
      type: 'atomic32',
      doc: 'snapshots it holds; at 0 what stands in its thread slot is only a lower bound of the next (TX-T6)',
    },
    sparePiece: {
      at: 12,
      type: 'i32',
      doc: 'piece of an undo list that it keeps for the next one, 0 = none; who buries it frees it',
    },
  },
});

export const CHUNK_FREE = 0;
/** A thread writes to it. */
export const CHUNK_OPEN = 1;
export const CHUNK_FULL = 2;
/** Nobody can reach it once an epoch has passed. */
export const CHUNK_RETIRED = 3;
/** Its marked versions are being walked. */
export const CHUNK_WALKED = 4;

export const VERSION_CHUNK = defineStruct({
  name: 'versionChunk',
  doc: 'Directory entry of a logical chunk of back versions (TX-T17); its writer changes it with every version (SM-S3)',
  bytes: 64,
  fields: {
    place: {
      at: 0,
      type: 'atomic32',
      doc: 'place + 1 in the versions segment; negative: first of its temporary pages; 0 = nowhere',
    },
    state: { at: 4, type: 'atomic32', doc: 'one of CHUNK_...' },
    unfinished: { at: 8, type: 'atomic32', doc: 'runs of versions whose transaction has not been stamped or undone yet' },
    marks: { at: 12, type: 'atomic32', doc: 'versions in it that the collector must look at (TX-T18)' },
    used: { at: 16, type: 'i32', unit: 'bytes', doc: 'where the next version goes' },
    epoch: { at: 20, type: 'i32', doc: 'epoch after which a retired chunk may be used again' },
    highest: { at: 24, type: 'shared53', unit: 'microseconds', doc: 'highest stamp of a transaction that put versions here' },
    writer: { at: 36, type: 'atomic32', doc: 'thread number + 1 that writes to it' },
    walked: { at: 40, type: 'i32', unit: 'bytes', doc: 'up to here the collector has looked at marked versions' },
    waitingPlace: { at: 44, type: 'i32', doc: 'place + 1 that a spilled chunk left and that is free after `epoch`; 0 = none' },
  },
});

/** The successor of this version is a tombstone or has other indexed keys (TX-T18). */
export const VERSION_MARKED = 1;
/** The successor is a tombstone. */
export const VERSION_DELETED = 2;
/** A row lock: the successor is the same row. */
export const VERSION_LOCK = 4;

/** The change that made this version was undone: the row has it again. */
export const VERSION_VOID = 8;

export const VERSION = defineStruct({
  name: 'version',
  doc: 'Header of a back version; the row image follows, with its own stamp and back word (TX-T17)',
  bytes: 16,
  fields: {
    table: { at: 0, type: 'u32', doc: 'table id' },
    page: { at: 4, type: 'i32', doc: "page of the row's home" },
    slot: { at: 8, type: 'u16', doc: "slot of the row's home" },
    flags: { at: 10, type: 'u16', doc: 'VERSION_MARKED, VERSION_DELETED, VERSION_LOCK, VERSION_VOID' },
    length: { at: 12, type: 'i32', unit: 'bytes', doc: 'this header and the image, a multiple of 8' },
  },
});

export const UNDO_INSERT = 1;
export const UNDO_UPDATE = 2;
export const UNDO_DELETE = 3;
/** The row is held, its image is the old one: what is left of an undone change ('Conflicts', 1). */
export const UNDO_LOCK = 4;
/** Something outside rows; `page` and `slot` are its own (an overflow chain, a table made in this transaction). */
export const UNDO_OTHER = 5;

/** Flag: the first entry of a run whose back versions lie in one chunk: the run counts in `unfinished`. */
export const UNDO_RUN = 1;
/** Flag: done with, passed over. */
export const UNDO_VOID = 2;

export const UNDO_ENTRY = defineStruct({
  name: 'undoEntry',
  doc: 'An entry of an undo list (TX-T15)',
  bytes: 32,
  fields: {
    kind: { at: 0, type: 'u8', doc: 'one of UNDO_...' },
    flags: { at: 1, type: 'u8', doc: 'UNDO_RUN, UNDO_VOID' },
    count: { at: 2, type: 'u16', doc: 'UNDO_INSERT: rows in slots that follow each other; else 1' },
    table: { at: 4, type: 'u32', doc: 'table id' },
    page: { at: 8, type: 'i32', doc: "page of the row's home" },
    slot: { at: 12, type: 'u16', doc: "slot of the row's home" },
    back: { at: 16, type: 'i32', doc: 'address of the back version the change made, 0 = none' },
    spare: { at: 20, type: 'i32', doc: 'UNDO_OTHER: its own' },
    before: { at: 24, type: 'lsn', doc: "start of the transaction's last record before this change: what is to be undone next" },
  },
});

export const UNDO_PIECE = defineStruct({
  name: 'undoPiece',
  doc: 'A piece of an undo list in the heap segment; 127 entries follow the header',
  bytes: 32,
  fields: {
    next: { at: 0, type: 'i32', doc: 'byte offset of the next piece, 0 = none' },
    previous: { at: 4, type: 'i32', doc: 'byte offset of the piece before, 0 = none' },
  },
});

export const DEAD_ITEM = defineStruct({
  name: 'deadItem',
  doc: 'Something of an earlier boot that a reader has met and nobody needs, in the heap segment; the key follows (SM-B4)',
  bytes: 32,
  fields: {
    next: { at: 0, type: 'i32', doc: 'byte offset of the next item, 0 = none' },
    table: { at: 4, type: 'u32', doc: 'table id' },
    page: { at: 8, type: 'i32', doc: "page of the row's home" },
    slot: { at: 12, type: 'i32', doc: "slot of the row's home" },
    index: { at: 16, type: 'i32', doc: 'index id of a stale entry, 0 = the row is a tombstone' },
    keyBytes: { at: 20, type: 'i32', unit: 'bytes', doc: 'of an entry of kind bytes' },
    keyHigh: { at: 24, type: 'i32', doc: 'first word of another key' },
    keyLow: { at: 28, type: 'i32', doc: 'second word' },
  },
});
