import { match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { compiledSources } from '../../codegen/rows/compile.ts';
import { open } from './api.ts';

const withoutBlanks = (text: string): string => text.replaceAll(/\s/g, '');

test('EXPLAIN (CODEGEN) shows the code that is compiled, a statement a line, with the names of columns behind it', () => {
  using db = open(':memory:', { pool: 0 });
  db.exec(
    'create table item (id integer primary key, amount numeric(12,2), "odd */ // name" text, made timestamptz, big numeric, j jsonb)',
  );
  const shown = (sql: string): string => db.prepare(`explain (codegen) ${sql}`).raw().all().join('\n');
  const statements = [
    'select id, upper("odd */ // name") from item where amount > 5 order by "odd */ // name" desc, made limit 3',
    'select * from item where id = 7 and big is not null',
    "select case when id in (1, 2, 3) then 'a' when amount is null then 'b' else j ->> 'x' end from item",
    'select made, sum(amount), count(*) from item group by made having count(*) > 1',
    'select a.id, b.amount from item a left join item b on b.id = a.id + 1 where exists (select from item c where c.amount = a.amount)',
    "insert into item values (1, 2.5, 'x', now(), 3, '{}') on conflict (id) do update set amount = item.amount + 1 returning id",
    'update item set amount = amount * 2, big = big + 1 where id between 3 and 5',
  ];
  for (const sql of statements) {
    const compiled = [...compiledSources()].map(withoutBlanks);
    const text = shown(sql);
    const all = [...compiled, ...[...compiledSources()].map(withoutBlanks)];
    const parts = text
      .slice(text.indexOf('Code:\n') + 6)
      .split(/^-- .*$/m)
      .slice(1);
    ok(parts.length > 0, sql);
    for (const part of parts) {
      const lines = part.split('\n').filter((line) => !line.startsWith('//'));
      const code = withoutBlanks(lines.map((line) => line.replace(/ {2}\/\/ .*$/, '')).join('\n'));
      ok(
        all.some((source) => source.endsWith(code)),
        `${sql}\n${part}`,
      );
    }
  }
  match(shown(statements[0]), /item\.amount/);
  match(shown(statements[1]), /big is NULL/);
});
