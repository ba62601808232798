/**
 * What all parts of MySQL's grammar share. Statements are read word by word, with one token of lookahead: MySQL tells nearly all of its
 * phrases apart by a word, and hardly any of its words is reserved, so that rules over token types would say nothing.
 */

import { notSupported } from '../../../engine/sblr/parse-error.ts';
import type { SourceName } from '../../../engine/sblr/source.gen.ts';
import { Grammar, type GrammarOptions } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import { UnexpectedToken } from '../errors.ts';
import { nameOf } from '../lower.ts';
import * as T from '../tokens.ts';

export abstract class BaseGrammar extends Grammar {
  constructor(options: GrammarOptions = {}) {
    super(T.VOCABULARY, T.Comma, options);
  }

  protected override unexpected(token: SqlToken): never {
    throw new UnexpectedToken(token);
  }

  /** What MySQL has and the source form, or the engine, has not: 1235. */
  protected refuse(what: string, token: SqlToken = this.next(1)): never {
    throw notSupported(what, token.startOffset);
  }

  // ---- words ----

  /** The token `ahead` places on is this word, not in backticks. */
  protected is(word: string, ahead = 1): boolean {
    const token = this.next(ahead);
    if (token.quoted || (token.tokenType !== T.Reserved && token.tokenType !== T.Identifier)) return false;
    return token.value.length === word.length && token.value.toLowerCase() === word;
  }

  protected isOne(...words: string[]): boolean {
    return words.some((word) => this.is(word));
  }

  /** Takes the next token, whatever it is. */
  protected any(): SqlToken {
    return this.take(0, this.next(1).tokenType);
  }

  protected accept(...words: string[]): boolean {
    if (!words.every((word, index) => this.is(word, index + 1))) return false;
    for (let count = 0; count < words.length; count++) this.any();
    return true;
  }

  /** One of the words, in lower case; null: none stands there. */
  protected acceptOne(...words: string[]): string | null {
    return this.isOne(...words) ? this.any().value.toLowerCase() : null;
  }

  protected word(...words: string[]): SqlToken {
    let first: SqlToken | null = null;
    for (const word of words) {
      if (!this.is(word)) this.unexpected(this.next(1));
      const token = this.any();
      first ??= token;
    }
    return first as SqlToken;
  }

  protected isOperator(operator: string, ahead = 1): boolean {
    const token = this.next(ahead);
    return token.tokenType === T.Operator && token.value === operator;
  }

  protected acceptOperator(operator: string): boolean {
    if (!this.isOperator(operator)) return false;
    this.any();
    return true;
  }

  protected acceptToken(type: (typeof T)['Comma']): boolean {
    if (!this.isNext(1, type)) return false;
    this.any();
    return true;
  }

  /** Items with commas between. */
  protected items<Item>(one: () => Item): Item[] {
    const list = [one()];
    while (this.acceptToken(T.Comma)) list.push(one());
    return list;
  }

  protected inParens<Result>(body: () => Result): Result {
    this.take(0, T.LeftParen);
    const result = body();
    this.take(0, T.RightParen);
    return result;
  }

  protected ifExists(): boolean {
    return this.accept('if', 'exists');
  }

  protected ifNotExists(): boolean {
    return this.accept('if', 'not', 'exists');
  }

  // ---- names ----

  /** A name of one part. */
  protected identifier(): SqlToken {
    return this.take(0, T.Identifier);
  }

  /** Behind a point any word is a name. */
  protected nameParts(most: number): SqlToken[] {
    const parts = [this.identifier()];
    while (parts.length < most && this.isNext(1, T.Dot) && !this.isOperator('*', 2)) {
      this.any();
      parts.push(this.take(0, T.Word));
    }
    return parts;
  }

  /** A table, perhaps with its database. */
  protected tableName(): SourceName {
    return nameOf(this.nameParts(2));
  }

  /** '(' name ( ',' name )* ')' */
  protected columnNames(): string[] {
    return this.inParens(() => this.items(() => this.identifier().value));
  }

  /** AS? alias: a name, or a text where MySQL takes one. */
  protected optionalAlias(mayBeText: boolean): SqlToken | null {
    const given = this.accept('as');
    if (mayBeText && this.isNext(1, T.StringLiteral)) return this.any();
    if (given || this.isNext(1, T.Identifier)) return this.identifier();
    return null;
  }
}
