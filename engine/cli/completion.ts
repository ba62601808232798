/** Completion in the shell: keywords, commands, names of tables and columns. */

import type { Database } from '../api/api.ts';

const KEYWORDS = (
  'select from where group by having order limit offset insert into values update set delete returning create table index unique ' +
  'primary key not null default check references drop truncate begin commit rollback savepoint release explain analyze distinct ' +
  'case when then else end between in like ilike is and or on conflict do nothing for share integer bigint smallint numeric text ' +
  'varchar boolean date time timestamp timestamptz interval uuid json jsonb bytea double precision real count sum avg min max'
).split(' ');

const COMMANDS = [
  '\\d',
  '\\dt',
  '\\di',
  '\\ds',
  '\\timing',
  '\\x',
  '\\csv',
  '\\json',
  '\\aligned',
  '\\pset',
  '\\i',
  '\\check',
  '\\conninfo',
  '\\?',
  '\\q',
];

/** Names are asked for at most so often, milliseconds. */
const AGE = 2000;

/** For node:readline: the words that the last one can become, and that one. */
export function completer(database: Database): (line: string) => [string[], string] {
  let names: string[] = [];
  let at = Number.NEGATIVE_INFINITY;
  const refresh = (): void => {
    if (performance.now() - at < AGE || database.connection.session.status === 'failed') return;
    at = performance.now();
    const ofUsers =
      "relnamespace not in (select oid from pg_catalog.pg_namespace where nspname in ('pg_catalog', 'information_schema', 'sys'))";
    const relations = database.prepare('select relname from pg_catalog.pg_class').raw().all() as unknown as string[][];
    const columns = database
      .prepare(`select attname from pg_catalog.pg_attribute join pg_catalog.pg_class on pg_class.oid = attrelid where ${ofUsers}`)
      .raw()
      .all() as unknown as string[][];
    names = [...new Set([...relations, ...columns].map(([name]) => name))];
  };
  return (line) => {
    const word = /[\w\\?]*$/.exec(line)?.[0] ?? '';
    if (word.startsWith('\\')) return [COMMANDS.filter((one) => one.startsWith(word)), word];
    if (word === '') return [[], word];
    refresh();
    const folded = word.toLowerCase();
    const isUpper = word === word.toUpperCase() && /[A-Z]/.test(word);
    const keywords = KEYWORDS.filter((one) => one.startsWith(folded)).map((one) => (isUpper ? one.toUpperCase() : one));
    return [[...keywords, ...names.filter((name) => name.startsWith(word))], word];
  };
}
