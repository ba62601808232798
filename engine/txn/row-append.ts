/**
 * Appending a row: the way of an insert whose row goes behind the others of the thread's page, and whose key is above all others
 * of the table's only index. Row and entry are one change of two pages: one step under two latches, and in the log one item of a
 * record that grows (log/growing.ts) as long as nothing comes between.
 *
 *   1  read both pages as they are: room, the key above the last entry        nothing latched
 *   2  undo entry, log credit                                                 reserved before the latch (SM-W1)
 *   3  latch both, heap before index (SM-L5), if neither has changed          only tried: no wait, the ordinary way takes over
 *   4  item or record, row, entry, undo entry; unlatch
 *
 * The key's leaf is read in 1 and latched unchanged in 3, and is the only one that can hold the key: that is the whole unique
 * check (SM-B3). Heap and index change under both latches, so nobody sees one without the other (SM-B1).
 *
 * A record that grows holds rows of one undo entry only, from its first to its last: the undo entry it joins was begun with it or
 * before, so taking rows back from the end ends at a row of a record, and the compensation says how many are left (undo-change.ts).
 *
 * Hot file: no allocation. Any doubt is answered with false, nothing changed: row-insert.ts does it the ordinary way.
 */

import { READ_LATCHED, readBegin, tryLatchVersion, unlatchFrame, unlatchFrameUnchanged } from '../../shm/frame-latch.ts';
import { FRAME_BYTES, FRAME_PAGE_ID } from '../../shm/frame.layout.gen.ts';
import { frameOffset, frameSegment } from '../../shm/shared-memory.ts';
import { NO_FRAME, NO_PAGE } from '../../shm/types.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { itemImageBytes, itemKeyBytes, NO_INDEX, setAppendRows, writeAppendItem } from '../storage/append-record.ts';
import { appendEntry, EDGE_FRAME, EDGE_PAGE, edgeHint, edgeTakes } from '../storage/btree/append.ts';
import { kindNumber } from '../storage/btree/insert.ts';
import { entryRecordBytes } from '../storage/btree/records.ts';
import { pageChanged, pageTouched } from '../storage/cache/page-cache.ts';
import { heapAppend, heapAppendSlot, NO_SLOT } from '../storage/heap/heap-page.ts';
import { takeCredit } from '../storage/log/credit.ts';
import { announceGrowth, forgetGrowth, growRecord, growthFits } from '../storage/log/growing.ts';
import {
  LOG_RECORD_BYTES,
  logRecordAux32,
  logRecordPage,
  logRecordSlot,
  logRecordTable,
} from '../storage/log/log-record.layout.gen.ts';
import { publish } from '../storage/log/log.ts';
import { pageOwner } from '../storage/page.layout.gen.ts';
import { blankTail } from '../storage/rows/blank-tail.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import { imageLength, ROW_LOCKED, ROW_REKEYED } from '../storage/rows/row-image.ts';
import { KEY_OK, type TableRuntime } from '../storage/rows/runtime.ts';
import { beginRecord } from './append-begin.ts';
import { noteAppended, touch } from './append-next.ts';
import { claim, refusesDuplicates } from './index-change.ts';
import { OWN_STAMP, ROW_PAGE, ROW_SLOT, SERIALIZABLE, type Transaction, type Transactions } from './transactions.ts';
import { txnSlotLastLsn } from './txn.layout.gen.ts';
import { addUndo, INSERT_UNDO_BYTES, insertJoins, joinInsert, reserveUndo } from './undo.ts';
import { UNDO_INSERT } from './txn.layout.ts';

const testing = TESTING;

/**
 * Appends the image at byte offset `row` of `views`, as insertRow() does: true, and it lies at tx.ints[ROW_PAGE], [ROW_SLOT]. False:
 * nothing was changed. beginWrite() was called; no latch or hold. Errors: those of credit and undo list, nothing changed.
 */
export function appendRow(tx: Transaction, table: TableRuntime, views: ByteViews, row: number): boolean {
  const txns = tx.context;
  const { indexes } = table;
  if (indexes.length > 1 || tx.isolation === SERIALIZABLE) return false;
  const { shm, key, insertPages } = txns;
  const own = table.id & 63;
  if (insertPages[own * 2] !== table.id) return false;

  const page = insertPages[own * 2 + 1];
  const frame = txns.insertFrames[own];
  const base = shm.framesBase + frame * FRAME_BYTES;
  const version = readBegin(shm.i32, base);
  if (version === READ_LATCHED || shm.i32[(base + FRAME_PAGE_ID) >>> 2] !== page) return false;
  const heap = frameSegment(shm, frame);
  const at = frameOffset(shm, frame);
  const slot = heapAppendSlot(heap, at, imageLength(views.i32, row));
  if (slot === NO_SLOT || pageOwner(heap.u32, at) !== table.id) return false;

  let kind = NO_INDEX;
  let leaf = NO_PAGE;
  let leafFrame = NO_FRAME;
  let leafVersion = 0;
  if (indexes.length === 1) {
    const index = indexes[0];
    const { tree } = txns;
    const hint = edgeHint(tree, index.root);
    if (hint < 0 || index.extract(views.i32, views.u16, views.u8, views.f64, row, key) !== KEY_OK) return false;
    kind = kindNumber(index.kind);
    leaf = tree.edgeHints[hint + EDGE_PAGE];
    leafFrame = tree.edgeHints[hint + EDGE_FRAME];
    const leafBase = shm.framesBase + leafFrame * FRAME_BYTES;
    leafVersion = readBegin(shm.i32, leafBase);
    if (leafVersion === READ_LATCHED || shm.i32[(leafBase + FRAME_PAGE_ID) >>> 2] !== leaf) return false;
    const distinct = refusesDuplicates(index, key);
    const node = frameOffset(shm, leafFrame);
    if (!edgeTakes(frameSegment(shm, leafFrame), node, index.root, kind, key, page, slot, distinct)) return false;
    touch(shm.i32, leafBase);
  }
  touch(shm.i32, base);
  if (testing) yieldPoint('append.looked');

  reserveUndo(tx);
  views.f64[row >> 3] = tx.times[OWN_STAMP];
  views.i32[(row + 8) >> 2] = 0;
  views.i32[(row + 12) >> 2] &= ~(ROW_LOCKED | ROW_REKEYED);
  return table.logged
    ? appendLogged(tx, table, views, row, page, slot, frame, version, kind, leaf, leafFrame, leafVersion)
    : appendUnlogged(tx, table, views, row, page, slot, frame, version, kind, leafFrame, leafVersion);
}

