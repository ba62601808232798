/**
 * The log's record types, their flags, and the table of what redo, undo and the inspector do with each (SM-W9).
 *
 * Storage parts and txn register their types when their modules are put together (registerRecord); the log and
 * recovery know a record by its header only. A record changes one page at most.
 */

import { assert } from '../../../shm/assert.ts';

/** Record types. Numbers are stored: retire one, never reuse it. */
export const RECORD = {
  /** End of a transaction that committed; payload COMMIT_PAYLOAD. */
  commit: 1,
  /** End of a transaction whose changes are all undone. */
  abort: 2,
  /** A boot began to write; aux32 is its number. */
  boot: 3,
  /** A checkpoint was taken: for people, recovery starts from the meta page. */
  checkpoint: 4,
  /** Nothing: fills the rest of a reservation that became too large. */
  filler: 5,

  /** Whole image of a page, or of its used parts (structure changes). */
  pageImage: 10,
  /** A page is made empty, of a type and an owner. */
  pageFormat: 11,

  heapInsert: 20,
  heapUpdate: 21,
  heapDelete: 22,
  /** A row moved to another page: its home slot names the body. */
  heapForward: 23,
  /** The body of a moved row. */
  heapBody: 24,
  /** A slot is given free: by the collector, or by undo. */
  heapFreeSlot: 25,
  heapUndo: 26,
  /** Several rows inserted into one page. */
  heapInsertMany: 27,
  /** Surplus capacity of slots is taken back. */
  heapTrim: 28,
  /** Compensation: the image that it carries is put back. */
  heapRestore: 29,

  overflowWrite: 40,
  overflowFree: 41,

  indexInsert: 50,
  indexDelete: 51,
  indexNodeTruncate: 52,
  indexParentInsert: 53,
  indexParentDelete: 54,
  indexRoot: 55,
  indexMerge: 56,
  hashInsert: 60,
  hashDelete: 61,
  hashSplit: 62,

  /** Pages taken from the allocation bitmap. */
  allocate: 70,
  /** Pages given back to it. */
  free: 71,
  /** Pages that are given back once the transaction has committed. */
  retire: 72,
  /** Heap maps: an extent more, the last extent fewer, pages in use, a map page made, a map page linked into the root. */
  mapAdd: 73,
  mapCut: 74,
  mapGrow: 75,
  mapNode: 76,
  mapLink: 77,

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
  /** [0] start LSN of the record, [1] its end, [2] its `previous`: what the compensation record must name (SM-W7). */
  lsn: Float64Array;
  /** What open() gave to recovery for the undo functions: page cache, log, tables. */
  engine: unknown;
}

export interface RecordKind {
  /** As the inspector prints it: 'heap insert'. */
  name: string;
  /**
   * Applies the record to its page, which does not have it yet. Pure: no latch, no log, no other page. Never given for
   * records without a page. Afterwards recovery sets the page's LSN.
   */
  redo?: (views: RecordViews, record: number, page: PageViews, pageOffset: number) => void;
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
registerRecord(RECORD.boot, { name: 'boot', print: (views, record) => `boot ${views.u32[(record + 32) >>> 2]}` });
registerRecord(RECORD.checkpoint, { name: 'checkpoint' });
registerRecord(RECORD.filler, { name: 'filler' });
