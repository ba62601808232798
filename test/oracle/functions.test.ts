import { test } from 'node:test';
import { ROWS_T } from './tables.ts';
import { threeWays } from './three-ways.ts';

const MORE = ROWS_T.replaceAll(/\((\d), /g, (_, id) => `(${Number(id) + 4}, `);

const { compare } = threeWays(MORE);

const SERIES: readonly string[] = [
  'generate_series(1, 5)',
  'generate_series(5, 1)',
  'generate_series(5, 1, -2)',
  'generate_series(1, 10, 3)',
  'generate_series(2147483645, 2147483647)',
  'generate_series(-2147483646, -2147483648, -1)',
  'generate_series(9223372036854775805, 9223372036854775807)',
  'generate_series(-9223372036854775806, -9223372036854775808, -1)',
  'generate_series(9223372036854775806, 9223372036854775807, 9223372036854775807)',
  'generate_series(1::bigint, 3)',
  'generate_series(1.5, 4, 0.75)',
  'generate_series(1, 2.0)',
  'generate_series(1.10, 1, -0.05)',
  "generate_series(timestamp '2020-01-31', '2020-06-01', '1 month')",
  "generate_series(timestamp '2020-01-01', '2019-12-30', '-12 hours')",
  "generate_series(timestamptz '2020-01-01 00:00+00', '2020-01-03', '1 day 01:00')",
  "generate_series(date '2020-02-27', date '2020-03-02', '1 day')",
  'generate_series(null, 5)',
  'generate_series(1, 5, null)',
  'generate_series(1, 5, 0)',
  "generate_series(1, 'NaN'::numeric)",
  "generate_series(1, 'infinity'::numeric)",
  'generate_series(1, 2, 0.0)',
  "generate_series(timestamp '2020-01-01', '2020-01-02', '0')",
  "generate_series(timestamp '2020-01-01', '2020-01-02', '1 day -24 hours')",
  "generate_series('2020-01-01'::text, 'x', '1 day')",
  'generate_series(1)',
];

test('generate_series gives what PostgreSQL gives, and its errors', () =>
  compare(SERIES.map((call) => `select x::text from ${call} as g(x)`)));

test('functions in FROM: names, ordinality, lateral arguments, functions of one value', () =>
  compare([
    'select generate_series::text from generate_series(1, 2)',
    'select g::text from generate_series(1, 2) g',
    'select g.g::text, x.x::text from generate_series(1, 2) g, generate_series(1, g) as x order by 1, 2',
    'select x::text, o::text from generate_series(5, 7) with ordinality as g(x, o)',
    'select g::text, ordinality::text from generate_series(5, 7) with ordinality g',
    'select a::text, g::text from t, generate_series(1, id) g where id < 4 order by id, g',
    'select id::text, g::text from t left join generate_series(1, t.id - 2) g on true where id < 5 order by id, g',
    'select id::text, g::text from t left join lateral generate_series(1, id) g on g = 2 where id < 3 order by id, g',
    'select * from (select x::text from generate_series(1, 3) x) s order by 1',
    'select abs::text from abs(-3)',
    "select x::text, o::text from upper('ab') with ordinality as u(x, o)",
    'select id::text, u from t, lower(s) u where id = 4',
    'select g::text from generate_series(1, (select 3)) g',
    'select count(*)::text, sum(g)::text from generate_series(1, 1000) g',
    'select g::text from t right join generate_series(1, t.id) g on true',
    'select x from generate_series(1, 2) as g(x, y)',
    'select x from generate_series(1, 2) as g(x int)',
    'select x from nothing(1, 2) as g(x)',
    'select count(*) from sum(1) g',
    'select id from t where generate_series(1, 2) = 1',
    'select id from t, generate_series(1, id) id',
  ]));

test('functions that take texts and JSON apart', () =>
  compare([
    "select x from string_to_table('a,b,,c', ',') x",
    "select x from string_to_table('a,b,,c', ',', '') x",
    "select x from string_to_table('aé😀', null) x",
    "select x from string_to_table('abc', '') x",
    "select x from string_to_table('', ',') x",
    "select x from string_to_table(null, ',') x",
    "select x from regexp_split_to_table('the quick  brown', '\\s+') x",
    "select x from regexp_split_to_table('abc', '') x",
    "select x from regexp_split_to_table('aXbxc', 'x', 'i') x",
    "select x from regexp_split_to_table('aXbxc', 'x', 'g') x",
    "select x from regexp_split_to_table(',a,', ',') x",
    "select x from regexp_split_to_table('', ',') x",
    'select x::text from json_array_elements(\'[1, {"a": [2]}, "x", null]\') x',
    'select x from json_array_elements_text(\'[1, {"a": [2]}, "x\\u00e9", null, true]\') x',
    'select x::text, o::text from jsonb_array_elements(\'[1, {"b":1,"a": [2]}, "x", null]\') with ordinality as g(x, o)',
    'select x from jsonb_array_elements_text(\'[1.50, {"a": [2]}, "x", null]\') x',
    'select x from json_object_keys(\'{"b": 1, "a": 2, "b": 3}\') x',
    'select x from jsonb_object_keys(\'{"bb": 1, "a": 2, "bb": 3}\') x',
    "select x from json_array_elements('{}') x",
    "select x from json_array_elements('1') x",
    "select x from jsonb_array_elements('{}') x",
    "select x from jsonb_array_elements_text('1') x",
    "select x from json_object_keys('[]') x",
    "select x from jsonb_object_keys('1') x",
    'select t.id::text, e::text from (select * from t where id = 3) t, jsonb_array_elements(t.j) e order by 2',
    'select t.id::text, jsonb_object_keys(t.j) from t where t.id = 1 order by 2',
  ]));

test('functions that give rows in the list of SELECT', () =>
  compare([
    'select generate_series(1, 3)::text',
    'select generate_series(1, 2)::text, generate_series(1, 4)::text',
    'select generate_series(1, 3)::text, generate_series(1, 2)::text, generate_series(5, 8)::text order by 3',
    'select id::text, generate_series(1, id)::text from t where id < 4 order by id, generate_series(1, id)',
    'select id::text, generate_series(1, id)::text as x, generate_series(1, 2)::text from t where id < 4 order by id, x, 3',
    'select (generate_series(1, 3) + 1)::text as x order by x desc limit 2',
    'select distinct (generate_series(1, 6) % 3)::text as x order by x',
    'select k::text, generate_series(1, count(*))::text as x from t group by k order by k, x',
    'select (count(*) over ())::text, generate_series(1, 2)::text from t where id < 3',
    'select generate_series(1, 2)::text from t where false',
    'select (select generate_series(3, 3))::text',
    'select case when true then generate_series(1, 2) end',
    'select coalesce(generate_series(1, 2), 1)',
    'select sum(generate_series(1, 2))',
    'select 1 limit generate_series(1, 2)',
    'select generate_series(1, 2) from t for update',
    'select id from t order by id fetch first 1 row with ties for update skip locked',
    'select rank() over () from t for update',
  ]));

test('FETCH FIRST ... WITH TIES', () =>
  compare([
    'select k::text from t order by k fetch first 1 row with ties',
    'select a::text from t order by a desc nulls last fetch first 3 rows with ties',
    'select a::text from t order by a offset 1 fetch next 2 rows with ties',
    'select s from t order by s nulls first fetch first 1 row with ties',
    'select count(*)::text from (select id from t order by k, a fetch first row with ties) x',
    'select count(*)::text from t group by k order by 1 fetch first row with ties',
    'select id::text from t order by id fetch first null rows with ties',
    'select distinct a::text from t order by a::text fetch first 2 rows with ties',
    'select id::text from t order by id fetch first 100 rows with ties',
    'select id::text from t order by id fetch first 0 rows with ties',
    'select id::text from t order by id fetch first (null::int) rows with ties',
    'select id::text from t order by id fetch first (-1) rows with ties',
    'select id::text from t fetch first 1 rows with ties',
    'select x::text from (values (1), (2), (2), (3)) v(x) order by x fetch first 2 rows with ties',
    'values (1), (2), (2) fetch first 2 rows with ties',
  ]));
