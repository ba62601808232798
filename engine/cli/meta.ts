/** The shell's own commands, as psql users know them. */

import { readFileSync } from 'node:fs';
import type { Shell } from './shell.ts';
import { ShellError } from './shell-error.ts';
import { describe, listRelations } from './describe.ts';

export const META_HELP = `\\d [name]        tables and sequences, or all there is to one table, index or sequence
\\dt  \\di  \\ds    tables, indexes, sequences; of a name, which may hold * and ?
\\timing          how long statements take: on, off
\\x               a line for each column: on, off
\\aligned  \\csv  \\json   how rows are written
\\pset null TEXT  what NULL looks like
\\i FILE          runs the statements of a file
\\conninfo        which database this is
\\check           verifies every page, row and index entry
\\?               this list
\\q               leaves`;

/** Runs one command. */
export function runMeta(shell: Shell, command: string): void {
  const [name, ...rest] = command.split(/\s+/);
  const argument = rest.join(' ');
  const { state } = shell;
  switch (name) {
    case '\\q':
      shell.hasEnded = true;
      return;
    case '\\?':
    case '\\h':
      shell.write(META_HELP);
      return;
    case '\\timing':
      state.timing = onOff(argument, state.timing);
      shell.write(`Timing is ${state.timing ? 'on' : 'off'}.`);
      return;
    case '\\x':
      state.expanded = onOff(argument, state.expanded);
      shell.write(`Expanded display is ${state.expanded ? 'on' : 'off'}.`);
      return;
    case '\\aligned':
    case '\\a':
    case '\\csv':
    case '\\json':
      state.format = name === '\\csv' ? 'csv' : name === '\\json' ? 'json' : 'aligned';
      return;
    case '\\pset':
      if (rest[0] !== 'null') throw unknown(command);
      state.nullText = rest
        .slice(1)
        .join(' ')
        .replace(/^'(.*)'$/, '$1');
      return;
    case '\\i':
      shell.text(readFileSync(argument, 'utf8'));
      return;
    case '\\conninfo': {
      const { session } = shell.database.connection;
      shell.write(`Database "${session.database}" as user "${session.user}".`);
      return;
    }
    case '\\check':
      check(shell);
      return;
    case '\\d':
      if (argument === '') listRelations(shell, ['r', 'v', 'S'], '');
      else describe(shell, argument.replace(/;$/, ''));
      return;
    case '\\dt':
    case '\\di':
    case '\\ds':
      listRelations(shell, [LISTED[name]], argument.replace(/;$/, ''));
      return;
    default:
      throw unknown(command);
  }
}

const LISTED: { readonly [command: string]: string } = { '\\dt': 'r', '\\di': 'i', '\\ds': 'S' };

const unknown = (command: string): ShellError => new ShellError(`there is no command ${command}; \\? lists the commands`);

function onOff(argument: string, before: boolean): boolean {
  if (argument === '') return !before;
  return /^(on|true|1)$/i.test(argument);
}

function check(shell: Shell): void {
  const report = shell.database.check();
  const { rows, entries, problems } = report;
  shell.write(`${rows} rows and ${entries} index entries; ${problems.length === 0 ? 'sound' : `${problems.length} problems`}`);
  for (const problem of problems) shell.write(JSON.stringify(problem));
}
