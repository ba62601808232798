/**
 * What a dialect means, as data (dialects.md, 'Semantics are data'): a plugin fills these tables, the binder's resolution algorithms
 * read them. After binding nothing of the dialect is left.
 */

import type { TypeName } from './types.ts';

export type Volatility = 'immutable' | 'stable' | 'volatile';

/**
 * How scale and bound on digits of the result follow from the arguments (SBLR-N6, engine/sblr/result-types.ts); modifiers never do.
 *   add       + and -: scale the larger, one digit more          multiply  scales and digits add up
 *   same      of the first argument: negate, abs, min, max       modulo    scale the larger, digits of the smaller
 *   sum       scale of the argument, digits unknown              whole     scale 0, as floor, ceil, round(x)
 *   four      scale of the first argument and four more, digits unknown: a division
 */
export type ResultRule = 'add' | 'multiply' | 'same' | 'modulo' | 'sum' | 'whole' | 'four';

/** An operator or function for argument types. `primitive` is one of primitives.ts. */
export interface Signature {
  /** 'any' takes every type; an exact match never. */
  readonly arguments: readonly TypeName[];
  /** 'any': the type of the first argument given for 'any'. */
  readonly result: TypeName;
  readonly primitive: string;
  /**
   * How arguments given for 'any' are handed over: each of type t through the primitive `t.<any>` (`int4.output`, `int4.asJsonb`);
   * an unknown literal is text first. Left out: as they are.
   */
  readonly any?: 'output' | 'to.text' | 'asJson' | 'asJsonb' | 'typeof';
  /** The primitive takes the name of a type behind its arguments: that of an array's elements, else the argument's own. */
  readonly named?: number;
  /** Left out: the result type without modifiers. */
  readonly rule?: ResultRule;
  /** The last argument may be given any number of times. */
  readonly variadic?: boolean;
  /** Arguments from this one on may be left out; the primitive is called without them. */
  readonly optionalFrom?: number;
}

export interface AggregateSignature extends Signature {
  readonly aggregate: true;
}

/** A window function that is no aggregate. Of several arguments for 'any' the common type is taken. */
export interface WindowSignature extends Signature {
  readonly window: true;
}

/** A function that gives rows. */
export interface SetSignature extends Signature {
  readonly rows: true;
}

/** What is asked of a row that is not there: its place among those that are. */
export type HypotheticalPlace = 'rank' | 'dense_rank' | 'percent_rank' | 'cume_dist';

export type CastContext = 'implicit' | 'assignment' | 'explicit';

/**
 * A cast; no primitive: the value stays as it is. From `unknown` (or, without such a rule, from `text`): the input function, for string
 * literals that stay in the module. From a type to itself: what applies modifiers, called with (value, length) and, as far as the
 * primitive has more arguments, scale (numeric) or whether the cast is explicit (boolean; varchar and char):
 *   numeric(value, precision, scale)   varchar, char(value, length, explicit)   time, timestamp, timestamptz, interval(value, digits)
 */
export interface CastRule {
  readonly from: TypeName;
  readonly to: TypeName;
  readonly context: CastContext;
  readonly primitive: string | null;
  /** Texts that the primitive takes behind the value. */
  readonly given?: readonly string[];
  /** Of an implicit one, for the algorithm `mysql`: the signature whose casts cost least is meant. Left out: 1. */
  readonly cost?: number;
}

export interface TypeRule {
  readonly name: TypeName;
  /** Names under which SQL text finds it, folded. */
  readonly names: readonly string[];
  /** 'N' numeric, 'S' string, 'D' date and time, 'B' boolean, 'T' interval, 'U' user, 'X' unknown. */
  readonly category: string;
  readonly preferred: boolean;
  /** How it is shown: 'integer', 'character varying'. */
  readonly shown: string;
  /** Length that a name stands for when no modifiers are given: { char: 1 }. */
  readonly defaultLengths?: { readonly [name: string]: number };
  /** Name of an output column that is a cast to the type, where it is not the engine's name of the type. */
  readonly columnName?: string;
}

export type LookupPlace = 'output' | 'input' | 'outer';

