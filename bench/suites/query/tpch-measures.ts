/**
 * TPC-H: all 22 queries, each timed alone, one thread; the figure is the geometric mean of their times. Before anything is timed
 * the answers are compared with PostgreSQL's. With SCRATCHBIRD_BENCH_DETAIL=1 the times of the queries go to stderr.
 */
import type { Database } from '../../../engine/api/api.ts';
import type { BenchContext, Measure, Running } from '../../harness/measure.ts';
import { compareAnswers } from './tpch/answers.ts';
import { loadOurs, loadPostgresql, loadSqlite, WORK_MEMORY } from './tpch/load.ts';
import { QUERIES, SQLITE_QUERIES } from './tpch/queries.ts';

const ALONE = 'set max_parallel_workers_per_gather = 0';
const TWO_THREADS = 'set max_parallel_workers_per_gather = 1';
const WARM_TURNS = 5;
const SMALL_SCALE = 0.001;
const MIB = 1 << 20;

const scaleOf = (context: BenchContext): number =>
  context.small ? SMALL_SCALE : Number(process.env.SCRATCHBIRD_TPCH_SCALE ?? '1');

type RunQuery = (index: number) => unknown | Promise<unknown>;

async function timeAll(who: string, run: RunQuery): Promise<number> {
  const times: number[] = [];
  for (const index of QUERIES.keys()) {
    const start = performance.now();
    await run(index);
    times.push((performance.now() - start) / 1000);
  }
  if (process.env.SCRATCHBIRD_BENCH_DETAIL !== undefined)
    console.error(`${who}: ${times.map((time, index) => `Q${index + 1} ${time.toFixed(3)}`).join('  ')}`);
  return Math.exp(times.reduce((sum, time) => sum + Math.log(time), 0) / times.length);
}

const answerOf = (database: Database, sql: string): unknown[][] => database.prepare(sql).raw().all() as unknown[][];

/** Ours with the data, ready to run. */
function ours(context: BenchContext): { database: Database; run: RunQuery } {
  const database = loadOurs(context.directory, scaleOf(context), context.small ? 64 * MIB : undefined);
  database.exec(`set work_mem = '${WORK_MEMORY / MIB}MB'; ${ALONE}`);
  return { database, run: (index) => answerOf(database, QUERIES[index]) };
}

async function besideSqlite(context: BenchContext): Promise<Running> {
  const { database, run } = ours(context);
  for (const sql of QUERIES) context.digest(JSON.stringify(answerOf(database, sql)));
  const turn = () => timeAll('ours', run);
  if (!context.hasPeer) return { ours: turn, teardown: () => database.close() };
  const theirs = loadSqlite(context.directory, scaleOf(context));
  const statements = SQLITE_QUERIES.map((sql) => theirs.prepare(sql).raw());
  return {
    ours: turn,
    peer: () => timeAll('better-sqlite3', (index) => statements[index].all()),
    teardown() {
      database.close();
      theirs.close();
    },
  };
}

/** With as many threads as the setting says, and alone. */
async function besideOneThread(context: BenchContext): Promise<Running> {
  const { database, run } = ours(context);
  const inTwo = (index: number): unknown => {
    database.exec(TWO_THREADS);
    const answer = run(index);
    database.exec(ALONE);
    return answer;
  };
  for (const [index, sql] of QUERIES.entries()) {
    const answer = JSON.stringify(answerOf(database, sql));
    context.digest(answer);
    if (JSON.stringify(inTwo(index)) !== answer) throw new Error(`TPC-H query ${index + 1} has another answer in two threads`);
  }
  // The thread that helps has loaded its code and compiled all queries.
  if (!context.small) for (let turn = 0; turn < WARM_TURNS; turn++) for (const index of QUERIES.keys()) inTwo(index);
  return {
    ours: () => timeAll('two threads', inTwo),
    peer: () => timeAll('one thread', run),
    teardown: () => database.close(),
  };
}

async function besidePostgresql(context: BenchContext): Promise<Running> {
  const { database, run } = ours(context);
  const turn = () => timeAll('ours', run);
  if (!context.hasPeer) return { ours: turn, teardown: () => database.close() };
  const server = await loadPostgresql(context.directory, scaleOf(context));
  for await (const { number, difference } of compareAnswers(database, server))
    if (difference !== null) throw new Error(`TPC-H query ${number} has another answer: ${difference}`);
  return {
    ours: turn,
    peer: () => timeAll('PostgreSQL', (index) => server.client.query({ text: QUERIES[index], rowMode: 'array' })),
    async teardown() {
      database.close();
      await server.stop();
    },
  };
}

const NAME = 'TPC-H SF 1, geometric mean of the 22 queries';

export const tpchMeasures: readonly Measure[] = [
  {
    name: NAME,
    unit: 's',
    better: 'lower',
    peerName: 'better-sqlite3',
    needs: ['better-sqlite3'],
    bar: 3,
    aim: 6,
    setup: besideSqlite,
  },
  {
    name: `${NAME}, beside PostgreSQL`,
    unit: 's',
    better: 'lower',
    peerName: 'PostgreSQL 15',
    needs: ['postgresql'],
    bar: 2,
    aim: 4,
    setup: besidePostgresql,
  },
  {
    name: `${NAME}, 2 threads`,
    unit: 's',
    better: 'lower',
    peerName: 'one thread',
    bar: 1.5,
    aim: 1.8,
    setup: besideOneThread,
  },
];
