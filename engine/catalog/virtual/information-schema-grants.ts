/** information_schema's rights: who may do what, as owners have it and grants say. */

import type { SessionReader } from '../reader.ts';
import type { Grants } from '../stored.ts';
import { catalogOf, seenTables, seenViews, tableHead, yesNo } from './information-schema-shared.ts';
import { roleName, visible } from './relations.ts';
import type { RowMakers, VirtualRow } from './virtual-table.ts';

const ALL = ['INSERT', 'SELECT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'];
const OF_COLUMNS = ['INSERT', 'SELECT', 'UPDATE', 'REFERENCES'];

function* grantsOf(
  reader: SessionReader,
  owner: number,
  grants: Grants,
): Iterable<{ grantee: string; right: string; own: boolean }> {
  for (const right of ALL) yield { grantee: roleName(reader, owner), right, own: true };
  for (const [role, rights] of Object.entries(grants))
    for (const right of rights)
      if (Number(role) !== owner) yield { grantee: roleName(reader, Number(role)), right: right.toUpperCase(), own: false };
}

function* tableRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of [...seenTables(reader), ...seenViews(reader)]) {
    const row = reader.entry(table.id)?.row;
    const grants = row?.kind === 'table' || row?.kind === 'view' ? row.body.grants : {};
    for (const { grantee, right, own } of grantsOf(reader, table.owner, grants)) {
      const head = { grantor: roleName(reader, table.owner), grantee, ...tableHead(reader, table), privilege_type: right };
      yield { ...head, is_grantable: yesNo(own), with_hierarchy: yesNo(right === 'SELECT') };
    }
  }
}

function* columnRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of [...seenTables(reader), ...seenViews(reader)]) {
    const row = reader.entry(table.id)?.row;
    const grants = row?.kind === 'table' || row?.kind === 'view' ? row.body.grants : {};
    for (const { grantee, right, own } of grantsOf(reader, table.owner, grants)) {
      if (!OF_COLUMNS.includes(right)) continue;
      const head = { grantor: roleName(reader, table.owner), grantee, ...tableHead(reader, table) };
      for (const { name } of visible(table))
        yield { ...head, column_name: name, privilege_type: right, is_grantable: yesNo(own) };
    }
  }
}

const ownRole = (reader: SessionReader): VirtualRow[] =>
  reader
    .roles()
    .flatMap(({ name, superuser }) =>
      name === reader.role()?.name || (reader.role()?.superuser && superuser) ? [{ role_name: name }] : [],
    );

export const INFORMATION_SCHEMA_GRANTS: RowMakers = {
  table_privileges: tableRows,
  role_table_grants: tableRows,
  column_privileges: columnRows,
  role_column_grants: columnRows,
  enabled_roles: ownRole,
  usage_privileges: (reader) => [
    {
      ...{ grantor: roleName(reader, 10), grantee: 'PUBLIC', object_catalog: catalogOf(reader), object_schema: 'pg_catalog' },
      ...{ object_name: 'C', object_type: 'COLLATION', privilege_type: 'USAGE', is_grantable: 'NO' },
    },
  ],
};
