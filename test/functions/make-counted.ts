/**
 * Writes counted.txt: the functions and operators of PostgreSQL 15 that the engine is measured by, names and types only, as the server
 * itself lists them (pg_proc, pg_operator). Run where PostgreSQL 15 is installed: node test/functions/make-counted.ts
 *
 * Not counted: what takes or gives types of geometry, XML, text search, replication (pg_lsn), or of the server's inside (internal,
 * cstring, trigger, handlers); input, output and modifiers of types; what indexes, aggregates, planner, ranges and conversions call;
 * functions that stand behind an operator, which is counted itself; statistics, replication, upgrade, checks of languages.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgresql } from '../../bench/harness/postgresql.ts';

const NOT_COUNTED = `point line lseg box path polygon circle xml tsvector tsquery gtsvector regconfig regdictionary pg_lsn
  internal cstring trigger event_trigger fdw_handler language_handler index_am_handler table_am_handler tsm_handler pg_ndistinct
  pg_dependencies pg_mcv_list pg_brin_bloom_summary pg_brin_minmax_multi_summary pg_ddl_command`
  .trim()
  .split(/\s+/);

/** Statistics, replication, write-ahead log, upgrade, triggers, maintenance of index kinds, checks; left over from older releases. */
const NAMES_NOT_COUNTED = [
  'binary_upgrade|pg_stat_|pg_replication|pg_drop_replication|pg_.*replay|pg_promote|.*publi|pg_get_statisticsobj',
  'pg_statistics_obj|pg_event_trigger|pg_isolation|fmgr_|.*_validator$|brin_|gin_|amvalidate|currtid|pg_nextoid|pg_stop_making',
  'pg_extension_config|pg_import_system|ts_|pg_ts_|xml_|pg_ls_.*(wal|logical|repl|archive)|pg_get_wal|pg_get_replica',
  'int8_sum|int4inc|numeric_inc',
].join('|');

const FUNCTIONS = `
with left_out as (
  select t.oid from pg_type t left join pg_type e on e.typarray = t.oid where coalesce(e.typname, t.typname) = any ($1)
), support as (
  select unnest(array[typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze, typsubscript]::oid[]) oid from pg_type
  union select amproc from pg_amproc
  union select unnest(array[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn,
    aggmfinalfn]::oid[]) from pg_aggregate
  union select unnest(array[oprrest, oprjoin]::oid[]) from pg_operator
  union select unnest(array[rngsubdiff, rngcanonical]::oid[]) from pg_range
  union select prosupport from pg_proc
  union select conproc from pg_conversion
)
select case prokind when 'a' then case (select aggkind from pg_aggregate where aggfnoid = p.oid)
      when 'n' then 'aggregate' when 'o' then 'ordered set' else 'hypothetical set' end
    when 'w' then 'window' else case when proretset then 'rows' else 'function' end end as kind,
  proname as name,
  array(select case when provariadic <> 0 and n = pronargs then format_type(case provariadic when 2276 then 2276 else provariadic end, null)
      || '...' else format_type(t, null) end from unnest(proargtypes) with ordinality u(t, n) order by n) as types,
  case when prorettype = 'record'::regtype and proallargtypes is not null
    then 'record(' || (select string_agg(format_type(t, null), ', ' order by n)
      from unnest(proallargtypes, proargmodes) with ordinality u(t, m, n) where m in ('o', 't', 'b')) || ')'
    else format_type(prorettype, null) end as result
from pg_proc p
where pronamespace = 'pg_catalog'::regnamespace
  and coalesce(obj_description(p.oid, 'pg_proc'), '') not like 'implementation of %'
  and proname !~ ('^(' || $2 || ')')
  and not exists (select from support s where s.oid = p.oid)
  and not exists (select from unnest(p.proargtypes::oid[] || p.prorettype || coalesce(p.proallargtypes, '{}')) t
    join left_out l on l.oid = t)`;

const OPERATORS = `
with left_out as (
  select t.oid from pg_type t left join pg_type e on e.typarray = t.oid where coalesce(e.typname, t.typname) = any ($1)
)
select 'operator' as kind, oprname as name,
  array_remove(array[case oprleft when 0 then null else format_type(oprleft, null) end, format_type(oprright, null)], null) as types,
  format_type(oprresult, null) as result
from pg_operator
where oprnamespace = 'pg_catalog'::regnamespace and not exists (select from left_out where oid in (oprleft, oprright, oprresult))`;

const asText = (list: readonly string[]): string => `'{${list.join(',')}}'::text[]`;

const directory = mkdtempSync(join(tmpdir(), 'scratchbird-counted-'));
const server = await startPostgresql(directory, {});
const query = (kind: string): string =>
  `select kind, line from (select kind, name || '(' || array_to_string(types, ', ') || ') ' || result as line from (${kind}) q) l
   order by kind, line collate "C"`
    .replaceAll('$1', asText(NOT_COUNTED))
    .replaceAll('$2', `'${NAMES_NOT_COUNTED}'`);
const rows: unknown[] = [];
try {
  for (const kind of [FUNCTIONS, OPERATORS]) rows.push(...(await server.client.query(query(kind))).rows);
} finally {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}

const sections = new Map<string, string[]>();
for (const row of rows as unknown as { kind: string; line: string }[]) {
  sections.set(row.kind, [...(sections.get(row.kind) ?? []), row.line]);
}
const text = [...sections].map(([kind, lines]) => `== ${kind}\n${lines.join('\n')}\n`).join('\n');
writeFileSync(new URL('counted.txt', import.meta.url), text);
console.log(`${rows.length} counted`);
