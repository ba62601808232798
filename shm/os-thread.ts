/**
 * Which thread of the operating system we are, and whether another one still runs.
 *
 * Linux only, through /proc: (thread id, start time) names a thread even when ids are used again. Elsewhere the parent
 * of a thread has to tell that it ended (markDead in deaths.ts).
 */

import { existsSync, readFileSync } from 'node:fs';

export interface OsThread {
  /** 0 where the system does not tell. */
  readonly id: number;
  /** Clock ticks since the machine started. */
  readonly start: number;
}

const OWN_STAT = '/proc/thread-self/stat';
const supported = existsSync(OWN_STAT);

/** Fields of a stat line; the second, the name, is in brackets and may hold anything. */
const START_FIELD_AFTER_NAME = 19;

function startOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[START_FIELD_AFTER_NAME]);
}

/** The calling thread. */
export function ownOsThread(): OsThread {
  if (!supported) return { id: 0, start: 0 };
  const stat = readFileSync(OWN_STAT, 'latin1');
  return { id: Number.parseInt(stat, 10), start: startOf(stat) };
}

/** False when the thread is certainly gone; true where the system does not tell. Does I/O: for the rare case only. */
export function osThreadRuns(id: number, start: number): boolean {
  if (id === 0 || !supported) return true;
  let stat: string;
  try {
    stat = readFileSync(`/proc/self/task/${id}/stat`, 'latin1');
  } catch (error) {
    // ENOENT before it is opened, ESRCH when it ends in between; anything else says nothing about the thread.
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOENT' && code !== 'ESRCH';
  }
  return startOf(stat) === start;
}
