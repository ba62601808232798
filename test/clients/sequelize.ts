/** Sequelize: sync, models, associations, transactions, what it asks of the catalog. */

import { deepEqual, equal, ok } from 'node:assert/strict';
import { DataTypes, Op, type QueryInterface, Sequelize, Transaction } from 'sequelize';
import { ended, MOMENT, type Place, refuses, type Step, UUID } from './place.ts';

type Model = ReturnType<Sequelize['define']>;
interface Models {
  readonly writer: Model;
  readonly book: Model;
}

function models(sequelize: Sequelize): Models {
  const writer = sequelize.define('writer', {
    name: { type: DataTypes.STRING(80), allowNull: false },
    email: { type: DataTypes.STRING, unique: true },
    mood: { type: DataTypes.STRING, defaultValue: 'ok' },
    born: DataTypes.DATEONLY,
  });
  const book = sequelize.define(
    'book',
    {
      title: { type: DataTypes.TEXT, allowNull: false },
      price: DataTypes.DECIMAL(10, 2),
      sold: DataTypes.BIGINT,
      weight: DataTypes.DOUBLE,
      tags: DataTypes.ARRAY(DataTypes.STRING),
      about: DataTypes.JSONB,
      key: { type: DataTypes.UUID, defaultValue: DataTypes.UUIDV4 },
      cover: DataTypes.BLOB,
      published: { type: DataTypes.BOOLEAN, defaultValue: false },
      at: DataTypes.DATE,
    },
    { indexes: [{ fields: ['title'] }, { unique: true, fields: ['writerId', 'title'] }] },
  );
  writer.hasMany(book, { foreignKey: { name: 'writerId', allowNull: false }, onDelete: 'CASCADE' });
  book.belongsTo(writer, { foreignKey: 'writerId' });
  return { writer, book };
}

export async function suite(place: Place, step: Step): Promise<void> {
  const sequelize = new Sequelize(place.database, place.user, '', {
    host: place.host,
    port: place.port,
    dialect: 'postgres',
    logging: false,
  });
  const all = models(sequelize);
  try {
    await tables(sequelize, step);
    await changes(all, step);
    await questions(sequelize, all, step);
    await others(sequelize, all, step);
  } finally {
    await ended(sequelize.close());
  }
}

async function tables(sequelize: Sequelize, step: Step): Promise<void> {
  await step('authenticate and sync', async () => {
    await sequelize.authenticate();
    ok(Number.parseInt(await sequelize.databaseVersion(), 10) >= 15);
    await sequelize.sync();
  });
  await step('sync again, changed, from nothing', async () => {
    await sequelize.sync({ alter: true });
    await sequelize.sync({ force: true });
  });
  await step('tables, columns, indexes, foreign keys', async () => {
    const asked: QueryInterface = sequelize.getQueryInterface();
    ok((await asked.showAllTables()).map((one) => (one as unknown as { tableName?: string }).tableName ?? one).includes('books'));
    equal(await asked.tableExists('books'), true);
    const { title, price, id } = await asked.describeTable('books');
    deepEqual([title.type, title.allowNull, price.type, id.primaryKey], ['TEXT', false, 'NUMERIC', true]);
    const indexes = (await asked.showIndex('books')) as { name: string; unique: boolean }[];
    deepEqual(
      indexes.map(({ name, unique }) => `${name} ${unique}`),
      ['books_pkey true', 'books_title false', 'books_writer_id_title true'],
    );
    const [reference] = (await asked.getForeignKeyReferencesForTable('books')) as unknown as { [key: string]: string }[];
    deepEqual([reference.columnName, reference.referencedTableName], ['writerId', 'writers']);
    await asked.addColumn('writers', 'age', { type: DataTypes.INTEGER, defaultValue: 1 });
    await asked.renameColumn('writers', 'age', 'years');
    await asked.changeColumn('writers', 'years', { type: DataTypes.BIGINT });
    await asked.removeColumn('writers', 'years');
    await asked.addIndex('writers', ['born']);
    await asked.removeIndex('writers', ['born']);
  });
}

async function changes({ writer, book }: Models, step: Step): Promise<void> {
  await step('create, bulkCreate, upsert, update, increment, destroy', async () => {
    const ada = await writer.create({ name: 'Ada', email: 'ada@example.com', mood: 'happy', born: '1815-12-10' });
    deepEqual([ada.get('id'), ada.get('mood'), ada.get('born')], [1, 'happy', '1815-12-10']);
    equal((await writer.bulkCreate([{ name: 'Bob' }, { name: 'Cyd' }])).length, 2);
    const values = {
      price: '9.50',
      sold: '9007199254740993',
      weight: 0.1,
      tags: ['a', 'b,"c'],
      about: { lang: 'en', parts: [1] },
    };
    await book.create({ writerId: 1, title: 'One', ...values, key: UUID, cover: Buffer.from([0, 255]), at: MOMENT });
    await book.bulkCreate([
      { writerId: 1, title: 'Two', price: 2.5 },
      { writerId: 2, title: 'Three' },
    ]);
    await writer.upsert({ name: 'Ada L', email: 'ada@example.com', mood: 'ok' }, { conflictFields: ['email'] });
    await writer.bulkCreate([{ name: 'X', email: 'ada@example.com' }], { ignoreDuplicates: true });
    deepEqual(await book.update({ published: true }, { where: { title: 'One' } }), [1]);
    await book.increment({ sold: 1 }, { where: { title: 'One' } });
    equal(await writer.destroy({ where: { name: 'Cyd' } }), 1);
  });
  await step('values there and back', async () => {
    const one = (await book.findOne({ where: { title: 'One' }, raw: true })) as unknown as { [name: string]: unknown };
    deepEqual([one.price, one.sold, one.weight, one.tags], ['9.50', '9007199254740994', 0.1, ['a', 'b,"c']]);
    deepEqual([one.about, one.key, one.cover, one.at], [{ lang: 'en', parts: [1] }, UUID, Buffer.from([0, 255]), MOMENT]);
  });
}

