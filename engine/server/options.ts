/**
 * Settings of a server: from the command line, else from the environment, else from a file, else the default. The file is JSON with
 * these names as keys; `scratchbird.json` in the directory of the database is read when no other is named.
 */

import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

type Kind = 'text' | 'number' | 'switch' | 'size' | 'list';

interface Setting {
  /** As on the command line and in the file; SCRATCHBIRD_ and capitals in the environment. */
  readonly name: string;
  readonly kind: Kind;
  readonly initial: string;
  readonly description: string;
}

const setting = (name: string, kind: Kind, initial: string, description: string): Setting => ({
  ...{ name, kind, initial, description },
});

export const SERVER_SETTINGS: readonly Setting[] = [
  setting('data', 'text', 'scratchbird-data', 'directory of the database; it is made when there is none'),
  setting('config', 'text', '', 'file of settings; scratchbird.json in the directory of the database'),
  setting('listen', 'list', '127.0.0.1,::1', 'addresses to listen on'),
  setting('port', 'number', '5432', 'TCP port, 0 for any; also names the Unix socket'),
  setting('mysql-port', 'number', '-1', 'TCP port for clients of MySQL, 0 any, -1 none'),
  setting('socket-directory', 'text', '', 'directory of a Unix socket; none when empty'),
  setting('workers', 'text', 'auto', 'threads that serve clients'),
  setting('pin', 'text', 'auto', 'workers stay on a processor of their own: on, off, auto'),
  setting('database', 'text', 'postgres', 'name of the database that it begins with; CREATE DATABASE makes others'),
  setting('max-connections', 'number', '1000', 'clients at once'),
  setting('connection-memory', 'size', '64MB', 'longest message and longest reply that waits, a connection'),
  setting('cache', 'size', '256MB', 'page cache'),
  setting('durability', 'text', 'commit', 'commit, relaxed, off'),
  setting('tls-cert', 'text', '', 'certificate, PEM'),
  setting('tls-key', 'text', '', 'its key, PEM'),
  setting('rules', 'text', '', 'file of rules in the form of pg_hba.conf'),
  setting('allow-open-network', 'switch', 'off', 'listen beyond loopback although rules let clients in without password or TLS'),
  setting('metrics-port', 'number', '-1', 'HTTP port of /metrics, /healthz and /readyz; 0 any, -1 none'),
  setting('metrics-listen', 'text', '127.0.0.1', 'address of it'),
  setting('log-level', 'text', 'info', 'trace, debug, info, warn, error, fatal, silent'),
  setting('slow-query', 'number', '1000', 'statements that take so many milliseconds are logged; -1: none'),
  setting('heavy-cost', 'number', '100000', 'estimated cost from which a query runs on a thread for long ones'),
  setting('plugins', 'text', '', 'directory of plugins, which is watched; plugins in the directory of the database when empty'),
  setting('password-file', 'text', '', 'file with the password of the superuser, set at start'),
];

export interface ServerOptions {
  readonly data: string;
  readonly listen: readonly string[];
  readonly port: number;
  /** -1: clients of MySQL are not served. */
  readonly mysqlPort: number;
  readonly socketDirectory: string;
  readonly workers: number;
  readonly pin: boolean;
  readonly database: string;
  readonly maxConnections: number;
  readonly connectionMemory: number;
  /** Bytes kept of a client that sends on while its statement waits. */
  readonly inputMax: number;
  readonly cacheSize: number;
  readonly durability: 'commit' | 'relaxed' | 'off';
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly rules: string;
  readonly allowOpenNetwork: boolean;
  readonly metricsPort: number;
  readonly metricsListen: string;
  readonly logLevel: string;
  readonly slowQuery: number;
  readonly heavyCost: number;
  /** Empty: plugins in the directory of the database. */
  readonly plugins: string;
  readonly passwordFile: string;
}

type Values = { [name: string]: string };

const environmentName = (name: string): string => `SCRATCHBIRD_${name.toUpperCase().replaceAll('-', '_')}`;

function fromArguments(args: readonly string[]): Values {
  const options: { [name: string]: { type: 'string' | 'boolean'; short?: string } } = {};
  for (const { name, kind } of SERVER_SETTINGS) options[name] = { type: kind === 'switch' ? 'boolean' : 'string' };
  options.data = { type: 'string', short: 'D' };
  options.port = { type: 'string', short: 'p' };
  const { values } = parseArgs({ args: [...args], options, allowPositionals: false });
  const given: Values = {};
  for (const [name, value] of Object.entries(values)) given[name] = value === true ? 'on' : String(value);
  return given;
}

