/** Rows of pg_catalog's tables of policies and memberships, and rights as aclitem shows them. */

import type { RowValue } from '../../storage/rows/row-value.ts';
import type { CatalogPolicy, CatalogTable } from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import type { Grants } from '../stored.ts';
import { ROLE_SUPERUSER } from '../system-tables.ts';
import { quoteName } from './describe.ts';
import { roleName, tablesOf } from './relations.ts';
import { arrayValue, type RowMakers, type VirtualRow } from './virtual-table.ts';

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

/** What an owner has by himself, by the kind of the object. */
const OWNERS = { table: 'arwdDxt', sequence: 'rwU', schema: 'UC', function: 'X' } as const;

const letters = (rights: readonly string[]): string =>
  LETTERS.map(([right, letter]) => (rights.includes(`${right}*`) ? `${letter}*` : rights.includes(right) ? letter : '')).join('');

/** Rights on an object; null where nobody has granted any. */
export function aclValue(reader: SessionReader, kind: keyof typeof OWNERS, owner: number, grants: Grants): RowValue {
  const given = Object.entries(grants);
  if (given.length === 0) return null;
  const own = quoteName(roleName(reader, owner));
  const others = given.filter(([role, rights]) => Number(role) !== owner && rights.length > 0);
  const shown = others.map(([role, rights]) => {
    const to = role === '0' ? '' : quoteName(roleName(reader, Number(role)));
    return `${to}=${letters(rights)}/${own}`;
  });
  return arrayValue('text', [`${own}=${OWNERS[kind]}/${own}`, ...shown]);
}

// ---- policies ----

const COMMANDS: { readonly [command in CatalogPolicy['command']]: string } = {
  ...{ all: '*', select: 'r', insert: 'a', update: 'w', delete: 'd' },
};

const inParentheses = (text: string | undefined): string | null => (text === undefined ? null : `(${text})`);

function* withPolicies(reader: SessionReader): Iterable<{ table: CatalogTable; policy: CatalogPolicy }> {
  for (const table of tablesOf(reader)) for (const policy of table.policies ?? []) yield { table, policy };
}

function* policyRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { table, policy } of withPolicies(reader)) {
    const { id, name, permissive, command, roles, using, check } = policy;
    yield {
      ...{ oid: id, polname: name, polrelid: table.id, polcmd: COMMANDS[command], polpermissive: permissive },
      ...{ polroles: arrayValue('oid', [...roles]), polqual: inParentheses(using?.text) },
      polwithcheck: inParentheses(check?.text),
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
      ...{ qual: inParentheses(using?.text), with_check: inParentheses(check?.text) },
    };
  }
}

// ---- memberships ----

function* memberRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { id: member, memberOf } of reader.roles())
    for (const { role, admin } of memberOf) yield { roleid: role, member, grantor: ROLE_SUPERUSER, admin_option: admin };
}

export const PG_RIGHTS: RowMakers = {
  pg_policy: policyRows,
  pg_policies: policyViewRows,
  pg_auth_members: memberRows,
};
