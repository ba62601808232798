/** Collector and deadlock check under the scheduler, over a store of their own. */
import { exploreAll } from './explore-all.ts';

exploreAll('interleavings of the collector', { runs: 25, random: 20 }, [
  ['txn-collect', 'SM-B4: an entry whose key the row gets again is not collected', ['collect.entry', 'update.heapChanged']],
  [
    'txn-bound',
    'TX-T6, TX-T17: a snapshot sees one state whatever the collector frees meanwhile',
    ['collect.intent', 'versions.freed'],
  ],
  ['txn-tombstone', 'TX-T18: a tombstone goes, and a row that comes with its key keeps its entries', ['collect.entriesGone']],
  ['txn-deadlock', 'deadlock check: a ring of waits has exactly one victim', ['deadlock.found', 'deadlock.victim']],
]);
