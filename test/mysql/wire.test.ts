/** MySQL's protocol as it is documented, packet by packet, from a client that hides nothing. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { lengthText, MysqlClient, type MysqlError, type Options, u16, u32 } from './client.ts';
import { startOurs } from './server.ts';

const directory = mkdtempSync(join(tmpdir(), 'scratchbird-mysql-'));
const rules = join(directory, 'rules');
const passwordFile = join(directory, 'password');
writeFileSync(passwordFile, 'sécret\n');
writeFileSync(rules, 'host all postgres loopback trust\nhost all all loopback scram-sha-256\n');
const WIRE = join(import.meta.dirname, '../wire');

let server: Awaited<ReturnType<typeof startOurs>>;
let secured: Awaited<ReturnType<typeof startOurs>>;
let client: MysqlClient;

before(async () => {
  server = await startOurs();
  const tls = { 'tls-cert': join(WIRE, 'tls-cert.pem'), 'tls-key': join(WIRE, 'tls-key.pem') };
  secured = await startOurs({ rules, 'password-file': passwordFile, ...tls });
  client = await MysqlClient.connect({ port: server.port, several: true });
  await client.queries(
    'create database shop; use shop; create table item (id int primary key, name varchar(20), price decimal(10,2))',
  );
});

after(async () => {
  client.close();
  await server.stop();
  await secured.stop();
  rmSync(directory, { recursive: true });
});

const fails = async (promise: Promise<unknown>, number: number, state: string, words?: RegExp): Promise<void> => {
  await assert.rejects(promise, (error: MysqlError) => {
    assert.deepEqual([error.number, error.state], [number, state], error.message);
    if (words !== undefined) assert.match(error.message, words);
    return true;
  });
};

test('the server speaks first, with all that HandshakeV10 has', async () => {
  const socket = connect(server.port, '127.0.0.1');
  const bytes = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  socket.destroy();
  assert.equal(bytes.readUIntLE(0, 3), bytes.length - 4);
  assert.deepEqual([bytes[3], bytes[4]], [0, 10]);
  const version = bytes.toString('latin1', 5, bytes.indexOf(0, 5));
  assert.match(version, /^8\.0\./);
  const behind = 5 + version.length + 1 + 4;
  assert.equal(bytes[behind + 8], 0, 'a zero behind the first part of the nonce');
  assert.equal(bytes.readUInt16LE(behind + 12), 2, 'autocommit');
  assert.equal(bytes[behind + 16], 21, 'bytes of the nonce, with the zero');
  assert.ok(bytes.subarray(behind + 17, behind + 27).every((byte) => byte === 0));
  assert.equal(bytes.toString('latin1', behind + 40, bytes.length - 1), 'caching_sha2_password');
});

const root = (port: number, more: Partial<Options> = {}): Promise<MysqlClient> =>
  MysqlClient.connect({ port, user: 'root', password: 'sécret', ...more });

test('passwords: in full with the key, then fast; in full over TLS; the native way; wrong ones', async () => {
  const steps = async (more: Partial<Options>): Promise<string[]> => {
    const one = await root(secured.port, more);
    assert.equal((await one.query('select user()')).rows[0][0], 'root@%');
    one.close();
    return one.steps;
  };
  assert.deepEqual(await steps({}), ['full']);
  assert.deepEqual(await steps({}), ['fast']);
  assert.deepEqual(await steps({ tls: true }), ['fast']);
  assert.deepEqual(await steps({ method: 'mysql_native_password' }), []);
  await fails(root(secured.port, { password: 'wrong' }), 1045, '28000', /Access denied for user 'root'/);
  await fails(root(secured.port, { password: 'wrong', method: 'mysql_native_password' }), 1045, '28000');
  await fails(root(secured.port, { password: '' }), 1045, '28000');
  await fails(root(secured.port, { user: 'nobody' }), 1045, '28000');
});

test('a password over TLS needs no key; one that CREATE ROLE set is good for MySQL, too', async () => {
  const made = await root(secured.port);
  made.close();
  const { Client } = await import('pg');
  const pg = new Client({ port: secured.postgresqlPort, host: '127.0.0.1', user: 'postgres', database: 'postgres' });
  await pg.connect();
  await pg.query("create role ada login password 'other'");
  await pg.end();
  const ada = await MysqlClient.connect({ port: secured.port, user: 'ada', password: 'other', tls: true });
  assert.deepEqual(ada.steps, ['full']);
  ada.close();
});

test('OK says how many rows were changed, in a transaction or not, and which database is used', async () => {
  const one = await MysqlClient.connect({ port: server.port, database: 'shop' });
  assert.equal((await one.query("insert into item values (1, 'nut', 0.05), (2, 'bolt', 1.25)")).changes, 2);
  assert.equal((await one.query('begin')).status & 1, 1);
  assert.equal((await one.query('delete from item where id = 2')).status & 1, 1);
  assert.equal((await one.query('rollback')).status & 1, 0);
  assert.equal((await one.query('create database other')).database, null);
  assert.equal((await one.query('use other')).database, 'other');
  assert.equal((await one.command(2, 'shop')).database, 'shop');
  await fails(one.command(2, 'nosuch'), 1049, '42000', /Unknown database 'nosuch'/);
  await fails(one.query('use nosuch'), 1049, '42000');
  assert.equal((await one.query('select database()')).rows[0][0], 'shop');
  one.close();
  await fails(MysqlClient.connect({ port: server.port, database: 'nosuch' }), 1049, '42000');
});

test('rows come with EOF packets for those that want them, and without for the others', async () => {
  for (const noEof of [true, false]) {
    const one = await MysqlClient.connect({ port: server.port, database: 'shop', noEof });
    const { columns, rows } = await one.query('select id, name, price, null n from item order by id');
    assert.deepEqual(
      columns.map(({ name, type }) => [name, type]),
      [
        ['id', 3],
        ['name', 253],
        ['price', 246],
        ['n', 253],
      ],
    );
    assert.deepEqual(rows, [
      ['1', 'nut', '0.05', null],
      ['2', 'bolt', '1.25', null],
    ]);
    const { id, parameters } = await one.prepare('select name, price, id from item where id = ? or name = ?');
    assert.equal(parameters, 2);
    const found = await one.execute(id, [
      [8, Buffer.from([2, 0, 0, 0, 0, 0, 0, 0])],
      [253, lengthText('nut')],
    ]);
    assert.deepEqual([...found.rows].sort(), [
      ['bolt', '1.25', '2'],
      ['nut', '0.05', '1'],
    ]);
    one.close();
  }
});

test('packets are numbered through large results, which are sent while they are made', async () => {
  const values = Array.from({ length: 3000 }, (_, n) => `(${n}, '${'x'.repeat(200)}${n}')`);
  await client.query('create table big (n int primary key, t text)');
  await client.query(`insert into big values ${values.join(',')}`);
  const { rows } = await client.query('select n, t from big order by n');
  assert.equal(rows.length, 3000);
  assert.deepEqual(rows[2999], ['2999', `${'x'.repeat(200)}2999`]);
  const { id } = await client.prepare('select t, n from big order by n');
  assert.equal((await client.execute(id, [])).rows.length, 3000);
  assert.equal(
    (await client.query('select repeat_ from (select concat(a.t, b.t) repeat_ from big a, big b limit 2) x')).rows.length,
    2,
  );
  await client.query('drop table big');
});

test('an error is all there is of a statement that fails among its rows, and the next one works', async () => {
  await client.query('create table bad (n int, t text)');
  await client.query("insert into bad values (1, '2020-01-01'), (2, 'no date')");
  await fails(client.query('select cast(t as date) from bad'), 1292, '22007', /Incorrect DATE value: 'no date'/);
  assert.deepEqual((await client.query('select n from bad order by n')).rows, [['1'], ['2']]);
});

test('several statements have several answers; an error ends them; without the flag a second one is an error', async () => {
  const results = await client.queries('select 1; ; select 2, 3 -- end\n; insert into item values (9, null, null);');
  assert.deepEqual(
    results.map(({ rows, changes }) => [rows.length, changes]),
    [
      [1, 0],
      [1, 0],
      [0, 1],
    ],
  );
  await fails(client.queries('delete from item where id = 9; select nosuch; delete from item'), 1054, '42S22');
  assert.equal((await client.query('select count(*) from item')).rows[0][0], '2');
  const one = await MysqlClient.connect({ port: server.port });
  await fails(one.query('select 1; select 2'), 1064, '42000', /near 'select 2'/);
  assert.equal((await one.command(27, Buffer.from(u16(0)))).status & 2, 2);
  assert.equal((await one.queries('select 1; select 2')).length, 2);
  one.close();
});

test('after an error a transaction goes on without the statement; a definition commits it', async () => {
  await client.query('start transaction');
  await client.query("insert into item values (5, 'screw', 3)");
  await fails(
    client.query("insert into item values (6, 'nail', 1), (5, 'twice', 1)"),
    1062,
    '23000',
    /Duplicate entry '5' for key 'item.PRIMARY'/,
  );
  assert.equal((await client.query('select count(*) from item where id in (5, 6)')).rows[0][0], '1');
  await client.query('create table side (n int)');
  await client.query('rollback');
  assert.equal((await client.query('select count(*) from item where id = 5')).rows[0][0], '1');
  await client.query('begin');
  await client.query('delete from item where id = 5');
  assert.equal((await client.query('begin')).status & 1, 1);
  await client.query('rollback');
  assert.equal((await client.query('select count(*) from item where id = 5')).rows[0][0], '0');
});

test('without autocommit every statement is in a transaction until it is ended', async () => {
  const one = await MysqlClient.connect({ port: server.port, database: 'shop' });
  assert.equal((await one.query('set autocommit = 0')).status & 2, 0);
  await one.query("insert into item values (7, 'peg', 1)");
  assert.equal((await client.query('select count(*) from item where id = 7')).rows[0][0], '0');
  assert.equal((await one.query('set autocommit = 1')).status & 3, 2);
  assert.equal((await client.query('select count(*) from item where id = 7')).rows[0][0], '1');
  one.close();
});

test('a session may begin anew, for the same user or another', async () => {
  const one = await MysqlClient.connect({ port: server.port, database: 'shop' });
  await one.query('create temporary table mine (n int)');
  await one.query('begin');
  await one.query('delete from item');
  await one.command(31);
  assert.equal((await one.query('select database()')).rows[0][0], 'shop');
  await fails(one.query('select * from mine'), 1146, '42S02');
  assert.notEqual((await one.query('select count(*) from item')).rows[0][0], '0');
  const change = [...Buffer.from('postgres'), 0, 0, ...Buffer.from('shop'), 0, 45, 0, ...Buffer.from('mysql_native_password'), 0];
  await one.command(17, Buffer.from(change));
  assert.equal((await one.query('select user()')).rows[0][0], 'postgres@%');
  assert.equal(await one.quit(), true);
});

test('prepared statements: values of all types, pieces of long ones, what is wrong with them', async () => {
  const { id, parameters, columns } = await client.prepare('select ? a, ? b, ? c, ? d, ? e, ? f');
  assert.deepEqual([parameters, columns.length], [6, 6]);
  const long = Buffer.alloc(8);
  long.writeBigInt64LE(-9007199254740993n);
  const double = Buffer.alloc(8);
  double.writeDoubleLE(0.5);
  const moment = Buffer.from([11, ...u16(2024), 2, 29, 23, 59, 58, ...u32(250000)]);
  const { rows } = await client.execute(id, [
    [8, long],
    [5, double],
    [253, lengthText('größe')],
    null,
    [12, moment],
    [246, lengthText('1.50')],
  ]);
  assert.deepEqual(rows, [['-9007199254740993', '0.5', 'größe', null, '2024-02-29 23:59:58.250000', '1.50']]);
  client.send(Buffer.concat([Buffer.from([24, ...u32(id), ...u16(2)]), Buffer.from('in ')]));
  client.send(Buffer.concat([Buffer.from([24, ...u32(id), ...u16(2)]), Buffer.from('pieces')]));
  const pieces = await client.execute(id, [null, null, [252, Buffer.alloc(0)], null, null, null]);
  assert.equal(pieces.rows[0][2], 'in pieces');
  await client.command(26, Buffer.from(u32(id)));
  client.send(Buffer.from([25, ...u32(id)]));
  await fails(client.execute(id, []), 1243, 'HY000', /Unknown prepared statement handler/);
  await fails(client.prepare('select from'), 1064, '42000');
  await client.command(14);
});

test('what is not known is an error, and the connection goes on; what is no packet ends it', async () => {
  await fails(client.command(4, 'item\0'), 1235, '42000', /COM_FIELD_LIST/);
  await fails(client.command(200), 1835, 'HY000');
  await fails(client.query(''), 1065, '42000');
  await fails(client.query('alter table item add x int'), 1235, '42000', /ALTER/);
  await client.command(14);
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('data', resolve));
  socket.write(Buffer.from([3, 0, 0, 1, 1, 2, 3]));
  await new Promise((resolve) => socket.once('close', resolve));
});

test('what is no UTF-8 is refused; results of arithmetic say how many digits they have', async () => {
  await fails(client.command(3, Buffer.from("select '\xe4'", 'latin1')), 1300, 'HY000');
  const { id } = await client.prepare('select ?');
  await fails(client.execute(id, [[253, Buffer.from([1, 0xff])]]), 1300, 'HY000');
  assert.equal((await client.query("select '\ufffd'")).rows[0][0], '\ufffd');
  const { columns } = await client.query(
    'select 7 / 2, 1.25 * 2.5, 1.25 + 1, avg(price), sum(price), 5.5 % 2, max(price), 7.25 / 3 from item',
  );
  assert.deepEqual(
    columns.map(({ decimals }) => decimals),
    [4, 3, 2, 6, 2, 1, 2, 6],
  );
});

test('the same table is seen through both protocols', async () => {
  const { Client } = await import('pg');
  const pg = new Client({ port: server.postgresqlPort, host: '127.0.0.1', user: 'postgres', database: 'postgres' });
  await pg.connect();
  await client.query("insert into item values (20, 'both', 2.50)");
  assert.deepEqual((await pg.query('select * from shop.item where id = 20')).rows, [{ id: 20, name: 'both', price: '2.50' }]);
  await pg.query('update shop.item set price = price * 2 where id = 20');
  assert.deepEqual((await client.query('select price from item where ID = 20')).rows, [['5.00']]);
  await pg.end();
});
