/**
 * The header of a batch: what one flush appends to a log segment file (SM-W2).
 *
 *   +--------------+---------------------------------+-------------+
 *   | header, 64   | log bytes lsn .. lsn + length   | zeros       |   starts and ends at multiples of 512 bytes,
 *   +--------------+---------------------------------+-------------+   never crosses the end of its segment
 *
 * Log positions count log bytes only; headers and padding are not in them. A record may begin in one batch and end in
 * the next. The checksum covers the header from byte 8 on and the log bytes, not the padding.
 *
 * A batch is the next one of the log if it begins where the last one ended and names that batch's start and checksum.
 * Segment files are reused without being wiped, so a file also holds batches of its earlier life: they carry another
 * segment number. And a boot that cut a torn tail begins a new segment at the place of the cut, with a higher boot.
 */

import { defineStruct } from '../../../shm/struct.ts';

export const LOG_BATCH = defineStruct({
  name: 'logBatch',
  doc: 'The header of a batch in a log segment',
  bytes: 64,
  fields: {
    magic: { at: 0, type: 'u32', doc: '0x474c4253, "SBLG"' },
    checksum: { at: 4, type: 'u32', doc: 'zlib.crc32 of the header from byte 8 on and the log bytes' },
    lsn: { at: 8, type: 'lsn', doc: 'log position of the first log byte' },
    previousLsn: {
      at: 16,
      type: 'lsn',
      doc: 'log position at which the previous batch begins; 0 in the first batch of a database',
    },
    syncedLsn: {
      at: 24,
      type: 'lsn',
      doc: 'log position known to be on disk when this was written: damage below it is no torn tail',
    },
    length: { at: 32, type: 'u32', unit: 'bytes', doc: 'log bytes in this batch, a multiple of 8' },
    boot: { at: 36, type: 'u32', doc: 'boot that wrote it' },
    segment: { at: 40, type: 'u32', doc: 'number of the segment file it was written to' },
    offset: { at: 44, type: 'u32', unit: 'bytes', doc: 'its place in that file' },
    databaseHigh: { at: 48, type: 'u32', doc: 'database id, upper word' },
    databaseLow: { at: 52, type: 'u32', doc: 'database id, lower word' },
    previousChecksum: {
      at: 56,
      type: 'u32',
      doc: 'checksum of the previous batch: the chain cannot be continued by a stale one',
    },
    version: { at: 60, type: 'u32', doc: "version of the log's format, 1" },
  },
});
