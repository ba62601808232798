/** Advisory locks in shared memory: region 'advisoryLocks', ADVISORY_SHARED and behind it ADVISORY_LOCKS_MAX entries of ADVISORY_LOCK. */

import { defineStruct } from '../../shm/struct.ts';

/** Entries: locks that are held or waited for, by different sessions or of different keys. */
export const ADVISORY_LOCKS_MAX = 1024;

export const ADVISORY_SHARED = defineStruct({
  name: 'advisoryShared',
  doc: 'Words of advisory locks',
  bytes: 64,
  fields: {
    latch: { at: 0, type: 'atomic32', doc: 'latch of all entries' },
    used: { at: 4, type: 'i32', doc: 'entries at and beyond this one are free' },
    ticket: { at: 8, type: 'i32', doc: 'of the session that began to wait last' },
  },
});

export const ADVISORY_LOCK = defineStruct({
  name: 'advisoryLock',
  doc: 'What one session has of one key, or waits for',
  bytes: 48,
  fields: {
    session: { at: 0, type: 'i32', doc: 'session slot + 1, 0 = free' },
    generation: { at: 4, type: 'i32', doc: 'generation of that slot: another one has left it behind' },
    process: { at: 8, type: 'i32', doc: 'number by which clients know the session' },
    space: { at: 12, type: 'i32', doc: '1: the key is one int8; 2: it is two int4; above two bits the number of the database' },
    high: { at: 16, type: 'i32', doc: 'upper word of the key' },
    low: { at: 20, type: 'i32', doc: 'lower word' },
    shared: { at: 24, type: 'i32', doc: 'times held shared until the session lets go' },
    exclusive: { at: 28, type: 'i32', doc: 'times held alone until the session lets go' },
    sharedToEnd: { at: 32, type: 'i32', doc: 'times held shared until the transaction ends' },
    exclusiveToEnd: { at: 36, type: 'i32', doc: 'times held alone until the transaction ends' },
    waits: { at: 40, type: 'i32', doc: '0: it does not wait; 1: to share; 2: to be alone' },
    ticket: { at: 44, type: 'i32', doc: 'while it waits: whoever waits with a lower one comes first' },
  },
});
