/** Dialects as plugins of a server that runs: replaced under its clients, contained when they fail, found again when it starts anew. */

import { deepStrictEqual, match, ok, rejects, strictEqual } from 'node:assert';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { bundleDialect } from '../../codegen/package/dialects.ts';
import { runCommand } from '../../engine/cli/commands.ts';
import { serverOptions } from '../../engine/server/options.ts';
import { Server } from '../../engine/server/server.ts';
import { readPluginFile, writePluginFile } from '../../plugins/host/plugin-file.ts';

const POSTGRESQL = './parsers/postgresql/wire-plugin.ts';
/** Says a version of its own, and loops for ever once a client sends the word. */
const ENTRY = `import { postgresqlWire } from '${POSTGRESQL}';
  const createConnection = (host) => {
    const wire = postgresqlWire.createConnection(host);
    const consume = wire.consume.bind(wire);
    wire.consume = (bytes, start, end) => {
      if (bytes.includes('loop for ever')) for (;;);
      if (bytes.includes('throw it')) throw new Error('thrown');
      return consume(bytes, start, end);
    };
    return wire;
  };
  export const plugin = { ...postgresqlWire, createConnection, manifest: { ...postgresqlWire.manifest, version: '0.0.0' } };`;

const directory = mkdtempSync(join(tmpdir(), 'scratchbird-plugins-'));
const data = join(directory, 'db');
let server: Server;
let script = '';

const start = async (): Promise<Server> => {
  const options = { data, port: '0', workers: '2', listen: '127.0.0.1', 'log-level': 'silent' };
  const started = new Server(serverOptions(options));
  await started.start();
  return started;
};

before(async () => {
  server = await start();
  script = await bundleDialect(ENTRY);
});

after(async () => {
  await server.stop(0);
  rmSync(directory, { recursive: true, force: true });
});

const client = async (): Promise<pg.Client> => {
  const made = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  made.on('error', () => undefined);
  await made.connect();
  return made;
};

/** A file of PostgreSQL's plugin under another version. */
function versionFile(version: string, name = `v${version}.js`): string {
  const { manifest, script: body } = readPluginFile(script, 'x');
  const path = join(directory, name);
  writeFileSync(path, writePluginFile({ ...manifest, version }, body.replace('0.0.0', version)));
  return path;
}

async function command(...args: string[]): Promise<{ code: number; text: string }> {
  const out = new PassThrough();
  let text = '';
  out.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const code = await runCommand('plugin', [...args, '--data', data], { out, aside: out });
  return { code, text };
}

const current = async (): Promise<string[]> =>
  (await server.plugins.list())
    .filter(({ isCurrent }) => isCurrent)
    .map(({ manifest }) => `${manifest.dialect} ${manifest.version}`);

test('versions change under load, one worker after another, and no request is lost', { timeout: 60_000 }, async () => {
  let isOver = false;
  let requests = 0;
  const work = async (): Promise<void> => {
    while (!isOver) {
      const one = await client();
      for (let count = 0; count < 20 && !isOver; count++, requests++) {
        const { rows } = await one.query('select $1::int + 1 as sum', [count]);
        strictEqual(rows[0].sum, count + 1);
      }
      await one.end();
    }
  };
  const old = await client();
  const workers = Array.from({ length: 4 }, work);
  for (let version = 1; version <= 3; version++) await server.plugins.shelf.replace(versionFile(`1.1.${version}`));
  isOver = true;
  await Promise.all(workers);
  ok(requests > 20, `${requests} requests`);
  deepStrictEqual(await current(), ['postgresql 1.1.3']);
  strictEqual((await old.query('select 1 as one')).rows[0].one, 1, 'who was there before goes on');
  await old.end();
  await server.plugins.shelf.rollback('postgresql');
  deepStrictEqual(await current(), ['postgresql 1.1.2']);
});

