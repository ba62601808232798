/** The sample shop: about 200,000 rows in four tables, and three queries that show what plans look like. */

import type { Target } from './target.ts';

const CUSTOMERS = 20_000;
const ITEMS = 5_000;
const ORDERS = 60_000;
const LINES = 115_000;
const BATCH = 5_000;

const SCHEMA = `
create table customer (id integer primary key, name text not null, city text not null, since date not null);
create table item (id integer primary key, name varchar(40) not null, price numeric(10,2) not null check (price > 0), stock integer not null);
create table orders (id bigint primary key, customer integer not null, placed timestamptz not null, status text not null default 'open');
create table order_line (order_id bigint not null, line smallint not null, item integer not null, quantity integer not null, primary key (order_id, line));
create index orders_customer on orders (customer, placed desc);
create index customer_city on customer (city);
create unique index item_lower_name on item (lower(name));
`;

const CITIES = ['Bern', 'Lyon', 'Porto', 'Ghent', 'Turin', 'Graz', 'Malmö', 'Galway', 'Tartu', 'Brno'];
const WORDS = ['nut', 'bolt', 'washer', 'hinge', 'bracket', 'screw', 'spring', 'gear', 'valve', 'hook'];
const FINISHES = ['brass', 'steel', 'zinc', 'copper', 'black', 'plain'];
const STATES = ['open', 'paid', 'sent', 'sent', 'sent'];

export interface ShownQuery {
  readonly title: string;
  readonly sql: string;
}

export const SHOWN_QUERIES: readonly ShownQuery[] = [
  { title: 'One order by its key', sql: 'select id, customer, placed, status from orders where id = 4711' },
  {
    title: 'The last five orders of a customer, in the order of an index',
    sql: 'select id, placed, status from orders where customer = 42 order by placed desc limit 5',
  },
  {
    title: 'Orders by status, over all of them',
    sql: 'select status, count(*) as orders, min(placed) as first, max(placed) as last from orders group by status order by orders desc',
  },
];

/** A small generator that gives the same shop every time. */
function generator(): (below: number) => number {
  let state = 20_261_121;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Makes the tables and fills them; `progress` is told how many of how many rows there are. Answers how many. */
export async function fillShop(target: Target, progress: (done: number, of: number) => void): Promise<number> {
  const of = CUSTOMERS + ITEMS + ORDERS + LINES;
  const random = generator();
  let done = 0;
  for (const text of SCHEMA.split(';').filter((one) => one.trim() !== '')) await target.run(text);
  const fill = async (table: string, count: number, row: (n: number) => readonly unknown[]): Promise<void> => {
    function* pieces(): Generator<Buffer> {
      for (let from = 1; from <= count; from += BATCH) {
        const to = Math.min(from + BATCH, count + 1);
        let text = '';
        for (let n = from; n < to; n++) text += `${row(n).join('\t')}\n`;
        yield Buffer.from(text);
        done += to - from;
        progress(done, of);
      }
    }
    await target.copyIn(`copy ${table} from stdin`, pieces());
  };
  const start = Date.UTC(2024, 0, 1);
  await fill('customer', CUSTOMERS, (n) => [
    n,
    `Customer ${n}`,
    CITIES[random(CITIES.length)],
    new Date(start + random(700) * 86_400_000).toISOString().slice(0, 10),
  ]);
  await fill('item', ITEMS, (n) => [
    n,
    `${FINISHES[random(FINISHES.length)]} ${WORDS[random(WORDS.length)]} ${n}`,
    ((1 + random(9999)) / 100).toFixed(2),
    random(1000),
  ]);
  await fill('orders', ORDERS, (n) => [
    n,
    1 + random(CUSTOMERS),
    new Date(start + n * 900_000 + random(900_000)).toISOString(),
    STATES[random(STATES.length)],
  ]);
  await fill('order_line', LINES, (n) => [1 + Math.floor((n - 1) / 2), 1 + ((n - 1) % 2), 1 + random(ITEMS), 1 + random(9)]);
  await target.run('analyze');
  return done;
}
