/**
 * Adding extents to a heap map, and giving all of them back. Each step is one log group (SM-W6); a map in the temporary file
 * does the same without log.
 *
 *   extent      ALLOCATE the pages, mapAdd in the last level 0 page
 *   map page    only when that page is full: ALLOCATE, mapNode (with the root's entries when the root was level 0), mapLink
 *   giving back RETIRE the pages, mapCut, from the last extent to the first: who is interrupted can go on
 */

import { limitExceeded, SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { type Frame, type Lsn, NO_PAGE, type PageId } from '../../../shm/types.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import {
  fetchFrame,
  fetchNewFrame,
  latchPage,
  latchResident,
  pageChanged,
  pagePlace,
  pageTouched,
  pageViews,
  unlatchPage,
} from '../cache/page-cache.ts';
import { groupBegin, groupCancel, groupEnd, groupRecord, recordBytes } from '../log/group.ts';
import { RECORD, type RecordType } from '../log/records.ts';
import { pageLevel, pageOwner, pageSlotCount } from '../page.layout.gen.ts';
import { PAGE_HEADER_BYTES } from '../page.layout.ts';
import {
  extentLength,
  formatMapPage,
  MAP_ENTRIES_MAX,
  mapAddExtent,
  mapCutLast,
  mapEntry,
  mapHasRoom,
  mapLinkChild,
} from './heap-map-page.ts';
import { MAP_NODE_PREFIX_BYTES } from './records.ts';
import { queueRetired } from './retired.ts';
import {
  allocateReserved,
  endSpaceChanges,
  prepareRetire,
  releaseReservation,
  reservePages,
  retireInGroup,
  SPACE_RECORD_BYTES,
  type Space,
} from './space.ts';
import { HEAP_MAP_ENTRY_BYTES, heapMapEntryPage, heapMapPages, heapMapTable } from './space.layout.gen.ts';
import { freeTemporaryPages, takeTemporaryPages } from './temporary-pages.ts';

const testing = TESTING;

/** Longest extent: 8 MiB. */
const EXTENT_PAGES_MAX = 1024;
/** Bytes of log of a map record without payload. */
export const MAP_RECORD_BYTES = 40;
/** Bytes of log of a mapNode record. */
export const mapNodeBytes = (entries: number): number => recordBytes(MAP_NODE_PREFIX_BYTES + entries * HEAP_MAP_ENTRY_BYTES);

/** What is done with a latched page that has changed: with the group's positions, or unlogged in the temporary file. */
export function changed(space: Space, frame: Frame, logged: boolean): void {
  if (logged) pageChanged(space.cache, frame, space.log.scratch);
  else pageTouched(space.cache, frame);
}

/** Adds a record of two numbers for a map page to the open group. */
export function logMap(space: Space, type: RecordType, pageId: PageId, first: number, second: number): void {
  const at = groupRecord(space.log, type, 0, 0, pageId, 0, 0);
  const u32 = space.log.group.u32;
  u32[(at + 32) >>> 2] = first;
  u32[(at + 36) >>> 2] = second;
}

/** Adds the record that makes a map page what it is now; `start` is the number of its first page. */
export function logMapNode(space: Space, frame: Frame, pageId: PageId, start: number): void {
  const views = pageViews(space.cache, frame);
  const page = pagePlace(space.cache, frame);
  const count = pageSlotCount(views.u16, page);
  const table = heapMapTable(views.u32, page);
  const bytes = MAP_NODE_PREFIX_BYTES + count * HEAP_MAP_ENTRY_BYTES;
  const at = groupRecord(space.log, RECORD.mapNode, 0, table, pageId, 0, bytes);
  const u32 = space.log.group.u32;
  u32[(at + 32) >>> 2] = start;
  u32[(at + 36) >>> 2] = count;
  const payload = (at + 40) >>> 2;
  u32[payload] = pageOwner(views.u32, page);
  u32[payload + 1] = table;
  u32[payload + 2] = heapMapPages(views.u32, page);
  u32[payload + 3] = 0;
  const from = (page + PAGE_HEADER_BYTES) >>> 2;
  for (let word = 0; word < count * 2; word++) u32[payload + 4 + word] = views.u32[from + word];
}

