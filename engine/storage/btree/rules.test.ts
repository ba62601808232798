import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameBase } from '../../../shm/shared-memory.ts';
import { readBegin } from '../../../shm/frame-latch.ts';
import { latchPage, unlatchPage } from '../cache/page-cache.ts';
import { flushTo, tailLsn } from '../log/flush.ts';
import { freeRetiredPages } from '../space/retired.ts';
import { pageUse, type Space } from '../space/space.ts';
import { temporaryPagesUsed } from '../space/temporary-pages.ts';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { changeOf, createStore, keyOf, type Store } from './btree-fixture.ts';
import { checkIndex } from './check.ts';
import { createIndex, eachIndexPage } from './create.ts';
import { createCursor, cursorAfter, cursorAt, cursorBound, nextBatch, previousBatch } from './cursor.ts';
import { indexInsert } from './insert.ts';
import { lookupI32 } from './lookup.ts';
import { indexRemove } from './remove.ts';
import { createWitness, FOUND_MORE, INDEX_ABSENT, INDEX_DONE, INDEX_MOVED, INDEX_PRESENT, type TreeIndex } from './tree.ts';
import { collectKey, indexInsertUnique } from './unique.ts';

const small = (limit = 6): { store: Store; index: TreeIndex } => {
  const store = createStore(new SimulatedVfs({ seed: 1 }));
  return { store, index: { root: createIndex(store.tree, 'i32', true, false, limit), kind: 'i32' } };
};

const sound = (store: Store, index: TreeIndex) =>
  checkIndex(store.tree, index, (page, message) => assert.fail(`page ${page} ${message}`));

test('SM-B3: who inserts a key moves the leftmost leaf that can hold it, even when the entry goes further right', () => {
  const { store, index } = small();
  const { tree } = store;
  const key = keyOf('i32', 5);
  for (let row = 0; row < 40; row += 2) indexInsert(tree, index, key, row, 1, changeOf(1));
  indexInsert(tree, index, keyOf('i32', 4), 1, 1, changeOf(1));
  const mine = createWitness();
  const other = createWitness();
  collectKey(tree, index, key, mine);
  collectKey(tree, index, key, other);
  assert.ok(mine.leafCount > 2);
  assert.equal(mine.rowCount, 20);
  assert.equal(indexInsertUnique(tree, index, key, 39, 1, changeOf(2), mine), INDEX_DONE);
  assert.equal(indexInsertUnique(tree, index, key, 38, 2, changeOf(3), other), INDEX_MOVED);
});

test('SM-B3: a writer that finds its own entry already there moves the version all the same', () => {
  const { store, index } = small();
  const { tree } = store;
  const key = keyOf('i32', 5);
  indexInsert(tree, index, key, 1, 1, changeOf(1));
  const mine = createWitness();
  const other = createWitness();
  collectKey(tree, index, key, mine);
  collectKey(tree, index, key, other);
  assert.equal(indexInsertUnique(tree, index, key, 1, 1, changeOf(1), mine), INDEX_PRESENT);
  assert.equal(indexInsertUnique(tree, index, key, 2, 1, changeOf(2), other), INDEX_MOVED);
});

test('SM-B3: a change in any leaf that can hold the key moves the witness', () => {
  const { store, index } = small();
  const { tree } = store;
  const key = keyOf('i32', 5);
  for (let row = 0; row < 40; row++) indexInsert(tree, index, key, row, 1, changeOf(1));
  const mine = createWitness();
  collectKey(tree, index, key, mine);
  indexRemove(tree, index, key, 39, 1, changeOf(1), null);
  assert.equal(indexInsertUnique(tree, index, key, 7, 2, changeOf(2), mine), INDEX_MOVED);
});

test('SM-B3: a full leaf is split first, and the check has to be made again', () => {
  const { store, index } = small(4);
  const { tree } = store;
  for (let number = 0; number < 4; number++) indexInsert(tree, index, keyOf('i32', number * 10), 1, 1, changeOf(1));
  const witness = createWitness();
  const key = keyOf('i32', 15);
  collectKey(tree, index, key, witness);
  let moved = 0;
  while (indexInsertUnique(tree, index, key, 1, 1, changeOf(2), witness) === INDEX_MOVED) {
    moved++;
    collectKey(tree, index, key, witness);
  }
  assert.ok(moved >= 1 && moved <= 3);
  assert.equal(sound(store, index).entries, 5);
});

test('SM-B4: an entry is removed only if the heap page has not moved since', () => {
  const { store, index } = small();
  const { tree, cache, shm } = store;
  const key = keyOf('i32', 5);
  indexInsert(tree, index, key, 1, 1, changeOf(1));
  // Any page stands for the heap page here.
  const page = createIndex(tree, 'i32', true);
  const frame = latchPage(cache, page);
  unlatchPage(cache, frame);
  const heap = { frame, page, version: readBegin(shm.i32, frameBase(shm, frame)) };
  unlatchPage(cache, latchPage(cache, page));
  assert.equal(indexRemove(tree, index, key, 1, 1, changeOf(0), heap), INDEX_MOVED);
  assert.equal(sound(store, index).entries, 1);
  heap.version = readBegin(shm.i32, frameBase(shm, frame));
  assert.equal(indexRemove(tree, index, key, 1, 1, changeOf(0), heap), INDEX_DONE);
  assert.equal(indexRemove(tree, index, key, 1, 1, changeOf(0), heap), INDEX_ABSENT);
});

