import { ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { keepMemory, keptMemory, takeMemory } from './kept-memory.ts';
import { RowStore, type StoreColumn } from './row-store.ts';

const LIMIT = 16 << 20;

test('stores that do not run keep so much between them: the one that ran longest ago lets go first', () => {
  const forgotten: number[] = [];
  const stores = Array.from({ length: 20 }, (_, n) => ({ forget: () => forgotten.push(n) }));
  for (const store of stores.slice(0, 16)) keepMemory(store, 1 << 20);
  strictEqual(keptMemory(), LIMIT);
  takeMemory(stores[0]);
  strictEqual(keptMemory(), LIMIT - (1 << 20));
  keepMemory(stores[0], 1 << 20);
  for (const store of stores.slice(16)) keepMemory(store, 1 << 20);
  strictEqual(forgotten.join(), '1,2,3,4');
  keepMemory(stores[0], 2 << 20);
  strictEqual(forgotten.join(), '1,2,3,4,5', 'what it kept before is not counted twice');
  for (const store of stores) takeMemory(store);
  strictEqual(keptMemory(), 0);
});

test('a store whose memory was let go begins again', () => {
  const column: StoreColumn = { kind: 'i', nullable: true, bytes: false };
  const stores = Array.from({ length: 40 }, () => new RowStore(Array.from({ length: 50 }, () => column)));
  for (const store of stores) {
    store.begin();
    store.reserveRows(3000, 0);
    store.drop();
    ok(keptMemory() <= LIMIT);
  }
  ok(keptMemory() > LIMIT / 2);
  strictEqual(stores.filter(({ capacity }) => capacity === 0).length, 40 - Math.floor(LIMIT / (50 * 5 * 4096)));
  for (const store of stores) {
    store.begin();
    ok(store.capacity > 0 && store.limit > 1);
    const row = store.more();
    (store.data[7] as Int32Array)[row] = 7;
    (store.nulls[7] as Uint8Array)[row] = 0;
    store.count = row;
    strictEqual((store.data[7] as Int32Array)[1], 7);
    strictEqual((store.nulls[7] as Uint8Array)[0], 1);
  }
  strictEqual(keptMemory(), 0);
});
