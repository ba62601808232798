/** information_schema's rights: who may do what, as grants say it or the kind of the object gives it; those that the role has part in. */

import { firstGrants, type GrantedKind, type Grants, plainRight, RIGHTS } from '../grants.ts';
import type { SessionReader } from '../reader.ts';
import { ROLE_SUPERUSER } from '../system-tables.ts';
import { catalogOf, tableHead, yesNo } from './information-schema-shared.ts';
import { roleName, routinesOf, sequencesOf, tablesOf, typesOf, viewsOf, visible } from './relations.ts';
import type { RowMakers, VirtualRow } from './virtual-table.ts';

const WITH_HIERARCHY = 'SELECT';

/** A right of a role by a grant. `isOwn`: of the owner, who may grant it on. */
interface Held {
  readonly head: VirtualRow;
  readonly right: string;
  readonly grantable: boolean;
}

/** Which grants a role is told of: its own, by it or to it; `public`: those to everybody as well. */
function* held(
  reader: SessionReader,
  kind: GrantedKind,
  owner: number,
  grants: Grants | null,
  isOfRoles: boolean,
): Iterable<Held> {
  const own = reader.role();
  if (own === null) return;
  const isEnabled = (role: number): boolean => role !== 0 && (own.superuser || reader.hasRightsOf(own, role));
  for (const { to, by, rights } of grants ?? firstGrants(kind, owner)) {
    const giver = by === 0 ? owner : by;
    if (to === 0 && isOfRoles) continue;
    if (to !== 0 && !isEnabled(to) && !isEnabled(giver)) continue;
    const head = { grantor: roleName(reader, giver), grantee: to === 0 ? 'PUBLIC' : roleName(reader, to) };
    for (const right of rights) yield { head, right: plainRight(right), grantable: to === owner || right.endsWith('*') };
  }
}

type Relation = Parameters<typeof visible>[0] & { readonly owner: number };

const relations = (reader: SessionReader): Relation[] => [...tablesOf(reader), ...viewsOf(reader)];

function grantsOf(reader: SessionReader, id: number): Grants | null {
  const row = reader.entry(id)?.row;
  return row === undefined || row.kind === 'index' ? null : row.body.grants;
}

function columnGrantsOf(reader: SessionReader, id: number, attribute: number): Grants {
  const row = reader.entry(id)?.row;
  return row?.kind === 'table' || row?.kind === 'view' ? (row.body.columnGrants?.[attribute] ?? []) : [];
}

const tableRows = (isOfRoles: boolean) =>
  function* (reader: SessionReader): Iterable<VirtualRow> {
    for (const table of relations(reader))
      for (const { head, right, grantable } of held(reader, 'table', table.owner, grantsOf(reader, table.id), isOfRoles)) {
        const named = { ...head, ...tableHead(reader, table), privilege_type: right.toUpperCase() };
        const hierarchy = named.privilege_type === WITH_HIERARCHY;
        yield { ...named, is_grantable: yesNo(grantable), with_hierarchy: yesNo(hierarchy) };
      }
  };

const columnRows = (isOfRoles: boolean) =>
  function* (reader: SessionReader): Iterable<VirtualRow> {
    const ofColumns: readonly string[] = RIGHTS.column;
    for (const table of relations(reader)) {
      const whole = [...held(reader, 'table', table.owner, grantsOf(reader, table.id), isOfRoles)];
      for (const { name, number } of visible(table)) {
        const own = [...held(reader, 'column', table.owner, columnGrantsOf(reader, table.id, number), isOfRoles)];
        const seen = new Set<string>();
        for (const { head, right, grantable } of [...whole, ...own]) {
          const key = JSON.stringify([head, right, grantable]);
          if (!ofColumns.includes(right) || seen.has(key)) continue;
          seen.add(key);
          const named = { ...head, ...tableHead(reader, table), column_name: name };
          yield { ...named, privilege_type: right.toUpperCase(), is_grantable: yesNo(grantable) };
        }
      }
    }
  };

