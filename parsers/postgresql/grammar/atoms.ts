/**
 * What operands begin with (c_expr of gram.y): literals, parameters, names, calls, CASE, subqueries, rows, arrays, typed literals.
 * Words that are also names are told from the special syntax they begin by the token behind them.
 */

import type {
  SourceCallNode,
  SourceExpression,
  SourceSortItem,
  SourceType,
  SourceWhen,
  SourceWindowSpec,
} from '../../../engine/sblr/source.gen.ts';
import type { Rule } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import { LIFTED_ORDER, parameterOf } from '../literals.ts';
import { constant, integerConstant, nameOf, ownType, plainCall, rowOf } from '../lower.ts';
import * as T from '../tokens.ts';
import { K } from '../tokens.ts';
import { ExpressionGrammar } from './expressions.ts';
import { isQueryAhead } from './parentheses.ts';

interface Arguments {
  readonly values: SourceExpression[];
  readonly names: string[];
  star: boolean;
  distinct: boolean;
  variadic: boolean;
  order: SourceSortItem[];
}

/** What may follow a type's keyword, else it is a name. */
const TYPE_GOES_ON = new Set([T.StringLiteral, T.LeftParen, T.WithTime, T.WithoutTime, K.VARYING, K.CHARACTER, K.CHAR]);

/** What goes on with a name: more of it, arguments, the text of a literal of that type, subscripts. */
const GOES_ON_WITH_NAME = new Set([T.Dot, T.LeftParen, T.StringLiteral, T.LeftBracket]);

export abstract class AtomGrammar extends ExpressionGrammar {
  abstract readonly specialCall: Rule<[], SourceExpression>;
  abstract readonly orderBy: Rule<[], SourceSortItem[]>;
  abstract readonly windowSpec: Rule<[], SourceWindowSpec>;

  private lifted = 0;
  /** Names of named parameters, in order of their first use. */
  parameterNames: string[] = [];
  parameterCount = 0;

  /** Before a statement: what the one before had does not count. */
  forgetParameters(): void {
    this.parameterNames = [];
    this.parameterCount = 0;
  }

  override reset(): void {
    super.reset();
    this.lifted = 0;
    this.forgetParameters();
  }

  private readonly isCallAhead = (): boolean => this.isNext(2, T.LeftParen);
  /** A type by its keyword, with a string behind it; types by plain names are read as calls first. */
  private readonly isTypeAhead = (): boolean => {
    if (!this.isNext(1, T.TypeWord)) return false;
    const behind = this.LA(2).tokenType;
    return TYPE_GOES_ON.has(behind) && (behind !== T.LeftParen || this.isTypedLiteralBehind(2));
  };

  /** Behind a parenthesis `ahead`: modifiers of a typed literal, NUMERIC(5,2) '1.00'. */
  private isTypedLiteralBehind(ahead: number): boolean {
    const { match, ordinal } = this.next(ahead);
    const end = ahead + match - ordinal + 1;
    return match >= 0 && (this.isNext(end, T.StringLiteral) || this.isNext(end, T.WithTime) || this.isNext(end, T.WithoutTime));
  }

  private readonly literals = [
    { ALT: () => this.take(1, T.LiftedLiteral) },
    { ALT: () => this.take(1, T.IntegerLiteral) },
    { ALT: () => this.take(1, T.DecimalLiteral) },
    { ALT: () => this.take(1, T.StringLiteral) },
    { ALT: () => this.take(1, K.NULL) },
    { ALT: () => this.take(1, K.TRUE) },
    { ALT: () => this.take(1, K.FALSE) },
    { ALT: () => this.take(1, T.BitString) },
    { ALT: () => this.take(1, T.HexString) },
    { ALT: () => this.take(1, T.NationalString) },
  ];

