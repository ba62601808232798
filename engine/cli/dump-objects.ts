/** What other things are made of: types, functions, sequences, tables, views, each behind what it rests on. */

import { named, OF_USERS, texts } from './dump.ts';
import { literal, quoted, type Target } from './target.ts';

interface Made {
  readonly oid: number;
  readonly text: string;
}

/** In an order in which they can be made. */
export async function objectsOf(target: Target): Promise<string[]> {
  const made = [
    ...(await enumsOf(target)),
    ...(await domainsOf(target)),
    ...(await rangesOf(target)),
    ...(await functionsOf(target)),
    ...(await sequencesOf(target)),
    ...(await tablesOf(target)),
    ...(await viewsOf(target)),
  ];
  const owned = await ownersOf(target);
  return [...inOrder(made, await dependencies(target)), ...owned];
}

/** First what is older, but nothing before what it depends on. */
function inOrder(made: readonly Made[], depends: ReadonlyMap<number, readonly number[]>): string[] {
  const byOid = new Map(made.map((one) => [one.oid, one]));
  const done = new Set<number>();
  const lines: string[] = [];
  const visit = (one: Made): void => {
    if (done.has(one.oid)) return;
    done.add(one.oid);
    for (const oid of depends.get(one.oid) ?? []) {
      const other = byOid.get(oid);
      if (other !== undefined) visit(other);
    }
    lines.push(one.text);
  };
  for (const one of [...made].sort((a, b) => a.oid - b.oid)) visit(one);
  return lines;
}

/** pg_depend between what is made: defaults stand for their tables, rules for their views, arrays and rows for what they are of. */
async function dependencies(target: Target): Promise<Map<number, number[]>> {
  const rows = await texts(
    target,
    `select coalesce(d.adrelid, w.ev_class, con.conrelid, dep.objid), case when t.typrelid <> 0 then t.typrelid
         when t.typelem <> 0 and t.typlen = -1 then coalesce(nullif(el.typrelid, 0::oid), t.typelem) else dep.refobjid end
       from pg_catalog.pg_depend dep
       left join pg_catalog.pg_attrdef d on dep.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and d.oid = dep.objid
       left join pg_catalog.pg_rewrite w on dep.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and w.oid = dep.objid
       left join pg_catalog.pg_constraint con on dep.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
         and con.oid = dep.objid and con.contype = 'c'
       left join pg_catalog.pg_type t on dep.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass and t.oid = dep.refobjid
       left join pg_catalog.pg_type el on el.oid = t.typelem
     where dep.deptype = 'n' and dep.refobjid >= 16384`,
  );
  const found = new Map<number, number[]>();
  for (const [from, to] of rows) {
    if (from === to) continue;
    const list = found.get(Number(from));
    if (list === undefined) found.set(Number(from), [Number(to)]);
    else list.push(Number(to));
  }
  return found;
}

async function enumsOf(target: Target): Promise<Made[]> {
  const rows = await texts(
    target,
    `select t.oid, n.nspname, t.typname, e.enumlabel from pg_catalog.pg_type t
     join pg_catalog.pg_namespace n on n.oid = t.typnamespace join pg_catalog.pg_enum e on e.enumtypid = t.oid
     where t.typtype = 'e' and ${OF_USERS} order by t.oid, e.enumsortorder`,
  );
  const labels = Map.groupBy(rows, ([oid]) => oid);
  return [...labels].map(([oid, all]) => {
    const [[, schema, name]] = all;
    const texts = all.map(([, , , label]) => literal(label));
    return { oid: Number(oid), text: `CREATE TYPE ${named(schema, name)} AS ENUM (${texts.join(', ')});` };
  });
}

