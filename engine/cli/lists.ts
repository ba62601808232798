/** \dt, \dn, \df and their kin: lists of what there is, asked of the catalogs as psql does, so that any server may answer. */

import type { Shell } from './shell.ts';
import { matching } from './patterns.ts';

interface Listing {
  readonly title: string;
  readonly sql: (pattern: string, isMore: boolean) => string;
}

/** Only those of users, unless a pattern asks for others. */
const ofUsers = (pattern: string, schema: string): string =>
  pattern === '' ? `${schema} not in ('pg_catalog', 'information_schema', 'sys') and ${schema} !~ '^pg_toast' and ` : '';

const KIND = `case c.relkind when 'r' then 'table' when 'v' then 'view' when 'm' then 'materialized view' when 'i' then 'index'
  when 'S' then 'sequence' when 'f' then 'foreign table' when 'p' then 'partitioned table' when 'I' then 'partitioned index' end`;
const PERSISTENCE = `case c.relpersistence when 'p' then 'permanent' when 't' then 'temporary' when 'u' then 'unlogged' end`;

function relations(kinds: string): Listing {
  const hasTable = kinds === 'iI';
  return {
    title: 'List of relations',
    sql: (pattern, isMore) => `select n.nspname as "Schema", c.relname as "Name", ${KIND} as "Type",
      pg_catalog.pg_get_userbyid(c.relowner) as "Owner"${hasTable ? ', c2.relname as "Table"' : ''}
      ${isMore ? `, ${PERSISTENCE} as "Persistence", pg_catalog.pg_size_pretty(pg_catalog.pg_table_size(c.oid)) as "Size"` : ''}
      ${isMore ? `, pg_catalog.obj_description(c.oid, 'pg_class') as "Description"` : ''}
      from pg_catalog.pg_class c left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      ${hasTable ? 'left join pg_catalog.pg_index i on i.indexrelid = c.oid left join pg_catalog.pg_class c2 on c2.oid = i.indrelid' : ''}
      where c.relkind in (${[...kinds].map((kind) => `'${kind}'`).join(', ')}) and ${ofUsers(pattern, 'n.nspname')}
      ${matching(pattern, 'c.relname', 'n.nspname', 'pg_catalog.pg_table_is_visible(c.oid)')} order by 1, 2`,
  };
}

const description = (isMore: boolean, oid: string, catalog: string): string =>
  isMore ? `, pg_catalog.obj_description(${oid}, '${catalog}') as "Description"` : '';

const acl = (column: string): string => `pg_catalog.array_to_string(${column}, E'\\n') as "Access privileges"`;

