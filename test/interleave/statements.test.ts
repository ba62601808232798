/** What threads share of statements, under the scheduler. */
import { exploreAll } from './explore-all.ts';

exploreAll('interleavings of shared statements', { runs: 120, random: 80 }, [
  ['module-cache', 'SBLR-N3: an entry is there whole or not at all, whoever replaces or sweeps it', 'modules.filled'],
]);

exploreAll('interleavings of spread statements', { runs: 2, random: 16 }, [
  [
    'gather',
    'TX-T4, TX-T8: a statement that is spread answers what one thread answers, and leaves nobody behind',
    ['gather.morsel', 'gather.posted', 'gather.joined', 'gather.answered'],
  ],
]);