  protected override readonly atoms = [
    this.ruleAlternative('literal'),
    this.ruleAlternative('parameter'),
    this.ruleAlternative('parenthesised'),
    this.ruleAlternative('caseExpression'),
    this.ruleAlternative('castExpression'),
    this.ruleAlternative('arrayExpression'),
    // CURRENT_SCHEMA may also be called like any function.
    { GATE: () => !this.isNext(1, K.CURRENT_SCHEMA) || !this.isCallAhead(), ALT: () => this.SUBRULE(this.valueFunction) },
    { GATE: this.isCallAhead, ALT: () => this.existsExpression() },
    { GATE: this.isCallAhead, ALT: () => this.rowExpression() },
    { GATE: () => this.isNext(2, T.LeftParen) || this.isNext(2, K.FOR), ALT: () => this.SUBRULE(this.specialCall) },
    { GATE: () => this.isIntervalAhead(), ALT: () => this.SUBRULE(this.intervalLiteral) },
    { GATE: this.isTypeAhead, ALT: () => this.SUBRULE(this.typedLiteral) },
    { GATE: () => this.isNext(2, K.PRECISION) && this.isNext(3, T.StringLiteral), ALT: () => this.SUBRULE1(this.typedLiteral) },
    { ALT: () => this.defaultWord() },
    { ALT: () => this.refuse('UNIQUE predicate', this.recorded(1, K.UNIQUE)) },
    this.ruleAlternative('nameOrCall'),
  ];

  override readonly atom: Rule<[], SourceExpression> = this.RULE('atom', (): SourceExpression => this.OR(this.atoms as never));

  readonly literal: Rule<[], SourceExpression> = this.RULE('literal', (): SourceExpression => {
    const token = this.OR(this.literals);
    return this.RECORDING_PHASE ? constant(0, 'null', 'null') : this.literalNode(token);
  });

  private literalNode(token: SqlToken): SourceExpression {
    const { ordinal, value } = token;
    switch (token.tokenType) {
      case T.LiftedLiteral:
        return { op: 'literal', at: ordinal, index: this.lifted++, kind: LIFTED_ORDER[token.image.charCodeAt(0)] };
      case T.IntegerLiteral:
        return integerConstant(token);
      case T.DecimalLiteral:
        return constant(ordinal, 'decimal', value);
      case T.StringLiteral:
        return constant(ordinal, 'string', value);
      case T.BitString:
        return constant(ordinal, 'bits', value);
      case T.HexString:
        return constant(ordinal, 'hexBits', value);
      case T.NationalString:
        return { op: 'typedLiteral', at: ordinal, type: ownType(ordinal, 'bpchar'), text: value };
      case K.NULL:
        return constant(ordinal, 'null', 'null');
      default:
        return constant(ordinal, 'boolean', value);
    }
  }

  // $1, :name; subscripts and fields may follow
  readonly parameter: Rule<[], SourceExpression> = this.RULE('parameter', () => {
    const token = this.OR([{ ALT: () => this.take(1, T.Parameter) }, { ALT: () => this.take(1, T.NamedParameter) }]);
    const node = this.ACTION(() => parameterOf(token, this));
    return this.SUBRULE(this.indirection, { ARGS: [node] });
  });

  // '(' query ')' | '(' expression ')' | '(' expression ( ',' expression )+ ')'; subscripts and fields may follow
  readonly parenthesised: Rule<[], SourceExpression> = this.RULE('parenthesised', () => {
    const start = this.next(1);
    const inner = this.OR([
      {
        GATE: () => isQueryAhead(this),
        ALT: (): SourceExpression => {
          this.take(2, T.LeftParen);
          const query = this.SUBRULE(this.query);
          this.take(2, T.RightParen);
          return { op: 'subquery', at: start.ordinal, kind: 'scalar', query };
        },
      },
      {
        ALT: (): SourceExpression => {
          this.take(1, T.LeftParen);
          const items = this.list(1, () => this.SUBRULE(this.expression));
          this.take(1, T.RightParen);
          return this.ACTION(() => (items.length === 1 ? items[0] : rowOf(start.ordinal, items)));
        },
      },
    ]);
    return this.SUBRULE(this.indirection, { ARGS: [inner] });
  });

  // ( '[' index ']' | '[' lower? ':' upper? ']' | '.' name )*
  readonly indirection: Rule<[SourceExpression], SourceExpression> = this.RULE('indirection', (operand: SourceExpression) => {
    if (!this.RECORDING_PHASE && !this.isNext(1, T.LeftBracket) && !this.isNext(1, T.Dot)) return operand;
    let value = operand;
    this.MANY(() => {
      value = this.OR([{ ALT: () => this.fieldOf(value) }, { ALT: () => this.subscriptOf(value) }]);
    });
    return value;
  });

