/**
 * Recovery (SM-W9): what open() does with the log that the last boot left. In this order:
 *
 *   startPageCache(cache, boot 0)           no read hooks yet; its log port says that all is durable
 *   const state = redoLog(...)              analysis and redo, in one pass over the log; nothing is written to the log
 *   attachLog(boot: state.boot), startLog(log, state.start); the cache gets it as its log port
 *   undoLosers(state, log, engine)          (undo.ts) the changes of transactions without an end, latest first
 *   startPageCache(cache, boot state.boot), onPageRead(...)
 *   finishPages(state, cache)               (finish.ts) stamps of winners (SM-W8)
 *   a checkpoint, if few pages are to be written; else the meta page names the boot, and the next checkpoint comes when it is due
 *
 * Redo repeats history: every record whose end is above the LSN of its page is applied to it, losers' too, so that undo
 * finds what it would have found at run time. A crash in any of the steps is safe: redo changes nothing that another
 * redo would not change alike, and undo writes compensation records through the normal log (SM-W7).
 *
 * Until finishPages() the cache runs under boot 0 and without read hooks: which stamps won is not known before the end of the
 * log. A page that is evicted meanwhile carries boot 0 in its file and meets the hook when it is read again.
 *
 * Hot: millions of records. No object per record; batches are checked and copied, records are read in place.
 */

import { NO_PAGE } from '../../../shm/types.ts';
import { dataPages, growDataFile } from '../cache/grow.ts';
import { fetchFrame, fetchNewFrame, pageChanged, type PageCache, pagePlace, pageViews } from '../cache/page-cache.ts';
import { LOG_RECORD_BYTES, LOG_RECORD_PAGE, LOG_RECORD_TRANSACTION } from '../log/log-record.layout.gen.ts';
import type { LogStart } from '../log/open.ts';
import { RECORD, type Redo, recordKind } from '../log/records.ts';
import { PAGE_LSN } from '../page.layout.gen.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { closeLogReader, type LogKnown, type LogPlace, type LogReader, openLogReader, syncLogTail } from './log-reader.ts';
import { LOOK_RECORDS, type LookAhead, lookAhead, makeLookAhead } from './look-ahead.ts';
import { type Loser, listOpen, makeOpenTransactions, noteEnd, noteRecord, type OpenTransactions } from './open-transactions.ts';
import { addPage, makePageSet, type PageSet } from './page-set.ts';
import { nextRecord, type RecordReader, readRecords, recordDamaged } from './record-reader.ts';
import { addWinner, makeWinners, type Winners } from './winners.ts';

/** What the meta page says. */
export interface RecoveryStart extends LogKnown {
  /** Boot that wrote the meta page. */
  boot: number;
  highestTransaction: number;
  highestStamp: number;
}

export interface RecoveryState {
  readonly reader: LogReader;
  /** How the log goes on: for startLog(). */
  start: LogStart;
  /** Number of the new boot: above every one that wrote to the log. */
  boot: number;
  readonly winners: Winners;
  readonly losers: Loser[];
  /** Pages that records of the log name: those that may carry stamps of winners. */
  readonly pages: PageSet;
  /** Transaction numbers go on above this, stamps too. */
  highestTransaction: number;
  highestStamp: number;
  /** Counted for the message that open() logs. */
  records: number;
  applied: number;
  /** Length of the data file in pages, as far as redo knows. */
  filePages: number;
  readonly ahead: LookAhead;
}

/**
 * Analysis and redo. Throws XX001 on damage: nothing was written then but pages that redo had evicted. `cache.acceptBlank` is
 * set meanwhile: pages that were allocated and never written are formatted by the log.
 */
export function redoLog(vfs: Vfs, place: LogPlace, known: RecoveryStart, cache: PageCache): RecoveryState {
  const reader = openLogReader(vfs, place, known);
  const open = makeOpenTransactions();
  const state: RecoveryState = {
    reader,
    start: { lsn: 0, segment: 0, previousBatchLsn: 0, previousChecksum: 0, kept: [], keepLsn: known.lsn, highestStamp: 0 },
    boot: 0,
    winners: makeWinners(),
    losers: [],
    pages: makePageSet(),
    highestTransaction: known.highestTransaction,
    highestStamp: known.highestStamp,
    records: 0,
    applied: 0,
    filePages: 0,
    ahead: makeLookAhead(),
  };
  const records = readRecords(reader);
  cache.acceptBlank = true;
  try {
    // A function that handles some records and returns: one that loops over all would run in slow code (architecture.md).
    while (redoSome(state, records, open, cache, 4096));
  } finally {
    cache.acceptBlank = false;
    closeLogReader(reader);
  }
  syncLogTail(reader);
  state.losers.push(...listOpen(open));
  endOfLog(state, records.lsn[1], known);
  return state;
}

