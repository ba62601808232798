/**
 * Base of all grammars: a Chevrotain parser with embedded actions that makes nodes of the source form straight away, without a
 * concrete syntax tree in between.
 *
 * - Tokens come from the dialect's own lexer, ended by a token of type EOF.
 * - Errors are made from the failing token by `unexpected()`, in the dialect's words. There is no recovery.
 * - Depth is counted where rules recurse (enter, leave); past MAX_DEPTH: 54001.
 * - A grammar may hand over to another one in the middle of a statement (delegate), so that each stays small and is built when it
 *   is first needed.
 *
 * Rules are recorded when a grammar is built: their bodies run once without input. So a body decides nothing outside GATE, and what
 * reads the results of other rules stands in ACTION.
 */

import { EmbeddedActionsParser, EOF, type ParserMethod, type TokenType } from 'chevrotain';
import { tooComplex } from '../../engine/sblr/parse-error.ts';
import { OneTokenLookahead } from './lookahead.ts';
import { type Alternative, type RuleFunction, shortenCalls } from './short-calls.ts';
import { SqlToken } from './token.ts';

/** Levels of expressions, and of queries, in one another. */
export const MAX_DEPTH = 400;

export type Rule<Arguments extends unknown[], Result> = ParserMethod<Arguments, Result>;

export interface GrammarOptions {
  /** Run Chevrotain's validations when the grammar is built. For tests: they take long. */
  readonly validate?: boolean;
}

/** What Chevrotain's parsers have but do not declare. */
interface Internals {
  exportLexerState(): number;
  importLexerState(index: number): void;
}

/** What rules take while they are recorded. */
const RECORDED_TOKEN = new SqlToken(EOF, '', '', 0, 0, 0, false);

export abstract class Grammar extends EmbeddedActionsParser {
  private expressionDepth = 0;
  private queryDepth = 0;
  private readonly comma: TokenType;

  constructor(vocabulary: readonly TokenType[], comma: TokenType, options: GrammarOptions = {}) {
    const typeCount = 1 + vocabulary.reduce((highest, type) => Math.max(highest, type.tokenTypeIdx ?? 0), 0);
    super([...vocabulary], {
      maxLookahead: 1,
      recoveryEnabled: false,
      skipValidations: options.validate !== true,
      lookaheadStrategy: new OneTokenLookahead(typeCount),
    });
    this.comma = comma;
  }

  /** The dialect's error for a token that fits nowhere. */
  protected abstract unexpected(token: SqlToken): never;

  /** Runs a rule over tokens, the last of which is of type EOF; what the rule leaves over is an error. */
  parse<Result>(tokens: SqlToken[], rule: Rule<[], Result>): Result {
    this.input = tokens;
    this.expressionDepth = 0;
    this.queryDepth = 0;
    const result = rule.call(this);
    const next = this.next(1);
    if (next.ordinal !== tokens[tokens.length - 1].ordinal) this.unexpected(next);
    return result;
  }

  // Chevrotain pads the tokens before and checks them after a parse; ours end with a token of their own.
  onBeforeParse(): void {}
  onAfterParse(): void {}

  consumeInternalError(): never {
    return this.unexpected(this.next(1));
  }

  raiseNoAltException(): never {
    return this.unexpected(this.next(1));
  }

  raiseEarlyExitException(): never {
    return this.unexpected(this.next(1));
  }

  /** The token `ahead` places on: 1 is the next one. Past the end: the last. */
  protected next(ahead: number): SqlToken {
    if (this.RECORDING_PHASE) return RECORDED_TOKEN;
    const token = this.LA(ahead) as SqlToken;
    return token.ordinal === undefined ? (this.input[this.input.length - 1] as SqlToken) : token;
  }

  /** Whether the token `ahead` places on is of a type, or of one of a category. */
  protected isNext(ahead: number, type: TokenType): boolean {
    const index = this.LA(ahead).tokenTypeIdx;
    return index === type.tokenTypeIdx || (type.categoryMatchesMap as Record<number, boolean> | undefined)?.[index] === true;
  }

  protected take(occurrence: number, type: TokenType): SqlToken {
    const token = this.consume(occurrence, type) as SqlToken;
    return this.RECORDING_PHASE ? RECORDED_TOKEN : token;
  }

  /** Takes words that mean a value. */
  protected yields<Value>(value: Value, occurrence: number, ...words: TokenType[]): Value {
    for (const word of words) this.take(occurrence, word);
    return value;
  }

  /** An alternative of OR that is a rule by itself, by its name: the rule may be made later. */
  protected ruleAlternative(ruleName: string, occurrence = 0): Alternative {
    const rules = this as unknown as { readonly [name: string]: Rule<[], unknown> };
    return { ALT: () => this.subrule(occurrence, rules[ruleName]), ruleName };
  }

  /** The same with arguments. */
  protected ruleWith<Arguments extends unknown[], Result>(
    rule: Rule<Arguments, Result>,
    ...ARGS: Arguments
  ): { readonly ALT: () => Result } {
    const alternative: Alternative = { ALT: () => this.SUBRULE(rule, { ARGS }), rule: rule as unknown as RuleFunction, ARGS };
    return alternative as { readonly ALT: () => Result };
  }

  /** An optional token: whether it stood there. */
  protected has(occurrence: number, type: TokenType): boolean {
    return this.option(occurrence, () => this.consume(occurrence, type)) !== undefined;
  }

  /** One or more, separated by commas. */
  protected list<Item>(occurrence: 1 | 2 | 3 | 4 | 5, item: () => Item): Item[] {
    const items: Item[] = [];
    if (!this.RECORDING_PHASE) {
      items.push(item());
      while (this.LA(1).tokenTypeIdx === this.comma.tokenTypeIdx) {
        this.consume(0, this.comma);
        items.push(item());
      }
      return items;
    }
    const each = { SEP: this.comma, DEF: () => void items.push(item()) };
    if (occurrence === 1) this.AT_LEAST_ONE_SEP1(each);
    else if (occurrence === 2) this.AT_LEAST_ONE_SEP2(each);
    else if (occurrence === 3) this.AT_LEAST_ONE_SEP3(each);
    else if (occurrence === 4) this.AT_LEAST_ONE_SEP4(each);
    else this.AT_LEAST_ONE_SEP5(each);
    return items;
  }

  protected enterExpression(): void {
    if (++this.expressionDepth > MAX_DEPTH) throw tooComplex(MAX_DEPTH, this.next(1).startOffset);
  }

  protected leaveExpression(): void {
    this.expressionDepth--;
  }

  protected enterQuery(): void {
    if (++this.queryDepth > MAX_DEPTH) throw tooComplex(MAX_DEPTH, this.next(1).startOffset);
  }

  protected leaveQuery(): void {
    this.queryDepth--;
  }

  /** Lets another grammar go on from the next token, and goes on behind what its rule took. */
  protected delegate<Arguments extends unknown[], Result>(
    other: Grammar,
    rule: Rule<Arguments, Result>,
    ...args: Arguments
  ): Result {
    const own = this as unknown as Internals;
    const its = other as unknown as Internals;
    // Its state stays when it has worked on this statement before: parameters are counted on.
    if (other.input !== this.input) other.input = this.input;
    other.expressionDepth = this.expressionDepth;
    other.queryDepth = this.queryDepth;
    its.importLexerState(own.exportLexerState());
    const result = rule.apply(other, args);
    own.importLexerState(its.exportLexerState());
    return result;
  }
}

shortenCalls(Grammar.prototype);
