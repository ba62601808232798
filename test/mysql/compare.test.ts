/**
 * What statements answer, beside MariaDB: names and values of columns, numbers and SQLSTATEs of errors. A line is a statement; `~` in front:
 * the answers have no order. Skipped where MariaDB is not installed.
 */

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { MysqlClient, MysqlError } from './client.ts';
import { type MysqlServer, startMariaDb, startOurs } from './server.ts';

const SETUP = `
create database shop
use shop
create table item (ID int not null primary key, name varchar(20), price decimal(10,2), weight double, made datetime, due date, unique key uq (name))
create table part (item int not null, n int not null, note text, primary key (item, n), foreign key (item) references item (ID) on delete cascade)
insert into item values (1, 'nut', 0.05, 1.5, '2024-01-31 10:20:30', '2024-02-01'), (2, 'bolt', 1.25, 2e-7, '2024-02-29', null), (3, 'Screw', 10, null, null, '1999-12-31')
insert into item (id, name) values (4, null), (5, 'größe')
insert into part values (1, 1, 'a'), (1, 2, 'b'), (2, 1, 'it''s \\\\ "quoted"\\n')
`;

const STATEMENTS = `
select 1, -1, 1.50, 'text', null, 1 + 1, 1 - 2.5, 2 * 3, 7 / 2, 1 / 3, 7 div 2, -7 div 2, 7 % 3, -7 mod 3, 5.5 % 2
select 1 / 0, 1 div 0, 1 % 0, 1.5 / 0, 1e0 / 0
select '5' + 3, '1.5' * 2, 'abc' + 1, '3x' + 1, '' + 1, 1 = '1', 'a' = 0, '1' = 1.0, '01' = 1, 'a' = 'A', 'a' = 'a ', 1 in ('01', 2)
select null = null, null <=> null, 1 <=> null, null is null, 1 is true, 0 is false, null is unknown, not null, not 5, !0
select 1 and 0, 1 or null, 0 or null, 1 xor 1, 1 xor 0, null xor 1, 2 and 3, 'a' or 1, 1 && 0 || 1
select true, false, true + true, (1 = 1) + 1, 1 < 2 < 3, 3 > 2 > 1
select 1 between 0 and 2, 'b' between 'a' and 'c', 3 not between 1 and 2, 2 between '1' and '3'
select 'abc' like 'a%', 'abc' like '_b_', 'a%c' like 'a\\\\%c', 'abc' not like 'b%', 'a!%' like 'a!!!%' escape '!', 5 like '5'
select case when 1 then 'a' else 'b' end, case 3 when 1 then 'x' when 3 then 'y' end, if(0, 1, 2), if(null, 'a', 'b'), ifnull(null, 5), nullif(1, 1), coalesce(null, null, 'c')
select case when 1 then 1 else 'b' end, coalesce(null, 1, 2.5), if(1, 1, 1.50), case when 0 then 1 when 1 then 2.5 end
select concat('a', 1, 2.50), concat('a', null), lower('ÄB'), upper('äb'), length('größe'), char_length('größe'), reverse('abc'), replace('aXbX', 'X', 'yy')
select substring('abcdef', 2), substring('abcdef', 2, 3), substring('abcdef', -3), substring('abcdef', -3, 2), substring('abc', 0), mid('abc', 5, 2), locate('c', 'abcabc'), position('z' in 'abc')
select trim('  a '), ltrim('  a '), rtrim('  a '), ascii('a'), md5('a')
select abs(-5), abs(-1.5), ceil(1.2), floor(-1.2), ceiling(2), round(2.5), round(-2.5), round(1.255, 2), round(12.5e0), sqrt(16), pow(2, 10), sign(-3)
select 1e20, 1.5e-7, 1e15, 123456789012345678, 1e14, 0.1e0 + 0.2e0, 1e-15, 1e308, 100e0, 1.0e0
select cast('12' as signed), cast(1.7 as signed), cast('1.5' as decimal(5,2)), cast(5 as char), cast('2024-02-30' as char), cast('2024-01-05 10:00:00' as date), cast('20240105' as date), cast('2024-1-5 1:2:3' as datetime), cast('2024-01-05 10:20:30.5' as datetime(3))
select year('2024-05-06'), month('2024-05-06'), day('2024-05-06'), hour('2024-05-06 07:08:09'), minute('2024-05-06 07:08:09'), second('2024-05-06 07:08:09.9'), quarter('2024-05-06'), extract(month from '2024-05-06'), weekday('2024-05-06'), date('2024-05-06 07:08:09')
select * from item order by id
select ID, Name, PRICE p from item where price > '0.1' order by p desc
select name from item where name > 'b' order by name
select id from item where weight = '1.5' or due = '1999-12-31' or made >= '2024-02-29' order by 1
select id from item where made = '2024-02-29' or due < '2024-01-01 00:00:01' order by id
select count(*), count(price), sum(price), avg(price), min(name), max(made), sum(weight), avg(weight), avg(id), sum(id) from item
select count(distinct item), sum(n) / count(*), avg(n) from part
select item, count(*) c, max(note) from part group by item having c > 1
~select i.name, p.n from item i left join part p on p.item = i.id
~select name, n from item join part on item = ID where n in (1, '2')
~select * from part a join part b using (item) where a.n < b.n
~select i.id from item i where exists (select 1 from part where item = i.id) and i.id not in (select 2)
select id, (select count(*) from part where item = i.id) parts from item i order by parts desc, id limit 3
select id from item order by id limit 1, 2
select id from item order by id desc limit 2 offset 1
select 1 union select 2 union all select 2 order by 1
(select 1 a limit 1) union (select 2) order by a desc
select 1 except select 2
~with recursive c (n) as (select 1 union all select n + 1 from c where n < 4) select n, n * n q from c
select n, row_number() over (order by n desc, item) r, sum(n) over (partition by item order by n) s from part order by n, item
select item, n, lag(n) over (order by item, n) l, rank() over (order by n) k from part order by item, n
select distinct n from part order by n
~select item, n, count(*) c from part group by item, n with rollup
select * from (select id x, name from item where id < 3) t order by x
select id + 0.5 from item order by -id limit 1
select note from part where item = 2
select 'a' 'b', "double ""quoted""", 'back\\\\slash', 'tab\\t|', '\\%', 'nul\\0' z, x'41', 0x4142, b'1000001'
select 1 as \`weird name\`, 2 'quoted'
select ID from ITEM
select nosuch from item
select id from nosuch
select i.nosuch from item i
select x.id from item
select id from item a, part b where n = 1 and nosuch(1)
select n from part a join part b on a.n = b.n
select name, count(*) from item
selec 1
select 1 from
select (select n from part)
insert into item (id) values (1)
insert into item (id, name) values (7, 'nut')
insert into item values (8)
insert into item (id, nosuch) values (1, 2)
insert into item (id, id) values (1, 2)
insert into item (name) values ('x')
insert into item (id, name) values (null, 'x')
insert into item (id, name) values (9, 'this name is far too long for it')
insert into item (id, price) values (9, 123456789.5)
insert into item (id, price) values ('abc', 1)
insert into item (id, made) values (9, 'no time')
insert into item (id, due) values (9, '2023-02-29')
insert into part values (99, 1, null)
delete from item where id = 99
delete from nosuch
update item set nosuch = 1
update item set id = 1 where id = 3
update item set name = null, price = price * 2 where id = 1
select id, name, price from item where id = 1
insert into item (id, price, weight) values ('10', '3.14159', '2.5')
insert into item (id, price) values (11, 2.345), (12, 2.355)
insert into item (id, weight, made, due) values (13, 1, '2024-3-1', '20240302'), (14, 1.5, '2024-03-01 10:20:30.4', '2024-03-02 11:11:11')
select * from item where id > 9 order by id
insert into item set id = 15, name = default, price = 1 + 1
insert into part select id, 7, name from item where id = 15
select * from part where n = 7
delete from item where id = 15
select count(*) from part where n = 7
start transaction
insert into item (id) values (30)
savepoint a
insert into item (id) values (31)
rollback to a
insert into item (id) values (30)
select count(*) from item where id in (30, 31)
rollback to nosuch
rollback
select count(*) from item where id in (30, 31)
set autocommit = 0
insert into item (id) values (40)
rollback
set autocommit = 1
select count(*) from item where id = 40
create table item (a int)
create table t (a int, A int)
create table t (a int, primary key (b))
create table t (a int primary key, primary key (a))
create index i on part (n)
create index i on part (n)
create index i on item (price desc, weight)
drop index i on item
drop index i on item
drop table nosuch
drop table if exists nosuch
create table copy as select id, name from item where id < 4
select * from copy order by id
truncate table copy
select count(*) from copy
drop table copy, part
create database shop
use nosuch
select database()
select @@autocommit, @@nosuch
set nosuch = 1
set sql_notes = 0, autocommit = 1
create table r (a int check (a > 0), b int default 5, c datetime default '2024-01-01', d varchar(5) not null default 'x')
insert into r (a) values (1)
insert into r values ()
insert into r (a) values (0)
select * from r order by a
`;

