import { deepStrictEqual, ok } from 'node:assert';
import { test } from 'node:test';
import type { CostHooks } from '../../engine/plan/optimize/cost.ts';
import type { BoundModule } from '../../engine/sblr/bound.ts';
import { randomFrom } from '../../engine/sblr/source-fixture.ts';
import { SqlError } from '../../shm/errors.ts';
import { answerOf, nodesOf, plannedAnswer, planOf } from './planned.ts';
import { bindText, OracleDatabase } from './postgresql.ts';
import { QUERY_TABLES, RandomQueries, randomRows } from './random-queries.ts';

const SEED = Number(process.env.SEED ?? 1);
const ROUNDS = Number(process.env.ROUNDS ?? 40);

/** Every way of joining, and orders drawn by a number. */
const WAYS: readonly CostHooks[] = [
  {},
  { joins: ['loop'] },
  { joins: ['hash'] },
  { joins: ['index', 'hash'] },
  { joins: ['merge'] },
  { joins: ['merge', 'hash', 'apply'] },
  { order: 1 },
  { order: 2 },
  { order: 3, joins: ['index', 'loop', 'hash'] },
];

function bound(text: string): BoundModule | null {
  try {
    return bindText(text, QUERY_TABLES);
  } catch (error) {
    if (error instanceof SqlError && /^(0A|42)/.test(error.code)) return null;
    throw new Error(`${text}: ${(error as Error).stack}`);
  }
}

test('random queries have the same rows as planned as they have as written, however their tables are joined', () => {
  const random = randomFrom(SEED);
  const queries = new RandomQueries(random);
  let database = new OracleDatabase();
  const nodes = new Map<string, number>();
  let compared = 0;
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 20 === 0) {
      database = new OracleDatabase();
      for (const [table, rows] of randomRows(random)) database.addTable(table, rows);
    }
    const text = queries.query();
    const module = bound(text);
    if (module === null) continue;
    const isOrdered = / order by [\d, desc]+( limit \d+)?$/.test(text);
    const start = performance.now();
    const wanted = answerOf(database, module, isOrdered);
    // Products of many tables: the oracle would be at it for minutes.
    if (performance.now() - start > 60) continue;
    for (const hooks of WAYS) {
      const said = `seed ${SEED}, round ${round}, ${JSON.stringify(hooks)}: ${text}`;
      try {
        const plan = planOf(module, QUERY_TABLES, database, hooks);
        for (const node of nodesOf(plan)) {
          const { rows, cost } = node.estimate;
          ok(rows > 0 && rows < 1e18 && cost >= 0 && cost < 1e18, `${node.node} of ${rows} rows at ${cost}: ${said}`);
          const name = 'kind' in node ? `${node.node} ${node.kind}` : node.node;
          nodes.set(name, (nodes.get(name) ?? 0) + 1);
        }
        const found = plannedAnswer(database, module, plan, QUERY_TABLES, isOrdered);
        // A plan may spare what fails, and never fails where the query does not.
        if (typeof wanted === 'string') continue;
        deepStrictEqual(found, wanted, said);
      } catch (error) {
        throw new Error(`${said}\n${(error as Error).stack}`);
      }
    }
    compared++;
  }
  if (process.env.SHOW !== undefined) console.log(compared, nodes);
  ok(compared > ROUNDS / 2, `only ${compared} of ${ROUNDS} queries could be bound`);
});
