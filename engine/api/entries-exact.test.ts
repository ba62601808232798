/** Which entries count without their rows (SM-P2), step by step. */
import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { createCursor, cursorFirst, nextBatch } from '../storage/btree/cursor.ts';
import { STATEMENT_SIMPLE } from '../txn/begin.ts';
import { entriesThatCount } from '../txn/index-only.ts';
import { settleEntries } from '../txn/settle-entries.ts';
import { REPEATABLE_READ, ROW_DONE, ROW_PAGE, ROW_SLOT, SERIALIZABLE, type Transaction } from '../txn/transactions.ts';
import { newDisk, openOn } from './catalog-fixture.ts';

const ROWS = 20;
const KEYS = Array.from({ length: ROWS }, (_, id) => id * 10);

function rows(vfs = newDisk(), isNew = true) {
  const kernel = openOn(vfs);
  if (isNew) {
    kernel.createTable({
      name: 'rows',
      columns: [
        { name: 'id', kind: 'int32', nullable: false },
        { name: 'v', kind: 'int32', nullable: false },
      ],
      indexes: [{ name: 'rows_id', columns: ['id'], unique: true }],
    });
  }
  const table = kernel.table('rows');
  const image = table.newRow();
  const transact = (body: (tx: Transaction) => void): void => {
    const tx = kernel.begin();
    kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
      body(tx);
      return ROW_DONE;
    });
    kernel.commit(tx);
  };
  const insert = (ids: readonly number[]): void =>
    transact((tx) => {
      for (const id of ids) {
        table.encode(image, [id, 0], tx);
        table.insert(tx, image);
      }
    });
  const remove = (id: number): void =>
    transact((tx) => {
      table.find(tx, 'rows_id', [id], image);
      table.remove(tx, tx.ints[ROW_PAGE], tx.ints[ROW_SLOT]);
    });
  if (isNew) insert(KEYS);
  const change = (from: number, to: number, v: number): void =>
    transact((tx) => {
      table.find(tx, 'rows_id', [from], image);
      const [page, slot] = [tx.ints[ROW_PAGE], tx.ints[ROW_SLOT]];
      table.encode(image, [to, v], tx);
      table.update(tx, page, slot, image);
    });
  const settle = (): void => kernel.enter(() => void settleEntries(kernel.parts.txns, table.runtime, () => false));
  const index = table.runtime.indexes[0];
  const cursor = createCursor(index.kind);
  /** Keys of the entries, and how many of them count; `between` the copy of the entries and the look at their pages. */
  const read = (isolation: number = REPEATABLE_READ, between = (): void => {}): { keys: number[]; counted: number } => {
    const tx = kernel.begin({ isolation: isolation as never });
    const counts = new Uint8Array(cursor.capacity);
    let count = 0;
    kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
      cursorFirst(cursor);
      count = nextBatch(tx.context.tree, index.root, cursor);
      return ROW_DONE;
    });
    between();
    kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
      entriesThatCount(tx, table.runtime, index, cursor, 0, count, counts);
      return ROW_DONE;
    });
    kernel.rollback(tx);
    return { keys: [...cursor.words.subarray(0, count)], counted: counts.subarray(0, count).reduce((a, b) => a + b, 0) };
  };
  return { kernel, vfs, insert, remove, change, settle, read };
}

test('SM-P2: all entries count once their rows are stamped, none where a row has changed since, or for a serializable reader', () => {
  const { kernel, change, settle, read } = rows();
  deepStrictEqual(read(), { keys: KEYS, counted: ROWS });
  strictEqual(read(SERIALIZABLE).counted, 0);
  change(50, 50, 1);
  strictEqual(read().counted, 0);
  settle();
  deepStrictEqual(read(), { keys: KEYS, counted: ROWS });
  kernel.close();
});

test('SM-P2: entries of a leaf that has moved do not count: the page may say by now that an entry which is gone was exact', () => {
  const { kernel, change, settle, read } = rows();
  change(50, 55, 0);
  change(55, 57, 0);
  // The bound that the collector went by was below the changes: what they left is there.
  const found = read(undefined, settle);
  strictEqual(found.counted, 0);
  const keys = KEYS.map((key) => (key === 50 ? 57 : key));
  deepStrictEqual(read(), { keys, counted: ROWS });
  kernel.close();
});

test('SM-P2: a change behind the copy of the entries is not seen, nor taken for what the snapshot sees', () => {
  const { kernel, change, settle, read } = rows();
  strictEqual(read(undefined, () => change(70, 71, 0)).counted, 0);
  const changed = (): void => {
    change(80, 80, 1);
    settle();
  };
  strictEqual(read(undefined, changed).counted, 0);
  kernel.close();
});

test('SM-P2: who gets the slot of a row that is gone is not taken for it, where a crash has left entries of keys that it had', () => {
  const before = rows();
  before.change(50, 55, 0);
  before.change(55, 57, 0);
  before.kernel.checkpoint();
  const { kernel, insert, remove, settle, read } = rows(before.vfs.crash(), false);
  remove(57);
  kernel.tidy();
  insert([500]);
  kernel.tidy();
  deepStrictEqual(kernel.check().problems, []);
  const left = read();
  deepStrictEqual(
    left.keys.filter((key) => key === 50 || key === 55 || key === 57),
    [50, 55],
  );
  strictEqual(left.counted, 0);
  settle();
  const keys = [...KEYS.filter((key) => key !== 50), 500];
  deepStrictEqual(read(), { keys, counted: ROWS });
  deepStrictEqual(kernel.check().problems, []);
  kernel.close();
});