  private fieldOf(operand: SourceExpression): SourceExpression {
    const dot = this.take(1, T.Dot);
    return this.OR1([
      { ALT: () => this.refuse('(row).*', this.recorded(2, T.Star)) },
      {
        ALT: (): SourceExpression => {
          const name = this.take(1, T.ColumnLabel);
          return { op: 'field', at: dot.ordinal, operand, name: name.value, quoted: name.quoted };
        },
      },
    ]);
  }

  private subscriptOf(operand: SourceExpression): SourceExpression {
    const { ordinal } = this.take(1, T.LeftBracket);
    let lower: SourceExpression | null = null;
    let upper: SourceExpression | null = null;
    this.OPTION1(() => (lower = this.SUBRULE1(this.expression)));
    const slice = this.ACTION(() => this.isNext(1, T.Colon));
    this.OPTION2(() => {
      this.take(1, T.Colon);
      this.OPTION3(() => (upper = this.SUBRULE2(this.expression)));
    });
    this.ACTION(() => {
      if (lower === null && !slice) this.unexpected(this.next(1));
    });
    this.take(1, T.RightBracket);
    return { op: 'subscript', at: ordinal, operand, lower, upper, slice };
  }

  // CASE expression? ( WHEN expression THEN expression )+ ( ELSE expression )? END
  readonly caseExpression: Rule<[], SourceExpression> = this.RULE('caseExpression', () => {
    const { ordinal } = this.take(1, K.CASE);
    let operand: SourceExpression | null = null;
    let otherwise: SourceExpression | null = null;
    const whens: SourceWhen[] = [];
    this.OPTION1(() => (operand = this.SUBRULE1(this.expression)));
    this.AT_LEAST_ONE(() => {
      const when = this.take(1, K.WHEN);
      const condition = this.SUBRULE2(this.expression);
      this.take(1, K.THEN);
      whens.push({ op: 'when', at: when.ordinal, condition, result: this.SUBRULE3(this.expression) });
    });
    this.OPTION2(() => {
      this.take(1, K.ELSE);
      otherwise = this.SUBRULE4(this.expression);
    });
    this.take(1, K.END);
    return { op: 'case', at: ordinal, operand, whens, otherwise } as SourceExpression;
  });

  // CAST '(' expression AS type ')'
  readonly castExpression: Rule<[], SourceExpression> = this.RULE('castExpression', () => {
    const { ordinal } = this.take(1, K.CAST);
    this.take(1, T.LeftParen);
    const operand = this.SUBRULE(this.expression);
    this.take(1, K.AS);
    const type = this.SUBRULE(this.typeName);
    this.take(1, T.RightParen);
    return { op: 'cast', at: ordinal, operand, type } as SourceExpression;
  });

  // ARRAY '(' query ')' | ARRAY '[' ... ']'
  readonly arrayExpression: Rule<[], SourceExpression> = this.RULE('arrayExpression', () => {
    const { ordinal } = this.take(1, K.ARRAY);
    return this.OR([
      {
        ALT: (): SourceExpression => {
          const query = this.SUBRULE(this.queryInParens);
          return { op: 'subquery', at: ordinal, kind: 'array', query };
        },
      },
      this.ruleWith(this.arrayItems, ordinal),
    ]);
  });

  // '[' ( expression ( ',' expression )* | arrayItems ( ',' arrayItems )* )? ']'
  readonly arrayItems: Rule<[number], SourceExpression> = this.RULE('arrayItems', (at: number) => {
    let items: SourceExpression[] = [];
    this.take(1, T.LeftBracket);
    this.OPTION(() => {
      items = this.OR([
        {
          ALT: () =>
            this.list(1, () => {
              const { ordinal } = this.next(1);
              this.enterExpression();
              const inner = this.SUBRULE(this.arrayItems, { ARGS: [ordinal] });
              this.leaveExpression();
              return inner;
            }),
        },
        { ALT: () => this.list(2, () => this.SUBRULE(this.expression)) },
      ]);
    });
    this.take(1, T.RightBracket);
    return { op: 'array', at, items } as SourceExpression;
  });

  // CURRENT_DATE and the like; CURRENT_TIMESTAMP ( '(' Iconst ')' )?
  readonly valueFunction: Rule<[], SourceExpression> = this.RULE('valueFunction', () => {
    const word = this.take(1, T.ValueFunction);
    let precision: number | null = null;
    this.OPTION({
      GATE: () => T.TIME_FUNCTIONS.has(word.tokenType),
      DEF: () => {
        this.take(1, T.LeftParen);
        precision = Number(this.take(1, T.IntegerLiteral).value);
        this.take(1, T.RightParen);
      },
    });
    return { op: 'valueFunction', at: word.ordinal, name: word.value, precision } as SourceExpression;
  });

