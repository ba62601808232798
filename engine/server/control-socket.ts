/**
 * How the command line talks to a server that runs: a socket in the directory of the database, which only its owner can open. One
 * JSON object a line each way; a connection asks once.
 *
 *   {"do":"plugin.swap","dialect":"postgresql","version":"1.0.1"}  -->  {"done":{...}}  or  {"error":{"code","message","hint"}}
 */

import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fromPlain, type PlainError, SqlError, SQLSTATE, toPlain } from '../../shm/errors.ts';
import type { PluginControl } from './plugin-control.ts';

const NAME = 'control.sock';
const REQUEST_MAX = 65_536;
/** The system's own bound on the name of a socket, bytes. */
const PATH_MAX = 107;
/** A version is tried for some seconds, and goes from worker to worker. */
const ANSWER_MS = 120_000;

export type ControlRequest =
  | { readonly do: 'plugin.list' }
  | { readonly do: 'plugin.load' | 'plugin.replace'; readonly path: string }
  | { readonly do: 'plugin.swap'; readonly dialect: string; readonly version: string }
  | { readonly do: 'plugin.rollback'; readonly dialect: string }
  | { readonly do: 'plugin.unload'; readonly dialect: string; readonly version?: string | undefined };

type ControlAnswer = { readonly done: unknown } | { readonly error: PlainError };

const pathIn = (data: string): string => join(data, NAME);

async function answerTo(plugins: PluginControl, request: ControlRequest): Promise<unknown> {
  const { shelf } = plugins;
  switch (request.do) {
    case 'plugin.list':
      return await plugins.list();
    case 'plugin.load':
      return await shelf.load(request.path);
    case 'plugin.replace':
      return await shelf.replace(request.path);
    case 'plugin.swap':
      return await shelf.swap(request.dialect, request.version);
    case 'plugin.rollback':
      return await shelf.rollback(request.dialect);
    case 'plugin.unload':
      await shelf.unload(request.dialect, request.version);
      return null;
    default:
      throw new SqlError(
        SQLSTATE.invalid_parameter_value,
        `a server cannot do ${JSON.stringify((request as { do: unknown }).do)}`,
      );
  }
}

async function answered(plugins: PluginControl, line: string): Promise<ControlAnswer> {
  try {
    return { done: await answerTo(plugins, JSON.parse(line) as ControlRequest) };
  } catch (error) {
    const { stack: _, ...plain } = toPlain(error);
    return { error: plain };
  }
}

function serve(plugins: PluginControl, socket: Socket): void {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: string) => {
    text += chunk;
    const end = text.indexOf('\n');
    if (end < 0) {
      if (text.length > REQUEST_MAX) socket.destroy();
      return;
    }
    socket.removeAllListeners('data');
    void answered(plugins, text.slice(0, end)).then((answer) => socket.end(`${JSON.stringify(answer)}\n`));
  });
}

/** Listens in the directory. Null: its name is too long for a socket; `warn` says so. */
export async function serveControl(
  data: string,
  plugins: PluginControl,
  warn: (text: string) => void,
): Promise<NetServer | null> {
  const path = pathIn(data);
  if (Buffer.byteLength(path) > PATH_MAX) {
    warn(`${path} is too long for the name of a socket: \`scratchbird plugin\` cannot reach this server; give a shorter --data`);
    return null;
  }
  // The directory is this process's own by now: what lies there is of one that has ended.
  rmSync(path, { force: true });
  const server = createServer((socket) => serve(plugins, socket));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  server.unref();
  return server;
}

/** Asks the server of a directory. Throws its error; 08001 when none listens there. */
export async function askServer(data: string, request: ControlRequest): Promise<unknown> {
  const line = await new Promise<string>((resolve, reject) => {
    const socket = connect(pathIn(data));
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('error', (cause) =>
      reject(new SqlError(SQLSTATE.no_connection, `the server of ${data} does not answer: ${cause.message}`, { cause })),
    );
    socket.on('close', () => resolve(text));
  });
  const answer = JSON.parse(line) as ControlAnswer;
  if ('error' in answer) throw fromPlain(answer.error);
  return answer.done;
}
