/**
 * Sequences: one page each, whose id is fixed for life (SM-F3).
 *
 *   value          limit
 *     |--- ahead ---|          values that may be given out without a log record, because the log already says `limit`
 *
 *   nextValue    latch; value += increment; is one ahead? then ahead -= 1, else log limit = the 31st value from here; unlatch
 *   crash        the page is what its last record says, or what was written of it: value = limit, nothing ahead
 *
 * So a crash may skip values, and none is given out twice. Nothing is rolled back: the records belong to no transaction. What
 * a value rests on is the record that covers it: it may leave the process when the log is durable up to resultLsn(); a commit
 * that stores it comes later in the same log.
 *
 * A page that an earlier boot wrote counts as written before a crash, unless that boot was the last and ended in order.
 *
 * The whole range of int64 is exact: words, no doubles (int64-words.ts), and nothing is allocated under the latch (SM-L7).
 */

import type { PageId } from '../../shm/types.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import {
  holdPage,
  latchNewPage,
  latchPage,
  onPageRead,
  type PageCache,
  pageChanged,
  pagePlace,
  pageTouched,
  pageViews,
  releasePage,
  unlatchPage,
} from './cache/page-cache.ts';
import { addWords, compareWords, highWord, isInt64, lowWord, wordsToInteger } from './int64-words.ts';
import { takeCredit } from './log/credit.ts';
import { groupBegin, groupEnd, groupRecord } from './log/group.ts';
import { publish, reserve, startRecord } from './log/log.ts';
import type { Log } from './log/log-context.ts';
import { LOG_RECORD_BYTES } from './log/log-record.layout.gen.ts';
import { type PageViews, RECORD, RECORD_GROUP_END, type RecordViews, registerRecord } from './log/records.ts';
import { PAGE_BOOT, PAGE_LSN, pagePageId, pageType, setPageLsn } from './page.layout.gen.ts';
import { PAGE_HEADER_BYTES, PAGE_TYPE_SEQUENCE } from './page.layout.ts';
import { copyWords } from './rows/byte-views.ts';
import {
  SEQUENCE_STATE_BYTES,
  sequenceStateAhead,
  sequenceStateFlags,
  sequenceStateIncrementHigh,
  sequenceStateIncrementLow,
  sequenceStateLimitHigh,
  sequenceStateLimitLow,
  sequenceStateMaximumHigh,
  sequenceStateMaximumLow,
  sequenceStateMinimumHigh,
  sequenceStateMinimumLow,
  sequenceStateStartHigh,
  sequenceStateStartLow,
  sequenceStateValueHigh,
  sequenceStateValueLow,
  setSequenceStateAhead,
  setSequenceStateFlags,
  setSequenceStateLimitHigh,
  setSequenceStateLimitLow,
  setSequenceStateValueHigh,
  setSequenceStateValueLow,
} from './sequence.layout.gen.ts';
import { SEQUENCE_CALLED, SEQUENCE_CYCLE } from './sequence.layout.ts';
import { cannotBeSet, outOfBounds, type SequenceOptions, sequenceExhausted, sequenceState } from './sequence-options.ts';
import { formatPage } from './space/format-page.ts';
import { allocateReserved, endSpaceChanges, reservePages, type Space } from './space/space.ts';

const testing = TESTING;

/** Values that one log record covers. */
export const SEQUENCE_CACHE = 32;

const RECORD_BYTES = LOG_RECORD_BYTES + SEQUENCE_STATE_BYTES;

/** What a thread needs to work with sequences; its results. */
export interface Sequences {
  readonly cache: PageCache;
  readonly log: Log;
  readonly space: Space;
  /** [0], [1]: the last result, (high, low). The rest is scratch. */
  readonly words: Int32Array;
  /** [0]: position up to which the log must be durable before the result leaves the process. */
  readonly lsn: Float64Array;
}

/** All of a sequence, for catalogs and the inspector. */
export interface SequenceDescription {
  value: number | bigint;
  /** False: `value` has not been given out yet. */
  called: boolean;
  minimum: number | bigint;
  maximum: number | bigint;
  increment: number | bigint;
  start: number | bigint;
  cycle: boolean;
}

/**
 * This thread's view. Once a thread. `clean`: the boot before this one ended in order, so that what it wrote last is the last
 * word on each sequence.
 */