test('pages of merged nodes come back to the free space, and the root keeps its page', () => {
  const { store, index } = small();
  const { tree, space, log } = store;
  for (let number = 0; number < 500; number++) indexInsert(tree, index, keyOf('i32', number), 1, 1, changeOf(1));
  const pages: number[] = [];
  eachIndexPage(tree, index.root, (page) => pages.push(page));
  assert.equal(pages.at(-1), index.root);
  for (let number = 0; number < 500; number++) indexRemove(tree, index, keyOf('i32', number), 1, 1, changeOf(1), null);
  const figures = sound(store, index);
  assert.deepEqual([figures.height, figures.leaves, figures.entries], [1, 1, 0]);
  flushTo(log, tailLsn(log));
  freeRetiredPages(space as Space, 10_000);
  for (const page of pages) assert.equal(pageUse(space, page) === 0, page !== index.root, `page ${page}`);
});

test('a queue that is filled at one end and emptied at the other stays small', () => {
  const { store, index } = small();
  for (let number = 0; number < 3000; number++) {
    indexInsert(store.tree, index, keyOf('i32', number), 1, 1, changeOf(1));
    if (number >= 50) indexRemove(store.tree, index, keyOf('i32', number - 50), 1, 1, changeOf(1), null);
  }
  const figures = sound(store, index);
  assert.equal(figures.entries, 50);
  assert.ok(figures.leaves <= 30 && figures.height <= 4, `${figures.leaves} leaves on ${figures.height} levels`);
});

test('indexes in the temporary file write no log, and give their pages back', () => {
  const store = createStore(new SimulatedVfs({ seed: 1 }));
  const { tree, log, space } = store;
  const before = tailLsn(log);
  const index: TreeIndex = { root: createIndex(tree, 'bytes', false, true, 6), kind: 'bytes' };
  assert.ok(index.root < 0);
  const change = changeOf(1, false);
  for (let number = 0; number < 400; number++)
    assert.equal(indexInsert(tree, index, keyOf('bytes', (number * 7) % 400), 1, 1, change), INDEX_DONE);
  assert.equal(sound(store, index).entries, 400);
  for (let number = 0; number < 400; number++)
    assert.equal(indexRemove(tree, index, keyOf('bytes', number), 1, 1, change, null), INDEX_DONE);
  assert.equal(sound(store, index).leaves, 1);
  assert.equal(tailLsn(log), before);
  assert.ok(temporaryPagesUsed(space) <= 2);
});

test('unlogged indexes log what they take of the free space and nothing else', () => {
  const store = createStore(new SimulatedVfs({ seed: 1 }));
  const { tree, log } = store;
  const index: TreeIndex = { root: createIndex(tree, 'i64', false), kind: 'i64' };
  const change = changeOf(1, false);
  const before = tailLsn(log);
  for (let number = 0; number < 3000; number++) indexInsert(tree, index, keyOf('i64', number), 1, 1, change);
  assert.equal(sound(store, index).entries, 3000);
  assert.ok(tailLsn(log) - before < 1000);
});

test('a cursor goes on from a saved entry, both ways, and stops at its bound', () => {
  const { store, index } = small();
  const { tree } = store;
  for (let number = 0; number < 100; number++) indexInsert(tree, index, keyOf('i32', number), 1, 1, changeOf(1));
  const cursor = createCursor('i32', 4);
  const all = (step: () => number): number[] => {
    const found: number[] = [];
    while (step() > 0) found.push(...cursor.words.subarray(0, cursor.count));
    return found;
  };
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);
  cursorAt(cursor, keyOf('i32', 20), 0, 0);
  cursorBound(cursor, keyOf('i32', 33), 0, 0);
  assert.deepEqual(
    all(() => nextBatch(tree, index.root, cursor)),
    range(20, 33),
  );
  cursorAfter(cursor, keyOf('i32', 20), 1, 1);
  assert.deepEqual(
    all(() => nextBatch(tree, index.root, cursor)),
    range(21, 100),
  );
  cursorAt(cursor, keyOf('i32', 20), 1, 1);
  cursorBound(cursor, keyOf('i32', 7), 0, 0);
  assert.deepEqual(
    all(() => previousBatch(tree, index.root, cursor)),
    range(7, 20).reverse(),
  );
  cursorAt(cursor, keyOf('i32', 20), 1, 1);
  assert.deepEqual(
    all(() => previousBatch(tree, index.root, cursor)),
    range(0, 20).reverse(),
  );
});

test('lookups say whether more entries of the key follow', () => {
  const { store, index } = small();
  const { tree } = store;
  for (const [number, row] of [
    [1, 1],
    [2, 1],
    [2, 2],
    [3, 1],
  ])
    indexInsert(tree, index, keyOf('i32', number), row, 1, changeOf(1));
  assert.equal(lookupI32(tree, index.root, 1), true);
  assert.equal(tree.found[FOUND_MORE], 0);
  assert.equal(lookupI32(tree, index.root, 2), true);
  assert.equal(tree.found[FOUND_MORE], 1);
  assert.equal(lookupI32(tree, index.root, 4), false);
});
