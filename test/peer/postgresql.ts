/**
 * PostgreSQL for tests: PGlite. Its start takes two seconds of both cores, so `npm test` keeps a process that holds some
 * (postgresql-host.ts) and lends a test file one, cleared of what the last one left. A file that is run by itself starts its own.
 *
 *   test file: PGlite's own queries --> protocol bytes --> socket --> host: an instance of PGlite --> protocol bytes back
 *
 * Frames on the socket: u32be length of what follows, bytes.
 */
import { PGlite, protocol } from '@electric-sql/pglite';
import { connect, type Socket } from 'node:net';
import { Frames, frameOf } from './frames.ts';

/** Names the host's socket, in the environment of the test processes. */
export const HOST_VARIABLE = 'SCRATCHBIRD_TEST_POSTGRESQL';

/** An empty database of PostgreSQL's; close() it. */
export async function openPostgreSQL(): Promise<PGlite> {
  const path = process.env[HOST_VARIABLE];
  if (path === undefined || path === '') return PGlite.create();
  const lent = new LentPostgreSQL(await connected(path));
  await lent._initArrayTypes();
  return lent as unknown as PGlite;
}

function connected(path: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(path, () => resolve(socket));
  socket.once('error', reject);
  return promise;
}

type Work<T> = () => Promise<T>;

/** One after another, in the order of the calls. */
function queue(): <T>(work: Work<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
}

interface ProtocolOptions {
  readonly throwOnError?: boolean;
  readonly onNotice?: (notice: unknown) => void;
}

/** What PGlite builds on: queries in terms of protocol messages. It is no export of its own. */
const Base = Object.getPrototypeOf(PGlite) as new () => { _initArrayTypes(): Promise<void> };

/** The methods that PGlite's base leaves open, over a socket. */
class LentPostgreSQL extends Base {
  readonly debug = 0;
  readonly waitReady = Promise.resolve();
  readonly #socket: Socket;
  readonly #queries = queue();
  readonly #transactions = queue();
  readonly #answers = new Frames();
  #waiting: PromiseWithResolvers<Uint8Array> | null = null;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (bytes: Uint8Array) => {
      for (const frame of this.#answers.take(bytes)) this.#waiting?.resolve(frame);
    });
    const fail = (error?: Error): void =>
      this.#waiting?.reject(error ?? new Error('the process that holds PostgreSQL went away'));
    socket.on('error', fail);
    socket.on('close', () => fail());
  }

  async execProtocolRaw(message: Uint8Array): Promise<Uint8Array> {
    this.#waiting = Promise.withResolvers();
    this.#socket.write(frameOf(message));
    return this.#waiting.promise;
  }

  async execProtocol(message: Uint8Array, { throwOnError = true, onNotice }: ProtocolOptions = {}): Promise<object> {
    const data = await this.execProtocolRaw(message);
    const messages: unknown[] = [];
    let failure: unknown;
    new protocol.Parser().parse(data, (each) => {
      messages.push(each);
      if (each instanceof protocol.messages.DatabaseError) failure ??= each;
      else if (each instanceof protocol.messages.NoticeMessage) onNotice?.(each);
    });
    if (throwOnError && failure !== undefined) throw failure;
    return { messages, data };
  }

  async execProtocolStream(message: Uint8Array, options?: ProtocolOptions): Promise<unknown> {
    return ((await this.execProtocol(message, options)) as { messages: unknown }).messages;
  }

  _runExclusiveQuery<T>(work: Work<T>): Promise<T> {
    return this.#queries(work);
  }

  _runExclusiveTransaction<T>(work: Work<T>): Promise<T> {
    return this.#transactions(work);
  }

  async _checkReady(): Promise<void> {
    if (this.#socket.destroyed) throw new Error('PostgreSQL is closed');
  }

  async syncToFs(): Promise<void> {}
  async _handleBlob(): Promise<void> {}
  async _cleanupBlob(): Promise<void> {}
  async _getWrittenBlob(): Promise<undefined> {}

  async close(): Promise<void> {
    this.#socket.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