function endOfLog(state: RecoveryState, lsn: number, known: RecoveryStart): void {
  const { reader, start } = state;
  state.boot = Math.max(reader.boot, known.boot) + 1;
  const { starts } = reader;
  // The meta page names this segment until the next checkpoint, even if its boot ended before it wrote anything.
  if (starts.length === 0 || starts[0].segment !== known.segment) starts.unshift({ segment: known.segment, lsn: known.lsn });
  start.lsn = lsn;
  start.segment = reader.segment + 1;
  start.previousBatchLsn = reader.previousLsn;
  start.previousChecksum = reader.previousChecksum;
  start.kept = starts;
  start.highestStamp = state.highestStamp;
}

/** Handles up to `atMost` records; false at the end of the log. */
function redoSome(
  state: RecoveryState,
  records: RecordReader,
  open: OpenTransactions,
  cache: PageCache,
  atMost: number,
): boolean {
  for (let count = 0; count < atMost; count++) {
    if (count % LOOK_RECORDS === 0) lookAhead(state.ahead, records, cache);
    if (!nextRecord(records)) return false;
    state.records++;
    const { views, at } = records;
    const transaction = views.u32[(at + LOG_RECORD_TRANSACTION) >>> 2];
    const type = views.u8[at + 4];
    const kind = recordKind(type);
    if (kind === undefined) throw recordDamaged(records, records.lsn[0], at);
    if (transaction !== 0) {
      if (type === RECORD.commit || type === RECORD.abort)
        transactionEnded(state, open, transaction, type, views.f64[(at + LOG_RECORD_BYTES) >>> 3]);
      else noteRecord(open, transaction, records.lsn);
      if (((transaction - state.highestTransaction) | 0) > 0) state.highestTransaction = transaction;
    }
    const page = views.u32[(at + LOG_RECORD_PAGE) >>> 2] | 0;
    if (page !== NO_PAGE && kind.redo !== undefined) redoRecord(state, records, cache, page, kind.formats === true, kind.redo);
    if (kind.second !== undefined) {
      const second = kind.second(views, at);
      if (second !== NO_PAGE) redoRecord(state, records, cache, second, false, kind.redoSecond!);
    }
  }
  return true;
}

function transactionEnded(state: RecoveryState, open: OpenTransactions, transaction: number, type: number, stamp: number): void {
  noteEnd(open, transaction);
  if (type !== RECORD.commit) return;
  addWinner(state.winners, transaction, stamp);
  if (stamp > state.highestStamp) state.highestStamp = stamp;
}

/** The file may have lost what made it longer: nobody syncs that, the log brings it back. */
function growFile(state: RecoveryState, cache: PageCache, page: number): void {
  if (page >= dataPages(cache)) growDataFile(cache, page + 1);
  state.filePages = dataPages(cache);
}

function redoRecord(
  state: RecoveryState,
  records: RecordReader,
  cache: PageCache,
  page: number,
  formats: boolean,
  redo: Redo,
): void {
  addPage(state.pages, page);
  if (page >= state.filePages) growFile(state, cache, page);
  // No latch: nobody else is there yet, and a frame is taken away by this thread's own misses only.
  const frame = formats ? fetchNewFrame(cache, page) : fetchFrame(cache, page);
  const views = pageViews(cache, frame);
  const offset = pagePlace(cache, frame);
  const has = views.f64[(offset + PAGE_LSN) >>> 3];
  if (has < records.lsn[1]) {
    // A page that was written while the record grew has its beginning.
    redo(records.views, records.at, views, offset, has > records.lsn[0] ? has - records.lsn[0] : 0);
    pageChanged(cache, frame, records.lsn);
    state.applied++;
  }
}
