/** The sample shop: about 200,000 rows in four tables, and three queries that show what plans look like. */

import type { Database } from '../api/api.ts';

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

/** Makes the tables and fills them; `progress` is told how many of how many rows there are. */
export function fillShop(database: Database, progress: (done: number, of: number) => void): void {
  const of = CUSTOMERS + ITEMS + ORDERS + LINES;
  const random = generator();
  let done = 0;
  database.exec(SCHEMA);
  const fill = (count: number, sql: string, row: (n: number) => unknown[]): void => {
    const insert = database.prepare(sql);
    const batch = database.transaction((from: number, to: number) => {
      for (let n = from; n < to; n++) insert.run(...row(n));
    });
    for (let from = 1; from <= count; from += BATCH) {
      const to = Math.min(from + BATCH, count + 1);
      batch(from, to);
      done += to - from;
      progress(done, of);
    }
  };
  const start = Date.UTC(2024, 0, 1);
  fill(CUSTOMERS, 'insert into customer values ($1, $2, $3, $4)', (n) => [
    n,
    `Customer ${n}`,
    CITIES[random(CITIES.length)],
    new Date(start + random(700) * 86_400_000),
  ]);
  fill(ITEMS, 'insert into item values ($1, $2, $3, $4)', (n) => [
    n,
    `${FINISHES[random(FINISHES.length)]} ${WORDS[random(WORDS.length)]} ${n}`,
    ((1 + random(9999)) / 100).toFixed(2),
    random(1000),
  ]);
  fill(ORDERS, 'insert into orders values ($1, $2, $3, $4)', (n) => [
    n,
    1 + random(CUSTOMERS),
    new Date(start + n * 900_000 + random(900_000)),
    STATES[random(STATES.length)],
  ]);
  fill(LINES, 'insert into order_line values ($1, $2, $3, $4)', (n) => [
    1 + Math.floor((n - 1) / 2),
    1 + ((n - 1) % 2),
    1 + random(ITEMS),
    1 + random(9),
  ]);
  database.exec('analyze');
}
