/**
 * The shell: runs statements of a text and shows what they answer, and its own commands that begin with a backslash.
 *
 *   line --> \command                                   at once
 *        --> part of a statement, until its semicolon   then the statement
 *        --> behind COPY ... FROM STDIN                 rows, until \.
 */

import { postgresql } from '../../parsers/postgresql/plugin.ts';
import { SqlError } from '../../shm/errors.ts';
import { DEFAULT_PARSE_SETTINGS } from '../../plugins/contract/contract.ts';
import { CommandError } from './command-error.ts';
import { CopiedLines } from './copied-lines.ts';
import { formatSheet, type OutputFormat, type Sheet } from './format.ts';
import { runMeta } from './meta.ts';
import { ShellError } from './shell-error.ts';
import type { Answer, Target } from './target.ts';

export interface ShellState {
  format: OutputFormat;
  expanded: boolean;
  timing: boolean;
  nullText: string;
  /** Nothing runs behind the first error. */
  stopsOnError: boolean;
}

export const SHELL_STATE: ShellState = {
  ...{ format: 'aligned', expanded: false, timing: false, nullText: '', stopsOnError: false },
};

export interface ShellOutput {
  write(text: string): void;
  error(text: string): void;
}

const COPY_IN = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*copy\b[\s\S]*\bfrom\s+stdin\b/i;
const COPY_OUT = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*copy\b[\s\S]*\bto\s+stdout\b/i;

export class Shell {
  readonly target: Target;
  readonly state: ShellState;
  readonly #output: ShellOutput;
  /** What has been typed of a statement that is not complete. */
  #pending = '';
  /** Takes lines as rows, until \. */
  #copy: CopiedLines | null = null;
  #copied: Promise<void> | null = null;
  /** A statement runs. */
  isRunning = false;
  /** True after \q, and where an error ends everything. */
  hasEnded = false;
  /** True when a statement failed. */
  hasFailed = false;

  constructor(target: Target, state: ShellState, output: ShellOutput) {
    this.target = target;
    this.state = state;
    this.#output = output;
    target.onNotice = (severity, message) => output.error(`${severity}:  ${message}`);
  }

