/** TypeORM: synchronise, migrations, repositories, query builder. */

import { deepEqual, equal } from 'node:assert/strict';
import {
  Between,
  DataSource,
  EntitySchema,
  In,
  IsNull,
  type MigrationInterface,
  MoreThan,
  type QueryRunner,
  Table,
} from 'typeorm';
import { ended, MOMENT, type Place, refuses, type Step, UUID } from './place.ts';

interface Writer {
  id: number;
  name: string;
  email: string | null;
  mood: string;
  created: Date;
  books: Book[];
}
interface Book {
  id: string;
  title: string;
  price: string | null;
  tags: string[] | null;
  about: unknown;
  key: string | null;
  cover: Buffer | null;
  at: Date | null;
  published: boolean;
  writer: Writer;
}

const WRITER = new EntitySchema<Writer>({
  name: 'writer',
  tableName: 'writers',
  columns: {
    id: { type: 'int', primary: true, generated: 'increment' },
    name: { type: 'varchar', length: 80 },
    email: { type: 'text', nullable: true, unique: true },
    mood: { type: 'enum', enum: ['sad', 'ok', 'happy'], default: 'ok' },
    created: { type: 'timestamptz', createDate: true },
  },
  relations: { books: { type: 'one-to-many', target: 'book', inverseSide: 'writer' } },
  checks: [{ name: 'writers_name_check', expression: 'length(name) > 1' }],
});
const BOOK = new EntitySchema<Book>({
  name: 'book',
  tableName: 'books',
  columns: {
    id: { type: 'bigint', primary: true, generated: 'increment' },
    title: { type: 'text' },
    price: { type: 'numeric', precision: 10, scale: 2, nullable: true },
    tags: { type: 'text', array: true, nullable: true },
    about: { type: 'jsonb', nullable: true },
    key: { type: 'uuid', nullable: true },
    cover: { type: 'bytea', nullable: true },
    at: { type: 'timestamp', nullable: true },
    published: { type: 'boolean', default: false },
  },
  relations: { writer: { type: 'many-to-one', target: 'writer', inverseSide: 'books', onDelete: 'CASCADE', nullable: false } },
  indices: [{ name: 'books_title', columns: ['title'] }],
});

class First1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const columns = [
      { name: 'id', type: 'int', isPrimary: true, isGenerated: true, generationStrategy: 'increment' as const },
      { name: 'name', type: 'varchar', isNullable: false },
    ];
    await runner.createTable(new Table({ name: 'samples', columns, indices: [{ columnNames: ['name'], isUnique: true }] }));
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('samples');
  }
}

export async function suite(place: Place, step: Step): Promise<void> {
  const { user, ...rest } = place;
  const source = new DataSource({
    ...{ type: 'postgres', username: user, ...rest, entities: [WRITER, BOOK], migrations: [First1700000000000] },
    ...{ synchronize: false, installExtensions: false, poolSize: 3 },
  });
  try {
    await step('connect', async () => {
      await source.initialize();
    });
    await tables(source, step);
    await changes(source, step);
    await questions(source, step);
    await others(source, step);
  } finally {
    await ended(source.isInitialized ? source.destroy() : Promise.resolve());
  }
}

async function tables(source: DataSource, step: Step): Promise<void> {
  await step('synchronise', async () => {
    await source.synchronize();
  });
  await step('synchronise again: there is nothing to be done', async () => {
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    deepEqual(
      upQueries.map(({ query }) => query),
      [],
    );
  });
  await step('migrations there and back', async () => {
    equal((await source.runMigrations()).length, 1);
    equal(await source.showMigrations(), false);
    const runner = source.createQueryRunner();
    const table = await runner.getTable('samples');
    deepEqual(
      [table?.columns.map(({ name, isGenerated, isNullable }) => [name, isGenerated, isNullable].join()), table?.indices.length],
      [['id,true,false', 'name,false,false'], 1],
    );
    equal(await runner.hasTable('samples'), true);
    equal(await runner.hasColumn('samples', 'name'), true);
    await runner.release();
    await source.undoLastMigration();
  });
}

