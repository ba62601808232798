import { deepStrictEqual, match, ok, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { answerOf, nodesOf, plannedAnswer, planOf } from '../../../test/oracle/planned.ts';
import { bindText, OracleDatabase } from '../../../test/oracle/postgresql.ts';
import { table, tableColumn, uniqueIndex } from '../bind/catalog-fixture.ts';
import type { CatalogIndex, CatalogTable, ColumnStatistics } from '../../catalog/objects.ts';
import type { PhysicalNode, PhysicalQuery } from '../physical.ts';
import { inputsOf } from '../physical-tree.ts';
import { sqlType } from '../../sblr/types.ts';

const int4 = sqlType('int4');

const statistics = (attribute: number, distinct: number, more: Partial<ColumnStatistics> = {}): ColumnStatistics => ({
  ...{ attribute, nullFraction: 0, distinct, averageBytes: 4, common: [], histogram: [], correlation: 0 },
  ...more,
});

/** A table of int4 columns; the distinct values of each. `keys`: unique indexes; `others`: plain ones. */
function counted(
  id: number,
  name: string,
  rows: number,
  columns: { readonly [name: string]: number | ColumnStatistics },
  keys: readonly string[][] = [],
  others: readonly string[][] = [],
): CatalogTable {
  const names = Object.keys(columns);
  const numbers = (key: readonly string[]): number[] => key.map((one) => names.indexOf(one) + 1);
  const unique = keys.map((key, index) => uniqueIndex(id * 10 + index, `${name}_${key.join('_')}`, numbers(key)));
  const plain = others.map(
    (key, index): CatalogIndex => ({
      ...uniqueIndex(id * 10 + 5 + index, `${name}_${key.join('_')}`, numbers(key)),
      unique: false,
      constraint: null,
    }),
  );
  const made = table(
    id,
    name,
    names.map((one, index) => tableColumn(index + 1, one, int4, { notNull: keys.some((key) => key.includes(one)) })),
    [...unique, ...plain],
  );
  const values = Object.values(columns).map((one, index) =>
    typeof one === 'number' ? statistics(index + 1, one) : { ...one, attribute: index + 1 },
  );
  return { ...made, statistics: { rows, pages: Math.ceil(rows / 100), columns: values } };
}

const common = (values: readonly [number, number][], distinct: number): ColumnStatistics =>
  statistics(1, distinct, { common: values.map(([value, fraction]) => ({ value, fraction })) });

const SALE = counted(100, 'sale', 1_000_000, { id: -1, shop: 1000, item: 20_000, day: 365, amount: 5000 }, [['id']], [['item']]);
const SHOP = counted(101, 'shop', 1000, { id: -1, city: 50, kind: 4 }, [['id']]);
const ITEM = counted(102, 'item', 20_000, { id: -1, maker: 200, kind: 10 }, [['id']]);
const MAKER = counted(103, 'maker', 200, { id: -1, land: 20 }, [['id']]);
const STOCK = counted(104, 'stock', 500_000, { shop: 1000, item: 20_000, count: 100 }, [['shop', 'item']]);
const SKEWED = counted(105, 'skewed', 100_000, { a: common([[1, 0.5]], 1000), b: common([[1, 0.4]], 1000) });
const TABLES = [SALE, SHOP, ITEM, MAKER, STOCK, SKEWED];

const database = new OracleDatabase();
for (const one of TABLES) database.addTable(one);

const planned = (text: string): PhysicalQuery => planOf(bindText(text, TABLES), TABLES, database);

const shapeOf = (node: PhysicalNode): string => {
  const name = 'kind' in node ? `${node.node} ${node.kind}` : node.node;
  const what = 'alias' in node ? ` ${node.alias}` : node.node === 'IndexJoin' ? ` ${node.inner.alias}` : '';
  const below = inputsOf(node).map(shapeOf);
  return `${name}${what}${below.length === 0 ? '' : `(${below.join(', ')})`}`;
};
const shape = (text: string): string => shapeOf(planned(text).root);

/** Rows that the plan expects of the topmost join. */
function joinRows(text: string): number {
  const join = nodesOf(planned(text)).find((node) => 'kind' in node && node.node !== 'HashSetOp');
  return join?.estimate.rows ?? 0;
}

const near = (actual: number, expected: number, factor = 1.05): void =>
  ok(actual > expected / factor && actual < expected * factor, `${actual} is not near ${expected}`);

test('each row of the many finds one row of a key: the join has as many rows as the many', () => {
  near(joinRows('select * from sale s join shop h on s.shop = h.id'), 1_000_000);
  near(
    joinRows('select * from sale s join shop h on s.shop = h.id join item i on s.item = i.id join maker m on i.maker = m.id'),
    1_000_000,
  );
});

test('a condition on the one side leaves its fraction of the many', () => {
  near(joinRows('select * from sale s join shop h on s.shop = h.id where h.city = 7'), 1_000_000 / 50);
});

test('a key of two columns is found once by both, not by each for itself', () => {
  near(
    joinRows('select * from sale s join stock k on s.shop = k.shop and s.item = k.item'),
    1_000_000 * (1_000_000 / 1_000_000) * 1,
    2.1,
  );
});

test('values that are common on both sides meet as often as they come', () => {
  const rows = joinRows('select * from skewed s join skewed t on s.a = t.b');
  ok(rows > 100_000 * 100_000 * 0.2, `${rows} rows: half of the one side has the value of 40 % of the other`);
});

test('estimates are at least a row, whatever the conditions', () => {
  const text = `select * from sale s, shop h, item i where s.shop = h.id and s.item = i.id and h.city = 1 and h.kind = 2 and i.kind = 3
    and i.maker = 4 and s.day = 5 and s.amount = 6 and s.id = 7`;
  for (const { estimate } of nodesOf(planned(text))) ok(estimate.rows >= 1 && Number.isFinite(estimate.cost));
});

test('the small sides are collected, the large one streams', () => {
  strictEqual(
    shape('select count(*) from shop h, sale s where s.shop = h.id'),
    'HashAggregate(HashProbe inner(PageScan s, PageScan h))',
  );
});

test('few rows that an index finds are looked up, not scanned', () => {
  const text = 'select s.amount from item i, sale s where s.item = i.id and i.id = 5';
  match(shape(text), /IndexRange s|IndexJoin inner s/);
});

test('no product of two tables where conditions join them over a third', () => {
  for (const list of ['shop h, item i, sale s', 'item i, maker m, shop h, sale s']) {
    const joined = list.includes('maker') ? ' and i.maker = m.id' : '';
    const plan = planned(`select * from ${list} where s.shop = h.id and s.item = i.id${joined}`);
    strictEqual(nodesOf(plan).filter(({ node }) => node === 'LoopJoin').length, 0);
  }
});

test('what follows from equalities joins as well: a.x = b.x and b.x = c.x', () => {
  const plan = planned(
    'select * from sale s, stock k, shop h where s.shop = h.id and k.shop = h.id and h.kind = 1 and s.item = 3 and k.item = 4',
  );
  strictEqual(nodesOf(plan).filter(({ node }) => node === 'LoopJoin').length, 0);
});

test('a constant goes to every column that equals the one it is compared with', () => {
  const plan = planned('select * from sale s, shop h where s.shop = h.id and h.id = 3');
  const [scan] = nodesOf(plan).filter((node) => node.node === 'PageScan' && node.alias === 's');
  ok(scan !== undefined && 'filter' in scan && scan.filter !== null);
});

test('an outer join whose missing rows a condition throws out is an inner one', () => {
  match(shape('select * from sale s left join shop h on s.shop = h.id where h.city = 3'), /^HashProbe inner/);
  match(shape('select * from sale s left join shop h on s.shop = h.id where coalesce(h.city, 3) = 3'), /HashProbe (left|right)/);
  match(shape('select * from sale s full join shop h on s.shop = h.id where h.city = 3'), /HashProbe (right|left)/);
});

test('EXISTS and IN are semi joins, NOT EXISTS an anti join, NOT IN over NULLs minds them', () => {
  match(
    shape('select * from shop h where exists (select 1 from sale s where s.shop = h.id)'),
    /HashProbe semi\(PageScan h, PageScan s\)/,
  );
  match(shape('select * from shop h where h.id in (select s.shop from sale s)'), /HashProbe semi/);
  match(shape('select * from shop h where not exists (select 1 from sale s where s.shop = h.id)'), /HashProbe anti/);
  match(shape('select * from shop h where h.id not in (select s.shop from sale s)'), /Filter\(HashProbe mark/);
  match(shape('select * from shop h where h.id not in (select i.id from item i)'), /^(HashProbe|IndexJoin) anti/);
  match(shape('select * from shop h where h.kind = 1 or h.id in (select s.shop from sale s)'), /Filter\(HashProbe mark/);
});

test('a correlated aggregate is grouped where many rows ask for it, and run where few do', () => {
  const text = (where: string): string =>
    `select i.id, (select sum(s.amount) from sale s where s.item = i.id) from item i${where}`;
  match(shape(text('')), /HashProbe (left|right)/);
  match(shape(text(' where i.id = 5')), /ApplyMemo left|IndexPoint/);
});

test('LATERAL that agrees by equalities is a join', () => {
  const one = 'select * from shop h, lateral (select s.amount from sale s where s.shop = h.id and s.day = 1) l';
  match(shape(one), /HashProbe inner/);
  const sum = 'select * from shop h, lateral (select sum(s.amount) as total from sale s where s.shop = h.id) l';
  match(shape(sum), /HashProbe (left|right)/);
  const few = 'select * from shop h, lateral (select s.amount from sale s where s.shop = h.id order by s.id limit 3) l';
  match(shape(few), /ApplyMemo inner/);
});

test('a WITH that is read twice is collected once, one that is read once stands in its place', () => {
  const twice = planned(
    'with w as (select shop, count(*) as n from sale group by shop) select * from w a, w b where a.n = b.shop',
  );
  strictEqual(twice.spools?.length, 1);
  const once = planned('with w as (select shop, count(*) as n from sale group by shop) select * from w where n > 5');
  strictEqual(once.spools, undefined);
});

test('what may fail by a row stays above the join that guards it', () => {
  const plan = planned('select * from sale s join shop h on s.shop = h.id where 10 / s.amount > 1 and s.day = 3');
  strictEqual(plan.root.node, 'Filter');
  const [scan] = nodesOf(plan).filter((node) => node.node === 'PageScan' && node.alias === 's');
  ok('filter' in scan && scan.filter?.op === 'call', 'the other condition goes to the table');
});

test('a condition on a grouping key goes below the grouping', () => {
  match(
    shape('select * from (select shop, count(*) from sale group by shop) g where shop = 3'),
    /HashAggregate\(PageScan sale\)/,
  );
});

test('what every operand of an OR says joins', () => {
  const text = `select count(*) from sale s, shop h where (s.shop = h.id and h.kind = 1 and s.day = 2) or (s.shop = h.id and h.kind = 2 and s.day = 3)`;
  match(shape(text), /HashProbe inner/);
});

test('more members than dynamic programming takes are joined in time, and without products', () => {
  const count = 40;
  const from = Array.from({ length: count }, (_, index) => `${index % 2 === 0 ? 'shop' : 'item'} t${index}`).join(', ');
  const conditions = Array.from({ length: count - 1 }, (_, index) => `t${index}.kind = t${index + 1}.id`).join(' and ');
  const module = bindText(`select count(*) from ${from} where ${conditions}`, TABLES);
  const plan = planOf(module, TABLES, database);
  strictEqual(nodesOf(plan).filter(({ node }) => node === 'LoopJoin').length, 0);
});

test('four tables are planned in a millisecond, twelve that all join in fifty', () => {
  const timeOf = (count: number, rounds: number): number => {
    const from = Array.from({ length: count }, (_, index) => `${index % 2 === 0 ? 'shop' : 'item'} t${index}`).join(', ');
    const conditions = Array.from({ length: count - 1 }, (_, index) => `t${index}.kind = t${index + 1}.kind`).join(' and ');
    const module = bindText(`select count(*) from ${from} where ${conditions}`, TABLES);
    const times = Array.from({ length: rounds }, () => {
      // Of the processor, for others may be at work beside the test.
      const start = process.cpuUsage();
      planOf(module, TABLES, database);
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    });
    return Math.min(...times);
  };
  const [four, twelve] = [timeOf(4, 200), timeOf(12, 20)];
  ok(four < 1, `4 tables in ${four} ms`);
  ok(twelve < 50, `12 tables in ${twelve} ms`);
});

test('few rows in the order of an index: one table is read in it, the others are looked up', () => {
  const text = 'select s.amount, h.city from sale s join shop h on s.shop = h.id order by s.id desc';
  match(shape(`${text} limit 10`), /LimitCount\((Compute\()?IndexJoin inner h\(IndexRange s\)/);
  match(shape(text), /Sort\(/);
  match(shape('select s.amount from sale s join shop h on s.shop = h.id order by h.city limit 10'), /TopN\(/);
  match(shape('select s.amount from sale s join shop h on s.shop = h.id limit 10'), /IndexJoin inner h\(PageScan s\)/);
});

test('NOT IN over NULLs, empty groups of a count: as planned and as written', () => {
  const filled = new OracleDatabase();
  const small = [counted(110, 'a', 3, { x: 3, y: 2 }), counted(111, 'b', 3, { x: 3, y: 2 })];
  filled.addTable(small[0], [
    [1, 1],
    [2, null],
    [null, 3],
  ]);
  filled.addTable(small[1], [
    [1, 5],
    [null, 6],
  ]);
  for (const text of [
    'select * from a where x not in (select x from b)',
    'select * from a where x not in (select x from b where x is not null)',
    'select * from a where x not in (select x from b where b.y = a.y)',
    'select x, (select count(*) from b where b.x = a.x) from a',
    'select x, (select count(*) + coalesce(max(y), 7) from b where b.x = a.x) from a',
    'select x from a where (select count(*) from b where b.x = a.x) = 0',
    'select x from a where 1 > (select count(b.y) from b where b.x = a.x)',
  ]) {
    const module = bindText(text, small);
    const plan = planOf(module, small, filled);
    deepStrictEqual(plannedAnswer(filled, module, plan, small, false), answerOf(filled, module, false), text);
  }
});
