import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSharedMemory } from '../../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_HOST } from '../../../shm/threads.ts';
import {
  dirtyFrames,
  cacheRegions,
  createPageCache,
  fetchFrame,
  latchPage,
  latchResident,
  onPageRead,
  type PageCache,
  pageChanged,
  pagePlace,
  pageViews,
  startPageCache,
  unlatchPage,
} from '../cache/page-cache.ts';
import { repairFromDoubleWrite } from '../cache/double-write.ts';
import { writePages } from '../cache/page-writer.ts';
import { createDatabaseFiles, openDatabaseFiles } from '../database-files.ts';
import { reserveCommit, writeAbort } from '../log/commit.ts';
import { claimUndo, END_CLAIM_BYTES, releaseUndo, takeCredit, takeEndCredit, UNDO_CLAIM_BYTES } from '../log/credit.ts';
import { durableLsn, flushAll, flushTo, tailLsn } from '../log/flush.ts';
import { groupBegin, groupEnd, groupRecord } from '../log/group.ts';
import { publish, reserve, startRecord } from '../log/log.ts';
import { END, type Log, PREVIOUS, START } from '../log/log-context.ts';
import { FIXTURE_REGIONS, fixtureOptions, fixtureWorld } from '../log/log-fixture.ts';
import { logRecordAux16, logRecordPage, logRecordSlot, setLogRecordAux16 } from '../log/log-record.layout.gen.ts';
import { attachLog, FIRST_LSN, firstLogStart, startLog } from '../log/open.ts';
import { RECORD, RECORD_COMPENSATION, RECORD_GROUP_END, registerRecord, type UndoContext } from '../log/records.ts';
import { checkpointPassed, segmentOfLsn } from '../log/segments.ts';
import { setPagePageId, setPageType } from '../page.layout.gen.ts';
import { PAGE_TYPE_OVERFLOW } from '../page.layout.ts';
import { SimulatedCrash } from '../vfs/simulated-faults.ts';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { SeededRandom } from '../world.ts';
import { finishPages } from './finish.ts';
import { type RecoveryStart, redoLog } from './recover.ts';
import { undoLosers } from './undo.ts';
import { winnerStamp } from './winners.ts';

/**
 * A little engine over pages of words: 'set' records carry a word's value before and after, 'move' groups change two
 * pages at once and are never undone. A word is changed by one open transaction at a time, as rows are.
 */

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`recovery tests: SCRATCHBIRD_SEED=${SEED}`);

const FIRST_PAGE = 20;
const PAGES = 24;
const WORDS = 4;
const FRAMES = 8;

interface Engine {
  log: Log;
  cache: PageCache;
}

const wordAt = (pageOffset: number, word: number): number => (pageOffset + 64) / 4 + word;

registerRecord(RECORD.pageFormat, {
  name: 'page format',
  formats: true,
  redo: (views, record, page, offset) => {
    page.i32.fill(0, offset / 4, (offset + 8192) / 4);
    setPagePageId(page.u32, offset, logRecordPage(views.u32, record));
    setPageType(page.u8, offset, PAGE_TYPE_OVERFLOW);
  },
});
registerRecord(RECORD.heapUpdate, {
  name: 'set',
  redo: (views, record, page, offset) => {
    page.i32[wordAt(offset, logRecordSlot(views.u16, record))] = views.i32[(record + 44) / 4];
  },
  undo: (context: UndoContext) => {
    const engine = context.engine as Engine;
    const { views, record } = context;
    putBack(
      engine,
      context.transaction,
      logRecordPage(views.u32, record),
      logRecordSlot(views.u16, record),
      views.i32[(record + 40) / 4],
      context.lsn[2],
    );
  },
});
registerRecord(RECORD.heapBody, {
  name: 'count up',
  redo: (views, record, page, offset) => {
    page.i32[wordAt(offset, WORDS)] += logRecordAux16(views.u16, record);
  },
});

function putBack(engine: Engine, transaction: number, page: number, word: number, value: number, previous: number): void {
  change(engine, transaction, page, word, 0, value, RECORD_COMPENSATION, previous);
}

/** Returns the record's start. */
function change(
  engine: Engine,
  transaction: number,
  page: number,
  word: number,
  before: number,
  after: number,
  flags: number,
  previous: number,
): number {
  const { log, cache } = engine;
  takeCredit(log, 48, flags === 0 ? UNDO_CLAIM_BYTES : 0);
  if (flags === 0) claimUndo(log, UNDO_CLAIM_BYTES);
  const frame = latchPage(cache, page);
  const at = reserve(log, 48);
  log.scratch[PREVIOUS] = previous;
  startRecord(log, at, 48, RECORD.heapUpdate, flags, transaction, 5, page, word);
  log.i32[(at + 40) / 4] = before;
  log.i32[(at + 44) / 4] = after;
  pageViews(cache, frame).i32[wordAt(pagePlace(cache, frame), word)] = after;
  publish(log, at, 48);
  pageChanged(cache, frame, log.scratch);
  unlatchPage(cache, frame);
  return log.scratch[START];
}

