/** Measures of SQL against limits: a statement never seen before, and the first answer of a fresh process. */
import { execFileSync } from 'node:child_process';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { open } from '../../../engine/api/api.ts';
import { type BenchContext, limitOf, type Measure, type Running } from '../../harness/measure.ts';
import { CACHE_BYTES, itemNames } from '../kernel/items.ts';
import { CHECKPOINT_BYTES, CREATE_ITEM, fillSqlItems, sqlOptions } from './items.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** Shape number n of a simple statement: other columns, other conditions, other order. Every number below 2,000 is another one. */
function statementOf(n: number): string {
  const columns = ['id', 'a', 'price', 'name', 'a + 1 as b', 'price * 2 as c', 'upper(name) as d', 'id % 7 as e'];
  const conditions = [
    'a = 1',
    'a < 5',
    'price > 3',
    "name = 'x'",
    'a between 1 and 5',
    'id in (1, 2, 3)',
    'a <> 2 and price < 9',
    'id = 3',
  ];
  const ends = ['', ' order by a', ' order by price desc', ' limit 3', ' order by name, id', ' order by id limit 2'];
  const chosen = columns.filter((_, bit) => ((n % 255) + 1) & (1 << bit));
  const condition = conditions[Math.floor(n / 255) % conditions.length];
  const end = ends[(n + Math.floor(n / 255)) % ends.length];
  return `select ${chosen.join(', ')} from item where ${condition}${end}`;
}

/** `open` as a program gets it from the package, whose script comes with what V8 made of it before; small: of the sources. */
async function openOf(context: BenchContext): Promise<typeof open> {
  if (context.small) return open;
  return ((await import(pathToFileURL(buildProduct(context.directory)).href)) as { open: typeof open }).open;
}

/** Microseconds from text to first row, median, in an engine that has served 1,000 others. */
async function coldStatement(context: BenchContext): Promise<Running> {
  const database = (await openOf(context))(join(context.directory, 'sql'), {
    ...{ cacheSize: CACHE_BYTES, checkpointEvery: CHECKPOINT_BYTES },
    ...sqlOptions(context),
  });
  database.exec(CREATE_ITEM);
  database.exec("insert into item values (1, 1, 1, 'x'), (2, 2, 2, 'y'), (3, 3, 3, 'z')");
  const served = context.size(1000, 20);
  const fresh = context.size(200, 5);
  for (let n = 0; n < served; n++) database.prepare(statementOf(n)).all();
  let next = served;
  context.digest(served);
  return {
    ours: () => {
      const times: number[] = [];
      for (let n = 0; n < fresh; n++, next++) {
        const text = statementOf(next);
        const start = performance.now();
        database.prepare(text).get();
        times.push((performance.now() - start) * 1000);
      }
      return times.sort((a, b) => a - b)[times.length >> 1];
    },
    peer: limitOf(300),
    teardown: () => {
      database.close();
      rmSync(join(context.directory, 'built'), { recursive: true, force: true });
    },
  };
}

/** In a process of its own: what builds leaves a heap behind in which everything else takes longer. */
function buildProduct(directory: string): string {
  const out = join(directory, 'built');
  const builder = pathToFileURL(join(ROOT, 'codegen/package/build.ts')).href;
  const program = `(await import(${JSON.stringify(builder)})).buildModules(${JSON.stringify(out)});`;
  execFileSync(process.execPath, ['--input-type=module', '--eval', program]);
  writeFileSync(join(out, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(ROOT, 'node_modules'), join(out, 'node_modules'));
  return join(out, 'api.js');
}

/** Milliseconds in a fresh process from importing the package to the first answer over 1M rows. */
function firstAnswer(context: BenchContext): Running {
  const rows = context.size(1_000_000, 3000);
  fillSqlItems(context.directory, rows, itemNames(), sqlOptions(context)).database.close();
  const entry = context.small ? join(ROOT, 'engine/api/api.ts') : buildProduct(context.directory);
  const program = `const start = performance.now();
const { open } = await import(${JSON.stringify(pathToFileURL(entry).href)});
const db = open(${JSON.stringify(join(context.directory, 'sql'))});
const row = db.prepare('select id, name from item where id = $1').get(7);
if (row.id !== 7) throw new Error('wrong row');
console.log(performance.now() - start);
db.close();`;
  context.digest(rows);
  return {
    ours: () => Number(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })),
    peer: limitOf(150),
    teardown: () => rmSync(join(context.directory, 'built'), { recursive: true, force: true }),
  };
}

export const startMeasures: readonly Measure[] = [
  {
    name: 'new statement, cold to first row',
    unit: 'us',
    better: 'lower',
    peerName: 'limit',
    bar: 1,
    aim: 2.5,
    setup: coldStatement,
  },
  {
    name: 'open and first answer in a fresh process',
    unit: 'ms',
    better: 'lower',
    peerName: 'limit',
    bar: 1,
    aim: 2.14,
    setup: firstAnswer,
  },
];
