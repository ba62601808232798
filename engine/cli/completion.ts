/** Completion in the shell: keywords, commands, names of tables and columns. */

import { META_COMMANDS } from './meta.ts';
import type { Target } from './target.ts';

const KEYWORDS = (
  'select from where group by having order limit offset insert into values update set delete returning create alter table index unique ' +
  'primary foreign key not null default check references drop truncate begin commit rollback savepoint release explain analyze distinct ' +
  'case when then else end between in like ilike is and or on conflict do nothing for share integer bigint smallint numeric text ' +
  'varchar boolean date time timestamp timestamptz interval uuid json jsonb bytea double precision real count sum avg min max ' +
  'join left right full inner cross lateral using union intersect except with recursive window over partition rows range exists ' +
  'view schema sequence function type domain grant revoke to role cascade copy stdin stdout show reset vacuum merge matched'
).split(' ');

/** Names are asked for at most so often, milliseconds. */
const AGE = 2000;
/** Behind these a table is named. */
const BEFORE_TABLE = /\b(?:from|join|into|update|table|truncate|references|copy|only|analyze|\\d[tisv+]*)\s+(?:[\w.]*)$/i;

const OF_USERS = "n.nspname not in ('pg_catalog', 'information_schema', 'sys')";
const RELATIONS = `select distinct c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'S') and ${OF_USERS}
  union select nspname || '.' || relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm') and ${OF_USERS} and n.nspname <> 'public' order by 1`;
const COLUMNS = `select distinct a.attname from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace where a.attnum > 0 and not a.attisdropped and ${OF_USERS} order by 1`;

type Completion = [string[], string];

/** For node:readline: the words that the last one can become, and that one. */
export function completer(target: Target): (line: string) => Promise<Completion> {
  let relations: string[] = [];
  let columns: string[] = [];
  let at = Number.NEGATIVE_INFINITY;
  const refresh = async (): Promise<void> => {
    // In a transaction nothing is asked that its user did not ask.
    if (performance.now() - at < AGE || target.status !== 'idle') return;
    at = performance.now();
    const names = async (sql: string): Promise<string[]> => (await target.run(sql)).rows.map(([name]) => name as string);
    relations = await names(RELATIONS);
    columns = await names(COLUMNS);
  };
  return async (line) => {
    const word = /\\?[\w.?+]*$/.exec(line)?.[0] ?? '';
    if (word.startsWith('\\')) return [META_COMMANDS.filter((one) => one.startsWith(word)), word];
    const isTable = BEFORE_TABLE.test(line);
    if (word === '' && !isTable) return [[], word];
    await refresh();
    if (isTable) return [relations.filter((name) => name.startsWith(word)), word];
    const folded = word.toLowerCase();
    const isUpper = word === word.toUpperCase() && /[A-Z]/.test(word);
    const keywords = KEYWORDS.filter((one) => one.startsWith(folded)).map((one) => (isUpper ? one.toUpperCase() : one));
    const names = [...new Set([...relations, ...columns])];
    return [[...keywords, ...names.filter((name) => name.startsWith(word))], word];
  };
}
