/** Drizzle over node pg: its migrator, queries of both kinds. */

import { deepEqual, equal } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { and, asc, count, desc, eq, gt, inArray, isNull, like, relations, sql, sum } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import {
  bigint,
  boolean,
  date,
  integer,
  jsonb,
  numeric,
  pgEnum,
  pgTable,
  serial,
  text,
  timestamp,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import pg from 'pg';
import { ended, MOMENT, type Place, refuses, type Step, UUID } from './place.ts';

const mood = pgEnum('mood', ['sad', 'ok', 'happy']);
const writers = pgTable('writers', {
  id: serial().primaryKey(),
  name: varchar({ length: 80 }).notNull(),
  email: text().unique(),
  mood: mood().default('ok'),
  born: date(),
  created: timestamp({ withTimezone: true }).defaultNow().notNull(),
});
const books = pgTable('books', {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  writerId: integer('writer_id')
    .notNull()
    .references(() => writers.id, { onDelete: 'cascade' }),
  title: text().notNull(),
  price: numeric({ precision: 10, scale: 2 }),
  sold: bigint({ mode: 'bigint' }),
  tags: text().array(),
  about: jsonb().$type<{ lang: string }>(),
  key: uuid().defaultRandom(),
  published: boolean().default(false),
});
const writersRelations = relations(writers, ({ many }) => ({ books: many(books) }));
const booksRelations = relations(books, ({ one }) => ({
  writer: one(writers, { fields: [books.writerId], references: [writers.id] }),
}));
const schema = { writers, books, writersRelations, booksRelations };

type Db = NodePgDatabase<typeof schema>;

/** As drizzle-kit writes it for the tables above. */
const MIGRATION = `CREATE TYPE "public"."mood" AS ENUM('sad', 'ok', 'happy');--> statement-breakpoint
CREATE TABLE "writers" (
	"id" serial PRIMARY KEY NOT NULL,
	"name" varchar(80) NOT NULL,
	"email" text,
	"mood" "mood" DEFAULT 'ok',
	"born" date,
	"created" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "writers_email_unique" UNIQUE("email")
);
--> statement-breakpoint
CREATE TABLE "books" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"writer_id" integer NOT NULL,
	"title" text NOT NULL,
	"price" numeric(10, 2),
	"sold" bigint,
	"tags" text[],
	"about" jsonb,
	"key" uuid DEFAULT gen_random_uuid(),
	"published" boolean DEFAULT false
);
--> statement-breakpoint
ALTER TABLE "books" ADD CONSTRAINT "books_writer_id_writers_id_fk" FOREIGN KEY ("writer_id") REFERENCES "public"."writers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "books_title" ON "books" USING btree ("title");`;

function migrationsFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scratchbird-drizzle-'));
  mkdirSync(join(folder, 'meta'));
  writeFileSync(join(folder, '0000_first.sql'), MIGRATION);
  const entries = [{ idx: 0, version: '7', when: 1_700_000_000_000, tag: '0000_first', breakpoints: true }];
  writeFileSync(join(folder, 'meta', '_journal.json'), JSON.stringify({ version: '7', dialect: 'postgresql', entries }));
  return folder;
}

export async function suite(place: Place, step: Step): Promise<void> {
  const pool = new pg.Pool({ ...place, max: 3 });
  const db = drizzle(pool, { schema });
  try {
    await step('the migrator, twice', async () => {
      const folder = migrationsFolder();
      await pool.query('drop schema if exists drizzle cascade');
      for (let time = 0; time < 2; time++) await migrate(db, { migrationsFolder: folder });
      rmSync(folder, { recursive: true });
      equal((await pool.query('select count(*)::int as n from drizzle.__drizzle_migrations')).rows[0].n, 1);
    });
    await changes(db, step);
    await questions(db, step);
    await others(db, step);
    await step('an identity whose sequence has a name', async () => {
      const named =
        'integer generated always as identity (sequence name "samples_numbers" increment by 1 minvalue 1 start with 1 cache 1)';
      await pool.query(`create table samples (id ${named}); select nextval('samples_numbers')`);
    });
    await step('its schema is dropped', async () => {
      await pool.query('drop schema drizzle cascade');
    });
  } finally {
    await ended(pool.end());
  }
}

