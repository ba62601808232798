/**
 * Token types of PostgreSQL's dialect. Keywords that a grammar names have a type of their own; all others share one type per
 * category, since all that matters of them is what they may name.
 *
 * Categories are PostgreSQL's: ColId, type_function_name, NonReservedWord, ColLabel, BareColLabel (gram.y).
 */

import { EOF, type TokenType } from 'chevrotain';
import { tokenType } from '../kit/token.ts';
import { KEYWORDS, type Keyword } from './keywords.ts';

// ---- what may stand where a name is expected ----

/** Any word. */
export const ColumnLabel = tokenType('ColumnLabel');
/** The name of an output column without AS. */
export const BareLabel = tokenType('BareLabel');
/** Columns, tables, aliases. */
export const ColumnId = tokenType('ColumnId');
/** Functions and types. */
export const TypeFunctionName = tokenType('TypeFunctionName');
/** Words in settings and options. */
export const NonReservedWord = tokenType('NonReservedWord');
/** What an expression may begin with; grammars that hand expressions over look for it. */
export const ExpressionStart = tokenType('ExpressionStart');
/** Operators between two operands, by any name. */
export const BinaryOperator = tokenType('BinaryOperator');
/** What all operators without a place of their own in the grammar are: PostgreSQL's `Op`. */
export const NamedOperator = tokenType('NamedOperator', [BinaryOperator, ExpressionStart]);

// ---- keywords that play the same part in the grammar ----

/** Any keyword that begins a type. */
export const TypeWord = tokenType('TypeWord');
/** INTEGER, BOOLEAN, ...: types without modifiers. */
export const PlainTypeWord = tokenType('PlainTypeWord', [TypeWord]);
/** NUMERIC, FLOAT, VARCHAR: modifiers may follow. */
export const ModifiedTypeWord = tokenType('ModifiedTypeWord', [TypeWord]);
/** CHARACTER, CHAR, NCHAR: VARYING and a length may follow. */
export const CharacterTypeWord = tokenType('CharacterTypeWord', [TypeWord]);
/** TIME, TIMESTAMP. */
export const TimeTypeWord = tokenType('TimeTypeWord', [TypeWord]);
/** YEAR, MONTH ... of intervals. */
export const IntervalField = tokenType('IntervalField');
/** CURRENT_DATE, USER and the like: functions without parentheses. */
export const ValueFunction = tokenType('ValueFunction');
/** The same with a precision: CURRENT_TIME(3). */
export const TimeFunction = tokenType('TimeFunction', [ValueFunction]);
/** COALESCE, NULLIF, GREATEST, LEAST. */
export const SpecialFunction = tokenType('SpecialFunction');
/** What queries begin with. */
export const QueryStart = tokenType('QueryStart');
/** UNION, INTERSECT, EXCEPT. */
export const SetOperator = tokenType('SetOperator');
/** What DROP drops. */
export const DropKind = tokenType('DropKind');
/** Constructors of SQL/XML and SQL/JSON, none of which is supported. */
export const DocumentFunction = tokenType('DocumentFunction');

const NAMES = {
  unreserved: [ColumnLabel, ColumnId, TypeFunctionName, NonReservedWord, ExpressionStart],
  columnName: [ColumnLabel, ColumnId, NonReservedWord, ExpressionStart],
  typeFunctionName: [ColumnLabel, TypeFunctionName, NonReservedWord, ExpressionStart],
  reserved: [ColumnLabel],
};

// ---- everything that is no keyword ----

export const Identifier = tokenType('Identifier', [BareLabel, ...NAMES.unreserved]);
/** Any string that stands for text; `value` is its content. */
export const StringLiteral = tokenType('StringLiteral', [ExpressionStart]);
export const NationalString = tokenType('NationalString', [ExpressionStart]);
export const BitString = tokenType('BitString', [ExpressionStart]);
export const HexString = tokenType('HexString', [ExpressionStart]);
export const IntegerLiteral = tokenType('IntegerLiteral', [ExpressionStart]);
export const DecimalLiteral = tokenType('DecimalLiteral', [ExpressionStart]);
export const Parameter = tokenType('Parameter', [ExpressionStart]);
export const NamedParameter = tokenType('NamedParameter', [ExpressionStart]);
/** A literal that the normaliser has lifted; `value` is its kind. */
export const LiftedLiteral = tokenType('LiftedLiteral', [ExpressionStart]);