async function questions(sequelize: Sequelize, { writer, book }: Models, step: Step): Promise<void> {
  await step('conditions, joins, counts, groups', async () => {
    const found = await writer.findAll({
      where: { name: { [Op.iLike]: '%a%' }, mood: { [Op.in]: ['ok', 'happy'] }, email: { [Op.ne]: null } },
      include: [{ model: book, where: { published: { [Op.is]: true } as never }, required: false }],
      order: [
        ['name', 'DESC'],
        [book, 'title', 'ASC'],
      ],
      limit: 5,
      offset: 0,
    });
    deepEqual(
      found.map((one) => [one.get('name'), (one.get('books') as unknown[]).length]),
      [['Ada L', 1]],
    );
    const { count, rows } = await book.findAndCountAll({ order: [['id', 'DESC']], limit: 1, include: [writer] });
    deepEqual([count, rows[0].get('title')], [3, 'Three']);
    const groups = await book.findAll({
      attributes: [
        'writerId',
        [sequelize.fn('COUNT', sequelize.col('id')), 'books'],
        [sequelize.fn('SUM', sequelize.col('price')), 'total'],
      ],
      group: ['writerId'],
      having: sequelize.where(sequelize.fn('COUNT', sequelize.col('id')), { [Op.gt]: 1 }),
      raw: true,
    });
    deepEqual(groups, [{ writerId: 1, books: '2', total: '12.00' }]);
    equal(await book.count({ where: { about: { lang: 'en' }, tags: { [Op.contains]: ['a'] } } }), 1);
    deepEqual([await book.max('price'), await book.sum('price')], [9.5, 12]);
  });
  await step('texts with replacements and with parameters', async () => {
    const [named] = await sequelize.query('select :a::int + 1 as b', { replacements: { a: 1 } });
    const [bound] = await sequelize.query('select $a::int + 1 as b', { bind: { a: 2 } });
    deepEqual([named, bound], [[{ b: 2 }], [{ b: 3 }]]);
  });
}

async function others(sequelize: Sequelize, { writer, book }: Models, step: Step): Promise<void> {
  await step('transactions with savepoints and locks', async () => {
    const isolationLevel = Transaction.ISOLATION_LEVELS.REPEATABLE_READ;
    await sequelize.transaction({ isolationLevel }, async (transaction) => {
      await writer.findByPk(1, { transaction, lock: transaction.LOCK.UPDATE });
      const inner = sequelize.transaction({ transaction }, async (deeper) => {
        await writer.create({ name: 'Gone' }, { transaction: deeper });
        throw new Error('back');
      });
      equal(await inner.catch((error) => error.message), 'back');
      await writer.create({ name: 'Stays' }, { transaction });
    });
    equal(await writer.count({ where: { name: ['Gone', 'Stays'] } }), 1);
  });
  await step('errors have their kinds and fields', async () => {
    const unique = await writer.create({ name: 'A', email: 'ada@example.com' }).catch((error) => error);
    deepEqual([unique.name, unique.fields], ['SequelizeUniqueConstraintError', { email: 'ada@example.com' }]);
    const foreign = await book.create({ writerId: 99, title: 'X' }).catch((error) => error);
    deepEqual([foreign.name, foreign.table], ['SequelizeForeignKeyConstraintError', 'books']);
    await refuses(() => writer.create({ name: 'A'.repeat(81) }), { code: '22001' });
  });
  await step('findOrCreate, in a function that is dropped again', async () => {
    const [found, isNew] = await writer.findOrCreate({ where: { name: 'Dee' }, defaults: { email: 'dee@example.com' } });
    deepEqual([found.get('name'), isNew], ['Dee', true]);
  });
  await step('an enum, which it makes in a DO', async () => {
    const sample = sequelize.define('sample', { mood: DataTypes.ENUM('sad', 'ok', 'happy') }, { timestamps: false });
    await sample.sync();
    equal((await sample.create({ mood: 'happy' })).get('mood'), 'happy');
    await refuses(() => sequelize.query(`insert into samples (mood) values ('glad')`), { code: '22P02' });
  });
}