export function createSequences(cache: PageCache, log: Log, space: Space, clean: boolean): Sequences {
  onPageRead(cache, PAGE_TYPE_SEQUENCE, (views, page) => {
    const boot = views.u32[(page + PAGE_BOOT) >>> 2];
    if (clean && boot === cache.boot - 1) return false;
    return forgetAhead(views.i32, page + PAGE_HEADER_BYTES);
  });
  return { cache, log, space, words: new Int32Array(8), lsn: new Float64Array(1) };
}

/** What may have been given out was given out. True when that changed something. */
function forgetAhead(i32: Int32Array, state: number): boolean {
  if (sequenceStateAhead(i32, state) === 0) return false;
  setSequenceStateValueHigh(i32, state, sequenceStateLimitHigh(i32, state));
  setSequenceStateValueLow(i32, state, sequenceStateLimitLow(i32, state));
  setSequenceStateAhead(i32, state, 0);
  return true;
}

// ---- making and changing ----

/** Makes a sequence; returns its page, which is its root for life. 22023 for options that cannot be, 53100 for a full disk. */
export function createSequence(sequences: Sequences, options: SequenceOptions = {}): PageId {
  const { cache, log, space } = sequences;
  const state = sequenceState(options);
  const page = reservePages(space, 1);
  groupBegin(log);
  const frame = latchNewPage(cache, page);
  const views = pageViews(cache, frame);
  const place = pagePlace(cache, frame);
  formatPage(views, place, page, PAGE_TYPE_SEQUENCE, page);
  setPageLsn(views.f64, place, 0);
  copyWords(views.i32, place + PAGE_HEADER_BYTES, state, 0, SEQUENCE_STATE_BYTES);
  const at = groupRecord(log, RECORD.sequence, 0, 0, page, 0, SEQUENCE_STATE_BYTES);
  copyWords(log.group.i32, at + LOG_RECORD_BYTES, state, 0, SEQUENCE_STATE_BYTES);
  allocateReserved(space, page);
  groupEnd(log);
  endSpaceChanges(space, log.scratch);
  pageChanged(cache, frame, log.scratch);
  unlatchPage(cache, frame);
  return page;
}

/**
 * Changes what a sequence gives out from now on; what is left out of the options stays, `start` too. The value stays if it is
 * within the new bounds, else 22023. Not rolled back.
 */
export function changeSequence(sequences: Sequences, root: PageId, options: SequenceOptions): void {
  const now = describeSequence(sequences, root);
  const state = sequenceState({
    increment: options.increment ?? now.increment,
    minimum: options.minimum ?? now.minimum,
    maximum: options.maximum ?? now.maximum,
    start: options.start ?? now.start,
    cycle: options.cycle ?? now.cycle,
  });
  const { cache, log } = sequences;
  takeCredit(log, RECORD_BYTES);
  const frame = latchPage(cache, root);
  const i32 = pageViews(cache, frame).i32;
  const at = pagePlace(cache, frame) + PAGE_HEADER_BYTES;
  // The value may have moved since it was described: what counts is what it is under the latch.
  const high = sequenceStateValueHigh(i32, at);
  const low = sequenceStateValueLow(i32, at);
  const inside = isWithin(state, 0, high, low);
  if (inside) {
    const called = sequenceStateFlags(i32, at) & SEQUENCE_CALLED;
    copyWords(i32, at, state, 0, SEQUENCE_STATE_BYTES);
    setValue(i32, at, high, low, called !== 0);
    logState(sequences, frame, root, i32, at);
  }
  unlatchPage(cache, frame);
  if (!inside) throw outOfBounds(`its present value (${wordsToInteger(high, low)})`);
}

/**
 * The next value goes on after `value` (or is `value`, if `called` is false). Not rolled back. 22003 when it is out of bounds.
 */