export const Plus = tokenType('Plus', [BinaryOperator, ExpressionStart]);
export const Minus = tokenType('Minus', [BinaryOperator, ExpressionStart]);
export const Star = tokenType('Star', [BinaryOperator]);
export const Slash = tokenType('Slash', [BinaryOperator]);
export const Percent = tokenType('Percent', [BinaryOperator]);
export const Caret = tokenType('Caret', [BinaryOperator]);
export const Less = tokenType('Less', [BinaryOperator]);
export const Greater = tokenType('Greater', [BinaryOperator]);
export const Equal = tokenType('Equal', [BinaryOperator]);
export const LessEqual = tokenType('LessEqual', [BinaryOperator]);
export const GreaterEqual = tokenType('GreaterEqual', [BinaryOperator]);
export const NotEqual = tokenType('NotEqual', [BinaryOperator]);
export const TypeCast = tokenType('TypeCast');
export const ColonEqual = tokenType('ColonEqual');
export const EqualGreater = tokenType('EqualGreater');
export const Colon = tokenType('Colon');
export const Comma = tokenType('Comma');
export const Dot = tokenType('Dot');
export const LeftParen = tokenType('LeftParen', [ExpressionStart, QueryStart]);
export const RightParen = tokenType('RightParen');
export const LeftBracket = tokenType('LeftBracket');
export const RightBracket = tokenType('RightBracket');
/** A character or run of characters that PostgreSQL has no use for. */
export const Stray = tokenType('Stray');

/** NOT before BETWEEN, IN, LIKE, ILIKE, SIMILAR; NULLS before FIRST, LAST; WITH before TIME, ORDINALITY; WITHOUT before TIME. */
export const NotOperator = tokenType('NotOperator', [ColumnLabel, BareLabel, ExpressionStart]);
export const NullsOrder = tokenType('NullsOrder', [BareLabel, ...NAMES.unreserved]);
export const WithTime = tokenType('WithTime', [ColumnLabel]);
export const WithoutTime = tokenType('WithoutTime', NAMES.unreserved);

// ---- keywords ----

/** Reserved words that an expression may begin with. */
const RESERVED_STARTS = new Set(
  `all any some array case cast collate current_catalog current_date current_role current_time current_timestamp current_user
  default false localtime localtimestamp not null session_user system_user true unique user`.split(/\s+/),
);

/** Further categories of keywords. */
const PARTS: readonly (readonly [TokenType, string])[] = [
  [PlainTypeWord, 'int integer smallint bigint real boolean json'],
  [ModifiedTypeWord, 'decimal dec numeric float varchar'],
  [CharacterTypeWord, 'character char nchar'],
  [TimeTypeWord, 'time timestamp'],
  [TypeWord, 'bit national'],
  [IntervalField, 'year month day hour minute second'],
  [ValueFunction, 'current_date current_role current_user user session_user system_user current_catalog current_schema'],
  [TimeFunction, 'current_time current_timestamp localtime localtimestamp'],
  [SpecialFunction, 'coalesce nullif greatest least'],
  [DocumentFunction, 'xmlconcat xmlelement xmlexists xmlforest xmlparse xmlpi xmlroot xmlserialize xmltable merge_action treat'],
  [DocumentFunction, 'json_scalar json_serialize json_table'],
  [QueryStart, 'select values with table'],
  [SetOperator, 'union intersect except'],
  [DropKind, 'table index view sequence schema type domain function role user group database'],
];

const PARTS_OF_WORDS = new Map<string, TokenType[]>();
for (const [type, words] of PARTS) {
  for (const word of words.split(' ')) PARTS_OF_WORDS.set(word, [...(PARTS_OF_WORDS.get(word) ?? []), type]);
}

