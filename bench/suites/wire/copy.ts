/** COPY of a table with a key through psql, in and out. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext, Measure } from '../../harness/measure.ts';
import { client, seconds, withBoth } from './servers.ts';

const ROWS = 1_000_000;
const LINES_AT_ONCE = 10_000;
const TABLE = 'drop table if exists copied; create table copied (id int primary key, a int not null, price float8, name text)';

const sql = (port: number, text: string): string => client('psql', port, ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', text]);

/** A file of rows in COPY's text format. */
function rowsFile({ directory }: BenchContext, rows: number): string {
  const path = join(directory, 'rows.txt');
  const file = openSync(path, 'w');
  for (let from = 1; from <= rows; from += LINES_AT_ONCE) {
    let text = '';
    for (let id = from; id < Math.min(rows + 1, from + LINES_AT_ONCE); id++)
      text += `${id}\t${id % 1000}\t${id / 2}\titem number ${id % 1024}\n`;
    writeSync(file, text);
  }
  closeSync(file);
  return path;
}

const common = { unit: 'rows/s', better: 'higher', peerName: 'PostgreSQL', needs: ['postgresql'], bar: 1, aim: 2 } as const;

export const copyMeasures: readonly Measure[] = [
  {
    ...common,
    name: 'COPY in',
    setup: (context) => {
      const rows = context.size(ROWS, 100);
      const path = rowsFile(context, rows);
      return withBoth(
        context,
        () => {},
        ({ port }) => {
          sql(port, TABLE);
          return rows / seconds(() => sql(port, `\\copy copied from '${path}'`));
        },
      );
    },
  },
  {
    ...common,
    name: 'COPY out',
    setup: (context) => {
      const rows = context.size(ROWS, 100);
      const path = rowsFile(context, rows);
      return withBoth(
        context,
        ({ port }) => {
          sql(port, TABLE);
          sql(port, `\\copy copied from '${path}'`);
        },
        ({ port }) => rows / seconds(() => sql(port, `\\copy copied to '${path}'`)),
      );
    },
  },
];