/** No page is read under a latch (SM-L5): the second one must be in the cache already. */
function latchBoth(cache: PageCache, first: number, second: number): number[] {
  for (;;) {
    fetchFrame(cache, second);
    const frame = latchPage(cache, first);
    const other = latchResident(cache, second);
    if (other >= 0) return [frame, other];
    unlatchPage(cache, frame);
    // With all other frames dirty the two would take each other's frame for ever.
    writePages(cache, FRAMES);
  }
}

/** A group that counts up a word of two pages. */
function countUp(engine: Engine, first: number, second: number): void {
  const { log, cache } = engine;
  groupBegin(log, 96);
  const frames = latchBoth(cache, first, second);
  for (const [index, page] of [first, second].entries()) {
    const record = groupRecord(log, RECORD.heapBody, 0, 5, page, 0, 0);
    setLogRecordAux16(log.group.u16, record, 1);
    pageViews(cache, frames[index]).i32[wordAt(pagePlace(cache, frames[index]), WORDS)]++;
  }
  groupEnd(log);
  for (const frame of frames) {
    pageChanged(cache, frame, log.scratch);
    unlatchPage(cache, frame);
  }
}

function readWord(cache: PageCache, page: number, word: number): number {
  const frame = latchPage(cache, page);
  const value = pageViews(cache, frame).i32[wordAt(pagePlace(cache, frame), word)];
  unlatchPage(cache, frame);
  return value;
}

const ALL_DURABLE = { durableLsn: () => Number.MAX_SAFE_INTEGER, flushTo: () => {}, endLsn: () => Number.MAX_SAFE_INTEGER };
const START_OF = (boot: number) => ({ boot, databaseHigh: 0xabcdef01 | 0, databaseLow: 77 });

function bringUp(vfs: SimulatedVfs): PageCache {
  const shm = createSharedMemory({
    frames: FRAMES,
    threadSlots: 4,
    ringBytes: 64 << 10,
    heapBytes: 64 << 10,
    versionBytes: 64 << 10,
    regions: [...FIXTURE_REGIONS, ...cacheRegions()],
  });
  attachThread(shm, THREAD_ROLE_HOST);
  const files = openDatabaseFiles(vfs, '/database');
  repairFromDoubleWrite(files, START_OF(0).databaseHigh, 77);
  const cache = createPageCache(shm, fixtureWorld(vfs), files, ALL_DURABLE);
  startPageCache(cache, START_OF(0), 1);
  return cache;
}

function withLog(cache: PageCache, log: Log): Engine {
  cache.log = { durableLsn: () => durableLsn(log), flushTo: (lsn) => flushTo(log, lsn), endLsn: () => tailLsn(log) };
  return { log, cache };
}

function create(vfs: SimulatedVfs): Engine {
  vfs.makeDirectory('/database');
  createDatabaseFiles(vfs, '/database');
  vfs.syncDirectory('/');
  const cache = bringUp(vfs);
  startPageCache(cache, START_OF(1), 1);
  const log = attachLog(cache.shm, cache.world, fixtureOptions({ boot: 1 }));
  startLog(log, firstLogStart());
  const engine = withLog(cache, log);
  cache.acceptBlank = true;
  for (let page = FIRST_PAGE; page < FIRST_PAGE + PAGES; page++) {
    groupBegin(log, 40);
    const frame = latchPage(cache, page);
    const record = groupRecord(log, RECORD.pageFormat, 0, 5, page, 0, 0);
    log.group.u8[record + 5] = RECORD_GROUP_END;
    const views = pageViews(cache, frame);
    setPagePageId(views.u32, pagePlace(cache, frame), page);
    setPageType(views.u8, pagePlace(cache, frame), PAGE_TYPE_OVERFLOW);
    groupEnd(log);
    pageChanged(cache, frame, log.scratch);
    unlatchPage(cache, frame);
  }
  cache.acceptBlank = false;
  flushAll(log);
  return engine;
}

function recoverEngine(vfs: SimulatedVfs, known: RecoveryStart): Engine {
  const cache = bringUp(vfs);
  const state = redoLog(vfs, fixtureOptions({}), known, cache);
  const log = attachLog(cache.shm, cache.world, fixtureOptions({ boot: state.boot }));
  startLog(log, state.start);
  const engine = withLog(cache, log);
  undoLosers(state, log, engine);
  startPageCache(cache, START_OF(state.boot), 1);
  finishPages(state, cache);
  return engine;
}