const categoriesOf = (word: string, keyword: Keyword): TokenType[] => {
  const categories: TokenType[] = [...NAMES[keyword.category], ...(PARTS_OF_WORDS.get(word) ?? [])];
  if (!keyword.needsAs) categories.push(BareLabel);
  if (keyword.category === 'reserved' && RESERVED_STARTS.has(word)) categories.push(ExpressionStart);
  return categories;
};

/** Keywords that grammars name. */
const NAMED = [
  // queries
  ...(['select', 'from', 'where', 'group', 'by', 'having', 'window', 'order', 'limit', 'offset', 'fetch', 'for'] as const),
  ...(['union', 'intersect', 'except', 'all', 'distinct', 'on', 'as', 'into', 'with', 'recursive', 'materialized'] as const),
  ...(['not', 'values', 'table', 'only', 'lateral', 'ordinality', 'tablesample', 'repeatable', 'rows', 'row'] as const),
  ...(['join', 'inner', 'left', 'right', 'full', 'outer', 'cross', 'natural', 'using', 'asc', 'desc', 'first', 'last'] as const),
  ...(['nulls', 'ties', 'next', 'update', 'share', 'no', 'key', 'of', 'nowait', 'skip', 'locked', 'read', 'search'] as const),
  ...(['cycle', 'rollup', 'cube', 'grouping', 'sets', 'partition', 'range', 'groups', 'unbounded', 'preceding'] as const),
  ...(['following', 'current', 'exclude', 'group', 'others', 'to'] as const),
  // expressions
  ...(['and', 'or', 'is', 'isnull', 'notnull', 'null', 'true', 'false', 'unknown', 'between', 'symmetric'] as const),
  ...(['asymmetric', 'in', 'like', 'ilike', 'similar', 'escape', 'any', 'some', 'exists', 'array', 'case', 'when'] as const),
  ...(['then', 'else', 'end', 'cast', 'collate', 'at', 'time', 'zone', 'local', 'operator', 'default', 'document'] as const),
  ...(['json', 'normalized', 'nfc', 'nfd', 'nfkc', 'nfkd', 'coalesce', 'nullif', 'greatest', 'least', 'extract'] as const),
  ...(['position', 'substring', 'overlay', 'placing', 'trim', 'leading', 'trailing', 'both', 'treat', 'normalize'] as const),
  ...(['collation', 'variadic', 'filter', 'over', 'within', 'overlaps', 'unique', 'current_date', 'current_time'] as const),
  ...(['current_timestamp', 'localtime', 'localtimestamp', 'current_role', 'current_user', 'user', 'session_user'] as const),
  ...(['system_user', 'current_catalog', 'current_schema', 'xmlattributes', 'xmlconcat', 'xmlelement', 'xmlexists'] as const),
  ...(['xmlforest', 'xmlparse', 'xmlpi', 'xmlroot', 'xmlserialize', 'xmltable', 'json_object', 'json_array'] as const),
  ...(['json_arrayagg', 'json_objectagg', 'json_scalar', 'json_serialize', 'json_query', 'json_exists'] as const),
  ...(['json_value', 'json_table', 'merge_action', 'absent', 'keys', 'passing', 'wrapper', 'conditional'] as const),
  ...(['unconditional', 'empty', 'error', 'quotes', 'keep', 'omit', 'scalar', 'format', 'string', 'object'] as const),
  // types
  ...(['int', 'integer', 'smallint', 'bigint', 'real', 'float', 'double', 'precision', 'decimal', 'dec', 'numeric'] as const),
  ...(['boolean', 'bit', 'varying', 'character', 'char', 'varchar', 'national', 'nchar', 'timestamp', 'interval'] as const),
  ...(['without', 'year', 'month', 'day', 'hour', 'minute', 'second', 'setof'] as const),
  // changes
  ...(['insert', 'overriding', 'system', 'value', 'conflict', 'do', 'nothing', 'set', 'constraint', 'returning'] as const),
  ...(['delete', 'merge', 'matched', 'truncate', 'restart', 'continue', 'identity', 'cascade', 'restrict'] as const),
  // definitions
  ...(['create', 'drop', 'analyze', 'analyse', 'verbose', 'temporary', 'temp', 'unlogged', 'global', 'if', 'index'] as const),
  ...(['sequence', 'primary', 'foreign', 'references', 'check', 'generated', 'always', 'stored', 'virtual', 'match'] as const),
  ...(['simple', 'partial', 'deferrable', 'initially', 'deferred', 'immediate', 'enforced', 'inherits', 'data'] as const),
  ...(['commit', 'preserve', 'action', 'delete', 'concurrently', 'include', 'increment', 'minvalue', 'maxvalue'] as const),
  ...(['start', 'cache', 'owned', 'none', 'name', 'logged', 'inherit', 'tablespace', 'storage', 'compression'] as const),
  ...([
    'oids',
    'view',
    'schema',
    'type',
    'domain',
    'function',
    'role',
    'database',
    'exclude',
    'materialized',
    'valid',
    'including',
    'excluding',
  ] as const),
  // sessions
  ...(['begin', 'transaction', 'work', 'isolation', 'level', 'serializable', 'committed', 'uncommitted', 'write'] as const),
  ...(['chain', 'abort', 'rollback', 'savepoint', 'release', 'prepared', 'session', 'characteristics', 'show'] as const),
  ...(['reset', 'explain', 'names', 'authorization', 'snapshot', 'constraints', 'option', 'prepare', 'xml'] as const),
] as const;

