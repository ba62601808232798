/**
 * check(): every page of the database, against its checksum, against itself, and against what says who owns it.
 *
 *   1  the meta pages
 *   2  every page of the data file: its image in the file, then what the cache has of it, by the rules of its type
 *   3  what the upper floors hand in: tables, indexes, chains walk their structures and claim their pages
 *   4  a page that two claim, or that the bitmaps call free though somebody claims it; a page in use that nobody claims
 *
 * Runs beside other work: images are read while the page writer is owned, pages of the cache are copied under a hold. Step 4
 * makes sense only while nothing is allocated. Slow and allocating: nothing here is on a hot path.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { NO_FRAME, PAGE_BYTES, type PageId } from '../../shm/types.ts';
import { loadFrameState } from '../../shm/frame.layout.gen.ts';
import { FRAME_STATE_DIRTY } from '../../shm/frame.layout.ts';
import { heldFrame, holdFrame, releaseFrame } from '../../shm/frame-latch.ts';
import { lookupFrame } from '../../shm/page-table.ts';
import { frameBase } from '../../shm/shared-memory.ts';
import { dataPages } from './cache/grow.ts';
import { type PageCache, pagePlace, pageViews } from './cache/page-cache.ts';
import { checkedPart, IMAGE_BLANK, IMAGE_SOUND, imageDamaged, imageState, pagePosition } from './cache/page-image.ts';
import { giveWriter, takeWriter } from './cache/page-writer.ts';
import { soundMetaPages } from './meta.ts';
import { checkPageImage, type PageLimits } from './page-check.ts';
import { pageType } from './page.layout.gen.ts';
import { pageTypeName } from './page.layout.ts';
import { type ByteViews, privateViews } from './rows/byte-views.ts';
import { PAGE_USED } from './space/allocation-page.ts';
import { GROUP_FIXED_PAGES, GROUP_PAGES, META_PAGES } from './space/geometry.ts';
import { pageUse, type Space } from './space/space.ts';

/** Something that is wrong. */
export interface Problem {
  file: string;
  /** -1 where it is no page's problem. */
  page: PageId;
  what: string;
}

export interface CheckReport {
  readonly problems: Problem[];
  /** Pages in use that nobody claimed: room lost, nothing worse. Empty unless structures were given. */
  readonly unowned: PageId[];
  pagesChecked: number;
}

/** How far a check is: pages looked at, of those that there are; each is looked at by itself and for who owns it. */
export interface CheckProgress {
  readonly done: number;
  readonly of: number;
}

export type CheckListener = (progress: CheckProgress) => void;

/** What a structure's check is given. */
export interface CheckContext {
  readonly space: Space;
  /** Says that something is wrong. */
  complain(page: PageId, what: string): void;
  /** Says that these pages belong to `owner`, named for people: 'table 17', 'index 18'. */
  claim(first: PageId, count: number, owner: string): void;
  /** Runs a part of the check; damage that ends it is a problem of that part, and the check goes on behind it. */
  attempt(page: PageId, body: () => void): void;
}

/** Walks one structure, or all structures of a kind. */
export type StructureChecker = (context: CheckContext) => void;

/** Pages read from the file at a time. */
const CHUNK_PAGES = 64;

/** Checks everything; see the file's head. Nothing latched or held. `told` now and then. */
export function checkDatabase(
  space: Space,
  structures: readonly StructureChecker[] = [],
  told: CheckListener = () => undefined,
): CheckReport {
  const report: CheckReport = { problems: [], unowned: [], pagesChecked: 0 };
  const { cache } = space;
  const complain = (page: PageId, what: string): void => {
    report.problems.push({ file: page < 0 && page !== -1 ? cache.files.temporary.path : cache.files.data.path, page, what });
  };
  const sound = soundMetaPages(cache.files);
  if (sound < META_PAGES) complain(-1, `${META_PAGES - sound} of ${META_PAGES} meta pages are damaged`);
  const scanning = cache.scanning;
  cache.scanning = true;
  try {
    checkPages(cache, report, complain, told);
    if (structures.length > 0) checkOwners(space, structures, report, complain, told);
  } finally {
    cache.scanning = scanning;
  }
  return report;
}

// ---- pages ----

