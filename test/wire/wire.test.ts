/** PostgreSQL's wire: one server for all cases, and one that lets nobody in without a password. */

import { after, before, describe, test } from 'node:test';
import { skipRecorded } from '../sql/recorded.ts';
import { recordedAnswersHold } from '../sql/recorded-wire.ts';
import { clientSteps } from './clients.ts';
import { databaseSteps, firstNameSteps } from './databases.ts';
import { entrySteps, portTaken, tableSteps } from './entry.ts';
import { protocolSteps } from './protocol.ts';
import { workersDie } from './deaths.ts';
import { heavyStatements } from './heavy.ts';
import { hostileSteps } from './hostile.ts';
import { isolationOverTheWire } from './isolation.ts';
import { activityIsSeen, figuresAreServed } from './watching.ts';
import { startServer, type TestServer } from './with-server.ts';

describe('a server for PostgreSQL clients', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ 'metrics-port': '0' });
  });
  after(() => server.stop());

  test('protocol', (context) => protocolSteps(context, server.port));
  test('databases', () => databaseSteps(server.port));
  test('clients', (context) => clientSteps(context, server.port));
  test('statements that tools have sent are answered as PostgreSQL 15 did', { skip: skipRecorded }, () =>
    recordedAnswersHold(server.port),
  );
  test('isolation anomalies over the wire, at each level', () => isolationOverTheWire(server.port));
  test('activity, locks and statements are seen over SQL', () => activityIsSeen(server));
  test('metrics, health and readiness over HTTP', () => figuresAreServed(server));
});

test('the first database has a name of its own', firstNameSteps);

test('hostile clients hold nobody else up', (context) => hostileSteps(context));
test('long statements run beside the others', heavyStatements);
test('a worker that dies is replaced; one that takes the memory along has the server begin anew', workersDie);
test('coming in', (context) => entrySteps(context));
test('the table of connections knows keys and numbers', tableSteps);
test('a port that is in use is named', portTaken);
