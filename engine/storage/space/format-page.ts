/** Making a page empty, of a type and an owner: at run time and in redo alike (record pageFormat). */

import { PAGE_BYTES, type PageId } from '../../../shm/types.ts';
import { groupRecord } from '../log/group.ts';
import { RECORD, type PageViews } from '../log/records.ts';
import { setPageFreeEnd, setPageFreeStart, setPageOwner, setPagePageId, setPageRight, setPageType } from '../page.layout.gen.ts';
import { NO_PAGE_STORED, PAGE_HEADER_BYTES } from '../page.layout.ts';
import type { Space } from './space.ts';

/**
 * Empties the page at byte offset `page`: everything is zero but number, type, owner, the gap from 64 to 8192 and right = none.
 * LSN and checksum are left as they are. The caller has latched it.
 */
export function formatPage(views: PageViews, page: number, pageId: PageId, type: number, owner: number): void {
  views.i32.fill(0, (page + 16) >>> 2, (page + PAGE_BYTES) >>> 2);
  setPagePageId(views.u32, page, pageId);
  setPageType(views.u8, page, type);
  setPageFreeStart(views.u16, page, PAGE_HEADER_BYTES);
  setPageFreeEnd(views.u16, page, PAGE_BYTES);
  setPageOwner(views.u32, page, owner);
  setPageRight(views.u32, page, NO_PAGE_STORED);
}

/** Bytes of log that logFormat() adds to its group. */
export const FORMAT_RECORD_BYTES = 40;

/** Adds the record for a page that the caller formats so. */
export function logFormat(space: Space, table: number, pageId: PageId, type: number, owner: number): void {
  const at = groupRecord(space.log, RECORD.pageFormat, 0, table, pageId, 0, 0);
  const u32 = space.log.group.u32;
  u32[(at + 32) >>> 2] = type;
  u32[(at + 36) >>> 2] = owner;
}
