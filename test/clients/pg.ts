/** node pg, with its cursor, its stream of rows and its streams for COPY. */

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { ended, MOMENT, type Place, refuses, SAMPLES, type Step, serverError, TABLES, UUID } from './place.ts';

export async function suite(place: Place, step: Step): Promise<void> {
  const pool = new pg.Pool({ ...place, max: 4 });
  try {
    await changes(pool, step);
    await questions(pool, step);
    await values(pool, step);
    await transactions(pool, step);
    await errors(pool, step);
    await streams(pool, step);
    await others(pool, place, step);
  } finally {
    await ended(pool.end());
  }
}

/** A connection of the pool that goes back to it. */
async function lend(pool: pg.Pool): Promise<{ readonly client: pg.PoolClient } & Disposable> {
  const client = await pool.connect();
  return { client, [Symbol.dispose]: () => client.release() };
}

async function changes(pool: pg.Pool, step: Step): Promise<void> {
  await step('tables, in one text of many statements', async () => {
    await pool.query(TABLES + SAMPLES);
  });
  await step('an enum', async () => {
    await pool.query(
      `create type mood as enum ('sad', 'ok', 'happy'); create table moods (id int primary key, mood mood default 'ok')`,
    );
    const { rows } = await pool.query(`insert into moods values (1, default), (2, $1) returning mood, mood > 'sad' as better`, [
      'sad',
    ]);
    deepEqual(rows.map(Object.values), [
      ['ok', true],
      ['sad', false],
    ]);
    await refuses(pool.query(`insert into moods values (3, 'glad')`), { code: '22P02' });
  });
  await step('insert returning', async () => {
    const text = 'insert into writers (name, email) values ($1, $2) returning *';
    const { rows, rowCount, command } = await pool.query(text, ['Ada', 'ada@example.com']);
    equal(`${command} ${rowCount}`, 'INSERT 1');
    equal(rows[0].id, 1);
    ok(rows[0].created instanceof Date);
    equal(rows[0].born, null);
  });
  await step('many rows from arrays', async () => {
    const text = `insert into writers (name, email) select * from unnest($1::text[], $2::text[]) returning id`;
    const { rowCount } = await pool.query(text, [
      ['Bob', 'Cyd'],
      ['bob@example.com', null],
    ]);
    equal(rowCount, 2);
    const books = `insert into books (writer_id, title, price, pages, tags, about) values ($1, $2, $3, $4, $5, $6), ($7, $8, $9, $10, $11, $12)`;
    const first = [1, 'One', '9.50', 100, ['a', 'b,"c"'], { lang: 'en', parts: [1, 2] }];
    equal((await pool.query(books, [...first, 2, 'Two', 12, null, [], null])).rowCount, 2);
  });
  await step('update, delete and upsert', async () => {
    equal((await pool.query(`update books set price = price + $1 where title = $2`, [1, 'One'])).rowCount, 1);
    const upsert = `insert into writers (name, email) values ($1, $2)
      on conflict (email) do update set name = excluded.name returning id, name`;
    deepEqual((await pool.query(upsert, ['Bobby', 'bob@example.com'])).rows, [{ id: 2, name: 'Bobby' }]);
    const ignore = await pool.query(`insert into writers (name, email) values ('Bo', 'bob@example.com') on conflict do nothing`);
    equal(ignore.rowCount, 0);
    equal((await pool.query(`delete from writers where name = $1 returning *`, ['Cyd'])).rows.length, 1);
  });
}

async function questions(pool: pg.Pool, step: Step): Promise<void> {
  await step('filters, joins, aggregates, order, limit and offset', async () => {
    const text = `select w.name, count(b.id) as books, sum(b.price) as total, array_agg(b.title order by b.title) as titles
      from writers w left join books b on b.writer_id = w.id
      where w.id = any($1) group by w.id, w.name having count(*) > 0 order by w.name desc limit $2 offset $3`;
    deepEqual((await pool.query(text, [[1, 2], 1, 1])).rows, [{ name: 'Ada', books: '1', total: '10.50', titles: ['One'] }]);
    const { rows } = await pool.query({ text: `select title, about->>'lang' from books order by 1`, rowMode: 'array' });
    deepEqual(rows, [
      ['One', 'en'],
      ['Two', null],
    ]);
    const found = await pool.query(`select id from books where about @> $1 and 'a' = any(tags)`, [{ lang: 'en' }]);
    deepEqual(found.rows, [{ id: '1' }]);
  });
  await step('columns are described', async () => {
    const { fields } = await pool.query('select id, name, email as mail, 1::bigint from writers');
    deepEqual(
      fields.map((field) => [field.name, field.dataTypeID, field.columnID, field.dataTypeModifier]),
      [
        ['id', 23, 1, -1],
        ['name', 1043, 2, 84],
        ['mail', 25, 3, -1],
        ['int8', 20, 0, -1],
      ],
    );
    equal(fields[0].tableID > 0 && fields[0].tableID === fields[1].tableID, true);
  });
  await step('a prepared statement, again and again', async () => {
    using lent = await lend(pool);
    const { client } = lent;
    for (let id = 1; id <= 3; id++) {
      const { rows } = await client.query({ name: 'writer', text: 'select name from writers where id = $1', values: [id] });
      equal(rows.length, id < 3 ? 1 : 0);
    }
    const { rows } = await client.query(`select name, statement, parameter_types::text from pg_prepared_statements`);
    deepEqual(rows, [{ name: 'writer', statement: 'select name from writers where id = $1', parameter_types: '{integer}' }]);
  });
}

