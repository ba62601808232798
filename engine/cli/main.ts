#!/usr/bin/env node
/** The `scratchbird` command. */

import { createReadStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Interface, ReadLineOptions } from 'node:readline';
import { COMMANDS, runCommand } from './commands.ts';
import { completer } from './completion.ts';
import { type CliOptions, HELP, parseOptions } from './options.ts';
import { progressOf } from './progress.ts';
import { isServerCommand, runServerCommand, type ServerCommand } from './server-commands.ts';
import { fillShop, SHOWN_QUERIES } from './sample-shop.ts';
import { errorText, Shell } from './shell.ts';
import { openTarget, type Target } from './target.ts';

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

const linesOf = (options: ReadLineOptions): Interface => process.getBuiltinModule('node:readline').createInterface(options);

/** Reads lines until the input ends or \q. */
async function interact(shell: Shell): Promise<void> {
  const isTerminal = process.stdin.isTTY === true;
  const complete = completer(shell.target);
  const lines = linesOf({
    input: process.stdin,
    output: isTerminal ? process.stdout : undefined,
    terminal: isTerminal,
    history: isTerminal ? readHistory() : [],
    historySize: HISTORY_LINES,
    removeHistoryDuplicates: true,
    completer: (line: string, then: (error: Error | null, found?: [string[], string]) => void) =>
      void complete(line).then((found) => then(null, found), then),
  } as ReadLineOptions);
  let history: string[] = [];
  const prompt = (): void => {
    if (!isTerminal) return;
    lines.setPrompt(shell.prompt);
    lines.prompt();
  };
  lines.on('history', (all: string[]) => (history = all));
  lines.on('SIGINT', () => {
    if (shell.isRunning) {
      shell.target.cancel();
      return;
    }
    shell.forget();
    process.stdout.write('\n');
    prompt();
  });
  prompt();
  for await (const line of lines) {
    await shell.line(line);
    if (shell.hasEnded) break;
    prompt();
  }
  lines.close();
  await shell.end();
  if (isTerminal && history.length > 0) writeHistory(history);
}

async function showSample(target: Target, shell: Shell): Promise<void> {
  const progress = progressOf('A sample shop', 'rows', false);
  const start = performance.now();
  const rows = await fillShop(target, (done, of) => progress.tell(done, of));
  progress.end();
  const seconds = (performance.now() - start) / 1000;
  output.write(`A sample shop: ${rows.toLocaleString('en')} rows in ${seconds.toFixed(1)} s`);
  for (const { title, sql } of SHOWN_QUERIES) {
    output.write(`\n-- ${title}\n${sql};`);
    const begun = performance.now();
    await shell.text(`${sql};`);
    output.write(`(${(performance.now() - begun).toFixed(1)} ms)`);
    await shell.text(`explain ${sql};`);
  }
  output.write('\nTry: \\d, \\d orders, \\timing, explain select ...; \\? lists more, \\q leaves.');
}

async function run(options: CliOptions): Promise<number> {
  const sampleDirectory =
    options.sample && options.directory === ':memory:' ? join(tmpdir(), `scratchbird-sample-${process.pid}`) : null;
  const { cacheSize, durability, format, expanded, stopsOnError } = options;
  const target = await openTarget(sampleDirectory ?? options.directory, { create: true, cacheSize, durability });
  const shell = new Shell(target, { format, expanded, stopsOnError, timing: false, nullText: '' }, output);
  try {
    if (options.sample) await showSample(target, shell);
    for (const command of options.commands) await shell.text(command);
    for (const file of options.files)
      await shell.lines(linesOf({ input: file === '-' ? process.stdin : createReadStream(file), crlfDelay: Infinity }));
    if (options.commands.length + options.files.length === 0) await interact(shell);
  } finally {
    await target.close();
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

async function runShell(args: readonly string[]): Promise<void> {
  let options: CliOptions;
  try {
    options = parseOptions(args);
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

/** Runs the command with the arguments of the process. */
export async function main(): Promise<void> {
  const [word, ...rest] = process.argv.slice(2);
  // Who reads what is written may have had enough (`| head`): that is no fault, and nothing more is for him.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  if (isServerCommand(word)) await serverCommand(word, rest);
  else if (word !== undefined && Object.hasOwn(COMMANDS, word)) process.exitCode = await runCommand(word, rest);
  else await runShell(word === 'shell' ? rest : word === 'sample' ? ['--sample', ...rest] : process.argv.slice(2));
}

if (import.meta.main) await main();
