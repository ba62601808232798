/** What is to be seen of a server from outside: over SQL and over HTTP. */

import { equal, match, ok } from 'node:assert/strict';
import * as send from './raw-client.ts';
import { type RawClient, rawClient, valuesOf } from './raw-client.ts';
import type { TestServer } from './with-server.ts';

async function rows(client: RawClient, sql: string): Promise<(string | null)[][]> {
  client.send(send.query(sql));
  return (await client.until('Z')).filter(({ type }) => type === 'D').map(valuesOf);
}

/** Asks until the answer is this: what others do is written down now and then. */
async function becomes(client: RawClient, sql: string, expected: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const found = JSON.stringify(await rows(client, sql));
    if (found === expected) return;
    if (tries > 60) equal(found, expected);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function activityIsSeen({ port }: TestServer): Promise<void> {
  const [watcher, holder, waiter] = await Promise.all(
    ['watcher', 'holder', 'waiter'].map((name) => rawClient(port, { application_name: name })),
  );
  await holder.types(send.query('create table watched (a int primary key, n int); insert into watched values (1, 0)'));
  await holder.types(send.query('begin; update watched set n = 1'));
  waiter.send(send.query('update watched set n = 2'));
  const of = (name: string, what: string): string => `select ${what} from pg_stat_activity where application_name = '${name}'`;
  await becomes(watcher, of('holder', 'state'), '[["idle in transaction"]]');
  await becomes(watcher, of('waiter', 'state, wait_event_type, query'), '[["active","Lock","update watched set n = 2"]]');
  const pid = String(waiter.key?.process);
  await becomes(watcher, `select mode from pg_locks where pid = ${pid} and not granted`, '[["ShareLock"]]');
  await holder.types(send.query('commit'));
  await waiter.until('Z');
  await becomes(watcher, of('waiter', 'state'), '[["idle"]]');
  const counted = "select calls from pg_stat_statements where query like '%watched set n =%'";
  await becomes(watcher, `${counted} and calls = 2`, '[["2"]]');
  await watcher.types(send.query('drop table watched'));
  for (const one of [watcher, holder, waiter]) one.end();
}

export async function figuresAreServed({ server }: TestServer): Promise<void> {
  const ask = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${server.metricsPort}${path}`);
  equal(await (await ask('/healthz')).text(), 'ok\n');
  equal((await ask('/readyz')).status, 200);
  equal((await ask('/elsewhere')).status, 404);
  const metrics = await (await ask('/metrics')).text();
  match(metrics, /^# TYPE scratchbird_up gauge\nscratchbird_up 1$/m);
  ok(Number(/^scratchbird_statements_total (\d+)$/m.exec(metrics)?.[1]) > 5, metrics);
}
