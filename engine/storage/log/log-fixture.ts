/** For tests: a log over small segments and a small ring, records that can be told apart, and reading them back. */

import { createSharedMemory, type SharedMemory } from '../../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_HOST } from '../../../shm/threads.ts';
import { type LogKnown, type LogPlace, openLogReader, closeLogReader, type LogReader } from '../recovery/log-reader.ts';
import { nextRecord, readRecords } from '../recovery/record-reader.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { ManualClock, SeededRandom, type World } from '../world.ts';
import { reserveCommit } from './commit.ts';
import { END_CLAIM_BYTES, releaseUndo, takeCredit, takeEndCredit, claimUndo } from './credit.ts';
import { publish, reserve, startRecord } from './log.ts';
import { END, type Log, type LogOptions, START } from './log-context.ts';
import {
  commitPayloadStamp,
  logRecordAux32,
  logRecordTransaction,
  logRecordType,
  setLogRecordAux32,
} from './log-record.layout.gen.ts';
import { attachLog, firstLogStart, LOG_DEFAULTS, LOG_REGION, type LogStart, startLog } from './open.ts';
import { RECORD, RECORD_NO_PAGE } from './records.ts';

export const DIRECTORY = '/database/log';
export const FIXTURE_REGIONS = [LOG_REGION, { name: 'fixtureSlots', bytes: 64 * 64 }];

export interface FixtureOptions {
  ringBytes?: number;
  segmentBytes?: number;
  boot?: number;
  start?: LogStart;
  directory?: string;
  durability?: LogOptions['durability'];
  archive?: LogOptions['archive'];
  threadSlots?: number;
}

export const fixtureOptions = (given: FixtureOptions): LogOptions => ({
  ...LOG_DEFAULTS,
  directory: given.directory ?? DIRECTORY,
  databaseHigh: 0xabcdef01,
  databaseLow: 77,
  boot: given.boot ?? 1,
  segmentBytes: given.segmentBytes ?? 64 << 10,
  durability: given.durability ?? 'commit',
  archive: given.archive ?? null,
});

export const fixtureWorld = (vfs: Vfs): World => ({
  vfs,
  clock: new ManualClock(1_700_000_000_000_000, 1),
  random: new SeededRandom(1),
});

export const placeOf = (given: FixtureOptions): LogPlace => fixtureOptions(given);

export function fixtureMemory(given: FixtureOptions = {}): SharedMemory {
  return createSharedMemory({
    frames: 16,
    threadSlots: given.threadSlots ?? 8,
    ringBytes: given.ringBytes ?? 64 << 10,
    heapBytes: 64 << 10,
    versionBytes: 64 << 10,
    regions: FIXTURE_REGIONS,
  });
}

/** A started log of the calling thread, in memory of its own. */
export function fixtureLog(vfs: Vfs, given: FixtureOptions = {}): Log {
  const shm = fixtureMemory(given);
  attachThread(shm, THREAD_ROLE_HOST);
  const log = attachLog(shm, fixtureWorld(vfs), fixtureOptions(given));
  startLog(log, given.start ?? firstLogStart());
  return log;
}

/** Bytes of a record with so many words of payload. */
export const fixtureBytes = (words: number): number => 40 + ((words * 4 + 7) & ~7);

/** What word `index` of record `number` holds. */
export const fixtureWord = (number: number, index: number): number =>
  Math.imul(number + 1, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b);

/** Writes a record whose content follows from its number. Returns its end; its start is in log.scratch[START]. */
export function writeNumbered(log: Log, transaction: number, number: number, words: number): number {
  const bytes = fixtureBytes(words);
  takeCredit(log, bytes);
  const at = reserve(log, bytes);
  startRecord(log, at, bytes, RECORD.catalog, 0, transaction, 5, RECORD_NO_PAGE, 0);
  setLogRecordAux32(log.u32, at, number);
  for (let index = 0; index < words; index++) log.i32[(at + 40) / 4 + index] = fixtureWord(number, index);
  if (words % 2 === 1) log.i32[(at + 40) / 4 + words] = 0;
  publish(log, at, bytes);
  return log.scratch[END];
}

/** The credit a transaction's first change takes for its end. */
export function claimEnd(log: Log): void {
  takeCredit(log, 0, END_CLAIM_BYTES);
  claimUndo(log, END_CLAIM_BYTES);
}

/** Writes a commit record, its claim made by claimEnd(). Returns the position that must be durable. */
export function commitNumbered(log: Log, transaction: number): number {
  releaseUndo(log, END_CLAIM_BYTES);
  takeEndCredit(log);
  const slot = log.shm.regions.fixtureSlots + log.shm.thread * 64;
  reserveCommit(log, transaction, log.world.clock.now(), slot, slot + 16, 2);
  return log.scratch[END];
}

export interface ReadBack {
  /** aux32 of each numbered record, in order, and the transactions that committed, in order. */
  numbers: number[];
  committed: number[];
  /** Their stamps. */
  stamps: number[];
  /** Start of each record. */
  starts: number[];
  end: number;
  reader: LogReader;
}

/** Reads the log as recovery does and checks each numbered record's content. */
export function readBack(vfs: Vfs, given: FixtureOptions, known: LogKnown): ReadBack {
  const reader = openLogReader(vfs, placeOf(given), known);
  const records = readRecords(reader);
  const read: ReadBack = { numbers: [], committed: [], stamps: [], starts: [], end: 0, reader };
  try {
    while (nextRecord(records)) {
      const { views, at } = records;
      read.starts.push(records.lsn[START]);
      if (logRecordType(views.u8, at) === RECORD.commit) {
        read.committed.push(logRecordTransaction(views.u32, at));
        read.stamps.push(commitPayloadStamp(views.f64, at + 40));
      }
      if (logRecordType(views.u8, at) !== RECORD.catalog) continue;
      const number = logRecordAux32(views.u32, at);
      read.numbers.push(number);
      const words = (records.length - 40) / 4;
      for (let index = 0; index < words - 1; index++) {
        if (views.i32[(at + 40) / 4 + index] !== fixtureWord(number, index))
          throw new Error(`record ${number} differs at word ${index}`);
      }
    }
  } finally {
    closeLogReader(reader);
  }
  read.end = records.lsn[1];
  return read;
}

/** How the next boot goes on after a read. */
export const startAfter = (read: ReadBack, known: LogKnown): LogStart => ({
  lsn: read.end,
  segment: read.reader.segment + 1,
  previousBatchLsn: read.reader.previousLsn,
  previousChecksum: read.reader.previousChecksum,
  kept:
    read.reader.starts.length > 0 && read.reader.starts[0].segment === known.segment
      ? read.reader.starts
      : [known, ...read.reader.starts],
  keepLsn: known.lsn,
  highestStamp: 0,
});
