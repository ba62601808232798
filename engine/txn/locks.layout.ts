/**
 * What the threads share about locks: region 'locks' (words), 'rowLockOwners' (one entry a session), 'rowLockMap' (a
 * shared hash map), 'tableWords' and 'tableIntents' (words by table), 'tableLists' (tables that a session uses),
 * 'serialThreads'; and what lies in the heap segment: row locks, intentions of DDL, change sets of serializable commits.
 *
 * Words that different threads write often lie 64 bytes apart (SM-S3).
 */

import { defineStruct } from '../../shm/struct.ts';

export const LOCK_SHARED = defineStruct({
  name: 'lockShared',
  doc: 'Words of row locks, table locks and serializable validation',
  bytes: 448,
  fields: {
    rowBytes: { at: 0, type: 'atomic32', unit: 'bytes', doc: 'taken from the heap by row locks, at most lock_memory' },
    orphanLatch: { at: 4, type: 'atomic32', doc: 'latch of orphans' },
    orphans: {
      at: 8,
      type: 'i32',
      doc: 'row locks of transactions whose thread died and that are still to be rolled back; 0 = none',
    },
    intentLatch: { at: 64, type: 'atomic32', doc: 'latch of the list of intentions, and of deciding who may use a table' },
    intentFirst: { at: 68, type: 'i32', doc: 'first intention in the heap, oldest first; 0 = none' },
    intentLast: { at: 72, type: 'i32', doc: 'last intention' },
    serialLatch: { at: 128, type: 'atomic32', doc: 'latch of serializable committers: validation to precommit (TX-T16)' },
    newest: { at: 132, type: 'i32', doc: 'newest change set in the heap, 0 = none' },
    oldest: { at: 136, type: 'i32', doc: 'oldest change set in the heap' },
    setBytes: { at: 140, type: 'i32', unit: 'bytes', doc: 'heap taken by change sets' },
    setCount: { at: 144, type: 'i32', doc: 'change sets' },
    sinceFreed: { at: 148, type: 'i32', doc: 'serializable commits since old change sets were looked for' },
    newestStamp: { at: 152, type: 'f64', unit: 'microseconds', doc: 'stamp of the newest change set' },
    anythingStamp: {
      at: 160,
      type: 'f64',
      unit: 'microseconds',
      doc: 'stamp of the last commit for which there was no room at all: it counts as having changed everything',
    },
    freedBefore: { at: 168, type: 'f64', unit: 'microseconds', doc: 'visible horizon when old change sets were last looked for' },
    freed: { at: 192, type: 'shared53', unit: 'microseconds', doc: 'change sets up to this stamp may be gone' },
    failures: { at: 256, type: 'atomic32', doc: 'commits refused by validation (statistics)' },
    wholeTables: { at: 260, type: 'atomic32', doc: 'change sets that became whole tables (statistics)' },
  },
});

/** Foreign keys: the key stays and the row is not deleted. */
export const LOCK_KEY_SHARE = 1;
/** The row stays as it is. */
export const LOCK_SHARE = 2;
/** As a change that keeps the keys. */
export const LOCK_NO_KEY_UPDATE = 3;
/** As a change of a key, or a delete. */
export const LOCK_UPDATE = 4;

export const ROW_LOCK = defineStruct({
  name: 'rowLock',
  doc: "One transaction's lock on one row (TX-T13), in the heap",
  bytes: 32,
  fields: {
    next: { at: 0, type: 'i32', doc: 'byte offset of the next lock on the row, 0 = last' },
    owned: { at: 4, type: 'i32', doc: "byte offset of the transaction's lock before this one, 0 = none" },
    number: { at: 8, type: 'i32', doc: 'number of the transaction' },
    page: { at: 12, type: 'i32', doc: "page of the row's home" },
    table: { at: 16, type: 'u32', doc: 'table id' },
    slot: { at: 20, type: 'u16', doc: "slot of the row's home" },
    mode: { at: 22, type: 'u16', doc: 'LOCK_KEY_SHARE to LOCK_UPDATE: each forbids all that the ones before forbid' },
  },
});

export const ROW_LOCK_OWNER = defineStruct({
  name: 'rowLockOwner',
  doc: 'Row locks of the transaction of a session',
  bytes: 64,
  fields: {
    number: { at: 0, type: 'i32', doc: 'number of the transaction the list belongs to' },
    last: { at: 4, type: 'i32', doc: 'byte offset of its last lock in the heap, 0 = none' },
  },
});

export const TABLE_ACCESS = 1;
export const TABLE_WRITE = 2;

/** Tables that a list has room for; a session that uses more counts as using all. */
export const TABLE_LIST_MAX = 61;

