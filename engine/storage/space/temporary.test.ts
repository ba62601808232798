import assert, { strictEqual } from 'node:assert';
import { test } from 'node:test';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { SeededRandom } from '../world.ts';
import { dirtyFrames } from '../cache/page-cache.ts';
import { formatTemporary } from './temporary-fixture.ts';
import { closeBudget, giveMemory, memoryUsed, openBudget, takeMemory } from './memory-budget.ts';
import { createStore, openStore, seedOf, type Store } from './space-fixture.ts';
import { appendSpill, closeSpillFile, createSpillFile, readSpill, spillUsed } from './spill-files.ts';
import { freeTemporaryPages, takeTemporaryPages, temporaryPagesUsed } from './temporary-pages.ts';

function newStore(seed: number): { disk: SimulatedVfs; store: Store } {
  const disk = new SimulatedVfs({ seed });
  createStore(disk);
  return { disk, store: openStore(disk, 16) };
}

test('temporary pages are taken and given back as a plain model says', () => {
  const seed = seedOf('temporary pages');
  const random = new SeededRandom(seed);
  const { space } = newStore(seed).store;
  const runs: [number, number][] = [];
  const used = new Set<number>();
  for (let step = 0; step < 2000; step++) {
    if (random.chance(0.55) || runs.length === 0) {
      const count = random.chance(0.6) ? 1 : 1 + random.below(30);
      const first = takeTemporaryPages(space, count);
      assert(first < 0 && first + count < -1);
      for (let page = first; page < first + count; page++) {
        assert(!used.has(page));
        used.add(page);
      }
      runs.push([first, count]);
    } else {
      const [[first, count]] = runs.splice(random.below(runs.length), 1);
      freeTemporaryPages(space, first, count);
      for (let page = first; page < first + count; page++) used.delete(page);
    }
    strictEqual(temporaryPagesUsed(space), used.size);
  }
});

test('a temporary page that is given back is not written any more', () => {
  const { store } = newStore(1);
  const page = takeTemporaryPages(store.space, 1);
  const before = dirtyFrames(store.cache);
  formatTemporary(store.space, page);
  strictEqual(dirtyFrames(store.cache), before + 1);
  freeTemporaryPages(store.space, page, 1);
  strictEqual(dirtyFrames(store.cache), before);
});

test('a full disk is an error of who takes temporary pages, and the pages stay free', () => {
  const { disk, store } = newStore(1);
  disk.plan({ freeBytes: 1 << 20 });
  const taken: number[] = [];
  assert.throws(
    () => {
      for (;;) taken.push(takeTemporaryPages(store.space, 1));
    },
    { code: '53100' },
  );
  strictEqual(temporaryPagesUsed(store.space), taken.length);
});

test('a spill file gives back what was appended, wherever it is read, and leaves nothing behind', () => {
  const seed = seedOf('spill file');
  const random = new SeededRandom(seed);
  const { disk, store } = newStore(seed);
  const spill = createSpillFile(store.space);
  strictEqual(disk.list('/database/spill').length, 0, 'its name is gone at once');
  const pieces: { at: number; bytes: Uint8Array }[] = [];
  for (let step = 0; step < 300; step++) {
    const bytes = Uint8Array.from({ length: random.chance(0.02) ? 100_000 : random.below(600) }, () => random.below(256));
    pieces.push({ at: appendSpill(spill, bytes, 0, bytes.length), bytes });
    if (!random.chance(0.3)) continue;
    const piece = pieces[random.below(pieces.length)];
    const back = new Uint8Array(piece.bytes.length + 4);
    strictEqual(readSpill(spill, piece.at, back, 4, piece.bytes.length), piece.bytes.length);
    strictEqual(Buffer.compare(back.subarray(4), piece.bytes), 0);
  }
  assert(spillUsed(store.space) > 100_000);
  closeSpillFile(spill);
  strictEqual(spillUsed(store.space), 0);
});

test('all spill files together have a limit', () => {
  const { store } = newStore(1);
  store.space.spillMax = 200_000;
  const spill = createSpillFile(store.space);
  const bytes = new Uint8Array(50_000);
  assert.throws(
    () => {
      for (let count = 0; count < 10; count++) appendSpill(spill, bytes, 0, bytes.length);
    },
    { code: '54000' },
  );
  closeSpillFile(spill);
  strictEqual(spillUsed(store.space), 0);
});

test('budgets stay below their limit and together below that of all', () => {
  const { space } = newStore(1).store;
  space.memoryMax = 1_000_000;
  const one = openBudget(space, 600_000);
  const two = openBudget(space, 600_000);
  strictEqual(takeMemory(one, 600_001), false);
  strictEqual(takeMemory(one, 600_000), true);
  strictEqual(takeMemory(two, 400_001), false);
  strictEqual(takeMemory(two, 399_999), true);
  giveMemory(one, 500_000);
  strictEqual(takeMemory(two, 200_000), true);
  strictEqual(takeMemory(two, 2), false, 'its own limit');
  closeBudget(one);
  closeBudget(two);
  strictEqual(memoryUsed(space), 0);
});