async function domainsOf(target: Target): Promise<Made[]> {
  const rows = await texts(
    target,
    `select t.oid, n.nspname, t.typname, pg_catalog.format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault,
       pg_catalog.array_to_string(array(select 'CONSTRAINT ' || pg_catalog.quote_ident(r.conname) || ' ' ||
         pg_catalog.pg_get_constraintdef(r.oid) from pg_catalog.pg_constraint r where r.contypid = t.oid order by r.conname), ' ')
     from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace where t.typtype = 'd' and ${OF_USERS}`,
  );
  return rows.map(([oid, schema, name, base, notNull, value, checks]) => {
    const more = [value === '' ? '' : ` DEFAULT ${value}`, notNull === 't' ? ' NOT NULL' : '', checks === '' ? '' : ` ${checks}`];
    return { oid: Number(oid), text: `CREATE DOMAIN ${named(schema, name)} AS ${base}${more.join('')};` };
  });
}

async function rangesOf(target: Target): Promise<Made[]> {
  const rows = await texts(
    target,
    `select t.oid, n.nspname, t.typname, pg_catalog.format_type(r.rngsubtype, null) from pg_catalog.pg_range r
     join pg_catalog.pg_type t on t.oid = r.rngtypid join pg_catalog.pg_namespace n on n.oid = t.typnamespace where ${OF_USERS}`,
  );
  return rows.map(([oid, schema, name, subtype]) => ({
    oid: Number(oid),
    text: `CREATE TYPE ${named(schema, name)} AS RANGE (subtype = ${subtype});`,
  }));
}

async function functionsOf(target: Target): Promise<Made[]> {
  const rows = await texts(
    target,
    `select p.oid, pg_catalog.pg_get_functiondef(p.oid) from pg_catalog.pg_proc p
     join pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.prokind in ('f', 'p') and ${OF_USERS}
     and not exists (select 1 from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype in ('e', 'i'))`,
  );
  return rows.map(([oid, text]) => ({ oid: Number(oid), text: `${text.trimEnd()};` }));
}

/** But those of identity columns, which their tables make. */
async function sequencesOf(target: Target): Promise<Made[]> {
  const rows = await texts(
    target,
    `select c.oid, n.nspname, c.relname, pg_catalog.format_type(s.seqtypid, null), ${SEQUENCE_OPTIONS}
     from pg_catalog.pg_sequence s join pg_catalog.pg_class c on c.oid = s.seqrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace where ${OF_USERS}
     and not exists (select 1 from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'i'
       and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)`,
  );
  return rows.map(([oid, schema, name, type, options]) => ({
    oid: Number(oid),
    text: `CREATE SEQUENCE ${named(schema, name)} AS ${type} ${options};`,
  }));
}

const SEQUENCE_OPTIONS = `'START WITH ' || s.seqstart || ' INCREMENT BY ' || s.seqincrement || ' MINVALUE ' || s.seqmin ||
  ' MAXVALUE ' || s.seqmax || ' CACHE ' || s.seqcache || case when s.seqcycle then ' CYCLE' else '' end`;

/** Tables, and types of rows. */
async function tablesOf(target: Target): Promise<Made[]> {
  const tables = await texts(
    target,
    `select c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, c.relispartition,
       case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end,
       case when c.relispartition then pg_catalog.pg_get_expr(c.relpartbound, c.oid) end,
       pg_catalog.array_to_string(array(select pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(pc.relname)
         from pg_catalog.pg_inherits i join pg_catalog.pg_class pc on pc.oid = i.inhparent
         join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace where i.inhrelid = c.oid order by i.inhseqno), ', ')
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where (c.relkind in ('r', 'p') or c.relkind = 'c') and c.relpersistence <> 't' and ${OF_USERS}`,
  );
  const columns = Map.groupBy(await columnLines(target), ([oid]) => oid);
  const checks = Map.groupBy(await checkLines(target), ([oid]) => oid);
  return tables.map(([oid, schema, name, kind, persistence, isPartition, partitionKey, bound, parents]) => {
    const full = named(schema, name);
    const made = (text: string): Made => ({ oid: Number(oid), text });
    const by = partitionKey === '' ? '' : ` PARTITION BY ${partitionKey}`;
    if (isPartition === 't') return made(`CREATE TABLE ${full} PARTITION OF ${parents} ${bound}${by};`);
    const own = (columns.get(oid) ?? []).filter(([, , isLocal]) => isLocal === 't').map(([, line]) => line);
    const lines = [...own, ...(checks.get(oid) ?? []).map(([, line]) => line)].map((line) => `    ${line}`).join(',\n');
    if (kind === 'c') return made(`CREATE TYPE ${full} AS (\n${lines}\n);`);
    const inherits = parents === '' ? '' : `\nINHERITS (${parents})`;
    return made(`CREATE ${persistence === 'u' ? 'UNLOGGED ' : ''}TABLE ${full} (\n${lines}\n)${inherits}${by};`);
  });
}

