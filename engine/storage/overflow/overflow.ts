/**
 * Overflow chains: long values, outside the rows (shared-memory.md, 'Rows and heap', SM-W6).
 *
 *   row: (page, length, stored, codec) -> page -> page -> page      each page: header | up to 8,128 bytes
 *
 * A chain is immutable and belongs to one version of one row: an update that keeps the value copies the chain. It is
 * written tail first, so that a page only ever names pages that are there. Each page is one log group with its allocation
 * and names the transaction that owns it (a group must fit a quarter of the smallest ring). Undo frees a loser's pages; a
 * page keeps the log position of its owner's record before its own, which is what its compensation record names as next.
 *
 * In the page header: extra0 bytes on this page, extra1 transaction, extra2 bytes from here to the end of the chain,
 * greatestStamp the log position just mentioned, right the next page.
 *
 * Values are compressed when that saves an eighth, before anything is reserved or latched. All calls here wait for pages:
 * no latch, no hold (SM-L4).
 */

import { Buffer } from 'node:buffer';
import { dataDamaged } from '../../../shm/errors.ts';
import { type Frame, PAGE_BYTES, type PageId } from '../../../shm/types.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import {
  holdPage,
  latchNewPage,
  type PageCache,
  pageChanged,
  pagePlace,
  pageTouched,
  pageViews,
  releasePage,
  unlatchPage,
} from '../cache/page-cache.ts';
import { pagePosition } from '../cache/page-image.ts';
import { claimUndo, releaseUndo, takeCredit } from '../log/credit.ts';
import { groupBegin, groupCancel, groupEnd, groupRecord } from '../log/group.ts';
import { END, type Log, PREVIOUS, START } from '../log/log-context.ts';
import { LOG_RECORD_BYTES, setLogRecordAux16, setLogRecordAux32, setLogRecordAux32Second } from '../log/log-record.layout.gen.ts';
import { RECORD, RECORD_COMPENSATION, RECORD_NO_PAGE } from '../log/records.ts';
import { pageExtra0, pageExtra2, pageGreatestStamp, pageRight, pageType } from '../page.layout.gen.ts';
import { NO_PAGE_STORED, PAGE_HEADER_BYTES, PAGE_TYPE_OVERFLOW } from '../page.layout.ts';
import { OverflowReference } from '../rows/row-value.ts';
import { GROUP_PAGES } from '../space/geometry.ts';
import { queueRetired } from '../space/retired.ts';
import {
  allocateReserved,
  endSpaceChanges,
  prepareRetire,
  releaseReservation,
  reservePages,
  retireInGroup,
  type Space,
  SPACE_RECORD_BYTES,
} from '../space/space.ts';
import { compressValue, decompressValue } from './compression.ts';
import { fillOverflowPage, OVERFLOW_PAGE_BYTES } from './overflow-page.ts';

const testing = TESTING;

/** What overflow chains live on. One for each thread. */
export interface OverflowStore {
  readonly cache: PageCache;
  readonly log: Log;
  readonly space: Space;
  /** Pages of the temporary file, for temporary tables. */
  readonly temporary: { allocate(): PageId; free(page: PageId): void };
}

/** The table a chain belongs to. */
export interface OverflowTable {
  readonly id: number;
  readonly logged: boolean;
  readonly temporary: boolean;
}

/**
 * The transaction that owns a chain. Its fields go on: `previous`, the start of its last log record; `claimed`, the file credit
 * its rollback will need (SM-W7), which the transaction gives back when it has ended.
 */
export interface OverflowOwner {
  readonly transaction: number;
  previous: number;
  claimed: number;
}

/** File credit claimed for taking back one page. */
export const OVERFLOW_UNDO_BYTES = LOG_RECORD_BYTES + SPACE_RECORD_BYTES;

/**
 * Writes a value (at least one byte) to a new chain. 53100 when there is no room; what was written is taken back then. The
 * caller enters the chain into its undo list (rollback: freeOverflow with the owner) before it does anything that could fail.
 */
export function writeOverflow(
  store: OverflowStore,
  table: OverflowTable,
  owner: OverflowOwner,
  value: Uint8Array,
): OverflowReference {
  const { bytes, codec } = compressValue(value);
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let next: PageId = NO_PAGE_STORED | 0;
  const pages = Math.ceil(source.length / OVERFLOW_PAGE_BYTES);
  try {
    for (let index = pages - 1; index >= 0; index--) {
      next = writePage(store, table, owner, source, index * OVERFLOW_PAGE_BYTES, next);
      if (testing) yieldPoint('overflow.page');
    }
  } catch (error) {
    if (next !== (NO_PAGE_STORED | 0)) freeOverflow(store, table, next, owner);
    throw error;
  }
  return new OverflowReference(next >>> 0, value.length, source.length, codec);
}