function fromEnvironment(environment: NodeJS.ProcessEnv): Values {
  const given: Values = {};
  for (const { name } of SERVER_SETTINGS) {
    const value = environment[environmentName(name)];
    if (value !== undefined) given[name] = value;
  }
  return given;
}

function fromFile(path: string): Values {
  const given: Values = {};
  const read = JSON.parse(readFileSync(path, 'utf8')) as { [name: string]: unknown };
  for (const [name, value] of Object.entries(read)) {
    if (!SERVER_SETTINGS.some((one) => one.name === name)) throw new Error(`${path}: there is no setting "${name}"`);
    given[name] = typeof value === 'boolean' ? (value ? 'on' : 'off') : Array.isArray(value) ? value.join(',') : String(value);
  }
  return given;
}

/** Reads them; throws an Error that says what is wrong. */
export function readOptions(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): ServerOptions {
  const own = { ...fromEnvironment(environment), ...fromArguments(args) };
  const data = own.data ?? initialOf('data');
  const file = own.config ?? join(data, 'scratchbird.json');
  if (own.config !== undefined && !existsSync(file)) throw new Error(`there is no file ${file}`);
  return serverOptions({ ...(existsSync(file) ? fromFile(file) : {}), ...own });
}

const initialOf = (name: string): string => (SERVER_SETTINGS.find((one) => one.name === name) as Setting).initial;

/** Checks settings that are given as text, and fills in the defaults. */
export function serverOptions(given: Values): ServerOptions {
  const text = (name: string): string => given[name] ?? initialOf(name);
  const number = (name: string, least: number, greatest: number): number => {
    const value = Number(text(name));
    if (Number.isInteger(value) && value >= least && value <= greatest) return value;
    throw new Error(`${name} is a whole number from ${least} to ${greatest}, not ${text(name)}`);
  };
  const durability = text('durability');
  if (durability !== 'commit' && durability !== 'relaxed' && durability !== 'off')
    throw new Error(`durability is commit, relaxed or off, not ${durability}`);
  const workers = workerCount(text('workers'));
  return {
    data: resolve(text('data')),
    listen: text('listen').split(',').map((one) => one.trim()).filter((one) => one !== ''), // biome-ignore format: one step
    port: number('port', 0, 65535),
    mysqlPort: number('mysql-port', -1, 65535),
    socketDirectory: text('socket-directory'),
    workers,
    pin: text('pin') === 'on' || (text('pin') === 'auto' && workers >= availableParallelism()),
    database: text('database'),
    maxConnections: number('max-connections', 1, 4000),
    connectionMemory: sizeOf(text('connection-memory')),
    inputMax: 1 << 20,
    cacheSize: sizeOf(text('cache')),
    durability,
    tlsCert: text('tls-cert'),
    tlsKey: text('tls-key'),
    rules: text('rules'),
    allowOpenNetwork: isOn(text('allow-open-network')),
    metricsPort: number('metrics-port', -1, 65535),
    metricsListen: text('metrics-listen'),
    logLevel: text('log-level'),
    slowQuery: number('slow-query', -1, 2_147_483_647),
    plugins: text('plugins'),
    heavyCost: number('heavy-cost', 0, Number.MAX_SAFE_INTEGER),
    passwordFile: text('password-file'),
  };
}

const isOn = (value: string): boolean => /^(on|true|yes|1)$/i.test(value);

function workerCount(text: string): number {
  // Of two processors clients and the thread that writes the log need one: with a worker on each, 32 clients of TPC-B did 4,340
  // transactions/s in place of 5,800, and point reads came no faster.
  if (text === 'auto') return availableParallelism() <= 2 ? 1 : availableParallelism();
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 64) return count;
  throw new Error(`workers is auto or a number from 1 to 64, not ${text}`);
}

const UNITS: { readonly [unit: string]: number } = { B: 1, KB: 1 << 10, MB: 1 << 20, GB: 1 << 30 };

function sizeOf(text: string): number {
  const match = /^\s*(\d+)\s*(B|KB|MB|GB)?\s*$/i.exec(text);
  if (match === null) throw new Error(`a size is a number with B, KB, MB or GB, not ${text}`);
  return Number(match[1]) * UNITS[(match[2] ?? 'B').toUpperCase()];
}

/** What --help says of them. */
export const SERVER_HELP = SERVER_SETTINGS.map(({ name, kind, initial, description }) => {
  const flag = `--${name}${kind === 'switch' ? '' : ` ${kind === 'number' ? 'N' : kind === 'size' ? 'SIZE' : kind === 'list' ? 'A,B' : 'TEXT'}`}`;
  return `  ${flag.padEnd(28)} ${description}${kind === 'switch' || initial === '' ? '' : ` (${initial})`}`;
}).join('\n');