/** [oid of the table, the column, whether it is the table's own] */
const columnLines = (target: Target): Promise<string[][]> =>
  texts(
    target,
    `select a.attrelid, pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod) ||
       coalesce((select ' COLLATE ' || pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
         from pg_catalog.pg_collation co join pg_catalog.pg_namespace cn on cn.oid = co.collnamespace
         join pg_catalog.pg_type t on t.oid = a.atttypid where co.oid = a.attcollation and a.attcollation <> t.typcollation), '') ||
       case when a.attgenerated = 's' then ' GENERATED ALWAYS AS (' || pg_catalog.pg_get_expr(d.adbin, d.adrelid) || ') STORED'
         when a.attidentity <> '' then ' GENERATED ' || case a.attidentity when 'a' then 'ALWAYS' else 'BY DEFAULT' end ||
           ' AS IDENTITY' || coalesce((select ' (SEQUENCE NAME ' || pg_catalog.quote_ident(sn.nspname) || '.' ||
             pg_catalog.quote_ident(sc.relname) || ' ' || ${SEQUENCE_OPTIONS} || ')' from pg_catalog.pg_depend dep
             join pg_catalog.pg_sequence s on s.seqrelid = dep.objid join pg_catalog.pg_class sc on sc.oid = s.seqrelid
             join pg_catalog.pg_namespace sn on sn.oid = sc.relnamespace
             where dep.refobjid = a.attrelid and dep.refobjsubid = a.attnum and dep.deptype = 'i'
               and dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass), '')
         else coalesce(' DEFAULT ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid), '') end ||
       case when a.attnotnull then ' NOT NULL' else '' end, a.attislocal
     from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'c') and ${OF_USERS} order by a.attrelid, a.attnum`,
  );

const checkLines = (target: Target): Promise<string[][]> =>
  texts(
    target,
    `select r.conrelid, 'CONSTRAINT ' || pg_catalog.quote_ident(r.conname) || ' ' || pg_catalog.pg_get_constraintdef(r.oid)
     from pg_catalog.pg_constraint r join pg_catalog.pg_class c on c.oid = r.conrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where r.contype = 'c' and r.conislocal and ${OF_USERS} order by r.conrelid, r.conname`,
  );

async function viewsOf(target: Target): Promise<Made[]> {
  const rows = await texts(
    target,
    `select c.oid, n.nspname, c.relname, c.relkind, pg_catalog.pg_get_viewdef(c.oid)
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind in ('v', 'm') and ${OF_USERS}`,
  );
  return rows.map(([oid, schema, name, kind, text]) => ({
    oid: Number(oid),
    text: `CREATE ${kind === 'm' ? 'MATERIALIZED ' : ''}VIEW ${named(schema, name)} AS\n${text.replace(/;\s*$/, '')};`,
  }));
}

/** Whose sequences are: they go with their columns. */
async function ownersOf(target: Target): Promise<string[]> {
  const rows = await texts(
    target,
    `select sn.nspname, sc.relname, n.nspname, c.relname, a.attname from pg_catalog.pg_depend d
     join pg_catalog.pg_class sc on sc.oid = d.objid and sc.relkind = 'S' join pg_catalog.pg_namespace sn on sn.oid = sc.relnamespace
     join pg_catalog.pg_class c on c.oid = d.refobjid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
     where d.deptype = 'a' and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
       and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and ${OF_USERS} order by sc.oid`,
  );
  return rows.map(
    ([schema, name, tableSchema, table, column]) =>
      `ALTER SEQUENCE ${named(schema, name)} OWNED BY ${named(tableSchema, table)}.${quoted(column)};`,
  );
}