function checkPages(cache: PageCache, report: CheckReport, complain: CheckContext['complain'], told: CheckListener): void {
  const views = privateViews(CHUNK_PAGES * PAGE_BYTES);
  const pages = dataPages(cache);
  for (let first = META_PAGES; first < pages; first += CHUNK_PAGES) {
    const count = Math.min(CHUNK_PAGES, pages - first);
    readChunk(cache, views, first, count);
    for (let index = 0; index < count; index++) {
      const pageId = first + index;
      checkFileImage(cache, views, index * PAGE_BYTES, pageId, complain);
      // What is in the cache is newer.
      const state = copyResident(cache, views, index * PAGE_BYTES, pageId)
        ? IMAGE_SOUND
        : fileState(views, index * PAGE_BYTES, pageId);
      const limits = { boot: cache.boot, endLsn: cache.log.endLsn() };
      if (state === IMAGE_SOUND) checkImage(views, index * PAGE_BYTES, pageId, limits, complain);
      report.pagesChecked++;
    }
    told({ done: report.pagesChecked, of: pages * 2 });
  }
}

/** While the page writer is owned no image changes under the read. */
function readChunk(cache: PageCache, views: ByteViews, first: PageId, count: number): void {
  takeWriter(cache);
  try {
    const got = cache.files.data.read(pagePosition(first), views.bytesView, 0, count * PAGE_BYTES);
    views.u8.fill(0, got);
  } finally {
    giveWriter(cache);
  }
}

const fileState = (views: ByteViews, at: number, pageId: PageId): number =>
  imageState(views, at, pageId, checkedPart(views.bytesView, at));

function checkFileImage(
  cache: PageCache,
  views: ByteViews,
  at: number,
  pageId: PageId,
  complain: CheckContext['complain'],
): void {
  const state = fileState(views, at, pageId);
  if (state === IMAGE_SOUND || state === IMAGE_BLANK) return;
  // A write that ran out of room has left a part of an image over a hole of the file: the page is dirty still, and is written again.
  if (isDirty(cache, pageId)) return;
  complain(pageId, imageDamaged(views, at, pageId, state, cache.files.data.path).message);
}

function isDirty(cache: PageCache, pageId: PageId): boolean {
  const frame = lookupFrame(cache.shm, pageId);
  return frame >= 0 && loadFrameState(cache.i32, frameBase(cache.shm, frame)) === FRAME_STATE_DIRTY;
}

/** Copies the page out of the cache if it is there. */
function copyResident(cache: PageCache, views: ByteViews, at: number, pageId: PageId): boolean {
  const frame = lookupFrame(cache.shm, pageId);
  if (frame < 0 || !holdFrame(cache.shm, frame, pageId)) return false;
  const from = pagePlace(cache, frame);
  views.u8.set(pageViews(cache, frame).u8.subarray(from, from + PAGE_BYTES), at);
  releaseFrame(cache.shm, frame);
  return pageType(views.u8, at) !== 0;
}

function checkImage(views: ByteViews, at: number, pageId: PageId, limits: PageLimits, complain: CheckContext['complain']): void {
  const name = pageTypeName(pageType(views.u8, at));
  checkPageImage(views, at, pageId, limits, (what) => complain(pageId, `${name} page ${pageId}: ${what}`));
}

// ---- owners ----

const isDamage = (error: unknown): error is SqlError =>
  error instanceof SqlError && (error.code === SQLSTATE.data_corrupted || error.code === SQLSTATE.index_corrupted);

function checkOwners(
  space: Space,
  structures: readonly StructureChecker[],
  report: CheckReport,
  complain: CheckContext['complain'],
  told: CheckListener,
): void {
  const owners = new Map<PageId, string>();
  const all = dataPages(space.cache);
  const claim = (first: PageId, count: number, owner: string): void => {
    for (let page = first; page < first + count; page++) {
      const other = owners.get(page);
      if (other !== undefined) complain(page, `page ${page} belongs to ${other} and to ${owner}`);
      owners.set(page, owner);
    }
    told({ done: all + Math.min(all, owners.size), of: all * 2 });
  };
  let isWhole = true;
  const attempt = (page: PageId, body: () => void): void => {
    try {
      body();
    } catch (error) {
      if (!isDamage(error)) throw error;
      isWhole = false;
      const held = heldFrame(space.cache.shm);
      if (held !== NO_FRAME) releaseFrame(space.cache.shm, held);
      complain(page, error.message);
    }
  };
  const context: CheckContext = { space, complain, claim, attempt };
  for (const structure of structures) attempt(-1, () => structure(context));
  for (const [page, owner] of owners) {
    if (page >= 0 && pageUse(space, page) !== PAGE_USED) complain(page, `page ${page} of ${owner} is not allocated`);
  }
  // Whose the pages behind damage are nobody knows.
  const pages = isWhole ? dataPages(space.cache) : 0;
  for (let page = 0; page < pages; page++) {
    if (page % GROUP_PAGES < GROUP_FIXED_PAGES || owners.has(page)) continue;
    if (pageUse(space, page) === PAGE_USED) report.unowned.push(page);
  }
  told({ done: all * 2, of: all * 2 });
}
