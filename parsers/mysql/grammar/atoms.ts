/** What operands begin with: literals, parameters, variables, names, calls, CASE, CAST, subqueries, rows. */

import type {
  SourceCallNode,
  SourceExpression,
  SourceSortItem,
  SourceType,
  SourceWhen,
  SourceWindowSpec,
} from '../../../engine/sblr/source.gen.ts';
import type { SqlToken } from '../../kit/token.ts';
import { callOf, castOf, columnOf, constant, nameOf, operation, textConstant, typeOf, withoutExponent } from '../lower.ts';
import { LEVEL } from '../precedence.ts';
import * as T from '../tokens.ts';
import { findVariable, readVariable, variableOf } from '../variables.ts';
import { ExpressionGrammar } from './expressions.ts';

/** Reserved words that are called like functions. */
const CALLED = new Set(
  'char convert database if insert left mod repeat replace right schema values row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value'.split(
    ' ',
  ),
);
/** Functions without parentheses, and the function that each is. */
const VALUE_FUNCTIONS: { readonly [word: string]: string } = {
  ...{ current_date: 'curdate', current_time: 'curtime', current_timestamp: 'now', localtime: 'now', localtimestamp: 'now' },
  ...{ current_user: 'current_user', utc_date: 'utc_date', utc_time: 'utc_time', utc_timestamp: 'utc_timestamp' },
};
/** Other names of functions. */
const SYNONYMS: { readonly [name: string]: string } = {
  ...{
    schema: 'database',
    session_user: 'user',
    system_user: 'user',
    lcase: 'lower',
    ucase: 'upper',
    ceiling: 'ceil',
    power: 'pow',
  },
  ...{ substr: 'substring', mid: 'substring', character_length: 'char_length', octet_length: 'length', current_date: 'curdate' },
  ...{ current_time: 'curtime', current_timestamp: 'now', localtime: 'now', localtimestamp: 'now', dayofmonth: 'day' },
  ...{ std: 'stddev', stddev_pop: 'stddev', var_pop: 'variance' },
};

export abstract class AtomGrammar extends ExpressionGrammar {
  protected abstract orderBy(): SourceSortItem[];
  protected abstract windowSpec(): SourceWindowSpec;

  parameterCount = 0;

  protected override atom(): SourceExpression {
    const token = this.next(1);
    switch (token.tokenType) {
      case T.Identifier:
        return this.nameOrCall();
      case T.Reserved:
        return this.wordAtom(token);
      case T.LeftParen:
        return this.parenthesised();
      case T.Marker:
        this.any();
        return { op: 'parameter', at: token.ordinal, number: ++this.parameterCount, name: null };
      case T.SystemVariable:
        return variableOf(this.any());
      case T.UserVariable:
        return this.refuse('user variables', token);
      default:
        return this.literal(token);
    }
  }

  private literal(token: SqlToken): SourceExpression {
    const { ordinal: at, value } = token;
    switch (token.tokenType) {
      case T.IntegerLiteral:
        this.any();
        return constant(at, 'integer', value.replace(/^0+(?=\d)/, ''));
      case T.DecimalLiteral:
        this.any();
        return constant(at, 'decimal', value);
      case T.FloatLiteral:
        this.any();
        return castOf(at, constant(at, 'decimal', withoutExponent(value)), 'double');
      case T.StringLiteral:
        this.any();
        return textConstant(at, value);
      case T.HexLiteral:
        this.any();
        return callOf(at, '_decode', [textConstant(at, value), textConstant(at, 'hex')]);
      default:
        return this.unexpected(token);
    }
  }

  private wordAtom(token: SqlToken): SourceExpression {
    const { ordinal: at, value } = token;
    const isCall = this.isNext(2, T.LeftParen);
    switch (value) {
      case 'null':
        this.any();
        return constant(at, 'null', 'null');
      case 'true':
      case 'false':
        this.any();
        return constant(at, 'integer', value === 'true' ? '1' : '0');
      case 'case':
        return this.caseExpression();
      case 'exists':
        this.any();
        return { op: 'subquery', at, kind: 'exists', query: this.inParens(() => this.query()) };
      case 'row':
        this.any();
        return { op: 'row', at, items: this.inParens(() => this.expressions()) };
      case 'default':
        if (isCall) this.refuse('DEFAULT(column)', token);
        this.any();
        return { op: 'default', at };
      case 'binary':
        return this.refuse('BINARY in front of an expression', token);
      case 'interval':
        return this.refuse('INTERVAL', token);
      case 'match':
        return this.refuse('MATCH ... AGAINST', token);
      default:
    }
    if (isCall && (CALLED.has(value) || value in VALUE_FUNCTIONS)) return this.call(this.any());
    const valueFunction = VALUE_FUNCTIONS[value];
    if (valueFunction === undefined) return this.unexpected(token);
    this.any();
    if (valueFunction === 'current_user') return userAt(at, valueFunction);
    return timeCall(at, valueFunction, []) ?? callOf(at, valueFunction, []);
  }