/** Where MariaDB is otherwise than MySQL 8, which is followed: number and SQLSTATE of MariaDB's errors. */
const AS_MYSQL: { readonly [error: string]: readonly [number, string] } = {
  '1366 22007': [1366, 'HY000'],
  '4025 23000': [3819, 'HY000'],
};

interface Answer {
  readonly columns?: readonly string[];
  readonly rows?: readonly (readonly (string | null)[])[];
  readonly changes?: number;
  readonly error?: readonly [number, string];
}

async function answerOf(client: MysqlClient, text: string): Promise<Answer> {
  try {
    const { columns, rows, changes } = await client.query(text.replace(/^~/, ''));
    if (columns.length === 0) return { changes };
    const own = text.startsWith('~') ? [...rows].sort(byText) : rows;
    return { columns: columns.map(({ name }) => name), rows: own };
  } catch (error) {
    if (!(error instanceof MysqlError)) throw error;
    return { error: AS_MYSQL[`${error.number} ${error.state}`] ?? [error.number, error.state] };
  }
}

const byText = (a: readonly unknown[], b: readonly unknown[]): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
const lines = (text: string): string[] => text.trim().split('\n');

async function withBoth(context: TestContext, body: (ours: MysqlClient, theirs: MysqlClient) => Promise<void>): Promise<void> {
  const peer = await startMariaDb();
  if (peer === null) {
    context.skip('MariaDB is not installed');
    return;
  }
  const own = await startOurs();
  const connectTo = ({ port }: MysqlServer): Promise<MysqlClient> => MysqlClient.connect({ port });
  const [ours, theirs] = [await connectTo(own), await connectTo(peer)];
  try {
    await body(ours, theirs);
  } finally {
    for (const client of [ours, theirs]) client.close();
    await own.stop();
    await peer.stop();
  }
}

test('statements answer as MariaDB answers them', async (context) => {
  await withBoth(context, async (ours, theirs) => {
    await theirs.query('set names utf8mb4 collate utf8mb4_nopad_bin');
    for (const text of lines(SETUP)) {
      await theirs.query(text);
      await ours.query(text);
    }
    const differences: string[] = [];
    for (const text of lines(STATEMENTS)) {
      const expected = await answerOf(theirs, text);
      const actual = await answerOf(ours, text);
      try {
        assert.deepEqual(actual, expected);
      } catch {
        differences.push(`${text}\n  MariaDB ${JSON.stringify(expected)}\n  ours    ${JSON.stringify(actual)}`);
      }
    }
    assert.equal(differences.join('\n'), '');
  });
});
