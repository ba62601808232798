/** What comes behind the rows of a dump: keys, indexes, statistics, foreign keys, policies, comments, privileges. */

import { named, OF_USERS, texts } from './dump.ts';
import { literal, quoted, type Target } from './target.ts';

const OF_TABLES = `from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace`;

export async function behindRows(target: Target, hasPrivileges: boolean): Promise<string[]> {
  return [
    ...(await constraintsOf(target, "r.contype in ('p', 'u', 'x')")),
    ...(await indexesOf(target)),
    ...(await statisticsOf(target)),
    ...(await constraintsOf(target, "r.contype = 'f'")),
    ...(await policiesOf(target)),
    ...(await commentsOf(target)),
    ...(hasPrivileges ? [...(await ownersOf(target)), ...(await grantsOf(target))] : []),
  ];
}

/** Those that are not parts of a partitioned table's. */
async function constraintsOf(target: Target, which: string): Promise<string[]> {
  const rows = await texts(
    target,
    `select n.nspname, c.relname, r.conname, pg_catalog.pg_get_constraintdef(r.oid) from pg_catalog.pg_constraint r
     join pg_catalog.pg_class c on c.oid = r.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where ${which} and r.conparentid = 0 and ${OF_USERS} order by c.oid, r.contype, r.conname`,
  );
  return rows.map(([schema, table, name, text]) => `ALTER TABLE ${named(schema, table)} ADD CONSTRAINT ${quoted(name)} ${text};`);
}

async function indexesOf(target: Target): Promise<string[]> {
  const rows = await texts(
    target,
    `select pg_catalog.pg_get_indexdef(i.indexrelid) from pg_catalog.pg_index i
     join pg_catalog.pg_class c on c.oid = i.indexrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where ${OF_USERS} and c.relpersistence <> 't'
       and not exists (select 1 from pg_catalog.pg_constraint r where r.conindid = i.indexrelid and r.contype in ('p', 'u', 'x'))
       and not exists (select 1 from pg_catalog.pg_inherits h where h.inhrelid = i.indexrelid) order by i.indexrelid`,
  );
  return rows.map(([text]) => `${text};`);
}

async function statisticsOf(target: Target): Promise<string[]> {
  const rows = await texts(
    target,
    `select pg_catalog.pg_get_statisticsobjdef(s.oid), n.nspname, s.stxname, coalesce(s.stxstattarget, -1)
     from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
     join pg_catalog.pg_class c on c.oid = s.stxrelid where ${OF_USERS} and c.relpersistence <> 't' order by s.oid`,
  );
  return rows.flatMap(([text, schema, name, wanted]) => [
    `${text};`,
    ...(wanted === '-1' ? [] : [`ALTER STATISTICS ${named(schema, name)} SET STATISTICS ${wanted};`]),
  ]);
}

const COMMANDS: { readonly [letter: string]: string } = { r: 'SELECT', a: 'INSERT', w: 'UPDATE', d: 'DELETE', '*': 'ALL' };

async function policiesOf(target: Target): Promise<string[]> {
  const tables = await texts(
    target,
    `select n.nspname, c.relname, c.relforcerowsecurity ${OF_TABLES} where c.relrowsecurity and ${OF_USERS}`,
  );
  const policies = await texts(
    target,
    `select n.nspname, c.relname, p.polname, p.polpermissive, p.polcmd, pg_catalog.pg_get_expr(p.polqual, p.polrelid),
       pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid),
       pg_catalog.array_to_string(array(select pg_catalog.quote_ident(r.rolname) from pg_catalog.pg_roles r where r.oid = any (p.polroles)), ', ')
     from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace where ${OF_USERS} order by p.oid`,
  );
  return [
    ...tables.flatMap(([schema, table, isForced]) => [
      `ALTER TABLE ${named(schema, table)} ENABLE ROW LEVEL SECURITY;`,
      ...(isForced === 't' ? [`ALTER TABLE ${named(schema, table)} FORCE ROW LEVEL SECURITY;`] : []),
    ]),
    ...policies.map(([schema, table, name, isPermissive, command, using, check, roles]) => {
      const parts = [
        `CREATE POLICY ${quoted(name)} ON ${named(schema, table)}`,
        ...(isPermissive === 't' ? [] : ['AS RESTRICTIVE']),
        `FOR ${COMMANDS[command]} TO ${roles === '' ? 'PUBLIC' : roles}`,
        ...(using === '' ? [] : [`USING (${using})`]),
        ...(check === '' ? [] : [`WITH CHECK (${check})`]),
      ];
      return `${parts.join(' ')};`;
    }),
  ];
}

