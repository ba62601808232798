/** What the meta pages say about a database, after the header of every page. They are pages 0 and 1, written in turn (meta.ts). */

import { defineStruct } from '../../shm/struct.ts';

/** 'SBdb' */
export const META_MAGIC = 0x62644253;
/** Changes with every format that older programs cannot read. */
export const FORMAT_VERSION = 1;

export const META = defineStruct({
  name: 'meta',
  doc: 'Content of a meta page; in the control segment a copy of the last one written',
  bytes: 152,
  fields: {
    magic: { at: 64, type: 'u32', doc: 'META_MAGIC' },
    formatVersion: { at: 68, type: 'u32', doc: 'FORMAT_VERSION of the program that wrote it' },
    sequence: {
      at: 72,
      type: 'f64',
      doc: 'counts writes: of two sound meta pages the greater holds; its lowest bit is the page number',
    },
    databaseHigh: { at: 80, type: 'i32', doc: 'database id, first word' },
    databaseLow: { at: 84, type: 'i32', doc: 'database id, second word' },
    boot: { at: 88, type: 'u32', doc: 'boot that wrote it; boots are counted from 1' },
    cleanShutdown: { at: 92, type: 'u32', doc: '1: every page is in the file, the log holds nothing that recovery needs' },
    checkpointLsn: { at: 96, type: 'lsn', unit: 'bytes', doc: 'where recovery begins to read the log' },
    durableLsn: { at: 104, type: 'lsn', unit: 'bytes', doc: 'position up to which the log was on disk when it was written' },
    logSegment: { at: 112, type: 'u32', doc: 'number of the log segment that checkpointLsn lies in' },
    logSegmentBytes: { at: 116, type: 'u32', unit: 'bytes', doc: 'size of a log segment, fixed for the database' },
    tablesRoot: { at: 120, type: 'u32', doc: 'heap map root of sys.tables, 0 while there is none (SM-F3)' },
    allocationRoot: { at: 124, type: 'u32', doc: 'first allocation page' },
    highestTransaction: { at: 128, type: 'u32', doc: 'greatest transaction number drawn when it was written' },
    highestStamp: { at: 136, type: 'time', unit: 'microseconds', doc: 'greatest stamp given when it was written' },
    created: { at: 144, type: 'time', unit: 'microseconds', doc: 'when the database was created' },
    serverId: { at: 132, type: 'u32', doc: 'server id in derived UUIDs (TX-T5), 16 bits' },
  },
});
