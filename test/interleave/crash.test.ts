/** Crashes at any step of the whole kernel: what was on disk is recovered and compared with what was acknowledged. */
import { exploreAll } from './explore-all.ts';

exploreAll('interleavings with a crash', { runs: 20, random: 8 }, [
  ['crash-flush', 'SM-W2, SM-W3, TX-T7: no acknowledged commit is lost, and none without those before it', 'flush.noted'],
  [
    'crash-lead',
    'SM-W3: the lead of a flush is left to one that may not be there: nobody waits for ever',
    'flush.handedOver',
    12,
  ],
  ['crash-visible', 'TX-T8: what a reader saw survives', 'flush.durable'],
  ['crash-pages', 'SM-W5, SM-W8: pages written amid transactions are resolved', 'writer.copied'],
  ['crash-structure', 'SM-W6: splits, moves and new pages are there whole or not at all', 'btree.splitLatch'],
  ['crash-append', 'SM-W1, SM-W9: a record that grows is on disk whole, or up to a row', ['log.grown', 'flush.leads'], 60],
  ['crash-rollback', 'SM-W7: a rollback and later commits to the same rows', 'rollback.undone'],
  ['own-commit', 'TX-T9, TX-T19: pipelined commits are seen by their session and survive once shown', 'wait.asked'],
]);
