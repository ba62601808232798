/** Coming in: rules, passwords, TLS, the Unix socket, the limit of connections. */

import { equal, match, ok, rejects } from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { TestContext } from 'node:test';
import pg from 'pg';
import { SessionsTable } from '../../engine/server/sessions-table.ts';
import * as send from './raw-client.ts';
import { fieldsOf, RawClient } from './raw-client.ts';
import { startServer, type TestServer } from './with-server.ts';

const PASSWORD = 'pä ss';

const RULES = `
local all all trust
hostssl all postgres 127.0.0.0/8 scram-sha-256
hostnossl all postgres 127.0.0.1 password   # in the clear
hostnossl all nobody loopback reject
host all all all scram-sha-256
`;

const here = (name: string): string => join(import.meta.dirname, name);

async function withSecured(body: (server: TestServer, client: (options: object) => pg.Client) => Promise<void>): Promise<void> {
  const { tmpdir } = await import('node:os');
  const passwordFile = join(tmpdir(), `scratchbird-password-${process.pid}`);
  const rules = join(tmpdir(), `scratchbird-rules-${process.pid}`);
  writeFileSync(passwordFile, `${PASSWORD}\n`);
  writeFileSync(rules, RULES);
  const server = await startServer({
    ...{ rules, 'password-file': passwordFile, workers: '1', 'max-connections': '3' },
    ...{ 'tls-cert': here('tls-cert.pem'), 'tls-key': here('tls-key.pem') },
  });
  const client = (options: object): pg.Client =>
    new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres', ...options });
  try {
    await body(server, client);
  } finally {
    await server.stop();
  }
}

async function asks(client: pg.Client): Promise<void> {
  await client.connect();
  equal((await client.query('select 1 as one')).rows[0].one, 1);
  await client.end();
}

const TLS = { ssl: { rejectUnauthorized: false } };

async function steps(context: TestContext, server: TestServer, client: (options: object) => pg.Client): Promise<void> {
  await context.test('a password in the clear, where the rules ask for it', async () => {
    await asks(client({ password: PASSWORD }));
    await rejects(client({ password: 'wrong' }).connect(), { code: '28P01' });
  });
  await context.test('SCRAM-SHA-256 over TLS', async () => {
    await asks(client({ password: PASSWORD, ...TLS }));
    await rejects(client({ password: 'wrong', ...TLS }).connect(), { code: '28P01' });
  });
  await context.test('TLS from the first byte, where the client says what for', async () => {
    const first = async (ALPNProtocols?: string[]): Promise<string> => {
      const socket = connectTls({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false, ALPNProtocols });
      socket.write(send.startup({ user: 'postgres' }));
      const came = await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => [false]);
      socket.destroy();
      return Buffer.isBuffer(came[0]) ? String.fromCharCode(came[0][0]) : 'closed';
    };
    equal(await first(['postgresql']), 'R');
    equal(await first(), 'closed');
    equal(await first(['http/1.1']), 'closed');
  });
  await context.test('bytes behind an SSLRequest that are not encrypted are not taken', async () => {
    const raw = new RawClient(server.port);
    raw.send(send.sslRequest, send.startup({ user: 'postgres' }));
    const [error] = await raw.until('never');
    equal(fieldsOf(error).C, '08P01');
  });
  await context.test('a rule refuses; a role that is not there is asked for a password like any other', async () => {
    await rejects(client({ user: 'nobody', password: 'x' }).connect(), { code: '28000' });
    const raw = new RawClient(server.port);
    raw.send(send.startup({ user: 'somebody' }));
    const asked = await raw.next();
    equal(asked?.body.readInt32BE(0), 10);
    raw.end();
  });
  await context.test('a wrong password is answered later each time', async () => {
    const begun = performance.now();
    for (let time = 0; time < 2; time++) await rejects(client({ password: 'guess' }).connect(), { code: '28P01' });
    ok(performance.now() - begun > 500, 'two answers wait 200 ms and 400 ms, or longer');
  });
  await context.test('the Unix socket, by its own rule', async () => {
    await asks(client({ host: server.directory }));
  });
  await context.test('so many clients and no more: 53300', async () => {
    const clients = Array.from({ length: 3 }, () => client({ host: server.directory }));
    await Promise.all(clients.map((one) => one.connect()));
    await rejects(client({ host: server.directory }).connect(), { code: '53300' });
    await Promise.all(clients.map((one) => one.end()));
    await asks(client({ host: server.directory }));
  });
  await context.test('stopping tells clients that are idle', async () => {
    const idle = client({ host: server.directory });
    const told = new Promise<Error>((resolve) => idle.on('error', resolve));
    await idle.connect();
    await server.stop();
    match((await told).message, /administrator command/);
  });
}

export async function entrySteps(context: TestContext): Promise<void> {
  await withSecured((server, client) => steps(context, server, client));
}

/** A table of connections, alone. */
export function tableSteps(): void {
  const table = SessionsTable.create(2);
  const secret = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
  const rows = [table.take(2), table.take(2)];
  equal(table.take(2), -1);
  for (const row of rows) table.open(row, 7 + row, 1, secret, 1);
  const process = table.process(rows[1]);
  equal(table.sessionOf(process, secret.subarray(0, 4)), 8);
  equal(table.sessionOf(process, Buffer.from([0, 1, 2])), -1);
  equal(table.sessionOf(process, Buffer.from([0, 1, 2, 4])), -1);
  table.free(rows[1]);
  equal(table.sessionOf(process, secret), -1);
  table.open(table.take(2), 9, 1, secret, 1);
  equal(table.sessionOf(process, secret), -1, 'the number of a connection that has gone');
  table.freeWorker(1);
  equal(table.count, 0);
}

/** A port that is in use is named. */
export async function portTaken(): Promise<void> {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  await rejects(startServer({ port: String(port) }), {
    message: `port ${port} of 127.0.0.1 is in use; give another one with --port`,
  });
  other.close();
}