async function changes(db: Db, step: Step): Promise<void> {
  await step('insert, many, upsert, update, delete, returning', async () => {
    const [ada] = await db
      .insert(writers)
      .values({ name: 'Ada', email: 'ada@example.com', mood: 'happy', born: '1815-12-10' })
      .returning();
    deepEqual([ada.id, ada.mood, ada.born, ada.created instanceof Date], [1, 'happy', '1815-12-10', true]);
    await db.insert(writers).values([{ name: 'Bob' }, { name: 'Cyd', email: 'cyd@example.com' }]);
    await db.insert(books).values([
      {
        writerId: 1,
        title: 'One',
        price: '9.50',
        sold: 9007199254740993n,
        tags: ['a', 'b,"c'],
        about: { lang: 'en' },
        key: UUID,
      },
      { writerId: 1, title: 'Two', price: '2.50' },
      { writerId: 2, title: 'Three' },
    ]);
    const upsert = db.insert(writers).values({ name: 'Ada L', email: 'ada@example.com' });
    await upsert.onConflictDoUpdate({ target: writers.email, set: { name: sql`excluded.name` } });
    await db.insert(writers).values({ name: 'X', email: 'ada@example.com' }).onConflictDoNothing();
    const changed = await db.update(books).set({ published: true }).where(eq(books.title, 'One')).returning({ id: books.id });
    deepEqual(changed, [{ id: 1 }]);
    equal((await db.delete(writers).where(eq(writers.name, 'Cyd'))).rowCount, 1);
  });
  await step('values there and back', async () => {
    const [one] = await db.select().from(books).where(eq(books.id, 1));
    deepEqual([one.price, one.sold, one.tags, one.about], ['9.50', 9007199254740993n, ['a', 'b,"c'], { lang: 'en' }]);
    deepEqual([one.key, one.published], [UUID, true]);
  });
}

async function questions(db: Db, step: Step): Promise<void> {
  await step('joins, aggregates, order, limit, offset', async () => {
    const rows = await db
      .select({ name: writers.name, books: count(books.id), total: sum(books.price) })
      .from(writers)
      .leftJoin(books, eq(books.writerId, writers.id))
      .where(and(gt(writers.created, MOMENT), inArray(writers.id, [1, 2])))
      .groupBy(writers.id)
      .having(gt(count(books.id), 0))
      .orderBy(desc(writers.name))
      .limit(1)
      .offset(1);
    deepEqual(rows, [{ name: 'Ada L', books: 2, total: '12.00' }]);
    const cheap = db.$with('cheap').as(db.select().from(books).where(isNull(books.about)));
    deepEqual(
      await db.with(cheap).select({ title: cheap.title }).from(cheap).where(like(cheap.title, 'T%')).orderBy(asc(cheap.title)),
      [{ title: 'Three' }, { title: 'Two' }],
    );
    equal(await db.$count(books), 3);
  });
  await step('relations', async () => {
    const found = await db.query.writers.findMany({
      columns: { name: true },
      with: {
        books: { columns: { title: true }, orderBy: desc(books.id), limit: 1, with: { writer: { columns: { mood: true } } } },
      },
      orderBy: asc(writers.id),
    });
    deepEqual(found, [
      { name: 'Ada L', books: [{ title: 'Two', writer: { mood: 'happy' } }] },
      { name: 'Bob', books: [{ title: 'Three', writer: { mood: 'ok' } }] },
    ]);
  });
  await step('a prepared query', async () => {
    const byId = db
      .select({ title: books.title })
      .from(books)
      .where(eq(books.id, sql.placeholder('id')))
      .prepare('book_by_id');
    for (const [id, title] of ['One', 'Two', 'Three'].entries()) deepEqual(await byId.execute({ id: id + 1 }), [{ title }]);
  });
}

async function others(db: Db, step: Step): Promise<void> {
  await step('transactions, nested ones as savepoints', async () => {
    await db.transaction(
      async (tx) => {
        await tx.insert(writers).values({ name: 'Stays' });
        const inner = tx.transaction(async (deeper) => {
          await deeper.insert(writers).values({ name: 'Gone' });
          deeper.rollback();
        });
        await inner.catch(() => {});
      },
      { isolationLevel: 'repeatable read' },
    );
    const names = await db
      .select({ name: writers.name })
      .from(writers)
      .where(inArray(writers.name, ['Stays', 'Gone']));
    deepEqual(names, [{ name: 'Stays' }]);
  });
  await step('errors have their fields', async () => {
    await refuses(() => db.insert(writers).values({ name: 'A', email: 'ada@example.com' }), {
      ...{ code: '23505', constraint: 'writers_email_unique' },
    });
    await refuses(() => db.insert(books).values({ writerId: 99, title: 'X' }), {
      code: '23503',
      constraint: 'books_writer_id_writers_id_fk',
    });
    await refuses(() => db.insert(writers).values({ name: 'A', mood: 'glad' as never }), { code: '22P02' });
  });
}