  // '(' query ')' | '(' expression ( ',' expression )* ')'
  private parenthesised(): SourceExpression {
    const { ordinal: at } = this.next(1);
    if (this.isQueryAhead()) return { op: 'subquery', at, kind: 'scalar', query: this.inParens(() => this.query()) };
    const items = this.inParens(() => this.expressions());
    return items.length === 1 ? items[0] : { op: 'row', at, items };
  }

  // CASE expression? ( WHEN expression THEN expression )+ ( ELSE expression )? END
  private caseExpression(): SourceExpression {
    const { ordinal: at } = this.word('case');
    const operand = this.is('when') ? null : this.expression();
    const whens: SourceWhen[] = [];
    do {
      const when = this.word('when');
      const condition = this.expression();
      this.word('then');
      whens.push({ op: 'when', at: when.ordinal, condition, result: this.expression() });
    } while (this.is('when'));
    const otherwise = this.accept('else') ? this.expression() : null;
    this.word('end');
    return { op: 'case', at, operand, whens, otherwise };
  }

  // ---- names and calls ----

  private nameOrCall(): SourceExpression {
    const first = this.next(1);
    if (!first.quoted && this.isNext(2, T.LeftParen)) return this.call(this.any());
    const parts = this.nameParts(3);
    if (!this.acceptToken(T.Dot)) return columnOf(nameOf(parts));
    if (!this.acceptOperator('*')) this.unexpected(this.next(1));
    return { op: 'star', at: first.ordinal, qualifier: nameOf(parts) };
  }

  private call(token: SqlToken): SourceExpression {
    const at = token.ordinal;
    const written = token.value.toLowerCase();
    const name = SYNONYMS[written] ?? written;
    switch (name) {
      case 'cast':
        return this.inParens(() => {
          const operand = this.expression();
          this.word('as');
          return { op: 'cast', at, operand, type: this.castType() };
        });
      case 'convert':
        return this.inParens(() => this.converted(at));
      case 'if':
        return this.conditional(at);
      case 'ifnull':
      case 'coalesce':
        return { op: 'special', at, function: 'coalesce', arguments: this.inParens(() => this.expressions()) };
      case 'nullif':
        return { op: 'special', at, function: 'nullif', arguments: this.inParens(() => this.expressions()) };
      case 'values':
        return this.refuse('VALUES(column)', token);
      case 'isnull': {
        const operand = this.inParens(() => this.expression());
        return { op: 'isTest', at, operand, test: 'null', negated: false };
      }
      case 'position':
        return this.inParens(() => this.position(at));
      case 'trim':
        return this.inParens(() => this.trim(at));
      case 'extract':
        return this.inParens(() => {
          const field = this.take(0, T.Word);
          this.word('from');
          return timeCall(at, field.value.toLowerCase(), [this.expression()]) ?? this.refuse(`EXTRACT(${field.value})`, field);
        });
      default:
        return this.plainCall(at, name);
    }
  }

  /** `x, type`; `x USING charset` changes nothing of texts that are UTF-8. */
  private converted(at: number): SourceExpression {
    const operand = this.expression();
    if (!this.accept('using')) {
      this.take(0, T.Comma);
      return { op: 'cast', at, operand, type: this.castType() };
    }
    const charset = this.take(0, T.Word);
    if (!/^utf8(mb[34])?$/i.test(charset.value)) this.refuse(`the character set ${charset.value}`, charset);
    return castOf(at, operand, 'text');
  }

  private conditional(at: number): SourceExpression {
    const [condition, result, otherwise, ...more] = this.inParens(() => this.expressions());
    if (otherwise === undefined || more.length > 0) this.unexpected(this.next(0));
    return { op: 'case', at, operand: null, whens: [{ op: 'when', at, condition, result }], otherwise };
  }

  // needle IN haystack
  private position(at: number): SourceExpression {
    const needle = this.expression(LEVEL.bitOr);
    this.word('in');
    return callOf(at, 'locate', [needle, this.expression()]);
  }

  // ( BOTH | LEADING | TRAILING )? text? FROM text | text
  private trim(at: number): SourceExpression {
    const side = this.acceptOne('both', 'leading', 'trailing');
    const first = this.is('from') ? null : this.expression();
    if (side === null && !this.is('from')) return callOf(at, 'trim', [first as SourceExpression]);
    this.word('from');
    const text = this.expression();
    const name = side === 'leading' ? 'ltrim' : side === 'trailing' ? 'rtrim' : 'trim';
    return callOf(at, name, first === null ? [text] : [text, first]);
  }

