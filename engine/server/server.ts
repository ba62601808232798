/**
 * The control plane: opens the database, listens, starts the workers, watches them, ends them.
 *
 *   start    recovery -> sockets -> workers -> all say ready
 *   a worker dies outside a critical section: it is replaced, its connections are closed; inside one, or when the log fails, all
 *            workers are ended, and the database is opened again, which recovers
 *   stop     no more clients -> idle ones are told, others finish -> workers leave -> checkpoint -> the directory is free
 */

import { type Remote, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import type { Server as HttpServer } from 'node:http';
import { createServer, type Server as NetServer } from 'node:net';
import { join } from 'node:path';
import { type MessagePort, Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { Manifest } from '../../plugins/contract/connection.ts';
import type { PluginWorker } from '../../plugins/host/shelf.ts';
import type { PluginFigures } from '../../plugins/host/worker-plugins.ts';
import { isPoisoned } from '../../shm/critical.ts';
import { checkDeaths } from '../../shm/deaths.ts';
import { fromPlain, type PlainError } from '../../shm/errors.ts';
import { type Database, open } from '../api/api.ts';
import { serveHttp } from './http.ts';
import { createLog } from './log.ts';
import { type LogThreadData, logMemory, STOP, WANTED } from './log-words.ts';
import { native } from './native.ts';
import type { ServerOptions } from './options.ts';
import { DEFAULT_RULES, openNetworkFault, readRules } from './rules.ts';
import { serveControl } from './control-socket.ts';
import { PluginDirectory } from './plugin-directory.ts';
import { PluginControl, type PluginOwner } from './plugin-control.ts';
import { OFFER_WORDS } from './passing.ts';
import { removeServerFile, writeServerFile } from './server-file.ts';
import { SessionsTable } from './sessions-table.ts';
import { hasMade, prepareRoles, SERVER_SUPERUSER } from './superuser.ts';
import { wiresFor } from './wires.ts';
import type { Listening, ServerWorkerData, WorkerControl, WorkerFigures, WorkerNews } from './worker-messages.ts';

/** The one that `port` is of. */
const FIRST_DIALECT = 'postgresql';
const BACKLOG = 4096;
/** Milliseconds that clients have to finish what they do when the server stops. */
const DRAIN_MS = 5000;
/** What a worker may take beyond that. */
const GRACE_MS = 2000;
/** A worker that died so many times in a row, each within the time below, is not replaced. */
const DEATHS_MAX = 5;
const DEATHS_MS = 10_000;

interface Seat {
  readonly number: number;
  worker: Worker;
  control: Remote<WorkerControl> | null;
  plugins: PluginWorker | null;
  deaths: number;
  diedAt: number;
}

/** More than a worker ever has. */
const MANY = 1 << 30;

/** Each says itself when it takes clients; what would be number 0 is nobody. */
const loadsOf = (workers: number): Int32Array => new Int32Array(new SharedArrayBuffer((workers + 1) * 4)).fill(MANY);

/** An address that is listened on: its descriptor is kept, each worker has a duplicate. */
interface Bound {
  readonly host: string;
  readonly port: number;
  readonly path: string | null;
  readonly dialect: string;
  /** Closes it; where descriptors cannot be duplicated it holds the port only. */
  readonly server: NetServer | null;
  readonly descriptor: number;
}

export class Server implements PluginOwner {
  readonly options: ServerOptions;
  readonly log: Logger;
  readonly #rules: string;
  readonly #tls: { readonly cert: string; readonly key: string } | null;
  #database: Database | null = null;
  #sessions: SessionsTable;
  readonly #seats: Seat[] = [];
  #bound: Bound[] = [];
  #log = logMemory();
  readonly plugins: PluginControl;
  #directory: PluginDirectory | null = null;
  #control: NetServer | null = null;
  /** Clients of each worker, by its number. */
  #loads: Int32Array;
  readonly #offers = new SharedArrayBuffer(OFFER_WORDS * 4);
  #logThread: Worker | null = null;
  #state: 'starting' | 'running' | 'stopping' | 'restarting' | 'stopped' = 'starting';
  /** While all begins anew. */
  #restarting: Promise<void> | null = null;
  restarts = 0;
  #http: HttpServer | null = null;
  metricsPort = -1;
  readonly startedAt = Date.now();

  /** Throws an Error that says what in the options cannot be. */
  constructor(options: ServerOptions) {
    this.options = options;
    this.log = createLog(options.logLevel, 'control');
    this.#rules = options.rules === '' ? DEFAULT_RULES : readFileSync(options.rules, 'utf8');
    this.#tls = tlsOf(options);
    const fault = openNetworkFault(options.listen, readRules(this.#rules), this.#tls !== null);
    if (fault !== null && !options.allowOpenNetwork)
      throw new Error(`${fault}: give a certificate (--tls-cert, --tls-key) and rules, or say --allow-open-network`);
    if (fault !== null) this.log.warn(`${fault}: as was asked for`);
    this.#sessions = SessionsTable.create(options.maxConnections);
    this.plugins = new PluginControl(
      this,
      wiresFor(options).map(({ manifest }) => manifest),
    );
    this.#loads = loadsOf(options.workers);
  }

  get state(): string {
    return this.#state;
  }

  get sessions(): SessionsTable {
    return this.#sessions;
  }

  get database(): Database | null {
    return this.#database;
  }

  /** Port of the first TCP address. */
  get port(): number {
    return this.portOf(FIRST_DIALECT);
  }

  /** TCP port of a dialect; 0: it has none. */
  portOf(wanted: string): number {
    return this.#bound.find(({ path, dialect }) => path === null && dialect === wanted)?.port ?? 0;
  }

  async start(): Promise<void> {
    const { options } = this;
    this.#openDatabase();
    try {
      for (const host of options.listen) this.#bound.push(await this.#bind(host, FIRST_DIALECT, options.port));
      if (options.mysqlPort >= 0)
        for (const host of options.listen) this.#bound.push(await this.#bind(host, 'mysql', options.mysqlPort));
      if (options.socketDirectory !== '')
        this.#bound.push(await bindPath(join(options.socketDirectory, `.s.PGSQL.${this.port || options.port}`)));
      await this.#startThreads();
    } catch (error) {
      await this.stop(0);
      throw error;
    }
    await this.#startPlugins();
    const { metricsPort, metricsListen } = options;
    if (metricsPort >= 0) {
      const { http, port } = await serveHttp(this, metricsListen, metricsPort);
      this.#http = http;
      this.metricsPort = port;
    }
    this.#state = 'running';
    const addresses = this.#bound.map(({ host, port, path }) => path ?? `${host}:${port}`);
    const socket = this.#bound.find(({ path }) => path !== null)?.path ?? null;
    const place = { pid: process.pid, addresses, port: this.port, socket, metricsPort: this.metricsPort };
    writeServerFile(options.data, { ...place, started: new Date(this.startedAt).toISOString() });
    this.log.info({ data: options.data, addresses, workers: options.workers, pinned: options.pin }, 'ready for clients');
  }

  #openDatabase(): void {
    const { options } = this;
    const isNew = !existsSync(options.data);
    const { cacheSize, durability } = options;
    const database = open(options.data, { cacheSize, durability });
    if (hasMade(database, options.database)) {
      database.close();
      throw new Error(`CREATE DATABASE has made another "${options.database}": give the first one another name with --database`);
    }
    this.#database = database;
    const { recovered } = database.kernel;
    if (recovered !== null && recovered.records > 0) this.log.info(recovered, 'the database was recovered');
    const hasPassword = prepareRoles(database, options.passwordFile, wiresFor(options));
    if (!hasPassword) {
      const text = `the superuser "${SERVER_SUPERUSER}" has no password: whoever is on this machine gets in as it`;
      this.log.warn(isNew ? `a new database was made in ${options.data}; ${text}` : text);
    }
  }

  async #bind(host: string, dialect: string, wanted: number): Promise<Bound> {
    const port = this.portOf(dialect) || wanted;
    const server = createServer();
    try {
      await listening(server, () => server.listen({ host, port, backlog: BACKLOG, reusePort: native() === null }));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A machine without IPv6 is none the worse.
      if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') {
        if (this.options.listen.length > 1 && host.includes(':'))
          return { host, port, path: null, dialect, server: null, descriptor: -1 };
      }
      if (code === 'EADDRINUSE') throw new Error(`port ${port} of ${host} is in use; give another one with --port`);
      throw error;
    }
    return duplicated(server, { host, port: (server.address() as { port: number }).port, path: null, dialect });
  }

  async #startThreads(): Promise<void> {
    await this.#startLogThread();
    await this.#startWorkers();
  }

  #startLogThread(): Promise<void> {
    this.#log = logMemory();
    const data: LogThreadData = { handle: (this.#database as Database).handle, memory: this.#log };
    const thread = new Worker(new URL('./log-thread.ts', import.meta.url), { workerData: data, name: 'log' });
    this.#logThread = thread;
    return new Promise((resolve, reject) => {
      thread.on('message', (news: WorkerNews) => {
        if (news.kind === 'ready') resolve();
        else this.#threadLost(news.error, reject);
      });
      thread.on('error', reject);
      thread.on('exit', () => {
        reject(new Error('the log thread ended'));
        if (this.#logThread === thread) this.#lost(new Error('the log thread ended'));
      });
    });
  }

  /** It has nothing to do any more, and leaves the database. */
  async #stopLogThread(): Promise<void> {
    const thread = this.#logThread;
    this.#logThread = null;
    if (thread === null) return;
    const words = new Int32Array(this.#log);
    Atomics.store(words, STOP, 1);
    Atomics.notify(words, WANTED);
    await withinTime(new Promise((resolve) => thread.once('exit', resolve)), GRACE_MS);
    await thread.terminate();
  }

  async #startWorkers(): Promise<void> {
    const { workers } = this.options;
    await Promise.all(Array.from({ length: workers }, (_, index) => this.#startWorker(index + 1)));
  }

  #startWorker(number: number): Promise<void> {
    const database = this.#database as Database;
    const listeningOn = this.#bound.flatMap((bound) => listeningOf(bound, number));
    const { options } = this;
    const data: ServerWorkerData = {
      ...{ number, handle: database.handle, options, sessions: this.#sessions.handle, log: this.#log },
      loads: this.#loads.buffer as SharedArrayBuffer,
      offers: this.#offers,
      ...{ rules: this.#rules, tls: this.#tls, listening: listeningOn, ...this.plugins.begin(number) },
    };
    const worker = new Worker(new URL('./worker-thread.ts', import.meta.url), {
      workerData: data,
      resourceLimits: { stackSizeMb: 8 },
      name: `worker ${number}`,
    });
    let seat = this.#seats.find((one) => one.number === number);
    if (seat === undefined) {
      seat = { number, worker, control: null, plugins: null, deaths: 0, diedAt: 0 };
      this.#seats.push(seat);
    } else seat.worker = worker;
    const own = seat;
    return new Promise((resolve, reject) => {
      worker.on('message', (news: WorkerNews | { kind: 'control'; port: MessagePort }) => {
        if (news.kind === 'control') own.control = wrap<WorkerControl>(nodeEndpoint(news.port));
        else if (news.kind === 'ready') {
          resolve();
          this.#joined(own);
        } else this.#threadLost(news.error, reject);
      });
      worker.on('error', (error) => {
        this.log.error({ error, worker: number }, 'a worker failed');
        reject(error);
      });
      worker.on('exit', (code) => {
        reject(new Error(`worker ${number} ended with ${code}`));
        if (own.worker === worker) this.#workerEnded(own);
      });
    });
  }

  // ---- what goes wrong ----

  /** What a thread says last; who waits for it to begin waits no more. */
  #threadLost(told: PlainError, reject: (error: unknown) => void): void {
    const error = fromPlain(told);
    reject(error);
    this.#lost(error);
  }

  #workerEnded(seat: Seat): void {
    seat.control = null;
    seat.plugins = null;
    this.plugins.ended(seat.number);
    if (this.#state !== 'running') return;
    const database = this.#database as Database;
    this.#sessions.freeWorker(seat.number);
    // Until there is another one it gets no client.
    Atomics.store(this.#loads, seat.number, MANY);
    checkDeaths(database.engine.shm);
    if (isPoisoned(database.engine.shm)) {
      this.#lost(new Error('a worker died in a critical section'));
      return;
    }
    const now = performance.now();
    seat.deaths = now - seat.diedAt < DEATHS_MS ? seat.deaths + 1 : 1;
    seat.diedAt = now;
    if (seat.deaths > DEATHS_MAX) {
      this.log.fatal({ worker: seat.number }, 'a worker dies again and again: the server stops');
      void this.stop(DRAIN_MS);
      return;
    }
    this.log.warn({ worker: seat.number }, 'a worker is replaced; its connections were closed');
    this.#startWorker(seat.number).catch((error: unknown) => this.log.error({ error }, 'a worker did not start'));
  }

  /** Memory or log cannot be trusted: all begins anew, through recovery. */
  #lost(error: unknown): void {
    if (this.#state !== 'running') return;
    this.#state = 'restarting';
    this.restarts++;
    this.log.fatal({ error }, 'the database is opened again');
    this.#restarting = this.#restart();
  }

  async #restart(): Promise<void> {
    try {
      await Promise.all(this.#seats.map(({ worker }) => worker.terminate()));
      await this.#stopLogThread();
      this.#database?.close();
      this.#database = null;
      this.#sessions = SessionsTable.create(this.options.maxConnections);
      this.#loads = loadsOf(this.options.workers);
      this.#openDatabase();
      await this.#startThreads();
      this.#restarting = null;
      if (this.#state !== 'restarting') return;
      this.#state = 'running';
      this.log.info('ready for clients again');
    } catch (error) {
      this.log.fatal({ error }, 'the database cannot be opened again');
      this.#restarting = null;
      process.exitCode = 1;
      await this.stop(0);
    }
  }

  // ---- plugins ----

  async #startPlugins(): Promise<void> {
    const { data, plugins } = this.options;
    this.#directory = new PluginDirectory(plugins === '' ? join(data, 'plugins') : plugins, this.plugins.shelf, this.log);
    await this.#directory.start();
    this.#control = await serveControl(data, this.plugins, (text) => this.log.warn(text));
  }

  /** SIGHUP: plugins that have changed. */
  async reload(): Promise<void> {
    await this.#directory?.reload();
  }

  /** A worker that has just begun: plugins may have changed since it was told of them. */
  #joined(seat: Seat): void {
    const worker = this.#pluginWorker(seat);
    if (worker === null) return;
    this.plugins.shelf.joined(worker).catch((error: unknown) => this.log.error({ error }, 'a worker has an old plugin'));
  }

  pluginWorkers(): readonly PluginWorker[] {
    return this.#seats.flatMap((seat) => this.#pluginWorker(seat) ?? []);
  }

  /** One for the life of the worker's thread. Null: it does not answer now. */
  #pluginWorker(seat: Seat): PluginWorker | null {
    const { control, worker } = seat;
    if (control === null) return null;
    seat.plugins ??= {
      usePlugin: async (sent) => void (await unlessEnded(worker, control.usePlugin(sent))),
      removeDialect: (dialect) => unlessEnded(worker, control.removeDialect(dialect)),
    };
    return seat.plugins;
  }

  async serveDialect({ dialect, port }: Manifest): Promise<void> {
    const bound: Bound[] = [];
    for (const host of this.options.listen) bound.push(await this.#bind(host, dialect, port));
    this.#bound.push(...bound);
    await Promise.all(
      this.#seats.map(({ control, number, worker }) =>
        control === null ? undefined : unlessEnded(worker, control.listenOn(bound.flatMap((one) => listeningOf(one, number)))),
      ),
    );
    this.log.info({ dialect, addresses: bound.map((one) => `${one.host}:${one.port}`) }, 'a dialect more is served');
  }

  async pluginFigures(): Promise<readonly PluginFigures[]> {
    return (await this.figures()).flatMap(({ plugins }) => plugins);
  }

  endWorker(number: number): void {
    void this.#seats.find((seat) => seat.number === number)?.worker.terminate();
  }

  // ---- figures ----

  async figures(): Promise<readonly WorkerFigures[]> {
    const all = this.#seats.map(({ control, worker }) => (control === null ? undefined : unlessEnded(worker, control.figures())));
    return (await Promise.all(all)).filter((one) => one !== undefined);
  }

  // ---- the end ----

  /** Clients get so long to finish. */
  async stop(milliseconds = DRAIN_MS): Promise<void> {
    if (this.#state === 'stopping' || this.#state === 'stopped') return;
    this.#state = 'stopping';
    // What is being opened again is open before it is closed.
    await this.#restarting;
    const controls = this.#seats.flatMap(({ control }) => (control === null ? [] : [control]));
    await Promise.all(controls.map((control) => withinTime(control.drain(milliseconds), milliseconds + GRACE_MS)));
    await Promise.all(controls.map((control) => withinTime(control.leave(), GRACE_MS)));
    await Promise.all(this.#seats.map(({ worker }) => worker.terminate()));
    await this.#stopLogThread();
    for (const { server, path } of this.#bound) {
      server?.close();
      if (path !== null) rmSync(path, { force: true });
    }
    this.#bound = [];
    this.#http?.close();
    this.plugins.close();
    this.#directory?.close();
    this.#control?.close();
    removeServerFile(this.options.data);
    this.#database?.close();
    this.#database = null;
    this.#state = 'stopped';
    this.log.info('stopped');
  }
}

/** What a worker answers; undefined: it has ended, and the one in its place is told when it begins. */
function unlessEnded<Answer>(worker: Worker, answer: Promise<Answer>): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    const ended = (): void => resolve(undefined);
    worker.once('exit', ended);
    // One that has ended tells nobody again.
    if (worker.threadId < 0) ended();
    answer.then(resolve, reject).finally(() => worker.removeListener('exit', ended));
  });
}

/** A worker that does not answer is ended all the same. */
async function withinTime(done: Promise<unknown>, milliseconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  done.then(() => resolve(), () => resolve()); // biome-ignore format: one step
  await promise;
  clearTimeout(timer);
}

function tlsOf({ tlsCert, tlsKey }: ServerOptions): { cert: string; key: string } | null {
  if (tlsCert === '' && tlsKey === '') return null;
  if (tlsCert === '' || tlsKey === '') throw new Error('TLS needs a certificate and its key: --tls-cert, --tls-key');
  return { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8') };
}

function listening(server: NetServer, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.removeListener('error', reject);
      resolve();
    });
    listen();
  });
}