type KeywordTypes = { readonly [word in (typeof NAMED)[number] as Uppercase<word>]: TokenType };

/** Token types of the keywords that grammars name: K.SELECT. */
export const K = {} as KeywordTypes;

/** Keyword in lower case -> token type. */
export const KEYWORD_TYPES = new Map<string, TokenType>();

function makeKeywordTypes(): void {
  const named = new Set<string>(NAMED);
  const shared = new Map<string, TokenType>();
  for (const [word, keyword] of KEYWORDS) {
    if (named.has(word)) {
      const type = tokenType(word.toUpperCase(), categoriesOf(word, keyword));
      (K as Record<string, TokenType>)[word.toUpperCase()] = type;
      KEYWORD_TYPES.set(word, type);
      continue;
    }
    const key = `${keyword.category}${keyword.needsAs ? 'NeedsAs' : ''}Word`;
    let type = shared.get(key);
    if (type === undefined) shared.set(key, (type = tokenType(key, categoriesOf(word, keyword))));
    KEYWORD_TYPES.set(word, type);
  }
}

makeKeywordTypes();

/** CURRENT_TIME and the like, which take a precision. */
export const TIME_FUNCTIONS = new Set([K.CURRENT_TIME, K.CURRENT_TIMESTAMP, K.LOCALTIME, K.LOCALTIMESTAMP]);

const SET_OPERATORS = new Set([K.UNION, K.INTERSECT, K.EXCEPT]);
export const isSetOperator = (type: TokenType): boolean => SET_OPERATORS.has(type);

const OTHERS: TokenType[] = [
  ...[ColumnLabel, BareLabel, ColumnId, TypeFunctionName, NonReservedWord, ExpressionStart, BinaryOperator, NamedOperator],
  ...[TypeWord, PlainTypeWord, ModifiedTypeWord, CharacterTypeWord, TimeTypeWord, IntervalField, ValueFunction, TimeFunction],
  ...[SpecialFunction, DocumentFunction, QueryStart, SetOperator, DropKind],
  ...[Identifier, StringLiteral, NationalString, BitString, HexString, IntegerLiteral, DecimalLiteral, Parameter, NamedParameter],
  ...[LiftedLiteral, Plus, Minus, Star, Slash, Percent, Caret, Less, Greater, Equal, LessEqual, GreaterEqual, NotEqual, TypeCast],
  ...[ColonEqual, EqualGreater, Colon, Comma, Dot, LeftParen, RightParen, LeftBracket, RightBracket, Stray],
  ...[NotOperator, NullsOrder, WithTime, WithoutTime],
];

/** Every token type of the dialect. */
export const VOCABULARY: TokenType[] = [...new Set([...OTHERS, ...KEYWORD_TYPES.values(), EOF])];