export interface DialectSemantics {
  readonly dialect: string;
  /** Which of the engine's resolution algorithms reads the tables. */
  readonly algorithm: 'postgresql' | 'mysql';
  readonly folding: 'lower' | 'upper' | 'none';
  /** A row of INSERT without a list of columns has a value for each; left out: the last ones may lack. */
  readonly insertsAllColumns?: boolean;
  /** A NOT NULL column that is given no value and has no default is an error by itself; left out: it is NULL, which is one. */
  readonly missingIsError?: boolean;
  /** Columns are found whatever the case of their letters; left out: 'exact'. */
  readonly columnNames?: 'exact' | 'anyCase';
  readonly types: readonly TypeRule[];
  readonly operators: { readonly [name: string]: readonly Signature[] };
  readonly functions: { readonly [name: string]: readonly (Signature | AggregateSignature | WindowSignature | SetSignature)[] };
  /** Functions in FROM with rows of several columns: the columns, and a function that gives each. */
  readonly rowFunctions?: { readonly [name: string]: readonly { readonly name: string; readonly function: string }[] };
  /** Functions in FROM whose columns the statement says: a function (arguments, name, whether it is JSON) that gives texts of one. */
  /** The same, with the columns of the row type of their first argument. */
  readonly populateFunctions?: { readonly [name: string]: string };
  readonly recordFunctions?: { readonly [name: string]: string };
  /** Aggregates with WITHIN GROUP: signatures take direct arguments, then the one that is sorted by. */
  readonly orderedSets?: { readonly [name: string]: readonly Signature[] };
  readonly hypotheticals?: { readonly [name: string]: HypotheticalPlace };
  /** Names of the parameters of functions whose arguments may be given by name; `value`: text of the default. */
  readonly parameterNames?: { readonly [name: string]: readonly { readonly name: string; readonly value?: string }[] };
  /** Names that the dialect's users know but that mean nothing here yet: 0A000 instead of 'does not exist'. */
  readonly unsupportedTypes?: readonly string[];
  readonly unsupportedFunctions?: readonly string[];
  readonly casts: readonly CastRule[];
  /** Primitives that compare two values of one type: name of the operator -> used by IN, BETWEEN, CASE, IS DISTINCT, sort. */
  readonly comparison: {
    readonly equal: string;
    readonly notEqual: string;
    readonly less: string;
    readonly lessOrEqual: string;
    readonly greater: string;
    readonly greaterOrEqual: string;
    /** Casts of operands in whose place comparisons take others: they order values that the type compared in does not have. */
    readonly casts?: { readonly [primitive: string]: string };
  };
  /** Names by which operators and special syntax are found in `operators` and `functions`. */
  readonly like: {
    readonly like: string;
    readonly ilike: string;
    readonly similar: string;
    /** Function (pattern, escape) that makes a pattern with the usual escape of one with another; absent: ESCAPE is not supported. */
    readonly likeEscape?: string;
    /** SIMILAR TO ... ESCAPE: a function (pattern, escape) whose result this operator matches. */
    readonly similarEscape?: { readonly function: string; readonly operator: string };
  };
  /** Function whose arguments are keys of GROUP BY: says which of them the row's grouping set is without. */
  readonly groupingFunction?: string;
  /** Functions without parentheses: 'current_date' -> function name. */
  readonly valueFunctions: { readonly [keyword: string]: string };
  readonly literals: {
    /** Type of an integer literal that fits: the narrowest first. */
    readonly integers: readonly TypeName[];
    readonly decimal: TypeName;
    readonly string: TypeName;
  };
  /** Where ORDER BY and GROUP BY look a bare name up first; in expressions inside them always 'input' first. */
  readonly orderByName: readonly LookupPlace[];
  readonly groupByName: readonly LookupPlace[];
  readonly havingSeesAliases: boolean;
  readonly groupedColumns: 'dependent' | 'any' | 'error';
  /** Where NULLs sort without NULLS FIRST or LAST: as if above or below every value, or at one end whatever the direction. */
  readonly nullOrder: 'highest' | 'lowest' | 'last' | 'first';
  /** Type that a left over `unknown` becomes. */
  readonly unknownBecomes: TypeName;
  /** Name of an output column without an alias, for an expression that is no column. */
  readonly unnamedColumn: string;
  /** Schemas searched for names without one. */
  readonly searchPath: readonly string[];
}
