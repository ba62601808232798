/**
 * What a dialect is to the engine: the embedded side of the plugin contract, as types. A plugin hands over text as source form
 * (engine/sblr/source-opcodes.ts) and its meaning as tables (engine/sblr/semantics.ts); everything else is the engine's.
 *
 *   text -- normalise --> normalised text + literals -- parseNormalised --> statement     known text: the cache answers instead
 *   text -- parse ------> statements                                                      what cannot be normalised
 *
 * Positions. A node's `at` is the ordinal of its token in its statement, from 0. Errors that a dialect throws itself carry the
 * 1-based character position in the text it was given; errors of later stages carry an ordinal, which `offsets` turns into the
 * place of the token. When parseNormalised fails, parse the text as it was written: the same error comes with its true position.
 */

import type { DialectSemantics } from '../../engine/sblr/semantics.ts';
import type { ShownFacts, ShownText } from './shown.ts';
import type { SourceExpression, SourceFrom, SourceQuery, SourceStatement, SourceType } from '../../engine/sblr/source.gen.ts';

/** Settings that change how text is read; part of every cache key that begins with text. */
export interface ParseSettings {
  /** Backslashes in '...' are plain characters. PostgreSQL: standard_conforming_strings. */
  readonly standardStrings: boolean;
  /** `:name`, `@name` and `$name` are parameters of the embedded API. */
  readonly namedParameters: boolean;
}

export const DEFAULT_PARSE_SETTINGS: ParseSettings = { standardStrings: true, namedParameters: true };

export interface ParsedStatement {
  readonly source: SourceStatement | SourceQuery;
  /** Character offset in the text of each token, by its ordinal in the statement; one more behind the last: where it ends. */
  readonly tokens: readonly number[];
  /** The statement's text is [start, end): from its first token to the end of its last, without the semicolon. */
  readonly start: number;
  readonly end: number;
  /** Parameters it names: the highest $n, or the number of different names. */
  readonly parameterCount: number;
  /** Names of named parameters, in order: the first is number 1. Empty where they are numbered. */
  readonly parameterNames: readonly string[];
}

/** int4, int8: by size. numeric: has a point, or is larger than int8. */
export type LiteralClass = 'int4' | 'int8' | 'numeric' | 'string';

export interface LiftedLiteral {
  readonly class: LiteralClass;
  /** int4 number; int8 number while safe, else bigint; numeric decimal text; string as it reads. */
  readonly value: number | bigint | string;
}

export interface NormalisedText {
  /** One statement: literals are placeholders that also tell their class, blanks and comments are single blanks. */
  readonly text: string;
  /** Values of the placeholders, in order: `literal` nodes name them by index. */
  readonly literals: readonly LiftedLiteral[];
  /** Where the next statement may begin: behind the semicolon, or the end of the text. */
  readonly end: number;
}

/** How sessions of a dialect go about transactions (C2). */
export interface SessionRules {
  /** After an error in a block: only its end is taken, or the statement is taken back and the block goes on. */
  readonly afterError: 'block' | 'keep';
  /** A definition is part of the block that it stands in, or ends it and is a block of its own. */
  readonly definitions: 'inBlock' | 'commit';
  /** BEGIN in a block changes nothing, or commits it and begins another. */
  readonly beginInBlock: 'stay' | 'commit';
  /** A rollback takes SET back. */
  readonly settings: 'inBlock' | 'atOnce';
}

/** PostgreSQL's. */
export const USUAL_SESSIONS: SessionRules = {
  ...{ afterError: 'block', definitions: 'inBlock', beginInBlock: 'stay', settings: 'inBlock' },
};

export interface Dialect {
  readonly name: string;
  readonly version: string;
  readonly semantics: DialectSemantics;
  /** Left out: as in PostgreSQL, the first of each. */
  readonly sessions?: SessionRules;

  /** All statements of a text; empty ones are left out. Throws SqlError 42601, 0A000, 54001. */
  parse(text: string, settings: ParseSettings): readonly ParsedStatement[];

  /**
   * Lifts the literals out of one statement, beginning at `start`. Null: nothing can be lifted with certainty (no query and no
   * change, unknown characters, an unfinished string ...), the text is its own key.
   */
  normalise(text: string, settings: ParseSettings, start?: number): NormalisedText | null;

  /** Parses what normalise gave. */
  parseNormalised(text: string, settings: ParseSettings): ParsedStatement;

  /**
   * Character offsets in `text` of the tokens of the statement beginning at `start`, as the ordinals of parseNormalised count them;
   * one more behind the last. For errors only.
   */
  offsets(text: string, settings: ParseSettings, start?: number): readonly number[];

  /** Ordinals of the placeholders among the tokens of a normalised text, in order. For errors only. */
  literalOrdinals(normalised: string, settings: ParseSettings): readonly number[];

  /** Where the statement that begins at `start` ends: behind its semicolon, or the end of the text. Literals and comments are skipped. */
  statementEnd(text: string, settings: ParseSettings, start: number): number;

  /** An expression as the dialect's own server shows it; null: there is something in it that is not shown this way. Left out: never. */
  show?(node: SourceExpression, facts: ShownFacts): ShownText | null;

  /** Canonical text: parse(render(x)) is x, positions apart. */
  render(node: SourceStatement | SourceQuery | SourceExpression | SourceType | SourceFrom): string;
}
