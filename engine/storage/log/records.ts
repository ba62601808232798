/**
 * The log's record types, their flags, and the table of what redo, undo and the inspector do with each (SM-W9).
 *
 * Storage parts and txn register their types when their modules are put together (registerRecord); the log and
 * recovery know a record by its header only. A record changes one page, or two, or none.
 */

import { assert } from '../../../shm/assert.ts';
import type { PageId } from '../../../shm/types.ts';

/** Record types. Numbers are stored: retire one, never reuse it. */
export const RECORD = {
  /** End of a transaction that committed; payload COMMIT_PAYLOAD. */
  commit: 1,
  /** End of a transaction whose changes are all undone. */
  abort: 2,
  /** Nothing: fills the rest of a reservation that became too large. */
  filler: 5,

  /** A page is made empty, of a type and an owner. */
  pageFormat: 11,

  /** A row, its image. */
  heapInsert: 20,
  /** A row's image before and after. */
  heapUpdate: 21,
  /** A row became a tombstone; its image before. */
  heapDelete: 22,
  /** A row moved to another page: its home slot names the body. */
  heapForward: 23,
  /** The body of a moved row. */
  heapBody: 24,
  /** A slot is given free: by the collector, or by undo. */
  heapFreeSlot: 25,
  /** Compensation: rows that were inserted are gone. */
  heapUndo: 26,
  /** Several rows inserted into one page. */
  heapInsertMany: 27,
  /** Surplus capacity of slots is taken back. */
  heapTrim: 28,
  /** Compensation: the image that it carries is put back. */
  heapRestore: 29,
  /** Rows put behind the others of a page, each with its entry behind the others of an index. */
  append: 30,
  /** Words of a row before and after: an update that leaves its length and layout as they are. */
  heapChange: 31,

  /** A page of an overflow chain, whole. */
  overflowWrite: 40,
  /** Compensation: a chain's page is given back. */
  overflowFree: 41,

  /** An entry more in a leaf. */
  indexInsert: 50,
  /** An entry less in a leaf. */
  indexDelete: 51,
  /** A split: what moved to the new node leaves this one. */
  indexNodeTruncate: 52,
  /** A split: the parent names the new node. */
  indexParentInsert: 53,
  /** A merge: the parent forgets an empty node. */
  indexParentDelete: 54,
  /** The whole content of a node: a new one, or a root that became a parent. */
  indexRoot: 55,

  /** Pages taken from the allocation bitmap. */
  allocate: 70,
  /** Pages that are given back once the transaction has committed. */
  retire: 72,
  /** Heap map: an extent more. */
  mapAdd: 73,
  /** Heap map: the last extent fewer. */
  mapCut: 74,
  /** Heap map: pages in use. */
  mapGrow: 75,
  /** Heap map: a map page is made. */
  mapNode: 76,
  /** Heap map: a map page is linked into the root. */
  mapLink: 77,

  /** A sequence: how far values may be given out. */
  sequence: 80,
  /** Table and index roots, and whatever else a meta page or catalog page notes. */
  catalog: 81,
} as const;

export type RecordType = (typeof RECORD)[keyof typeof RECORD];

/** Record types are below this. */
export const RECORD_TYPES_MAX = 128;

/** More records of the same group follow. */
export const RECORD_GROUP = 1;
/** Last record of its group: the group counts (SM-W6). A group of one has only this flag. */
export const RECORD_GROUP_END = 2;
/** Compensation record: redo only; `previous` is the next record to undo (SM-W7). */
export const RECORD_COMPENSATION = 4;

/** No page, as it stands in a record header. */
export const RECORD_NO_PAGE = 0xffffffff;

/** Typed arrays over one buffer: the record lies at a byte offset in all of them. */
export interface RecordViews {
  u8: Uint8Array;
  u16: Uint16Array;
  i32: Int32Array;
  u32: Uint32Array;
  f64: Float64Array;
}

/** Typed arrays over the segment that holds a page image. */
export type PageViews = RecordViews;

/** What an undo function is given besides the record; recovery's undo pass makes one. `Engine` is what open() handed in. */
export interface UndoContext {
  /** Where the record lies. The window may move as soon as the function reads another record: it copies what it needs. */
  views: RecordViews;
  /** Byte offset of the record's header in views. */
  record: number;
  /** Whose record it is. */
  transaction: number;
  /**
   * [0] start LSN of the record, [1] its end, [2] its `previous`: what the compensation record must name (SM-W7). [3] what a
   * compensation record names that leaves some of the record to undo: the record again, or the compensation that says `rows`.
   */
  lsn: Float64Array;
  /** Of a record of several rows only the first so many are left, the others were undone before; 0: all. */
  rows: number;
  /** What open() gave to recovery for the undo functions: page cache, log, tables. */
  engine: unknown;
}

/** See RecordKind. */
export type Redo = (views: RecordViews, record: number, page: PageViews, pageOffset: number, from: number) => void;

export interface RecordKind {
  /** As the inspector prints it: 'heap insert'. */
  name: string;
  /**
   * Applies the record to its page, which does not have it yet. Pure: no latch, no log, no other page. Never given for
   * records without a page. Afterwards recovery sets the page's LSN. A record that has grown (growing.ts) may be there in part:
   * its first `from` bytes are; 0 for all others.
   */
  redo?: Redo;
  /** A record that changes a second page: which (NO_PAGE: none), and the redo of that, each page by its own LSN. */
  second?: (views: RecordViews, record: number) => PageId;
  redoSecond?: Redo;
  /** Undoes the record for a transaction that did not end, through the normal calls, with a compensation record. */
  undo?: (context: UndoContext) => void;
  /** The payload in a few words, for the inspector. */
  print?: (views: RecordViews, record: number) => string;
  /** The record formats its page from nothing: redo need not read the page first. */
  formats?: boolean;
}

const kinds: (RecordKind | undefined)[] = new Array<RecordKind | undefined>(RECORD_TYPES_MAX).fill(undefined);

/** Says what a record type means. Once for each type and thread; again with the same functions does nothing. */
export function registerRecord(type: RecordType, kind: RecordKind): void {
  const before = kinds[type];
  assert(before === undefined || before.redo === kind.redo, 'a record type has one meaning');
  kinds[type] = kind;
}

/** What a type means, or undefined for one that nobody registered. */
export function recordKind(type: number): RecordKind | undefined {
  return kinds[type];
}

registerRecord(RECORD.commit, { name: 'commit', print: (views, record) => `stamp ${views.f64[(record + 40) >>> 3]}` });
registerRecord(RECORD.abort, { name: 'abort' });
registerRecord(RECORD.filler, { name: 'filler' });
