/** The latches and the page table under the scheduler. */
import { exploreAll } from './explore-all.ts';

exploreAll('interleavings of latches', { runs: 400, random: 200 }, [
  ['frame-latch', 'SM-L1, SM-L2, SM-L4: a latch goes from hand to hand, and what is read meanwhile is whole', 'wait.wait'],
  ['page-table', 'SM-L7: of two frames for one page one wins', 'wait.wait'],
]);
