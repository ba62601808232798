/**
 * Hash indexes: equality only, for keys of any kind and length at 14 bytes an entry.
 *
 *   key --hashKey()--> 64-bit hash --> [ directory: inner nodes over ranges of hashes ] --> bucket: a leaf of (hash, row id)
 *
 * The directory of extendible hashing maps the first bits of a hash to buckets, several entries to a bucket that is less deep, and
 * doubles when a bucket at full depth overflows. Here it maps ranges of hashes, which is the same with entries of equal target
 * written once; it grows a node at a time instead of doubling, and a bucket full of one hash splits by row id instead of growing
 * a chain. That makes it the B+tree's inner levels: because hashes are even, their interpolated search finds the place in one or two
 * probes. So latching, logging, undo, unique witnesses and collection are the B+tree's (SM-L6, W6, W7, B3, B4), and log records name
 * the hash as key.
 *
 * Different keys can have one hash: lookups give candidates, and the reader compares the row's key, as it does anyway (SM-B2). A
 * unique check looks at each candidate's row (SM-B3) and does not count those with another key.
 */

import type { IndexKind, KeyScratch } from '../rows/runtime.ts';
import { createKeyScratch } from '../rows/runtime.ts';
import { createIndex } from '../btree/create.ts';
import { checkIndex, type IndexFigures } from '../btree/check.ts';
import { indexInsert } from '../btree/insert.ts';
import { lookupI64 } from '../btree/lookup.ts';
import { indexRemove } from '../btree/remove.ts';
import type { HeapWitness, IndexChange, IndexStatus, LeafWitness, Tree, TreeIndex } from '../btree/tree.ts';
import { collectKey, indexInsertUnique } from '../btree/unique.ts';
import { hashKey } from './hash-key.ts';

/** A hash index: root page, and the kind of its keys (not of what it stores). IndexRuntime has these fields. */
export type HashIndex = TreeIndex;

/** This thread's hash of the key that the call under way is about. */
const hash: KeyScratch = createKeyScratch();
const stored = { root: 0, kind: 'i64' as IndexKind };

function storedIndex(index: HashIndex, key: KeyScratch): TreeIndex {
  hashKey(index.kind, key, hash);
  stored.root = index.root;
  return stored;
}

/** Makes an empty hash index and returns its root page. The parameters are those of createIndex(). */
export function createHashIndex(tree: Tree, logged: boolean, temporary = false, limit = 0): number {
  return createIndex(tree, 'i64', logged, temporary, limit);
}

/**
 * First candidate for the key into tree.found (tree.ts, FOUND_*), as lookupI64() does; further ones, where FOUND_MORE says so, come
 * from collectHash().
 */
export function lookupHash(tree: Tree, index: HashIndex, key: KeyScratch): boolean {
  hashKey(index.kind, key, hash);
  return lookupI64(tree, index.root, hash.i32[0], hash.i32[1]);
}

/** All candidates for the key, and the leaves' witness. */
export function collectHash(tree: Tree, index: HashIndex, key: KeyScratch, witness: LeafWitness): void {
  collectKey(tree, storedIndex(index, key), hash, witness);
}

/** indexInsert() for the key's hash. */
export function hashInsert(
  tree: Tree,
  index: HashIndex,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  change: IndexChange,
): IndexStatus {
  return indexInsert(tree, storedIndex(index, key), hash, rowPage, rowSlot, change);
}

/** indexInsertUnique() for the key's hash, with a witness from collectHash(). */
export function hashInsertUnique(
  tree: Tree,
  index: HashIndex,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  change: IndexChange,
  witness: LeafWitness,
): IndexStatus {
  return indexInsertUnique(tree, storedIndex(index, key), hash, rowPage, rowSlot, change, witness);
}

/** indexRemove() for the key's hash. */
export function hashRemove(
  tree: Tree,
  index: HashIndex,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  change: IndexChange,
  heap: HeapWitness | null,
): IndexStatus {
  return indexRemove(tree, storedIndex(index, key), hash, rowPage, rowSlot, change, heap);
}

/** checkIndex() of what is stored: `visit` is given hashes, to be compared with those of the rows' keys. */
export function checkHashIndex(
  tree: Tree,
  index: HashIndex,
  report: (page: number, message: string) => void,
  visit: ((hash: KeyScratch) => void) | null = null,
): IndexFigures {
  return checkIndex(tree, { root: index.root, kind: 'i64' }, report, visit);
}
