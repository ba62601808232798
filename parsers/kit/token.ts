/**
 * Tokens as the lexers make them and the grammars take them. One class, so that every token has one shape in V8.
 */

import { createToken, type IToken, Lexer, type TokenType } from 'chevrotain';

export class SqlToken implements IToken {
  readonly tokenType: TokenType;
  /** Chevrotain's number of the token's type; lookahead compares nothing else. */
  readonly tokenTypeIdx: number;
  /** The token as written. */
  readonly image: string;
  /** What it stands for: a folded name, a string without its quotes, a number in plain decimal digits. */
  readonly value: string;
  readonly startOffset: number;
  /** Character behind the last. */
  readonly end: number;
  /** Its place in the statement, from 0: `at` of the nodes. */
  readonly ordinal: number;
  /** An identifier in quotes. */
  readonly quoted: boolean;
  /** Opening parenthesis: ordinal of the closing one, or -1 when there is none. */
  match = -1;

  constructor(
    tokenType: TokenType,
    image: string,
    value: string,
    startOffset: number,
    end: number,
    ordinal: number,
    quoted: boolean,
  ) {
    this.tokenType = tokenType;
    this.tokenTypeIdx = tokenType.tokenTypeIdx as number;
    this.image = image;
    this.value = value;
    this.startOffset = startOffset;
    this.end = end;
    this.ordinal = ordinal;
    this.quoted = quoted;
  }
}

/**
 * A token type that our own lexers give out, or a category that others belong to. Categories are told here what belongs to them,
 * each once: Chevrotain looks through all of them anew for each type, which takes a while for some hundred.
 */
export function tokenType(name: string, categories: TokenType[] = []): TokenType {
  const type = createToken({ name, pattern: Lexer.NA });
  type.CATEGORIES = categories;
  for (const category of allCategories(categories)) addMember(category, type.tokenTypeIdx as number);
  return type;
}

/** Categories, those that they belong to, and so on, each once. */
function allCategories(categories: readonly TokenType[]): Set<TokenType> {
  const all = new Set<TokenType>();
  const add = (type: TokenType): void => {
    if (all.has(type)) return;
    all.add(type);
    for (const category of type.CATEGORIES as TokenType[]) add(category);
  };
  for (const category of categories) add(category);
  return all;
}

function addMember(category: TokenType, member: number): void {
  const members = category as TokenType & { isParent: boolean };
  (members.categoryMatchesMap as Record<number, boolean>)[member] = true;
  members.categoryMatches?.push(member);
  members.isParent = true;
}
