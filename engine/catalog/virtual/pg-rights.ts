/** Rows of pg_catalog's tables of policies and memberships, and rights as aclitem shows them. */

import type { RowValue } from '../../storage/rows/row-value.ts';
import type { CatalogPolicy, CatalogTable, StoredExpression } from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import type { Grants } from '../grants.ts';
import { ROLE_SUPERUSER } from '../system-tables.ts';
import { type ExpressionText, expressionShown, treeOf } from '../shown.ts';
import { quoteName } from './describe.ts';
import { oneTable, roleName, tablesOf } from './relations.ts';
import { arrayValue, type Lookup, type RowMakers, type VirtualRow } from './virtual-table.ts';

// ---- aclitem ----

/** In the order in which they are shown. */
const LETTERS: readonly (readonly [string, string])[] = [
  ...([
    ['insert', 'a'],
    ['select', 'r'],
    ['update', 'w'],
    ['delete', 'd'],
    ['truncate', 'D'],
    ['references', 'x'],
    ['trigger', 't'],
  ] as const),
  ...([
    ['execute', 'X'],
    ['usage', 'U'],
    ['create', 'C'],
    ['temporary', 'T'],
    ['connect', 'c'],
  ] as const),
];

const letters = (rights: readonly string[]): string =>
  LETTERS.map(([right, letter]) => (rights.includes(`${right}*`) ? `${letter}*` : rights.includes(right) ? letter : '')).join('');

/** Rights on an object, in the order in which they were granted; null where nobody has said anything of them. */
export function aclValue(reader: SessionReader, owner: number, grants: Grants | null | undefined): RowValue {
  if (grants === null || grants === undefined) return null;
  const name = (role: number): string => (role === 0 ? '' : quoteName(roleName(reader, role)));
  const items = grants.map(({ to, by, rights }) => `${name(to)}=${letters(rights)}/${name(by === 0 ? owner : by)}`);
  return arrayValue('aclitem', items);
}

/** Rights on an object of the catalog. */
export function aclOf(reader: SessionReader, id: number): RowValue {
  const row = reader.entry(id)?.row;
  if (row === undefined || row.kind === 'index') return null;
  return aclValue(reader, row.kind === 'role' ? ROLE_SUPERUSER : row.body.owner, row.body.grants);
}

const DEFAULT_LETTERS: { readonly [kind: string]: string } = { table: 'r', sequence: 'S', function: 'f', type: 'T', schema: 'n' };

/** What new objects of roles get. */
function* defaultRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { id: owner, defaults } of reader.roles())
    for (const { id, schema, kind, grants } of defaults)
      yield {
        ...{ oid: id, defaclrole: owner, defaclnamespace: schema, defaclobjtype: DEFAULT_LETTERS[kind] },
        defaclacl: aclValue(reader, owner, grants),
      };
}

// ---- policies ----

const COMMANDS: { readonly [command in CatalogPolicy['command']]: string } = {
  ...{ all: '*', select: 'r', insert: 'a', update: 'w', delete: 'd' },
};

const conditionOf = (reader: SessionReader, table: CatalogTable, condition: StoredExpression | null): ExpressionText | null =>
  condition === null ? null : expressionShown(reader, condition, { purpose: 'check', table, type: null });

function treeOfCondition(reader: SessionReader, table: CatalogTable, condition: StoredExpression | null): string | null {
  const shown = conditionOf(reader, table, condition);
  return shown === null ? null : treeOf(shown);
}

function* withPolicies(
  reader: SessionReader,
  tables = tablesOf(reader),
): Iterable<{ table: CatalogTable; policy: CatalogPolicy }> {
  for (const table of tables) for (const policy of table.policies ?? []) yield { table, policy };
}

function* policyRows(reader: SessionReader, lookup: Lookup | null): Iterable<VirtualRow> {
  for (const { table, policy } of withPolicies(reader, lookup === null ? undefined : oneTable(reader, lookup.value))) {
    const { id, name, permissive, command, roles, using, check } = policy;
    yield {
      ...{ oid: id, polname: name, polrelid: table.id, polcmd: COMMANDS[command], polpermissive: permissive },
      ...{ polroles: arrayValue('oid', [...roles]), polqual: treeOfCondition(reader, table, using) },
      polwithcheck: treeOfCondition(reader, table, check),
    };
  }
}

function* policyViewRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { table, policy } of withPolicies(reader)) {
    const { name, permissive, command, roles, using, check } = policy;
    const names = roles.map((role) => (role === 0 ? 'public' : roleName(reader, role)));
    yield {
      ...{ schemaname: table.schema, tablename: table.name, policyname: name, cmd: command.toUpperCase() },
      ...{ permissive: permissive ? 'PERMISSIVE' : 'RESTRICTIVE', roles: arrayValue('name', names) },
      ...{ qual: conditionOf(reader, table, using)?.plain ?? null, with_check: conditionOf(reader, table, check)?.plain ?? null },
    };
  }
}

// ---- memberships ----

function* memberRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { id: member, memberOf } of reader.roles())
    for (const { role, admin, grantor } of memberOf)
      yield { roleid: role, member, grantor: grantor ?? ROLE_SUPERUSER, admin_option: admin };
}

export const PG_RIGHTS: RowMakers = {
  pg_policy: policyRows,
  pg_policies: policyViewRows,
  pg_auth_members: memberRows,
  pg_default_acl: defaultRows,
};
