/** What a new version of this plugin has to get right before it is used: statements that are read, written and read again. */

import { plainError } from '../../engine/sblr/parse-error.ts';
import { fitsNative, makeNonce, makeVerifier } from './auth.ts';
import { parseText } from './parse.ts';
import { render } from './render.ts';

const STATEMENTS = [
  "select a, count(*) n from t join u using (id) where a in (1, 2) and b like 'x%' group by a having n > 1 order by n desc limit 5, 10",
  "insert into t (a, b) values (1, 'it''s'), (default, null)",
  'update t set a = a + 1 where id = 5',
  "create table t (id int not null primary key, name varchar(20) default 'x', unique key (name)) engine=InnoDB",
  'set autocommit = 1, names utf8mb4',
  'start transaction read only',
];

const plain = (node: unknown): string => JSON.stringify(node, (field, value) => (/^(at|columnsAt)$/.test(field) ? 0 : value));

export function selfTest(): void {
  for (const text of STATEMENTS) {
    const [{ source }] = parseText(text);
    const again = parseText(render(source))[0].source;
    if (plain(again) !== plain(source)) throw plainError('XX000', `"${text}" is another statement when it is written`);
  }
  if (fitsNative(Buffer.alloc(20), makeNonce(), makeVerifier('secret'))) throw plainError('XX000', 'any password will do');
}
