/** What threads share of statements, under the scheduler. */
import { exploreAll } from './explore-all.ts';

exploreAll('interleavings of shared statements', { runs: 120, random: 80 }, [
  ['module-cache', 'SBLR-N3: an entry is there whole or not at all, whoever replaces or sweeps it', 'modules.filled'],
]);
