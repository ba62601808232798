import assert from 'node:assert/strict';
import { test } from 'node:test';
import { criticalCount } from '../../../shm/critical.ts';
import type { IndexKind, KeyScratch } from '../rows/runtime.ts';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { SeededRandom } from '../world.ts';
import { changeOf, createStore, keyOf, keyText, type Store, seedOf } from './btree-fixture.ts';
import { checkIndex } from './check.ts';
import { createIndex } from './create.ts';
import { createCursor, cursorFirst, cursorKey, cursorLast, nextBatch, previousBatch } from './cursor.ts';
import { indexInsert } from './insert.ts';
import { lookupI32, lookupI64, lookupKey } from './lookup.ts';
import { indexRemove } from './remove.ts';
import { FOUND_ROW_PAGE, FOUND_ROW_SLOT, INDEX_ABSENT, INDEX_DONE, INDEX_PRESENT, type TreeIndex } from './tree.ts';

/** The index as a plain sorted list: numbers times 2^20 plus rows. */
class Model {
  readonly entries = new Map<string, { number: number; row: number }>();
  sorted(): { number: number; row: number }[] {
    return [...this.entries.values()].sort((a, b) => a.number - b.number || a.row - b.row);
  }
}

const rowPage = (row: number): number => row >> 4;
const rowSlot = (row: number): number => row & 15;

function compareWhole(store: Store, index: TreeIndex, model: Model, spread: number): void {
  const wanted = model.sorted().map((e) => `${keyText(index.kind, keyOf(index.kind, e.number, spread))} ${e.row}`);
  const found: string[] = [];
  const name = (key: KeyScratch): string => `${keyText(index.kind, key)} ${key.i32[2] * 16 + key.i32[3]}`;
  checkIndex(
    store.tree,
    index,
    (page, message) => assert.fail(`page ${page} ${message}`),
    (key) => found.push(name(key)),
  );
  assert.deepEqual(found, wanted);
  const key = keyOf(index.kind, 0);
  const cursor = createCursor(index.kind, 37);
  const forward: string[] = [];
  for (cursorFirst(cursor); nextBatch(store.tree, index.root, cursor) > 0; ) {
    for (let at = 0; at < cursor.count; at++) {
      cursorKey(cursor, at, key);
      forward.push(name(key));
    }
  }
  const backward: string[] = [];
  for (cursorLast(cursor); previousBatch(store.tree, index.root, cursor) > 0; ) {
    for (let at = 0; at < cursor.count; at++) {
      cursorKey(cursor, at, key);
      backward.push(name(key));
    }
  }
  assert.deepEqual(forward, wanted);
  assert.deepEqual(backward.reverse(), wanted);
}

function randomOperations(kind: IndexKind, seed: number, limit: number, spread: number, operations: number, range: number): void {
  const random = new SeededRandom(seed);
  const store = createStore(new SimulatedVfs({ seed: 1 }), { frames: 48, framesPerSegment: 16, ringBytes: 64 << 10 });
  const index = { root: createIndex(store.tree, kind, true, false, limit), kind };
  const model = new Model();
  const change = changeOf(3);
  for (let turn = 0; turn < operations; turn++) {
    // Phases that grow, shrink and empty the tree.
    const phase = Math.floor((turn * 6) / operations) % 3;
    const number = random.below(range) - (range >> 1);
    const row = random.below(random.chance(0.3) ? 40 : 2);
    const name = `${number} ${row}`;
    const key = keyOf(kind, number, spread);
    if (random.chance(phase === 0 ? 0.9 : phase === 1 ? 0.5 : 0.05)) {
      const status = indexInsert(store.tree, index, key, rowPage(row), rowSlot(row), change);
      assert.equal(status, model.entries.has(name) ? INDEX_PRESENT : INDEX_DONE);
      model.entries.set(name, { number, row });
    } else if (random.chance(phase === 2 ? 0.9 : 0) && model.entries.size > 0) {
      const [victim, entry] = model.entries.entries().next().value!;
      const where = keyOf(kind, entry.number, spread);
      assert.equal(indexRemove(store.tree, index, where, rowPage(entry.row), rowSlot(entry.row), change, null), INDEX_DONE);
      model.entries.delete(victim);
    } else {
      const status = indexRemove(store.tree, index, key, rowPage(row), rowSlot(row), change, null);
      assert.equal(status, model.entries.delete(name) ? INDEX_DONE : INDEX_ABSENT);
    }
    assert.equal(criticalCount(store.shm), 0);
    if (turn % 10 === 0) checkLookup(store, index, model, number, spread);
    if (turn % Math.floor(operations / 6) === 0) compareWhole(store, index, model, spread);
  }
  for (const entry of model.entries.values()) {
    const where = keyOf(kind, entry.number, spread);
    assert.equal(indexRemove(store.tree, index, where, rowPage(entry.row), rowSlot(entry.row), change, null), INDEX_DONE);
  }
  model.entries.clear();
  compareWhole(store, index, model, spread);
}

