/**
 * The header of every log record. A record is addressed by the byte offset of its header: in the log ring while it is
 * written, in a group's scratch, in the reader's window during recovery.
 *
 *   byte 0        4    5     6     8             12     16                  24     28    30     32     36
 *        +--------+----+-----+-----+-------------+------+-------------------+------+-----+------+------+-------------+
 *        | length |type|flags|extra| transaction | table| previous (LSN)    | page | slot|aux16 |aux32 |aux32Second  |
 *        +--------+----+-----+-----+-------------+------+-------------------+------+-----+------+------+-------------+
 *     40 | payload of the record type, length - 40 bytes                                                             |
 *        +-----------------------------------------------------------------------------------------------------------+
 *
 * A record changes one page, seldom two: redo compares each page's LSN with the record's end and applies it or not (SM-W9).
 * A change of several pages is a group (SM-W6): its records follow each other without anything between them.
 */

import { defineStruct } from '../../../shm/struct.ts';

export const LOG_RECORD = defineStruct({
  name: 'logRecord',
  doc: 'The header of a log record',
  bytes: 40,
  fields: {
    length: { at: 0, type: 'u32', unit: 'bytes', doc: 'the whole record with this header, a multiple of 8' },
    type: { at: 4, type: 'u8', doc: 'one of RECORD' },
    flags: { at: 5, type: 'u8', doc: 'RECORD_GROUP, RECORD_GROUP_END, RECORD_COMPENSATION' },
    extra: { at: 6, type: 'u16', doc: "the record type's own" },
    transaction: { at: 8, type: 'u32', doc: 'whose change it is; 0: of no transaction, never undone (structure changes)' },
    table: { at: 12, type: 'u32', doc: 'table or index the change belongs to, 0 where there is none' },
    previous: {
      at: 16,
      type: 'lsn',
      doc: "start of the transaction's previous record; in a compensation record start of the next record to undo; 0 = none",
    },
    page: { at: 24, type: 'u32', doc: 'the page that redo changes, or 0xffffffff' },
    slot: { at: 28, type: 'u16', doc: 'slot in the page, where there is one' },
    aux16: { at: 30, type: 'u16', doc: "the record type's own" },
    aux32: { at: 32, type: 'u32', doc: "the record type's own" },
    aux32Second: { at: 36, type: 'u32', doc: "the record type's own" },
  },
});

/** The payload of COMMIT. */
export const COMMIT_PAYLOAD = defineStruct({
  name: 'commitPayload',
  doc: 'What a commit record holds behind its header',
  fields: {
    stamp: {
      at: 0,
      type: 'time',
      unit: 'microseconds',
      doc: "the transaction's stamp, unique and rising with the log (TX-T1, TX-T7)",
    },
  },
});
