/** A worker that dies: outside a critical section it is replaced; inside one the server begins anew, through recovery, also before it stops. */

import { deepEqual, equal, ok } from 'node:assert/strict';
import * as send from './raw-client.ts';
import { RawClient, rawClient, valuesOf } from './raw-client.ts';
import { poison } from '../../shm/critical.ts';
import { startServer } from './with-server.ts';

/** A client that is let in, after a while. */
async function letIn(port: number): Promise<RawClient> {
  for (let tries = 0; ; tries++) {
    const client = new RawClient(port);
    client.send(send.startup({ user: 'postgres' }));
    if ((await client.until('Z')).at(-1)?.type === 'Z') return client;
    ok(tries < 200, 'the server takes no clients');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function numbers(client: RawClient): Promise<(string | null)[][]> {
  client.send(send.query('select n from kept order by n'));
  return (await client.until('Z')).filter(({ type }) => type === 'D').map(valuesOf);
}

export async function workersDie(): Promise<void> {
  const started = await startServer({ workers: '2', durability: 'commit' });
  const { server, port } = started;
  try {
    // Both workers have one: clients go to who has the fewest.
    const clients = [await rawClient(port), await rawClient(port)];
    deepEqual(
      (await server.figures()).map(({ connections }) => connections),
      [1, 1],
    );
    equal(await clients[0].types(send.query('create table kept (n int); insert into kept values (1)')), 'CCZ');
    for (const client of clients) await client.types(send.query('begin; insert into kept values (2)'));
    server.endWorker(1);
    const gone = await Promise.race(clients.map((client) => client.until('never').then(() => client)));
    const [left] = clients.filter((client) => client !== gone);
    equal(await left.types(send.query('commit')), 'CZ');
    const fresh = await letIn(port);
    deepEqual(await numbers(fresh), [['1'], ['2']], 'what the other worker did not commit is undone');
    equal(server.restarts, 0);
    poison((server.database as NonNullable<typeof server.database>).engine.shm, 'the test wants it so');
    fresh.send(send.query('select 1'));
    await fresh.until('never');
    const again = await letIn(port);
    equal(server.restarts, 1);
    deepEqual(await numbers(again), [['1'], ['2']]);
    equal(await again.types(send.query('insert into kept values (3)')), 'CZ');
    while (server.state !== 'running') await new Promise((resolve) => setTimeout(resolve, 5));
    poison((server.database as NonNullable<typeof server.database>).engine.shm, 'the test wants it so');
    again.send(send.query('select 1'));
    await again.until('never');
    while (server.state === 'running') await new Promise((resolve) => setTimeout(resolve, 5));
    const before = process.exitCode;
    await server.stop();
    deepEqual([server.state, process.exitCode], ['stopped', before], 'who stops it while it begins anew waits until it has');
  } finally {
    await started.stop();
  }
}
