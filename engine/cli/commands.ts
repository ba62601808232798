/**
 * The commands besides the shell: each a file here, loaded when it is asked for.
 *
 *   scratchbird NAME ...   -->  run(arguments) --> exit code
 *
 * Exit codes: 0 it has done what it should, 1 it has failed or found something wrong, 2 the command line is wrong, 3 there is no
 * server (status, stop). With --json a command answers one JSON object a line, errors too: {"error": {"message", "code", ...}}.
 */

import type { Writable } from 'node:stream';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { SqlError } from '../../shm/errors.ts';
import { CommandError } from './command-error.ts';
import { errorText } from './shell.ts';

export interface Command {
  readonly help: string;
  /** Of the command line; those of all commands are added. */
  readonly options: ParseArgsOptionsConfig;
  /** Names of what stands on the command line without a name; '?' behind those that may be left out. */
  readonly positionals: readonly string[];
  run(given: Given): Promise<number>;
}

export interface Given {
  readonly values: { readonly [name: string]: string | boolean | undefined };
  readonly positionals: readonly string[];
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly output: CommandOutput;
}

/** Where it writes: what it is asked for, and what is said besides. */
export interface CommandOutput {
  readonly out: Writable;
  readonly aside: Writable;
}

/** Each with what it is for. */
export const COMMANDS: { readonly [name: string]: readonly [what: string, load: () => Promise<Command>] } = {
  import: ['rows of a CSV, JSON or Parquet file into a table', async () => (await import('./import-command.ts')).importCommand],
  export: [
    'rows of a table or query into a CSV, JSON or Parquet file',
    async () => (await import('./export-command.ts')).exportCommand,
  ],
  dump: ['all of a database as SQL text', async () => (await import('./dump-command.ts')).dumpCommand],
  check: ['verifies every page and index', async () => (await import('./check-command.ts')).checkCommand],
  plugin: ['the dialects of a server that runs', async () => (await import('./plugin-command.ts')).pluginCommand],
  explain: ['the plan of a statement, as text or picture', async () => (await import('./explain-command.ts')).explainCommand],
};

const COMMON: ParseArgsOptionsConfig = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
};

/** Runs one; answers the exit code. */
export async function runCommand(
  name: string,
  args: readonly string[],
  output: CommandOutput = { out: process.stdout, aside: process.stderr },
): Promise<number> {
  const say = (text: string): void => void output.out.write(`${text}\n`);
  const complain = (text: string): void => void output.aside.write(`${text}\n`);
  const command = await COMMANDS[name][1]();
  let given: Given;
  try {
    given = { ...parse(command, args), output };
  } catch (error) {
    complain(`${(error as Error).message}\nscratchbird ${name} --help tells what it takes.`);
    return 2;
  }
  if (given.values.help === true) {
    say(command.help);
    return 0;
  }
  try {
    return await command.run(given);
  } catch (error) {
    // Who read has had enough: `| head`.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return 0;
    if (given.isJson) say(JSON.stringify({ error: errorFields(error) }));
    else complain(errorText('', error));
    return 1;
  }
}

function parse({ options, positionals: names }: Command, args: readonly string[]): Omit<Given, 'output'> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { ...COMMON, ...options } });
  const given = values as Given['values'];
  const least = names.filter((name) => !name.endsWith('?')).length;
  if (given.help !== true && positionals.length < least) throw new Error(`${names[positionals.length]} is missing`);
  if (positionals.length > names.length) throw new Error(`what is ${positionals[names.length]}?`);
  return { values: given, positionals, isJson: given.json === true, isQuiet: given.quiet === true || given.json === true };
}

function errorFields(error: unknown): { [name: string]: unknown } {
  const { message } = error as Error;
  if (error instanceof CommandError) return { message, hint: error.hint };
  if (!(error instanceof SqlError)) return { message };
  const { code, position, detail, hint, context } = error;
  return { message, code, position, detail, hint, context };
}

/** A figure, or a report: as a line of text, or as JSON. */
export function report({ isJson, output }: Given, fields: { readonly [name: string]: unknown }, text: string): void {
  output.out.write(`${isJson ? JSON.stringify(fields) : text}\n`);
}

/** The same where the standard output carries data. */
export function reportAside(
  { isJson, isQuiet, output }: Given,
  fields: { readonly [name: string]: unknown },
  text: string,
): void {
  if (isJson || !isQuiet) output.aside.write(`${isJson ? JSON.stringify(fields) : text}\n`);
}
