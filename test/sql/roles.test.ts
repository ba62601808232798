/** Roles and rights, from the outside: what may not be done is not done, what may not be seen is not seen. */
import { deepStrictEqual } from 'node:assert';
import { test } from 'node:test';
import { type Database, open, SqlError } from '../../engine/api/api.ts';

/** Rows of one column as a list, rows as arrays, changes, or the code of the error. */
function answer(db: Database, text: string): unknown {
  try {
    const statement = db.prepare(text).raw();
    if (!statement.reader) return statement.run().changes;
    const rows = statement.all();
    return rows.every((row) => row.length === 1) ? rows.flat() : rows;
  } catch (error) {
    if (error instanceof SqlError) return error.code;
    throw error;
  }
}

function story(db: Database, lines: readonly (readonly [string, unknown])[]): void {
  for (const [text, expected] of lines) deepStrictEqual(answer(db, text), expected, text);
}

const SCHEMA = `
  create table item (id int primary key, price int);
  insert into item values (1, 10), (2, 20);
  create schema shop;
  create table shop.sale (id int);
  insert into shop.sale values (7);
  create sequence numbers;
  create view cheap as select id from item where price < 15;
  create role reader; create user ann in role reader; create user bob noinherit in role reader`;

function openWithRoles(): Database {
  const db = open(':memory:', { pool: 0 });
  db.exec(SCHEMA);
  return db;
}

test('roles are made, changed and dropped as part of their transaction', () => {
  using db = openWithRoles();
  story(db, [
    ['create role reader', '42710'],
    ['create role pg_mine', '42939'],
    ['begin', 0],
    ['create role later', 0],
    ['grant select on item to later', 0],
    ['rollback', 0],
    ['grant select on item to later', '42704'],
    ['alter role ann createdb connection limit 5', 0],
    ["select rolcanlogin from pg_roles where rolname in ('ann', 'reader') order by rolname", [true, false]],
    ['alter role ann rename to anna', 0],
    ['grant anna to reader', '0LP01'],
    ['grant select on item to anna', 0],
    ['drop role anna', '2BP01'],
    ['drop owned by anna', 0],
    ['drop role anna', 0],
    ['drop role if exists anna', 0],
    ['drop role anna', '42704'],
  ]);
});

test('a role may what it was granted, by itself or through roles that it inherits from, and no more', () => {
  using db = openWithRoles();
  story(db, [
    ['set role nobody', '42704'],
    ['set role ann', 0],
    ['select current_user, session_user', [['ann', 'scratchbird']]],
    ['select * from item', '42501'],
    ['insert into item values (3, 30)', '42501'],
    ['create table mine (a int)', '42501'],
    ['create role other', '42501'],
    ['alter role bob createdb', '42501'],
    ['drop table item', '42501'],
    ['grant select on item to ann', '42501'],
    ['reset role', 0],
    ['grant select on item to reader', 0],
    ['set role ann', 0],
    ['select id from item order by id', [1, 2]],
    ['update item set price = 1', '42501'],
    ['delete from item', '42501'],
    ['set role bob', 0],
    ['select id from item', '42501'],
    ['set role none', 0],
    ['grant insert, update (cost) on item to ann', '42703'],
    ['grant update on item to public', 0],
    ['set role bob', 0],
    ['update item set price = 5', 2],
    ['reset role', 0],
    ['revoke all on item from public, reader', 0],
    ['set role ann', 0],
    ['select id from item', '42501'],
    ['update item set price = 5', '42501'],
    ['begin', 0],
    ['reset role', 0],
    ['rollback', 0],
    ['select current_user', ['ann']],
  ]);
});

