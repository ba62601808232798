/** Policies that call functions that users have made: rights of the caller, of the owner, and what a new body means. As PostgreSQL 15. */

import { test } from 'node:test';
import { run } from './steps.ts';

test('a policy asks functions of users, with the rights of who asks or of who has made them', () => {
  run([
    ['create role wr', 0],
    ['create function owns(who text) returns boolean language sql stable as $$ select who = current_user $$', 0],
    ['create table secret (id int)', 0],
    ['insert into secret values (1),(3)', 2],
    [
      'create function sees(k int) returns boolean language sql stable security definer as $$ select exists (select 1 from secret where id = k) $$',
      0,
    ],
    ['create table pol (id int, who text)', 0],
    ["insert into pol values (1,'wr'),(2,'wr'),(3,'x')", 3],
    ['alter table pol enable row level security', 0],
    ['create policy p on pol using (owns(who) and sees(id)) with check (owns(who))', 0],
    ['grant select, insert, update, delete on pol to wr', 0],
    ['set role wr', 0],
    ['select * from pol order by 1', [[1, 'wr']]],
    ['update pol set id = 7', 1],
    ["insert into pol values (9,'x')", '42501 new row violates row-level security policy for table "pol"'],
    ["insert into pol values (9,'wr')", 1],
    ['select count(*) from secret', '42501 permission denied for table secret'],
    ['delete from pol', 0],
    ['reset role', 0],
    [
      'select * from pol order by 1',
      [
        [2, 'wr'],
        [3, 'x'],
        [7, 'wr'],
        [9, 'wr'],
      ],
    ],
    ['revoke execute on function owns(text) from public', 0],
    ['set role wr', 0],
    ['select * from pol', '42501 permission denied for function owns'],
    ['reset role', 0],
    ['create or replace function owns(who text) returns boolean language sql stable as $$ select true $$', 0],
    ['grant execute on function owns(text) to wr', 0],
    ['set role wr', 0],
    ['select * from pol order by 1', [[3, 'x']]],
    ['reset role', 0],
  ]);
});
