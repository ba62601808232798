/** Knex: schema builder, migrations, queries. */

import { deepEqual, equal, ok } from 'node:assert/strict';
import knexModule, { type Knex } from 'knex';
import { ended, MOMENT, type Place, refuses, type Step, UUID } from './place.ts';

export async function suite(place: Place, step: Step): Promise<void> {
  const knex = knexModule.knex({ client: 'pg', connection: { ...place }, pool: { min: 0, max: 3 } });
  try {
    await tables(knex, step);
    await changes(knex, step);
    await questions(knex, step);
    await others(knex, step);
  } finally {
    await ended(knex.destroy());
  }
}

const first = {
  async up(knex: Knex): Promise<void> {
    await knex.schema.createTable('writers', (table) => {
      table.increments('id');
      table.string('name', 80).notNullable();
      table.string('email').unique();
      table.timestamps(true, true);
    });
    await knex.schema.createTable('books', (table) => {
      table.bigIncrements('id');
      table.integer('writer_id').notNullable().references('id').inTable('writers').onDelete('CASCADE').index();
      table.string('title').notNullable().comment('as on the cover');
      table.decimal('price', 10, 2);
      table.enu('state', ['draft', 'done']).defaultTo('draft');
      table.specificType('tags', 'text[]').notNullable().defaultTo('{}');
      table.jsonb('about');
      table.uuid('key');
      table.binary('cover');
      table.date('day');
      table.boolean('published').defaultTo(false);
      table.unique(['writer_id', 'title']);
      table.check('?? >= 0', ['price'], 'books_price_check');
    });
  },
  async down(knex: Knex): Promise<void> {
    await knex.schema.dropTable('books').dropTable('writers');
  },
};

const second = {
  async up(knex: Knex): Promise<void> {
    await knex.schema.alterTable('books', (table) => {
      table.integer('pages').defaultTo(0);
      table.renameColumn('day', 'released');
      table.text('title').notNullable().alter();
      table.index(['title'], 'books_title');
    });
  },
  async down(knex: Knex): Promise<void> {
    await knex.schema.alterTable('books', (table) => table.dropColumn('pages'));
  },
};

const migrationSource = {
  getMigrations: async () => ['first', 'second'],
  getMigrationName: (name: string) => name,
  getMigration: async (name: string) => (name === 'first' ? first : second),
} as Knex.MigrationSource<string>;

async function tables(knex: Knex, step: Step): Promise<void> {
  await step('migrations: latest, again, back, again', async () => {
    deepEqual((await knex.migrate.latest({ migrationSource }))[1], ['first', 'second']);
    deepEqual((await knex.migrate.latest({ migrationSource }))[1], []);
    equal((await knex.migrate.rollback({ migrationSource }))[1].length, 2);
    await knex.migrate.up({ migrationSource });
    await knex.migrate.latest({ migrationSource });
  });
  await step('hasTable, hasColumn, columnInfo', async () => {
    deepEqual([await knex.schema.hasTable('books'), await knex.schema.hasTable('nowhere')], [true, false]);
    equal(await knex.schema.hasColumn('books', 'pages'), true);
    const { writer_id, price, tags } = (await knex('books').columnInfo()) as never as { [name: string]: Knex.ColumnInfo };
    deepEqual([writer_id.type, writer_id.nullable, price.type, tags.type], ['integer', false, 'numeric', 'ARRAY']);
  });
}