async function values(pool: pg.Pool, step: Step): Promise<void> {
  const columns =
    'small, large, exact, single, twice, yes, words, fixed, bytes, key, day, at, moment, hour, span, document, binary_document, numbers, texts';
  const sample = [
    ...[-5, '9007199254740993', '12345.67890', 1.5, 0.1, true, `it's "ö" \\ \n 🐦`, 'ab', Buffer.from([0, 255, 92]), UUID],
    ...['2024-02-29', '2024-02-29 12:34:56.789', MOMENT, '12:34:56', '1 year 2 days 03:00:00', { a: [1, null] }, { b: 'ö' }],
    ...[
      [1, null, 3],
      ['a', 'NULL', '', 'x"y\\z,{}', null],
    ],
  ];
  await step('values of each type there and back', async () => {
    const marks = sample.map((_, index) => `$${index + 2}`).join(', ');
    await pool.query(`insert into samples (id, ${columns}) values ($1, ${marks})`, [1, ...sample]);
    const { rows } = await pool.query('select * from samples where id = 1');
    const [row] = rows;
    equal(row.small, -5);
    equal(row.large, '9007199254740993');
    equal(row.exact, '12345.67890');
    deepEqual([row.single, row.twice, row.yes, row.words, row.fixed], [1.5, 0.1, true, sample[6], 'ab  ']);
    deepEqual(row.bytes, sample[8]);
    deepEqual([row.key, row.hour], [UUID, '12:34:56']);
    deepEqual(row.day, new Date(2024, 1, 29));
    deepEqual(row.at, new Date(2024, 1, 29, 12, 34, 56, 789));
    deepEqual(row.moment, MOMENT);
    deepEqual({ ...row.span }, { years: 1, days: 2, hours: 3 });
    deepEqual([row.document, row.binary_document], [{ a: [1, null] }, { b: 'ö' }]);
    deepEqual([row.numbers, row.texts], sample.slice(-2));
  });
  await step('NULL of each type', async () => {
    const marks = sample.map((_, index) => `$${index + 2}`).join(', ');
    await pool.query(`insert into samples (id, ${columns}) values ($1, ${marks})`, [2, ...sample.map(() => null)]);
    const { rows } = await pool.query('select * from samples where id = 2');
    deepEqual(Object.values(rows[0]), [2, ...sample.map(() => null)]);
  });
  await step('parameters of types that the statement tells', async () => {
    const text = `select $1::int + 1 as a, $2 || 'x' as b, $3::timestamptz as c, $4::uuid = $5 as d, $6::numeric * 2 as e, $7::bool as f`;
    const { rows } = await pool.query(text, ['41', 'y', MOMENT, UUID, UUID, '1.25', false]);
    deepEqual(rows, [{ a: 42, b: 'yx', c: MOMENT, d: true, e: '2.50', f: false }]);
    await refuses(pool.query('select $1::int', ['one']), { code: '22P02' });
    await refuses(pool.query('select $1', [1, 2]), { code: '08P01' });
  });
}

async function transactions(pool: pg.Pool, step: Step): Promise<void> {
  await step('rollback, savepoints, a block that has failed', async () => {
    using lent = await lend(pool);
    const { client } = lent;
    const names = async (): Promise<string> =>
      (await client.query('select name from writers order by name')).rows.map((row) => row.name).join();
    await client.query('begin');
    await client.query(`insert into writers (name) values ('Dee')`);
    await client.query('savepoint one');
    await client.query(`insert into writers (name) values ('Eve')`);
    await refuses(client.query('select 1/0'), { code: '22012' });
    await refuses(client.query('select 1'), { code: '25P02' });
    await client.query('rollback to savepoint one');
    equal(await names(), 'Ada,Bobby,Dee');
    await client.query('release savepoint one');
    await client.query('rollback');
    equal(await names(), 'Ada,Bobby');
    await client.query('begin isolation level serializable read only');
    await refuses(client.query(`delete from books`), { code: '25006' });
    equal((await client.query('commit')).command, 'ROLLBACK');
  });
}

