/**
 * The last step of recovery before its checkpoint (SM-W8): every page that may carry something of an earlier boot is shown to
 * the read hook of its type, which resolves stamps from the table of winners and clears back words and lock flags.
 *
 *   pages in the cache        were read before the hooks knew anything
 *   pages that records name   may carry stamps of winners; evicted ones are read again, and meet the hook there
 *
 * What changed so is held in the log from where this recovery began, until the page is written: the next recovery would have
 * to find the commit records again. All other pages meet the hook when they are read, this boot or a later one.
 *
 * For this to reach every page, stamping at run time must give a clean page the FIRST log position of the transaction as
 * its recovery position, so that a page with a stamp in flight in the file is always named by a record that is still kept.
 */

import { assert } from '../../../shm/assert.ts';
import { framesTaken } from '../../../shm/clock-hand.ts';
import { latchFrame, unlatchFrame } from '../../../shm/frame-latch.ts';
import { loadFrameState } from '../../../shm/frame.layout.gen.ts';
import { FRAME_STATE_CLEAN, FRAME_STATE_DIRTY } from '../../../shm/frame.layout.ts';
import { frameBase } from '../../../shm/shared-memory.ts';
import { latchPage, type PageCache, pageChanged, pageIdOf, pagePlace, pageViews, unlatchPage } from '../cache/page-cache.ts';
import { pageBoot, pageType, setPageBoot } from '../page.layout.gen.ts';
import { listPages } from './page-set.ts';
import type { RecoveryState } from './recover.ts';

/** Shows the pages to the hooks. The cache already runs under the new boot, with its hooks; nobody else works yet. */
export function finishPages(state: RecoveryState, cache: PageCache): void {
  assert(cache.boot === state.boot, 'the cache runs under the new boot');
  const lsns = Float64Array.of(state.reader.known.lsn, 0);
  for (let frame = 0; frame < framesTaken(cache.shm); frame++) {
    const frameState = loadFrameState(cache.i32, frameBase(cache.shm, frame));
    if (frameState !== FRAME_STATE_CLEAN && frameState !== FRAME_STATE_DIRTY) continue;
    latchFrame(cache.shm, frame);
    // Temporary pages are of this boot only.
    if (pageIdOf(cache, frame) >= 0) showToHook(cache, frame, lsns);
    unlatchFrame(cache.shm, frame);
  }
  for (const page of listPages(state.pages)) {
    const frame = latchPage(cache, page);
    if (loadFrameState(cache.i32, frameBase(cache.shm, frame)) === FRAME_STATE_DIRTY) pageChanged(cache, frame, lsns);
    unlatchPage(cache, frame);
  }
}

function showToHook(cache: PageCache, frame: number, lsns: Float64Array): void {
  const views = pageViews(cache, frame);
  const at = pagePlace(cache, frame);
  if (pageBoot(views.u32, at) === cache.boot) return;
  const hook = cache.readHooks[pageType(views.u8, at)] ?? null;
  if (hook?.(views, at, pageIdOf(cache, frame)) === true) pageChanged(cache, frame, lsns);
  setPageBoot(views.u32, at, cache.boot);
}
