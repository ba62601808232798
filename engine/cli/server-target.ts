/** A database that a server holds: ours, or any that speaks PostgreSQL's protocol. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { typeOfOid } from '../../parsers/postgresql/types.ts';
import { SqlError } from '../../shm/errors.ts';
import { CommandError } from './command-error.ts';
import type { Answer, Pieces, Target } from './target.ts';

const CANCEL_REQUEST = 80877102;
/** Milliseconds. */
const CONNECT_MAX = 10_000;

/** What the driver keeps that its types do not tell. */
interface Inner {
  readonly processID: number;
  readonly secretKey: number;
  readonly connection: NodeJS.EventEmitter;
}

const STATES: { readonly [letter: string]: Target['status'] } = { I: 'idle', T: 'active', E: 'failed' };

const asText = { getTypeParser: () => (text: unknown) => text } as unknown as pg.CustomTypesConfig;

export async function connectServer(address: string): Promise<ServerTarget> {
  const client = new pg.Client({
    connectionString: address,
    application_name: 'scratchbird',
    connectionTimeoutMillis: CONNECT_MAX,
    types: asText,
  });
  // Said again by what runs, or by connect().
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    if (/^[0-9A-Z]{5}$/.test(code ?? '') && code !== 'EPIPE') throw sqlError(error);
    throw new CommandError(
      `no connection to ${withoutPassword(address)}: ${message === '' ? code : message}`,
      'is a server running there (scratchbird status)? An address is postgres://USER:PASSWORD@HOST:PORT/DATABASE',
    );
  }
  return new ServerTarget(client, withoutPassword(address));
}

const withoutPassword = (address: string): string => address.replace(/^(\w+:\/\/[^:@/]*):[^@/]*@/, '$1@');

export class ServerTarget implements Target {
  readonly isServer = true;
  readonly shown: string;
  readonly #client: pg.Client;
  #tag = '';
  status: Target['status'] = 'idle';
  onNotice: ((severity: string, message: string) => void) | null = null;

  constructor(client: pg.Client, shown: string) {
    this.#client = client;
    this.shown = shown;
    client.on('notice', ({ severity, message }) => this.onNotice?.(severity ?? 'NOTICE', message ?? ''));
    const { connection } = client as unknown as Inner;
    connection.on('commandComplete', ({ text }: { text: string }) => (this.#tag = text));
    connection.on('readyForQuery', ({ status }: { status: string }) => (this.status = STATES[status] ?? 'idle'));
  }

  get database(): string {
    return this.#client.database ?? '';
  }

  get user(): string {
    return this.#client.user ?? '';
  }

  async run(text: string): Promise<Answer> {
    this.#tag = '';
    try {
      const { fields, rows } = await this.#client.query<(string | null)[]>({ text, rowMode: 'array' });
      const columns = (fields ?? []).map(({ name, dataTypeID, dataTypeModifier: modifier }) => ({
        ...{ name, modifier },
        type: typeOfOid(dataTypeID) ?? 'text',
      }));
      return { columns, rows, tag: this.#tag };
    } catch (error) {
      throw sqlError(error);
    }
  }

  async copyIn(text: string, pieces: Pieces): Promise<number> {
    try {
      const stream = this.#client.query(copyFrom(text));
      await pipeline(Readable.from(pieces, { objectMode: false }), stream);
      return stream.rowCount ?? 0;
    } catch (error) {
      throw sqlError(error);
    }
  }

  async *copyOut(text: string): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#client.query(copyTo(text));
    } catch (error) {
      throw sqlError(error);
    }
  }

  /** As PostgreSQL has it: a connection of its own that names this one. */
  cancel(): void {
    const { processID, secretKey } = this.#client as unknown as Inner;
    const { host, port } = this.#client;
    const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    socket.on('error', () => undefined);
    const request = Buffer.alloc(16);
    request.writeInt32BE(16, 0);
    request.writeInt32BE(CANCEL_REQUEST, 4);
    request.writeInt32BE(processID, 8);
    request.writeInt32BE(secretKey, 12);
    void once(socket, 'connect').then(
      () => socket.end(request),
      () => undefined,
    );
  }

  close(): Promise<void> {
    return this.#client.end();
  }
}

interface Fields {
  readonly message: string;
  readonly code?: string;
  readonly position?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly where?: string;
}

/** The driver's error as the engine has it. */
function sqlError(error: unknown): unknown {
  const { message, code, position, detail, hint, where } = error as Fields;
  if (error instanceof SqlError || !/^[0-9A-Z]{5}$/.test(code ?? '')) return error;
  return new SqlError(code as string, message, {
    ...(position !== undefined && { position: Number(position) }),
    ...(detail !== undefined && { detail }),
    ...(hint !== undefined && { hint }),
    ...(where !== undefined && { context: where }),
  });
}
