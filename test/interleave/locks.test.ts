/** Locks, serializable validation and sequences under the scheduler. */
import { exploreAll } from './explore-all.ts';

exploreAll('interleavings of locks', { runs: 150, random: 50 }, [
  ['row-locks', 'TX-T13: of lockers and changers of one row one has it at a time', 'rowLock.checked', 120],
  ['table-locks', 'TX-T14: DDL is alone with its table', 'tableLock.decided', 500],
  [
    'reader-deadlock',
    'TX-T14: DDL that waits for a reader, who has no number, is part of a ring',
    ['wait.readers', 'deadlock.victim'],
    200,
  ],
  [
    'reader-loop',
    'TX-T14: DDL on an event loop that waits for a reader is woken by the ring alone, and is part of a ring of waits',
    ['wait.readersAsync', 'doorbell.wait'],
    60,
  ],
  ['serializable', 'TX-T16: of two that do not see each other one commits', 'serializable.validated'],
  ['serialization-failure', 'TX-T10: who hears of 40001 can begin again at once', 'flush.visible', 80],
  ['sequence', 'sequences: no value is given out twice', 'sequence.found', 60],
]);
