/**
 * Scans over a million rows that look into each value: a regular expression over texts of about 65 bytes, a path into documents of about
 * 100. Both sides have the same rows, one thread, and answers that are compared before anything is timed.
 */
import { join } from 'node:path';
import { type Database, open } from '../../../engine/api/api.ts';
import type { BenchContext, Measure, Running } from '../../harness/measure.ts';
import { type PostgresqlServer, startPostgresql } from '../../harness/postgresql.ts';

const ROWS = 1_000_000;
const MIB = 1 << 20;
const CACHE_BYTES = 512 * MIB;

interface Scan {
  readonly type: string;
  row(id: number): string;
  /** Conditions on the column `v`; the figure is the mean of their times. */
  readonly conditions: readonly string[];
}

const letters = (id: number): string => ((id * 2654435761) >>> 0).toString(16).padStart(8, '0');

const TEXTS: Scan = {
  type: 'text',
  row: (id) =>
    `customer${(id * 7919) % 1_000_003}@example${id % 97}.org/path/${letters(id)}${letters(id + 7)}${letters(id + 11)}`,
  conditions: [
    "v ~ '@example4\\d\\.org/path/[a-f]+[0-9]'",
    "v ~ '^customer[0-9]*77[0-9]*@.*[0-9a-f]{8}$'",
    "v ~ '(dead|beef|cafe|f00d)'",
    "v ~* 'EXAMPLE(1|2)[0-9]*\\.ORG'",
  ],
};

const DOCUMENTS: Scan = {
  type: 'jsonb',
  row: (id) =>
    `{"id": ${id}, "tags": ["t${id % 7}", "t${id % 11}"], "price": ${(id * 37) % 1000}.5, "name": "item ${letters(id)}", "items": [{"n": ${id % 13}}, {"n": ${id % 17}}]}`,
  conditions: [
    "v @? '$.items[*] ? (@.n > 14)'",
    "v @? '$ ? (@.price > 900 && @.id > 1000)'",
    `v @? '$.tags[*] ? (@ == "t3")'`,
    "v @@ '$.price < 100'",
  ],
};

function fillOurs(context: BenchContext, scan: Scan, rows: number): Database {
  const database = open(join(context.directory, 'ours'), {
    cacheSize: CACHE_BYTES,
    ...(context.small ? { logSegment: MIB, pool: 0 } : {}),
  });
  database.exec(
    `set max_parallel_workers_per_gather = 0; create table scanned (id integer primary key, v ${scan.type} not null)`,
  );
  database.exec('begin');
  const insert = database.prepare('insert into scanned values ($1, $2)');
  for (let id = 0; id < rows; id++) insert.run(id, scan.type === 'jsonb' ? JSON.parse(scan.row(id)) : scan.row(id));
  database.exec('commit');
  database.kernel.tidy();
  database.checkpoint();
  return database;
}

function* lines(scan: Scan, rows: number): Iterable<string> {
  for (let id = 0; id < rows; id++) yield `${id}\t${scan.row(id)}`;
}

async function fillPostgresql(context: BenchContext, scan: Scan, rows: number): Promise<PostgresqlServer> {
  const server = await startPostgresql(context.directory, { shared_buffers: '512MB', fsync: 'off', jit: 'off' });
  await server.client.query('set max_parallel_workers_per_gather = 0');
  await server.client.query(`create table scanned (id integer primary key, v ${scan.type} not null)`);
  await server.copy('scanned', lines(scan, rows));
  await server.client.query('vacuum analyze scanned');
  return server;
}

const statementOf = (condition: string): string => `select count(*) from scanned where ${condition}`;

async function setUp(context: BenchContext, scan: Scan): Promise<Running> {
  const rows = context.size(ROWS, 1000);
  const database = fillOurs(context, scan, rows);
  const statements = scan.conditions.map((condition) => database.prepare(statementOf(condition)).raw());
  const answers = statements.map((statement) => String((statement.get() as unknown[])[0]));
  for (const answer of answers) context.digest(answer);
  const ours = (): number => {
    const start = performance.now();
    for (const statement of statements) statement.get();
    return (performance.now() - start) / 1000 / statements.length;
  };
  if (!context.hasPeer) return { ours, teardown: () => database.close() };
  const server = await fillPostgresql(context, scan, rows);
  for (const [index, condition] of scan.conditions.entries()) {
    const { rows: found } = await server.client.query({ text: statementOf(condition), rowMode: 'array' });
    if (String(found[0][0]) !== answers[index]) throw new Error(`${condition}: ${found[0][0]} there, ${answers[index]} here`);
  }
  return {
    ours,
    async peer() {
      const start = performance.now();
      for (const condition of scan.conditions) await server.client.query({ text: statementOf(condition), rowMode: 'array' });
      return (performance.now() - start) / 1000 / scan.conditions.length;
    },
    async teardown() {
      database.close();
      await server.stop();
    },
  };
}

const besidePostgresql = { unit: 's', better: 'lower', peerName: 'PostgreSQL', needs: ['postgresql'] } as const;

export const scanMeasures: readonly Measure[] = [
  {
    ...besidePostgresql,
    name: 'regular-expression scan over 1M rows',
    bar: 1,
    aim: 3,
    setup: (context) => setUp(context, TEXTS),
  },
  {
    ...besidePostgresql,
    name: 'jsonb path filter over 1M rows',
    bar: 2,
    aim: 4,
    setup: (context) => setUp(context, DOCUMENTS),
  },
];