async function changes(source: DataSource, step: Step): Promise<void> {
  await step('save, insert, upsert, update, delete', async () => {
    const writers = source.getRepository(WRITER);
    const books = source.getRepository(BOOK);
    const ada = await writers.save({ name: 'Ada', email: 'ada@example.com', mood: 'happy' });
    deepEqual([ada.id, ada.created instanceof Date], [1, true]);
    await writers.insert([{ name: 'Bob' }, { name: 'Cyd', email: 'cyd@example.com' }]);
    const values = {
      price: '9.50',
      tags: ['a', 'b,"c'],
      about: { lang: 'en' },
      key: UUID,
      cover: Buffer.from([0, 255]),
      at: MOMENT,
    };
    await books.save([
      { title: 'One', writer: ada, ...values },
      { title: 'Two', writer: ada, price: '2.50' },
      { title: 'Three', writer: { id: 2 } },
    ]);
    await writers.upsert({ name: 'Ada L', email: 'ada@example.com' }, ['email']);
    equal((await books.update({ title: 'One' }, { published: true })).affected, 1);
    equal((await writers.delete({ name: 'Cyd' })).affected, 1);
    const one = await books.findOneByOrFail({ title: 'One' });
    deepEqual([one.id, one.price, one.tags, one.about], ['1', '9.50', ['a', 'b,"c'], { lang: 'en' }]);
    deepEqual([one.key, one.cover, one.at, one.published], [UUID, Buffer.from([0, 255]), MOMENT, true]);
  });
}

async function questions(source: DataSource, step: Step): Promise<void> {
  await step('find with relations, counts, query builder', async () => {
    const writers = source.getRepository(WRITER);
    const found = await writers.find({
      where: { id: In([1, 2]), name: MoreThan('A') },
      relations: { books: true },
      order: { name: 'DESC', books: { title: 'ASC' } },
      take: 1,
      skip: 1,
    });
    deepEqual(
      found.map(({ name, books }) => [name, ...books.map(({ title }) => title)]),
      [['Ada L', 'One', 'Two']],
    );
    const [cheap, count] = await source
      .getRepository(BOOK)
      .findAndCount({ where: [{ price: Between('1', '3') }, { price: IsNull() }] });
    deepEqual([cheap.length, count], [2, 2]);
    const rows = await source
      .createQueryBuilder(WRITER, 'w')
      .leftJoin('w.books', 'b')
      .select(['w.name as name', 'count(b.id) as books', 'sum(b.price) as total'])
      .where('w.created > :moment', { moment: MOMENT })
      .groupBy('w.id')
      .having('count(b.id) > :n', { n: 1 })
      .orderBy('w.name')
      .getRawMany();
    deepEqual(rows, [{ name: 'Ada L', books: '2', total: '12.00' }]);
  });
}

async function others(source: DataSource, step: Step): Promise<void> {
  await step('transactions, nested ones as savepoints', async () => {
    await source.transaction('REPEATABLE READ', async (manager) => {
      await manager.findOne(WRITER, { where: { id: 1 }, lock: { mode: 'pessimistic_write' } });
      const inner = manager.transaction(async (deeper) => {
        await deeper.insert(WRITER, { name: 'Gone' });
        await deeper.insert(WRITER, { name: 'X' });
      });
      await refuses(inner, { code: '23514', constraint: 'writers_name_check' });
      await manager.insert(WRITER, { name: 'Stays' });
    });
    equal(await source.getRepository(WRITER).countBy({ name: In(['Gone', 'Stays']) }), 1);
  });
  await step('errors have their fields; streams', async () => {
    await refuses(source.getRepository(WRITER).insert({ name: 'Al', email: 'ada@example.com' }), {
      ...{ code: '23505', table: 'writers', detail: 'Key (email)=(ada@example.com) already exists.' },
    });
    await refuses(source.getRepository(BOOK).insert({ title: 'X', writer: { id: 99 } }), { code: '23503', table: 'books' });
    let count = 0;
    for await (const _row of await source.createQueryBuilder(BOOK, 'b').stream()) count++;
    equal(count, 3);
  });
  await step('everything is dropped', async () => {
    await source.dropDatabase();
  });
}
