import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeOf, createStore, keyOf, seedOf } from '../btree/btree-fixture.ts';
import { createWitness, FOUND_ROW_PAGE, INDEX_ABSENT, INDEX_DONE, INDEX_MOVED, INDEX_PRESENT } from '../btree/tree.ts';
import { createKeyScratch } from '../rows/runtime.ts';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { SeededRandom } from '../world.ts';
import {
  checkHashIndex,
  collectHash,
  createHashIndex,
  hashInsert,
  hashInsertUnique,
  hashRemove,
  lookupHash,
} from './hash-index.ts';
import { hashKey } from './hash-key.ts';

for (const kind of ['i32', 'i64', 'bytes'] as const) {
  test(`${kind}: random changes of a hash index agree with a map`, () => {
    const random = new SeededRandom(seedOf(`hash ${kind}`));
    const store = createStore(new SimulatedVfs({ seed: 1 }), { frames: 64, ringBytes: 64 << 10 });
    const index = { root: createHashIndex(store.tree, true, false, 8), kind };
    const { tree } = store;
    const rows = new Map<number, Set<number>>();
    let count = 0;
    const change = changeOf(4);
    for (let turn = 0; turn < 6000; turn++) {
      const number = random.below(800);
      const row = random.below(3);
      const key = keyOf(kind, number, kind === 'bytes' ? 200 : 0);
      const here = rows.get(number) ?? new Set<number>();
      rows.set(number, here);
      if (random.chance(turn < 4000 ? 0.7 : 0.1)) {
        assert.equal(hashInsert(tree, index, key, row, 2, change), here.has(row) ? INDEX_PRESENT : INDEX_DONE);
        if (!here.has(row)) count++;
        here.add(row);
      } else {
        assert.equal(hashRemove(tree, index, key, row, 2, change, null), here.has(row) ? INDEX_DONE : INDEX_ABSENT);
        if (here.delete(row)) count--;
      }
      // No two of so few keys have one hash of 64 bits: candidates are hits here.
      assert.equal(lookupHash(tree, index, key), here.size > 0);
      if (here.size > 0) assert.equal(tree.found[FOUND_ROW_PAGE], Math.min(...here));
    }
    assert.equal(checkHashIndex(tree, index, (page, message) => assert.fail(`page ${page} ${message}`)).entries, count);
  });
}

test('one hash with thousands of rows is found whole', () => {
  const store = createStore(new SimulatedVfs({ seed: 1 }));
  const index = { root: createHashIndex(store.tree, true, false, 8), kind: 'bytes' as const };
  const key = keyOf('bytes', 7);
  for (let row = 0; row < 3000; row++) hashInsert(store.tree, index, key, row, 1, changeOf(1));
  const witness = createWitness();
  collectHash(store.tree, index, key, witness);
  assert.equal(witness.rowCount, 3000);
});

test('SM-B3: a unique insert with a witness that has moved is told so', () => {
  const { tree } = createStore(new SimulatedVfs({ seed: 1 }));
  const index = { root: createHashIndex(tree, true), kind: 'i32' as const };
  const key = keyOf('i32', 7);
  const first = createWitness();
  const second = createWitness();
  collectHash(tree, index, key, first);
  collectHash(tree, index, key, second);
  assert.equal(hashInsertUnique(tree, index, key, 1, 1, changeOf(1), first), INDEX_DONE);
  assert.equal(hashInsertUnique(tree, index, key, 2, 1, changeOf(2), second), INDEX_MOVED);
});

test('hashes of similar keys are spread evenly, and the hash is the one that files were written with', () => {
  const hash = createKeyScratch();
  const buckets = new Int32Array(256);
  const seen = new Set<string>();
  for (let number = 0; number < 51200; number++) {
    hashKey('i32', keyOf('i32', number), hash);
    buckets[hash.i32[0] >>> 24]++;
    seen.add(`${hash.i32[0]}:${hash.i32[1]}`);
  }
  assert.equal(seen.size, 51200);
  for (const count of buckets) assert.ok(count > 120 && count < 290, `a bucket got ${count} of 51,200 keys`);
  const shown = (['i32', 'i64', 'bytes'] as const).map((kind) => {
    hashKey(kind, keyOf(kind, 12345), hash);
    return [hash.i32[0], hash.i32[1]];
  });
  assert.deepEqual(shown, FILES_HAVE);
});

const FILES_HAVE = [
  [1793364806, 507923471],
  [-1391680076, -428732475],
  [-62208147, 1592801958],
];