  /** The prompt: '=>' for a new statement, '->' within one, with '*' in a transaction and '!' in a failed one; '>>' for rows. */
  get prompt(): string {
    if (this.#copy !== null) return '>> ';
    const mark = { idle: '', active: '*', failed: '!' }[this.target.status];
    return `${this.target.database}${this.#pending === '' ? '=' : '-'}${mark}> `;
  }

  get isWithinStatement(): boolean {
    return this.#pending !== '';
  }

  /** Forgets what was typed of a statement. */
  forget(): void {
    this.#pending = '';
  }

  /** One line of input. */
  async line(text: string): Promise<void> {
    if (this.hasEnded) return;
    if (this.#copy !== null) {
      if (text.trimEnd() === '\\.') await this.#endCopy();
      else await this.#copy.add(text);
      return;
    }
    if (this.#pending === '' && text.trimStart().startsWith('\\')) {
      await this.#meta(text.trim());
      return;
    }
    this.#pending = this.#pending === '' ? text : `${this.#pending}\n${text}`;
    // Nothing is complete without one.
    if (text.includes(';')) await this.#runComplete();
    else if (this.#pending.trim() === '') this.#pending = '';
  }

  /** The input has ended: what is left counts as a statement. */
  async end(): Promise<void> {
    if (this.#copy !== null) await this.#endCopy();
    const rest = this.#pending.trim();
    this.#pending = '';
    if (rest !== '' && !this.hasEnded) await this.#statement(rest);
  }

  /** A whole text. */
  async text(text: string): Promise<void> {
    for (const line of text.split('\n')) await this.line(line);
    await this.end();
  }

  /** The lines of a file, however long it is. */
  async lines(lines: AsyncIterable<string>): Promise<void> {
    for await (const line of lines) {
      if (this.hasEnded) return;
      await this.line(line);
    }
    await this.end();
  }

  async #runComplete(): Promise<void> {
    for (;;) {
      const text = this.#pending;
      if (text.trim() === '') {
        this.#pending = '';
        return;
      }
      const end = completeTo(text);
      if (end < 0) return;
      this.#pending = text.slice(end).trimStart();
      await this.#statement(text.slice(0, end));
      if (this.hasEnded || this.#copy !== null) return;
    }
  }

  async #statement(text: string): Promise<void> {
    const start = performance.now();
    this.isRunning = true;
    try {
      if (COPY_IN.test(text)) this.#beginCopy(text);
      else if (COPY_OUT.test(text)) await this.copyOut(text);
      else {
        const shown = this.#shown(await this.target.run(text.replace(/;\s*$/, '')));
        if (shown !== null) this.#output.write(shown);
      }
    } catch (error) {
      this.fail(text, error);
    } finally {
      this.isRunning = false;
    }
    if (this.state.timing) this.#output.write(`Time: ${(performance.now() - start).toFixed(3)} ms`);
  }

  /** The text of the answer; null when there is nothing to say. */
  #shown({ columns, rows, tag }: Answer): string | null {
    const isQuiet = tag === '' || this.state.format !== 'aligned';
    if (columns.length === 0) return isQuiet ? null : tag;
    const shown = this.show({ columns, rows });
    return isQuiet || !/^(INSERT|UPDATE|DELETE|MERGE)/.test(tag) ? shown : `${shown}\n${tag}`;
  }

  show(sheet: Sheet): string {
    const { format, expanded, nullText } = this.state;
    return formatSheet(sheet, format, expanded, nullText);
  }

  write(text: string): void {
    this.#output.write(text);
  }

  fail(text: string, error: unknown): void {
    this.hasFailed = true;
    this.#output.error(errorText(text, error));
    if (this.state.stopsOnError) this.hasEnded = true;
  }

  // ---- COPY ----

  #beginCopy(text: string): void {
    const lines = new CopiedLines();
    this.#copy = lines;
    this.#copied = this.target.copyIn(text.replace(/;\s*$/, ''), lines).then(
      (rows) => {
        if (this.state.format === 'aligned') this.#output.write(`COPY ${rows}`);
      },
      (error: unknown) => {
        lines.close();
        this.fail(text, error);
      },
    );
  }

  async #endCopy(): Promise<void> {
    this.#copy?.end();
    await this.#copied;
    this.#copy = null;
    this.#copied = null;
  }

  /** Rows as COPY writes them. */
  async copyOut(text: string): Promise<void> {
    for await (const piece of this.target.copyOut(text.replace(/;\s*$/, '')))
      this.#output.write(Buffer.from(piece).toString().replace(/\n$/, ''));
  }

  async #meta(command: string): Promise<void> {
    try {
      await runMeta(this, command);
    } catch (error) {
      this.fail(command, error);
    }
  }
}

/** Where the first statement of a text ends, behind its semicolon; -1: it goes on in the next line. */
function completeTo(text: string): number {
  let end: number;
  try {
    end = postgresql.statementEnd(text, DEFAULT_PARSE_SETTINGS, 0);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    // An open string or comment may be closed by what comes; what is wrong otherwise is said when it is run.
    return error.message.startsWith('unterminated') || !text.trimEnd().endsWith(';') ? -1 : text.length;
  }
  return text[end - 1] === ';' ? end : -1;
}

/** The error with the line it is in and a mark under the place. */
export function errorText(text: string, error: unknown): string {
  if (error instanceof ShellError) return error.message;
  if (error instanceof CommandError) return `ERROR:  ${error.message}\nHINT:  ${error.hint}`;
  if (!(error instanceof SqlError)) return `ERROR:  ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  const lines = [`ERROR:  ${error.message} (${error.code})`];
  if (error.position !== undefined && text !== '') {
    const before = text.slice(0, error.position - 1);
    const number = before.split('\n').length;
    const column = before.length - (before.lastIndexOf('\n') + 1);
    const head = `LINE ${number}: `;
    lines.push(head + (text.split('\n')[number - 1] ?? ''), `${' '.repeat(head.length + column)}^`);
  }
  if (error.detail !== undefined) lines.push(`DETAIL:  ${error.detail}`);
  if (error.hint !== undefined) lines.push(`HINT:  ${error.hint}`);
  if (error.context !== undefined) lines.push(`CONTEXT:  ${error.context}`);
  return lines.join('\n');
}
