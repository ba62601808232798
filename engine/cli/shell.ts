/**
 * The shell: runs statements of a text and shows what they answer, and its own commands that begin with a backslash.
 *
 *   line --> \command                                   at once
 *        --> part of a statement, until its semicolon   then the statement
 */

import type { Database } from '../api/api.ts';
import { SqlError } from '../../shm/errors.ts';
import { DEFAULT_PARSE_SETTINGS, type Dialect } from '../../plugins/contract/contract.ts';
import { formatSheet, type OutputFormat, type Sheet } from './format.ts';
import { runMeta } from './meta.ts';
import { ShellError } from './shell-error.ts';

export interface ShellState {
  format: OutputFormat;
  expanded: boolean;
  timing: boolean;
  nullText: string;
}

export interface ShellOutput {
  write(text: string): void;
  error(text: string): void;
}

export class Shell {
  readonly database: Database;
  readonly state: ShellState;
  readonly #output: ShellOutput;
  /** What has been typed of a statement that is not complete. */
  #pending = '';
  /** True after \q. */
  hasEnded = false;
  /** True when a statement failed. */
  hasFailed = false;

  constructor(database: Database, state: ShellState, output: ShellOutput) {
    this.database = database;
    this.state = state;
    this.#output = output;
    database.onNotice(({ severity, message }) => output.error(`${severity}:  ${message}`));
  }

  /** The prompt: '=>' for a new statement, '->' within one, with '*' in a transaction and '!' in a failed one. */
  get prompt(): string {
    const { session } = this.database.connection;
    const mark = { idle: '', active: '*', failed: '!' }[session.status];
    return `${session.database}${this.#pending === '' ? '=' : '-'}${mark}> `;
  }

  get isWithinStatement(): boolean {
    return this.#pending !== '';
  }

  /** Forgets what was typed of a statement. */
  forget(): void {
    this.#pending = '';
  }

  /** One line of input. */
  line(text: string): void {
    if (this.#pending === '' && text.trimStart().startsWith('\\')) {
      this.#meta(text.trim());
      return;
    }
    this.#pending = this.#pending === '' ? text : `${this.#pending}\n${text}`;
    this.#runComplete();
  }

  /** The input has ended: what is left counts as a statement. */
  end(): void {
    const rest = this.#pending.trim();
    this.#pending = '';
    if (rest !== '') this.#statement(rest);
  }

  /** A whole text. */
  text(text: string): void {
    for (const line of text.split('\n')) {
      if (this.hasEnded) return;
      this.line(line);
    }
    this.end();
  }

  #runComplete(): void {
    const { dialect } = this.database.engine;
    for (;;) {
      const text = this.#pending;
      if (text.trim() === '') {
        this.#pending = '';
        return;
      }
      const end = completeTo(dialect, text);
      if (end < 0) return;
      this.#pending = text.slice(end).trimStart();
      this.#statement(text.slice(0, end));
    }
  }

  #statement(text: string): void {
    const start = performance.now();
    try {
      const sheet = this.#run(text);
      if (sheet !== null) this.#output.write(sheet);
    } catch (error) {
      this.#fail(text, error);
    }
    if (this.state.timing) this.#output.write(`Time: ${(performance.now() - start).toFixed(3)} ms`);
  }

  /** The text of the answer; null when there is nothing to say. */
  #run(text: string): string | null {
    if (/^[\s;]*$/.test(text)) return null;
    const statement = this.database.prepare(text.replace(/;\s*$/, '')).raw();
    const columns = statement.columns();
    if (columns.length === 0) {
      const { changes, rows } = statement.run();
      if (rows !== undefined) return this.show(sheetOfObjects(rows as Record<string, unknown>[]));
      return this.state.format === 'aligned' ? tagOf(text, changes) : null;
    }
    const names = { columns: columns.map(({ name }) => name), types: columns.map(({ type }) => type) };
    if (statement.readonly) return this.show({ ...names, rows: statement.all() as unknown[][] });
    const { changes, rows } = statement.run();
    const shown = this.show({ ...names, rows: (rows ?? []) as unknown[][] });
    return this.state.format === 'aligned' ? `${shown}\n${tagOf(text, changes)}` : shown;
  }

  show(sheet: Sheet): string {
    const { format, expanded, nullText } = this.state;
    return formatSheet(sheet, format, expanded, nullText);
  }

  /** Rows of a query, for the shell's own commands. */
  query(sql: string, ...values: unknown[]): Sheet {
    const statement = this.database.prepare(sql).raw();
    const columns = statement.columns();
    const rows = statement.all(...values) as unknown[][];
    return { columns: columns.map(({ name }) => name), types: columns.map(({ type }) => type), rows };
  }

  write(text: string): void {
    this.#output.write(text);
  }

  #fail(text: string, error: unknown): void {
    this.hasFailed = true;
    this.#output.error(errorText(text, error));
  }

  #meta(command: string): void {
    try {
      runMeta(this, command);
    } catch (error) {
      this.#fail(command, error);
    }
  }
}

/** Where the first statement of a text ends, behind its semicolon; -1: it goes on in the next line. */
function completeTo(dialect: Dialect, text: string): number {
  let end: number;
  try {
    end = dialect.statementEnd(text, DEFAULT_PARSE_SETTINGS, 0);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    // An open string or comment may be closed by what comes; what is wrong otherwise is said when it is run.
    return error.message.startsWith('unterminated') || !text.trimEnd().endsWith(';') ? -1 : text.length;
  }
  return text[end - 1] === ';' ? end : -1;
}

function sheetOfObjects(rows: readonly Record<string, unknown>[]): Sheet {
  const columns = rows.length === 0 ? [] : Object.keys(rows[0]);
  return { columns, types: columns.map(() => 'text'), rows: rows.map((row) => columns.map((name) => row[name])) };
}

/** 'INSERT 0 3', 'UPDATE 1', 'CREATE TABLE': what psql shows. */
function tagOf(text: string, changes: number): string {
  const words = text.replace(/^(\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)+/, '').split(/[\s;(]+/);
  const first = (words[0] ?? '').toUpperCase();
  if (first === 'INSERT') return `INSERT 0 ${changes}`;
  if (first === 'UPDATE' || first === 'DELETE') return `${first} ${changes}`;
  if (first === 'CREATE' || first === 'DROP') {
    const kind = words.slice(1).find((word) => /^(table|index|sequence|view|schema)$/i.test(word)) ?? '';
    return `${first} ${kind.toUpperCase()}`.trim();
  }
  return first;
}

/** The error with the line it is in and a mark under the place. */
export function errorText(text: string, error: unknown): string {
  if (error instanceof ShellError) return error.message;
  if (!(error instanceof SqlError)) return `ERROR:  ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  const lines = [`ERROR:  ${error.message} (${error.code})`];
  if (error.position !== undefined) {
    const before = text.slice(0, error.position - 1);
    const number = before.split('\n').length;
    const column = before.length - (before.lastIndexOf('\n') + 1);
    const head = `LINE ${number}: `;
    lines.push(head + (text.split('\n')[number - 1] ?? ''), `${' '.repeat(head.length + column)}^`);
  }
  if (error.detail !== undefined) lines.push(`DETAIL:  ${error.detail}`);
  if (error.hint !== undefined) lines.push(`HINT:  ${error.hint}`);
  return lines.join('\n');
}