const routineRows = (isOfRoles: boolean) =>
  function* (reader: SessionReader): Iterable<VirtualRow> {
    for (const { id, body } of routinesOf(reader))
      for (const { head, grantable } of held(reader, 'function', body.owner, body.grants, isOfRoles)) {
        const place = { catalog: catalogOf(reader), schema: body.routine.schema };
        yield {
          ...{ ...head, specific_catalog: place.catalog, specific_schema: place.schema },
          ...{ specific_name: `${body.routine.name}_${id}`, routine_catalog: place.catalog, routine_schema: place.schema },
          ...{ routine_name: body.routine.name, privilege_type: 'EXECUTE', is_grantable: yesNo(grantable) },
        };
      }
  };

const typeRows = (isOfRoles: boolean) =>
  function* (reader: SessionReader): Iterable<VirtualRow> {
    for (const { schema, name, body } of typesOf(reader)) {
      if (body.form !== 'row') continue;
      for (const { head, grantable } of held(reader, 'type', body.owner, body.grants, isOfRoles)) {
        const place = { udt_catalog: catalogOf(reader), udt_schema: reader.schemaName(schema), udt_name: name };
        yield { ...head, ...place, privilege_type: 'TYPE USAGE', is_grantable: yesNo(grantable) };
      }
    }
  };

const COLLATION: VirtualRow = {
  ...{ grantee: 'PUBLIC', object_schema: 'pg_catalog', object_name: 'C', object_type: 'COLLATION' },
  ...{ privilege_type: 'USAGE', is_grantable: 'NO' },
};

/** Of collations, domains and sequences. */
const usageRows = (isOfRoles: boolean) =>
  function* (reader: SessionReader): Iterable<VirtualRow> {
    const object_catalog = catalogOf(reader);
    if (!isOfRoles) yield { ...COLLATION, grantor: roleName(reader, ROLE_SUPERUSER), object_catalog };
    const row = ({ head, grantable }: Held, schema: string, name: string, type: string): VirtualRow => ({
      ...{ ...head, object_catalog, object_schema: schema, object_name: name, object_type: type },
      ...{ privilege_type: 'USAGE', is_grantable: yesNo(grantable) },
    });
    for (const { schema, name, body } of typesOf(reader)) {
      if (body.form !== 'domain') continue;
      for (const one of held(reader, 'type', body.owner, body.grants, isOfRoles))
        yield row(one, reader.schemaName(schema), name, 'DOMAIN');
    }
    for (const { id, owner, schema, name } of sequencesOf(reader))
      for (const one of held(reader, 'sequence', owner, grantsOf(reader, id), isOfRoles))
        if (one.right === 'usage') yield row(one, schema, name, 'SEQUENCE');
  };

// ---- roles ----

const enabledRoles = (reader: SessionReader): VirtualRow[] => {
  const own = reader.role();
  if (own === null) return [];
  return reader.roles().flatMap(({ id, name }) => (own.superuser || reader.hasRightsOf(own, id) ? [{ role_name: name }] : []));
};

function* memberships(reader: SessionReader): Iterable<{ row: VirtualRow; admin: boolean }> {
  const own = reader.role();
  if (own === null) return;
  for (const { id, name, memberOf } of reader.roles()) {
    if (!own.superuser && !reader.hasRightsOf(own, id)) continue;
    for (const { role, admin } of memberOf)
      yield { row: { grantee: name, role_name: roleName(reader, role), is_grantable: yesNo(admin) }, admin };
  }
}

export const INFORMATION_SCHEMA_GRANTS: RowMakers = {
  table_privileges: tableRows(false),
  role_table_grants: tableRows(true),
  column_privileges: columnRows(false),
  role_column_grants: columnRows(true),
  routine_privileges: routineRows(false),
  role_routine_grants: routineRows(true),
  udt_privileges: typeRows(false),
  role_udt_grants: typeRows(true),
  usage_privileges: usageRows(false),
  role_usage_grants: usageRows(true),
  enabled_roles: enabledRoles,
  applicable_roles: (reader) => [...memberships(reader)].map(({ row }) => row),
  administrable_role_authorizations: (reader) => [...memberships(reader)].flatMap(({ row, admin }) => (admin ? [row] : [])),
};
