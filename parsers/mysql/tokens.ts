/**
 * Token types of MySQL's dialect. Words are of two types only, reserved or not: the grammar reads them by their text, since nearly
 * every word of MySQL's is a name somewhere.
 */

import { EOF, type TokenType } from 'chevrotain';
import { tokenType } from '../kit/token.ts';

/** Any word, in backticks or not. `value`: a reserved word in lower case, anything else as written. */
export const Word = tokenType('Word');
export const Reserved = tokenType('Reserved', [Word]);
/** A word that may name something; `quoted`: it stood in backticks, and is never a keyword. */
export const Identifier = tokenType('Identifier', [Word]);

/** `value` is its content; what the bytes of x'...' and b'...' are is written in hexadecimal digits. */
export const StringLiteral = tokenType('StringLiteral');
export const HexLiteral = tokenType('HexLiteral');
export const IntegerLiteral = tokenType('IntegerLiteral');
/** 1.5: exact. */
export const DecimalLiteral = tokenType('DecimalLiteral');
/** 1.5e0: a double. */
export const FloatLiteral = tokenType('FloatLiteral');
/** ? */
export const Marker = tokenType('Marker');
/** `value`: the name behind @, in lower case. */
export const UserVariable = tokenType('UserVariable');
/** `value`: what stands behind @@, in lower case: 'session.sql_mode'. */
export const SystemVariable = tokenType('SystemVariable');

/** An operator that is no word; `value` is what it is called in the tables. */
export const Operator = tokenType('Operator');
export const Comma = tokenType('Comma');
export const Dot = tokenType('Dot');
export const LeftParen = tokenType('LeftParen');
export const RightParen = tokenType('RightParen');
/** What MySQL has no use for. */
export const Stray = tokenType('Stray');

export const VOCABULARY: readonly TokenType[] = [
  ...[Word, Reserved, Identifier, StringLiteral, HexLiteral, IntegerLiteral, DecimalLiteral, FloatLiteral, Marker],
  ...[UserVariable, SystemVariable, Operator, Comma, Dot, LeftParen, RightParen, Stray, EOF],
];