// ---- adding ----

/** Extents are an eighth of the table, a power of two from 1 to EXTENT_PAGES_MAX. */
export const extentPages = (have: number): number => (have < 16 ? 1 : Math.min(1 << (28 - Math.clz32(have)), EXTENT_PAGES_MAX));

/**
 * Adds an extent to the map whose last level 0 page is `last` and which has `have` pages, unless another thread has changed it
 * meanwhile: the caller looks again. Nothing latched or held. 53100.
 */
export function addExtent(space: Space, root: PageId, last: PageId, have: number): void {
  const logged = root >= 0;
  const wanted = extentPages(have);
  const { first, count } = logged ? reserveExtent(space, wanted) : { first: takeTemporaryPages(space, wanted), count: wanted };
  if (testing) yieldPoint('heapMap.reserved');
  let outcome: EnterOutcome = 'changed';
  try {
    outcome = enterExtent(space, root, last, have, first, count);
  } finally {
    if (outcome !== 'entered') giveBack(space, first, count);
  }
  if (outcome === 'full') addMapPage(space, root, last, have);
}

/** What was taken and not used. */
function giveBack(space: Space, first: PageId, count: number): void {
  if (first >= 0) releaseReservation(space, first);
  else freeTemporaryPages(space, first, count);
}

/** A shorter extent where there is no room for a long one. */
function reserveExtent(space: Space, count: number): { first: PageId; count: number } {
  try {
    return { first: reservePages(space, count), count };
  } catch (error) {
    if (count === 1 || !(error instanceof SqlError) || error.code !== SQLSTATE.disk_full) throw error;
    return { first: reservePages(space, 1), count: 1 };
  }
}

type EnterOutcome = 'entered' | 'changed' | 'full';

function enterExtent(space: Space, root: PageId, last: PageId, have: number, first: PageId, count: number): EnterOutcome {
  const { cache, log } = space;
  const logged = root >= 0;
  fetchFrame(cache, last);
  if (logged) groupBegin(log, MAP_RECORD_BYTES + SPACE_RECORD_BYTES);
  const rootFrame = latchPage(cache, root);
  const frame = latchLast(space, rootFrame, root, last);
  const outcome = frame < 0 ? 'changed' : extentOutcome(space, frame, have, first);
  if (outcome === 'entered') {
    mapAddExtent(pageViews(cache, frame), pagePlace(cache, frame), first, count);
    if (logged) {
      logMap(space, RECORD.mapAdd, last, first, count);
      allocateReserved(space, first);
      groupEnd(log);
      endSpaceChanges(space, log.scratch);
    }
    changed(space, frame, logged);
  }
  if (frame >= 0 && frame !== rootFrame) unlatchPage(cache, frame);
  unlatchPage(cache, rootFrame);
  if (logged && outcome !== 'entered') groupCancel(log);
  return outcome;
}

function extentOutcome(space: Space, frame: Frame, have: number, first: PageId): EnterOutcome {
  const views = pageViews(space.cache, frame);
  const page = pagePlace(space.cache, frame);
  if (heapMapPages(views.u32, page) !== have) return 'changed';
  return mapHasRoom(views, page, first) ? 'entered' : 'full';
}

/** Under the root's latch: latches `last` if it is in the cache and the last level 0 page still, else -1. */
function latchLast(space: Space, rootFrame: Frame, root: PageId, last: PageId): Frame {
  const views = pageViews(space.cache, rootFrame);
  const page = pagePlace(space.cache, rootFrame);
  if (pageLevel(views.u16, page) === 0) return last === root ? rootFrame : -1;
  const entry = mapEntry(page, pageSlotCount(views.u16, page) - 1);
  if ((heapMapEntryPage(views.u32, entry) | 0) !== last) return -1;
  return latchResident(space.cache, last);
}

