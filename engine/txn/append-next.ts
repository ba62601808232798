/**
 * Appending the next row: the way of an insert that follows another of the same transaction into the same table (row-append.ts),
 * while nobody has touched the two pages in between. That is what their versions say: a page whose version is the one that the last
 * append left is the page as it left it. So what that append knew of the pages is still true, and nothing of them is read before
 * they are latched: room, next slot, greatest key, owner, kind.
 *
 *   1  transaction, table, last undo entry: still those of the last append?    room? key above the last one?
 *   2  log credit                                                              reserved before the latch (SM-W1)
 *   3  latch both at the versions that were left, heap before index (SM-L5)    only tried: no wait, row-append.ts takes over
 *   4  item or record, row, entry, undo entry; unlatch
 *
 * The leaf is the last one and its greatest key is known, so a greater one is not in the index: the whole unique check (SM-B3).
 * Only where something was appended to is it known, so any doubt is answered with false, nothing changed.
 *
 * Logged tables with no index, or one with integer nodes. Hot file: no allocation.
 */

import { tryLatchVersion, unlatchFrame, unlatchFrameUnchanged, VERSION_MASK } from '../../shm/frame-latch.ts';
import { FRAME_BYTES, FRAME_REFERENCED } from '../../shm/frame.layout.gen.ts';
import { frameOffset, frameSegment } from '../../shm/shared-memory.ts';
import { type Frame, NO_FRAME, NO_PAGE, type Version } from '../../shm/types.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { itemImageBytes, NO_INDEX, setAppendRows, writeAppendItem } from '../storage/append-record.ts';
import { appendEntry } from '../storage/btree/append.ts';
import { intMax } from '../storage/btree/node-int.ts';
import { KIND_BYTES } from '../storage/btree/node.layout.ts';
import { entryRecordBytes } from '../storage/btree/records.ts';
import { pageChanged } from '../storage/cache/page-cache.ts';
import { capacityFor, heapAppend } from '../storage/heap/heap-page.ts';
import { takeCredit } from '../storage/log/credit.ts';
import { announceGrowth, forgetGrowth, growRecord, growthFits } from '../storage/log/growing.ts';
import { LOG_RECORD_BYTES } from '../storage/log/log-record.layout.gen.ts';
import { publish } from '../storage/log/log.ts';
import { pageFreeEnd, pageFreeStart, pageSlotCount } from '../storage/page.layout.gen.ts';
import { blankTail } from '../storage/rows/blank-tail.ts';
import { type ByteViews, privateViews } from '../storage/rows/byte-views.ts';
import { paddedLength, ROW_LOCKED, ROW_REKEYED } from '../storage/rows/row-image.ts';
import { type IndexRuntime, KEY_OK, type KeyScratch, type TableRuntime } from '../storage/rows/runtime.ts';
import { beginRecord } from './append-begin.ts';
import { claim } from './index-change.ts';
import { OWN_STAMP, ROW_PAGE, ROW_SLOT, type Transaction, type Transactions } from './transactions.ts';
import { joinInsert } from './undo.ts';

const testing = TESTING;

/** What a thread's last append left. */
export interface NextAppend {
  /** Null: nothing is known. */
  table: TableRuntime | null;
  indexes: readonly IndexRuntime[] | null;
  /** The transaction's number, and its last undo entry, which the row joins. */
  transaction: number;
  undo: number;
  /** Log position of the record with the last row. */
  readonly lsn: Float64Array;
  /** The heap page: where it lies, its version, the slot that follows, bytes between rows and directory. */
  page: number;
  frame: Frame;
  version: Version;
  heap: ByteViews;
  at: number;
  slot: number;
  room: number;
  /** The leaf alike; its greatest key, and entries that still fit. */
  kind: number;
  leaf: number;
  leafFrame: Frame;
  leafVersion: Version;
  node: ByteViews;
  nodeAt: number;
  keyHigh: number;
  keyLow: number;
  entries: number;
  /** What an entry claims for its compensation (SM-W7). */
  undoBytes: number;
  /** Words of blanks at the end of the row that is appended now: the log does without them. */
  blanks: number;
}

export function makeNextAppend(): NextAppend {
  const none = privateViews(8);
  return {
    table: null,
    indexes: null,
    transaction: 0,
    undo: 0,
    lsn: new Float64Array(1),
    page: NO_PAGE,
    frame: NO_FRAME,
    version: 0,
    heap: none,
    at: 0,
    slot: 0,
    room: 0,
    kind: NO_INDEX,
    leaf: NO_PAGE,
    leafFrame: NO_FRAME,
    leafVersion: 0,
    node: none,
    nodeAt: 0,
    keyHigh: 0,
    keyLow: 0,
    entries: 0,
    undoBytes: 0,
    blanks: 0,
  };
}

/**
 * A row was appended to (page, slot), its entry to the leaf: both are still latched, and had these versions before. The key of the
 * entry is in txns.key.
 */
export function noteAppended(
  tx: Transaction,
  table: TableRuntime,
  page: number,
  slot: number,
  frame: Frame,
  version: Version,
  kind: number,
  leaf: number,
  leafFrame: Frame,
  leafVersion: Version,
): void {
  const txns = tx.context;
  const { shm, key, next } = txns;
  next.table = kind === KIND_BYTES ? null : table;
  next.indexes = table.indexes;
  next.transaction = tx.number;
  next.undo = tx.undoLast;
  next.lsn[0] = txns.log.growing.lsn[0];
  next.page = page;
  next.frame = frame;
  next.version = (version + 2) & VERSION_MASK;
  next.heap = frameSegment(shm, frame);
  next.at = frameOffset(shm, frame);
  next.slot = slot + 1;
  next.room = pageFreeEnd(next.heap.u16, next.at) - pageFreeStart(next.heap.u16, next.at);
  next.kind = kind;
  next.undoBytes = 0;
  if (kind === NO_INDEX || kind === KIND_BYTES) return;
  next.leaf = leaf;
  next.leafFrame = leafFrame;
  next.leafVersion = (leafVersion + 2) & VERSION_MASK;
  next.node = frameSegment(shm, leafFrame);
  next.nodeAt = frameOffset(shm, leafFrame);
  next.entries = intMax(kind, 0) - pageSlotCount(next.node.u16, next.nodeAt);
  next.undoBytes = entryRecordBytes(kind, key);
  noteKey(next, key);
}

