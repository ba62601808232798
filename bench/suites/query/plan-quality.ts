/**
 * How good plans are: joins of 8 to 12 tables over skewed data, ours against the fastest of 200 plans drawn at random (orders of joins
 * and ways to join). A plan that takes longer than the fastest one so far is given up, so what is not better costs no more than that.
 *
 *   fact 30,000 -> d0 ... d4 (30 ... 3,000) -> o0 ... o4 (10 ... 100) -> last: foreign keys favour few rows, and kinds follow them
 */
import { join } from 'node:path';
import { open, type Database } from '../../../engine/api/api.ts';
import { SqlError } from '../../../shm/errors.ts';
import type { BenchContext, Measure, Running } from '../../harness/measure.ts';
import { limitOf } from '../../harness/measure.ts';
import { median } from '../../harness/run-measure.ts';

const MIB = 1 << 20;
const DIMENSIONS = 5;
const PLANS = 200;
const ROWS = [30, 100, 300, 1000, 3000];

/** A number below `count` that favours small ones: half of them lie in the first twentieth. */
const skewed = (expression: string, count: number): string =>
  `floor(${count} * power(((${expression}) % 1009) / 1009.0::float8, 4))::int`;

function fill(database: Database, facts: number): void {
  database.exec('create table last (id int primary key, name text not null)');
  database.exec("insert into last select i, 'l' || i from generate_series(0, 9) i");
  for (const [index, rows] of ROWS.entries()) {
    const outer = Math.max(10, rows / 30);
    database.exec(`create table o${index} (id int primary key, next int not null, kind int not null)`);
    database.exec(`insert into o${index} select i, ${skewed('i * 31', 10)}, i % 7 from generate_series(0, ${outer - 1}) i`);
    database.exec(`create table d${index} (id int primary key, outer_id int not null, kind int not null, other int not null)`);
    database.exec(
      `insert into d${index} select i, ${skewed('i * 37', outer)}, ${skewed('i * 41', 20)}, i % 20 from generate_series(0, ${rows - 1}) i`,
    );
  }
  const columns = ROWS.map((_, index) => `d${index} int not null`).join(', ');
  database.exec(`create table fact (id int primary key, ${columns}, amount int not null, kind int not null)`);
  const values = ROWS.map((rows, index) => skewed(`i * ${[7919, 104729, 1299709, 611953, 15485863][index]}`, rows)).join(', ');
  database.exec(
    `insert into fact select i, ${values}, i % 1000, ${skewed('i * 12553', 50)} from generate_series(1, ${facts}::bigint) i`,
  );
  ROWS.forEach((_, index) => {
    if (index % 2 === 1) database.exec(`create index on fact (d${index})`);
  });
  database.exec('analyze');
}

/** Conditions that leave much, little, and what depends on each other. */
const WHERES = [
  'd4.kind = 0 and f.kind < 2',
  'o3.kind = 3 and d2.other = 7',
  'd0.kind = 0 and d1.kind = 0 and f.amount < 300',
  'd3.kind > 10 and o4.kind = 1',
  'f.kind = 0 and d4.other in (1, 2) and d2.kind = 0',
];

function textOf(tables: number, where: string, number: number): string {
  const from = ['fact f'];
  const conditions = [where];
  for (let index = 0; index < DIMENSIONS; index++) {
    from.push(`d${index}`);
    conditions.push(`f.d${index} = d${index}.id`);
  }
  for (let index = 0; index < DIMENSIONS && from.length < tables; index++) {
    const own = DIMENSIONS - 1 - index;
    from.push(`o${own}`);
    conditions.push(`d${own}.outer_id = o${own}.id`);
  }
  if (from.length < tables) {
    from.push('last');
    conditions.push('o4.next = last.id');
  }
  // The conditions may name tables that are not there yet.
  const missing = [...where.matchAll(/\b([do]\d)\./g)].map(([, name]) => name).filter((name) => !from.includes(name));
  for (const name of new Set(missing)) {
    from.push(name);
    conditions.push(`d${name[1]}.outer_id = ${name}.id`);
  }
  return `select count(*) as c${number}, sum(f.amount) as s from ${from.join(', ')} where ${conditions.join(' and ')}`;
}

interface Timed {
  readonly milliseconds: number;
  readonly answer: string;
}

/** The fastest of three runs behind the first; null: it takes longer than `limit`. */
function timed(database: Database, text: string, limit: number): Timed | null {
  database.exec(`set statement_timeout = ${limit === Number.POSITIVE_INFINITY ? 0 : Math.ceil(limit)}`);
  try {
    const statement = database.prepare(text).raw();
    // Its code is made, and made fast.
    const answer = JSON.stringify(statement.all());
    let best = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 3; run++) {
      const start = performance.now();
      statement.all();
      best = Math.min(best, performance.now() - start);
    }
    return { milliseconds: best, answer };
  } catch (error) {
    if (error instanceof SqlError && error.code === '57014') return null;
    throw error;
  } finally {
    database.exec('set statement_timeout = 0');
  }
}

/** Compiling counts in a first run. */
const FIRST_MS = 60;

/** Our time by that of the fastest of the plans drawn, ours among them, of each query. */
function ratios(database: Database, plans: number, digest: BenchContext['digest']): number[] {
  let number = 0;
  const found: number[] = [];
  for (let tables = 8; tables <= 12; tables++) {
    const where = WHERES[tables - 8];
    const ours = timed(database, textOf(tables, where, number++), Number.POSITIVE_INFINITY) as Timed;
    digest(ours.answer);
    let best = ours.milliseconds;
    for (let plan = 0; plan < plans; plan++) {
      database.engine.planHooks = { order: plan + tables * 1000 };
      const other = timed(database, textOf(tables, where, number++), best * 2 + FIRST_MS);
      database.engine.planHooks = null;
      if (other === null) continue;
      if (other.answer !== ours.answer) throw new Error(`another plan has another answer: ${textOf(tables, where, 0)}`);
      best = Math.min(best, other.milliseconds);
    }
    // Once more: what was measured first was measured cold.
    const again = timed(database, textOf(tables, where, number++), Number.POSITIVE_INFINITY) as Timed;
    found.push(Math.min(ours.milliseconds, again.milliseconds) / best);
  }
  return found.map((ratio) => Math.max(1, ratio));
}

function setup(context: BenchContext, of: (ratios: readonly number[]) => number, limit: number): Running {
  const database = open(join(context.directory, 'ours'), context.small ? { logSegment: MIB, pool: 0 } : {});
  database.exec('set max_parallel_workers_per_gather = 0');
  fill(database, context.size(30_000, 300));
  const turn = (): number => of(ratios(database, context.size(PLANS, 3), context.digest));
  return { ours: turn, peer: limitOf(limit), teardown: () => database.close() };
}

const measure = (name: string, of: (ratios: readonly number[]) => number, bar: number, aim: number): Measure => ({
  name: `plan quality: joins of 8 to 12 tables, ${name}`,
  unit: 'times the fastest of 200 plans',
  better: 'lower',
  peerName: 'limit',
  bar: 1,
  aim: bar / aim,
  setup: (context) => setup(context, of, bar),
});

export const planQualityMeasures: readonly Measure[] = [
  measure('median', (all) => median([...all]), 2, 1.3),
  measure('worst', (all) => Math.max(...all), 10, 4),
];
