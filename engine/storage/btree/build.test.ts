import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyScratch, type IndexKind } from '../rows/runtime.ts';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { SeededRandom } from '../world.ts';
import { changeOf, createStore, keyOf, keyText, seedOf } from './btree-fixture.ts';
import { buildIndex, type SortedEntries } from './build.ts';
import { checkIndex, type IndexFigures } from './check.ts';
import { createIndex, eachIndexPage } from './create.ts';
import { indexInsert } from './insert.ts';
import { copyKey } from './node-split.ts';
import { lookupKey } from './lookup.ts';
import { INDEX_DONE } from './tree.ts';

/** Entries 0, 3, 6, ... with one to four rows each. */
function sorted(kind: IndexKind, numbers: number, spread: number): { entries: SortedEntries; wanted: string[] } {
  const key = createKeyScratch();
  const wanted: string[] = [];
  for (let number = 0; number < numbers; number++) {
    for (let row = 0; row <= number % 4; row++) wanted.push(`${keyText(kind, keyOf(kind, number * 3, spread))} ${row}`);
  }
  let number = 0;
  let row = -1;
  const next = (): boolean => {
    if (row === number % 4) {
      number++;
      row = -1;
    }
    row++;
    if (number >= numbers) return false;
    copyKey(keyOf(kind, number * 3, spread), row, 7, key);
    return true;
  };
  return { entries: { key, next }, wanted };
}

function buildAndUse(kind: IndexKind, numbers: number, limit: number, spread: number, seed: number): IndexFigures {
  const random = new SeededRandom(seed);
  const store = createStore(new SimulatedVfs({ seed: 1 }), { frames: 64, ringBytes: 64 << 10 });
  const index = { root: createIndex(store.tree, kind, true, false, limit), kind };
  const { entries, wanted } = sorted(kind, numbers, spread);
  assert.equal(buildIndex(store.tree, index, entries, true), wanted.length);
  const found: string[] = [];
  const check = (): IndexFigures =>
    checkIndex(
      store.tree,
      index,
      (page, message) => assert.fail(`page ${page} ${message}`),
      (key) => found.push(`${keyText(kind, key)} ${key.i32[2]}`),
    );
  const figures = check();
  assert.deepEqual(found, wanted);
  for (let turn = 0; turn < 500; turn++) {
    const number = random.below(numbers) * 3;
    assert.equal(lookupKey(store.tree, index.root, keyOf(kind, number, spread)), true);
    assert.equal(lookupKey(store.tree, index.root, keyOf(kind, number + 1, spread)), false);
  }
  for (let number = 1; number < numbers * 3; number += 3) {
    assert.equal(indexInsert(store.tree, index, keyOf(kind, number, spread), 1, 1, changeOf(5)), INDEX_DONE);
  }
  found.length = 0;
  check();
  assert.equal(found.length, wanted.length + numbers);
  const pages = new Set<number>();
  eachIndexPage(store.tree, index.root, (page) => pages.add(page));
  assert.equal(pages.has(index.root), true);
  return figures;
}

for (const kind of ['i32', 'i64', 'bytes'] as const) {
  test(`${kind}: an index built from a sorted run holds it, and takes changes afterwards`, () => {
    const seed = seedOf(`build ${kind}`);
    for (const numbers of [1, 2, 7, 60, 1500]) buildAndUse(kind, numbers, 5, 0, seed);
    if (kind === 'bytes') buildAndUse(kind, 400, 0, 1980, seed);
  });
}

test('leaves of a built index are full', () => {
  const figures = buildAndUse('i32', 8000, 0, 0, 1);
  assert.equal(figures.leaves, Math.ceil(figures.entries / 809));
});

test('an index built from nothing is empty', () => {
  const store = createStore(new SimulatedVfs({ seed: 1 }));
  const index = { root: createIndex(store.tree, 'bytes', true), kind: 'bytes' as const };
  assert.equal(buildIndex(store.tree, index, { key: createKeyScratch(), next: () => false }, true), 0);
  assert.equal(checkIndex(store.tree, index, (page, message) => assert.fail(`page ${page} ${message}`)).entries, 0);
});