interface Model {
  /** Values that a committed transaction gave, by page * 8 + word. */
  committed: Map<number, number>;
  /** Of transactions whose commit was asked for and not acknowledged. */
  doubtful: Map<number, number>[];
  countedUp: number;
}

/** Writes until the machine goes down. Returns true if a checkpoint was taken. */
function work(
  engine: Engine,
  vfs: SimulatedVfs,
  random: SeededRandom,
  model: Model,
  known: RecoveryStart,
  first: number,
): number {
  const { log, cache } = engine;
  let transaction = first;
  try {
    for (;;) {
      transaction++;
      takeCredit(log, 0, END_CLAIM_BYTES);
      claimUndo(log, END_CLAIM_BYTES);
      const changes = new Map<number, number>();
      const undo: { page: number; word: number; before: number; previous: number }[] = [];
      let previous = 0;
      for (let count = 1 + random.below(8); count > 0; count--) {
        const page = FIRST_PAGE + random.below(PAGES);
        const word = random.below(WORDS);
        const before = readWord(cache, page, word);
        const value = transaction * 100 + count;
        undo.push({ page, word, before, previous });
        previous = change(engine, transaction, page, word, before, value, 0, previous);
        changes.set(page * 8 + word, value);
      }
      if (random.chance(0.2)) {
        model.countedUp++;
        countUp(engine, FIRST_PAGE + random.below(PAGES / 2), FIRST_PAGE + PAGES / 2 + random.below(PAGES / 2));
      }
      const fate = random.next();
      if (fate < 0.25) {
        for (const { page, word, before, previous: next } of undo.reverse()) {
          releaseUndo(log, UNDO_CLAIM_BYTES);
          putBack(engine, transaction, page, word, before, next);
        }
        releaseUndo(log, END_CLAIM_BYTES);
        takeEndCredit(log);
        log.scratch[PREVIOUS] = previous;
        writeAbort(log, transaction);
      } else {
        releaseUndo(log, END_CLAIM_BYTES + undo.length * UNDO_CLAIM_BYTES);
        takeEndCredit(log);
        model.doubtful.push(changes);
        const slot = log.shm.regions.fixtureSlots;
        reserveCommit(log, transaction, 1_700_000_000_000_000, slot, slot + 16, 2);
        if (fate < 0.75) {
          flushTo(log, log.scratch[END]);
          for (const done of model.doubtful.splice(0)) for (const [key, value] of done) model.committed.set(key, value);
        }
      }
      if (random.chance(0.03)) checkpoint(engine, known);
    }
  } catch (error) {
    if (!(error instanceof SimulatedCrash) && !vfs.isDown) throw error;
  }
  return transaction;
}

/** Writes all pages, then moves the place where recovery begins: no transaction is open here. */
function checkpoint(engine: Engine, known: RecoveryStart): void {
  const { log, cache } = engine;
  const lsn = flushAll(log);
  while (dirtyFrames(cache) > 0) writePages(cache, 64);
  Object.assign(known, { lsn, segment: segmentOfLsn(log, lsn), durableLsn: lsn, boot: log.options.boot });
  checkpointPassed(log, lsn);
}

/** The state is that of the acknowledged commits and of the first n of those in doubt; then n are no more in doubt. */
function verify(engine: Engine, model: Model, seed: number): void {
  const actual = new Map<number, number>();
  let counted = 0;
  for (let page = FIRST_PAGE; page < FIRST_PAGE + PAGES; page++) {
    for (let word = 0; word < WORDS; word++) actual.set(page * 8 + word, readWord(engine.cache, page, word));
    counted += readWord(engine.cache, page, WORDS);
  }
  assert.ok(counted % 2 === 0 && counted <= model.countedUp * 2, `seed ${seed}: groups are whole`);
  for (let taken = 0; ; taken++) {
    if ([...actual].every(([key, value]) => (model.committed.get(key) ?? 0) === value)) break;
    const next = model.doubtful.shift();
    assert.ok(next !== undefined, `seed ${seed}: the pages hold what no prefix of the commits explains (${taken} in doubt)`);
    for (const [key, value] of next) model.committed.set(key, value);
  }
  model.doubtful = [];
  model.countedUp = counted / 2;
}

