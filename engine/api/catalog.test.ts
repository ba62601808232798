import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { SUPERUSER } from '../catalog/catalog.ts';
import type { CatalogTable } from '../catalog/objects.ts';
import {
  newDisk,
  openStore,
  column,
  index,
  SEQUENCE,
  item,
  own,
  find,
  insertRows,
  countRows,
  expectSound,
} from './catalog-fixture.ts';

test('a table that is made is found by name and id, with names as PostgreSQL gives them, also after opening again', () => {
  const vfs = newDisk();
  let store = openStore(vfs);
  const made = own(store, (tx) => store.catalog.createTable(tx, store.session, item()));
  for (let round = 0; round < 2; round++) {
    const table = find(store, 'item') as CatalogTable;
    deepStrictEqual(table, made);
    strictEqual(table.schema, 'public');
    deepStrictEqual(
      table.indexes.map((one) => [one.name, one.unique, one.primary, one.constraint]),
      [
        ['item_pkey', true, true, 'item_pkey'],
        ['item_name_key', true, false, 'item_name_key'],
      ],
    );
    const reader = store.catalog.reader(null, store.session);
    strictEqual(reader.relation(table.id)?.name, 'item');
    const sequence = reader.findRelation('public', 'item_id_seq');
    ok(sequence?.kind === 'sequence' && sequence.id === table.columns[0].sequence && sequence.ownerTable === table.id);
    strictEqual(reader.findRelation('public', 'item_pkey'), null, 'an index is no relation that can be read');
    strictEqual(reader.findRelation('pg_temp', 'item'), null);
    expectSound(store);
    store.kernel.close();
    store = openStore(vfs);
  }
  store.kernel.close();
});

test('a transaction sees its own tables, others only when it has committed; what is rolled back is gone', () => {
  const store = openStore(newDisk());
  const { kernel, catalog, session } = store;
  const other = catalog.openSession(SUPERUSER, ['public']);
  const tx = kernel.begin();
  const before = catalog.currentVersion(null);
  catalog.createTable(tx, session, item());
  ok(find(store, 'item', tx) !== null);
  strictEqual(catalog.reader(null, other).findRelation(null, 'item'), null);
  strictEqual(catalog.currentVersion(null), before);
  const mark = kernel.savepoint(tx);
  catalog.dropTable(tx, session, find(store, 'item', tx)?.id ?? 0, { cascade: false });
  strictEqual(find(store, 'item', tx), null);
  catalog.createTable(tx, session, item({ columns: [column('other', 'int4')], indexes: [] }));
  strictEqual(find(store, 'item', tx)?.columns[0].name, 'other');
  kernel.rollbackTo(tx, mark);
  strictEqual(find(store, 'item', tx)?.columns[0].name, 'id');
  kernel.commit(tx);
  ok(catalog.currentVersion(null) !== before);
  strictEqual(catalog.reader(null, other).findRelation(null, 'item')?.name, 'item');
  const again = kernel.begin();
  catalog.dropTable(again, session, find(store, 'item')?.id ?? 0, { cascade: false });
  strictEqual(find(store, 'item', again), null);
  ok(find(store, 'item') !== null);
  kernel.rollback(again);
  ok(find(store, 'item') !== null);
  expectSound(store);
  kernel.close();
});

test('DDL that fails leaves the transaction as it was', () => {
  const store = openStore(newDisk());
  const { kernel, catalog, session } = store;
  const tx = kernel.begin();
  catalog.createTable(tx, session, item());
  throws(() => catalog.createTable(tx, session, item()), { code: '42P07', message: 'relation "item" already exists' });
  const clash = item({ name: { schema: null, name: 'second' }, indexes: [index(['id'], { name: 'item_pkey' })] });
  throws(() => catalog.createTable(tx, session, clash), { code: '42P07', message: 'relation "item_pkey" already exists' });
  strictEqual(find(store, 'second', tx), null);
  throws(() => catalog.createTable(tx, session, item({ name: { schema: 'nowhere', name: 'x' } })), { code: '3F000' });
  throws(() => catalog.createTable(tx, session, item({ name: { schema: 'pg_catalog', name: 'x' } })), { code: '42501' });
  kernel.commit(tx);
  strictEqual(find(store, 'item')?.indexes.length, 2);
  expectSound(store);
  kernel.close();
});

test('an index is made over rows, also a large one by sorted runs; doubles are named; dropping it gives its pages back', () => {
  const store = openStore(newDisk());
  const { kernel, catalog, session } = store;
  const table = own(store, (tx) => catalog.createTable(tx, session, item()));
  own(store, (tx) => insertRows(store, tx, table, 0, 3000));
  const none = (): never => {
    throw new Error('nothing is filled');
  };
  const indexed = own(store, (tx) => catalog.createIndex(tx, session, table.id, index(['price', 'id']), none));
  deepStrictEqual(
    indexed.indexes.map((one) => [one.name, one.kernelIndex]),
    [
      ['item_pkey', 0],
      ['item_name_key', 1],
      ['item_price_id_idx', 2],
    ],
  );
  throws(() => own(store, (tx) => catalog.createIndex(tx, session, table.id, index(['price'], { unique: true }), none)), {
    code: '23505',
    message: 'could not create unique index "item_price_idx"',
    detail: /^Key \(price\)=\(\d\) is duplicated\.$/,
  });
  strictEqual(find(store, 'item')?.indexes.length, 3);
  expectSound(store);
  const reader = catalog.reader(null, session);
  throws(() => own(store, (tx) => catalog.dropIndex(tx, session, table.indexes[0].id, { cascade: false })), { code: '2BP01' });
  const dropped = reader.findEntry(null, 'item_price_id_idx')?.row.id ?? 0;
  const tx = kernel.begin();
  catalog.dropIndex(tx, session, dropped, { cascade: false });
  kernel.rollback(tx);
  expectSound(store);
  own(store, (again) => catalog.dropIndex(again, session, dropped, { cascade: false }));
  strictEqual(find(store, 'item')?.indexes.length, 2);
  expectSound(store);
  kernel.close();
});

