/** One engine worker: accepts clients, and serves them from accept to close, over the memory that all threads share. */

import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Logger } from 'pino';
import type { Authentication, Manifest } from '../../plugins/contract/connection.ts';
import { PluginClock } from '../../plugins/host/clock.ts';
import { type SentPlugin, WorkerPlugins } from '../../plugins/host/worker-plugins.ts';
import { isPoisoned, poisonError } from '../../shm/critical.ts';
import { SqlError, SQLSTATE, toPlain } from '../../shm/errors.ts';
import { attach, type Database } from '../api/api.ts';
import type { SqlCatalog } from '../api/sql-catalog.ts';
import { noDatabase } from '../catalog/errors.ts';
import type { RoleRow } from '../catalog/stored.ts';
import { Connection } from '../exec/connection.ts';
import { entered } from '../exec/run.ts';
import { Session } from '../session/session.ts';
import { cancelSession } from '../txn/sessions.ts';
import { serveFigures } from '../catalog/virtual/pg-stat.ts';
import { Activity } from './activity.ts';
import { Answers } from './answers.ts';
import { clientSocket } from './client-socket.ts';
import { ClientConnection } from './connection.ts';
import { Guard } from './guard.ts';
import { HeavyThreads } from './heavy.ts';
import { OutputMemory } from './lent-output.ts';
import { ServerFigures } from './figures.ts';
import { createLog } from './log.ts';
import { native } from './native.ts';
import type { ServerOptions } from './options.ts';
import type { Peer } from './peer.ts';
import { Passing } from './passing.ts';
import { methodFor, readRules, type Rule } from './rules.ts';
import { ServedSession } from './session.ts';
import { SessionsTable } from './sessions-table.ts';
import { Signals } from './signals.ts';
import { StatementCounts } from './statement-figures.ts';
import { wiresFor } from './wires.ts';
import { Turns } from './turns.ts';
import type { Listening, ServerWorkerData, WorkerControl, WorkerFigures, WorkerNews } from './worker-messages.ts';

/** Connections that wait in the system to be accepted. */
const BACKLOG = 4096;
/** Milliseconds in which a client has to say who it is. */
const AUTHENTICATION_MS = 60_000;
const DRAIN_LOOK_MS = 20;

export class ServerWorker implements WorkerControl {
  readonly number: number;
  readonly options: ServerOptions;
  readonly plugins: WorkerPlugins;
  readonly memory = new OutputMemory();
  readonly database: Database;
  readonly sessions: SessionsTable;
  readonly answers: Answers;
  readonly turns: Turns;
  readonly heavy: HeavyThreads;
  readonly activity: Activity;
  readonly counts: StatementCounts;
  readonly log: Logger;
  readonly guard: Guard;
  readonly secureContext: SecureContext | null;
  readonly #rules: readonly Rule[];
  readonly #connections = new Set<ClientConnection>();
  readonly #servers: NetServer[] = [];
  readonly #tell: (news: WorkerNews) => void;
  /** Clients of each worker, by its number: shared by all. */
  readonly #loads: Int32Array;
  /** Clients go to another worker by it. */
  readonly #passing: Passing;
  #isDraining = false;
  #isLost = false;
  #refused = 0;
  batches = 0;
  statements = 0;
  errors = 0;

