/**
 * What the collector does about one row (SM-B4, TX-T18): taking out index entries that no version accounts for any more, and
 * the slot of a deleted row.
 *
 *   old key     chain of the row, from the newest to the first version that every snapshot sees: has one of them the key?
 *               No: its entry goes, if the row's page has not moved since the newest was read; else look again
 *   tombstone   that every snapshot sees: an entry for each of its keys goes alike, then the slot, then its overflow chains
 *
 * A row id may belong to another row by now. That is no matter: an entry is right or wrong by what its row id leads to.
 *
 * Nothing is held from one step to the next, so writers are never stopped. Where they are faster again and again the row is left
 * for later.
 */

import { assert } from '../../shm/assert.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { indexRemove } from '../storage/btree/remove.ts';
import { INDEX_DONE, INDEX_MOVED } from '../storage/btree/tree.ts';
import { holdPage, pagePlace, pageViews, releasePage } from '../storage/cache/page-cache.ts';
import { pageOwner, pageType } from '../storage/page.layout.gen.ts';
import { PAGE_TYPE_HEAP } from '../storage/page.layout.ts';
import { type ByteViews, copyWords } from '../storage/rows/byte-views.ts';
import { imageLayout, paddedLength, ROW_DELETED, ROW_OVERFLOW, ROW_REKEYED } from '../storage/rows/row-image.ts';
import {
  createKeyList,
  type IndexRuntime,
  KEY_OK,
  KEY_OVERFLOW,
  type KeyScratch,
  type TableRuntime,
} from '../storage/rows/runtime.ts';
import { readSpilledVersion } from './chunk-spill.ts';
import { noteEntriesGone } from './entries-exact.ts';
import { hasListed, isListed, listKeys, takeKey } from './index-keys.ts';
import { COLLECTED, type Collected, freeTombstone, LATER, NOT_DEAD, OLDEST } from './row-free.ts';
import { chainsOf, freeChains } from './row-overflow.ts';
import { COPY_FRAME, COPY_PAGE, COPY_VERSION, copyNewest } from './row-read.ts';
import type { Transactions } from './transactions.ts';
import { VERSION_DELETED, VERSION_LOCK, VERSION_VOID } from './txn.layout.ts';
import { addTxnSharedDeadEntries, VERSION_BYTES } from './txn.layout.gen.ts';
import { sameKeys } from './unique.ts';
import { residentVersion } from './versions.ts';

const testing = TESTING;

/** Looks at a row whose page others change meanwhile. */
const TRIES = 16;

/**
 * The marked version at `address`, of row (page, slot), which no snapshot needs. COLLECTED: nobody has to look at it again;
 * its overflow chains are freed by freeVersionChains() once that is noted.
 */
export function collectVersion(
  txns: Transactions,
  table: TableRuntime,
  page: number,
  slot: number,
  address: number,
  flags: number,
): Collected {
  // Undone: the row has it again. Its further changes have made versions of their own.
  if ((flags & VERSION_VOID) !== 0) return COLLECTED;
  if (!isPageOf(txns, table, page)) return COLLECTED;
  const { version, key } = txns.collecting;
  if ((flags & VERSION_DELETED) !== 0) {
    const outcome = collectTombstone(txns, table, page, slot);
    if (outcome !== NOT_DEAD) return outcome;
  }
  readVersion(txns, address, version);
  if (testing) yieldPoint('collect.version');
  for (const index of table.indexes) {
    if (isListed(index)) {
      if (collectListed(txns, table, index, version, page, slot) === LATER) return LATER;
      continue;
    }
    if (!keyOf(txns, table, index, version, key)) continue;
    if (collectEntry(txns, table, index, page, slot) === LATER) return LATER;
  }
  // The row's first version, with the only keys that entries may have been left of (SM-P2).
  const isFirst = version.i32[2] === 0 && (version.i32[3] & ROW_REKEYED) === 0;
  if (isFirst && (flags & (VERSION_DELETED | VERSION_LOCK)) === 0) noteEntriesGone(txns, table, page, slot, address);
  return COLLECTED;
}

/** Keys of a version in an index with several entries a row, and those of the row as it is: what it has still is spared a look. */
const versionKeys = createKeyList();
const newestKeys = createKeyList();
const aliveKeys = createKeyList();

function collectListed(
  txns: Transactions,
  table: TableRuntime,
  index: IndexRuntime,
  version: ByteViews,
  page: number,
  slot: number,
): Collected {
  const { image, key, upgraded } = txns.collecting;
  listKeys(txns, table, index, version, 0, versionKeys, upgraded);
  newestKeys.count = 0;
  if (copyNewest(txns, page, slot, image, 0) && (image.i32[3] & ROW_DELETED) === 0)
    listKeys(txns, table, index, image, 0, newestKeys, upgraded);
  for (let at = 0; at < versionKeys.count; at++) {
    takeKey(versionKeys, at, key);
    if (hasListed(newestKeys, key.i32[0], key.i32[1])) continue;
    if (collectEntry(txns, table, index, page, slot) === LATER) return LATER;
  }
  return COLLECTED;
}

/** Frees the overflow chains of a version that was replaced by a committed change. It has been read, and is noted as done. */
export function freeVersionChains(txns: Transactions, table: TableRuntime, address: number, flags: number): void {
  // A deleted row's chains go with its slot; those of a version that the row has again, or still has, are the row's.
  if ((flags & (VERSION_VOID | VERSION_LOCK | VERSION_DELETED)) !== 0) return;
  const { version, chains, overflow } = txns.collecting;
  readVersion(txns, address, version);
  if ((version.i32[3] & ROW_OVERFLOW) === 0) return;
  chainsOf(table, version, 0, chains);
  freeChains(overflow, table, chains);
}