/** Adds a level 0 page behind `last`, which is full: the root's entries go there if `last` is the root itself. */
function addMapPage(space: Space, root: PageId, last: PageId, have: number): void {
  const { cache, log } = space;
  const logged = root >= 0;
  const child = logged ? reservePages(space, 1) : takeTemporaryPages(space, 1);
  let added = false;
  try {
    fetchFrame(cache, last);
    fetchNewFrame(cache, child);
    if (logged) groupBegin(log, mapNodeBytes(MAP_ENTRIES_MAX) + MAP_RECORD_BYTES + SPACE_RECORD_BYTES);
    const rootFrame = latchPage(cache, root);
    const lastFrame = latchLast(space, rootFrame, root, last);
    const full = lastFrame >= 0 && isFull(space, lastFrame, have);
    const childFrame = full ? latchResident(cache, child) : -1;
    added = childFrame >= 0 && !isFullRoot(space, rootFrame);
    if (added) linkMapPage(space, rootFrame, lastFrame, childFrame, child, logged);
    const tooMany = childFrame >= 0 && !added;
    if (childFrame >= 0) unlatchPage(cache, childFrame);
    if (lastFrame >= 0 && lastFrame !== rootFrame) unlatchPage(cache, lastFrame);
    unlatchPage(cache, rootFrame);
    if (logged && !added) groupCancel(log);
    if (tooMany) throw limitExceeded('the number of extents of a table', MAP_ENTRIES_MAX ** 2 + 1, MAP_ENTRIES_MAX ** 2);
  } finally {
    if (!added) giveBack(space, child, 1);
  }
}

function isFull(space: Space, frame: Frame, have: number): boolean {
  const views = pageViews(space.cache, frame);
  const page = pagePlace(space.cache, frame);
  return pageSlotCount(views.u16, page) === MAP_ENTRIES_MAX && heapMapPages(views.u32, page) === have;
}

function isFullRoot(space: Space, frame: Frame): boolean {
  const views = pageViews(space.cache, frame);
  const page = pagePlace(space.cache, frame);
  return pageLevel(views.u16, page) === 1 && pageSlotCount(views.u16, page) === MAP_ENTRIES_MAX;
}

/** With all latches: makes the child and links it. */
function linkMapPage(space: Space, rootFrame: Frame, lastFrame: Frame, childFrame: Frame, child: PageId, logged: boolean): void {
  const { cache, log } = space;
  const views = pageViews(cache, rootFrame);
  const at = pagePlace(cache, rootFrame);
  const root = pageOwner(views.u32, at) | 0;
  const childViews = pageViews(cache, childFrame);
  const childAt = pagePlace(cache, childFrame);
  const moves = rootFrame === lastFrame;
  const start = moves ? 0 : heapMapPages(pageViews(cache, lastFrame).u32, pagePlace(cache, lastFrame));
  formatMapPage(childViews, childAt, child, root, heapMapTable(views.u32, at), start);
  if (moves) copyEntries(space, rootFrame, childFrame);
  mapLinkChild(views, at, child, start);
  if (logged) {
    logMapNode(space, childFrame, child, start);
    logMap(space, RECORD.mapLink, root, child, start);
    allocateReserved(space, child);
    groupEnd(log);
    endSpaceChanges(space, log.scratch);
  }
  changed(space, rootFrame, logged);
  changed(space, childFrame, logged);
}

function copyEntries(space: Space, from: Frame, to: Frame): void {
  const source = pageViews(space.cache, from);
  const sourceAt = pagePlace(space.cache, from);
  const target = pageViews(space.cache, to);
  const targetAt = pagePlace(space.cache, to);
  for (let entry = 0; entry < pageSlotCount(source.u16, sourceAt); entry++) {
    const first = heapMapEntryPage(source.u32, mapEntry(sourceAt, entry)) | 0;
    mapAddExtent(target, targetAt, first, extentLength(source, sourceAt, entry));
  }
}