  // '(' ( '*' | DISTINCT? expression ( ',' expression )* )? ')' ( OVER window )?
  private plainCall(at: number, name: string): SourceExpression {
    let isStar = false;
    let distinct = false;
    this.take(0, T.LeftParen);
    let args: SourceExpression[] = [];
    if (this.acceptOperator('*')) isStar = true;
    else if (!this.isNext(1, T.RightParen)) {
      distinct = this.accept('distinct');
      args = this.expressions();
      if (this.isOne('order', 'separator')) this.refuse(`ORDER BY and SEPARATOR in ${name.toUpperCase()}`);
    }
    this.take(0, T.RightParen);
    const over = this.accept('over') ? this.windowSpec() : null;
    if (isStar && name !== 'count') this.unexpected(this.next(0));
    const more: Partial<SourceCallNode> = { star: isStar, distinct, over };
    if (name === 'version' && args.length === 0) return readVariable(findVariable('version'), at);
    if ((name === 'user' || name === 'current_user') && args.length === 0) return userAt(at, name);
    const time = isStar || distinct || over !== null ? null : timeCall(at, name, args);
    if (time !== null) return time;
    // An average has the sum's scale and four digits more, which is what a division gives.
    if (name === 'avg' && args.length === 1)
      return operation(at, '/', callOf(at, 'sum', args, more), callOf(at, 'count', args, more));
    return callOf(at, name, args, more);
  }

  // ---- types of CAST ----

  private castType(): SourceType {
    const token = this.take(0, T.Word);
    const { ordinal: at } = token;
    const word = token.value.toLowerCase();
    const numbers = (): SourceExpression[] => (this.isNext(1, T.LeftParen) ? this.inParens(() => this.numbers()) : []);
    switch (word) {
      case 'signed':
        this.acceptOne('integer', 'int');
        return typeOf(at, 'bigint');
      case 'char':
      case 'nchar': {
        const length = numbers();
        if (this.accept('character', 'set') || this.accept('charset')) this.charset();
        return typeOf(at, length.length > 0 ? 'varchar' : 'text', length);
      }
      case 'decimal':
      case 'dec':
        return typeOf(at, 'decimal', decimalModifiers(at, numbers()));
      case 'double':
        this.accept('precision');
        return typeOf(at, 'double');
      case 'real':
        return typeOf(at, 'double');
      case 'float':
      case 'date':
        return typeOf(at, word);
      case 'datetime':
      case 'time':
        return typeOf(at, word, secondDigits(at, numbers()));
      default:
        return this.refuse(`CAST AS ${word.toUpperCase()}`, token);
    }
  }

  protected numbers(): SourceExpression[] {
    return this.items(() => {
      const { ordinal, value } = this.take(0, T.IntegerLiteral);
      return constant(ordinal, 'integer', value);
    });
  }

  /** A character set that texts may have here. 1115 */
  protected charset(): void {
    const token = this.isNext(1, T.StringLiteral) ? this.any() : this.take(0, T.Word);
    if (!/^utf8mb4$/i.test(token.value)) this.refuse(`the character set ${token.value}`, token);
  }
}

/** 'root@%': roles come from anywhere. */
const userAt = (at: number, name: string): SourceExpression =>
  callOf(at, 'concat', [callOf(at, name === 'user' ? '_session_user' : '_current_user', []), textConstant(at, '@%')]);

const FIELDS = new Set('year quarter month day hour minute second'.split(' '));
const MICROSECOND_DIGITS = '6';

/** Functions of times that are others put together: their fields, and what time it is. Null: it is none of them. */
function timeCall(at: number, name: string, args: readonly SourceExpression[]): SourceExpression | null {
  const [first] = args;
  if (FIELDS.has(name) && args.length === 1)
    return castOf(at, callOf(at, 'floor', [callOf(at, '_field', [textConstant(at, name), first])]), 'bigint');
  if (name !== 'now' && name !== 'curtime') return null;
  const isExact = first?.op === 'constant' && first.text === MICROSECOND_DIGITS;
  if (args.length > 0 && !isExact && !(first.op === 'constant' && first.text === '0')) return null;
  const now = callOf(at, '_now', []);
  const whole = isExact ? now : callOf(at, '_truncate', [textConstant(at, 'second'), now]);
  return name === 'now' ? whole : castOf(at, whole, 'time');
}

/** DECIMAL is DECIMAL(10,0), DECIMAL(p) is DECIMAL(p,0). */
export function decimalModifiers(at: number, given: readonly SourceExpression[]): SourceExpression[] {
  const [precision = constant(at, 'integer', '10'), scale = constant(at, 'integer', '0')] = given;
  return [precision, scale];
}

/** Seconds have no digits behind the point unless they are asked for. */
export const secondDigits = (at: number, given: readonly SourceExpression[]): SourceExpression[] =>
  given.length > 0 ? [...given] : [constant(at, 'integer', '0')];
