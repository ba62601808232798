/** The command line of `scratchbird`. */

import { parseArgs } from 'node:util';
import type { OutputFormat } from './format.ts';

export interface CliOptions {
  readonly directory: string;
  readonly commands: readonly string[];
  readonly files: readonly string[];
  readonly format: OutputFormat;
  readonly expanded: boolean;
  readonly stopsOnError: boolean;
  readonly sample: boolean;
  readonly help: boolean;
  readonly version: boolean;
  readonly durability: 'commit' | 'relaxed' | 'off';
  readonly cacheSize: string;
}

export const HELP = `scratchbird [shell] [options] [DATABASE]
scratchbird start [settings]       a server for PostgreSQL's clients, in the foreground; start --help lists its settings
scratchbird status [--data DIR]    whether one runs on this database, and where it listens; exit code 3: none
scratchbird stop [--data DIR]      ends it: clients may finish what they do
scratchbird import DATABASE FILE [TABLE]     rows of a CSV, JSON or Parquet file into a table
scratchbird export DATABASE WHAT [FILE]      rows of a table or query into such a file
scratchbird dump DATABASE          all of it as SQL text, for ScratchBird and PostgreSQL
scratchbird check DIRECTORY        verifies every page and index
scratchbird explain DATABASE SQL   the plan of a statement, as text, JSON or picture
scratchbird plugin ACTION ...       the dialects of a server that runs: list, load, swap, replace, rollback, unload
scratchbird sample                 the shell over a sample shop

Each with --help tells what it takes.

The shell of ScratchBird: SQL on the database in a directory (it is made when there is none; one that a server holds is asked
through the server), on a server (postgres://USER@HOST:PORT/DATABASE), or in memory when none is named. SQL comes from the
keyboard, from a pipe, from --command or --file.

  -c, --command SQL    run this and end; may be given several times
  -f, --file FILE      run the statements of a file ('-': of the input), COPY ... FROM stdin with its rows among them
      --stop-on-error  nothing runs behind the first error
      --csv, --json    how rows are written when they are not for a terminal's eyes
  -x, --expanded       a line for each column
      --cache SIZE     page cache, '256MB' unless said otherwise
      --durability D   commit (default), relaxed, off
      --sample         a sample shop of about 200,000 rows, and three queries with their plans
  -h, --help           this text
  -V, --version        the version

Examples
  scratchbird shop.sbd
  scratchbird shop.sbd -c 'select count(*) from item' --json
  scratchbird postgres://postgres@localhost:5432/postgres
  echo 'select 1 + 1 as two;' | scratchbird

In the shell: \\? lists its commands, \\q leaves.`;

/** Reads the arguments; throws an Error that says what is wrong. */
export function parseOptions(args: readonly string[]): CliOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      command: { type: 'string', short: 'c', multiple: true },
      file: { type: 'string', short: 'f', multiple: true },
      csv: { type: 'boolean' },
      json: { type: 'boolean' },
      expanded: { type: 'boolean', short: 'x' },
      'stop-on-error': { type: 'boolean' },
      cache: { type: 'string' },
      durability: { type: 'string' },
      sample: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'V' },
    },
  });
  const durability = values.durability ?? 'commit';
  if (durability !== 'commit' && durability !== 'relaxed' && durability !== 'off') {
    throw new Error(`--durability is commit, relaxed or off, not ${durability}`);
  }
  if (positionals.length > 1) throw new Error(`one database, not ${positionals.length}: ${positionals.join(' ')}`);
  return {
    directory: positionals[0] ?? ':memory:',
    commands: values.command ?? [],
    files: values.file ?? [],
    format: values.json === true ? 'json' : values.csv === true ? 'csv' : 'aligned',
    expanded: values.expanded ?? false,
    stopsOnError: values['stop-on-error'] ?? false,
    sample: values.sample ?? false,
    help: values.help ?? false,
    version: values.version ?? false,
    durability,
    cacheSize: values.cache ?? '256MB',
  };
}
