/** What workers and the log thread share: how often a flush was asked for, and which of these are done. */

import type { DatabaseHandle } from '../api/database.ts';

export const WANTED = 0;
/** In a line of its own: others write it (SM-S3). */
export const DONE = 16;
export const STOP = 32;
const WORDS = 48;

export interface LogThreadData {
  readonly handle: DatabaseHandle;
  readonly memory: SharedArrayBuffer;
}

export const logMemory = (): SharedArrayBuffer => new SharedArrayBuffer(WORDS * 4);
