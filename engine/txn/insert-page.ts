/**
 * Where a thread inserts: one page a table of its own (SM-F1), so that threads do not meet on one page. When it is full the
 * thread takes another with room, by the free-space hints, or a new one.
 *
 * Several threads may come to the same page all the same: ownership is a habit, not a lock.
 */

import { latchPage } from '../storage/cache/page-cache.ts';
import { unlatchFrameUnchanged } from '../../shm/frame-latch.ts';
import { heapRoom } from '../storage/heap/heap-page.ts';
import { pageOwner, pageType } from '../storage/page.layout.gen.ts';
import { PAGE_TYPE_HEAP } from '../storage/page.layout.ts';
import { frameOffset, frameSegment } from '../../shm/shared-memory.ts';
import { findRoom, noteFreeBytes } from '../storage/space/free-classes.ts';
import { NO_PAGE } from '../../shm/types.ts';
import { addHeapPage, heapPage, heapPageCount } from '../storage/space/heap-map.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { forgetNextAppend } from './append-next.ts';
import type { Transactions } from './transactions.ts';

/** The page this thread inserts into. Nothing latched or held. */
export function insertPageOf(txns: Transactions, table: TableRuntime): number {
  const at = (table.id & 63) * 2;
  if (txns.insertPages[at] === table.id && txns.insertPages[at + 1] !== 0) return txns.insertPages[at + 1];
  return firstInsertPage(txns, table);
}

/** The last page of the table, which is the one with room if any has. */
function firstInsertPage(txns: Transactions, table: TableRuntime): number {
  const count = heapPageCount(txns.space, table.mapRoot);
  const page = count === 0 ? addPage(txns, table) : heapPage(txns.space, table.mapRoot, count - 1);
  return setInsertPage(txns, table, page);
}

function setInsertPage(txns: Transactions, table: TableRuntime, page: number): number {
  const at = (table.id & 63) * 2;
  txns.insertPages[at] = table.id;
  txns.insertPages[at + 1] = page;
  return page;
}

/** The page has no room for a row of `length` bytes: another one. Nothing latched or held. 53100 when the disk is full. */
export function nextInsertPage(txns: Transactions, table: TableRuntime, page: number, length: number): void {
  noteFreeBytes(txns.space, page, roomOf(txns, table, page));
  let search = txns.searches.get(table.id);
  if (search === undefined) {
    search = { next: 0, page: NO_PAGE, rest: 0 };
    txns.searches.set(table.id, search);
  }
  if (search.rest > 0) {
    search.rest--;
    setInsertPage(txns, table, addPage(txns, table));
    return;
  }
  for (let tries = 0; tries < SEARCH_TRIES; tries++) {
    const found = findRoom(txns.space, table.mapRoot, length + SLOT_BYTES, SEARCH_PAGES, search);
    if (found === NO_PAGE) {
      search.rest = SEARCH_REST;
      break;
    }
    const room = roomOf(txns, table, found);
    if (found !== page && room >= length + SLOT_BYTES) {
      setInsertPage(txns, table, found);
      return;
    }
    // The hint was wrong.
    noteFreeBytes(txns.space, found, Math.max(room, 0));
    search.next++;
  }
  setInsertPage(txns, table, addPage(txns, table));
}

/** Entry of the slot directory, and rounding. */
const SLOT_BYTES = 12;
/** Pages whose hints one search looks at, and hints that may be wrong before a new page is taken. */
const SEARCH_PAGES = 256;
const SEARCH_TRIES = 4;
/** New pages that are taken without a search after one that found nothing. */
const SEARCH_REST = 7;

function addPage(txns: Transactions, table: TableRuntime): number {
  return addHeapPage(txns.space, table.mapRoot, table.id, PAGE_TYPE_HEAP, table.id);
}

/** Bytes that a row could get on the page, -1 when it is not the table's. */
function roomOf(txns: Transactions, table: TableRuntime, page: number): number {
  const frame = latchPage(txns.cache, page);
  const views = frameSegment(txns.shm, frame);
  const at = frameOffset(txns.shm, frame);
  const mine = pageType(views.u8, at) === PAGE_TYPE_HEAP && pageOwner(views.u32, at) === table.id;
  const room = mine ? heapRoom(views, at) : -1;
  unlatchFrameUnchanged(txns.shm, frame);
  return room;
}

/** The thread leaves, or tables were dropped: what it knows of insert pages is forgotten, with a hint for others. */
export function forgetInsertPages(txns: Transactions): void {
  txns.insertPages.fill(0);
  forgetNextAppend(txns.next);
}
