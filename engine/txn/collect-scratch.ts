/**
 * What the collector works with on one thread, besides what every transaction uses: a writer that runs out of room collects in
 * the middle of a statement, whose row images and keys must stay as they are.
 */

import { type ByteViews, privateViews } from '../storage/rows/byte-views.ts';
import { ROW_SCRATCH_BYTES } from '../storage/rows/row-image.ts';
import { createKeyScratch, type KeyScratch } from '../storage/rows/runtime.ts';
import type { HeapWitness, IndexChange } from '../storage/btree/tree.ts';
import type { OverflowStore } from '../storage/overflow/overflow.ts';
import { freeTemporaryPages, takeTemporaryPages } from '../storage/space/temporary-pages.ts';
import type { PageCache } from '../storage/cache/page-cache.ts';
import type { Log } from '../storage/log/log-context.ts';
import type { Space } from '../storage/space/space.ts';

export interface CollectScratch {
  /** The dead version, a version of the chain, an image in the current layout, a version's header. */
  readonly version: ByteViews;
  readonly image: ByteViews;
  readonly upgraded: ByteViews;
  readonly header: ByteViews;
  readonly key: KeyScratch;
  readonly otherKey: KeyScratch;
  readonly change: IndexChange;
  /** Where a row's newest version was read (SM-B4). */
  readonly witness: HeapWitness;
  /** Where overflow chains lie. */
  readonly overflow: OverflowStore;
  /** First pages of the chains of a row whose slot is about to be freed. */
  readonly chains: number[];
  /** Rows that this slice may still look at. */
  left: number;
  /** Chunks that the last slice did not come to. */
  unlooked: number;
}

export const createCollectScratch = (cache: PageCache, log: Log, space: Space): CollectScratch => ({
  version: privateViews(ROW_SCRATCH_BYTES),
  image: privateViews(ROW_SCRATCH_BYTES),
  upgraded: privateViews(ROW_SCRATCH_BYTES),
  header: privateViews(64),
  key: createKeyScratch(),
  otherKey: createKeyScratch(),
  change: { logged: true, transaction: 0, table: 0, previous: 0, compensation: false, lastRecord: 0 },
  witness: { frame: 0, page: 0, version: 0 },
  overflow: {
    cache,
    log,
    space,
    temporary: {
      allocate: () => takeTemporaryPages(space, 1),
      free: (page) => freeTemporaryPages(space, page, 1),
    },
  },
  chains: [],
  left: 0,
  unlooked: 0,
});
