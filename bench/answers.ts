/**
 * `npm run bench:answers [SCALE]`: all 22 answers of TPC-H at a scale (1 when left out) beside PostgreSQL's, on one thread and
 * on two. Nothing is timed, so it may run beside other work. Exit code 1 where an answer differs. SF 1 takes some minutes and 6 GB of disk.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareAnswers } from './suites/query/tpch/answers.ts';
import { loadOurs, loadPostgresql, WORK_MEMORY } from './suites/query/tpch/load.ts';

const MIB = 1 << 20;

async function main(scale: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-answers-'));
  const database = loadOurs(directory, scale);
  const server = await loadPostgresql(directory, scale);
  try {
    database.exec(`set work_mem = '${WORK_MEMORY / MIB}MB'`);
    for (const helpers of [0, 1]) {
      database.exec(`set max_parallel_workers_per_gather = ${helpers}`);
      for await (const { number, rows, difference } of compareAnswers(database, server)) {
        console.log(`SF ${scale}, ${helpers + 1} threads, Q${number}: ${rows} rows, ${difference ?? 'the same'}`);
        if (difference !== null) process.exitCode = 1;
      }
    }
  } finally {
    database.close();
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const scale = Number(process.argv[2] ?? '1');
if (!(scale > 0)) throw new Error(`the scale is a number above 0, not ${process.argv[2]}`);
await main(scale);
