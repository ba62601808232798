/**
 * One page of an overflow chain: filling it, at run time and in redo, and checking it. overflow.ts says what its header
 * fields mean.
 */

import { PAGE_BYTES } from '../../../shm/types.ts';
import {
  logRecordAux16,
  logRecordAux32,
  logRecordAux32Second,
  logRecordPage,
  logRecordPrevious,
  logRecordTable,
  logRecordTransaction,
  LOG_RECORD_BYTES,
} from '../log/log-record.layout.gen.ts';
import {
  pageExtra0,
  pageExtra2,
  pageFreeStart,
  pageRight,
  pageType,
  setPageExtra0,
  setPageExtra1,
  setPageExtra2,
  setPageFreeStart,
  setPageGreatestStamp,
  setPageRight,
} from '../page.layout.gen.ts';
import { NO_PAGE_STORED, PAGE_HEADER_BYTES, PAGE_TYPE_OVERFLOW } from '../page.layout.ts';
import type { WordViews } from '../rows/byte-views.ts';
import { formatPage } from '../space/format-page.ts';

/** Bytes of a value on one page. */
export const OVERFLOW_PAGE_BYTES = PAGE_BYTES - PAGE_HEADER_BYTES;

/** Makes the latched page at `place` one of a chain: `count` bytes of `source` from `from` on. Nothing is allocated. */
export function fillOverflowPage(
  views: WordViews,
  place: number,
  pageId: number,
  table: number,
  transaction: number,
  before: number,
  next: number,
  remaining: number,
  source: Buffer,
  from: number,
  count: number,
): void {
  setHeader(views, place, pageId, table, transaction, before, next, remaining, count);
  source.copy(views.u8, place + PAGE_HEADER_BYTES, from, from + count);
}

function setHeader(
  views: WordViews,
  place: number,
  pageId: number,
  table: number,
  transaction: number,
  before: number,
  next: number,
  remaining: number,
  count: number,
): void {
  formatPage(views, place, pageId, PAGE_TYPE_OVERFLOW, table);
  setPageFreeStart(views.u16, place, PAGE_HEADER_BYTES + count);
  setPageGreatestStamp(views.f64, place, before);
  setPageRight(views.u32, place, next);
  setPageExtra0(views.u32, place, count);
  setPageExtra1(views.u32, place, transaction);
  setPageExtra2(views.u32, place, remaining);
}

/** Redo of overflowWrite, as registerRecord() wants it; with `formats`, because it makes the whole page. */
export function redoOverflowWrite(views: WordViews, record: number, page: WordViews, pageOffset: number): void {
  const count = logRecordAux16(views.u16, record);
  setHeader(
    page,
    pageOffset,
    logRecordPage(views.u32, record),
    logRecordTable(views.u32, record),
    logRecordTransaction(views.u32, record),
    logRecordPrevious(views.f64, record),
    logRecordAux32Second(views.u32, record),
    logRecordAux32(views.u32, record),
    count,
  );
  const to = pageOffset + PAGE_HEADER_BYTES;
  const from = record + LOG_RECORD_BYTES;
  for (let byte = 0; byte < count; byte++) page.u8[to + byte] = views.u8[from + byte];
}

/** What is wrong with an overflow page, one sentence each; empty when it is sound. */
export function checkOverflowPage(views: WordViews, place: number): string[] {
  const type = pageType(views.u8, place);
  if (type !== PAGE_TYPE_OVERFLOW) return [`the type is ${type}, not that of an overflow page`];
  const problems: string[] = [];
  const count = pageExtra0(views.u32, place);
  const remaining = pageExtra2(views.u32, place);
  const last = pageRight(views.u32, place) === NO_PAGE_STORED;
  if (count > OVERFLOW_PAGE_BYTES || count > remaining)
    problems.push(`it claims ${count} bytes, ${remaining} to the end of its chain`);
  if (last !== (count === remaining)) problems.push(`${count} of ${remaining} bytes, but ${last ? 'no' : 'a'} next page`);
  if (!last && count !== OVERFLOW_PAGE_BYTES) problems.push(`${count} bytes on a page that is not the last of its chain`);
  if (pageFreeStart(views.u16, place) !== PAGE_HEADER_BYTES + count)
    problems.push(`freeStart is ${pageFreeStart(views.u16, place)} with ${count} bytes`);
  return problems;
}