/** A duplicate is kept, and the server that took the address, which would accept clients itself, is closed. */
async function duplicated(server: NetServer, where: Omit<Bound, 'server' | 'descriptor'>): Promise<Bound> {
  const system = native();
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  const descriptor = system === null ? -1 : system.duplicate(fd);
  if (descriptor >= 0) await closeKeepingPath(server);
  return { ...where, server: null, descriptor };
}

const closeKeepingPath = (server: NetServer): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

async function bindPath(path: string): Promise<Bound> {
  const where = { host: '', port: 0, path, dialect: FIRST_DIALECT };
  if (native() === null) return { ...where, server: null, descriptor: -1 };
  const first = `${path}.${process.pid}`;
  const server = createServer();
  await listening(server, () => server.listen({ path: first, backlog: BACKLOG }));
  // Closing the server takes away the name that it gave: by then the socket has another one.
  renameSync(first, path);
  return duplicated(server, where);
}

function listeningOf(bound: Bound, worker: number): Listening[] {
  const { descriptor, host, port, path, dialect } = bound;
  if (descriptor >= 0) {
    const own = native()?.duplicate(descriptor) ?? -1;
    return own < 0 ? [] : [{ kind: 'descriptor', descriptor: own, isUnix: path !== null, dialect }];
  }
  if (path !== null) return worker === 1 ? [{ kind: 'path', path, dialect }] : [];
  return [{ kind: 'address', host, port, dialect }];
}
