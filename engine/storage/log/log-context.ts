/**
 * The log's context of one thread: views and word indexes that the hot path needs, the credit it has left, and the
 * file it writes to when it leads. Made by attachLog(); never shared.
 */

import type { SharedMemory } from '../../../shm/shared-memory.ts';
import type { VfsFile } from '../vfs/vfs.ts';
import type { World } from '../world.ts';
import type { RecordViews } from './records.ts';

/** log.scratch: start LSN of the last reservation. */
export const START = 0;
/** log.scratch: its end LSN, which becomes the page LSN. */
export const END = 1;
/** log.scratch: `previous` of the next record that is started; set before each startRecord(). */
export const PREVIOUS = 2;
/** log.scratch: the stamp that reserveCommit() drew. */
export const STAMP = 3;

/** When is a commit acknowledged (transactions.md, Horizons)? */
export type Durability = 'commit' | 'relaxed' | 'off';

export interface LogOptions {
  /** Directory of the segment files. */
  directory: string;
  /** Two 32-bit words that name the database; every batch carries them. */
  databaseHigh: number;
  databaseLow: number;
  /** This boot's number: higher than that of every boot that wrote to the log. */
  boot: number;
  /** Bytes of a segment file, a multiple of 4096. Fixed for a database. 64 MiB. */
  segmentBytes: number;
  /** 'commit' unless said otherwise. */
  durability: Durability;
  /** Milliseconds after which relaxed commits are flushed. */
  relaxedMilliseconds: number;
  /** Asked before a segment is reused or removed: copies it away; false keeps it for now. */
  archive: ((path: string, segment: number) => boolean) | null;
}

/** The views of the records are those of the ring: log itself is what the accessors of LOG_RECORD are given. */
export interface Log extends RecordViews {
  readonly shm: SharedMemory;
  readonly world: World;
  readonly options: LogOptions;
  /** Int32 view of the control segment, and the byte offset of LOG_SHARED in it. */
  readonly control: Int32Array;
  readonly shared: number;
  /** Start LSN of each segment, at number modulo SEGMENT_STARTS: f64 view and its first index. */
  readonly starts: Float64Array;
  readonly startsIndex: number;

  /** The ring without its slack: a power of two. */
  readonly ringBytes: number;
  readonly ringUnits: number;
  readonly ringUnitMask: number;
  readonly ringView: Buffer;
  /** The largest record or group: a quarter of the ring (SM-W6). */
  readonly reservationMax: number;
  /** Ring credit above this is given back by publish(). */
  readonly creditKept: number;
  /** Chunk of file credit a thread keeps, in halves of a byte. */
  readonly fileKept: number;

  readonly tailWord: number;
  readonly turnWord: number;
  readonly pendingWord: number;
  /** Word of the thread slot with the bytes of the ring this thread may reserve: in shared memory, for who buries it. */
  readonly creditWord: number;

  /** File space this thread may use, in halves of a byte (a record of b bytes costs 2b + b/8: itself and its share of batches). */
  fileCredit: number;

  /** START, END, PREVIOUS, STAMP and room for the log's own use. */
  readonly scratch: Float64Array;

  /** The last record of this thread that may still grow (growing.ts). */
  readonly growing: GrowingRecord;
  /** Asks a thread that does nothing else to write the log, and returns at once; null: there is none (credit.ts). */
  askWriter: (() => void) | null;
  /** When this thread's last commit was on disk, or a flush that it led, microseconds; 0 = there was none (gather.ts). */
  answeredAt: number;
  /** When this thread last moved to another processor (gather.ts), by the same clock. */
  apartAt: number;
  /** Counts the times that this thread could have left the lead to another one, modulo some number (gather.ts). */
  handedOver: number;
  /** Word that counts the leaders of flushes. */
  readonly leadsWord: number;

  /** Records of the group being built (group.ts). Replaced when it must grow. */
  group: GroupScratch;

  /** The segment file this thread has open for writing, and its number (-1: none). */
  file: VfsFile | null;
  fileSegment: number;
  /** Header, and small batches whole. */
  readonly batch: BatchScratch;
  /** Commits of this event loop that wait for the disk, see when-durable.ts. */
  readonly waiting: DurableWaiter[];
  /** True while a flush at the end of the tick, or the doorbell, will look at them. */
  waitingLooked: boolean;
}

/** See growing.ts. */
export interface GrowingRecord {
  /** False: there is none. */
  open: boolean;
  /** Byte offset of its header in the ring, and its length. */
  at: number;
  bytes: number;
  /** Its place and its end as the tail counts: in units of 8 bytes, modulo 2^32, as int32. */
  startUnit: number;
  endUnit: number;
  /** log.leadsWord when it was written. */
  leads: number;
  /** What it stands for, counted by who writes it: rows. */
  count: number;
  /** [0] its log position; 0 = none. */
  readonly lsn: Float64Array;
}

export interface GroupScratch extends RecordViews {
  readonly bytes: Uint8Array;
  /** Bytes used so far. */
  length: number;
  /** Byte offset of the last record, -1 while there is none. */
  last: number;
  /** True between groupBegin and groupEnd. */
  open: boolean;
}

export interface DurableWaiter {
  lsn: number;
  resolve: () => void;
  reject: (error: unknown) => void;
}

export interface BatchScratch extends RecordViews {
  readonly bytes: Buffer;
  /** What the checksum of a short batch is over, by its length in units of 8 bytes; made when first needed. */
  readonly checked: (Buffer | undefined)[];
}
