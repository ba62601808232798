/** The command line of `scratchbird`. */

import { parseArgs } from 'node:util';
import type { OutputFormat } from './format.ts';

export interface CliOptions {
  readonly directory: string;
  readonly commands: readonly string[];
  readonly files: readonly string[];
  readonly format: OutputFormat;
  readonly expanded: boolean;
  readonly sample: boolean;
  readonly help: boolean;
  readonly version: boolean;
  readonly durability: 'commit' | 'relaxed' | 'off';
  readonly cacheSize: string;
}

export const HELP = `scratchbird [shell] [options] [directory]
scratchbird start [settings]       a server for PostgreSQL's clients, in the foreground; start --help lists its settings
scratchbird status [--data DIR]    whether one runs on this database, and where it listens; exit code 3: none
scratchbird stop [--data DIR]      ends it: clients may finish what they do
scratchbird sample                 the shell over a sample shop

The shell of ScratchBird: SQL on the database in a directory (it is made when there is none), or in
memory when no directory is given. SQL comes from the keyboard, from a pipe, from --command or --file.

  -c, --command SQL    run this and end; may be given several times
  -f, --file FILE      run the statements of a file and end
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
  if (positionals.length > 1) throw new Error(`one directory, not ${positionals.length}: ${positionals.join(' ')}`);
  return {
    directory: positionals[0] ?? ':memory:',
    commands: values.command ?? [],
    files: values.file ?? [],
    format: values.json === true ? 'json' : values.csv === true ? 'csv' : 'aligned',
    expanded: values.expanded ?? false,
    sample: values.sample ?? false,
    help: values.help ?? false,
    version: values.version ?? false,
    durability,
    cacheSize: values.cache ?? '256MB',
  };
}
