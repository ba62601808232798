/** postgres.js: it prepares everything, pipelines, and asks pg_type for arrays when it connects. */

import { deepEqual, equal } from 'node:assert/strict';
import postgres from 'postgres';
import { MOMENT, type Place, refuses, SAMPLES, type Step, TABLES, UUID } from './place.ts';

export async function suite(place: Place, step: Step): Promise<void> {
  const sql = postgres({ ...place, max: 3, onnotice: () => {} });
  try {
    await statements(sql, step);
    await others(sql, step);
  } finally {
    await sql.end({ timeout: 2 });
  }
}

async function statements(sql: postgres.Sql, step: Step): Promise<void> {
  await step('tables and rows', async () => {
    await sql.unsafe(TABLES + SAMPLES);
    const rows = [
      { name: 'Ada', email: 'ada@example.com' },
      { name: 'Bob', email: null },
    ];
    deepEqual([...(await sql`insert into writers ${sql(rows)} returning id, name`)].map(Object.values), [
      [1, 'Ada'],
      [2, 'Bob'],
    ]);
    const book = { writer_id: 1, title: 'One', price: '9.50', tags: ['a', 'b,c'], about: sql.json({ lang: 'en' }) };
    equal((await sql`insert into books ${sql(book)}`).count, 1);
    await sql`update writers set ${sql({ email: 'bob@example.com' })} where id = 2`;
    await sql`insert into writers (name, email) values ('Bobby', 'bob@example.com') on conflict (email) do update set name = excluded.name`;
  });
  await step('questions with fragments, lists and names', async () => {
    const ids = [1, 2];
    const only = sql`and w.name like ${'A%'}`;
    const [row] = await sql`select ${sql('w.name')}, b.tags, b.about, b.price from writers w
      join books b on b.writer_id = w.id where w.id in ${sql(ids)} ${only} order by ${sql('name')} limit ${5} offset ${0}`;
    deepEqual({ ...row }, { name: 'Ada', tags: ['a', 'b,c'], about: { lang: 'en' }, price: '9.50' });
    deepEqual((await sql`select id from writers where id = any(${ids}) order by id desc`.values()).flat(), [2, 1]);
    deepEqual(
      (await sql`select name, count(*)::int from writers group by name order by 1`).map((one) => one.name),
      ['Ada', 'Bobby'],
    );
  });
  await step('values there and back', async () => {
    const row = {
      ...{ id: 1, small: 5, large: '9007199254740993', exact: '1.50000', twice: 0.1, yes: true, words: "it's ö\n" },
      ...{ bytes: Buffer.from([0, 255]), key: UUID, moment: MOMENT, at: MOMENT, numbers: [1, 2], texts: ['x', 'y"'] },
      ...{ document: sql.json([1]), binary_document: sql.json({ a: null }), hour: '12:00:00', single: null },
    };
    const [back] = await sql`insert into samples ${sql(row)} returning *`;
    deepEqual([back.small, back.large, back.exact, back.twice, back.yes], [5, '9007199254740993', '1.50000', 0.1, true]);
    deepEqual([back.words, back.bytes, back.key, back.moment, back.single], [row.words, row.bytes, UUID, MOMENT, null]);
    deepEqual([back.numbers, back.texts, back.document, back.binary_document], [[1, 2], ['x', 'y"'], [1], { a: null }]);
    deepEqual((await sql`select ${sql.array([1, 2])}::int[] as list, ${sql.typed(1n as never, 20)} as large`)[0].list, [1, 2]);
  });
}

async function others(sql: postgres.Sql, step: Step): Promise<void> {
  await step('a transaction that is rolled back, with a savepoint in it', async () => {
    const failed = sql.begin(async (tx) => {
      await tx`insert into writers (name) values ('Cyd')`;
      await tx.savepoint(async (inner) => inner`select 1/0`).catch(() => {});
      equal((await tx`select count(*)::int as count from writers`)[0].count, 3);
      await tx`insert into writers (name) values (null)`;
    });
    await refuses(failed, { code: '23502' });
    equal((await sql`select count(*)::int as count from writers`)[0].count, 2);
    const both = await sql.begin((tx) => [tx`select 1 as a`, tx`select 2 as b`]);
    deepEqual([both[0][0].a, both[1][0].b], [1, 2]);
  });
  await step('errors have their fields', async () => {
    const error = await sql`insert into writers (name, email) values ('Al', 'ada@example.com')`.catch((caught) => caught);
    deepEqual([error.code, error.constraint_name, error.table_name], ['23505', 'writers_email_key', 'writers']);
    await refuses(sql`insert into books (writer_id, title) values (99, 'X')`, { code: '23503' });
  });
  await step('cursor, rows one by one, description', async () => {
    const sizes: number[] = [];
    await sql`select n from generate_series(1, 250) n`.cursor(100, (rows) => void sizes.push(rows.length));
    deepEqual(sizes, [100, 100, 50]);
    let total = 0;
    await sql`select n from generate_series(1, 100) n`.forEach(({ n }) => void (total += n));
    equal(total, 5050);
    const { types, columns } = await sql`select id, name from writers where id = ${1} and name <> ${''}`.describe();
    deepEqual(
      [types, columns.map(({ name }) => name)],
      [
        [23, 25],
        ['id', 'name'],
      ],
    );
  });
  await step('COPY in and out', async () => {
    const { Readable } = await import('node:stream');
    const { pipeline } = await import('node:stream/promises');
    await pipeline(
      Readable.from(['Dee\tdee@example.com\nEve\t\\N\n']),
      await sql`copy writers (name, email) from stdin`.writable(),
    );
    let out = '';
    for await (const chunk of await sql`copy (select name, email from writers where name >= 'D' order by name) to stdout`.readable())
      out += chunk;
    equal(out, 'Dee\tdee@example.com\nEve\t\\N\n');
  });
  await step('many at once, and notifications', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => sql`select ${n}::int as n`));
    deepEqual(
      answers.map(([{ n }]) => n),
      Array.from({ length: 50 }, (_, n) => n),
    );
    const told = Promise.withResolvers<string>();
    const { unlisten } = await sql.listen('news', told.resolve);
    await sql.notify('news', 'hello');
    equal(await told.promise, 'hello');
    await unlisten();
  });
}