async function commentsOf(target: Target): Promise<string[]> {
  const rows = await texts(
    target,
    `select case c.relkind when 'S' then 'SEQUENCE' when 'v' then 'VIEW' when 'm' then 'MATERIALIZED VIEW' when 'i' then 'INDEX'
         when 'c' then 'TYPE' else 'TABLE' end, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), d.description
       ${OF_TABLES} join pg_catalog.pg_description d on d.objoid = c.oid and d.objsubid = 0
         and d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass where ${OF_USERS}
     union all select 'COLUMN', pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) || '.' ||
         pg_catalog.quote_ident(a.attname), d.description
       ${OF_TABLES} join pg_catalog.pg_description d on d.objoid = c.oid and d.objsubid > 0
         and d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
       join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid where ${OF_USERS}
     union all select 'STATISTICS', pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(s.stxname), d.description
       from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
       join pg_catalog.pg_description d on d.objoid = s.oid
         and d.classoid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass where ${OF_USERS}
     union all select 'SCHEMA', pg_catalog.quote_ident(n.nspname), d.description from pg_catalog.pg_namespace n
       join pg_catalog.pg_description d on d.objoid = n.oid and d.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
       where ${OF_USERS} and n.nspname <> 'public'
     union all select case t.typtype when 'd' then 'DOMAIN' else 'TYPE' end,
         pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname), d.description
       from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
       join pg_catalog.pg_description d on d.objoid = t.oid and d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass where ${OF_USERS}
     union all select case p.prokind when 'p' then 'PROCEDURE' else 'FUNCTION' end, pg_catalog.quote_ident(n.nspname) || '.' ||
         pg_catalog.quote_ident(p.proname) || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')', d.description
       from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
       join pg_catalog.pg_description d on d.objoid = p.oid and d.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass where ${OF_USERS}
     order by 1, 2`,
  );
  return rows.map(([kind, name, text]) => `COMMENT ON ${kind} ${name} IS ${literal(text)};`);
}

/** Roles, but for the one that every server has. */
export async function rolesOf(target: Target): Promise<string[]> {
  const roles = await texts(
    target,
    `select rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolbypassrls from pg_catalog.pg_roles
     where rolname !~ '^pg_' and rolname not in ('postgres', 'scratchbird') order by oid`,
  );
  const members = await texts(
    target,
    `select g.rolname, m.rolname from pg_catalog.pg_auth_members a join pg_catalog.pg_roles g on g.oid = a.roleid
     join pg_catalog.pg_roles m on m.oid = a.member where g.rolname !~ '^pg_' order by 1, 2`,
  );
  const words = ['SUPERUSER', 'INHERIT', 'CREATEROLE', 'CREATEDB', 'LOGIN', 'BYPASSRLS'];
  return [
    ...roles.map(
      ([name, ...is]) =>
        `CREATE ROLE ${quoted(name)} WITH ${words.map((word, at) => (is[at] === 't' ? word : `NO${word}`)).join(' ')};`,
    ),
    ...members.map(([role, member]) => `GRANT ${quoted(role)} TO ${quoted(member)};`),
  ];
}

