/** Kysely: schema builder, migrator, introspection, queries, streams. */

import { deepEqual, equal } from 'node:assert/strict';
import { type Generated, Kysely, PostgresDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { ended, MOMENT, type Place, refuses, type Step } from './place.ts';

interface Tables {
  writers: { id: Generated<number>; name: string; email: string | null; created: Generated<Date> };
  books: {
    id: Generated<string>;
    writer_id: number;
    title: string;
    price: string | null;
    tags: Generated<string[]>;
    about: unknown;
    published: Generated<boolean>;
  };
}

export async function suite(place: Place, step: Step): Promise<void> {
  const pool = new pg.Pool({ ...place, max: 3 });
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool, cursor: Cursor }) });
  try {
    await tables(db, step);
    await changes(db, step);
    await questions(db, step);
    await others(db, step);
  } finally {
    await ended(db.destroy());
  }
}

// Migrations know of no tables.
// biome-ignore-start lint/suspicious/noExplicitAny: as Kysely's own types have it
const first = {
  async up(db: Kysely<any>): Promise<void> {
    await db.schema
      .createTable('writers')
      .addColumn('id', 'serial', (column) => column.primaryKey())
      .addColumn('name', 'varchar(80)', (column) => column.notNull().check(sql`length(name) > 1`))
      .addColumn('email', 'text', (column) => column.unique())
      .addColumn('created', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
      .execute();
    await db.schema
      .createTable('books')
      .ifNotExists()
      .addColumn('id', 'bigserial', (column) => column.primaryKey())
      .addColumn('writer_id', 'integer', (column) => column.references('writers.id').onDelete('cascade').notNull())
      .addColumn('title', 'text', (column) => column.notNull())
      .addColumn('price', 'numeric(10, 2)')
      .addColumn('tags', sql`text[]`, (column) => column.notNull().defaultTo('{}'))
      .addColumn('about', 'jsonb')
      .addUniqueConstraint('books_title', ['writer_id', 'title'])
      .execute();
    await db.schema.createIndex('books_price').on('books').column('price').execute();
  },
  async down(db: Kysely<any>): Promise<void> {
    await db.schema.dropTable('books').execute();
    await db.schema.dropTable('writers').execute();
  },
};

const second = {
  async up(db: Kysely<any>): Promise<void> {
    await db.schema
      .alterTable('books')
      .addColumn('published', 'boolean', (column) => column.notNull().defaultTo(false))
      .execute();
    await db.schema.alterTable('books').addColumn('pages', 'integer').execute();
    await db.schema.alterTable('books').renameColumn('pages', 'sheets').execute();
    await db.schema
      .alterTable('books')
      .alterColumn('sheets', (column) => column.setDataType('bigint'))
      .execute();
    await db.schema.alterTable('books').dropColumn('sheets').execute();
  },
};
// biome-ignore-end lint/suspicious/noExplicitAny: as Kysely's own types have it

async function tables(db: Kysely<Tables>, step: Step): Promise<void> {
  await step('tables made and altered', async () => {
    await first.up(db);
    await second.up(db);
  });
  await step('introspection', async () => {
    const found = await db.introspection.getTables();
    const books = found.find(({ name }) => name === 'books');
    deepEqual(
      books?.columns.map(({ name, dataType, isNullable, hasDefaultValue, isAutoIncrementing }) =>
        [name, dataType, isNullable, hasDefaultValue, isAutoIncrementing].join(),
      ),
      [
        ...['id,int8,false,true,true', 'writer_id,int4,false,false,false', 'title,text,false,false,false'],
        ...['price,numeric,true,false,false', 'tags,_text,false,true,false', 'about,jsonb,true,false,false'],
        'published,bool,false,true,false',
      ],
    );
  });
}

async function changes(db: Kysely<Tables>, step: Step): Promise<void> {
  await step('insert, returning, many, upsert, update, delete', async () => {
    const row = await db
      .insertInto('writers')
      .values({ name: 'Ada', email: 'ada@example.com' })
      .returningAll()
      .executeTakeFirstOrThrow();
    deepEqual([row.id, row.name, row.created instanceof Date], [1, 'Ada', true]);
    const several = ['Bob', 'Cyd', 'Dee'].map((name) => ({ name, email: `${name}@example.com` }));
    equal((await db.insertInto('writers').values(several).executeTakeFirst()).numInsertedOrUpdatedRows, 3n);
    const books = [1, 1, 2].map((writer_id, at) => ({
      ...{ writer_id, title: `Book ${at}`, price: `${at}.50`, tags: [`t${at}`], about: JSON.stringify({ at }) },
    }));
    await db.insertInto('books').values(books).execute();
    await db
      .insertInto('writers')
      .values({ name: 'Bobby', email: 'Bob@example.com' })
      .onConflict((on) => on.column('email').doUpdateSet((of) => ({ name: of.ref('excluded.name') })))
      .execute();
    equal(
      (await db.updateTable('books').set({ published: true }).where('title', '=', 'Book 1').executeTakeFirst()).numUpdatedRows,
      1n,
    );
    const gone = await db.deleteFrom('writers').where('name', 'in', ['Cyd', 'Dee']).returning('name').execute();
    equal(gone.length, 2);
  });
}

async function questions(db: Kysely<Tables>, step: Step): Promise<void> {
  await step('joins, aggregates, subqueries, common tables', async () => {
    const rows = await db
      .selectFrom('writers as w')
      .leftJoin('books as b', 'b.writer_id', 'w.id')
      .select(['w.name', (of) => of.fn.count('b.id').as('books'), (of) => of.fn.sum('b.price').as('total')])
      .where('w.created', '>', MOMENT)
      .groupBy(['w.id', 'w.name'])
      .having((of) => of.fn.count('b.id'), '>', 0)
      .orderBy('w.name', 'desc')
      .limit(1)
      .offset(1)
      .execute();
    deepEqual(rows, [{ name: 'Ada', books: '2', total: '2.00' }]);
    const found = await db
      .with('cheap', (of) => of.selectFrom('books').selectAll().where('price', '<', '2'))
      .selectFrom('cheap')
      .select(['title', sql<number>`about->'at'`.as('at'), 'tags'])
      .where(({ exists, selectFrom }) =>
        exists(selectFrom('writers').whereRef('writers.id', '=', 'cheap.writer_id').select('id')),
      )
      .orderBy('title')
      .execute();
    deepEqual(found, [
      { title: 'Book 0', at: 0, tags: ['t0'] },
      { title: 'Book 1', at: 1, tags: ['t1'] },
    ]);
  });
  await step('rows of another table as JSON', async () => {
    const { jsonArrayFrom, jsonObjectFrom } = await import('kysely/helpers/postgres');
    const rows = await db
      .selectFrom('writers as w')
      .select((of) => [
        'w.name',
        jsonArrayFrom(of.selectFrom('books as b').select('b.title').whereRef('b.writer_id', '=', 'w.id').orderBy('b.id')).as(
          'books',
        ),
      ])
      .orderBy('w.id')
      .execute();
    deepEqual(rows[0].books, [{ title: 'Book 0' }, { title: 'Book 1' }]);
    const one = await db
      .selectFrom('books as b')
      .select((of) =>
        jsonObjectFrom(of.selectFrom('writers as w').select('w.name').whereRef('w.id', '=', 'b.writer_id')).as('writer'),
      )
      .where('b.title', '=', 'Book 2')
      .executeTakeFirst();
    deepEqual(one, { writer: { name: 'Bobby' } });
  });
  await step('a stream of rows', async () => {
    const titles: string[] = [];
    for await (const { title } of db.selectFrom('books').select('title').orderBy('id').stream(2)) titles.push(title);
    deepEqual(titles, ['Book 0', 'Book 1', 'Book 2']);
  });
}

async function others(db: Kysely<Tables>, step: Step): Promise<void> {
  await step('transactions with savepoints', async () => {
    const failed = db.transaction().execute(async (tx) => {
      await tx.insertInto('writers').values({ name: 'Eve', email: null }).execute();
      throw new Error('back');
    });
    equal(await failed.catch((error) => error.message), 'back');
    const tx = await db.startTransaction().setIsolationLevel('repeatable read').execute();
    const after = await tx.savepoint('one').execute();
    await refuses(after.insertInto('writers').values({ name: 'X', email: null }).execute(), { code: '23514' });
    await after.rollbackToSavepoint('one').execute();
    await tx.insertInto('writers').values({ name: 'Fay', email: null }).execute();
    await tx.commit().execute();
    equal((await db.selectFrom('writers').select('name').execute()).length, 3);
  });
  await step('errors have their fields', async () => {
    await refuses(
      db
        .insertInto('books')
        .values({ writer_id: 99, title: 'X' } as never)
        .execute(),
      {
        ...{ code: '23503', constraint: 'books_writer_id_fkey', table: 'books' },
      },
    );
    await refuses(
      db
        .insertInto('books')
        .values({ writer_id: 1, title: 'Book 0' } as never)
        .execute(),
      {
        ...{ code: '23505', constraint: 'books_title', detail: 'Key (writer_id, title)=(1, Book 0) already exists.' },
      },
    );
  });
  await step('tables dropped', async () => {
    await first.down(db);
  });
  await step('the migrator, and the table of migrations', async () => {
    const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ first, second }) } });
    const { error, results } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
    deepEqual(
      results?.map(({ status }) => status),
      ['Success', 'Success'],
    );
    equal((await migrator.getMigrations()).filter(({ executedAt }) => executedAt !== undefined).length, 2);
    equal((await migrator.migrateToLatest()).results?.length, 0);
  });
}