/**
 * The row, if it is a tombstone that every snapshot sees: its entries, its slot, its overflow chains. COLLECTED: there is no such
 * tombstone any more, by this call or another.
 */
export function collectTombstone(txns: Transactions, table: TableRuntime, page: number, slot: number): Collected {
  const { image, key } = txns.collecting;
  for (const index of table.indexes) {
    if (!copyNewest(txns, page, slot, image, 0)) return COLLECTED;
    if (!isDeadTombstone(txns, image)) return NOT_DEAD;
    if (isListed(index)) {
      if (collectListed(txns, table, index, image, page, slot) === LATER) return LATER;
      continue;
    }
    if (!keyOf(txns, table, index, image, key)) continue;
    if (collectEntry(txns, table, index, page, slot) === LATER) return LATER;
  }
  if (testing) yieldPoint('collect.entriesGone');
  return freeTombstone(txns, table, page, slot);
}

/** The image at byte 0 is a tombstone that every snapshot sees. */
const isDeadTombstone = (txns: Transactions, image: ByteViews): boolean =>
  (image.i32[3] & ROW_DELETED) !== 0 && image.f64[0] >= 0 && image.f64[0] <= txns.scratch[OLDEST];

/** Removes the entry (collecting.key, row) unless a version that counts has the key. */
export function collectEntry(
  txns: Transactions,
  table: TableRuntime,
  index: IndexRuntime,
  page: number,
  slot: number,
): Collected {
  const { change, witness, key } = txns.collecting;
  change.logged = table.logged;
  change.table = table.id;
  for (let tries = 0; tries < TRIES; tries++) {
    if (isKeyAlive(txns, table, index, page, slot)) return COLLECTED;
    if (testing) yieldPoint('collect.entry');
    change.previous = 0;
    const status = indexRemove(txns.tree, index, key, page, slot, change, witness);
    if (status === INDEX_MOVED) continue;
    if (status === INDEX_DONE) addTxnSharedDeadEntries(txns.i32, txns.shared, 1);
    return COLLECTED;
  }
  return LATER;
}

/**
 * Whether a version that a snapshot may see, or that an undo would bring back, has collecting.key: from the newest to the first
 * that every snapshot sees. collecting.witness says where and in which state of its page the newest was read.
 */
function isKeyAlive(txns: Transactions, table: TableRuntime, index: IndexRuntime, page: number, slot: number): boolean {
  const { image, witness } = txns.collecting;
  const { ints } = txns;
  const isThere = copyNewest(txns, page, slot, image, 0);
  witness.frame = ints[COPY_FRAME];
  witness.page = ints[COPY_PAGE];
  witness.version = ints[COPY_VERSION];
  if (!isThere) return false;
  for (;;) {
    const stamp = image.f64[0];
    const back = image.i32[2];
    if ((image.i32[3] & ROW_DELETED) === 0 && hasKey(txns, table, index, image)) return true;
    if ((stamp >= 0 && stamp <= txns.scratch[OLDEST]) || back === 0) return false;
    if (testing) yieldPoint('collect.back');
    // Undone since the newest was read: the page has moved, and the next look will tell.
    if (!readVersion(txns, back, image)) return true;
  }
}

/** Whether an image has collecting.key. */
function hasKey(txns: Transactions, table: TableRuntime, index: IndexRuntime, image: ByteViews): boolean {
  const { key, otherKey, upgraded } = txns.collecting;
  if (!isListed(index)) return keyOf(txns, table, index, image, otherKey) && sameKeys(index, key, otherKey);
  listKeys(txns, table, index, image, 0, aliveKeys, upgraded);
  return hasListed(aliveKeys, key.i32[0], key.i32[1]);
}

/** The key of an image of any layout; false: it has none that an index could hold. No page held. */
function keyOf(txns: Transactions, table: TableRuntime, index: IndexRuntime, views: ByteViews, key: KeyScratch): boolean {
  let from = views;
  if (imageLayout(views.i32, 0) !== table.layout.number) {
    from = txns.collecting.upgraded;
    table.upgrade(views, 0, from, 0);
  }
  let status = index.extract(from.i32, from.u16, from.u8, from.f64, 0, key);
  if (status === KEY_OVERFLOW) status = index.extractWide(from, 0, key, txns.readOverflow);
  return status === KEY_OK;
}

/** Copies a version's image to byte 0 of `out`, from wherever it lies; false: it is gone. */
function readVersion(txns: Transactions, address: number, out: ByteViews): boolean {
  const at = residentVersion(txns, address);
  if (at === -2) return false;
  if (at === -1) readSpilledVersion(txns, address, out, 0);
  else {
    const image = at + VERSION_BYTES;
    const length = paddedLength(txns.versions.i32, image);
    assert(length <= out.i32.byteLength, 'a version that is read by the collector is whole');
    copyWords(out.i32, 0, txns.versions.i32, image, length);
  }
  return true;
}

/** The page is still one of the table's heap: a version outlives the pages of what was dropped or truncated. */
export function isPageOf(txns: Transactions, table: TableRuntime, page: number): boolean {
  const frame = holdPage(txns.cache, page);
  const views = pageViews(txns.cache, frame);
  const at = pagePlace(txns.cache, frame);
  const mine = pageType(views.u8, at) === PAGE_TYPE_HEAP && pageOwner(views.u32, at) === table.id;
  releasePage(txns.cache, frame);
  return mine;
}