async function ownersOf(target: Target): Promise<string[]> {
  const isOther = "pg_catalog.pg_get_userbyid(o.owner) not in ('postgres', 'scratchbird', 'pg_database_owner')";
  const rows = await texts(
    target,
    `select o.kind, o.name, pg_catalog.pg_get_userbyid(o.owner) from (
       select case c.relkind when 'S' then 'SEQUENCE' when 'v' then 'VIEW' when 'm' then 'MATERIALIZED VIEW' else 'TABLE' end as kind,
         pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as name, c.relowner as owner, c.oid as id
         ${OF_TABLES} where c.relkind in ('r', 'p', 'v', 'm', 'S') and ${OF_USERS}
         and not exists (select 1 from pg_catalog.pg_depend d where d.objid = c.oid and c.relkind = 'S' and d.deptype in ('a', 'i'))
       union all select 'SCHEMA', pg_catalog.quote_ident(n.nspname), n.nspowner, n.oid from pg_catalog.pg_namespace n where ${OF_USERS}) o
     where ${isOther} order by o.id`,
  );
  return rows.map(([kind, name, owner]) => `ALTER ${kind} ${name} OWNER TO ${quoted(owner)};`);
}

const RIGHTS: { readonly [letter: string]: string } = {
  ...{ r: 'SELECT', a: 'INSERT', w: 'UPDATE', d: 'DELETE', D: 'TRUNCATE', x: 'REFERENCES', t: 'TRIGGER' },
  ...{ U: 'USAGE', C: 'CREATE', X: 'EXECUTE' },
};

/** GRANTs of an acl: 'ann=rw*\/owner'; a star allows to grant on. */
export function grants(acl: string, on: string, owner: string): string[] {
  const lines: string[] = [];
  for (const item of acl.split('\n')) {
    const found = /^("(?:[^"]|"")*"|[^=]*)=([a-zA-Z*]*)\//.exec(item);
    if (found === null) continue;
    const [, grantee, letters] = found;
    if (grantee === owner || grantee === `"${owner}"`) continue;
    const to = grantee === '' ? 'PUBLIC' : grantee;
    for (const [isOption, rights] of [
      [false, [...letters.matchAll(/([a-zA-Z])(?!\*)/g)]],
      [true, [...letters.matchAll(/([a-zA-Z])\*/g)]],
    ] as const) {
      const words = rights.map(([, letter]) => RIGHTS[letter]).filter((word) => word !== undefined);
      if (words.length > 0) lines.push(`GRANT ${words.join(', ')} ON ${on} TO ${to}${isOption ? ' WITH GRANT OPTION' : ''};`);
    }
  }
  return lines;
}

async function grantsOf(target: Target): Promise<string[]> {
  const rows = await texts(
    target,
    `select case when c.relkind = 'S' then 'SEQUENCE ' else 'TABLE ' end || pg_catalog.quote_ident(n.nspname) || '.' ||
         pg_catalog.quote_ident(c.relname), pg_catalog.pg_get_userbyid(c.relowner), pg_catalog.array_to_string(c.relacl, E'\\n'), c.oid
       ${OF_TABLES} where c.relacl is not null and ${OF_USERS}
     union all select 'SCHEMA ' || pg_catalog.quote_ident(n.nspname), pg_catalog.pg_get_userbyid(n.nspowner),
         pg_catalog.array_to_string(n.nspacl, E'\\n'), n.oid from pg_catalog.pg_namespace n
       where n.nspacl is not null and n.nspname <> 'public' and ${OF_USERS}
     union all select 'FUNCTION ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) || '(' ||
         pg_catalog.pg_get_function_identity_arguments(p.oid) || ')', pg_catalog.pg_get_userbyid(p.proowner),
         pg_catalog.array_to_string(p.proacl, E'\\n'), p.oid from pg_catalog.pg_proc p
       join pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.proacl is not null and ${OF_USERS}
     order by 4`,
  );
  return rows.flatMap(([on, owner, acl]) => grants(acl, on, owner));
}