test('the command lists, loads, swaps, rolls back, and says what is wrong', { timeout: 60_000 }, async () => {
  const loaded = await command('load', versionFile('1.2.0'));
  deepStrictEqual([loaded.code, loaded.text], [0, 'postgresql 1.2.0 is loaded\n']);
  strictEqual((await command('swap', 'postgresql', '1.2.0')).text, 'postgresql 1.2.0 is used\n');
  match((await command('list')).text, /\* +#\d+ +postgresql +1\.2\.0/);
  strictEqual((await command('rollback', 'postgresql')).text, 'postgresql 1.1.2 is used\n');
  const wrong = await command('swap', 'postgresql', '9.9.9', '--json');
  strictEqual(wrong.code, 1);
  match(wrong.text, /"code":"42704"/);
  match((await command('load', join(directory, 'nowhere.js'))).text, /there is no file/);
  strictEqual((await command('juggle')).code, 1);
});

test('what a plugin throws closes its connection; a loop costs a worker and is rolled back the third time', {
  timeout: 90_000,
}, async () => {
  await server.plugins.shelf.replace(versionFile('1.3.0'));
  const other = await client();
  const thrown = await client();
  await rejects(thrown.query("select 'throw it'"));
  strictEqual((await other.query('select 1 as one')).rows[0].one, 1);
  await other.end();
  for (let time = 1; time <= 3; time++) {
    const looping = await client();
    await rejects(looping.query("select 'loop for ever'"), /terminated|ECONNRESET|closed/);
    const next = await client();
    strictEqual((await next.query('select 1 as one')).rows[0].one, 1, 'the server serves on');
    await next.end();
  }
  await until(async () => (await current())[0] !== 'postgresql 1.3.0');
  deepStrictEqual(await current(), ['postgresql 1.1.2']);
  const faulty = (await server.plugins.list()).find(({ manifest }) => manifest.version === '1.3.0');
  deepStrictEqual([faulty?.faults, faulty?.lastFault], [3, 'it did not come back within 2 s']);
});

/** Looks again and again until it is so, or half a minute has gone. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600 && !(await isSo()); tries++) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Sends lines, answers all that comes back. */
async function lines(port: number, ...sent: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => (text += chunk));
  for (const line of sent) {
    const before = text.length;
    socket.write(`${line}\n`);
    for (let tries = 0; tries < 400 && !/^[.!] .*\n$/m.test(text.slice(before)); tries++)
      await new Promise((resolve) => setTimeout(resolve, 5));
  }
  socket.destroy();
  return text;
}

test('a dialect that is dropped into the directory is served beside PostgreSQL, over the same tables', {
  timeout: 60_000,
}, async () => {
  const own = await client();
  await own.query('create table item (id int primary key, name text, price numeric)');
  await own.query("insert into item values (1, 'nut', 0.05), (2, null, 3)");
  const entry = `import { plugin as plain } from './parsers/plain/plugin.ts';
    export const plugin = { ...plain, manifest: { ...plain.manifest, port: 0 } };`;
  const file = join(directory, 'plain.js');
  writeFileSync(file, await bundleDialect(entry));
  copyFileSync(file, join(data, 'plugins', 'plain-1.0.0.plugin.js'));
  for (let tries = 0; tries < 200 && server.portOf('plain') === 0; tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const port = server.portOf('plain');
  ok(port > 0, 'it is not listened for');
  strictEqual(
    await lines(
      port,
      'hello postgres',
      'show item by id',
      "add item 3, 'bo''lt', 0.5",
      'begin',
      'set item price = 1 where id = 3 and price < 1',
      'show item name, price where id = 3',
      'rollback',
      'show item name, price where id >= 2 by id down first 1',
      'show nothing',
      'show item where',
      'add item 1, null, null',
      'remove item where id = 1',
    ),
    [
      '. 0',
      '1\tnut\t0.05',
      '2\t\\N\t3',
      '. 2',
      '. 1',
      '. 0',
      '. 1',
      "bo'lt\t1",
      '. 1',
      '. 0',
      "bo'lt\t0.5",
      '. 1',
      '! 42P01 relation "nothing" does not exist',
      '! 42601 the line ends too early',
      '! 23505 duplicate key value violates unique constraint "item_pkey"',
      '. 1',
      '',
    ].join('\n'),
  );
  const { rows } = await own.query('select id, name from item order by id');
  deepStrictEqual(rows, [{ id: 2, name: null }, { id: 3, name: "bo'lt" }]); // biome-ignore format: a table
  await own.end();
  match(await lines(port, 'good morning'), /^! 08P01/);
});

test('what was current is current again when the server starts anew', { timeout: 60_000 }, async () => {
  copyFileSync(versionFile('1.4.0'), join(data, 'plugins', 'postgresql-1.4.0.plugin.js'));
  await until(async () => (await current()).includes('postgresql 1.4.0'));
  await server.stop(0);
  server = await start();
  deepStrictEqual((await current()).sort(), ['plain 1.0.0', 'postgresql 1.4.0']);
  const one = await client();
  strictEqual((await one.query('select count(*)::int as count from item')).rows[0].count, 2);
  await one.end();
  await server.plugins.shelf.unload('plain');
  await server.stop(0);
  ok(!existsSync(join(data, 'control.sock')), 'the socket has gone with its server');
  server = await start();
});
