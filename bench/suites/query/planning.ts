/**
 * Planning of joins: EXPLAIN of a text that was not seen before, from the text to the printed plan, so parsing and binding count, too.
 * A snowflake of twelve tables: a fact with five dimensions, each with one of its own, and a chain of one more.
 */
import { join } from 'node:path';
import { open, type Database } from '../../../engine/api/api.ts';
import type { BenchContext, Measure, Running } from '../../harness/measure.ts';
import { limitOf } from '../../harness/measure.ts';
import { median } from '../../harness/run-measure.ts';

const MIB = 1 << 20;
const DIMENSIONS = 5;

function fill(database: Database, facts: number): void {
  const columns = Array.from({ length: DIMENSIONS }, (_, index) => `d${index} integer not null`).join(', ');
  database.exec(`create table fact (id integer primary key, ${columns}, amount integer not null)`);
  for (let index = 0; index < DIMENSIONS; index++) {
    const rows = 50 * (index + 1);
    database.exec(`create table d${index} (id integer primary key, outer_id integer not null, kind integer not null)`);
    database.exec(`create table o${index} (id integer primary key, next integer not null, name text not null)`);
    database.exec(`insert into o${index} select i, i % 7, 'name ' || i from generate_series(0, 9) i`);
    database.exec(`insert into d${index} select i, i % 10, i % 3 from generate_series(0, ${rows - 1}) i`);
  }
  database.exec(
    "create table last (id integer primary key, name text not null); insert into last select i, 'l' from generate_series(0, 6) i",
  );
  const values = Array.from({ length: DIMENSIONS }, (_, index) => `i % ${50 * (index + 1)}`).join(', ');
  database.exec(`insert into fact select i, ${values}, i % 100 from generate_series(0, ${facts - 1}) i`);
  database.exec('analyze');
}

/** A text that differs from the others of the run in more than its literals. */
function textOf(tables: 4 | 12, number: number): string {
  const dimensions = tables === 4 ? 2 : DIMENSIONS;
  const from = ['fact f'];
  const where: string[] = [`f.amount < ${number % 90}`];
  for (let index = 0; index < dimensions; index++) {
    from.push(`d${index}`);
    where.push(`f.d${index} = d${index}.id`);
    if (tables === 4 && index > 0) continue;
    from.push(`o${index}`);
    where.push(`d${index}.outer_id = o${index}.id`);
  }
  if (tables === 12) {
    from.push('last');
    where.push('o0.next = last.id');
  }
  return `select count(*) as c${number}, o0.name from ${from.join(', ')} where ${where.join(' and ')} group by o0.name`;
}

const TEXTS = 200;

function planning(context: BenchContext, tables: 4 | 12, limitMs: number): Running {
  const database = open(join(context.directory, 'ours'), context.small ? { logSegment: MIB, pool: 0 } : {});
  fill(database, context.size(20_000, 500));
  let number = 0;
  const texts = context.size(TEXTS, 3);
  const turn = (): number => {
    const times: number[] = [];
    for (let index = 0; index < texts; index++) {
      const text = textOf(tables, number++);
      const start = performance.now();
      context.digest(database.explain(text).length > 0 ? 1 : 0);
      times.push(performance.now() - start);
    }
    return median(times);
  };
  turn();
  return { ours: turn, peer: limitOf(limitMs), teardown: () => database.close() };
}

const measure = (tables: 4 | 12, limitMs: number, aimMs: number): Measure => ({
  name: `planning of a join of ${tables} tables`,
  unit: 'ms',
  better: 'lower',
  peerName: 'limit',
  bar: 1,
  aim: limitMs / aimMs,
  setup: (context) => planning(context, tables, limitMs),
});

export const planningMeasures: readonly Measure[] = [measure(4, 1, 0.3), measure(12, 50, 15)];
