/** What a sequence can be told when it is made or changed, with its defaults and checks; and the errors of sequences. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { highWord, isInt64, lowWord } from './int64-words.ts';
import {
  SEQUENCE_STATE_BYTES,
  setSequenceStateFlags,
  setSequenceStateIncrementHigh,
  setSequenceStateIncrementLow,
  setSequenceStateLimitHigh,
  setSequenceStateLimitLow,
  setSequenceStateMaximumHigh,
  setSequenceStateMaximumLow,
  setSequenceStateMinimumHigh,
  setSequenceStateMinimumLow,
  setSequenceStateStartHigh,
  setSequenceStateStartLow,
  setSequenceStateValueHigh,
  setSequenceStateValueLow,
} from './sequence.layout.gen.ts';
import { SEQUENCE_CYCLE } from './sequence.layout.ts';

export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

export interface SequenceOptions {
  /** Not 0. 1. */
  increment?: number | bigint;
  /** 1, or the least int64 for one that descends. */
  minimum?: number | bigint;
  /** The greatest int64, or -1 for one that descends. */
  maximum?: number | bigint;
  /** The first value. The minimum, or the maximum for one that descends. */
  start?: number | bigint;
  /** Goes on at the other end after the last value. */
  cycle?: boolean;
}

/** The state of a new sequence (SEQUENCE_STATE, in memory of its own). 22023 for options that cannot be. */
export function sequenceState(options: SequenceOptions): Int32Array {
  const increment = options.increment ?? 1;
  const ascending = increment > 0;
  const minimum = options.minimum ?? (ascending ? 1 : INT64_MIN);
  const maximum = options.maximum ?? (ascending ? INT64_MAX : -1);
  const start = options.start ?? (ascending ? minimum : maximum);
  for (const value of [increment, minimum, maximum, start]) {
    if (!isInt64(value)) throw refused(`${value} is not a 64-bit integer`, 'give numbers above 2^53 as BigInt');
  }
  if (BigInt(increment) === 0n) throw refused('INCREMENT is 0', 'give the distance of a value from the one before');
  if (BigInt(minimum) > BigInt(maximum)) throw refused(`MINVALUE (${minimum}) is above MAXVALUE (${maximum})`, 'exchange them');
  if (BigInt(start) < BigInt(minimum) || BigInt(start) > BigInt(maximum)) throw outOfBounds(`START (${start})`);
  const state = new Int32Array(SEQUENCE_STATE_BYTES >>> 2);
  setSequenceStateIncrementHigh(state, 0, highWord(increment));
  setSequenceStateIncrementLow(state, 0, lowWord(increment));
  setSequenceStateMinimumHigh(state, 0, highWord(minimum));
  setSequenceStateMinimumLow(state, 0, lowWord(minimum));
  setSequenceStateMaximumHigh(state, 0, highWord(maximum));
  setSequenceStateMaximumLow(state, 0, lowWord(maximum));
  setSequenceStateStartHigh(state, 0, highWord(start));
  setSequenceStateStartLow(state, 0, lowWord(start));
  setSequenceStateValueHigh(state, 0, highWord(start));
  setSequenceStateValueLow(state, 0, lowWord(start));
  setSequenceStateLimitHigh(state, 0, highWord(start));
  setSequenceStateLimitLow(state, 0, lowWord(start));
  setSequenceStateFlags(state, 0, options.cycle === true ? SEQUENCE_CYCLE : 0);
  return state;
}

const refused = (what: string, hint: string): SqlError =>
  new SqlError(SQLSTATE.invalid_parameter_value, `no sequence can be so: ${what}`, { hint });

/** 22023: a value of the sequence would lie outside its bounds. */
export const outOfBounds = (what: string): SqlError =>
  refused(`${what} is outside MINVALUE and MAXVALUE`, 'widen the bounds, or choose a value between them');

/** 2200H: there is no next value. */
export const sequenceExhausted = (ascending: boolean, bound: number | bigint): SqlError =>
  new SqlError(
    SQLSTATE.sequence_generator_limit_exceeded,
    `the sequence has reached its ${ascending ? 'maximum' : 'minimum'} (${bound})`,
    { hint: 'restart it, widen its bounds, or let it cycle' },
  );

/** 22003: it cannot be set to this value. */
export const cannotBeSet = (value: number | bigint): SqlError =>
  new SqlError(SQLSTATE.numeric_value_out_of_range, `the sequence cannot be set to ${value}: that is outside its bounds`, {
    hint: 'change its MINVALUE or MAXVALUE first',
  });