/** Step 3; false: nothing is latched. */
function latchBoth(txns: Transactions, frame: number, version: number, leafFrame: number, leafVersion: number): boolean {
  const { shm } = txns;
  if (!tryLatchVersion(shm, frame, version)) return false;
  if (leafFrame === NO_FRAME || tryLatchVersion(shm, leafFrame, leafVersion)) return true;
  unlatchFrameUnchanged(shm, frame);
  return false;
}

/** Step 4 but for the log. */
function place(
  tx: Transaction,
  table: TableRuntime,
  views: ByteViews,
  row: number,
  page: number,
  slot: number,
  frame: number,
  kind: number,
  leafFrame: number,
  joins: boolean,
): void {
  const txns = tx.context;
  const { shm } = txns;
  heapAppend(frameSegment(shm, frame), frameOffset(shm, frame), slot, views.i32, row);
  if (kind !== NO_INDEX) appendEntry(frameSegment(shm, leafFrame), frameOffset(shm, leafFrame), kind, txns.key, page, slot);
  if (joins) joinInsert(tx);
  else addUndo(tx, UNDO_INSERT, 0, table.id, page, slot, 0, 0);
  tx.ints[ROW_PAGE] = page;
  tx.ints[ROW_SLOT] = slot;
}

function appendLogged(
  tx: Transaction,
  table: TableRuntime,
  views: ByteViews,
  row: number,
  page: number,
  slot: number,
  frame: number,
  version: number,
  kind: number,
  leaf: number,
  leafFrame: number,
  leafVersion: number,
): boolean {
  const txns = tx.context;
  const { shm, cache, log, key } = txns;
  const blanks = blankTail(views.i32, row);
  txns.next.blanks = blanks;
  const item = itemImageBytes(views.i32, row, blanks) + itemKeyBytes(kind, key);
  const joins = insertJoins(tx, table.id, page, slot);
  const undo = (joins ? 0 : INSERT_UNDO_BYTES) + (kind === NO_INDEX ? 0 : entryRecordBytes(kind, key));
  takeCredit(log, LOG_RECORD_BYTES + item, undo);
  let grows = joins && growthFits(log, item) && continues(txns, tx.slot, table.id, page, slot, leaf);
  if (grows) announceGrowth(log);
  if (!latchBoth(txns, frame, version, leafFrame, leafVersion)) {
    if (grows) forgetGrowth(log);
    return false;
  }
  let to = 0;
  if (grows) {
    to = growRecord(log, item);
    grows = to >= 0;
  }
  place(tx, table, views, row, page, slot, frame, kind, leafFrame, joins);
  if (grows) {
    setAppendRows(log, log.growing.at, ++log.growing.count);
    writeAppendItem(log, to, views.i32, row, blanks, kind, key);
    publish(log, to, item);
  } else {
    beginRecord(tx, table, views, row, page, slot, kind, leaf, LOG_RECORD_BYTES + item);
  }
  claim(tx, undo);
  noteAppended(tx, table, page, slot, frame, version, kind, leaf, leafFrame, leafVersion);
  pageChanged(cache, frame, log.scratch);
  if (kind !== NO_INDEX) {
    pageChanged(cache, leafFrame, log.scratch);
    unlatchFrame(shm, leafFrame);
  }
  unlatchFrame(shm, frame);
  return true;
}

/** Whether the record that grows is the transaction's last one, of this page and leaf, and the row's slot follows its rows. */
function continues(txns: Transactions, txnSlot: number, table: number, page: number, slot: number, leaf: number): boolean {
  const { log } = txns;
  const { growing } = log;
  const record = growing.at;
  return (
    growing.lsn[0] === txnSlotLastLsn(txns.f64, txnSlot) &&
    logRecordSlot(log.u16, record) + growing.count === slot &&
    (logRecordPage(log.u32, record) | 0) === page &&
    (logRecordAux32(log.u32, record) | 0) === leaf &&
    logRecordTable(log.u32, record) === table
  );
}

function appendUnlogged(
  tx: Transaction,
  table: TableRuntime,
  views: ByteViews,
  row: number,
  page: number,
  slot: number,
  frame: number,
  version: number,
  kind: number,
  leafFrame: number,
  leafVersion: number,
): boolean {
  const txns = tx.context;
  if (!latchBoth(txns, frame, version, leafFrame, leafVersion)) return false;
  place(tx, table, views, row, page, slot, frame, kind, leafFrame, insertJoins(tx, table.id, page, slot));
  pageTouched(txns.cache, frame);
  if (kind !== NO_INDEX) {
    pageTouched(txns.cache, leafFrame);
    unlatchFrame(txns.shm, leafFrame);
  }
  unlatchFrame(txns.shm, frame);
  return true;
}
