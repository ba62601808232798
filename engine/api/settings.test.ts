/** Settings: how they are set, how long they last, and that docs/settings.md tells of all of them. */

import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withDatabase } from '../../test/sql/with-database.ts';
import { Settings, SETTINGS } from '../session/settings.ts';
import type { Database, DatabaseNotice } from './api.ts';

const show = (db: Database, name: string): unknown => db.prepare(`show ${name}`).raw().get()?.[0];

test(
  'SET lasts for the session, SET LOCAL for the transaction, and a rollback takes both back',
  withDatabase(async (db) => {
    db.exec("set statement_timeout = '90s'; set work_mem = 2048; set timezone to 'Europe/Zurich'");
    deepStrictEqual(['statement_timeout', 'work_mem', 'timezone'].map((name) => show(db, name)), ['90s', '2MB', 'Europe/Zurich']); // biome-ignore format: short
    deepStrictEqual(db.prepare("select current_setting('work_mem') as w").get(), { w: '2MB' });
    db.exec("begin; set local timezone = 'UTC'");
    strictEqual(show(db, 'timezone'), 'UTC');
    db.exec('commit');
    strictEqual(show(db, 'timezone'), 'Europe/Zurich');
    db.exec("begin; set timezone = 'UTC'; savepoint s; set work_mem = '1GB'; rollback to s");
    deepStrictEqual([show(db, 'timezone'), show(db, 'work_mem')], ['UTC', '2MB']);
    db.exec('rollback');
    strictEqual(show(db, 'timezone'), 'Europe/Zurich');
    await using session = db.session();
    deepStrictEqual((await session.run('show timezone')).rows, [{ timezone: 'UTC' }]);
    await session.run("set my.thing = 'x'");
    deepStrictEqual((await session.run('show my.thing')).rows, [{ 'my.thing': 'x' }]);
    db.exec('reset timezone; reset all');
    deepStrictEqual(['timezone', 'work_mem', 'statement_timeout'].map((name) => show(db, name)), ['UTC', '64MB', '0']); // biome-ignore format: short
  }),
);

test(
  'a transaction begins as the settings say then; a second BEGIN is told of',
  withDatabase((db) => {
    const notices: DatabaseNotice[] = [];
    db.onNotice((notice) => notices.push(notice));
    const [begin, rollback] = ['begin', 'rollback'].map((text) => db.prepare(text));
    const kind = (): unknown[] => {
      deepStrictEqual(begin.run(), { changes: 0 });
      const found = [show(db, 'transaction_isolation'), show(db, 'transaction_read_only')];
      rollback.run();
      return found;
    };
    deepStrictEqual(kind(), ['read committed', 'off']);
    db.exec("set default_transaction_isolation = 'serializable'; set default_transaction_read_only = on");
    deepStrictEqual(kind(), ['serializable', 'on']);
    db.exec("begin; set default_transaction_isolation = 'repeatable read'; rollback");
    deepStrictEqual(kind(), ['serializable', 'on']);
    db.exec('reset default_transaction_isolation; reset default_transaction_read_only');
    deepStrictEqual(kind(), ['read committed', 'off']);
    begin.run();
    begin.run();
    deepStrictEqual(notices.map(({ severity, code }) => [severity, code]), [['WARNING', '25001']]); // biome-ignore format: short
    rollback.run();
  }),
);

test(
  'what cannot be set says so',
  withDatabase((db) => {
    throws(() => db.exec('set nosuch = 1'), { code: '42704', message: 'unrecognized configuration parameter "nosuch"' });
    throws(() => db.exec("set timezone = 'Nowhere/Land'"), { code: '22023' });
    for (const text of [
      "datestyle = 'ISO, DMY'",
      "bytea_output = 'escape'",
      "intervalstyle = 'iso_8601'",
      'extra_float_digits = 0',
    ])
      throws(() => db.exec(`set ${text}`), { code: '0A000' }, text);
    db.exec("set datestyle = 'ISO'; set extra_float_digits = 3");
    throws(() => db.exec('set server_version = 16'), { code: '55P02', message: 'parameter "server_version" cannot be changed' });
    throws(() => show(db, 'my.other'), { code: '42704' });
    throws(() => db.transaction(() => db.exec('create table t (x integer)')).readOnly(), {
      code: '25006',
      message: 'cannot execute CREATE TABLE in a read-only transaction',
    });
    db.exec('create table t (x integer)');
    throws(() => db.transaction(() => db.exec('insert into t values (1)')).readOnly(), {
      code: '25006',
      message: 'cannot execute INSERT in a read-only transaction',
    });
  }),
);

test(
  'notices are told from the weight on that is set',
  withDatabase((db) => {
    const told: string[] = [];
    db.onNotice(({ severity, message }: DatabaseNotice) => void told.push(`${severity} ${message}`));
    db.exec('drop table if exists nosuch');
    deepStrictEqual(told, ['NOTICE table "nosuch" does not exist, skipping']);
    db.exec('set client_min_messages = warning; drop table if exists nosuch');
    db.exec('commit');
    deepStrictEqual(told.slice(1), ['WARNING there is no transaction in progress']);
    db.exec('set client_min_messages = error');
    db.exec('commit');
    strictEqual(told.length, 2);
  }),
);

const page = readFileSync(join(import.meta.dirname, '../../docs/settings.md'), 'utf8');
const rowsBehind = (head: string): string[][] =>
  (page.split(head)[1] ?? '')
    .split('\n## ')[0]
    .split('\n')
    .filter((line) => /^\| [a-z]/.test(line) && !/^\| (option|setting) \|/.test(line))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').replaceAll('`', '')));

test('the page of settings has all of them, with their defaults', () => {
  const initial = new Settings();
  deepStrictEqual(
    rowsBehind('## Settings of a session').map(([name, value]) => [name, value === "''" ? '' : value]),
    SETTINGS.map(({ name }) => [name, initial.shown(name)]),
  );
});

test('the page of settings has every option of open()', () => {
  const named = rowsBehind('## Options of').flatMap(([names]) => names.split(', '));
  const source = ['options.ts', 'kernel-options.ts']
    .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
    .join('\n');
  const declared = [...source.matchAll(/^ {2}(?:readonly )?(\w+)\?:/gm)].map(([, name]) => name);
  ok(declared.length > 15);
  deepStrictEqual([...named].sort(), [...declared].sort());
});
