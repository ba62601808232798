/** The whole kernel under the scheduler: transactions, snapshots, collection. SCRATCHBIRD_RUNS=10 makes ten times as many runs. */
import { exploreAll } from './explore-all.ts';

exploreAll('interleavings of the kernel', { runs: 24, random: 8 }, [
  ['unique-abort', 'SM-B3: while a delete may be rolled back its key is not free', 'unique.fallBack', 200],
  ['late-unique', 'SM-B5: a key that is looked at later is not there twice', 'lateUnique.entered', 16],
  ['scan-moment', 'SM-L4, SM-P1, TX-T8: a scan sees one moment', 'scan.held'],
  ['advisory', 'TX-T15: an advisory lock is one session alone has, and who waits for it is woken', 'advisory.released'],
  ['eviction', 'SM-L5: pages that lose their frames lose no change', 'cache.claimed'],
  ['slot-recycling', 'TX-T2: a reader whose writer lost its slot reads the row again', 'slot.numberRead'],
  ['stamping', 'TX-T3: stamper, next writer and page writer resolve a stamp once', 'stamp.entry'],
  ['insert-select', 'TX-T4: a statement does not meet its own rows, also when it runs again', 'statement.begun'],
  ['chunks', 'TX-T6, TX-T17: a snapshot keeps what it saw while chunks are freed', 'read.version'],
  ['collect-marked', 'TX-T18, SM-B2, SM-B4: index and heap agree in every snapshot while entries are collected', 'collect.entry'],
  [
    'index-only',
    'SM-P2: entries that count without their rows are what the snapshot has',
    ['indexOnly.copied', 'indexOnly.looked', 'settle.looked'],
    40,
  ],
  ['append', 'SM-W1, SM-B3: two append to one page and leaf while a third flushes', ['log.grown', 'append.looked'], 60],
  [
    'change',
    'SM-L2, TX-T17: a row is changed where it was read, if nobody came in between',
    ['change.reserved', 'change.latched'],
    60,
  ],
  [
    'change-waiting',
    'TX-T3: rows that wait to be stamped are changed in place, and stamped once',
    ['change.latched', 'change.resolved', 'stamp.entry'],
    60,
  ],
  ['history', 'TX-T9, TX-T10, TX-T16: random histories show no cycle that their level does not allow', 'slot.numberRead', 12],
  ['deadlock', 'TX-T15: a ring of three waits ends with one victim', 'deadlock.found'],
]);
