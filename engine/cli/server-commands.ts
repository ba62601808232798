/** `scratchbird start`, `stop`, `status`: a server from the command line. */

import { readOptions, type ServerOptions } from '../server/options.ts';
import { isRunning, readServerFile } from '../server/server-file.ts';

export type ServerCommand = 'start' | 'stop' | 'status';
const COMMANDS: readonly string[] = ['start', 'stop', 'status'];

/** Longer than a server gives its clients. */
const STOP_MS = 30_000;
const LOOK_MS = 50;

export const isServerCommand = (word: string | undefined): word is ServerCommand => COMMANDS.includes(word ?? '');

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const HELP: { readonly [command in Exclude<ServerCommand, 'start'>]: string } = {
  stop: `scratchbird stop [--data DIR]

Ends the server that runs on a database: it takes no more clients, those that there are finish what they do, and the database is
closed. Exit code 3: there is none; 1: it has not ended within ${STOP_MS / 1000} s.

  --data DIR     directory of its database, scratchbird-data unless said otherwise

Example
  scratchbird stop --data shop.sbd`,
  status: `scratchbird status [--data DIR]

Whether a server runs on a database, since when, and where it listens. Exit code 3: there is none.

  --data DIR     directory of its database, scratchbird-data unless said otherwise

Example
  scratchbird status --data shop.sbd`,
};

/** Returns the exit code: 3 of `status` says that there is no server. */
export async function runServerCommand(command: ServerCommand, args: readonly string[]): Promise<number> {
  if (command === 'start') {
    // Loaded when it is wanted: the shell does without.
    const { serve } = await import('../server/serve.ts');
    await serve(args);
    return Number(process.exitCode ?? 0);
  }
  if (args.includes('--help') || args.includes('-h')) {
    say(HELP[command]);
    return 0;
  }
  const options = readOptions(args);
  return command === 'stop' ? await stop(options) : status(options);
}

function status({ data }: ServerOptions): number {
  const place = readServerFile(data);
  if (place === null) {
    say(`no server runs on ${data}`);
    return 3;
  }
  say(`process ${place.pid} serves ${data} since ${place.started}`);
  say(`listens on ${place.addresses.join(', ')}`);
  if (place.metricsPort >= 0) say(`metrics on port ${place.metricsPort}`);
  return 0;
}

async function stop({ data }: ServerOptions): Promise<number> {
  const place = readServerFile(data);
  if (place === null) {
    say(`no server runs on ${data}`);
    return 3;
  }
  process.kill(place.pid, 'SIGTERM');
  const until = performance.now() + STOP_MS;
  while (isRunning(place.pid)) {
    if (performance.now() > until) {
      say(`process ${place.pid} has not ended within ${STOP_MS / 1000} s`);
      return 1;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  say('stopped');
  return 0;
}
