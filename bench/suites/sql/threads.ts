/** Measures of SQL from two attached threads. */
import type { BenchContext, Measure, Running } from '../../harness/measure.ts';
import { fillSqliteItems, itemNames } from '../kernel/items.ts';
import { type Crew, endCrew, oneConnection, SESSIONS, startThreads, THREADS, turn } from '../kernel/threads.ts';
import { fillSqlItems, type SqlItems, sqlOptions } from './items.ts';
import type { SqlWorkerStart } from './worker.ts';

const startCrew = ({ database }: SqlItems): Promise<Crew> =>
  startThreads(new URL('./worker.ts', import.meta.url), (meeting): SqlWorkerStart => ({ handle: database.handle, meeting }));

async function twoAgainstOne(context: BenchContext): Promise<Running> {
  const rows = context.size(1_000_000, 5000);
  const items = fillSqlItems(context.directory, rows, itemNames(), sqlOptions(context));
  const crew = await startCrew(items);
  context.digest(rows);
  await turn(context, crew, 'read', rows, THREADS);
  return {
    ours: () => turn(context, crew, 'read', rows, THREADS),
    peer: () => turn(context, crew, 'read', rows, 1),
    teardown: async () => {
      await endCrew(crew);
      items.database.close();
    },
  };
}

async function asynchronousCommits(context: BenchContext): Promise<Running> {
  const rows = context.size(100_000, 2000);
  const names = itemNames();
  const items = fillSqlItems(context.directory, rows, names, sqlOptions(context));
  const theirs = context.hasPeer ? fillSqliteItems(context.directory, rows, names) : undefined;
  const crew = await startCrew(items);
  context.digest(rows);
  return {
    ours: () => turn(context, crew, 'commit', rows, THREADS, SESSIONS / THREADS),
    peer: theirs && oneConnection(context, theirs, rows),
    teardown: async () => {
      await endCrew(crew);
      items.database.close();
      theirs?.database.close();
    },
  };
}

export const threadMeasures: readonly Measure[] = [
  {
    name: 'get by primary key, 2 threads',
    unit: 'rows/s',
    better: 'higher',
    peerName: 'one thread',
    bar: 1.8,
    aim: 2,
    setup: twoAgainstOne,
  },
  {
    name: 'durable autocommit, 8 sessions on 2 threads',
    unit: 'commits/s',
    better: 'higher',
    peerName: 'better-sqlite3',
    needs: ['better-sqlite3'],
    bar: 3,
    aim: 4,
    setup: asynchronousCommits,
  },
];
