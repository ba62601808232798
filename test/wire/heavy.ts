/** Long statements run on threads of their own: the same answers, errors and ends as on the worker. */

import { deepEqual, equal, ok } from 'node:assert/strict';
import * as send from './raw-client.ts';
import { fieldsOf, type Message, RawClient, rawClient, valuesOf } from './raw-client.ts';
import { startServer } from './with-server.ts';

const ENDLESS = 'select count(*) from generate_series(1, 2000000000) g';

async function rows(client: RawClient, ...messages: Buffer[]): Promise<(string | null)[][]> {
  client.send(...messages);
  return (await client.until('Z')).filter(({ type }) => type === 'D').map(valuesOf);
}

const codeOf = (messages: readonly Message[]): string => {
  const error = messages.find(({ type }) => type === 'E');
  return error === undefined ? '' : fieldsOf(error).C;
};

/** Every query is a long one here. */
export async function heavyStatements(): Promise<void> {
  const server = await startServer({ 'heavy-cost': '0', workers: '1', durability: 'commit' });
  try {
    const client = await rawClient(server.port);
    await client.types(
      send.query('create table numbers (n int primary key); insert into numbers select g from generate_series(1, 3000) g'),
    );
    await sameAnswers(client);
    await ends(client, server.port);
    await staysServed(client, server.port);
    client.end();
  } finally {
    await server.stop();
  }
}

async function sameAnswers(client: RawClient): Promise<void> {
  await client.types(send.query('insert into numbers values (0)'));
  deepEqual(await rows(client, send.query('select count(*), sum(n) from numbers')), [['3001', '4501500']]);
  const extended = [
    send.parse('', 'select n, $2::text from numbers where n <= $1 order by n desc'),
    send.bind('', '', ['2', 'x']),
  ];
  deepEqual(await rows(client, ...extended, send.execute(''), send.sync), [
    ['2', 'x'],
    ['1', 'x'],
    ['0', 'x'],
  ]);
  await client.types(send.query("set timezone = 'Asia/Tokyo'"));
  deepEqual(await rows(client, send.query("select '2000-01-01 00:00+00'::timestamptz, count(*) from numbers")), [
    ['2000-01-01 09:00:00+09', '3001'],
  ]);
  await client.types(send.query('reset timezone'));
  client.send(send.query('select 1 / (n - 2000) from numbers'));
  equal(codeOf(await client.until('Z')), '22012');
  // In a block, and with a limit of rows, the worker runs it.
  await client.types(send.query('begin; insert into numbers values (-1)'));
  deepEqual(await rows(client, send.query('select count(*) from numbers')), [['3002']]);
  await client.types(send.query('rollback'));
}

/** Cancelled, out of time, or given up by its client. */
async function ends(client: RawClient, port: number): Promise<void> {
  client.send(send.query(ENDLESS));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const canceller = new RawClient(port);
  const { process, secret } = client.key as NonNullable<typeof client.key>;
  canceller.send(send.cancelRequest(process, secret));
  equal(codeOf(await client.until('Z')), '57014');
  await client.types(send.query('set statement_timeout = 50'));
  client.send(send.query(ENDLESS));
  equal(codeOf(await client.until('Z')), '57014');
  await client.types(send.query('reset statement_timeout'));
  const gone = await rawClient(port);
  gone.send(send.query(ENDLESS));
  await new Promise((resolve) => setTimeout(resolve, 30));
  gone.end();
}

async function staysServed(client: RawClient, port: number): Promise<void> {
  // A result of 15 MB to a client that does not read: it is made as far as it is read.
  const slow = await rawClient(port);
  slow.send(send.query("select a.n, repeat('x', 1000) from numbers a, numbers b where b.n <= 4"));
  slow.socket.pause();
  const busy = await rawClient(port);
  busy.send(send.query(ENDLESS));
  const begun = performance.now();
  for (let turn = 0; turn < 50; turn++) equal(await client.types(send.query('show timezone')), 'TDCZ');
  ok(performance.now() - begun < 5000, 'others are served beside it');
  busy.end();
  slow.socket.resume();
  const messages = await slow.until('Z');
  equal(messages.filter(({ type }) => type === 'D').length, 3001 * 5);
  slow.end();
}
