/**
 * The lexical table by which the normalising scanner reads PostgreSQL's text.
 */

import type { NormalisedText, ParseSettings } from '../../plugins/contract/contract.ts';
import { DIGIT, hasFlag, isIdentifierStart, wordEnd } from '../kit/characters.ts';
import { type LexicalTable, Normaliser, WORD } from '../kit/normalise.ts';
import { continuation, dollarTagEnd, UNFINISHED } from '../kit/scan.ts';
import { CHARACTERS, operatorEnd } from './characters.ts';
import { lexStatement } from './lexer.ts';
import { PLACEHOLDERS } from './lifted.ts';
import { numberEnd } from './numbers.ts';
import { LiftedLiteral, Minus } from './tokens.ts';

function wordTable(): ReadonlyMap<string, number> {
  const table = new Map<string, number>();
  const mark = (words: string, flag: number): void => {
    for (const word of words.split(/\s+/)) table.set(word, (table.get(word) ?? 0) | flag);
  };
  mark('select insert update delete merge with values', WORD.begins);
  // Reserved words behind which an operand stands; LIMIT, OFFSET and the like are not among them.
  mark('select where and or not when then else case between like ilike from on having returning in', WORD.expects);
  // Modifiers of types, fields of EXTRACT, casts.
  mark(
    'char character varchar varying nchar numeric decimal dec float bit time timestamp interval second',
    WORD.keepsParentheses,
  );
  mark('extract cast normalize current_time current_timestamp localtime localtimestamp', WORD.keepsParentheses);
  mark('by rows range groups conflict', WORD.keepsClause);
  mark('limit offset fetch for having window union except intersect returning do', WORD.endsClause);
  return table;
}

/** Behind $1, $tag$...$tag$ or $name. */
function dollarEnd(text: string, from: number): number {
  const next = text.charCodeAt(from + 1);
  if (hasFlag(CHARACTERS, next, DIGIT)) {
    let end = from + 2;
    while (hasFlag(CHARACTERS, text.charCodeAt(end), DIGIT)) end++;
    return end;
  }
  const tagEnd = dollarTagEnd(text, from, CHARACTERS);
  if (tagEnd === UNFINISHED) return isIdentifierStart(CHARACTERS, next) ? wordEnd(text, from + 1, CHARACTERS) : UNFINISHED;
  const tag = text.slice(from, tagEnd);
  const close = text.indexOf(tag, tagEnd);
  return close < 0 ? UNFINISHED : close + tag.length;
}

const PLAIN_BEHIND_STRING = new Set([',', ')', ';', ']', '']);

const TABLE: LexicalTable = {
  characters: CHARACTERS,
  words: wordTable(),
  operatorEnd,
  comparisons: new Set(['=', '<', '>', '<=', '>=', '<>', '!=']),
  prefixes: 'eEbBxXnN',
  numberEnd: (text, from) => {
    try {
      return numberEnd(text, from);
    } catch {
      // Not a number: the parser will say what is wrong with it.
      return UNFINISHED;
    }
  },
  dollarEnd,
  continues: (text, from) => !PLAIN_BEHIND_STRING.has(text.charAt(from)) && continuation(text, from, CHARACTERS) !== UNFINISHED,
  placeholders: PLACEHOLDERS,
};

/** A text that begins with SELECT. */
const SELECT = /^\s*select\b/i;

const normaliser = new Normaliser(TABLE);

/** Null while backslashes escape in plain strings: their rules are the lexer's. */
export function normaliseText(text: string, settings: ParseSettings, start: number): NormalisedText | null {
  // SELECT INTO is a definition: nothing is lifted out of those.
  if ((text.includes('into', start) || text.includes('INTO', start)) && SELECT.test(text.slice(start, start + 200))) return null;
  return settings.standardStrings ? normaliser.normalise(text, start) : null;
}

/** Offsets in the text of the tokens of its normalised form: a lifted number may have taken in its sign. */
export function normalisedOffsets(text: string, settings: ParseSettings, start: number): number[] {
  const { tokens } = lexStatement(text, start, settings, false);
  const normalised = normaliseText(text, settings, start);
  if (normalised === null) return tokens.map((token) => token.startOffset);
  const offsets: number[] = [];
  let own = 0;
  for (const token of lexStatement(normalised.text, 0, settings, true).tokens) {
    offsets.push(tokens[own].startOffset);
    own += token.tokenType === LiftedLiteral && tokens[own].tokenType === Minus ? 2 : 1;
  }
  return offsets;
}

/** Ordinals of the placeholders among the tokens of a normalised text. */
export const liftedOrdinals = (normalised: string, settings: ParseSettings): number[] =>
  lexStatement(normalised, 0, settings, true)
    .tokens.filter((token) => token.tokenType === LiftedLiteral)
    .map((token) => token.ordinal);