function noteKey(next: NextAppend, key: KeyScratch): void {
  next.keyHigh = key.i32[0];
  next.keyLow = key.i32[1];
}

/** Tables were dropped, or the thread leaves. */
export function forgetNextAppend(next: NextAppend): void {
  next.table = null;
  next.indexes = null;
}

/**
 * Appends the image at byte offset `row` of `views` behind the last appended one, as appendRow() does. False: nothing was changed.
 * beginWrite() was called; no latch or hold. Errors: those of credit, nothing changed.
 */
export function appendNext(tx: Transaction, table: TableRuntime, views: ByteViews, row: number): boolean {
  const { log, key, next } = tx.context;
  if (next.table !== table || next.undo !== tx.undoLast || next.transaction !== tx.number || next.indexes !== table.indexes) {
    return false;
  }
  const length = paddedLength(views.i32, row);
  if (next.room < capacityFor(length) + 4) return false;
  const { kind } = next;
  const blanks = blankTail(views.i32, row);
  next.blanks = blanks;
  let item = itemImageBytes(views.i32, row, blanks);
  if (kind !== NO_INDEX) {
    const index = table.indexes[0];
    if (next.entries === 0 || index.extract(views.i32, views.u16, views.u8, views.f64, row, key) !== KEY_OK) return false;
    if (!isAbove(next, key, kind)) return false;
    item += 8;
  }
  if (testing) yieldPoint('append.looked');

  takeCredit(log, LOG_RECORD_BYTES + item, next.undoBytes);
  views.f64[row >> 3] = tx.times[OWN_STAMP];
  views.i32[(row + 8) >> 2] = 0;
  views.i32[(row + 12) >> 2] &= ~(ROW_LOCKED | ROW_REKEYED);
  const grows = log.growing.lsn[0] === next.lsn[0] && growthFits(log, item);
  if (grows) announceGrowth(log);
  if (!latchNext(tx.context, next)) {
    if (grows) forgetGrowth(log);
    next.table = null;
    return false;
  }
  appendLatched(tx, table, views, row, item, grows);
  return true;
}

/** Whether the key goes behind all of the leaf: not behind an equal one, which may be refused. */
function isAbove(next: NextAppend, key: KeyScratch, kind: number): boolean {
  const high = key.i32[0];
  if (high !== next.keyHigh) return high > next.keyHigh;
  return kind === 2 && key.i32[1] >>> 0 > next.keyLow >>> 0;
}

/** Step 3; false: nothing is latched. */
function latchNext(txns: Transactions, next: NextAppend): boolean {
  const { shm } = txns;
  if (!tryLatchVersion(shm, next.frame, next.version)) return false;
  if (next.kind === NO_INDEX || tryLatchVersion(shm, next.leafFrame, next.leafVersion)) return true;
  unlatchFrameUnchanged(shm, next.frame);
  return false;
}

/** Step 4, both pages latched; `grows`: growth was announced. */
function appendLatched(tx: Transaction, table: TableRuntime, views: ByteViews, row: number, item: number, grows: boolean): void {
  const txns = tx.context;
  const { shm, cache, log, key, next } = txns;
  const { kind, page, slot, frame } = next;
  const to = grows ? growRecord(log, item) : -1;
  heapAppend(next.heap, next.at, slot, views.i32, row);
  if (kind !== NO_INDEX) appendEntry(next.node, next.nodeAt, kind, key, page, slot);
  joinInsert(tx);
  tx.ints[ROW_PAGE] = page;
  tx.ints[ROW_SLOT] = slot;
  if (to >= 0) {
    setAppendRows(log, log.growing.at, ++log.growing.count);
    writeAppendItem(log, to, views.i32, row, next.blanks, kind, key);
    publish(log, to, item);
  } else {
    beginRecord(tx, table, views, row, page, slot, kind, next.leaf, LOG_RECORD_BYTES + item);
    next.lsn[0] = log.growing.lsn[0];
  }
  next.slot = slot + 1;
  next.room = pageFreeEnd(next.heap.u16, next.at) - pageFreeStart(next.heap.u16, next.at);
  next.version = (next.version + 2) & VERSION_MASK;
  pageChanged(cache, frame, log.scratch);
  touch(shm.i32, shm.framesBase + frame * FRAME_BYTES);
  if (kind !== NO_INDEX) {
    claim(tx, next.undoBytes);
    next.entries--;
    next.leafVersion = (next.leafVersion + 2) & VERSION_MASK;
    noteKey(next, key);
    pageChanged(cache, next.leafFrame, log.scratch);
    touch(shm.i32, shm.framesBase + next.leafFrame * FRAME_BYTES);
    unlatchFrame(shm, next.leafFrame);
  }
  unlatchFrame(shm, frame);
}

/** A second chance in the cache; a word that is set is not written. */
export function touch(i32: Int32Array, base: number): void {
  const word = (base + FRAME_REFERENCED) >>> 2;
  if (i32[word] === 0) i32[word] = 1;
}
