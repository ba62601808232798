/** EXPLAIN ANALYZE: what each node has counted, as text, JSON, DOT and SVG. */
import { match, ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { type Database, open } from './api.ts';

interface Plan {
  readonly 'Node Type': string;
  readonly Role?: string;
  readonly 'Actual Startup Time': number;
  readonly 'Actual Total Time': number;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly 'Peak Memory Usage'?: number;
  readonly 'Disk Usage'?: number;
  readonly Plans?: readonly Plan[];
}

const ROWS = 20_000;
const QUERY = 'select b.c, count(*) from a join b on a.b = b.id group by b.c order by 2, 1';

function filled(): Database {
  const db = open(':memory:', { pool: 0, analyzeEvery: 0 });
  db.exec('create table b (id int primary key, c text); create table a (id int primary key, b int, t text)');
  db.exec("insert into b select g, 'c' || g % 9 from generate_series(1, 500) g");
  db.exec(`insert into a select g, g % 500 + 1, repeat('x', 30) || g from generate_series(1, ${ROWS}) g; analyze a; analyze b`);
  return db;
}

const planOf = (db: Database, sql: string): Plan => JSON.parse(db.explain(sql, { analyze: true, format: 'json' }))[0].Plan;
const all = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(all)];
const one = (plan: Plan, name: string): Plan => {
  const found = all(plan).find((node) => node['Node Type'] === name);
  ok(found !== undefined, `there is a ${name}`);
  return found;
};

test('each node has its rows, loops, time, pages and memory', () => {
  using db = filled();
  const plan = planOf(db, QUERY);
  strictEqual(one(plan, 'Sort')['Actual Rows'], 9);
  const probe = one(plan, 'HashProbe');
  strictEqual(probe['Actual Rows'], ROWS);
  ok((probe['Peak Memory Usage'] ?? 0) > 0 && probe['Disk Usage'] === 0);
  ok((one(plan, 'HashAggregate')['Peak Memory Usage'] ?? 0) > 0);
  const scans = all(plan).filter((node) => node['Node Type'] === 'PageScan');
  strictEqual(scans.length, 2);
  for (const scan of scans) ok(scan['Shared Hit Blocks'] + scan['Shared Read Blocks'] > 0);
  for (const node of all(plan)) {
    strictEqual(node['Actual Loops'], 1);
    ok(node['Actual Total Time'] >= node['Actual Startup Time']);
    // What runs before a node, and with it, is part of its time.
    for (const input of node.Plans ?? []) ok(node['Actual Total Time'] >= input['Actual Total Time']);
  }
  ok(probe['Shared Hit Blocks'] >= Math.max(...scans.map((scan) => scan['Shared Hit Blocks'])));
});

test('what goes to files is told, and what runs again and again, and what does not run', () => {
  using db = filled();
  db.exec('set work_mem = 64');
  const sort = one(planOf(db, 'select id, t from a order by t'), 'Sort');
  ok((sort['Disk Usage'] ?? 0) > 100, `the sort has used files: ${sort['Disk Usage']} kB`);
  const join = one(planOf(db, 'select count(*) from a x join a y on x.t = y.t'), 'HashProbe');
  ok((join['Disk Usage'] ?? 0) > 100, `the join has used files: ${join['Disk Usage']} kB`);
  const lines = db.explain('select id, (select c from b where b.id = a.b and a.id > 0 limit 1) from a where id <= 40', {
    analyze: true,
  });
  match(lines, /SubPlan 1: .*rows=1 loops=40\)/);
  match(lines, /Buffers: shared hit=\d+/);
  const never = db.explain('select * from (select id from b where c < $$a$$) x join a on a.id = x.id', { analyze: true });
  match(never, /never executed|rows=0 loops=1/);
});

test('pictures show it, too', () => {
  using db = filled();
  match(db.explain(QUERY, { analyze: true, format: 'dot' }), /HashProbe.*ms, loops 1, pages \d+/s);
  match(db.explain(QUERY, { analyze: true, format: 'svg' }), /ms, loops 1, pages \d+.*<\/svg>$/s);
});