  private existsExpression(): SourceExpression {
    const { ordinal } = this.take(1, K.EXISTS);
    const query = this.SUBRULE(this.queryInParens);
    return { op: 'subquery', at: ordinal, kind: 'exists', query };
  }

  // ROW '(' ( expression ( ',' expression )* )? ')'
  private rowExpression(): SourceExpression {
    const { ordinal } = this.take(1, K.ROW);
    this.take(1, T.LeftParen);
    let items: SourceExpression[] = [];
    this.OPTION1(() => (items = this.list(1, () => this.SUBRULE(this.expression))));
    this.take(1, T.RightParen);
    return rowOf(ordinal, items);
  }

  private defaultWord(): SourceExpression {
    return { op: 'default', at: this.take(2, K.DEFAULT).ordinal };
  }

  // type Sconst
  readonly typedLiteral: Rule<[], SourceExpression> = this.RULE('typedLiteral', () => {
    const type = this.SUBRULE(this.simpleType);
    return this.typedText(type, this.take(1, T.StringLiteral));
  });

  private typedText(type: SourceType, text: SqlToken): SourceExpression {
    return { op: 'typedLiteral', at: text.ordinal, type, text: text.value };
  }

  private isIntervalAhead(): boolean {
    return this.isNext(2, T.StringLiteral) || (this.isNext(2, T.LeftParen) && this.isTypedLiteralBehind(2));
  }

  // INTERVAL ( '(' Iconst ')' )? Sconst fields?
  readonly intervalLiteral: Rule<[], SourceExpression> = this.RULE('intervalLiteral', () => {
    const word = this.take(1, K.INTERVAL);
    const modifiers = this.SUBRULE(this.length);
    const text = this.take(1, T.StringLiteral);
    const type = this.SUBRULE(this.intervalFields, { ARGS: [word, modifiers] });
    return this.typedText(type, text);
  });

  // name ( '.' name )* ( '.' '*' )? | name arguments ... | name Sconst; subscripts and fields may follow
  readonly nameOrCall: Rule<[], SourceExpression> = this.RULE('nameOrCall', () => {
    const first = this.take(1, T.NonReservedWord);
    const parts = [first];
    // Nearly all are names of columns, with nothing of theirs behind them.
    if (!this.RECORDING_PHASE && !GOES_ON_WITH_NAME.has(this.LA(1).tokenType)) return this.columnOf(parts, false);
    let star = false;
    this.MANY({
      GATE: () => !star,
      DEF: () => {
        this.take(1, T.Dot);
        this.OR1([
          { ALT: () => (star = this.take(1, T.Star) !== undefined) },
          { ALT: () => parts.push(this.take(1, T.ColumnLabel)) },
        ]);
      },
    });
    return this.OR2([
      { GATE: () => !star && this.mayBeFunction(parts), ...this.ruleWith(this.callBehind, parts) },
      {
        GATE: () => !star && this.mayBeFunction(parts),
        ALT: () => this.typedText(this.genericTypeOf(parts, []), this.take(1, T.StringLiteral)),
      },
      {
        ALT: () => {
          const column = this.ACTION(() => this.columnOf(parts, star));
          return this.SUBRULE(this.indirection, { ARGS: [column] });
        },
      },
    ]);
  });

  /** func_name ::= type_function_name | ColId ( '.' name )+ */
  private mayBeFunction(parts: readonly SqlToken[]): boolean {
    const category = (parts.length === 1 ? T.TypeFunctionName : T.ColumnId).categoryMatchesMap;
    return category?.[parts[0].tokenTypeIdx] === true;
  }

  private columnOf(parts: readonly SqlToken[], star: boolean): SourceExpression {
    if (T.ColumnId.categoryMatchesMap?.[parts[0].tokenTypeIdx] !== true) {
      this.unexpected(this.input[parts[0].ordinal + 1] as SqlToken);
    }
    const name = nameOf(parts);
    return star ? { op: 'star', at: name.at, qualifier: name } : { op: 'column', at: name.at, name };
  }

