/**
 * What the threads share about the log: the region 'log' of the control segment. Words that different threads write
 * lie 64 bytes apart (SM-S3). Who writes what:
 *
 *   tail                      every writer, by Atomics.add
 *   commit line               who holds commitLatch (TX-T7)
 *   leader line .. segments   who leads, that is has put its thread number + 1 into `leader`
 *   ringUsed, fileFree        everybody, by Atomics.add
 *   arrived line              committers, and who leads (gather.ts)
 *   preparer line             who has put its thread number + 1 into `preparer`
 */

import { defineStruct } from '../../../shm/struct.ts';

export const LOG_SHARED = defineStruct({
  name: 'logShared',
  doc: 'The state of the log that its threads share',
  bytes: 1024,
  fields: {
    tail: { at: 0, type: 'atomic32', unit: '8 bytes', doc: 'log position up to which room in the ring is reserved, modulo 2^32' },

    commitLatch: { at: 64, type: 'atomic32', doc: 'the commit latch, the only global one (TX-T7)' },
    commitEnd: { at: 68, type: 'shared53', unit: 'bytes', doc: 'log position of the end of the last commit record' },
    lastStamp: {
      at: 80,
      type: 'shared53',
      unit: 'microseconds',
      doc: 'greatest stamp given so far, to the record that ends at commitEnd',
    },
    precommittedHorizon: {
      at: 92,
      type: 'shared53',
      unit: 'microseconds',
      doc: 'stamp of the last commit record in the ring (transactions.md, Horizons)',
    },

    durableLsn: { at: 128, type: 'shared53', unit: 'bytes', doc: 'log position up to which the log is on disk' },
    writtenTurn: {
      at: 140,
      type: 'atomic32',
      unit: '8 GiB',
      doc: 'writtenLsn / 2^33: makes a full log position of a 32-bit one',
    },
    durableHorizon: { at: 144, type: 'shared53', unit: 'microseconds', doc: 'stamp up to which commits are on disk' },
    visibleHorizon: {
      at: 156,
      type: 'shared53',
      unit: 'microseconds',
      doc: 'stamp at which reading snapshots are taken (TX-T8)',
    },
    durableSequence: { at: 168, type: 'atomic32', doc: 'counts the times a leader stepped down; blocked threads sleep on it' },
    sleepers: { at: 172, type: 'atomic32', doc: 'threads asleep on durableSequence' },

    leader: { at: 192, type: 'atomic32', doc: 'thread number + 1 of the thread that flushes, 0 = none' },
    writtenLsn: { at: 196, type: 'shared53', unit: 'bytes', doc: 'log position up to which the ring is written to a segment' },
    segment: { at: 208, type: 'atomic32', doc: 'number of the segment that is written' },
    segmentOffset: { at: 212, type: 'atomic32', unit: 'bytes', doc: 'where the next batch goes in it' },
    previousBatchLsn: { at: 216, type: 'shared53', unit: 'bytes', doc: 'where the last batch began' },
    previousChecksum: { at: 228, type: 'atomic32', doc: 'its checksum' },
    firstUnsynced: { at: 236, type: 'atomic32', doc: 'lowest segment that may hold a batch no fdatasync has covered' },
    releasedRest: {
      at: 232,
      type: 'atomic32',
      unit: '1/2 byte',
      doc: 'file credit of written records that does not fill a block yet',
    },
    leads: {
      at: 240,
      type: 'atomic32',
      doc: 'counted up by each leader before it reads the tail: records from before do not grow',
    },
    zeroedTo: {
      at: 244,
      type: 'atomic32',
      unit: 'bytes',
      doc: 'up to where zeros were written into the segment ahead of its batches',
    },

    ringUsed: {
      at: 256,
      type: 'atomic32',
      unit: 'bytes',
      doc: 'ring bytes reserved or promised as credit, and not yet written (SM-W1)',
    },
    fileFree: { at: 320, type: 'atomic32', unit: '512 bytes', doc: 'prepared file blocks that nobody has been promised (SM-W4)' },
    commitOverhead: {
      at: 384,
      type: 'atomic32',
      unit: '512 bytes',
      doc: 'file blocks that reserved commit records brought for the batch around them',
    },

    preparer: { at: 448, type: 'atomic32', doc: 'thread number + 1 of the thread that prepares or recycles segments, 0 = none' },
    lastReady: { at: 452, type: 'atomic32', doc: 'highest segment that is prepared' },
    oldest: { at: 456, type: 'atomic32', doc: 'lowest segment that exists' },
    keepLsn: { at: 460, type: 'shared53', unit: 'bytes', doc: 'log position from which recovery needs the log' },
    unwritten: {
      at: 472,
      type: 'atomic32',
      doc: 'bit set of the segments, by their number modulo 32, that have room and no content yet',
    },

    doorbells: {
      at: 512,
      type: 'atomic32',
      doc: 'bit set of the threads 0..31 that want their doorbell rung after the next flush; three more words follow',
    },
    doorbells32: { at: 516, type: 'atomic32', doc: 'threads 32..63' },
    doorbells64: { at: 520, type: 'atomic32', doc: 'threads 64..95' },
    doorbells96: { at: 524, type: 'atomic32', doc: 'threads 96..127' },
    flushes: { at: 576, type: 'atomic32', doc: 'flushes so far (statistics)' },
    batches: { at: 580, type: 'atomic32', doc: 'batches written so far (statistics)' },
    lastFlushAt: { at: 584, type: 'shared53', unit: 'microseconds', doc: 'wall clock at the last flush, for relaxed durability' },

    arrived: {
      at: 640,
      type: 'atomic32',
      doc: 'bit set of the threads 0..31 that wait for the next flush as committers (gather.ts)',
    },
    arrived32: { at: 644, type: 'atomic32', doc: 'threads 32..63' },
    arrived64: { at: 648, type: 'atomic32', doc: 'threads 64..95' },
    arrived96: { at: 652, type: 'atomic32', doc: 'threads 96..127' },
    taken: {
      at: 656,
      type: 'atomic32',
      doc: 'bit set of the threads that committed with the last flush; three more words follow',
    },
    taken32: { at: 660, type: 'atomic32', doc: 'threads 32..63' },
    taken64: { at: 664, type: 'atomic32', doc: 'threads 64..95' },
    taken96: { at: 668, type: 'atomic32', doc: 'threads 96..127' },
    previous: { at: 672, type: 'atomic32', doc: 'the same of the flush before that' },
    previous32: { at: 676, type: 'atomic32', doc: 'threads 32..63' },
    previous64: { at: 680, type: 'atomic32', doc: 'threads 64..95' },
    previous96: { at: 684, type: 'atomic32', doc: 'threads 96..127' },
    flushTime: { at: 688, type: 'atomic32', unit: 'microseconds', doc: 'what writing and fdatasync of a flush took lately' },
    gatherPause: { at: 692, type: 'atomic32', doc: 'flushes before which nobody waits for others' },
    gatherPenalty: { at: 696, type: 'atomic32', doc: 'pause after the next wait that was in vain' },
    processor: {
      at: 700,
      type: 'atomic32',
      doc: 'processor + 1 on which the last leader stepped down, 0: unknown (shm/processors.ts)',
    },
    lookerProcessor: {
      at: 704,
      type: 'atomic32',
      doc: 'processor + 1 on which a committer looks for the end of a flush, 0: none does',
    },

    processorTime: {
      at: 768,
      type: 'atomic32',
      unit: '1/16 microsecond',
      doc: 'what flushes took lately that ended on processor 0, 0: none did; for processors 1..63, and modulo 64, 63 more words follow',
    },
  },
});
