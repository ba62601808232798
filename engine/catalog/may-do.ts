/** What a role may do with an object, as has_..._privilege() asks: by its own rights, those it inherits, and those of everybody. */

import type { SessionReader } from './reader.ts';
import type { Grants, RoleRow } from './stored.ts';
import { ROLE_SUPERUSER } from './system-tables.ts';
import { virtualTableById } from './virtual/registry.ts';

const GRANT_OPTION = / with (?:grant|admin) option$/;

/** Rights that everybody has to what nobody has said anything of. */
const DEFAULTS: { readonly [kind: string]: readonly string[] } = {
  database: ['connect', 'temporary', 'temp'],
  function: ['execute'],
  type: ['usage'],
  language: ['usage'],
};

/** `role` 0: everybody. `right` as the function was given it, with ' WITH GRANT OPTION' or without. */
export function mayDo(reader: SessionReader, role: number, kind: string, object: number | string, right: string): boolean {
  const own = role === 0 ? null : reader.roleById(role);
  if (role !== 0 && own === null) return false;
  const folded = right.toLowerCase();
  const plain = folded.replace(GRANT_OPTION, '');
  const wanted = plain === folded ? plain : `${plain}*`;
  if (kind === 'role') return own !== null && isOf(reader, own, Number(object), plain);
  if (own?.superuser === true) return true;
  if (kind === 'tablespace' || kind === 'parameter') return false;
  if (typeof object === 'number' && virtualTableById(object) !== null) return wanted === 'select';
  const id = kind === 'database' ? ROLE_SUPERUSER : Number(object);
  const row = reader.entry(id)?.row;
  if (row === undefined || row.kind === 'index') return isDefault(kind, wanted) || (kind === 'schema' && wanted === 'usage');
  if (own !== null && kind !== 'database' && reader.hasRightsOf(own, row.body.owner)) return true;
  return (row.body.grants[0] === undefined && isDefault(kind, wanted)) || isGranted(reader, own, row.body.grants, wanted);
}

const isDefault = (kind: string, right: string): boolean => DEFAULTS[kind]?.includes(right) === true;

function isGranted(reader: SessionReader, role: RoleRow | null, grants: Grants, right: string): boolean {
  return Object.entries(grants).some(([to, rights]) => {
    if (!rights.includes(right) && !rights.includes(`${right}*`)) return false;
    return to === '0' || (role !== null && reader.hasRightsOf(role, Number(to)));
  });
}

/** USAGE: it has the rights of the other one without becoming it; MEMBER, SET: it may become it. */
const isOf = (reader: SessionReader, role: RoleRow, other: number, right: string): boolean =>
  role.superuser || (right === 'usage' ? reader.hasRightsOf(role, other) : reader.isMember(role, other));
