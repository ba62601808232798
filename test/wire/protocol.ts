/** Protocol 3, message by message. */

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import * as send from './raw-client.ts';
import { fieldsOf, type Message, RawClient, rawClient, valuesOf } from './raw-client.ts';

type Step = (port: number) => Promise<void>;

const errorOf = (messages: readonly Message[]): Record<string, string> => {
  const error = messages.find(({ type }) => type === 'E');
  ok(error, 'an error was expected');
  return fieldsOf(error);
};

const rowsOf = (messages: readonly Message[]): (string | null)[][] => messages.filter(({ type }) => type === 'D').map(valuesOf);

const statusOf = (messages: readonly Message[]): string => String(messages.at(-1)?.body);

/** Runs `body` with a client that is through its startup. */
const withClient =
  (body: (client: RawClient, port: number) => Promise<void>): Step =>
  async (port) => {
    const client = await rawClient(port);
    try {
      await body(client, port);
    } finally {
      client.end();
    }
  };

/** It would take hours. */
const LONG = 'select count(*) from generate_series(1, 10000) g, generate_series(1, 10000) h, generate_series(1, 10000) i';

const STEPS: { readonly [name: string]: Step } = {
  'a startup is answered with settings, a key, and ready': async (port) => {
    const client = new RawClient(port);
    const messages = await client.begin({ application_name: 'raw' });
    const settings = Object.fromEntries(
      messages.filter(({ type }) => type === 'S').map(({ body }) => body.toString().split('\0').slice(0, 2)),
    );
    equal(settings.server_encoding, 'UTF8');
    equal(settings.application_name, 'raw');
    equal(settings.is_superuser, 'on');
    equal(settings.TimeZone, 'UTC');
    match(messages.map(({ type }) => type).join(''), /^RS+KZ$/);
    equal(client.key?.secret.length, 4);
    client.end();
  },
  'protocol 3.2 has a longer key; unknown options and later minors are negotiated': async (port) => {
    const client = new RawClient(port);
    client.send(send.startup({ user: 'postgres', '_pq_.later': '1' }, 196608 + 9));
    const messages = await client.until('Z');
    equal(messages[0].type, 'v');
    deepEqual([...messages[0].body.subarray(0, 8)], [0, 3, 0, 2, 0, 0, 0, 1]);
    equal(messages.find(({ type }) => type === 'K')?.body.length, 4 + 32);
    client.end();
  },
  'TLS and GSS are refused with a letter where there is no certificate': async (port) => {
    const client = new RawClient(port);
    for (const request of [send.sslRequest, send.gssRequest]) {
      client.expectsLetter = true;
      client.send(request);
      equal(String((await client.next())?.body), 'N');
    }
    match((await client.begin()).map(({ type }) => type).join(''), /^RS+KZ$/);
    client.end();
  },
  'wrong roles, databases, versions and settings are fatal': async (port) => {
    const cases: [Buffer, string][] = [
      [send.startup({ user: 'nobody' }), '28000'],
      [send.startup({ user: 'postgres', database: 'elsewhere' }), '3D000'],
      [send.startup({ database: 'postgres' }), '28000'],
      [send.startup({ user: 'postgres', nonsense: '1' }), '42704'],
      [send.startup({ user: 'postgres' }, 2 << 16), '0A000'],
      [Buffer.from([0, 0, 0, 3, 0, 0, 0, 0]), '08P01'],
      [Buffer.from([0x7f, 0, 0, 3, 0, 0, 0, 0]), '08P01'],
    ];
    for (const [bytes, code] of cases) {
      const client = new RawClient(port);
      client.send(bytes);
      const messages = await client.until('never');
      const { C, S } = errorOf(messages);
      deepEqual([C, S], [code, 'FATAL']);
    }
  },
  'a text of several statements is one transaction; an error ends it': withClient(async (client) => {
    equal(await client.types(send.query('')), 'IZ');
    equal(await client.types(send.query('select 1; select 2')), 'TDCTDCZ');
    client.send(send.query('create table several (a int primary key); insert into several values (1); select 1/0; select 2'));
    const messages = await client.until('Z');
    equal(messages.map(({ type }) => type).join(''), 'CCTEZ');
    equal(errorOf(messages).C, '22012');
    client.send(send.query('select * from several'));
    equal(errorOf(await client.until('Z')).C, '42P01');
  }),
  'status bytes follow the transaction': withClient(async (client) => {
    const status = async (sql: string): Promise<string> => {
      client.send(send.query(sql));
      return statusOf(await client.until('Z'));
    };
    equal(await status('begin'), 'T');
    equal(await status('select 1'), 'T');
    equal(await status('nonsense'), 'E');
    client.send(send.query('select 1'));
    equal(errorOf(await client.until('Z')).C, '25P02');
    equal(await status('rollback'), 'I');
    equal(await status('begin; select 1'), 'T');
    equal(await status('commit'), 'I');
  }),
  'errors tell where; notices come before the end of their statement': withClient(async (client) => {
    client.send(send.query('select nothing from pg_class'));
    const { S, V, C, M, P } = errorOf(await client.until('Z'));
    deepEqual([S, V, C, M, P], ['ERROR', 'ERROR', '42703', 'column "nothing" does not exist', '8']);
    equal(await client.types(send.query('drop table if exists no_such_table')), 'NCZ');
    client.send(send.query('commit'));
    const [notice] = await client.until('Z');
    deepEqual([fieldsOf(notice).S, fieldsOf(notice).C], ['WARNING', '25P01']);
  }),
  'SET tells of settings that clients follow': withClient(async (client) => {
    client.send(send.query("set timezone = 'Europe/Zurich'"));
    const messages = await client.until('Z');
    equal(messages.map(({ type }) => type).join(''), 'CSZ');
    equal(String(messages[1].body), 'TimeZone\0Europe/Zurich\0');
  }),
  'parse, bind, describe, execute in one batch': withClient(async (client) => {
    const types = await client.types(
      send.parse('s1', 'select $1::int + 1 as n, $2::text as t'),
      send.describe('S', 's1'),
      send.bind('', 's1', ['41', null]),
      send.describe('P', ''),
      send.execute(''),
      send.sync,
    );
    equal(types, '1tT2TDCZ');
    client.send(send.bind('', 's1', ['1', 'x'], [1, 0]), send.execute(''), send.sync);
    const [, row] = await client.until('Z');
    deepEqual([...row.body], [0, 2, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 1, 0x78]);
  }),
  'after an error nothing is done until Sync': withClient(async (client) => {
    client.send(send.parse('', 'selct'), send.bind('', ''), send.execute(''), send.query('select 1'), send.sync);
    const messages = await client.until('Z');
    equal(messages.map(({ type }) => type).join(''), 'EZ');
    equal(await client.types(send.bind('', 'none'), send.sync), 'EZ');
    equal(await client.types(send.query('select 1')), 'TDCZ');
  }),
  'notifications come between transactions, to every worker': withClient(async (client, port) => {
    const listeners = await Promise.all(Array.from({ length: 4 }, () => rawClient(port)));
    for (const one of listeners) equal(await one.types(send.query('listen news')), 'CZ');
    equal(await listeners[0].types(send.query('begin')), 'CZ');
    equal(await client.types(send.query("notify news, 'first'")), 'CZ');
    const expected = `${String(client.key?.process)} news first`;
    const told = async (one: RawClient): Promise<string> => {
      const { body } = (await one.until('A')).at(-1) as Message;
      return `${body.readInt32BE(0)} ${body.toString('utf8', 4, body.length - 1).replace('\0', ' ')}`;
    };
    for (const one of listeners.slice(1)) equal(await told(one), expected);
    listeners[0].send(send.query('commit'));
    equal(await told(listeners[0]), expected);
    for (const one of listeners) one.end();
  }),
  'a portal gives so many rows at a time, and the rest into its transaction': withClient(async (client) => {
    await client.types(send.query('begin'));
    const series = send.parse('', 'select g from generate_series(1, 5) as g');
    equal(await client.types(series, send.bind('p', ''), send.execute('p', 2), send.sync), '12DDsZ');
    equal(await client.types(send.query('select 1')), 'TDCZ');
    client.send(send.execute('p', 2), send.execute('p'), send.sync);
    const messages = await client.until('Z');
    equal(messages.map(({ type }) => type).join(''), 'DDsDCZ');
    deepEqual(rowsOf(messages), [['3'], ['4'], ['5']]);
    equal(await client.types(send.close('P', 'p'), send.execute('p'), send.sync), '3EZ');
    await client.types(send.query('rollback'));
    client.send(series, send.bind('', ''), send.execute('', 2), send.sync, send.execute(''), send.sync);
    equal((await client.until('Z')).map(({ type }) => type).join(''), '12DDsZ');
    equal(errorOf(await client.until('Z')).C, '34000');
  }),
  'what is executed before one Sync is one transaction': withClient(async (client) => {
    await client.types(send.query('create table one_sync (a int primary key)'));
    const insert = send.parse('i', 'insert into one_sync values ($1)');
    const one = (value: string): Buffer => Buffer.concat([send.bind('', 'i', [value]), send.execute('')]);
    equal(await client.types(insert, one('1'), one('2'), one('1'), one('3'), send.sync), '12C2C2EZ');
    client.send(send.query('select count(*) from one_sync'));
    deepEqual(rowsOf(await client.until('Z')), [['0']]);
    equal(await client.types(one('1'), send.sync, one('2'), send.sync), '2CZ');
    await client.until('Z');
    await client.types(send.query('drop table one_sync'));
  }),
  'named statements and portals are refused twice, closed once': withClient(async (client) => {
    equal(await client.types(send.parse('a', 'select 1'), send.parse('a', 'select 2'), send.sync), '1EZ');
    equal(await client.types(send.close('S', 'a'), send.close('S', 'a'), send.bind('', 'a'), send.sync), '33EZ');
    equal(
      await client.types(send.parse('', ''), send.bind('', ''), send.describe('P', ''), send.execute(''), send.sync),
      '12nIZ',
    );
    client.send(send.parse('b', 'select $1::int'), send.bind('', 'b', []), send.sync);
    equal(errorOf(await client.until('Z')).C, '08P01');
  }),
  'messages may come in pieces, and many at once': withClient(async (client) => {
    const whole = send.query("select 'pieces' as p");
    for (const byte of whole) {
      client.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    equal((await client.until('Z')).length, 4);
    client.send(...Array.from({ length: 200 }, (_, index) => send.query(`select ${index}`)));
    for (let index = 0; index < 200; index++) deepEqual(rowsOf(await client.until('Z')), [[String(index)]]);
    const long = 'x'.repeat(300_000);
    client.send(send.query(`select '${long}' as l`));
    deepEqual(rowsOf(await client.until('Z')), [[long]]);
  }),
  'a statement is cancelled by its key, not by another one': withClient(async (client, port) => {
    const { process, secret } = client.key as NonNullable<typeof client.key>;
    client.send(send.query(LONG));
    const cancel = (bytes: Buffer): Promise<void> => {
      const other = new RawClient(port);
      other.send(bytes);
      return other.until('never').then(() => undefined);
    };
    await cancel(send.cancelRequest(process, Buffer.from([1, 2, 3, 4])));
    await cancel(send.cancelRequest(process + 1, secret));
    // One that comes before its statement is for nothing.
    const again = setInterval(() => void cancel(send.cancelRequest(process, secret)), 50);
    const error = errorOf(await client.until('Z'));
    clearInterval(again);
    equal(error.C, '57014');
    equal(await client.types(send.query('select 1')), 'TDCZ');
  }),
  'a row that somebody holds does not keep others of the worker waiting': withClient(async (client, port) => {
    await client.types(send.query('create table held_row (a int primary key, n int); insert into held_row values (1, 0)'));
    await client.types(send.query('begin; update held_row set n = 1'));
    const waiting = await Promise.all(Array.from({ length: 4 }, () => rawClient(port)));
    const update = send.parse('', 'update held_row set n = n + 1');
    const extended = Buffer.concat([update, send.bind('', ''), send.describe('P', ''), send.execute(''), send.sync]);
    for (const [index, other] of waiting.entries())
      other.send(index < 2 ? send.query('update held_row set n = n + 1') : extended);
    const free = await Promise.all(Array.from({ length: 4 }, () => rawClient(port)));
    for (const other of free) equal(await other.types(send.query('select 1')), 'TDCZ');
    await client.types(send.query('commit'));
    const types = (index: number): string => (index < 2 ? 'CZ' : '12nCZ');
    for (const [index, other] of waiting.entries())
      equal((await other.until('Z')).map(({ type }) => type).join(''), types(index));
    client.send(send.query('select n from held_row; drop table held_row'));
    deepEqual(rowsOf(await client.until('Z')), [['5']]);
    for (const other of [...waiting, ...free]) other.end();
  }),
  'while a row is waited for, requests that were put off come in their order, in pieces, and count when their client has gone':
    withClient(async (client, port) => {
      await client.types(send.query('create table turns (a int primary key, n int); insert into turns values (1, 0)'));
      await client.types(send.query('begin; update turns set n = 1'));
      const [waiter, ...others] = await Promise.all(Array.from({ length: 20 }, () => rawClient(port)));
      waiter.send(send.query('update turns set n = n + 1'));
      const first = send.query('select 1');
      for (const other of others) other.send(first.subarray(0, 7));
      for (const other of others)
        other.send(Buffer.concat([first.subarray(7), send.query('select 2'), send.parse('', 'select $1::int')]));
      for (const other of others) other.send(Buffer.concat([send.bind('', '', ['3']), send.execute(''), send.sync]));
      for (const other of others) {
        const told = [...(await other.until('Z')), ...(await other.until('Z')), ...(await other.until('Z'))];
        deepEqual(rowsOf(told), [['1'], ['2'], ['3']]);
      }
      const leaving = others.slice(1).map((_, at) => `insert into turns values (${at + 10}, 0)`);
      for (const [at, text] of leaving.entries()) {
        others[at + 1].send(Buffer.concat([send.query(text), send.terminate]));
        others[at + 1].socket.end();
      }
      for (;;) {
        others[0].send(send.query('select count(*) from turns'));
        if (rowsOf(await others[0].until('Z'))[0][0] === String(leaving.length + 1)) break;
      }
      await client.types(send.query('commit'));
      equal(await waiter.types(Buffer.alloc(0)), 'CZ');
      client.send(send.query('select n from turns where a = 1; drop table turns'));
      deepEqual(rowsOf(await client.until('Z')), [['2']]);
      for (const other of [waiter, others[0]]) other.end();
    }),
  'timeouts end statements and idle transactions': withClient(async (client) => {
    client.send(send.query(`set statement_timeout = '50ms'; ${LONG}`));
    equal(errorOf(await client.until('Z')).C, '57014');
    await client.types(send.query('set statement_timeout = 0'));
    await client.types(send.query("set idle_in_transaction_session_timeout = '100ms'"));
    await client.types(send.query('begin'));
    equal(errorOf(await client.until('never')).C, '25P03');
  }),
  'a result larger than what is kept streams, while its client reads slowly': withClient(async (client, port) => {
    client.send(send.query("select g, repeat('x', 1000) from generate_series(1, 60000) as g"));
    client.socket.pause();
    const other = await rawClient(port);
    equal(await other.types(send.query('select 1')), 'TDCZ');
    other.end();
    client.socket.resume();
    const messages = await client.until('Z');
    equal(messages.filter(({ type }) => type === 'D').length, 60000);
    equal(messages.at(-2)?.body.toString(), 'SELECT 60000\0');
  }),
  'COPY takes and gives rows; a client may give up': withClient(async (client) => {
    await client.types(send.query('create table copied (a int primary key, b text)'));
    const data = (text: string): Buffer => send.message('d', Buffer.from(text));
    const copyIn = send.query('copy copied from stdin');
    equal(await client.types(copyIn, data('1\tx\n2'), send.sync, data('\t\\N\n'), send.message('c')), 'GCZ');
    client.send(copyIn, data('3\ty\n'), send.message('f', Buffer.from('enough\0')));
    const { C, M } = errorOf(await client.until('Z'));
    deepEqual([C, M], ['57014', 'COPY from stdin failed: enough']);
    client.send(copyIn, data('4\n'), data('5\tz\n'), send.message('c'));
    equal(errorOf(await client.until('Z')).C, '22P04');
    client.send(send.query('copy copied to stdout with (format csv); select 1'));
    const messages = await client.until('Z');
    equal(messages.map(({ type }) => type).join(''), 'HddcCTDCZ');
    equal(String(messages[1].body), '1,x\n');
    const extended = [send.parse('', 'copy copied from stdin'), send.bind('', ''), send.execute(''), send.sync];
    equal(await client.types(...extended, data('6\tw\n'), send.message('c'), send.sync), '12GCZ');
    client.send(send.query('select count(*) from copied; drop table copied'));
    deepEqual(rowsOf(await client.until('Z')), [['3']]);
  }),
  'a message that is none of a COPY ends the connection': withClient(async (client, port) => {
    client.send(send.query('create table lost (a int)'));
    await client.until('Z');
    client.send(send.query('copy lost from stdin'), send.query('select 1'));
    equal((await client.until('never')).map(({ type }) => type).join(''), 'GEE');
    const other = await rawClient(port);
    equal(await other.types(send.query('drop table lost')), 'CZ');
    other.end();
  }),
  'names of statements are one list for SQL and for messages': withClient(async (client) => {
    const ask = async (text: string): Promise<(string | null)[][]> => {
      client.send(send.query(text));
      return rowsOf(await client.until('Z'));
    };
    const used = (name: string): Buffer[] => [send.bind('', name, ['4']), send.execute(''), send.sync];
    const isThere = async (name: string): Promise<boolean> => (await client.types(...used(name))) === '2DCZ';
    await ask('prepare ours(int) as select $1 + 1');
    equal(await client.types(send.parse('theirs', 'select $1::int'), send.parse('other', 'select $1::int'), send.sync), '11Z');
    const listed = 'select name, from_sql from pg_prepared_statements order by name';
    deepEqual(await ask(listed), [
      ['other', 'f'],
      ['ours', 't'],
      ['theirs', 'f'],
    ]);
    deepEqual([await isThere('ours'), await isThere('theirs')], [true, true]);
    deepEqual(await ask('execute theirs(7)'), [['7']]);
    for (const [bytes, code] of [
      [[send.query('prepare theirs as select 1')], '42P05'],
      [[send.parse('ours', 'select 1'), send.sync], '42P05'],
    ] as const) {
      client.send(...bytes);
      equal(errorOf(await client.until('Z')).C, code);
    }
    equal(await client.types(send.close('S', 'ours'), send.sync), '3Z');
    await ask('deallocate theirs');
    deepEqual([await isThere('ours'), await isThere('theirs'), await isThere('other')], [false, false, true]);
    await ask('deallocate all');
    deepEqual([await ask(listed), await isThere('other')], [[], false]);
    equal(await client.types(send.parse('other', 'select 5, $1::int'), send.sync, ...used('other')), '1Z');
    equal((await client.until('Z')).length, 4);
    await ask('discard all');
    equal(await isThere('other'), false);
    equal(await client.types(send.parse('', 'select 1'), send.sync, send.query('select 2')), '1Z');
    await client.until('Z');
    client.send(send.bind('', ''), send.sync);
    equal(errorOf(await client.until('Z')).C, '26000');
  }),
  'a function is called by its number': withClient(async (client) => {
    const half = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
    const call = (id: number, values: readonly (Buffer | null)[], form: number): Buffer => {
      const parts = values.flatMap((value) => (value === null ? [Buffer.alloc(4, 255)] : [half(0), half(value.length), value]));
      const number = Buffer.alloc(4);
      number.writeInt32BE(id);
      return send.message('F', number, half(1), half(form), half(values.length), ...parts, half(form));
    };
    const text = (...values: string[]): Buffer[] => values.map((value) => Buffer.from(value));
    const answer = async (bytes: Buffer): Promise<string> => {
      client.send(bytes);
      const [first, second] = await client.until('Z');
      equal(second.type, 'Z');
      return first.type === 'E' ? fieldsOf(first).C : first.body.toString('hex');
    };
    // int4pl, lower, int4div
    equal(await answer(call(177, text('3', '4'), 0)), '0000000137');
    equal(await answer(call(177, [Buffer.from([0, 0, 0, 3]), Buffer.from([0, 0, 0, 4])], 1)), '0000000400000007');
    equal(await answer(call(177, [Buffer.from('3'), null], 0)), 'ffffffff');
    equal(await answer(call(870, text('ABC'), 0)), '00000003616263');
    equal(await answer(call(154, text('1', '0'), 0)), '22012');
    equal(await answer(call(177, text('1'), 0)), '08P01');
    equal(await answer(call(999999, [], 0)), '42883');
    equal(await answer(call(2803, [], 0)), '0A000');
    await client.types(send.query('begin'));
    equal(await answer(call(154, text('1', '0'), 0)), '22012');
    equal(await answer(call(177, text('3', '4'), 0)), '25P02');
    equal(await client.types(send.query('rollback')), 'CZ');
  }),
  'a portal goes on behind other statements of its block, and says what it was': withClient(async (client) => {
    await client.types(send.query('begin'));
    const portal = [send.parse('', 'select generate_series(1, 5)'), send.bind('p', ''), send.execute('p', 2), send.sync];
    equal(await client.types(...portal), '12DDsZ');
    equal(await client.types(send.query('select 9')), 'TDCZ');
    client.send(send.execute('p'), send.sync);
    const messages = await client.until('Z');
    equal(messages.at(-2)?.body.toString(), 'SELECT 3\0');
    await client.types(send.query('rollback'));
  }),
  'client encodings: UTF8 and bytes as they are; what is another is refused by name': withClient(async (client) => {
    const told = async (text: string): Promise<string> => {
      client.send(send.query(text));
      const messages = await client.until('Z');
      return messages
        .map((one) => (one.type === 'S' ? one.body.toString().split('\0')[1] : one.type === 'E' ? fieldsOf(one).C : ''))
        .join('');
    };
    equal(await told("set client_encoding = 'sql_ascii'"), 'SQL_ASCII');
    equal(await told("set names 'utf-8'"), 'UTF8');
    equal(await told("set client_encoding = 'LATIN1'"), '0A000');
    equal(await told("set client_encoding = 'nothing'"), '22023');
  }),
  'garbage closes its own connection only': async (port) => {
    const good = await rawClient(port);
    let seed = 1;
    const random = (): number => (seed = (seed * 48271) % 2147483647);
    for (let round = 0; round < 40; round++) {
      const bad = new RawClient(port);
      if (round % 2 === 0) await bad.begin();
      bad.send(Buffer.from(Array.from({ length: 200 }, () => random() & 255)));
      bad.socket.end();
      await bad.until('never');
      if (round % 10 === 0) equal(await good.types(send.query('select 1')), 'TDCZ');
    }
    const long = await rawClient(port);
    long.send(Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff]));
    equal(errorOf(await long.until('never')).C, '08P01');
    const type = await rawClient(port);
    type.send(send.message('?', Buffer.alloc(3)));
    equal(errorOf(await type.until('never')).C, '08P01');
    equal(await good.types(send.query('select 1')), 'TDCZ');
    good.end();
  },
};

/** All of them, one after the other. */
export async function protocolSteps(context: TestContext, port: number): Promise<void> {
  for (const [name, step] of Object.entries(STEPS)) await context.test(name, { timeout: 30_000 }, () => step(port));
}
