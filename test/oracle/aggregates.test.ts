import { test } from 'node:test';
import { threeWays } from './three-ways.ts';

/** Ordinary rows beside the odd ones. */
const PLAIN = `insert into t (id, a, b, s, v, c, n, p, f, r, i, k, d, ts, iv)
  select g, g % 5, g * 10, 'w' || (g % 3), 'v' || (g % 4), 'c' || (g % 2), (g % 6) / 4.0, g * 1.25, g / 8.0, g / 4.0, g % 4, g % 3 = 0,
    date '2020-01-01' + g % 7, timestamp '2020-01-01' + g * interval '1 hour', g * interval '1 day 02:00' from generate_series(10, 29) g`;

const { answers, compare } = threeWays(PLAIN);

const NUMBERS = ['a', 'b', 'n', 'p', 'f', 'r', 'i'];
const COMPARED = ['a', 'b', 's', 'v', 'c', 'n', 'p', 'f', 'r', 'i', 'd', 'ts', 'tz', 'iv'];
const CALLS: readonly string[] = [
  ...['sum', 'avg', 'stddev', 'stddev_pop', 'stddev_samp', 'variance', 'var_pop', 'var_samp'].flatMap((name) =>
    NUMBERS.flatMap((column) => [`${name}(${column})`, `${name}(distinct ${column})`]),
  ),
  ...['min', 'max'].flatMap((name) => COMPARED.map((column) => `${name}(${column})`)),
  ...['count(*)', 'count(a)', 'count(distinct s)', 'count(distinct n)', 'count(distinct c)', 'sum(iv)', 'avg(iv)'],
  ...['bool_and(k)', 'bool_or(k)', 'every(k)', 'bit_and(i)', 'bit_or(a)', 'bit_xor(b)', 'bit_and(distinct a)'],
  ...['corr', 'covar_pop', 'covar_samp', 'regr_avgx', 'regr_avgy', 'regr_count', 'regr_intercept', 'regr_r2', 'regr_slope']
    .concat(['regr_sxx', 'regr_sxy', 'regr_syy'])
    .map((name) => `${name}(f, r)`),
  ...["string_agg(s, ',' order by id)", "string_agg(s, ', ' order by s desc, id)", "string_agg(distinct s, ',')"],
  ...["string_agg(distinct s, ',' order by s desc)", 'string_agg(s, v order by id)', "string_agg(y, '\\x00' order by id)"],
  ...["string_agg(distinct v, ',')", "string_agg(a::text, '' order by a nulls first, id)"],
  ...['json_agg(s order by id)', 'json_agg(n order by id desc)', 'json_agg(distinct a)', 'json_agg(k order by id)'],
  ...['jsonb_agg(s order by id)', 'jsonb_agg(distinct p)', 'jsonb_agg(j order by id)', 'json_agg(d order by id)'],
  ...['json_object_agg(id, s order by id)', 'jsonb_object_agg(id, n order by id)', "json_object_agg('k' || id, ts order by id)"],
  ...['jsonb_object_agg(i, a order by id) filter (where i is not null)', 'json_object_agg(s, 1)', 'jsonb_object_agg(v, 1)'],
  ...['percentile_cont(0.5) within group (order by f)', 'percentile_cont(0.25) within group (order by a)'],
  ...['percentile_cont(0.9) within group (order by n desc)', 'percentile_cont(0.3) within group (order by iv)'],
  ...['percentile_cont(0) within group (order by r)', 'percentile_cont(null) within group (order by f)'],
  ...COMPARED.flatMap((column) => [
    `percentile_disc(0.5) within group (order by ${column})`,
    `percentile_disc(0.8) within group (order by ${column} desc)`,
    `mode() within group (order by ${column})`,
    `mode() within group (order by ${column} desc)`,
  ]),
  ...['rank', 'dense_rank', 'percent_rank', 'cume_dist'].flatMap((name) => [
    `${name}(3) within group (order by a)`,
    `${name}(3) within group (order by a desc)`,
    `${name}(null) within group (order by a)`,
    `${name}(null) within group (order by a nulls first)`,
    `${name}('w1', 2) within group (order by s, a desc)`,
    `${name}(2.5) within group (order by a)`,
    `${name}('w1') within group (order by s nulls first)`,
  ]),
];

/** Several calls a statement; where one of them fails, one by one. */
async function compareCalls(calls: readonly string[], select: (list: readonly string[]) => string): Promise<void> {
  for (let from = 0; from < calls.length; from += 12) {
    const some = calls.slice(from, from + 12);
    const text = select(some.map((call) => `(${call})::text`));
    const { theirs, oracle, ours } = await answers(text);
    if (oracle !== theirs || ours !== theirs || !theirs.startsWith('['))
      await compare(some.map((call) => select([`(${call})::text`])));
  }
}

test('aggregates over all rows, ordinary rows, one row and none', async () => {
  for (const where of ['id >= 10', 'true', 'id = 1', 'id = 2', 'false'])
    await compareCalls(CALLS, (list) => `select ${list.join(', ')} from t where ${where}`);
});

test('aggregates by group, with FILTER', async () => {
  const plain = CALLS.filter((call) => !/filter/.test(call));
  await compareCalls(plain, (list) => `select s, ${list.join(', ')} from t where id >= 10 group by s order by s`);
  await compareCalls(
    plain.map((call) => `${call} filter (where id % 2 = 0)`),
    (list) => `select k::text, ${list.join(', ')} from t where id > 4 group by k order by k`,
  );
});

test('aggregates that are refused', () =>
  compare([
    'select percentile_cont(1.5) within group (order by f) from t',
    'select percentile_disc(-0.1) within group (order by a) from t',
    'select percentile_cont(0.5) from t',
    'select mode() from t',
    'select mode(a) from t',
    'select mode(a) within group (order by a) from t',
    'select sum(a) within group (order by a) from t',
    'select abs(a) within group (order by a) from t',
    'select nothing(a) within group (order by a) from t',
    'select percentile_cont(0.5) within group (order by a, b) from t',
    'select percentile_cont(0.5) within group (order by s) from t',
    'select percentile_cont(a) within group (order by b) from t',
    'select (percentile_cont(a / 10.0) within group (order by b))::text from t where a < 10 group by a order by 1',
    'select percentile_cont(0.5) within group (order by a) over () from t',
    'select rank(1) within group (order by a, b) from t',
    'select rank(1) within group (order by s) from t',
    "select rank('x') within group (order by a) from t",
    'select rank(1) from t',
    'select percentile_cont(sum(a)) within group (order by b) from t',
    'select sum(percentile_disc(0.5) within group (order by b)) from t',
    'select id from t where mode() within group (order by a) = 1',
    'select mode() within group (order by j)::text from t where id = 1',
    'select string_agg(distinct s, v order by v desc)::text from t where id = 1',
    "select string_agg(distinct s, ',' order by id) from t",
    'select string_agg(s) from t',
    'select json_agg(distinct j)::text from t where id = 1',
  ]));
