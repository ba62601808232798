import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { SqlType } from '../sblr/types.ts';
import { virtualTables } from '../catalog/virtual/registry.ts';
import { column, index, item, newDisk, openStore, own, SEQUENCE } from './catalog-fixture.ts';

const store = openStore(newDisk());
const { catalog, session } = store;
own(store, (tx) => {
  catalog.createTable(tx, session, item());
  catalog.createTable(
    tx,
    session,
    item({
      name: { schema: 'public', name: 'Odd Name' },
      columns: [
        column('id', 'int8', {
          notNull: true,
          identity: 'always',
          sequence: { ...SEQUENCE, type: 'int8', maximum: 2n ** 63n - 1n },
        }),
        column('label', 'varchar', { type: { name: 'varchar', length: 20, scale: -1, nullable: true, digits: 0 } }),
      ],
      indexes: [index(['label', 'id'], { keys: [{ key: { column: 'label' }, descending: true, nullsFirst: false }] })],
    }),
  );
});

/** Rows of a virtual table as objects, of these columns only. */
function rows(name: string, ...columns: string[]): { [column: string]: RowValue }[] {
  const reader = catalog.reader(null, session);
  const [schema, table] = name.split('.');
  const relation = reader.findRelation(schema, table);
  ok(relation?.kind === 'virtual', name);
  return [...reader.virtualRows(name)].map((values) =>
    Object.fromEntries(columns.map((wanted) => [wanted, values[relation.columns.findIndex((one) => one.name === wanted)]])),
  );
}

function fits(value: RowValue, type: SqlType): boolean {
  switch (type.name) {
    case 'bool':
      return typeof value === 'boolean';
    case 'int2':
    case 'int4':
    case 'oid':
    case 'regproc':
    case 'regtype':
    case 'float4':
    case 'float8':
      return typeof value === 'number';
    case 'int8':
      return typeof value === 'number' ? Number.isSafeInteger(value) : typeof value === 'bigint';
    case 'interval':
    case 'int2vector':
    case 'oidvector':
      return typeof value === 'object';
    default:
      return type.name.endsWith('[]') ? typeof value === 'object' : typeof value === 'string';
  }
}

test('every row of every virtual table has values of its columns types, NULL only where that may be', () => {
  const reader = catalog.reader(null, session);
  for (const { schema, name, columns } of virtualTables()) {
    for (const row of reader.virtualRows(`${schema}.${name}`)) {
      strictEqual(row.length, columns.length + 1, 'and the number of the table');
      for (const [at, { type, name: own, notNull }] of columns.entries()) {
        const value = row[at];
        ok(value === null ? !notNull : fits(value, type), `${schema}.${name}.${own}: ${String(value)}`);
      }
    }
  }
});

test('relations have numbers of their own', () => {
  const ids = rows('pg_catalog.pg_class', 'oid').map(({ oid }) => oid);
  strictEqual(new Set(ids).size, ids.length);
});

test('tables, their columns and indexes are shown as PostgreSQL shows them', () => {
  const tables = rows('information_schema.tables', 'table_schema', 'table_name', 'table_type');
  deepStrictEqual(
    tables.filter((row) => row.table_schema === 'public'),
    [
      { table_schema: 'public', table_name: 'item', table_type: 'BASE TABLE' },
      { table_schema: 'public', table_name: 'Odd Name', table_type: 'BASE TABLE' },
    ],
  );
  const columns = rows('information_schema.columns', 'table_name', 'column_name', 'data_type', 'column_default', 'is_nullable');
  deepStrictEqual(
    columns.filter((row) => row.table_name === 'item'),
    [
      {
        table_name: 'item',
        column_name: 'id',
        data_type: 'integer',
        column_default: "nextval('item_id_seq'::regclass)",
        is_nullable: 'NO',
      },
      { table_name: 'item', column_name: 'name', data_type: 'text', column_default: null, is_nullable: 'YES' },
      { table_name: 'item', column_name: 'price', data_type: 'double precision', column_default: null, is_nullable: 'YES' },
    ],
  );
  deepStrictEqual(
    rows('pg_catalog.pg_indexes', 'indexdef').map(({ indexdef }) => indexdef),
    [
      'CREATE UNIQUE INDEX item_pkey ON public.item USING btree (id)',
      'CREATE UNIQUE INDEX item_name_key ON public.item USING btree (name)',
      'CREATE INDEX "Odd Name_label_idx" ON public."Odd Name" USING btree (label DESC NULLS LAST)',
    ],
  );
  const identity = rows(
    'information_schema.columns',
    'table_name',
    'is_identity',
    'identity_generation',
    'character_maximum_length',
  );
  deepStrictEqual(
    identity.filter((row) => row.table_name === 'Odd Name'),
    [
      { table_name: 'Odd Name', is_identity: 'YES', identity_generation: 'ALWAYS', character_maximum_length: null },
      { table_name: 'Odd Name', is_identity: 'NO', identity_generation: null, character_maximum_length: 20 },
    ],
  );
  const keys = rows('information_schema.key_column_usage', 'constraint_name', 'column_name', 'ordinal_position');
  deepStrictEqual(keys, [
    { constraint_name: 'item_pkey', column_name: 'id', ordinal_position: 1 },
    { constraint_name: 'item_name_key', column_name: 'name', ordinal_position: 1 },
  ]);
});

test('catalogs can be joined by their numbers', () => {
  const classes = new Map(rows('pg_catalog.pg_class', 'oid', 'relname').map((row) => [row.oid, row.relname]));
  const namespaces = new Set(rows('pg_catalog.pg_namespace', 'oid').map(({ oid }) => oid));
  for (const { relnamespace } of rows('pg_catalog.pg_class', 'relnamespace')) ok(namespaces.has(relnamespace));
  const types = new Set(rows('pg_catalog.pg_type', 'oid').map(({ oid }) => oid));
  for (const { attrelid, atttypid } of rows('pg_catalog.pg_attribute', 'attrelid', 'atttypid')) {
    ok(classes.has(attrelid));
    ok(types.has(atttypid));
  }
  for (const { indexrelid, indrelid } of rows('pg_catalog.pg_index', 'indexrelid', 'indrelid')) {
    ok(classes.has(indexrelid));
    ok(classes.has(indrelid));
  }
  const depends = rows('pg_catalog.pg_depend', 'objid', 'deptype', 'refobjsubid')
    .filter((row) => /_seq$/.test(String(classes.get(row.objid))) && Number(row.refobjsubid) > 0)
    .map((row) => [classes.get(row.objid), row.deptype]);
  deepStrictEqual(depends, [
    ['item_id_seq', 'a'],
    ['Odd Name_id_seq', 'i'],
  ]);
});

test.after(() => store.kernel.close());