const LISTINGS: { readonly [name: string]: Listing } = {
  '\\dt': relations('rp'),
  '\\di': relations('iI'),
  '\\ds': relations('S'),
  '\\dv': relations('v'),
  '\\dm': relations('m'),
  '\\dn': {
    title: 'List of schemas',
    sql: (pattern, isMore) => `select n.nspname as "Name", pg_catalog.pg_get_userbyid(n.nspowner) as "Owner"
      ${isMore ? `, ${acl('n.nspacl')}` : ''}${description(isMore, 'n.oid', 'pg_namespace')} from pg_catalog.pg_namespace n
      where ${pattern === '' ? "n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'sys') and " : ''}
      ${matching(pattern, 'n.nspname', null, null)} order by 1`,
  },
  '\\df': {
    title: 'List of functions',
    sql: (pattern, isMore) => `select n.nspname as "Schema", p.proname as "Name",
      pg_catalog.pg_get_function_result(p.oid) as "Result data type", pg_catalog.pg_get_function_arguments(p.oid) as "Argument data types",
      case p.prokind when 'a' then 'agg' when 'w' then 'window' when 'p' then 'proc' else 'func' end as "Type"
      ${isMore ? ', l.lanname as "Language", p.prosrc as "Source code"' : ''}${description(isMore, 'p.oid', 'pg_proc')}
      from pg_catalog.pg_proc p left join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      left join pg_catalog.pg_language l on l.oid = p.prolang where ${ofUsers(pattern, 'n.nspname')}
      ${matching(pattern, 'p.proname', 'n.nspname', 'pg_catalog.pg_function_is_visible(p.oid)')} order by 1, 2, 4`,
  },
  '\\dT': {
    title: 'List of data types',
    sql: (pattern, isMore) => `select n.nspname as "Schema", pg_catalog.format_type(t.oid, null) as "Name"
      ${isMore ? `, pg_catalog.array_to_string(array(select e.enumlabel from pg_catalog.pg_enum e where e.enumtypid = t.oid order by e.enumsortorder), E'\\n') as "Elements"` : ''}
      , pg_catalog.obj_description(t.oid, 'pg_type') as "Description"
      from pg_catalog.pg_type t left join pg_catalog.pg_namespace n on n.oid = t.typnamespace
      where (t.typrelid = 0 or (select c.relkind = 'c' from pg_catalog.pg_class c where c.oid = t.typrelid))
      and not exists (select 1 from pg_catalog.pg_type el where el.oid = t.typelem and el.typarray = t.oid) and ${ofUsers(pattern, 'n.nspname')}
      ${matching(pattern, 't.typname', 'n.nspname', 'pg_catalog.pg_type_is_visible(t.oid)')} order by 1, 2`,
  },
  '\\dD': {
    title: 'List of domains',
    sql: (
      pattern,
    ) => `select n.nspname as "Schema", t.typname as "Name", pg_catalog.format_type(t.typbasetype, t.typtypmod) as "Type",
      case when t.typnotnull then 'not null' end as "Nullable", t.typdefault as "Default", pg_catalog.array_to_string(array(
        select pg_catalog.pg_get_constraintdef(r.oid, true) from pg_catalog.pg_constraint r where r.contypid = t.oid), ' ') as "Check"
      from pg_catalog.pg_type t left join pg_catalog.pg_namespace n on n.oid = t.typnamespace where t.typtype = 'd' and
      ${ofUsers(pattern, 'n.nspname')}${matching(pattern, 't.typname', 'n.nspname', 'pg_catalog.pg_type_is_visible(t.oid)')} order by 1, 2`,
  },
  '\\du': {
    title: 'List of roles',
    sql: (pattern) => `select r.rolname as "Role name", pg_catalog.concat_ws(', ', case when r.rolsuper then 'Superuser' end,
      case when not r.rolinherit then 'No inheritance' end, case when r.rolcreaterole then 'Create role' end,
      case when r.rolcreatedb then 'Create DB' end, case when not r.rolcanlogin then 'Cannot login' end,
      case when r.rolreplication then 'Replication' end, case when r.rolbypassrls then 'Bypass RLS' end) as "Attributes",
      pg_catalog.array_to_string(array(select b.rolname from pg_catalog.pg_auth_members m
        join pg_catalog.pg_roles b on m.roleid = b.oid where m.member = r.oid order by 1), ', ') as "Member of"
      from pg_catalog.pg_roles r where r.rolname !~ '^pg_' and ${matching(pattern, 'r.rolname', null, null)} order by 1`,
  },
  '\\dp': {
    title: 'Access privileges',
    sql: (pattern) => `select n.nspname as "Schema", c.relname as "Name", ${KIND} as "Type", ${acl('c.relacl')},
      pg_catalog.array_to_string(array(select a.attname || E':\\n  ' || pg_catalog.array_to_string(a.attacl, E'\\n  ')
        from pg_catalog.pg_attribute a where a.attrelid = c.oid and not a.attisdropped and a.attacl is not null), E'\\n') as "Column privileges",
      pg_catalog.array_to_string(array(select p.polname from pg_catalog.pg_policy p where p.polrelid = c.oid), E'\\n') as "Policies"
      from pg_catalog.pg_class c left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'v', 'm', 'S', 'f', 'p') and ${ofUsers(pattern, 'n.nspname')}
      ${matching(pattern, 'c.relname', 'n.nspname', 'pg_catalog.pg_table_is_visible(c.oid)')} order by 1, 2`,
  },
  '\\l': {
    title: 'List of databases',
    sql: () => `select d.datname as "Name", pg_catalog.pg_get_userbyid(d.datdba) as "Owner",
      pg_catalog.pg_encoding_to_char(d.encoding) as "Encoding", d.datcollate as "Collate", d.datctype as "Ctype"
      from pg_catalog.pg_database d order by 1`,
  },
};

const OTHER_NAMES: { readonly [name: string]: string } = { '\\dg': '\\du', '\\z': '\\dp', '\\list': '\\l' };

const plain = (name: string): string => OTHER_NAMES[name.replace(/\+$/, '')] ?? name.replace(/\+$/, '');

export const isListing = (name: string): boolean => Object.hasOwn(LISTINGS, plain(name));

export async function showList(shell: Shell, name: string, pattern: string): Promise<void> {
  const { title, sql } = LISTINGS[plain(name)];
  await showFound(shell, title, pattern, sql(pattern, name.endsWith('+')));
}

async function showFound(shell: Shell, title: string, pattern: string, sql: string): Promise<void> {
  const { columns, rows } = await shell.target.run(sql);
  if (rows.length === 0 && title === 'List of relations')
    shell.write(pattern === '' ? 'Did not find any relations.' : `Did not find any relation named "${pattern}".`);
  else shell.write(shell.show({ columns, rows, title }));
}

/** \d without a name. */
export const showRelations = (shell: Shell, isMore: boolean): Promise<void> =>
  showFound(shell, 'List of relations', '', relations('rpvmSf').sql('', isMore));
