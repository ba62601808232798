/**
 * Entries that count without a look at their rows (SM-P2):
 *
 *   1  entries are copied from a leaf, whose version is noted (cursor.ts)
 *   2  the page of an entry's row: are all its rows visible, none above the snapshot, none with other keys before?
 *   3  the leaf has not changed since 1
 *
 * So at the moment of 2 the entry was in the index, and no entry for the page was of another key than its row's newest version, which
 * the snapshot sees. In any other case the row is read and its key compared (SM-B2): who changes a key or deletes a row
 * clears what 2 asks for in the same latch, before the change is there; and what the collector takes out of the leaf moves the leaf.
 *
 * Hot file: free functions, nothing allocated per entry.
 */

import { awaitVersion, readBegin, readUnchanged, READ_LATCHED } from '../../shm/frame-latch.ts';
import { FRAME_BYTES, FRAME_PAGE_ID } from '../../shm/frame.layout.gen.ts';
import { lookupFrame } from '../../shm/page-table.ts';
import { frameOffset } from '../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { batchStands, type Cursor } from '../storage/btree/cursor.ts';
import { fetchFrame, touch } from '../storage/cache/page-cache.ts';
import { PAGE_FLAGS, PAGE_GREATEST_STAMP, PAGE_OWNER, PAGE_TYPE } from '../storage/page.layout.gen.ts';
import { PAGE_ALL_VISIBLE, PAGE_ENTRIES_EXACT, PAGE_TYPE_HEAP } from '../storage/page.layout.ts';
import type { IndexRuntime, TableRuntime } from '../storage/rows/runtime.ts';
import { DEPENDENCY, SERIALIZABLE, SNAPSHOT, type Transaction, type Transactions, WATCH } from './transactions.ts';

const testing = TESTING;

const SETTLED = PAGE_ALL_VISIBLE | PAGE_ENTRIES_EXACT;

/**
 * What pages have said of themselves, by their numbers: frame, its version then, and the stamp from which on a snapshot sees all rows of the
 * page as its indexes have them (Infinity: not all, or not so). It holds as long as the frame has that page and that version.
 */
export interface PageVerdicts {
  readonly pages: Int32Array;
  readonly frames: Int32Array;
  readonly versions: Int32Array;
  readonly stamps: Float64Array;
}

/** A power of two. */
const VERDICTS = 8192;

const newVerdicts = (): PageVerdicts => ({
  pages: new Int32Array(VERDICTS),
  frames: new Int32Array(VERDICTS).fill(-1),
  versions: new Int32Array(VERDICTS),
  stamps: new Float64Array(VERDICTS),
});

/**
 * Sets counts[i] to 1 for those entries from..to of the cursor's batch that count as they are, to 0 for those whose rows have to be
 * read. A snapshot is taken; no page held. May read pages.
 */
export function entriesThatCount(
  tx: Transaction,
  table: TableRuntime,
  index: IndexRuntime,
  cursor: Cursor,
  from: number,
  to: number,
  counts: Uint8Array,
): void {
  const txns = tx.context;
  const { times } = tx;
  const snapshot = times[SNAPSHOT];
  // A serializable reader's rows are recorded one by one.
  if (tx.isolation === SERIALIZABLE || index.inexact === true) {
    counts.fill(0, from, to);
    return;
  }
  txns.pageVerdicts ??= newVerdicts();
  if (testing) yieldPoint('indexOnly.copied');
  const { rowPages } = cursor;
  let greatest = 0;
  let last = 0;
  let verdict = 0;
  let found = 0;
  for (let entry = from; entry < to; entry++) {
    const page = rowPages[entry];
    if (page !== last || entry === from) {
      last = page;
      const stamp = settledStamp(txns, txns.pageVerdicts, table.id, page);
      verdict = stamp <= snapshot ? 1 : 0;
      if (verdict === 1 && stamp > greatest) greatest = stamp;
    }
    counts[entry] = verdict;
    found |= verdict;
  }
  if (found === 0) return;
  if (testing) yieldPoint('indexOnly.looked');
  if (batchStands(txns.tree, cursor)) {
    if (greatest > times[WATCH] && greatest > times[DEPENDENCY]) times[DEPENDENCY] = greatest;
  } else counts.fill(0, from, to);
}

/** The least snapshot that sees the page's rows as indexes have them; Infinity: none may go by the page alone. */
function settledStamp(txns: Transactions, known: PageVerdicts, table: number, page: number): number {
  const { shm } = txns;
  const { i32 } = shm;
  const place = (page ^ (page >>> 13)) & (VERDICTS - 1);
  const frame = known.frames[place];
  if (frame >= 0 && known.pages[place] === page) {
    const base = shm.framesBase + frame * FRAME_BYTES;
    if (readBegin(i32, base) === known.versions[place] && i32[(base + FRAME_PAGE_ID) >>> 2] === page) return known.stamps[place];
  }
  return lookAtPage(txns, known, table, page, place);
}

/** Optimistically (SM-L2): the header of a page, one state of it. */
function lookAtPage(txns: Transactions, known: PageVerdicts, table: number, page: number, place: number): number {
  const { shm, cache } = txns;
  const { i32 } = shm;
  for (;;) {
    let frame = lookupFrame(shm, page);
    const wasThere = frame >= 0;
    if (!wasThere) frame = fetchFrame(cache, page);
    const base = shm.framesBase + frame * FRAME_BYTES;
    const version = readBegin(i32, base);
    if (version === READ_LATCHED) {
      awaitVersion(shm, frame);
      continue;
    }
    if (i32[(base + FRAME_PAGE_ID) >>> 2] !== page) continue;
    const views = shm.frameSegments[frame >>> shm.frameShift];
    const at = frameOffset(shm, frame);
    const type = views.u8[at + PAGE_TYPE];
    const flags = views.u8[at + PAGE_FLAGS];
    const owner = views.u32[(at + PAGE_OWNER) >>> 2];
    const greatest = views.f64[(at + PAGE_GREATEST_STAMP) >>> 3];
    if (testing) yieldPoint('indexOnly.beforeValid');
    if (!readUnchanged(shm, base, version)) continue;
    if (wasThere) touch(cache, frame);
    const isSettled = type === PAGE_TYPE_HEAP && owner === table && (flags & SETTLED) === SETTLED;
    known.pages[place] = page;
    known.frames[place] = frame;
    known.versions[place] = version;
    known.stamps[place] = isSettled ? greatest : Number.POSITIVE_INFINITY;
    return known.stamps[place];
  }
}

/** How many of `pages` pages, drawn at even distances, are settled for a new snapshot; only those that are in the cache are asked. */
export function settledShare(txns: Transactions, table: TableRuntime, pageAt: (index: number) => number, pages: number): number {
  const { shm } = txns;
  txns.pageVerdicts ??= newVerdicts();
  let asked = 0;
  let settled = 0;
  for (let sample = 0; sample < SAMPLES && sample < pages; sample++) {
    const page = pageAt(Math.floor((sample * pages) / Math.min(SAMPLES, pages)));
    if (lookupFrame(shm, page) < 0) continue;
    asked++;
    if (settledStamp(txns, txns.pageVerdicts, table.id, page) < Number.POSITIVE_INFINITY) settled++;
  }
  // Of pages that are only in the file nothing is known but that they have been at rest for a while.
  return asked === 0 ? 1 : settled / asked;
}

const SAMPLES = 32;