export function setSequence(sequences: Sequences, root: PageId, value: number | bigint, called = true): void {
  if (!isInt64(value)) throw cannotBeSet(value);
  const high = highWord(value);
  const low = lowWord(value);
  const { cache, log } = sequences;
  takeCredit(log, RECORD_BYTES);
  const frame = latchPage(cache, root);
  const i32 = pageViews(cache, frame).i32;
  const at = pagePlace(cache, frame) + PAGE_HEADER_BYTES;
  const inside = isWithin(i32, at, high, low);
  if (inside) {
    setValue(i32, at, high, low, called);
    logState(sequences, frame, root, i32, at);
  }
  unlatchPage(cache, frame);
  if (!inside) throw cannotBeSet(value);
  sequences.words[0] = high;
  sequences.words[1] = low;
}

/** All of a sequence, as it is at the moment. */
export function describeSequence(sequences: Sequences, root: PageId): SequenceDescription {
  const { cache } = sequences;
  const state = new Int32Array(SEQUENCE_STATE_BYTES >>> 2);
  const frame = holdPage(cache, root);
  copyWords(state, 0, pageViews(cache, frame).i32, pagePlace(cache, frame) + PAGE_HEADER_BYTES, SEQUENCE_STATE_BYTES);
  releasePage(cache, frame);
  return {
    value: wordsToInteger(sequenceStateValueHigh(state, 0), sequenceStateValueLow(state, 0)),
    called: (sequenceStateFlags(state, 0) & SEQUENCE_CALLED) !== 0,
    minimum: wordsToInteger(sequenceStateMinimumHigh(state, 0), sequenceStateMinimumLow(state, 0)),
    maximum: wordsToInteger(sequenceStateMaximumHigh(state, 0), sequenceStateMaximumLow(state, 0)),
    increment: wordsToInteger(sequenceStateIncrementHigh(state, 0), sequenceStateIncrementLow(state, 0)),
    start: wordsToInteger(sequenceStateStartHigh(state, 0), sequenceStateStartLow(state, 0)),
    cycle: (sequenceStateFlags(state, 0) & SEQUENCE_CYCLE) !== 0,
  };
}

// ---- the next value ----

/**
 * The next value, in sequences.words[0] and [1]; resultInteger() makes a number of it. 2200H when there is none. No latch and no
 * hold by the caller.
 */
export function nextValue(sequences: Sequences, root: PageId): void {
  const { cache, log, words } = sequences;
  takeCredit(log, RECORD_BYTES);
  const frame = latchPage(cache, root);
  const views = pageViews(cache, frame);
  const i32 = views.i32;
  const at = pagePlace(cache, frame) + PAGE_HEADER_BYTES;
  const found = findNext(i32, at, words);
  if (testing) yieldPoint('sequence.found');
  if (found) {
    const ahead = sequenceStateAhead(i32, at);
    setSequenceStateValueHigh(i32, at, words[0]);
    setSequenceStateValueLow(i32, at, words[1]);
    setSequenceStateFlags(i32, at, sequenceStateFlags(i32, at) | SEQUENCE_CALLED);
    if (ahead > 0) {
      setSequenceStateAhead(i32, at, ahead - 1);
      pageTouched(cache, frame);
    } else {
      goAhead(i32, at, words);
      logState(sequences, frame, root, i32, at);
    }
    sequences.lsn[0] = views.f64[(at - PAGE_HEADER_BYTES + PAGE_LSN) >>> 3];
  }
  unlatchPage(cache, frame);
  if (!found) {
    const { increment, minimum, maximum } = describeSequence(sequences, root);
    throw sequenceExhausted(increment > 0, increment > 0 ? maximum : minimum);
  }
}

/** The last result of nextValue() or setSequence(): a number while it is safe, a BigInt beyond. */
export const resultInteger = (sequences: Sequences): number | bigint => wordsToInteger(sequences.words[0], sequences.words[1]);

/** The log is durable up to here before the last result of nextValue() leaves the process. */
export const resultLsn = (sequences: Sequences): number => sequences.lsn[0];

/** words[0], words[1] = the value after the present one; false: there is none. */
function findNext(i32: Int32Array, at: number, words: Int32Array): boolean {
  const high = sequenceStateValueHigh(i32, at);
  const low = sequenceStateValueLow(i32, at);
  words[0] = high;
  words[1] = low;
  if ((sequenceStateFlags(i32, at) & SEQUENCE_CALLED) === 0 || step(i32, at, words, 0)) return true;
  if ((sequenceStateFlags(i32, at) & SEQUENCE_CYCLE) === 0) return false;
  const ascending = sequenceStateIncrementHigh(i32, at) >= 0;
  words[0] = ascending ? sequenceStateMinimumHigh(i32, at) : sequenceStateMaximumHigh(i32, at);
  words[1] = ascending ? sequenceStateMinimumLow(i32, at) : sequenceStateMaximumLow(i32, at);
  return true;
}

