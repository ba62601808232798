/**
 * COM_QUERY: the statements of a text one after the other, each with an answer of its own; an error ends the text. Where the client has
 * not asked for several, a second one is an error.
 */

import type { HostSession, HostStatement, Outcome } from '../../../plugins/contract/connection.ts';
import { EncodedValues } from '../../../plugins/contract/encoded-values.ts';
import { plainError } from '../../../engine/sblr/parse-error.ts';
import { syntaxErrorAt } from '../errors.ts';
import { lexStatement } from '../lexer.ts';
import type { Answer } from './answer.ts';
import { formatOf } from './describe.ts';
import { Running } from './running.ts';

const NO_VALUES = new EncodedValues();

export class Queries {
  readonly #session: HostSession;
  readonly #answer: Answer;
  readonly #running: Running;
  #text = '';
  #from = 0;

  constructor(session: HostSession, answer: Answer) {
    this.#session = session;
    this.#answer = answer;
    this.#running = new Running(session, answer);
  }

  /** False: it waits, goOn() will be called. Throws what a statement throws; fail() is called then. */
  begin(text: string, several: boolean): boolean {
    this.#text = text;
    this.#from = 0;
    if (!several) this.#mustBeOne();
    return this.#run();
  }

  #mustBeOne(): void {
    const { end } = lexStatement(this.#text, 0);
    const next = end < this.#text.length ? nextStatement(this.#text, end) : -1;
    if (next >= 0) throw syntaxErrorAt(this.#text, next);
  }

  goOn(outcome: Outcome): boolean {
    return this.#running.ended(outcome) && this.#run();
  }

  #run(): boolean {
    let hasRun = this.#from > 0;
    while (this.#from < this.#text.length) {
      this.#answer.beforeStatement();
      const { statement, end } = this.#session.next(this.#text, this.#from);
      this.#from = end;
      if (statement === null) continue;
      hasRun = true;
      this.#answer.hasMore = nextStatement(this.#text, end) >= 0;
      if (!this.#running.ended(this.#start(statement))) return false;
      if (!this.#answer.hasMore) break;
    }
    this.#text = '';
    if (!hasRun) throw plainError('42601', 'Query was empty');
    return true;
  }

  #start(statement: HostStatement): Outcome {
    if (statement.parameters.length > 0) throw syntaxErrorAt(this.#text, this.#text.indexOf('?'));
    const { columns } = statement;
    return this.#running.begin(statement, columns, formatOf(columns, false), NO_VALUES);
  }

  fail(): void {
    this.#running.fail();
    this.#text = '';
    this.#from = 0;
  }
}

/** Where a statement begins at or behind a place; -1: nowhere. */
function nextStatement(text: string, from: number): number {
  for (let at = from; at < text.length; ) {
    const { tokens, end } = lexStatement(text, at);
    if (tokens.length > 1) return tokens[0].startOffset;
    at = end;
  }
  return -1;
}
