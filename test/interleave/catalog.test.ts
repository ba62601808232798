/** Definitions under the scheduler. SCRATCHBIRD_RUNS=10 makes ten times as many runs. */
import { exploreAll } from './explore-all.ts';

exploreAll('interleavings of the catalog', { runs: 24, random: 24 }, [
  ['catalog-ddl', 'TX-T14: who gets a table after DDL works with what DDL has left', ['catalog.moved', 'tableLock.decided'], 40],
]);
