/** Guesses of where rows lie: right for rows in the order of their keys, given up for others, and no lookup depends on them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { SeededRandom } from '../world.ts';
import { changeOf, createStore, keyOf, type Store } from './btree-fixture.ts';
import { createIndex } from './create.ts';
import { indexInsert } from './insert.ts';
import { lookupI32 } from './lookup.ts';
import { FOUND_FORESEEN, FOUND_ROW_PAGE, FOUND_ROW_SLOT, type TreeIndex } from './tree.ts';

const ROWS = 20_000;
const PAGE_ROWS = 150;

/** Pages and slots of the rows with keys 0 to ROWS - 1; pages lie in two pieces. */
const inOrder = (key: number): [number, number] => {
  const page = Math.floor(key / PAGE_ROWS);
  return [page < 60 ? 100 + page : 1000 + page, key % PAGE_ROWS];
};
const scattered = (key: number): [number, number] => inOrder(Math.imul(key, 7919) % ROWS);

function fill(store: Store, place: typeof inOrder): TreeIndex {
  const index: TreeIndex = { root: createIndex(store.tree, 'i32', true), kind: 'i32' };
  for (let key = 0; key < ROWS; key++) {
    const [page, slot] = place(key);
    indexInsert(store.tree, index, keyOf('i32', key), page, slot, changeOf(1));
  }
  return index;
}

/** How many of `count` random lookups expected the row where it was. */
function foreseen(store: Store, index: TreeIndex, place: typeof inOrder, count: number): number {
  const { found } = store.tree;
  const random = new SeededRandom(3);
  let right = 0;
  for (let n = 0; n < count; n++) {
    const key = random.below(ROWS);
    found[FOUND_FORESEEN] = 0;
    assert.ok(lookupI32(store.tree, index.root, key));
    assert.deepEqual([found[FOUND_ROW_PAGE], found[FOUND_ROW_SLOT]], place(key));
    if (found[FOUND_FORESEEN] === found[FOUND_ROW_PAGE]) right++;
  }
  return right;
}

test('rows in the order of their keys are foreseen', () => {
  const store = createStore(new SimulatedVfs({ seed: 1 }));
  const index = fill(store, inOrder);
  foreseen(store, index, inOrder, 2000);
  assert.ok(foreseen(store, index, inOrder, 2000) > 1700);
});

test('rows without order are found all the same, and soon nobody guesses', () => {
  const store = createStore(new SimulatedVfs({ seed: 1 }));
  const index = fill(store, scattered);
  foreseen(store, index, scattered, 1000);
  assert.ok(store.tree.rowGuesses.trust[index.root & 255] < 0);
});
