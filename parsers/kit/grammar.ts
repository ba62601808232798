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
 * Rules are recorded before a grammar is built: their bodies run once without input. So a body decides nothing outside GATE, and what
 * reads the results of other rules stands in ACTION. What recording finds out is data (lookahead-tables.ts), which the build keeps.
 */

import { EmbeddedActionsParser, EOF, type ParserMethod, type TokenType } from 'chevrotain';
import { tooComplex } from '../../engine/sblr/parse-error.ts';
import { OneTokenLookahead } from './lookahead.ts';
import { Lookahead, type LookaheadFunction, type LookaheadTables, preparedLookahead } from './lookahead-tables.ts';
import { type Alternative, type RuleFunction, shortenCalls } from './short-calls.ts';
import { SqlToken } from './token.ts';

/** Levels of expressions, and of queries, in one another. */
export const MAX_DEPTH = 400;

export type Rule<Arguments extends unknown[], Result> = ParserMethod<Arguments, Result>;

export interface GrammarOptions {
  /** Run Chevrotain's validations when the grammar is recorded. For tests: they take long. */
  readonly validate?: boolean;
  /** What recording found out. Without it the grammar is recorded, and only good for its tables(). */
  readonly lookahead?: LookaheadTables;
}

/** A grammar that parses: with the tables that the build has prepared under its name, or with what recording it finds. */
export function buildGrammar<Made extends Grammar>(name: string, make: (options: GrammarOptions) => Made): Made {
  return make({ lookahead: preparedLookahead(name) ?? make({}).tables() });
}

/** What Chevrotain's parsers have but do not declare. */
interface Internals {
  selfAnalysisDone: boolean;
  exportLexerState(): number;
  importLexerState(index: number): void;
}

/** What rules take while they are recorded. */
const RECORDED_TOKEN = new SqlToken(EOF, '', '', 0, 0, 0, false);

export abstract class Grammar extends EmbeddedActionsParser {
  private expressionDepth = 0;
  private queryDepth = 0;
  private readonly comma: TokenType;

  private readonly lookahead: Lookahead | null;
  private readonly recorder: OneTokenLookahead;

  constructor(vocabulary: readonly TokenType[], comma: TokenType, options: GrammarOptions = {}) {
    const { lookahead, validate } = options;
    const recorder = new OneTokenLookahead(vocabulary);
    // Chevrotain looks through the vocabulary to record only.
    super(lookahead === undefined ? [...vocabulary] : [EOF], {
      maxLookahead: 1,
      recoveryEnabled: false,
      skipValidations: validate !== true,
      lookaheadStrategy: recorder,
    });
    this.comma = comma;
    this.recorder = recorder;
    this.lookahead = lookahead === undefined ? null : new Lookahead(lookahead, vocabulary);
  }

  /** To be called when all rules are made: records them, unless it is known what that finds. */
  protected override performSelfAnalysis(): void {
    if (this.lookahead === null) super.performSelfAnalysis();
    else (this as unknown as Internals).selfAnalysisDone = true;
  }

  /** What recording has found out. */
  tables(): LookaheadTables {
    return this.recorder.tables();
  }

  /** The lookahead functions of a rule; it keeps them. */
  lookaheadsOf(rule: string): readonly LookaheadFunction[] {
    if (this.lookahead === null) throw new Error('a grammar that was recorded is not run: make it anew with its tables');
    return this.lookahead.ofRule(rule);
  }

  /** The dialect's error for a token that fits nowhere. */
  protected abstract unexpected(token: SqlToken): never;

  /** Runs a rule over tokens, the last of which is of type EOF; what the rule leaves over is an error. */
  parse<Result>(tokens: SqlToken[], rule: Rule<[], Result>): Result {
    this.input = tokens;
    this.expressionDepth = 0;
    this.queryDepth = 0;
    const result = this.SUBRULE(rule);
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
    const result = other.SUBRULE(rule, { ARGS: args });
    own.importLexerState(its.exportLexerState());
    return result;
  }
}

shortenCalls(Grammar.prototype);
