/** What a server makes sure of before it serves a database. The roles that its clients know as superusers: PostgreSQL's take `postgres` for granted, MySQL's `root`. */

import { readFileSync } from 'node:fs';
import type { WirePlugin } from '../../plugins/contract/connection.ts';
import type { Database } from '../api/api.ts';
import type { SqlCatalog } from '../api/sql-catalog.ts';
import type { RoleRow } from '../catalog/stored.ts';
import { entered } from '../exec/run.ts';
import type { Transaction } from '../txn/transactions.ts';

export const SERVER_SUPERUSER = 'postgres';
const SUPERUSERS: { readonly [dialect: string]: string } = { postgresql: SERVER_SUPERUSER, mysql: 'root' };

type Verifiers = NonNullable<RoleRow['verifiers']>;

/** What a role keeps of a password: what each dialect's exchange needs (C4). */
const verifiersOf = (password: string, wires: readonly WirePlugin[]): Verifiers =>
  Object.fromEntries(wires.map((wire) => [wire.verifierName ?? 'scram', wire.makeVerifier(password)]));

/** Beside the first database there is one of that name: nobody would get into it. */
export const hasMade = ({ engine, connection }: Database, name: string): boolean =>
  entered(engine, () => (engine.catalog as SqlCatalog).reader(connection.session, null).databaseNamed(name) !== null);

/** Makes the roles where there are none, and sets their password where a file has it. True: the first one has one. */
export function prepareRoles(database: Database, passwordFile: string, wires: readonly WirePlugin[]): boolean {
  const { engine, connection, kernel } = database;
  const sql = engine.catalog as SqlCatalog;
  const own = sql.sessionOf(connection.session);
  const find = (wanted: string): RoleRow | undefined =>
    sql.catalog.reader(null, own).roles().find(({ name }) => name === wanted); // biome-ignore format: one step
  const change = (body: (tx: Transaction) => void): void => {
    const tx = kernel.begin();
    body(tx);
    kernel.commit(tx);
  };
  const prepare = (name: string): RoleRow => {
    if (find(name) === undefined && name === SERVER_SUPERUSER)
      change((tx) => void sql.catalog.nameFirstRole(tx, own, SERVER_SUPERUSER));
    if (find(name) === undefined) change((tx) => sql.catalog.createRole(tx, own, name, { superuser: true, login: true }));
    return find(name) as RoleRow;
  };
  return entered(engine, () => {
    const roles = wires.map(({ manifest }) => prepare(SUPERUSERS[manifest.dialect]));
    if (passwordFile === '') return roles[0].verifiers?.scram !== undefined;
    const verifiers = verifiersOf(readPassword(passwordFile), wires);
    for (const role of roles) change((tx) => sql.catalog.setVerifiers(tx, own, role.id, { ...role.verifiers, ...verifiers }));
    return true;
  });
}

function readPassword(file: string): string {
  const password = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  if (password === '') throw new Error(`${file} holds no password`);
  return password;
}