async function changes(knex: Knex, step: Step): Promise<void> {
  await step('insert, many in batches, upsert, update, increment, delete', async () => {
    const [ada] = await knex('writers').insert({ name: 'Ada', email: 'ada@example.com' }).returning('*');
    deepEqual([ada.id, ada.created_at instanceof Date], [1, true]);
    const names = Array.from({ length: 25 }, (_, at) => ({ name: `W${at}`, email: `w${at}@example.com` }));
    equal((await knex.batchInsert<{ id: number; name: string; email: string }>('writers', names, 10).returning('id')).length, 25);
    const more = { cover: Buffer.from([1, 0]), key: UUID, released: '2024-02-29' };
    await knex('books').insert([
      { writer_id: 1, title: 'One', price: 9.5, tags: ['a', 'b'], about: { lang: 'en' }, ...more },
      { writer_id: 2, title: 'Two' },
    ]);
    await knex('writers').insert({ name: 'Ada L', email: 'ada@example.com' }).onConflict('email').merge();
    await knex('writers').insert({ name: 'Nobody', email: 'ada@example.com' }).onConflict('email').ignore();
    equal(await knex('books').where({ title: 'One' }).update({ published: true }), 1);
    await knex('books').where('title', 'One').increment('pages', 10);
    equal(await knex('writers').where('name', 'like', 'W2_').del(), 5);
  });
  await step('values there and back', async () => {
    const row = await knex('books').where({ title: 'One' }).first();
    deepEqual([row.id, row.price, row.state, row.tags, row.about], ['1', '9.50', 'draft', ['a', 'b'], { lang: 'en' }]);
    deepEqual([row.key, row.cover, row.released, row.pages], [UUID, Buffer.from([1, 0]), new Date(2024, 1, 29), 10]);
  });
}

async function questions(knex: Knex, step: Step): Promise<void> {
  await step('joins, groups, subqueries, unions, common tables', async () => {
    const rows = await knex('writers as w')
      .leftJoin('books as b', 'b.writer_id', 'w.id')
      .select('w.name')
      .count('b.id as books')
      .sum({ total: 'b.price' })
      .where((of) => of.whereIn('w.id', [1, 2, 3]).orWhereNull('w.email'))
      .andWhere('w.created_at', '>', MOMENT)
      .groupBy('w.id')
      .havingRaw('count(*) > ?', [0])
      .orderBy([{ column: 'w.name', order: 'desc' }])
      .limit(2)
      .offset(1);
    deepEqual(rows.map(Object.values), [
      ['W0', '1', null],
      ['Ada L', '1', '9.50'],
    ]);
    const found = await knex
      .with('few', knex('books').select('title', 'writer_id').where('title', '<>', ''))
      .select('title')
      .from('few')
      .whereIn('writer_id', knex('writers').select('id').where('name', 'ilike', 'ada%'))
      .union(knex.raw('select ? as title', ['Three']))
      .orderBy('title');
    deepEqual(found, [{ title: 'One' }, { title: 'Three' }]);
    deepEqual(await knex('books').whereJsonSupersetOf('about', { lang: 'en' }).pluck('title'), ['One']);
    deepEqual(await knex('books').jsonExtract('about', '$.lang', 'lang').where('title', 'One'), [{ lang: 'en' }]);
    equal((await knex('writers').countDistinct('name as n').first())?.n, '21');
  });
  await step('a stream of rows', async () => {
    let count = 0;
    for await (const { id } of knex('writers').select('id').orderBy('id').stream()) count += Math.sign(id);
    equal(count, 21);
  });
}

async function others(knex: Knex, step: Step): Promise<void> {
  await step('transactions, nested ones as savepoints, locks', async () => {
    await knex.transaction(async (tx) => {
      await tx('writers').where({ id: 1 }).forUpdate();
      const inner = tx.transaction(async (deeper) => {
        await deeper('writers').insert({ name: 'Gone' });
        await deeper('writers').insert({ name: null });
      });
      await refuses(inner, { code: '23502', column: 'name' });
      await tx('writers').insert({ name: 'Stays' });
    });
    deepEqual(await knex('writers').whereIn('name', ['Gone', 'Stays']).pluck('name'), ['Stays']);
    const back = knex.transaction(async (tx) => {
      await tx('writers').del();
      throw new Error('back');
    });
    equal(await back.catch((error) => error.message), 'back');
    ok((await knex('writers').count().first())?.count);
  });
  await step('errors have their fields', async () => {
    await refuses(() => knex('writers').insert({ name: 'A', email: 'ada@example.com' }), {
      ...{ code: '23505', constraint: 'writers_email_unique', table: 'writers' },
    });
    await refuses(() => knex('books').insert({ writer_id: 99, title: 'X' }), {
      code: '23503',
      constraint: 'books_writer_id_foreign',
    });
    await refuses(() => knex('books').insert({ writer_id: 1, title: 'X', price: -1 }), {
      code: '23514',
      constraint: 'books_price_check',
    });
    await refuses(() => knex('books').insert({ writer_id: 1, title: 'X', state: 'lost' }), {
      code: '23514',
      constraint: 'books_state_check',
    });
  });
}