test('rights that may be granted on; views read with the rights of their owner', () => {
  using db = openWithRoles();
  story(db, [
    ['grant select on cheap to ann', 0],
    ['grant select on item to bob with grant option', 0],
    ['set role ann', 0],
    ['select id from cheap', [1]],
    ['select id from item', '42501'],
    ['set role none', 0],
    ['set role bob', 0],
    ['grant select on item to ann', 0],
    ['grant update on item to ann', 0],
    ["select has_table_privilege('ann', 'item', 'update')", [false]],
    ['set role none', 0],
    ['set role ann', 0],
    ['select id from item order by id', [1, 2]],
    ['reset role', 0],
    ['revoke grant option for select on item from bob', '2BP01'],
    ['revoke grant option for select on item from bob cascade', 0],
    ['set role bob', 0],
    ['select id from item order by id', [1, 2]],
    ['grant select on item to reader', 0],
    ["select has_table_privilege('reader', 'item', 'select')", [false]],
  ]);
});

test('schemas hide what they hold; default privileges are for what is made later', () => {
  using db = openWithRoles();
  story(db, [
    ['grant select on all tables in schema shop to ann', 0],
    ['set role ann', 0],
    ['select id from shop.sale', '42501'],
    ['set search_path to shop, public', 0],
    ['select id from sale', '42P01'],
    ['reset role', 0],
    ['grant usage on schema shop to ann', 0],
    ['set role ann', 0],
    ['select id from sale', [7]],
    ['create table shop.mine (a int)', '42501'],
    ['reset role', 0],
    ['grant create on schema shop to ann', 0],
    ['alter default privileges in schema shop grant select on tables to public', 0],
    ['set role ann', 0],
    ['create table shop.mine (a int)', 0],
    ['reset role', 0],
    ['create table shop.all_may (a int)', 0],
    ['set role ann', 0],
    ['select * from shop.all_may', []],
    ['insert into shop.all_may values (1)', '42501'],
    ["select nextval('numbers')", '42501'],
    ['reset role', 0],
    ['grant usage on sequence numbers to ann', 0],
    ['set role ann', 0],
    ["select nextval('public.numbers')", [1]],
    ["select setval('public.numbers', 5)", '42501'],
    ['reset all', 0],
    ['reassign owned by ann to bob', 0],
    ['set role ann', 0],
    ['drop table shop.mine', '42501'],
    ['reset role', 0],
    ['drop owned by ann, bob cascade', 0],
    ['drop role ann, bob, reader', 0],
  ]);
});

test('what a role may do is told by functions', () => {
  using db = openWithRoles();
  db.exec('grant select on item to reader; grant usage on schema shop to ann with grant option');
  const may = (call: string): unknown => answer(db, `select ${call}`);
  const asked = [
    ["has_table_privilege('ann', 'item', 'select')", true],
    ["has_table_privilege('bob', 'item', 'select')", false],
    ["has_table_privilege('ann', 'item', 'select, insert')", true],
    ["has_table_privilege('ann', 'item', 'insert')", false],
    ["has_table_privilege('item', 'delete')", true],
    ["has_table_privilege('public', 'pg_class', 'select')", true],
    ["has_schema_privilege('ann', 'shop', 'usage with grant option')", true],
    ["has_schema_privilege('bob', 'shop', 'usage')", false],
    ["has_schema_privilege('bob', 'public', 'usage')", true],
    ["has_schema_privilege('bob', 'public', 'create')", false],
    ["has_sequence_privilege('ann', 'numbers', 'usage')", false],
    ["has_database_privilege('ann', current_database(), 'connect')", true],
    ["has_database_privilege('ann', current_database(), 'create')", false],
    ["pg_has_role('ann', 'reader', 'usage')", true],
    ["pg_has_role('bob', 'reader', 'usage')", false],
    ["pg_has_role('bob', 'reader', 'member')", true],
  ] as const;
  for (const [call, expected] of asked) deepStrictEqual(may(call), [expected], call);
});

test('what one session is granted another one sees with its next statement', async () => {
  using db = openWithRoles();
  await using other = db.session();
  db.exec('set role ann');
  deepStrictEqual(answer(db, 'select count(*) from item'), '42501');
  await other.run('grant select on item to ann');
  deepStrictEqual(answer(db, 'select count(*) from item'), [2]);
  await other.run('revoke select on item from ann');
  deepStrictEqual(answer(db, 'select count(*) from item'), '42501');
});
