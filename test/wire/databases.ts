/** CREATE, ALTER and DROP DATABASE over the wire: what one has no other one sees, and who is inside keeps it. */

import { deepEqual, equal, rejects } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startServer } from './with-server.ts';

export async function databaseSteps(port: number): Promise<void> {
  const open = async (database: string, user = 'postgres'): Promise<pg.Client> => {
    const client = new pg.Client({ host: '127.0.0.1', port, user, database });
    await client.connect();
    return client;
  };
  const first = await open('postgres');
  const one = async (client: pg.Client, text: string): Promise<unknown> =>
    Object.values((await client.query({ text, rowMode: 'array' })).rows[0] ?? [])[0];

  await rejects(open('shop'), { code: '3D000' });
  await first.query('create role seller login');
  await first.query('create database shop owner seller');
  await rejects(first.query('create database shop'), { code: '42P04' });
  await rejects(first.query('drop role seller'), { code: '2BP01', detail: 'owner of database shop' });
  await rejects(first.query("create database other encoding 'LATIN1'"), { code: '0A000' });
  await first.query('create table here (a int)');
  const shop = await open('shop', 'seller');
  equal(await one(shop, 'select current_database()'), 'shop');
  await rejects(shop.query('select * from here'), { code: '42P01' });
  await rejects(shop.query('create database nope'), { code: '42501' });
  // Names, channels and agreed locks of the one say nothing in the other.
  await shop.query('create table here (b text); create schema own; insert into here values ($$of the shop$$)');
  equal(await one(shop, 'select * from here'), 'of the shop');
  equal(await one(first, 'select count(*)::int from pg_class where relname = $$here$$'), 1);
  await first.query('select pg_advisory_lock(1)');
  equal(await one(shop, 'select pg_try_advisory_lock(1)'), true);
  const heard: string[] = [];
  shop.on('notification', ({ payload }) => heard.push(payload ?? ''));
  await shop.query('listen news');
  await first.query('notify news, $$not for the shop$$');
  await shop.query('notify news, $$for the shop$$');
  while (heard.length === 0) await shop.query('select 1');
  deepEqual(heard, ['for the shop']);
  deepEqual((await first.query('select datname from pg_database order by 1')).rows, [
    { datname: 'postgres' },
    { datname: 'shop' },
  ]);

  await rejects(first.query('drop database shop'), { code: '55006' });
  await rejects(shop.query('drop database shop'), { code: '55006' });
  await shop.end();
  const isEmpty = async (): Promise<boolean> =>
    (await one(first, 'select count(*)::int from pg_stat_activity where datname = $$shop$$')) === 0;
  while (!(await isEmpty()));
  await first.query('alter database shop rename to market');
  await rejects(first.query('begin; drop database market'), { code: '25001' });
  await first.query('rollback');
  await first.query('comment on database market is $$what is sold$$');
  equal(
    await one(first, "select shobj_description(oid, 'pg_database') from pg_database where datname = 'market'"),
    'what is sold',
  );
  await first.query('revoke connect on database market from public');
  await first.query('create role stranger login');
  await rejects(open('market', 'stranger'), { code: '42501' });
  const market = await open('market', 'seller');
  equal(await one(market, 'select * from here'), 'of the shop');
  await market.end();
  while ((await one(first, 'select count(*)::int from pg_stat_activity where datname = $$market$$')) !== 0);
  await first.query('drop database market');
  await first.query('drop database if exists market');
  await first.query('drop role seller, stranger; drop table here');
  await rejects(first.query('drop database postgres'), { code: '55006' });
  await first.end();
}

/** The first database is called as the settings say, but not as another one is. */
export async function firstNameSteps(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-names-'));
  const data = join(directory, 'data');
  const started = await startServer({ data, workers: '1' });
  const client = new pg.Client({ host: '127.0.0.1', port: started.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  await client.query('create database shop');
  await client.end();
  await started.stop();
  await rejects(startServer({ data, workers: '1', database: 'shop' }), /has made another "shop"/);
  await (await startServer({ data, workers: '1', database: 'store' })).stop();
  rmSync(directory, { recursive: true });
}
