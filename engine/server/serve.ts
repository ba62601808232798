/** `npm start`, `scratchbird start`: a server in the foreground, until it is told to stop. */

import { readOptions, SERVER_HELP, type ServerOptions } from './options.ts';
import { Server } from './server.ts';

const HELP = `scratchbird start [settings]

Starts a server for PostgreSQL's clients, in the foreground. Ctrl-C, or SIGTERM, ends it: clients may finish what they do.

${SERVER_HELP}

Settings come from the command line, else from the environment (SCRATCHBIRD_PORT), else from scratchbird.json in the directory of
the database, else from the defaults in parentheses.

Examples
  scratchbird start --data shop.sbd
  scratchbird start --listen 0.0.0.0 --tls-cert cert.pem --tls-key key.pem --password-file password
  SCRATCHBIRD_PORT=5433 scratchbird start --metrics-port 9100
`;

/** Runs a server until a signal ends it. Its exit code goes to the process. */
export async function serve(args: readonly string[]): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP);
    return;
  }
  let options: ServerOptions;
  try {
    options = readOptions(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 2;
    return;
  }
  try {
    const server = new Server(options);
    const stop = (milliseconds?: number): void => void server.stop(milliseconds).catch(failed);
    process.on('SIGTERM', () => stop());
    process.on('SIGINT', () => stop());
    process.on('SIGQUIT', () => stop(0));
    process.on('SIGHUP', () => void server.reload().catch(failed));
    await server.start();
  } catch (error) {
    failed(error);
  }
}

function failed(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