export const TABLE_LIST = defineStruct({
  name: 'tableList',
  doc: 'Tables that the transaction of a session uses (TX-T14)',
  bytes: 512,
  fields: {
    count: { at: 0, type: 'atomic32', doc: 'entries' },
    thread: { at: 4, type: 'i32', doc: 'thread number + 1 in whose words they are counted' },
    generation: { at: 8, type: 'i32', doc: 'generation of that thread slot' },
    all: { at: 12, type: 'atomic32', doc: 'mode in which it uses all tables, because the list is full; 0 = it does not' },
    number: {
      at: 16,
      type: 'atomic32',
      doc: 'number of the transaction, once it writes: who finds the list of a dead thread asks for it',
    },
    parked: {
      at: 20,
      type: 'atomic32',
      doc: '1: its uses count only while its thread is in the engine; 0: they count until the transaction ends',
    },
    entries: { at: 24, type: 'bytes', length: 488, doc: 'TABLE_USE' },
  },
});

export const TABLE_USE = defineStruct({
  name: 'tableUse',
  doc: 'Entry of a table list',
  bytes: 8,
  fields: {
    table: { at: 0, type: 'atomic32', doc: 'table id' },
    mode: { at: 4, type: 'atomic32', doc: 'TABLE_ACCESS or TABLE_WRITE; negative: its thread is about to look whether it may' },
  },
});

export const TABLE_INTENT = defineStruct({
  name: 'tableIntent',
  doc: 'A transaction wants a table for itself, or has it (TX-T14); in the heap',
  bytes: 32,
  fields: {
    next: { at: 0, type: 'i32', doc: 'the intention after this one, 0 = last' },
    table: { at: 4, type: 'u32', doc: 'table id' },
    number: { at: 8, type: 'i32', doc: 'number of the transaction' },
    thread: { at: 12, type: 'i32', doc: 'thread whose doorbell rings when a user leaves' },
    refuses: {
      at: 16,
      type: 'i32',
      doc: 'TABLE_ACCESS: nobody else may use the table; TABLE_WRITE: nobody else may write to it',
    },
    granted: { at: 20, type: 'i32', doc: '1 once it has been alone' },
  },
});

/** kind: what follows the header are changed rows. */
export const CHANGES_ROWS = 1;
/** kind: what follows are ids of tables, all of whose rows count as changed. */
export const CHANGES_TABLES = 2;

export const CHANGE_SET = defineStruct({
  name: 'changeSet',
  doc: 'What a serializable commit has changed (TX-T16), in the heap',
  bytes: 48,
  fields: {
    stamp: { at: 0, type: 'f64', unit: 'microseconds', doc: 'its commit stamp' },
    olderStamp: {
      at: 8,
      type: 'f64',
      unit: 'microseconds',
      doc: 'stamp of the set before: says whether that can be freed under the reader',
    },
    older: { at: 16, type: 'i32', doc: 'the set before, 0 = none' },
    newer: { at: 20, type: 'i32', doc: 'the set after, 0 = none' },
    size: { at: 24, type: 'i32', unit: 'bytes', doc: 'of the whole block' },
    kind: { at: 28, type: 'i32', doc: 'CHANGES_ROWS or CHANGES_TABLES' },
    count: { at: 32, type: 'i32', doc: 'changed rows, or tables' },
  },
});

export const CHANGED_ROW = defineStruct({
  name: 'changedRow',
  doc: 'A changed row in a change set; its keys follow',
  bytes: 16,
  fields: {
    table: { at: 0, type: 'u32', doc: 'table id' },
    page: { at: 4, type: 'i32', doc: "page of the row's home" },
    slot: { at: 8, type: 'u16', doc: "slot of the row's home" },
    keys: { at: 10, type: 'u16', doc: 'keys that follow' },
    size: { at: 12, type: 'i32', unit: 'bytes', doc: 'of this header and the keys' },
  },
});

/** length of a CHANGED_KEY that could not be made: it counts as every key of its index. */
export const KEY_UNKNOWN = 0xffff;

export const CHANGED_KEY = defineStruct({
  name: 'changedKey',
  doc: 'A key that a changed row had before or has now; its bytes follow, padded to 8',
  bytes: 8,
  fields: {
    index: { at: 0, type: 'u32', doc: 'index id' },
    length: { at: 4, type: 'u16', unit: 'bytes', doc: 'of the key, order-preserving bytes; KEY_UNKNOWN: any' },
  },
});

export const SERIAL_THREAD = defineStruct({
  name: 'serialThread',
  doc: 'What a thread shows of its serializable transactions',
  bytes: 64,
  fields: {
    oldest: { at: 0, type: 'shared53', unit: 'microseconds', doc: 'oldest snapshot of one that may write, 0 = none' },
  },
});