test('TRUNCATE empties a table and its indexes, is rolled back, and may start its sequences again', () => {
  const vfs = newDisk();
  const store = openStore(vfs);
  const { kernel, catalog, session } = store;
  const table = own(store, (tx) => catalog.createTable(tx, session, item()));
  own(store, (tx) => insertRows(store, tx, table, 0, 500));
  const tx = kernel.begin();
  catalog.truncate(tx, session, [table.id], false);
  strictEqual(countRows(store, find(store, 'item', tx) as CatalogTable), 0);
  kernel.rollback(tx);
  strictEqual(countRows(store, find(store, 'item') as CatalogTable), 500);
  const sequence = catalog.reader(null, session).relation(table.columns[0].sequence);
  ok(sequence?.kind === 'sequence');
  for (let value = 1; value <= 5; value++) strictEqual(catalog.port.nextValue(sequence.page), value);
  own(store, (again) => catalog.truncate(again, session, [table.id], true));
  const empty = find(store, 'item') as CatalogTable;
  strictEqual(countRows(store, empty), 0);
  own(store, (again) => insertRows(store, again, empty, 0, 10));
  const restarted = catalog.reader(null, session).relation(table.columns[0].sequence);
  ok(restarted?.kind === 'sequence');
  strictEqual(catalog.port.nextValue(restarted.page), 1);
  expectSound(store);
  kernel.close();
  const reopened = openStore(vfs);
  strictEqual(countRows(reopened, find(reopened, 'item') as CatalogTable), 10);
  expectSound(reopened);
  reopened.kernel.close();
});

test('ANALYZE keeps what it found with the table', () => {
  const store = openStore(newDisk());
  const { kernel, catalog, session } = store;
  const table = own(store, (tx) => catalog.createTable(tx, session, item()));
  own(store, (tx) => insertRows(store, tx, table, 0, 1000));
  const size = catalog.size(table);
  ok(size.pages > 3 && size.rows > 700 && size.rows < 1300, `estimated ${size.rows} rows`);
  own(store, (tx) => catalog.analyze(tx, session, table.id));
  const { statistics } = find(store, 'item') as CatalogTable;
  strictEqual(statistics?.rows, 1000);
  const [id, name, price] = statistics.columns;
  deepStrictEqual([id.distinct, id.nullFraction, id.correlation, id.histogram.length, id.common.length], [-1, 0, 1, 101, 0]);
  strictEqual(name.distinct, -1);
  deepStrictEqual([price.distinct, price.common.length, price.histogram.length], [7, 7, 0]);
  own(store, (tx) => catalog.analyze(tx, session, table.id));
  strictEqual((find(store, 'item') as CatalogTable).statistics?.columns.length, 3);
  kernel.close();
});

test('temporary tables are seen by their session alone and hide others; none is left after opening again', () => {
  const vfs = newDisk();
  const store = openStore(vfs);
  const { kernel, catalog, session } = store;
  own(store, (tx) => catalog.createTable(tx, session, item()));
  const temporary = item({ persistence: 'temporary', columns: [column('only', 'int4', { sequence: SEQUENCE })], indexes: [] });
  own(store, (tx) => catalog.createTable(tx, session, temporary));
  strictEqual(find(store, 'item')?.columns[0].name, 'only');
  strictEqual(find(store, 'item')?.persistence, 'temporary');
  const other = catalog.openSession(SUPERUSER, ['public']);
  strictEqual((catalog.reader(null, other).findRelation(null, 'item') as CatalogTable).columns.length, 3);
  expectSound(store);
  kernel.close();
  const reopened = openStore(vfs);
  strictEqual(find(reopened, 'item')?.columns.length, 3);
  own(reopened, (tx) => reopened.catalog.createTable(tx, reopened.session, temporary));
  own(reopened, (tx) => reopened.catalog.dropTemporary(tx, reopened.session));
  strictEqual(find(reopened, 'item')?.columns.length, 3);
  expectSound(reopened);
  reopened.kernel.close();
});

test('rights: owners and superusers may do everything, others what was granted', () => {
  const store = openStore(newDisk());
  const { kernel, catalog, session } = store;
  const table = own(store, (tx) => catalog.createTable(tx, session, item()));
  const clerk = own(store, (tx) => catalog.createRole(tx, session, 'clerk', { login: true }));
  const desk = catalog.openSession('clerk', ['public']);
  strictEqual(catalog.reader(null, desk).allows(table.id, 'select'), false);
  throws(() => own(store, (tx) => catalog.dropTable(tx, desk, table.id, { cascade: false })), {
    code: '42501',
    message: 'must be owner of table item',
  });
  throws(() => own(store, (tx) => catalog.createTable(tx, desk, item({ name: { schema: null, name: 'mine' } }))), {
    code: '42501',
  });
  own(store, (tx) => catalog.grant(tx, session, table.id, clerk.id, ['select']));
  strictEqual(catalog.reader(null, desk).allows(table.id, 'select'), true);
  strictEqual(catalog.reader(null, desk).allows(table.id, 'insert'), false);
  strictEqual(catalog.reader(null, session).allows(table.id, 'owner'), true);
  kernel.close();
});