  private genericTypeOf(parts: readonly SqlToken[], modifiers: SourceExpression[]): SourceType {
    const name = nameOf(parts);
    return { op: 'type', at: name.at, name, modifiers, dimensions: 0, fields: null };
  }

  // '(' arguments ')' ( WITHIN GROUP ... )? ( FILTER ... )? ( OVER ... )? | '(' modifiers ')' Sconst
  readonly callBehind: Rule<[SqlToken[]], SourceExpression> = this.RULE('callBehind', (parts: SqlToken[]) => {
    const args = this.callArguments();
    return this.OR([
      {
        GATE: () => args.values.length > 0 && !args.distinct && !args.variadic && args.names.length === 0,
        ALT: () => {
          const text = this.take(1, T.StringLiteral);
          return this.ACTION(() => this.typedText(this.genericTypeOf(parts, args.values), text));
        },
      },
      { ALT: () => this.callAround(parts, args) },
    ]);
  });

  private callAround(parts: readonly SqlToken[], args: Arguments): SourceExpression {
    let withinGroup: SourceSortItem[] = [];
    let filter: SourceExpression | null = null;
    let over: SourceWindowSpec | null = null;
    this.OPTION1(() => {
      this.take(2, K.WITHIN);
      this.take(2, K.GROUP);
      this.take(2, T.LeftParen);
      withinGroup = this.SUBRULE(this.orderBy);
      this.take(2, T.RightParen);
    });
    this.OPTION2(() => {
      this.take(3, K.FILTER);
      this.take(3, T.LeftParen);
      this.take(3, K.WHERE);
      filter = this.SUBRULE(this.expression);
      this.take(3, T.RightParen);
    });
    this.OPTION3(() => {
      this.take(4, K.OVER);
      over = this.SUBRULE(this.windowSpec);
    });
    return this.ACTION(() => {
      const name = nameOf(parts);
      const { values, names, star, distinct, variadic, order } = args;
      const isPlain = !star && order.length === 0 && filter === null && over === null && !distinct && !variadic;
      if (isPlain && names.length === 0 && withinGroup.length === 0) return plainCall(name.at, name, values);
      const named = names.some((one) => one !== '') ? names : [];
      const call: SourceCallNode = {
        ...plainCall(name.at, name, values),
        ...{ names: named, star, distinct, variadic, order, withinGroup, filter, over },
      };
      return call;
    });
  }

  // '(' ( '*' | ( ALL | DISTINCT )? argument ( ',' argument )* orderBy? )? ')'
  private callArguments(): Arguments {
    const args: Arguments = { values: [], names: [], star: false, distinct: false, variadic: false, order: [] };
    this.take(6, T.LeftParen);
    this.OPTION6(() =>
      this.OR6([{ ALT: () => void (args.star = this.take(6, T.Star) !== undefined) }, { ALT: () => this.argumentList(args) }]),
    );
    this.take(6, T.RightParen);
    return args;
  }

  private argumentList(args: Arguments): void {
    this.OPTION7(() => {
      args.distinct = this.OR7([
        {
          ALT: () => {
            this.take(7, K.ALL);
            return false;
          },
        },
        {
          ALT: () => {
            this.take(7, K.DISTINCT);
            return true;
          },
        },
      ]);
    });
    this.list(1, () => {
      this.ACTION(() => {
        if (args.variadic) this.unexpected(this.next(0));
      });
      this.OPTION8(() => void (args.variadic = this.take(3, K.VARIADIC) !== undefined));
      const name = this.argumentName();
      const value = this.SUBRULE7(this.expression);
      args.values.push(value);
      if (name !== '' || args.names.length > 0) args.names[args.values.length - 1] = name;
    });
    this.ACTION(() => {
      for (let index = 0; index < args.names.length; index++) args.names[index] ??= '';
    });
    this.OPTION4(() => void (args.order = this.SUBRULE7(this.orderBy)));
  }

  /** `name =>` or `name :=`, or nothing. */
  private argumentName(): string {
    let name = '';
    this.OPTION5({
      GATE: () => this.isNext(2, T.EqualGreater) || this.isNext(2, T.ColonEqual),
      DEF: () => {
        name = this.take(5, T.TypeFunctionName).value;
        this.OR5([{ ALT: () => this.take(5, T.EqualGreater) }, { ALT: () => this.take(5, T.ColonEqual) }]);
      },
    });
    return this.RECORDING_PHASE ? '' : name;
  }
}
