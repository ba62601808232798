#!/usr/bin/env node
/** The `scratchbird` command. */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Interface, ReadLineOptions } from 'node:readline';
import { open } from '../api/api.ts';
import type { Database } from '../api/api.ts';
import { completer } from './completion.ts';
import { type CliOptions, HELP, parseOptions } from './options.ts';
import { isServerCommand, runServerCommand, type ServerCommand } from './server-commands.ts';
import { fillShop, SHOWN_QUERIES } from './sample-shop.ts';
import { errorText, Shell } from './shell.ts';

const HISTORY_LINES = 1000;

const version = (): string => {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (!existsSync(file)) continue;
    const found = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
    if (found.name === 'scratchbird') return found.version ?? '';
  }
  return '';
};

const historyFile = (): string =>
  join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'scratchbird', 'history');

function readHistory(): string[] {
  try {
    return readFileSync(historyFile(), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A history that cannot be kept is no reason to fail: it is said once. */
function writeHistory(lines: readonly string[]): void {
  try {
    mkdirSync(dirname(historyFile()), { recursive: true });
    writeFileSync(historyFile(), `${lines.slice(0, HISTORY_LINES).join('\n')}\n`, { mode: 0o600 });
  } catch (error) {
    process.stderr.write(`The history was not kept: ${(error as Error).message}\n`);
  }
}

const output = {
  write: (text: string): void => void process.stdout.write(`${text}\n`),
  error: (text: string): void => void process.stderr.write(`${text}\n`),
};

/** Reads lines until the input ends or \q. */
async function interact(shell: Shell): Promise<void> {
  const isTerminal = process.stdin.isTTY === true;
  const lines: Interface = process.getBuiltinModule('node:readline').createInterface({
    input: process.stdin,
    output: isTerminal ? process.stdout : undefined,
    terminal: isTerminal,
    history: isTerminal ? readHistory() : [],
    historySize: HISTORY_LINES,
    removeHistoryDuplicates: true,
    completer: completer(shell.database),
  } as ReadLineOptions);
  let history: string[] = [];
  lines.on('history', (all: string[]) => (history = all));
  lines.on('SIGINT', () => {
    shell.forget();
    process.stdout.write('\n');
    lines.setPrompt(shell.prompt);
    lines.prompt();
  });
  if (isTerminal) {
    lines.setPrompt(shell.prompt);
    lines.prompt();
  }
  for await (const line of lines) {
    shell.line(line);
    if (shell.hasEnded) break;
    if (isTerminal) {
      lines.setPrompt(shell.prompt);
      lines.prompt();
    }
  }
  lines.close();
  shell.end();
  if (isTerminal && history.length > 0) writeHistory(history);
}

/** A bar on a terminal, a line at the end elsewhere. */
function progressBar(what: string): (done: number, of: number) => void {
  const start = performance.now();
  return (done, of) => {
    const share = done / of;
    const isLast = done === of;
    if (process.stdout.isTTY !== true && !isLast) return;
    const bar = '#'.repeat(Math.round(share * 30)).padEnd(30, '.');
    const rate = Math.round(done / Math.max(0.001, (performance.now() - start) / 1000));
    const text = `${what} [${bar}] ${Math.round(share * 100)} %  ${done.toLocaleString('en')} rows, ${rate.toLocaleString('en')} rows/s`;
    process.stdout.write(process.stdout.isTTY === true ? `\r${text}${isLast ? '\n' : ''}` : `${text}\n`);
  };
}

function showSample(database: Database, shell: Shell): void {
  fillShop(database, progressBar('A sample shop'));
  for (const { title, sql } of SHOWN_QUERIES) {
    output.write(`\n-- ${title}\n${sql};`);
    const start = performance.now();
    shell.text(`${sql};`);
    output.write(`(${(performance.now() - start).toFixed(1)} ms)\n${database.explain(sql)}`);
  }
  output.write('\nTry: \\d, \\d orders, \\timing, explain select ...; \\? lists more, \\q leaves.');
}

async function run(options: CliOptions): Promise<number> {
  const sampleDirectory =
    options.sample && options.directory === ':memory:' ? join(tmpdir(), `scratchbird-sample-${process.pid}`) : null;
  const directory = sampleDirectory ?? options.directory;
  const database = open(directory, {
    cacheSize: options.cacheSize,
    durability: options.durability,
    times: 'text',
    json: 'text',
  });
  const state = { format: options.format, expanded: options.expanded, timing: false, nullText: '' };
  const shell = new Shell(database, state, output);
  try {
    if (options.sample) showSample(database, shell);
    for (const command of options.commands) shell.text(command);
    for (const file of options.files) shell.text(readFileSync(file, 'utf8'));
    if (options.commands.length + options.files.length === 0) await interact(shell);
  } finally {
    database.close();
    if (sampleDirectory !== null) rmSync(sampleDirectory, { recursive: true, force: true });
  }
  return shell.hasFailed && process.stdin.isTTY !== true ? 1 : 0;
}

async function serverCommand(command: ServerCommand, args: readonly string[]): Promise<void> {
  try {
    process.exitCode = await runServerCommand(command, args);
  } catch (error) {
    output.error((error as Error).message);
    process.exitCode = 1;
  }
}

/** Runs the command with the arguments of the process. */
export async function main(): Promise<void> {
  const [word, ...rest] = process.argv.slice(2);
  if (isServerCommand(word)) {
    await serverCommand(word, rest);
    return;
  }
  let options: CliOptions;
  try {
    options = parseOptions(word === 'shell' ? rest : word === 'sample' ? ['--sample', ...rest] : process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nscratchbird --help tells what it takes.\n`);
    process.exitCode = 2;
    return;
  }
  if (options.help) output.write(HELP);
  else if (options.version) output.write(version());
  else {
    try {
      process.exitCode = await run(options);
    } catch (error) {
      output.error(errorText('', error));
      process.exitCode = 1;
    }
  }
}

if (import.meta.main) await main();
