/** The shell's own commands, as psql users know them. */

import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe } from './describe.ts';
import { isListing, showList } from './lists.ts';
import type { Shell } from './shell.ts';
import { ShellError } from './shell-error.ts';
import { literal } from './target.ts';

export const META_HELP = `\\d [name]        tables, views and sequences, or all there is to one; \\d+ says more
\\dt \\di \\ds \\dv   tables, indexes, sequences, views; of a name, which may hold * and ?
\\dn \\df \\dT \\dD   schemas, functions, types, domains
\\du \\dp \\l       roles, privileges, databases
\\sf NAME  \\sv NAME   the text of a function, of a view
\\timing          how long statements take: on, off
\\x               a line for each column: on, off
\\aligned  \\csv  \\json   how rows are written
\\pset null TEXT  what NULL looks like
\\copy ...        COPY with a file of this machine: \\copy item to 'item.csv' csv header
\\i FILE          runs the statements of a file
\\conninfo        which database this is
\\check           verifies every page, row and index entry
\\?               this list
\\q               leaves`;

/** Names, for completion. */
export const META_COMMANDS = [...META_HELP.matchAll(/\\[a-z?]+\+?/g)].map(([name]) => name);

type Meta = (shell: Shell, argument: string, name: string) => void | Promise<void>;

const FORMATS = { '\\aligned': 'aligned', '\\a': 'aligned', '\\csv': 'csv', '\\json': 'json' } as const;
const setFormat: Meta = (shell, _argument, name) => {
  shell.state.format = FORMATS[name as keyof typeof FORMATS];
};
const help: Meta = (shell) => shell.write(META_HELP);
const nothing: Meta = () => undefined;

const COMMANDS: { readonly [name: string]: Meta } = {
  '\\q': (shell) => {
    shell.hasEnded = true;
  },
  '\\?': help,
  '\\h': help,
  '\\timing'(shell, argument) {
    shell.state.timing = onOff(argument, shell.state.timing);
    shell.write(`Timing is ${shell.state.timing ? 'on' : 'off'}.`);
  },
  '\\x'(shell, argument) {
    shell.state.expanded = onOff(argument, shell.state.expanded);
    shell.write(`Expanded display is ${shell.state.expanded ? 'on' : 'off'}.`);
  },
  ...Object.fromEntries(Object.keys(FORMATS).map((name) => [name, setFormat])),
  '\\pset'(shell, argument, name) {
    const found = /^null\s+'?(.*?)'?$/.exec(argument);
    if (found === null) throw unknown(`${name} ${argument}`);
    shell.state.nullText = found[1];
  },
  '\\i': (shell, file) => shell.lines(createInterface({ input: createReadStream(unquoted(file)) })),
  '\\conninfo'(shell) {
    const { database, user, shown } = shell.target;
    shell.write(`Database "${database}" as user "${user}", ${shown}.`);
  },
  '\\check': check,
  '\\copy': copy,
  '\\d': (shell, argument) => describe(shell, argument, false),
  '\\d+': (shell, argument) => describe(shell, argument, true),
  '\\sf': (shell, name) => definition(shell, `select pg_get_functiondef(${literal(name)}::regproc)`),
  '\\sv': (shell, name) => definition(shell, `select pg_get_viewdef(${literal(name)}::regclass, true)`),
  // Of newer pg_dumps.
  '\\restrict': nothing,
  '\\unrestrict': nothing,
};

/** Runs one command. */
export async function runMeta(shell: Shell, command: string): Promise<void> {
  const [, name, argument] = /^(\S+)\s*(.*?);?$/s.exec(command) as RegExpExecArray;
  if (isListing(name)) await showList(shell, name, argument);
  else {
    const found = COMMANDS[name];
    if (found === undefined) throw unknown(command);
    await found(shell, argument, name);
  }
}

const unknown = (command: string): ShellError => new ShellError(`there is no command ${command}; \\? lists the commands`);

const unquoted = (text: string): string => text.replace(/^'(.*)'$/s, '$1');

function onOff(argument: string, before: boolean): boolean {
  if (argument === '') return !before;
  return /^(on|true|1)$/i.test(argument);
}

async function definition(shell: Shell, sql: string): Promise<void> {
  const { rows } = await shell.target.run(sql);
  for (const [text] of rows) shell.write(text ?? '');
}

/** COPY with a file that this process reads or writes. */
async function copy(shell: Shell, argument: string): Promise<void> {
  const found = /^(.*?)\s+(from|to)\s+('(?:[^']|'')*'|\S+)\s*(.*)$/is.exec(argument);
  if (found === null) throw new ShellError("\\copy TABLE from 'FILE' [options], or \\copy (QUERY) to 'FILE' [options]");
  const [, what, direction, quotedFile, options] = found;
  const file = unquoted(quotedFile).replaceAll("''", "'");
  if (direction.toLowerCase() === 'from') {
    const rows = await shell.target.copyIn(`copy ${what} from stdin ${options}`, createReadStream(file));
    shell.write(`COPY ${rows}`);
    return;
  }
  await pipeline(Readable.from(shell.target.copyOut(`copy ${what} to stdout ${options}`)), createWriteStream(file));
  shell.write('COPY');
}

async function check(shell: Shell): Promise<void> {
  const { EmbeddedTarget } = await import('./embedded-target.ts');
  if (!(shell.target instanceof EmbeddedTarget))
    throw new ShellError('a database is checked where nobody serves it: scratchbird stop, then scratchbird check');
  const { rows, entries, problems } = shell.target.api.check();
  shell.write(`${rows} rows and ${entries} index entries; ${problems.length === 0 ? 'sound' : `${problems.length} problems`}`);
  for (const problem of problems) shell.write(JSON.stringify(problem));
}
