/**
 * Stories of random definitions and rows, in transactions that commit or roll back, on a disk that goes down at a random change.
 * After it comes up again the catalog is what was committed: the last commit that was answered, or the one that was under way.
 */

import { deepStrictEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { CatalogTable } from '../catalog/objects.ts';
import { SimulatedCrash } from '../storage/vfs/simulated-faults.ts';
import type { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { SeededRandom } from '../storage/world.ts';
import type { Transaction } from '../txn/transactions.ts';
import { countRows, find, index, insertRows, item, newDisk, openStore, SEED, type Store } from './catalog-fixture.ts';

/** Table -> names of its indexes, and its rows. */
type Model = ReadonlyMap<string, { readonly indexes: readonly string[]; readonly rows: number }>;

const NAMES = ['a', 'b', 'c'];

interface Story {
  readonly store: Store;
  readonly random: SeededRandom;
  readonly tx: Transaction;
  model: Map<string, { indexes: string[]; rows: number }>;
}

const copy = (model: Model): Story['model'] =>
  new Map([...model].map(([name, { indexes, rows }]) => [name, { indexes: [...indexes], rows }]));

/** One random change of the transaction; the model follows. */
function change(story: Story): void {
  const { store, random, tx, model } = story;
  const { catalog, session } = store;
  const name = NAMES[Math.floor(random.next() * NAMES.length)];
  const known = model.get(name);
  if (known === undefined) {
    catalog.createTable(tx, session, item({ name: { schema: null, name } }));
    model.set(name, { indexes: [`${name}_pkey`, `${name}_name_key`], rows: 0 });
    return;
  }
  const table = find(store, name, tx) as CatalogTable;
  const choice = Math.floor(random.next() * 6);
  if (choice === 0) {
    catalog.dropTable(tx, session, table.id, { cascade: false });
    model.delete(name);
  } else if (choice === 1) {
    catalog.truncate(tx, session, [table.id], random.next() < 0.5);
    known.rows = 0;
  } else if (choice === 2) {
    const made = catalog.createIndex(tx, session, table.id, index(['price']), () => {});
    known.indexes.push(made.indexes[made.indexes.length - 1].name);
  } else if (choice === 3 && table.indexes.length > 2) {
    const last = table.indexes[table.indexes.length - 1];
    catalog.dropIndex(tx, session, last.id, { cascade: false });
    known.indexes.pop();
  } else if (choice === 4) {
    catalog.analyze(tx, session, table.id);
  } else {
    const rows = Math.floor(random.next() * 40);
    insertRows(store, tx, table, known.rows, known.rows + rows);
    known.rows += rows;
  }
}

/** A transaction of some changes, with a savepoint it may go back to; `model` is what it makes of `before` if it commits. */
function transaction(store: Store, random: SeededRandom, before: Model): { tx: Transaction; model: Model; commits: boolean } {
  const { kernel } = store;
  const story: Story = { store, random, tx: kernel.begin(), model: copy(before) };
  for (let changes = Math.floor(random.next() * 4); changes >= 0; changes--) {
    const mark = kernel.savepoint(story.tx);
    const kept = copy(story.model);
    change(story);
    if (random.next() < 0.25) {
      kernel.rollbackTo(story.tx, mark);
      story.model = kept;
    }
  }
  return { tx: story.tx, model: story.model, commits: random.next() < 0.75 };
}

function expectModel(store: Store, model: Model): void {
  const tables = store.catalog
    .reader(null, store.session)
    .all()
    .flatMap(({ relation }) => (relation?.kind === 'table' ? [relation] : []));
  const found = tables
    .map((table) => [table.name, { indexes: table.indexes.map(({ name }) => name), rows: countRows(store, table) }] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  deepStrictEqual(
    found,
    [...model].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Tells a story on the disk until it goes down, or for so many transactions; returns the states it may come back in. */
function tell(vfs: SimulatedVfs, random: SeededRandom, start: Model, transactions: number): readonly Model[] {
  let committed = start;
  let store: Store | null = null;
  try {
    store = openStore(vfs);
    expectModel(store, committed);
    for (let told = 0; told < transactions; told++) {
      const { tx, model, commits } = transaction(store, random, committed);
      if (!commits) {
        store.kernel.rollback(tx);
        expectModel(store, committed);
        continue;
      }
      const before = committed;
      try {
        store.kernel.commit(tx);
      } catch (error) {
        if (!isDown(vfs)) throw error;
        return [before, model];
      }
      committed = model;
      if (told % 3 === 0) expectModel(store, committed);
      if (random.next() < 0.2) store.kernel.tidy();
      if (random.next() < 0.1) store.kernel.checkpoint();
    }
    if (random.next() < 0.5) store.kernel.close();
  } catch (error) {
    if (!isDown(vfs)) throw error;
  }
  return [committed];
}

/** The error is of the machine going down, or of the engine that met it. */
const isDown = (vfs: SimulatedVfs): boolean => vfs.isDown;

function expectOneOf(store: Store, models: readonly Model[]): Model {
  let first: unknown;
  for (const model of models) {
    try {
      expectModel(store, model);
      return model;
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

test('after a crash at any moment the catalog is what was committed, and its pages are sound', () => {
  const until = performance.now() + 4000;
  for (let round = 0; round < 40 && performance.now() < until; round++) {
    const seed = (SEED + round * 7919) % 2 ** 31;
    const random = new SeededRandom(seed);
    try {
      let vfs = newDisk();
      let models = tell(vfs, random, new Map(), 4);
      for (let crashes = 0; crashes < 3; crashes++) {
        vfs = vfs.crash();
        const store = openStore(vfs);
        const model = expectOneOf(store, models);
        store.kernel.tidy();
        deepStrictEqual(store.kernel.check().problems, []);
        store.kernel.close();
        vfs.plan({ crashAfter: Math.floor(random.next() * 120) });
        models = tell(vfs, random, model, 8);
      }
    } catch (error) {
      if (error instanceof SimulatedCrash) throw new Error(`seed ${seed}: the crash came through`, { cause: error });
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  ok(true);
});
