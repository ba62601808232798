import { deepStrictEqual, ok } from 'node:assert';
import { after, before, test } from 'node:test';
import { JitFixture } from '../../codegen/jit/jit-fixture.ts';
import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type { CostHooks } from '../../engine/plan/optimize/cost.ts';
import type { BoundModule } from '../../engine/sblr/bound.ts';
import { randomFrom } from '../../engine/sblr/source-fixture.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { SqlError } from '../../shm/errors.ts';
import { answerOf, planOf } from './planned.ts';
import { bindText, OracleDatabase } from './postgresql.ts';
import { QUERY_TABLES, RandomQueries, randomRows } from './random-queries.ts';

const SEED = Number(process.env.SEED ?? 1);
const ROUNDS = Number(process.env.ROUNDS ?? 60);

/** One of these for each query, in turn. */
const WAYS: readonly CostHooks[] = [
  {},
  { joins: ['hash', 'apply'] },
  { joins: ['loop'] },
  { joins: ['index', 'hash'] },
  { joins: ['merge'] },
  { order: 5, joins: ['merge', 'hash', 'index'] },
  { order: 6, joins: ['index', 'loop', 'hash'] },
];

let fixture: JitFixture;
before(() => {
  fixture = new JitFixture();
});
after(() => fixture.close());

/** The tables of the random queries in the kernel, under the ids that their plans name. */
function makeTables(rows: ReadonlyMap<CatalogTable, RowValue[][]>, generation: number): CatalogTable[] {
  return QUERY_TABLES.map((table) => {
    const columns = table.columns.map(({ name, type, notNull }) => ({ name, type: { ...type, nullable: !notNull } }));
    const indexes = table.indexes.map(({ name, unique, keys }) => ({
      name: `${name}${generation}`,
      unique,
      columns: keys.map(({ attribute }) => table.columns[attribute - 1].name),
    }));
    const made = fixture.table(table.id, `${table.name}${generation}`, columns, indexes);
    fixture.fill(made, rows.get(table) ?? []);
    const { catalog } = made;
    // The binder finds them by their own names.
    const named = { ...catalog, name: table.name, columns: table.columns };
    fixture.tables.set(table.id, { catalog: named, kernel: made.kernel });
    return named;
  });
}

function executed(
  module: BoundModule,
  tables: readonly CatalogTable[],
  database: OracleDatabase,
  hooks: CostHooks,
): string[] | string {
  try {
    const { rows } = fixture.run(planOf(module, tables, database, hooks));
    return rows.map((row) => JSON.stringify(row));
  } catch (error) {
    if (error instanceof SqlError && !/^(XX|0A)/.test(error.code)) return error.code;
    throw error;
  }
}

test('random queries have the rows that they should have, planned and compiled', () => {
  const random = randomFrom(SEED);
  const queries = new RandomQueries(random);
  let database = new OracleDatabase();
  let tables: CatalogTable[] = [];
  let compared = 0;
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 20 === 0) {
      const rows = randomRows(random);
      tables = makeTables(rows, round);
      database = new OracleDatabase();
      for (const table of tables)
        database.addTable(table, rows.get(QUERY_TABLES.find(({ id }) => id === table.id) as CatalogTable));
    }
    const text = queries.query();
    const hooks = WAYS[round % WAYS.length];
    const said = `seed ${SEED}, round ${round}, ${JSON.stringify(hooks)}: ${text}`;
    let module: BoundModule;
    try {
      module = bindText(text, tables);
    } catch (error) {
      if (error instanceof SqlError && /^(0A|42)/.test(error.code)) continue;
      throw error;
    }
    const isOrdered = / order by [\d, desc]+( limit \d+)?$/.test(text);
    const start = performance.now();
    const wanted = answerOf(database, module, isOrdered);
    if (performance.now() - start > 100) continue;
    try {
      const found = executed(module, tables, database, hooks);
      compared++;
      // A plan may spare what fails, and never fails where the query does not.
      if (typeof wanted === 'string') continue;
      deepStrictEqual(typeof found === 'string' || isOrdered ? found : found.sort(), wanted, said);
    } catch (error) {
      throw new Error(`${said}\n${(error as Error).stack}`);
    }
  }
  ok(compared > ROUNDS / 2, `only ${compared} of ${ROUNDS} queries were compared`);
});