/** Writes the page whose bytes begin at `from`, in a group of its own. Returns its number. */
function writePage(
  store: OverflowStore,
  table: OverflowTable,
  owner: OverflowOwner,
  source: Buffer,
  from: number,
  next: PageId,
): PageId {
  const { cache, log, space } = store;
  if (table.temporary) return writeTemporaryPage(store, table, source, from, next);
  const count = Math.min(OVERFLOW_PAGE_BYTES, source.length - from);
  const logged = table.logged ? count : 0;
  const remaining = source.length - from;
  const before = owner.previous;
  const groupBytes = LOG_RECORD_BYTES + ((logged + 7) & ~7) + SPACE_RECORD_BYTES;
  const page = reservePages(space, 1);
  let frame: Frame;
  try {
    takeCredit(log, groupBytes, OVERFLOW_UNDO_BYTES);
    claimUndo(log, OVERFLOW_UNDO_BYTES);
    owner.claimed += OVERFLOW_UNDO_BYTES;
    groupBegin(log, groupBytes);
    frame = latchNewPage(cache, page);
  } catch (error) {
    if (log.group.open) groupCancel(log);
    releaseReservation(space, page);
    throw error;
  }
  log.scratch[PREVIOUS] = before;
  const record = groupRecord(log, RECORD.overflowWrite, owner.transaction, table.id, page, 0, logged);
  const group = log.group;
  setLogRecordAux16(group.u16, record, logged);
  setLogRecordAux32(group.u32, record, remaining);
  setLogRecordAux32Second(group.u32, record, next);
  source.copy(group.u8, record + LOG_RECORD_BYTES, from, from + logged);
  allocateReserved(space, page, 1);
  groupEnd(log);
  owner.previous = log.scratch[START] + record;
  fillOverflowPage(
    pageViews(cache, frame),
    pagePlace(cache, frame),
    page,
    table.id,
    owner.transaction,
    before,
    next,
    remaining,
    source,
    from,
    count,
  );
  endSpaceChanges(space, log.scratch);
  pageChanged(cache, frame, log.scratch);
  unlatchPage(cache, frame);
  return page;
}

function writeTemporaryPage(store: OverflowStore, table: OverflowTable, source: Buffer, from: number, next: PageId): PageId {
  const { cache } = store;
  const count = Math.min(OVERFLOW_PAGE_BYTES, source.length - from);
  const page = store.temporary.allocate();
  const frame = latchNewPage(cache, page);
  fillOverflowPage(
    pageViews(cache, frame),
    pagePlace(cache, frame),
    page,
    table.id,
    0,
    0,
    next,
    source.length - from,
    source,
    from,
    count,
  );
  pageTouched(cache, frame);
  unlatchPage(cache, frame);
  return page;
}

/** What a page of a chain says, read under a hold. */
interface ChainPage {
  next: PageId;
  bytes: number;
  remaining: number;
  before: number;
}

/**
 * Visits page `page` of a chain: copies its bytes to `into` at `at` (null: only looks). XX001 when it is not a page of a chain
 * that has `remaining` bytes left (-1: whatever it says).
 */
function visitPage(
  store: OverflowStore,
  page: PageId,
  remaining: number,
  into: Uint8Array | null,
  at: number,
  found: ChainPage,
): void {
  const { cache } = store;
  const frame = holdPage(cache, page);
  const views = pageViews(cache, frame);
  const place = pagePlace(cache, frame);
  const type = pageType(views.u8, place);
  found.next = pageRight(views.u32, place) | 0;
  found.bytes = pageExtra0(views.u32, place);
  found.remaining = pageExtra2(views.u32, place);
  found.before = pageGreatestStamp(views.f64, place);
  const last = found.bytes === found.remaining;
  const sound =
    type === PAGE_TYPE_OVERFLOW &&
    (remaining < 0 || found.remaining === remaining) &&
    (last ? found.bytes <= OVERFLOW_PAGE_BYTES : found.bytes === OVERFLOW_PAGE_BYTES) &&
    last === (found.next === (NO_PAGE_STORED | 0));
  if (sound && into !== null) {
    views.bytesView.copy(into, at, place + PAGE_HEADER_BYTES, place + PAGE_HEADER_BYTES + found.bytes);
  }
  releasePage(cache, frame);
  if (sound) return;
  const file = (page < 0 ? cache.files.temporary : cache.files.data).path;
  const expected = `an overflow page with ${remaining < 0 ? 'what is left of its chain' : `${remaining} bytes to the end of its chain`}`;
  throw dataDamaged({
    file,
    offset: pagePosition(page),
    what: `page ${page >>> 0}`,
    expected,
    actual: `type ${type}, ${found.bytes} of ${found.remaining} bytes`,
  });
}

const chainPage = (): ChainPage => ({ next: 0, bytes: 0, remaining: 0, before: 0 });

/**
 * Reads the value that a reference names into `into` at `at`, `length` bytes. `page`, `length`, `stored` and `codec` are the
 * reference's. XX001 when the chain does not hold it.
 */