test('SM-W7, W9: after any crash, also during recovery, the pages hold the acknowledged commits and nothing of the losers', () => {
  for (let turn = 0; turn < 40; turn++) {
    const seed = SEED + turn;
    const random = new SeededRandom(`recover ${seed}`);
    let vfs = new SimulatedVfs({ seed });
    let engine = create(vfs);
    const model: Model = { committed: new Map(), doubtful: [], countedUp: 0 };
    const known: RecoveryStart = {
      lsn: FIRST_LSN,
      segment: 1,
      durableLsn: FIRST_LSN,
      boot: 1,
      highestTransaction: 0,
      highestStamp: 0,
    };
    let transaction = 0;
    for (let crash = 0; crash < 4; crash++) {
      vfs.plan({ crashAfter: random.below(150) });
      transaction = work(engine, vfs, random, model, known, transaction);
      vfs = vfs.crash();
      for (let again = random.below(3); again > 0; again--) {
        vfs.plan({ crashAfter: random.below(40) });
        try {
          recoverEngine(vfs, known);
        } catch (error) {
          if (!(error instanceof SimulatedCrash) && !vfs.isDown) throw error;
        }
        vfs = vfs.crash();
      }
      engine = recoverEngine(vfs, known);
      verify(engine, model, seed);
      if (random.chance(0.5)) checkpoint(engine, known);
    }
  }
});

test('SM-W6: a group without its end mark at the end of the log never happened, and the next boot writes over its place', () => {
  const vfs = new SimulatedVfs({ seed: 1 });
  const engine = create(vfs);
  const known: RecoveryStart = {
    lsn: FIRST_LSN,
    segment: 1,
    durableLsn: FIRST_LSN,
    boot: 1,
    highestTransaction: 0,
    highestStamp: 0,
  };
  countUp(engine, FIRST_PAGE, FIRST_PAGE + 1);
  const { log } = engine;
  // Half of a group, as a batch that was cut at a segment's end would leave it.
  takeCredit(log, 40);
  const at = reserve(log, 40);
  startRecord(log, at, 40, RECORD.heapBody, 1, 0, 5, FIRST_PAGE + 2, 0);
  setLogRecordAux16(log.u16, at, 7);
  publish(log, at, 40);
  const cut = log.scratch[START];
  flushAll(log);
  let disk = vfs.crash();
  for (let boot = 0; boot < 3; boot++) {
    const recovered = recoverEngine(disk, known);
    assert.equal(readWord(recovered.cache, FIRST_PAGE, WORDS), 1 + boot);
    assert.equal(readWord(recovered.cache, FIRST_PAGE + 2, WORDS), 0);
    if (boot === 0) assert.equal(tailLsn(recovered.log), cut);
    countUp(recovered, FIRST_PAGE, FIRST_PAGE + 1);
    flushAll(recovered.log);
    disk = disk.crash();
  }
});

test('SM-W8: what a winner left in flight is shown to the read hook, wherever the page was, before anybody works', () => {
  const vfs = new SimulatedVfs({ seed: 1 });
  const engine = create(vfs);
  const known: RecoveryStart = {
    lsn: FIRST_LSN,
    segment: 1,
    durableLsn: FIRST_LSN,
    boot: 1,
    highestTransaction: 0,
    highestStamp: 0,
  };
  for (const [transaction, page] of [
    [5, FIRST_PAGE],
    [6, FIRST_PAGE + 1],
  ]) {
    change(engine, transaction, page, 0, 0, -transaction, 0, 0);
    if (transaction !== 5) continue;
    takeEndCredit(engine.log);
    const slot = engine.log.shm.regions.fixtureSlots;
    reserveCommit(engine.log, transaction, 1_800_000_000_000_000, slot, slot + 16, 2);
  }
  flushAll(engine.log);
  const disk = vfs.crash();
  const cache = bringUp(disk);
  const state = redoLog(disk, fixtureOptions({}), known, cache);
  assert.equal(winnerStamp(state.winners, 5), 1_800_000_000_000_000);
  assert.equal(winnerStamp(state.winners, 6), -1);
  assert.equal(state.highestTransaction, 6);
  assert.equal(state.highestStamp, 1_800_000_000_000_000);
  assert.deepEqual(
    state.losers.map((loser) => loser.transaction),
    [6],
  );
  const log = attachLog(cache.shm, cache.world, fixtureOptions({ boot: state.boot }));
  startLog(log, state.start);
  undoLosers(state, log, withLog(cache, log));
  startPageCache(cache, START_OF(state.boot), 1);
  const shown: number[] = [];
  onPageRead(cache, PAGE_TYPE_OVERFLOW, (views, page, pageId) => {
    shown.push(pageId);
    const word = wordAt(page, 0);
    if (views.i32[word] >= 0) return false;
    views.i32[word] = winnerStamp(state.winners, -views.i32[word]) / 1e15;
    return true;
  });
  finishPages(state, cache);
  assert.deepEqual(
    [...new Set(shown)].sort((a, b) => a - b),
    Array.from({ length: PAGES }, (_, index) => FIRST_PAGE + index),
  );
  assert.equal(readWord(cache, FIRST_PAGE, 0), 1);
  assert.equal(readWord(cache, FIRST_PAGE + 1, 0), 0);
});
