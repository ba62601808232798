/** What a role may do with an object, as has_..._privilege() asks: by its own rights, those it inherits, and those of everybody. */

import type { SessionReader } from './reader.ts';
import type { ObjectRow, RoleRow } from './stored.ts';
import { FIRST_DATABASE, ROLE_SUPERUSER } from './system-tables.ts';
import { virtualTableById } from './virtual/registry.ts';

type GrantedRow = Exclude<ObjectRow, { kind: 'index' }>;

const GRANT_OPTION = / with (?:grant|admin) option$/;

/** Rights that everybody has to what nobody has said anything of. */
const DEFAULTS: { readonly [kind: string]: readonly string[] } = {
  database: ['connect', 'temporary', 'temp'],
  function: ['execute'],
  type: ['usage'],
  language: ['usage'],
};
const SYNONYMS: { readonly [right: string]: string } = { temp: 'temporary' };

/**
 * `role` 0: everybody. `right` as the function was given it, with ' WITH GRANT OPTION' or without. `column`: a name or a number; a
 * column is what its table is, and what is said of itself.
 */
export function mayDo(
  reader: SessionReader,
  role: number,
  kind: string,
  object: number | string,
  column: string | number | null,
  right: string,
): boolean {
  const own = role === 0 ? null : reader.roleById(role);
  if (role !== 0 && own === null) return false;
  const folded = right.toLowerCase();
  const plain = folded.replace(GRANT_OPTION, '');
  const grantsOn = plain !== folded;
  if (kind === 'role') return own !== null && isOf(reader, own, Number(object), plain, grantsOn);
  if (own?.superuser === true) return true;
  if (kind === 'tablespace' || kind === 'parameter') return false;
  if (typeof object === 'number' && virtualTableById(object) !== null) return !grantsOn && plain === 'select';
  const id = kind === 'database' && Number(object) === FIRST_DATABASE ? ROLE_SUPERUSER : Number(object);
  const row = reader.entry(id)?.row;
  const isKnown = !grantsOn && (DEFAULTS[kind]?.includes(plain) === true || (kind === 'schema' && plain === 'usage'));
  if (row === undefined || row.kind === 'index') return isKnown;
  const wanted = SYNONYMS[plain] ?? plain;
  const may = (columns: readonly number[]): boolean => reader.mayDoColumns(own, row, grantsOn ? `${wanted}*` : wanted, columns);
  if (grantsOn ? mayGrant(reader, own, row, wanted) : reader.mayDo(own, row, wanted)) return true;
  if (kind === 'any_column') return may([]);
  return kind === 'column' && column !== null && may([numberOf(row, column)]);
}

const numberOf = (row: ObjectRow, column: string | number): number => {
  if (typeof column === 'number' || (row.kind !== 'table' && row.kind !== 'view')) return Number(column);
  return row.body.columns.find(({ name, hidden }) => hidden === null && name === column)?.number ?? 0;
};

/** Owners may grant on whatever they have granted themselves. */
function mayGrant(reader: SessionReader, role: RoleRow | null, row: GrantedRow, right: string): boolean {
  if (role === null) return false;
  const owner = row.kind === 'role' ? ROLE_SUPERUSER : row.body.owner;
  return reader.hasRightsOf(role, owner) || (row.body.grants !== null && reader.isGrantedOn(role, row.body.grants, right));
}

/** USAGE: it has the rights of the other one without becoming it; MEMBER, SET: it may become it; with the option: it may make others do so. */
function isOf(reader: SessionReader, role: RoleRow, other: number, right: string, withOption: boolean): boolean {
  if (role.superuser) return true;
  if (withOption) return reader.isAdminOf(role, other);
  return right === 'usage' ? reader.hasRightsOf(role, other) : reader.isMember(role, other);
}
