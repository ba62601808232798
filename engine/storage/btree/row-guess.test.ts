/** Short ways of lookups: guesses of where rows lie, right for rows in the order of their keys, given up for others; remembered ways to leaves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBegin } from '../../../shm/frame-latch.ts';
import { frameBase } from '../../../shm/shared-memory.ts';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { SeededRandom } from '../world.ts';
import { changeOf, createStore, keyOf, type Store } from './btree-fixture.ts';
import { createIndex } from './create.ts';
import { indexInsert } from './insert.ts';
import { lookupI32 } from './lookup.ts';
import {
  FOUND_FORESEEN,
  FOUND_ROW_PAGE,
  FOUND_ROW_SLOT,
  type TreeIndex,
  WAY_ABOVE,
  WAY_PARENT_VERSION,
  WAY_ROOT,
  WAY_ROOT_VERSION,
  WAY_WORDS,
} from './tree.ts';

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

test('SM-L6: a remembered way is taken only while its parent and its root are what they were', () => {
  const store = createStore(new SimulatedVfs({ seed: 1 }));
  const { tree } = store;
  const index = fill(store, inOrder);
  const other = fill(store, scattered);
  const { words } = tree.leafWays;
  // The ways of the one index lead through the other, whose keys are the same: as if its pages had been the first one's before.
  for (const witness of [WAY_ROOT_VERSION, WAY_PARENT_VERSION]) {
    words.fill(0);
    foreseen(store, other, scattered, 2000);
    const version = readBegin(tree.shm.i32, frameBase(tree.shm, tree.rootHints[index.root & 255]));
    tree.leafWays.shifts[index.root & 255] = tree.leafWays.shifts[other.root & 255];
    let ways = 0;
    for (let way = 0; way < words.length; way += WAY_WORDS) {
      if (words[way + WAY_ABOVE] === 0) continue;
      ways++;
      words[way + WAY_ROOT] = frameBase(tree.shm, tree.rootHints[index.root & 255]);
      words[way + WAY_ROOT_VERSION] = version;
      words[way + witness] -= 2;
    }
    assert.ok(ways > 5);
    foreseen(store, index, inOrder, 2000);
  }
});