export function readOverflow(
  store: OverflowStore,
  page: PageId,
  length: number,
  stored: number,
  codec: number,
  into: Uint8Array,
  at: number,
): void {
  if (codec === 0) {
    readChain(store, page, stored, into, at);
    return;
  }
  const packed = Buffer.allocUnsafe(stored);
  readChain(store, page, stored, packed, 0);
  const value = decompressValue(packed, codec, length);
  if (typeof value === 'string') {
    const file = (page < 0 ? store.cache.files.temporary : store.cache.files.data).path;
    throw dataDamaged({
      file,
      offset: pagePosition(page),
      what: `the value that begins in page ${page >>> 0}`,
      expected: `${length} bytes`,
      actual: value,
    });
  }
  value.copy(into, at);
}

/** The value of the reference at byte offset `reference` of a row image, in memory of its own. */
export function readReferenced(store: OverflowStore, i32: Int32Array, reference: number): Buffer {
  const word = reference >> 2;
  const length = i32[word + 1] >>> 0;
  const value = Buffer.allocUnsafe(length);
  readOverflow(store, i32[word], length, i32[word + 2] >>> 0, i32[word + 3], value, 0);
  return value;
}

function readChain(store: OverflowStore, first: PageId, stored: number, into: Uint8Array, at: number): void {
  const found = chainPage();
  let page = first | 0;
  for (let remaining = stored; remaining > 0; remaining -= found.bytes) {
    visitPage(store, page, remaining, into, at + stored - remaining, found);
    page = found.next;
  }
}

/**
 * Gives back the pages of the chain that begins with `first`. `owner`: its transaction takes it back (rollback), page by page
 * with compensation records, so `owner.previous` goes back to what it was before the chain. Null: the version is gone, and
 * what named the chain too; a crash in between leaves pages that nobody uses, never a page that is used twice.
 */
export function freeOverflow(store: OverflowStore, table: OverflowTable, first: PageId, owner: OverflowOwner | null): void {
  const found = chainPage();
  let page = first | 0;
  while (page !== (NO_PAGE_STORED | 0)) {
    visitPage(store, page, -1, null, 0, found);
    if (table.temporary) {
      store.temporary.free(page);
      page = found.next;
    } else if (owner !== null) {
      takeBackOverflowPage(store, table.id, page, owner, found.before);
      page = found.next;
    } else {
      page = retireRun(store, page, found);
    }
  }
}

/** Pages of one run that one record retires. */
const RUN_MAX = 64;

/** Retires `page` and those of its chain that follow it in the file too. Returns the next page of the chain. */
function retireRun(store: OverflowStore, page: PageId, found: ChainPage): PageId {
  let count = 1;
  while (found.next === page + count && count < RUN_MAX && (page % GROUP_PAGES) + count < GROUP_PAGES) {
    visitPage(store, found.next, found.remaining - found.bytes, null, 0, found);
    count++;
  }
  const { log, space } = store;
  prepareRetire(space, page);
  groupBegin(log, SPACE_RECORD_BYTES);
  retireInGroup(space, page, count);
  groupEnd(log);
  endSpaceChanges(space, log.scratch);
  queueRetired(space, page, count, log.scratch[END]);
  return found.next;
}

/**
 * Takes back one page of an unfinished transaction: rollback, and the undo function of its record in recovery. `next` is the
 * log position of the record to undo after it.
 */
export function takeBackOverflowPage(
  store: OverflowStore,
  table: number,
  page: PageId,
  owner: OverflowOwner,
  next: number,
): void {
  const { log, space } = store;
  prepareRetire(space, page);
  const claimed = Math.min(owner.claimed, OVERFLOW_UNDO_BYTES);
  releaseUndo(log, claimed);
  owner.claimed -= claimed;
  groupBegin(log, OVERFLOW_UNDO_BYTES);
  log.scratch[PREVIOUS] = next;
  const record = groupRecord(log, RECORD.overflowFree, owner.transaction, table, RECORD_NO_PAGE, 0, 0);
  log.group.u8[record + 5] |= RECORD_COMPENSATION;
  setLogRecordAux32(log.group.u32, record, page);
  retireInGroup(space, page, 1);
  groupEnd(log);
  owner.previous = log.scratch[START] + record;
  endSpaceChanges(space, log.scratch);
  queueRetired(space, page, 1, log.scratch[END]);
}

/** Pages that a chain of so many stored bytes takes. */
export const overflowPages = (stored: number): number => Math.ceil(stored / OVERFLOW_PAGE_BYTES);

/** Log bytes that writing so many stored bytes takes, for those who reckon with the ring. */
export const overflowLogBytes = (stored: number): number =>
  overflowPages(stored) * (PAGE_BYTES + LOG_RECORD_BYTES + SPACE_RECORD_BYTES);

/** Calls `visit` for each page of the chain that begins with `first`; XX001 where it breaks off. For check(). No page held. */
export function eachOverflowPage(store: OverflowStore, first: PageId, visit: (page: PageId) => void): void {
  const found = chainPage();
  for (let page = first | 0; page !== (NO_PAGE_STORED | 0); page = found.next) {
    visitPage(store, page, -1, null, 0, found);
    visit(page);
  }
}
