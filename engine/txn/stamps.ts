/**
 * Stamps: one double a row version (TX-T1, TX-T2).
 *
 *   >= 0   committed at that time, microseconds since the Unix epoch
 *   <  0   in flight: -(transaction number * 2^20 + statement number); numbers are 32 bits, so the whole is below 2^52
 */

/** Statement numbers of one transaction are below this (TX-T4). */
export const STATEMENTS = 1048576;

/** Transaction numbers are below this, and wrap. */
export const NUMBERS = 4294967296;

/** The stamp of a version that a statement of a running transaction has written. `number` may be an int32. */
export const inFlightStamp = (number: number, statement: number): number => -((number >>> 0) * STATEMENTS + statement);

/** Transaction number (unsigned) in a stamp below 0. */
export const stampNumber = (stamp: number): number => Math.floor(-stamp / STATEMENTS);

/** Statement number in a stamp below 0. */
export const stampStatement = (stamp: number): number => -stamp % STATEMENTS;
