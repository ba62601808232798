/**
 * The catalog's version, for all threads (TX-T14), and this thread's transactions that have changed the catalog.
 *
 *   'catalog' region: | version | sessions | dropped | ... 64 | ending | ... 128 | ending, a word each thread |
 *
 *   commit of DDL    ending + 1;  commit record, precommitted: its locks count no more;  version + 1;  ending - 1
 *   who reads        ending? then nothing that is read is kept, and nothing kept is trusted;  else the version
 *
 * So whoever has been let to a table by DDL that ended finds the catalog that this DDL left: the version alone would move a little
 * before the commit, or a little after the locks. Of a thread that dies in between, the thread that buries it makes it up.
 */

import { registerBurier } from '../../shm/deaths.ts';
import { type RegionRequest, regionOf, type SharedMemory } from '../../shm/shared-memory.ts';
import { waitOnWord } from '../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import type { Transaction, Transactions } from '../txn/transactions.ts';

const testing = TESTING;
const loadsInOrder = process.arch === 'x64';

const SESSIONS = 8;
const DROPPED = 16;
const ENDING = 64;
const THREADS = 128;

export const catalogRegion = (threads: number): RegionRequest => ({ name: 'catalog', bytes: THREADS + threads * 4 });

type UndoneListener = (tx: Transaction, mark: number) => void;

/** How often and how long, in milliseconds, a reader waits for a commit of DDL to end. */
const ENDING_WAITS = 10;
const ENDING_MS = 1;

/** A commit of DDL is under way somewhere: catalogVersion() has no answer. */
export const CATALOG_MOVING = -1;

export interface CatalogWords {
  readonly shm: SharedMemory;
  readonly versionWord: number;
  readonly endingWord: number;
  readonly ownWord: number;
  /** This thread's transactions with DDL; true: its commit is under way. */
  readonly open: Map<Transaction, boolean>;
  undone: UndoneListener | null;
  ended: ((tx: Transaction) => void) | null;
}

/** Once a thread, after createLocks(): DDL is over before its locks go. */
export function createCatalogWords(txns: Transactions): CatalogWords {
  const { shm, hooks } = txns;
  const base = regionOf(shm, 'catalog');
  const words: CatalogWords = {
    shm,
    versionWord: base >>> 2,
    endingWord: (base + ENDING) >>> 2,
    ownWord: (base + THREADS) >>> 2,
    open: new Map(),
    undone: null,
    ended: null,
  };
  const released = hooks.ended;
  hooks.ended = (tx) => {
    if (words.open.size > 0) endDdl(words, txns, tx);
    released?.(tx);
  };
  registerBurier(shm, 'late', (_, thread) => finishEnding(words, thread));
  return words;
}

/** The transaction has changed the catalog. */
export function noteDdl(words: CatalogWords, txns: Transactions, tx: Transaction): void {
  if (words.open.has(tx)) return;
  words.open.set(tx, false);
  txns.hooks.committing = (committing) => {
    if (words.open.get(committing) !== false) return;
    words.open.set(committing, true);
    Atomics.add(words.shm.i32, words.ownWord + words.shm.thread, 1);
    Atomics.add(words.shm.i32, words.endingWord, 1);
    if (testing) yieldPoint('catalog.ending');
  };
}

function endDdl(words: CatalogWords, txns: Transactions, tx: Transaction): void {
  const committing = words.open.get(tx);
  if (committing === undefined) return;
  words.open.delete(tx);
  if (words.open.size === 0) txns.hooks.committing = null;
  if (committing) finishOne(words, words.shm.thread);
  words.ended?.(tx);
}

function finishOne(words: CatalogWords, thread: number): void {
  const { i32 } = words.shm;
  Atomics.add(i32, words.versionWord, 1);
  if (testing) yieldPoint('catalog.moved');
  Atomics.sub(i32, words.endingWord, 1);
  Atomics.notify(i32, words.endingWord);
  Atomics.sub(i32, words.ownWord + thread, 1);
}

function finishEnding(words: CatalogWords, thread: number): void {
  while (Atomics.load(words.shm.i32, words.ownWord + thread) > 0) finishOne(words, thread);
}

/**
 * The former definition of a table is back, before its lock goes: what others have compiled meanwhile, for the definition that is
 * gone, they look at again.
 */
export function moveCatalog(shm: SharedMemory): void {
  Atomics.add(shm.i32, regionOf(shm, 'catalog') >>> 2, 1);
}

/**
 * The version, or CATALOG_MOVING. First `ending`, then the version: what ended between the two has moved it. A commit takes
 * microseconds from the one to the other: whoever meets it waits a little.
 */
export function catalogVersion(words: CatalogWords): number {
  const { shm } = words;
  // Loads stay in order there: no need for the slower ones. Each statement comes by.
  if (loadsInOrder && shm.i32[words.endingWord] === 0) return shm.i32[words.versionWord];
  for (let waits = 0; ; waits++) {
    const ending = Atomics.load(shm.i32, words.endingWord);
    if (ending === 0) return Atomics.load(shm.i32, words.versionWord);
    if (waits === ENDING_WAITS) return CATALOG_MOVING;
    waitOnWord(shm, shm.i32, words.endingWord * 4, ending, ENDING_MS);
  }
}

/** A number for a session that no other has in this boot. */
export const nextCatalogSession = (words: CatalogWords): number =>
  Atomics.add(words.shm.i32, words.versionWord + SESSIONS / 4, 1) + 1;

/** Something was dropped whose pages are still to be given back. */
export function noteDropped(words: CatalogWords): void {
  Atomics.add(words.shm.i32, words.versionWord + DROPPED / 4, 1);
}

/** How much was dropped since the count was last taken. */
export const droppedCount = (words: CatalogWords): number => Atomics.load(words.shm.i32, words.versionWord + DROPPED / 4);

/** Takes the count: whoever does so looks at everything that is dropped. */
export function takeDropped(words: CatalogWords): void {
  Atomics.store(words.shm.i32, words.versionWord + DROPPED / 4, 0);
}

/** Entries of the transaction in this slot are undone down to a mark; of a dead thread's transaction nobody here knows. */
export function undoDdl(words: CatalogWords, slot: number, mark: number): void {
  for (const tx of words.open.keys()) if (tx.slot === slot) words.undone?.(tx, mark);
}
