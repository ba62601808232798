/** The role that a server's clients know as superuser: PostgreSQL's clients take `postgres` for granted. */

import { readFileSync } from 'node:fs';
import { postgresqlWire } from '../../parsers/postgresql/wire-plugin.ts';
import type { Database } from '../api/api.ts';
import type { SqlCatalog } from '../api/sql-catalog.ts';
import type { RoleRow } from '../catalog/stored.ts';
import { entered } from '../exec/run.ts';
import type { Transaction } from '../txn/transactions.ts';

export const SERVER_SUPERUSER = 'postgres';

/** Makes the role where there is none, and sets its password where a file has it. True: it has one. */
export function prepareRoles(database: Database, passwordFile: string): boolean {
  const { engine, connection, kernel } = database;
  const sql = engine.catalog as SqlCatalog;
  const own = sql.sessionOf(connection.session);
  const find = (): RoleRow | undefined =>
    sql.catalog.reader(null, own).roles().find(({ name }) => name === SERVER_SUPERUSER); // biome-ignore format: one step
  const change = (body: (tx: Transaction) => void): void => {
    const tx = kernel.begin();
    body(tx);
    kernel.commit(tx);
  };
  return entered(engine, () => {
    if (find() === undefined) change((tx) => void sql.catalog.nameFirstRole(tx, own, SERVER_SUPERUSER));
    if (find() === undefined) change((tx) => sql.catalog.createRole(tx, own, SERVER_SUPERUSER, { superuser: true, login: true }));
    const role = find() as RoleRow;
    if (passwordFile === '') return role.verifiers?.scram !== undefined;
    const scram = postgresqlWire.makeVerifier(readPassword(passwordFile));
    change((tx) => sql.catalog.setVerifiers(tx, own, role.id, { ...role.verifiers, scram }));
    return true;
  });
}

function readPassword(file: string): string {
  const password = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  if (password === '') throw new Error(`${file} holds no password`);
  return password;
}
