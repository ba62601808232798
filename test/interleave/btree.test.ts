/** The B+tree under the scheduler. */
import { exploreAll } from './explore-all.ts';

exploreAll('interleavings of the B+tree', { runs: 240, random: 80 }, [
  ['btree-descent', 'SM-L6: a reader starts again when the parent of the child it chose has moved', 'btree.childChosen'],
  ['btree-lookup', 'SM-L6: a point lookup starts again when the parent of the child it chose has moved', 'btree.childChosen'],
  ['btree-way', 'SM-L6: a remembered way to a leaf is not taken once its parent has moved', 'btree.wayTaken'],
  ['btree-split', 'SM-L6: readers find every key while nodes split', 'btree.splitLatch'],
  ['btree-merge', 'SM-L6: readers find every key while empty nodes go away', 'btree.mergeLatch'],
  ['btree-unique', 'SM-B3: of two inserts of one key into a unique index one succeeds', 'btree.uniqueWitnessed'],
  ['btree-collect', 'SM-B4: an entry whose key is in use again is not collected', 'btree.removeLatched'],
]);