/** words[from], words[from + 1] += increment; false, and as before, when that is out of bounds. */
function step(i32: Int32Array, at: number, words: Int32Array, from: number): boolean {
  const high = words[from];
  const low = words[from + 1];
  const wrapped = addWords(words, from, high, low, sequenceStateIncrementHigh(i32, at), sequenceStateIncrementLow(i32, at));
  if (!wrapped && isWithin(i32, at, words[from], words[from + 1])) return true;
  words[from] = high;
  words[from + 1] = low;
  return false;
}

/** From the value in words[0], words[1] on: limit is the value SEQUENCE_CACHE - 1 steps ahead, or the last one before the end. */
function goAhead(i32: Int32Array, at: number, words: Int32Array): void {
  words[2] = words[0];
  words[3] = words[1];
  let ahead = 0;
  while (ahead < SEQUENCE_CACHE - 1 && step(i32, at, words, 2)) ahead++;
  setSequenceStateLimitHigh(i32, at, words[2]);
  setSequenceStateLimitLow(i32, at, words[3]);
  setSequenceStateAhead(i32, at, ahead);
}

function isWithin(i32: Int32Array, at: number, high: number, low: number): boolean {
  return (
    compareWords(high, low, sequenceStateMinimumHigh(i32, at), sequenceStateMinimumLow(i32, at)) >= 0 &&
    compareWords(high, low, sequenceStateMaximumHigh(i32, at), sequenceStateMaximumLow(i32, at)) <= 0
  );
}

/** The value is as said, the log covers just it. */
function setValue(i32: Int32Array, at: number, high: number, low: number, called: boolean): void {
  setSequenceStateValueHigh(i32, at, high);
  setSequenceStateValueLow(i32, at, low);
  setSequenceStateLimitHigh(i32, at, high);
  setSequenceStateLimitLow(i32, at, low);
  setSequenceStateAhead(i32, at, 0);
  const others = sequenceStateFlags(i32, at) & ~SEQUENCE_CALLED;
  setSequenceStateFlags(i32, at, called ? others | SEQUENCE_CALLED : others);
}

/** Logs the state at byte offset `at` of the latched page as what is left of it after a crash. The credit was taken. */
function logState(sequences: Sequences, frame: number, root: PageId, i32: Int32Array, at: number): void {
  const log = sequences.log;
  const record = reserve(log, RECORD_BYTES);
  log.scratch[2] = 0;
  startRecord(log, record, RECORD_BYTES, RECORD.sequence, RECORD_GROUP_END, 0, 0, root, 0);
  copyWords(log.i32, record + LOG_RECORD_BYTES, i32, at, SEQUENCE_STATE_BYTES);
  forgetAhead(log.i32, record + LOG_RECORD_BYTES);
  publish(log, record, RECORD_BYTES);
  pageChanged(sequences.cache, frame, log.scratch);
}

function redoSequence(views: RecordViews, record: number, page: PageViews, pageOffset: number): void {
  const root = views.u32[(record + 24) >>> 2];
  if (pageType(page.u8, pageOffset) !== PAGE_TYPE_SEQUENCE || pagePageId(page.u32, pageOffset) !== root) {
    formatPage(page, pageOffset, root, PAGE_TYPE_SEQUENCE, root);
  }
  copyWords(page.i32, pageOffset + PAGE_HEADER_BYTES, views.i32, record + LOG_RECORD_BYTES, SEQUENCE_STATE_BYTES);
}

/** Makes the log know the records of sequences. Once a thread, before recovery. */
export function registerSequenceRecords(): void {
  registerRecord(RECORD.sequence, {
    name: 'sequence',
    formats: true,
    redo: redoSequence,
    print: ({ i32 }, record) => {
      const at = record + LOG_RECORD_BYTES;
      return `value ${wordsToInteger(sequenceStateValueHigh(i32, at), sequenceStateValueLow(i32, at))}`;
    },
  });
}