  constructor(data: ServerWorkerData, tell: (news: WorkerNews) => void) {
    this.number = data.number;
    this.options = data.options;
    this.#tell = tell;
    this.log = createLog(data.options.logLevel, `worker ${data.number}`);
    this.plugins = new WorkerPlugins(new PluginClock(new Int32Array(data.clock)), wiresFor(data.options));
    for (const sent of data.plugins) this.plugins.use(sent);
    this.database = attach(data.handle);
    this.sessions = new SessionsTable(data.sessions);
    const { txns } = this.database.engine;
    this.answers = new Answers(txns.log, data.log, () => this.#checkLog());
    this.turns = new Turns(txns);
    this.heavy = new HeavyThreads(this.database, data.options.heavyCost, (error) => this.lost(error));
    this.counts = new StatementCounts(this.database.engine.shm.name, data.number, data.options.slowQuery, this.log);
    serveFigures(new ServerFigures(this.sessions, txns, this.counts));
    this.database.engine.signals = new Signals(this.database.engine.shm.name, this.sessions, this.#connections);
    this.activity = new Activity(this.sessions, () => this.database.engine.now());
    this.guard = new Guard(this.log);
    this.#rules = readRules(data.rules);
    this.secureContext = data.tls === null ? null : createSecureContext({ ...data.tls, minVersion: 'TLSv1.2' });
    this.#loads = new Int32Array(data.loads);
    const channel = `${this.database.engine.shm.name} clients`;
    this.#passing = new Passing(channel, data.number, new Int32Array(data.offers), (socket, dialect) =>
      this.#accept(socket, dialect),
    );
    if (data.options.pin) native()?.pin(data.number - 1);
  }

  async listen(listening: readonly Listening[]): Promise<void> {
    Atomics.store(this.#loads, this.number, 0);
    await Promise.all(listening.map((one) => this.#listenOn(one)));
    this.#tell({ kind: 'ready' });
  }

  #listenOn(where: Listening): Promise<void> {
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.#arrived(socket, where.dialect));
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      const listening = (): void => {
        server.removeListener('error', reject);
        server.on('error', (error) => this.log.error({ error }, 'accepting failed'));
        resolve();
      };
      if (where.kind === 'descriptor') server.listen({ fd: where.descriptor }, listening);
      else if (where.kind === 'path') server.listen({ path: where.path, backlog: BACKLOG }, listening);
      else server.listen({ host: where.host, port: where.port, backlog: BACKLOG, reusePort: true }, listening);
    });
  }

  /** Who is quickest takes what waits at a socket that is shared, which is mostly the same one: a client goes on to whom has the fewest. */
  #arrived(socket: Socket, dialect: string): void {
    const worker = this.#lightest();
    const stays = (): void => {
      Atomics.add(this.#loads, this.number, 1);
      this.#accept(clientSocket(socket), dialect);
    };
    if (worker === this.number) stays();
    else {
      Atomics.add(this.#loads, worker, 1);
      const isOffered = this.#passing.offer(worker, socket, dialect, () => {
        Atomics.sub(this.#loads, worker, 1);
        stays();
      });
      if (!isOffered) {
        Atomics.sub(this.#loads, worker, 1);
        stays();
      }
    }
  }

  #lightest(): number {
    let lightest = this.number;
    for (let worker = 1; worker < this.#loads.length; worker++)
      if (this.#loads[worker] < this.#loads[lightest]) lightest = worker;
    return lightest;
  }

  #accept(socket: Socket, dialect: string): void {
    const plugin = this.plugins.open(dialect);
    if (plugin === null) {
      // Nobody can tell the client why: what its protocol was has gone.
      Atomics.sub(this.#loads, this.number, 1);
      socket.destroy();
      return;
    }
    const peer: Peer = { address: socket.remoteAddress ?? null, port: socket.remotePort ?? 0 };
    const connection = new ClientConnection(this, socket, peer, plugin);
    this.#connections.add(connection);
    const timer = setTimeout(() => {
      if (connection.session === null) connection.destroy();
    }, AUTHENTICATION_MS);
    timer.unref();
    connection.onSession = () => clearTimeout(timer);
    connection.greet();
    socket.resume();
    if (this.#isDraining) connection.endWith(new SqlError('57P03', 'the database system is shutting down'));
  }

  // ---- what connections ask ----

  authentication(peer: Peer, isSecure: boolean, user: string, database: string, verifier = 'scram'): Authentication {
    const method = methodFor(this.#rules, { address: peer.address, isSecure, user, database });
    return { method, verifier: method === 'trust' ? null : (this.#role(user)?.verifiers?.[verifier] ?? null) };
  }

  #role(name: string): RoleRow | undefined {
    const { engine, connection } = this.database;
    return entered(engine, () => {
      const catalog = engine.catalog as SqlCatalog;
      return catalog
        .reader(connection.session, null)
        .roles()
        .find((role) => role.name === name);
    });
  }

  openSession(
    client: ClientConnection,
    user: string,
    database: string,
    settings: ReadonlyMap<string, string>,
    secret: Buffer,
  ): ServedSession {
    const role = this.#role(user);
    if (role === undefined) throw new SqlError('28000', `role "${user}" does not exist`);
    if (!role.login) throw new SqlError('28000', `role "${user}" is not permitted to log in`);
    const databaseId = this.#databaseId(database, role);
    if (this.#isDraining) throw new SqlError('57P03', 'the database system is shutting down');
    const row = this.sessions.take(this.options.maxConnections);
    if (row < 0) {
      this.#refused++;
      throw new SqlError(SQLSTATE.too_many_connections, 'sorry, too many clients already');
    }
    client.row = row;
    try {
      const served = this.#newSession(client, { user, database, databaseId }, settings);
      const { engine } = this.database;
      this.sessions.open(row, served.connection.session.slot, this.number, secret, engine.now());
      this.sessions.text(row, 'user', user);
      this.sessions.text(row, 'database', database);
      this.sessions.text(row, 'application', settings.get('application_name') ?? '');
      this.sessions.text(row, 'client', client.peer.address === null ? '' : `${client.peer.address}:${client.peer.port}`);
      return served;
    } catch (error) {
      this.freeRow(client);
      throw error;
    }
  }

  /** The number of a database, which the role may enter. 3D000, 42501 */
  #databaseId(name: string, role: RoleRow): number {
    const { engine, connection } = this.database;
    return entered(engine, () => {
      const reader = (engine.catalog as SqlCatalog).reader(connection.session, null);
      const made = name === this.options.database ? null : reader.databaseNamed(name);
      if (made === null && name !== this.options.database) throw noDatabase(name);
      const granted = made ?? reader.grantedDatabase();
      if (granted !== null && !reader.mayDo(role, granted, 'connect'))
        throw new SqlError(SQLSTATE.insufficient_privilege, `permission denied for database "${name}"`, {
          detail: 'User does not have CONNECT privilege.',
        });
      return made?.id ?? 0;
    });
  }

  #newSession(
    client: ClientConnection,
    place: { readonly user: string; readonly database: string; readonly databaseId: number },
    settings: ReadonlyMap<string, string>,
  ): ServedSession {
    const { engine } = this.database;
    const options = {
      ...{ ...place, firstDatabase: this.options.database, durability: this.options.durability },
      ...{ holdsAnswers: true, namedParameters: false, dialect: client.plugin.loaded.dialect },
    };
    const session = entered(engine, () => new Session(engine.txns, engine.locks, options));
    const connection = new Connection(engine, session);
    const served = new ServedSession(connection, client);
    session.processId = this.sessions.process(client.row);
    session.notifications.onNotification = (notification) => client.notified(notification);
    connection.onNotice = ({ severity, code, message }) => client.notice(severity, code, message);
    try {
      for (const [name, value] of settings) session.settings.set(name, value, false);
      return served;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  freeRow(client: ClientConnection): void {
    if (client.row >= 0) this.sessions.free(client.row);
    client.row = -1;
  }

  /** Settings that are the server's. */
  setting(client: ClientConnection, name: string): string | undefined {
    switch (name) {
      case 'is_superuser':
        return this.#role(client.user)?.superuser === true ? 'on' : 'off';
      case 'session_authorization':
        return client.user;
      case 'in_hot_standby':
        return 'off';
      default:
        return undefined;
    }
  }

  cancel(process: number, secret: Buffer): void {
    const session = this.sessions.sessionOf(process, secret);
    if (session >= 0) cancelSession(this.database.engine.txns, session, 1);
  }

  /** The connection's socket has gone; a statement of it may still run. */
  closed(client: ClientConnection, isRunning: boolean): void {
    if (!this.#connections.delete(client)) return;
    Atomics.sub(this.#loads, this.number, 1);
    this.activity.forget(client);
    const { session } = client;
    if (isRunning && session !== null) session.connection.session.cancel();
  }

  #checkLog(): void {
    const { shm } = this.database.engine;
    if (isPoisoned(shm)) this.lost(poisonError(shm));
  }

  /** The memory or the log cannot be trusted any more: the server begins anew. */
  lost(error: unknown): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.log.fatal({ error }, 'the database stopped');
    this.#tell({ kind: 'lost', error: toPlain(error) });
  }

  // ---- what the control plane asks ----

  async drain(milliseconds: number): Promise<void> {
    this.#isDraining = true;
    for (const server of this.#servers) server.close();
    const until = performance.now() + milliseconds;
    while (this.#connections.size > 0) {
      const isLate = performance.now() >= until;
      for (const connection of this.#connections) {
        if (isLate || connection.isIdle || connection.session === null)
          connection.endWith(new SqlError(SQLSTATE.admin_shutdown, 'terminating connection due to administrator command'));
      }
      if (isLate) break;
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
    for (const connection of this.#connections) connection.destroy();
    // Statements that were cancelled come to their end.
    while (this.running > 0 && performance.now() < until + milliseconds)
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    await this.heavy.leave();
  }

  /** Sessions that wait for a statement though their client has gone. */
  running = 0;

  figures(): WorkerFigures {
    const { batches, statements, errors } = this;
    const refused = this.#refused + this.guard.total;
    return { connections: this.#connections.size, batches, statements, errors, refused, plugins: this.plugins.figures() };
  }

  /** The next connections of a dialect get another version. Throws 42P17, and all stays as it was. */
  usePlugin(sent: SentPlugin): Manifest {
    return this.plugins.use(sent);
  }

  /** A dialect takes no more connections. */
  removeDialect(dialect: string): void {
    this.plugins.remove(dialect);
  }

  /** Listens elsewhere, too: for a dialect that is new. */
  async listenOn(listening: readonly Listening[]): Promise<void> {
    await Promise.all(listening.map((one) => this.#listenOn(one)));
  }

  leave(): void {
    this.#passing.close();
    this.counts.close();
    this.database.close();
  }
}
