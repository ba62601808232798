/** What a sequence's page holds behind its header, and what its log record carries. The protocol: sequence.ts. */

import { defineStruct } from '../../shm/struct.ts';

/** flags: after the last value the sequence goes on at its other end. */
export const SEQUENCE_CYCLE = 1;
/** flags: `value` was given out; clear: it is the next one to give out. */
export const SEQUENCE_CALLED = 2;

export const SEQUENCE_STATE = defineStruct({
  name: 'sequenceState',
  doc: 'State of a sequence, at byte 64 of its page and behind the header of its log record; 64-bit numbers are (high, low) words',
  bytes: 64,
  fields: {
    valueHigh: { at: 0, type: 'i32', doc: 'the last value given out, or the first one to be (SEQUENCE_CALLED)' },
    valueLow: { at: 4, type: 'i32', doc: 'its low word' },
    limitHigh: { at: 8, type: 'i32', doc: 'the value up to which the log covers what is given out' },
    limitLow: { at: 12, type: 'i32', doc: 'its low word' },
    minimumHigh: { at: 16, type: 'i32', doc: 'no smaller value is given out' },
    minimumLow: { at: 20, type: 'i32', doc: 'its low word' },
    maximumHigh: { at: 24, type: 'i32', doc: 'no greater value is given out' },
    maximumLow: { at: 28, type: 'i32', doc: 'its low word' },
    incrementHigh: { at: 32, type: 'i32', doc: 'distance of a value from the one before, not 0' },
    incrementLow: { at: 36, type: 'i32', doc: 'its low word' },
    startHigh: { at: 40, type: 'i32', doc: 'where a restart begins' },
    startLow: { at: 44, type: 'i32', doc: 'its low word' },
    flags: { at: 48, type: 'i32', doc: 'SEQUENCE_CYCLE, SEQUENCE_CALLED' },
    ahead: { at: 52, type: 'i32', doc: 'values that may be given out before the next log record' },
  },
});
