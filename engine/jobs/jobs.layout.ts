/**
 * What the threads share about background work, in the control segment: regions 'jobs' (words), 'jobQueue' (a ring buffer
 * of entries) and 'jobThreads' (what each thread is running). The protocol: queue.ts.
 *
 * Words that different threads write often lie 64 bytes apart (SM-S3).
 */

import { defineStruct } from '../../shm/struct.ts';

/** Kinds 1..KINDS_MAX - 1: a kind is a bit in the words below. */
export const KINDS_MAX = 32;

/** No thread of the pool was asked for: none at all, or no more of them. */
export const POOL_NONE = 0;
/** One more is: the host starts it when it looks. */
export const POOL_WANTED = 1;
/** It is on its way; or all are there. */
export const POOL_STARTED = 2;
/** The threads end after the slice that they are in. */
export const POOL_STOPPING = 3;

/** In `attention`: a first mark is passed, or a job is urgent. */
export const ATTENTION_BEHIND = 1;
/** In `attention`: a second mark is passed. */
export const ATTENTION_OVERRUN = 2;

export const JOBS = defineStruct({
  name: 'jobsShared',
  doc: 'Words of the queue of background work',
  bytes: 704,
  fields: {
    poolState: { at: 0, type: 'atomic32', doc: 'one of POOL_...; the host sleeps on it' },
    work: { at: 64, type: 'atomic32', doc: 'counts jobs that were queued, wraps; pool threads sleep on it' },
    urgent: { at: 68, type: 'atomic32', doc: 'urgent jobs in the queue' },
    attention: { at: 128, type: 'atomic32', doc: 'bits ATTENTION_...; 0 = a writing call has nothing to look at' },
    pending: { at: 192, type: 'atomic32', doc: 'bit k: a job of kind k that is queued once is in the queue' },
    running: { at: 256, type: 'atomic32', doc: 'pool threads that take from the queue' },
    failing: { at: 320, type: 'atomic32', doc: 'bit k: the last job of kind k failed, and that was reported' },
    periodicAt: {
      at: 384,
      type: 'bytes',
      length: 128,
      doc: 'a word a kind: when it was last queued by time, in milliseconds, wraps',
    },
    runs: { at: 512, type: 'bytes', length: 128, doc: 'a word a kind: slices that were run (statistics)' },
    retries: { at: 640, type: 'atomic32', doc: 'jobs queued again because their thread died or they failed (statistics)' },
  },
});

export const JOB_THREAD = defineStruct({
  name: 'jobThread',
  doc: 'The job that a thread is running: an entry of the queue, and whether the thread belongs to the pool',
  bytes: 64,
  fields: {
    entry: { at: 0, type: 'i32', doc: 'kind | ENTRY_ONCE | attempts << ENTRY_ATTEMPTS_SHIFT; 0 = runs none' },
    a: { at: 4, type: 'i32', doc: 'first argument' },
    b: { at: 8, type: 'i32', doc: 'second argument' },
    c: { at: 12, type: 'i32', doc: 'third argument' },
    pool: { at: 16, type: 'i32', doc: '1 = counted in running' },
  },
});

/** Bits of an entry's first word that hold the kind. */
export const ENTRY_KIND = KINDS_MAX - 1;
/** The entry has its kind's bit in `pending`. */
export const ENTRY_ONCE = 0x100;
/** From here on: how often the job was begun and not ended. */
export const ENTRY_ATTEMPTS_SHIFT = 16;