async function errors(pool: pg.Pool, step: Step): Promise<void> {
  await step('errors have their fields', async () => {
    await refuses(pool.query(`insert into writers (name, email) values ('Al', 'ada@example.com')`), {
      ...{
        code: '23505',
        table: 'writers',
        constraint: 'writers_email_key',
        detail: 'Key (email)=(ada@example.com) already exists.',
      },
    });
    await refuses(pool.query(`insert into books (writer_id, title) values (77, 'X')`), {
      ...{ code: '23503', table: 'books', constraint: 'books_writer_id_fkey' },
      detail: 'Key (writer_id)=(77) is not present in table "writers".',
    });
    await refuses(pool.query(`insert into writers (name) values ('A')`), { code: '23514', constraint: 'writers_name_check' });
    await refuses(pool.query(`insert into writers (name) values (null)`), { code: '23502', table: 'writers', column: 'name' });
    await refuses(pool.query(`insert into writers (name) values ($1)`, ['x'.repeat(81)]), { code: '22001' });
    await refuses(pool.query('select * from nowhere'), { code: '42P01' });
    await refuses(pool.query('select nothing from writers'), { code: '42703' });
    const error = (await serverError(pool.query('select 1 +'))) as unknown as pg.DatabaseError;
    deepEqual([error.code, error.position, error.severity], ['42601', '11', 'ERROR']);
  });
}

async function streams(pool: pg.Pool, step: Step): Promise<void> {
  const text = 'select n, n::text || $1 as words from generate_series(1, 5000) n';
  await step('a cursor reads so many rows', async () => {
    const { default: Cursor } = await import('pg-cursor');
    using lent = await lend(pool);
    const { client } = lent;
    const cursor = client.query(new Cursor(text, ['!']));
    equal((await cursor.read(100)).length, 100);
    deepEqual((await cursor.read(1))[0], { n: 101, words: '101!' });
    await cursor.close();
    equal((await client.query('select 1 as one')).rows[0].one, 1);
  });
  await step('a stream of rows', async () => {
    const { default: QueryStream } = await import('pg-query-stream');
    using lent = await lend(pool);
    const { client } = lent;
    let total = 0;
    for await (const row of client.query(new QueryStream(text, ['?'], { batchSize: 50 }))) total += row.n;
    equal(total, 12502500);
  });
  await step('COPY in and out', async () => {
    const { from, to } = await import('pg-copy-streams');
    using lent = await lend(pool);
    const { client } = lent;
    await client.query('create temp table copied (id int, words text)');
    const lines = Array.from({ length: 3000 }, (_, index) => `${index}\tline ${index}\n`);
    const into = client.query(from('copy copied from stdin'));
    await pipeline(Readable.from(lines), into);
    equal(into.rowCount, 3000);
    let out = '';
    for await (const chunk of client.query(to('copy (select * from copied order by id) to stdout with (format csv, header)'))) {
      out += chunk;
    }
    equal(out.split('\n').length, 3002);
    match(out, /^id,words\n0,line 0\n/);
    await refuses(pipeline(Readable.from(['x\ty\n']), client.query(from('copy copied from stdin'))), { code: '22P02' });
  });
}

async function others(pool: pg.Pool, place: Place, step: Step): Promise<void> {
  await step('LISTEN and NOTIFY', async () => {
    using lent = await lend(pool);
    const { client } = lent;
    const told = new Promise<pg.Notification>((resolve) => client.once('notification', resolve));
    await client.query('listen news');
    await pool.query(`select pg_notify('news', $1)`, ['hello']);
    const { channel, payload, processId } = await told;
    deepEqual([channel, payload, processId > 0], ['news', 'hello', true]);
    await client.query('unlisten *');
  });
  await step('notices', async () => {
    using lent = await lend(pool);
    const { client } = lent;
    const noticed = new Promise<{ message?: string; code?: string }>((resolve) => client.once('notice', resolve));
    await client.query('drop table if exists nowhere');
    const { message, code } = await noticed;
    deepEqual([message, code], ['table "nowhere" does not exist, skipping', '00000']);
  });
  await step('a statement that takes too long, or is cancelled', async () => {
    using lent = await lend(pool);
    const { client } = lent;
    await client.query('set statement_timeout = 50');
    await refuses(client.query('select pg_sleep(5)'), { code: '57014' });
    await client.query('set statement_timeout = 0');
    const { rows } = await client.query('select pg_backend_pid() as pid');
    const slow = serverError(
      client.query('select count(*) from generate_series(1, 10000) a, generate_series(1, 100000) b where (a + b) % 7 = 3'),
    );
    await new Promise((resolve) => setTimeout(resolve, 30));
    equal((await pool.query('select pg_cancel_backend($1) as done', [rows[0].pid])).rows[0].done, true);
    equal((await slow).code, '57014');
    equal((await client.query('select 1 as one')).rows[0].one, 1);
  });
  await step('a connection that is ended by another', async () => {
    const client = new pg.Client({ ...place, application_name: 'to be ended', options: '-c extra_float_digits=2' });
    await client.connect();
    const gone = new Promise<Error>((resolve) => client.on('error', resolve));
    equal((await client.query('show extra_float_digits')).rows[0].extra_float_digits, '2');
    await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'to be ended'`);
    equal(((await gone) as pg.DatabaseError).code, '57P01');
  });
}