// ---- giving back ----

/**
 * Gives all pages of a table back, the map's own too, once `lsn` (the end of the commit that dropped or emptied the table) is
 * durable and every epoch has passed (SM-F2). Nobody else uses the map any more. If it is interrupted, it can be called again
 * with the same root, as long as no page was allocated meanwhile. Nothing latched or held.
 */
export function retireHeapMap(space: Space, root: PageId, lsn: Lsn): void {
  for (;;) {
    const cut = cutLast(space, root, lsn);
    if (cut === NO_PAGE) break;
    // An entry of a root of level 1: that map page is empty, and goes itself.
    if (cut !== root) retirePage(space, cut, lsn);
  }
  retirePage(space, root, lsn);
}

/** Takes the last extent, or the last map page when it is empty, out of the map. NO_PAGE when there is nothing left. */
function cutLast(space: Space, root: PageId, lsn: Lsn): PageId {
  const { cache } = space;
  const last = peekLast(space, root);
  if (last.count === 0 && last.page === root) return NO_PAGE;
  const empty = last.count === 0;
  const logged = root >= 0;
  if (logged && !empty) prepareRetire(space, last.first);
  if (logged) groupBegin(space.log, MAP_RECORD_BYTES + SPACE_RECORD_BYTES);
  // An empty level 0 page loses its entry in the root; it is given back afterwards.
  const target = empty ? root : last.page;
  const frame = latchPage(cache, target);
  mapCutLast(pageViews(cache, frame), pagePlace(cache, frame));
  if (logged) {
    logMap(space, RECORD.mapCut, target, 0, 0);
    if (!empty) retireInGroup(space, last.first, last.count);
    groupEnd(space.log);
    endSpaceChanges(space, space.log.scratch);
  }
  const end = space.log.scratch[1];
  changed(space, frame, logged);
  unlatchPage(cache, frame);
  if (empty) return last.page;
  if (logged) queueRetired(space, last.first, last.count, Math.max(lsn, end));
  else freeTemporaryPages(space, last.first, last.count);
  return root;
}

/** The last level 0 page and its last extent; count 0 when it has none. */
function peekLast(space: Space, root: PageId): { page: PageId; first: PageId; count: number } {
  const { cache } = space;
  let mapPage = root;
  for (;;) {
    const frame = latchPage(cache, mapPage);
    const views = pageViews(cache, frame);
    const page = pagePlace(cache, frame);
    const entries = pageSlotCount(views.u16, page);
    const inner = pageLevel(views.u16, page) > 0;
    const first = entries === 0 ? NO_PAGE : heapMapEntryPage(views.u32, mapEntry(page, entries - 1)) | 0;
    const count = entries === 0 || inner ? 0 : extentLength(views, page, entries - 1);
    unlatchPage(cache, frame);
    if (!inner || entries === 0) return { page: mapPage, first, count };
    mapPage = first;
  }
}

/** One page of a map goes back. */
function retirePage(space: Space, pageId: PageId, lsn: Lsn): void {
  if (pageId < 0) return freeTemporaryPages(space, pageId, 1);
  giveBackPage(space, pageId, lsn);
}

/** Retires one page in a group of its own, to be free once `lsn` and that group are durable (SM-F2). Nothing latched or held. */
export function giveBackPage(space: Space, pageId: PageId, lsn: Lsn): void {
  prepareRetire(space, pageId);
  groupBegin(space.log, SPACE_RECORD_BYTES);
  retireInGroup(space, pageId, 1);
  groupEnd(space.log);
  const end = space.log.scratch[1];
  endSpaceChanges(space, space.log.scratch);
  queueRetired(space, pageId, 1, Math.max(lsn, end));
}
