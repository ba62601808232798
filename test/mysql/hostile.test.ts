/** Clients of MySQL's protocol that send what nobody should: they get their error, and nobody else anything. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LongData } from '../../parsers/mysql/wire/long-data.ts';
import { PacketReader, PacketWriter } from '../../parsers/mysql/wire/packets.ts';
import { lengthText, MysqlClient, type MysqlError, u16, u32 } from './client.ts';
import { startOurs } from './server.ts';

let server: Awaited<ReturnType<typeof startOurs>>;
let client: MysqlClient;

before(async () => {
  server = await startOurs({ 'connection-memory': '20MB' });
  client = await MysqlClient.connect({ port: server.port });
});

after(async () => {
  client.close();
  await server.stop();
});

const fails = (promise: Promise<unknown>, number: number, words?: RegExp): Promise<void> =>
  assert.rejects(promise, (error: MysqlError) => {
    assert.equal(error.number, number, error.message);
    if (words !== undefined) assert.match(error.message, words);
    return true;
  });

const textOfLength = (length: number): Buffer => Buffer.from('select 1 -- '.padEnd(length, 'x'));
const command = (code: number, ...rest: readonly Uint8Array[]): Buffer => Buffer.concat([Buffer.from([code]), ...rest]);
const piece = (id: number, place: number, bytes: Uint8Array): Buffer =>
  command(24, Buffer.from([...u32(id), ...u16(place)]), bytes);

test('what is longer than a packet goes on in others; too long in all it is refused before it has come', async () => {
  // The last packet has no byte at all.
  assert.equal((await client.command(3, textOfLength(0xffffff - 1))).rows[0][0], '1');
  const one = await MysqlClient.connect({ port: server.port });
  one.send(command(3, Buffer.alloc(20 << 20, 32)));
  await fails(one.result(false), 1153);
  await assert.rejects(one.packet(), /has closed/);
});

test('packets that are out of order end the connection', async () => {
  const one = await MysqlClient.connect({ port: server.port });
  await one.command(14);
  one.send(command(14), false);
  await fails(one.result(false), 1156);
  await assert.rejects(one.packet(), /has closed/);
});

test('pieces of a value are bound; what is wrong with one is told when the statement runs, which runs again without them', async () => {
  const { id } = await client.prepare('select ?');
  client.send(piece(id, 1, Buffer.from('there is one parameter')));
  await fails(client.execute(id, [[253, lengthText('a')]]), 1835);
  assert.deepEqual((await client.execute(id, [[253, lengthText('a')]])).rows, [['a']]);
  for (let count = 0; count < 3; count++) client.send(piece(id, 0, Buffer.alloc(8 << 20, 120)));
  await fails(client.execute(id, [[252, Buffer.alloc(0)]]), 1153, /longer than 'max_allowed_packet'/);
  client.send(piece(id, 0, Buffer.from('b')));
  assert.deepEqual((await client.execute(id, [[252, Buffer.alloc(0)]])).rows, [['b']]);
  // Empty ones take memory, too.
  const long = new LongData(1);
  for (let count = 0; count < 100; count++) long.add(0, Buffer.alloc(0), 1000 - long.bytes);
  assert.throws(() => long.values(), { code: '54000' });
});

test('the texts of prepared statements are bound together', async () => {
  const one = await MysqlClient.connect({ port: server.port });
  const text = `select 1 -- ${'x'.repeat(9 << 20)}`;
  const { id } = await one.prepare(text);
  await one.prepare(text);
  await fails(one.prepare(text), 1461);
  one.send(command(25, Buffer.from(u32(id))));
  await one.prepare(text);
  one.close();
});

test('an error is short, and soon told, however long and odd what it speaks of is', async () => {
  const name = 'column '.repeat(100_000);
  await assert.rejects(client.query(`select \`${name}\` from (select 1) x`), (error: MysqlError) => error.message.length < 1000);
  await assert.rejects(client.query(`select cast('${name}' as date)`), (error: MysqlError) => error.message.length < 1000);
});

test('a session that cannot begin anew is over, and nothing runs in the one that has ended', async () => {
  await client.query('select 1');
  const { Client } = await import('pg');
  const pg = new Client({ port: server.postgresqlPort, host: '127.0.0.1', user: 'postgres', database: 'postgres' });
  await pg.connect();
  await pg.query('create role leaving login');
  const one = await MysqlClient.connect({ port: server.port, user: 'leaving' });
  await pg.query('drop role leaving');
  await pg.end();
  await fails(one.command(31), 1045);
  await assert.rejects(one.packet(), /has closed/);
});

test('numbers beyond three bytes are written as they are read', () => {
  const output = { bytes: Buffer.alloc(64), at: 0, mark: 64, need: () => {} };
  const writer = new PacketWriter(() => output);
  const numbers = [0, 250, 251, 65_535, 65_536, 0xffffff, 0x1000000, 2 ** 31];
  for (const one of numbers) writer.length(one);
  const reader = new PacketReader();
  reader.begin(output.bytes, 0, output.at);
  assert.deepEqual(numbers.map(() => reader.length()), numbers); // biome-ignore format: one step
});
