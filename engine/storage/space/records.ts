/**
 * Log records of free space and heap maps: what redo does with them, and how the inspector prints them.
 *
 *   record       page             aux32             aux32Second        payload
 *   allocate     allocation page  first page        pages              -
 *   retire       allocation page  first page        pages              -
 *   pageFormat   the page         type              owner              -
 *   mapNode      map page         first index       entries            root, table, pages, 0 (u32 each), the entries
 *   mapAdd       map page         first page        pages              -
 *   mapCut       map page         -                 -                  -
 *   mapGrow      root             usable            -                  -
 *   mapLink      root             map page          its first index    -
 *
 * All are structure changes of transaction 0: never undone (SM-W6).
 */

import { LOG_RECORD_BYTES, logRecordAux32, logRecordAux32Second, logRecordPage } from '../log/log-record.layout.gen.ts';
import { type PageViews, RECORD, type RecordViews, registerRecord } from '../log/records.ts';
import { pageType, setPageSlotCount, setPageFreeStart } from '../page.layout.gen.ts';
import { PAGE_HEADER_BYTES, pageTypeName } from '../page.layout.ts';
import { markRetired, markUsed } from './allocation-page.ts';
import { formatPage } from './format-page.ts';
import { formatSpacePage, GROUP_PAGES } from './geometry.ts';
import { formatMapPage, mapAddExtent, mapCutLast, mapLinkChild } from './heap-map-page.ts';
import { HEAP_MAP_ENTRY_BYTES, setHeapMapPages, setHeapMapUsable } from './space.layout.gen.ts';

/** Bytes of a mapNode's payload before its entries. */
export const MAP_NODE_PREFIX_BYTES = 16;

const aux = (views: RecordViews, record: number): number => logRecordAux32(views.u32, record);
const auxSecond = (views: RecordViews, record: number): number => logRecordAux32Second(views.u32, record);
const pagesText = (views: RecordViews, record: number): string => `pages ${aux(views, record)} +${auxSecond(views, record)}`;

/** An allocation page that was never written has the content that its number says. */
function ensureFormatted(views: RecordViews, record: number, page: PageViews, at: number): void {
  if (pageType(page.u8, at) === 0) formatSpacePage(page, at, logRecordPage(views.u32, record), 0);
}

function redoAllocate(views: RecordViews, record: number, page: PageViews, at: number): void {
  ensureFormatted(views, record, page, at);
  markUsed(page, at, aux(views, record) % GROUP_PAGES, auxSecond(views, record));
}

function redoRetire(views: RecordViews, record: number, page: PageViews, at: number): void {
  ensureFormatted(views, record, page, at);
  markRetired(page, at, aux(views, record) % GROUP_PAGES, auxSecond(views, record));
}

function redoFormat(views: RecordViews, record: number, page: PageViews, at: number): void {
  formatPage(page, at, logRecordPage(views.u32, record) | 0, aux(views, record), auxSecond(views, record));
}

function redoMapNode(views: RecordViews, record: number, page: PageViews, at: number): void {
  const payload = (record + LOG_RECORD_BYTES) >>> 2;
  const entries = auxSecond(views, record);
  const { u32 } = views;
  formatMapPage(page, at, logRecordPage(u32, record) | 0, u32[payload] | 0, u32[payload + 1], aux(views, record));
  const from = payload + MAP_NODE_PREFIX_BYTES / 4;
  const to = (at + PAGE_HEADER_BYTES) >>> 2;
  for (let word = 0; word < entries * 2; word++) page.u32[to + word] = u32[from + word];
  setPageSlotCount(page.u16, at, entries);
  setPageFreeStart(page.u16, at, PAGE_HEADER_BYTES + entries * HEAP_MAP_ENTRY_BYTES);
  setHeapMapPages(page.u32, at, u32[payload + 2]);
}

/** Makes the types known to recovery and the inspector. Once a thread; again does nothing. */
export function registerSpaceRecords(): void {
  registerRecord(RECORD.allocate, { name: 'allocate', redo: redoAllocate, print: pagesText });
  registerRecord(RECORD.retire, { name: 'retire', redo: redoRetire, print: pagesText });
  registerRecord(RECORD.pageFormat, {
    name: 'page format',
    redo: redoFormat,
    formats: true,
    print: (views, record) => `${pageTypeName(aux(views, record))}, owner ${auxSecond(views, record)}`,
  });
  registerRecord(RECORD.mapNode, {
    name: 'heap map page',
    redo: redoMapNode,
    formats: true,
    print: (views, record) => `${auxSecond(views, record)} extents`,
  });
  registerRecord(RECORD.mapAdd, { name: 'heap map add', redo: redoMapAdd, print: pagesText });
  registerRecord(RECORD.mapCut, { name: 'heap map cut', redo: redoMapCut });
  registerRecord(RECORD.mapGrow, {
    name: 'heap map grow',
    redo: redoMapGrow,
    print: (views, record) => `usable ${aux(views, record)}`,
  });
  registerRecord(RECORD.mapLink, {
    name: 'heap map link',
    redo: redoMapLink,
    print: (views, record) => `page ${aux(views, record)}`,
  });
}

function redoMapAdd(views: RecordViews, record: number, page: PageViews, at: number): void {
  mapAddExtent(page, at, aux(views, record) | 0, auxSecond(views, record));
}

function redoMapCut(_views: RecordViews, _record: number, page: PageViews, at: number): void {
  mapCutLast(page, at);
}

function redoMapGrow(views: RecordViews, record: number, page: PageViews, at: number): void {
  setHeapMapUsable(page.u32, at, aux(views, record));
}

function redoMapLink(views: RecordViews, record: number, page: PageViews, at: number): void {
  mapLinkChild(page, at, aux(views, record) | 0, auxSecond(views, record));
}