function checkLookup(store: Store, index: TreeIndex, model: Model, number: number, spread: number): void {
  const key = keyOf(index.kind, number, spread);
  const { tree } = store;
  const rows = [...model.entries.values()].filter((e) => e.number === number).map((e) => e.row);
  const check = (hit: boolean): void => {
    assert.equal(hit, rows.length > 0);
    if (hit) assert.equal(tree.found[FOUND_ROW_PAGE] * 16 + tree.found[FOUND_ROW_SLOT], Math.min(...rows));
  };
  check(lookupKey(tree, index.root, key));
  if (index.kind === 'i32') check(lookupI32(tree, index.root, number));
  if (index.kind === 'i64') check(lookupI64(tree, index.root, key.i32[0], key.i32[1]));
}

for (const kind of ['i32', 'i64', 'bytes'] as const) {
  test(`${kind}: random changes agree with a sorted list, scans both ways too, in small nodes with a tiny cache`, () => {
    randomOperations(kind, seedOf(`small ${kind}`), 5, 0, 6000, 900);
  });
}

test('bytes: keys up to 2,000 bytes, few to a page, agree with a sorted list', () => {
  randomOperations('bytes', seedOf('long keys'), 0, 1980, 4000, 700);
});

test('i32: nodes as full as pages allow agree with a sorted list', () => {
  randomOperations('i32', seedOf('full nodes'), 0, 0, 12000, 40000);
});

test('one key with thousands of rows spans many leaves', () => {
  const store = createStore(new SimulatedVfs({ seed: 1 }));
  const index: TreeIndex = { root: createIndex(store.tree, 'i64', true, false, 8), kind: 'i64' };
  const change = changeOf(3);
  const key = keyOf('i64', 5);
  for (let row = 2999; row >= 0; row--) assert.equal(indexInsert(store.tree, index, key, row, 3, change), INDEX_DONE);
  assert.equal(indexInsert(store.tree, index, keyOf('i64', 4), 9, 9, change), INDEX_DONE);
  assert.equal(lookupI64(store.tree, index.root, key.i32[0], key.i32[1]), true);
  assert.equal(store.tree.found[FOUND_ROW_PAGE], 0);
  const figures = checkIndex(store.tree, index, (page, message) => assert.fail(`page ${page} ${message}`));
  assert.equal(figures.entries, 3001);
});

test('sequential inserts leave full leaves behind', () => {
  const store = createStore(new SimulatedVfs({ seed: 1 }));
  for (const kind of ['i32', 'bytes'] as const) {
    const index = { root: createIndex(store.tree, kind, true), kind };
    const change = changeOf(3);
    for (let number = 0; number < 20000; number++) {
      assert.equal(indexInsert(store.tree, index, keyOf(kind, number), number, 1, change), INDEX_DONE);
    }
    const figures = checkIndex(store.tree, index, (page, message) => assert.fail(`page ${page} ${message}`));
    assert.equal(figures.entries, 20000);
    if (kind === 'i32') assert.equal(figures.leaves, Math.ceil(20000 / 809));
  }
});
