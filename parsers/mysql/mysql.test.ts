/** MySQL's text to source form and back; what is refused, and with which words. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitsFast, fitsNative, fitsPassword, makeNonce, makeVerifier } from './auth.ts';
import { MysqlGrammar } from './grammar/sessions.ts';
import { lexStatement } from './lexer.ts';
import { parseText } from './parse.ts';
import { render } from './render.ts';
import { selfTest } from './self-test.ts';
import { createHash } from 'node:crypto';

const plain = (node: unknown): string => JSON.stringify(node, (field, value) => (/^(at|columnsAt)$/.test(field) ? 0 : value));

const STATEMENTS = `
select 1
select 'a', "b", 1.5, 1e3, x'4f', 0b101, null, true, -5, a.b, \`c d\`, t.* from t where a = 1 and not b or c xor d
select count(*), sum(distinct a), avg(x) av, max(a) over (partition by b order by c desc) from t join u on t.id = u.id left join v using (id) where a in (1, 2) and b between 1 and 2 + 3 and c like 'x%' escape '!' and d is not null group by a, b having count(*) > 1 order by 1 desc limit 5, 10
select a <=> b, a div b, a mod b, a % b, !a, a && b || c, case a when 1 then 2 else 3 end, exists (select 1), (select 1), a > all (select 2)
select @@session.autocommit, now(), now(6), version(), user(), year(d), extract(month from d), if(a, b, c), ifnull(a, 1), cast(a as signed), convert(a, char(5)), trim(leading ' ' from a)
select * from (values row(1, 'a'), row(2, 'b')) v (x, y) natural join t use index (i) straight_join u
select a, sum(b) from t group by a with rollup
select 'a' 'b', "it\\'s" as 'al', 'it''s', 'tab\\t', _utf8mb4'x'
select a from t for update skip locked
(select 1 limit 1) union all select 2 order by 1 limit 3
with recursive c (n) as (select 1 union all select n + 1 from c where n < 5) select * from c
table t
insert into t (a, b) values (1, 'it''s'), (2, default)
insert into t set a = 1, b = 2
insert into t select * from u
insert into t values ()
update t as x set a = a + 1, x.b = default where id = 5
with c as (select 1 a) delete from t where id in (select a from c)
truncate table t
create table if not exists t (ID int not null primary key, name varchar(20) default 'x' unique, p decimal(10,2), d datetime(3) default current_timestamp, t longtext, constraint fk foreign key (name) references u (id) on delete cascade on update set null, unique key uq (p), check (p > 0)) engine=InnoDB default charset=utf8mb4 comment='c'
create temporary table t as select 1 a
create unique index i on t (a, b desc)
drop index i on db.t
drop table if exists a, b
create database if not exists x default character set utf8mb4
drop database if exists x
start transaction read only
begin work
commit and chain
rollback to savepoint sp
savepoint sp
release savepoint sp
set autocommit = 0
set names utf8mb4
set session transaction isolation level read committed, read only
set session sql_notes = on, @@sql_mode = 'STRICT_TRANS_TABLES,ONLY_FULL_GROUP_BY'
use \`my db\`
show full tables from x like 'a%'
show variables like 'sql_mode'
show databases
show warnings
/*!40101 SET NAMES utf8mb4 */
/*!99999 nothing */ select 1 -- a comment
`
  .trim()
  .split('\n');

test('a statement that is written and read again is the same', () => {
  for (const text of STATEMENTS) {
    const [{ source }] = parseText(text);
    const written = render(source);
    assert.equal(plain(parseText(written)[0].source), plain(source), `${text}\n${written}`);
  }
});

test('the statements of a text are told apart, with their places', () => {
  const found = parseText("select ';' ; ;\n/* ; */ select 2 # ;\n; select `;`");
  assert.deepEqual(
    found.map(({ start, end }) => [start, end]),
    [
      [0, 10],
      [23, 31],
      [38, 48],
    ],
  );
});

test('columns without a name are named by their text', () => {
  const [{ source }] = parseText("select 1 + 1, 'text', a,  concat( b ) from t");
  assert.equal(source.op, 'select');
  const names = source.op === 'select' ? source.items.map(({ alias }) => alias) : [];
  assert.deepEqual(names, ['1 + 1', 'text', null, 'concat( b )']);
});

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['selec 1', '42601', "syntax to use near 'selec 1' at line 1"],
  ['select 1\nfrom from t', '42601', "near 'from t' at line 2"],
  ["select 'a", '42601', "near ''a' at line 1"],
  ['select (1', '42601', "near '' at line 1"],
  ['create table t (a int auto_increment)', '0A000', 'AUTO_INCREMENT is not supported'],
  ['create table t (a tinyint)', '0A000', 'the type TINYINT is not supported'],
  ['create table t (a bigint unsigned)', '0A000', 'BIGINT UNSIGNED is not supported'],
  ['create table t (a varchar(5) collate utf8mb4_general_ci)', '0A000', 'the collation utf8mb4_general_ci is not supported'],
  ['replace into t values (1)', '0A000', 'REPLACE is not supported'],
  ['insert ignore into t values (1)', '0A000', 'INSERT IGNORE is not supported'],
  ['insert into t values (1) on duplicate key update a = 1', '0A000', 'ON DUPLICATE KEY UPDATE is not supported'],
  ['update t set a = 1 limit 1', '0A000', 'UPDATE with LIMIT is not supported'],
  ['select @a', '0A000', 'user variables is not supported'],
  ['alter table t add b int', '0A000', 'ALTER is not supported'],
  ['set global max_connections = 1', '0A000', 'SET GLOBAL is not supported'],
  ['set nosuch = 1', '42704', "Unknown system variable 'nosuch'"],
  ["set sql_mode = ''", '22023', "can't be set to the value of ''"],
];

test('what is not MySQL, and what is not here yet, is refused by name', () => {
  for (const [text, code, words] of REFUSED) {
    assert.throws(
      () => parseText(text),
      (error: Error & { code: string }) => error.code === code && error.message.includes(words),
      text,
    );
  }
});

test('nesting is limited by counting', () => {
  const deep = (levels: number): string => `select ${'('.repeat(levels)}1${')'.repeat(levels)}`;
  assert.equal(parseText(deep(390)).length, 1);
  assert.throws(() => parseText(deep(500)), { code: '54001' });
});

test('the grammar is sound, and the plugin tries itself', () => {
  new MysqlGrammar(
    () => {
      throw new Error('SHOW is not read while a grammar is recorded');
    },
    { validate: true },
  );
  selfTest();
});

test('tokens of parentheses know their partner', () => {
  const { tokens } = lexStatement('select ((a), b)', 0);
  assert.deepEqual(
    tokens.flatMap(({ ordinal, match }) => (match >= 0 ? [[ordinal, match]] : [])),
    [
      [1, 7],
      [2, 4],
    ],
  );
});

const hash = (name: string, ...parts: readonly Uint8Array[]): Buffer =>
  parts.reduce((digest, part) => digest.update(part), createHash(name)).digest();
const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, at) => byte ^ b[at]));

test('passwords fit as MySQL computes it, and no other ones', () => {
  const verifier = makeVerifier('secret');
  const nonce = makeNonce();
  const native = (password: string): Buffer => {
    const once = hash('sha1', Buffer.from(password));
    return xor(once, hash('sha1', nonce, hash('sha1', once)));
  };
  assert.equal(fitsNative(native('secret'), nonce, verifier), true);
  assert.equal(fitsNative(native('wrong'), nonce, verifier), false);
  assert.equal(fitsNative(native('secret'), nonce, null), false);
  const fast = (password: string): Buffer => {
    const once = hash('sha256', Buffer.from(password));
    return xor(once, hash('sha256', hash('sha256', once), nonce));
  };
  assert.equal(fitsFast(fast('secret'), nonce, verifier), 'full');
  assert.equal(fitsPassword('wrong', verifier), false);
  assert.equal(fitsPassword('secret', verifier), true);
  assert.equal(fitsFast(fast('secret'), nonce, verifier), true);
  assert.equal(fitsFast(fast('wrong'), nonce, verifier), false);
});
