/** SHOW as far as it is a query: the query that it stands for, as text. */

import type { SourceQuery } from '../../engine/sblr/source.gen.ts';
import { VARIABLES } from './variables.ts';

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
const name = (text: string): string => `\`${text.replaceAll('`', '``')}\``;
const like = (column: string, pattern: string | null): string =>
  pattern === null ? '' : ` where ${column} like ${quoted(pattern)}`;

export const DATABASES = (pattern: string | null): string =>
  `select \`Database\` from (select schema_name as \`Database\` from information_schema.schemata) d${like('`Database`', pattern)} order by 1`;

/** Tables and views of a database; null: of the one that is used. */
export function tablesOf(database: string | null, full: boolean, pattern: string | null): string {
  const column = name(`Tables${database === null ? '' : `_in_${database}`}${pattern === null ? '' : ` (${pattern})`}`);
  const schema = database === null ? 'database()' : quoted(database);
  const inner = `select table_name as ${column}, table_type as \`Table_type\` from information_schema.tables where table_schema = ${schema}`;
  return `select ${column}${full ? ', `Table_type`' : ''} from (${inner}) t${like(column, pattern)} order by 1`;
}

/** On or off rather than a number: what is 0 or 1 because of what it means. */
const isSwitch = (initial: string, accepts: ((value: string) => string | null) | null): boolean =>
  /^[01]$/.test(initial) && accepts?.('on') === '1';

const ROWS = VARIABLES.map(({ name: own, initial, accepts, isNumber }) => {
  const value = isSwitch(initial, accepts) ? `if(@@${own} = 1, 'ON', 'OFF')` : isNumber ? `cast(@@${own} as char)` : `@@${own}`;
  return `row(${quoted(own)}, ${value})`;
}).join(', ');

export const VARIABLES_SHOWN = (pattern: string | null): string =>
  `select * from (values ${ROWS}) v (\`Variable_name\`, \`Value\`)${like('`Variable_name`', pattern)} order by 1`;

export const NO_WARNINGS = "select 'Note' as `Level`, 0 as `Code`, '' as `Message` from dual where 0 = 1";

/** All nodes at one place: the text has no others. */
export const placedAt = (query: SourceQuery, at: number): SourceQuery => moved(query, at) as SourceQuery;

function moved(node: unknown, at: number): unknown {
  if (Array.isArray(node)) return node.map((one) => moved(one, at));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([field, value]) => [field, field === 'at' ? at : moved(value, at)]));
}
