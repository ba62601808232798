/** Functions and procedures: arguments, options, bodies. */

import { notSupported } from '../../../engine/sblr/parse-error.ts';
import type {
  SourceExpression,
  SourceOption,
  SourceQuery,
  SourceRoutineArgument,
  SourceStatement,
  SourceType,
} from '../../../engine/sblr/source.gen.ts';
import type { SqlToken } from '../../kit/token.ts';
import { constant } from '../lower.ts';
import * as T from '../tokens.ts';
import { PartitionGrammar } from './partitions.ts';

type Mode = SourceRoutineArgument['mode'];

/** What CREATE FUNCTION says behind its arguments. */
interface Parts {
  returns: SourceType | null;
  returnsSet: boolean;
  columns: SourceRoutineArgument[];
  language: string | null;
  body: string | null;
  form: 'text' | 'return' | 'atomic';
  statements: (SourceStatement | SourceQuery)[];
  options: SourceOption[];
}

export abstract class RoutineGrammar extends PartitionGrammar {
  // number | Sconst | word; ON, TRUE and FALSE too
  protected plainValue(): SourceExpression {
    if ([T.IntegerLiteral, T.DecimalLiteral, T.Minus, T.Plus].some((type) => this.isNext(1, type)))
      return this.SUBRULE(this.signedNumber);
    const isWord = ['on', 'true', 'false'].some((word) => this.is(word));
    const type = this.isNext(1, T.StringLiteral) ? T.StringLiteral : isWord ? this.next(1).tokenType : T.NonReservedWord;
    const token = this.take(0, type);
    return constant(token.ordinal, 'string', token.value);
  }

  /** A role by its name, or CURRENT_USER and the like. */
  protected roleName(): string {
    const known = this.acceptOne('current_user', 'current_role', 'session_user');
    return known === null ? this.take(0, T.NonReservedWord).value : known.value;
  }

  // ---- routines ----

  protected routine(start: SqlToken, replace: boolean): SourceStatement {
    const kind = this.accept('function') ? ('function' as const) : ('procedure' as const);
    if (kind === 'procedure') this.word('procedure');
    const name = this.SUBRULE(this.anyName);
    const args = this.argumentList();
    const parts: Parts = {
      ...{ returns: null, returnsSet: false, columns: [], language: null, body: null, form: 'text' as const },
      ...{ statements: [], options: [] },
    };
    if (kind === 'function' && this.is('returns') && !this.is('null', 2)) this.returns(parts);
    while (this.clause(parts));
    if (this.is('return')) {
      this.word('return');
      parts.form = 'return';
      parts.statements.push(this.valueQuery(this.SUBRULE(this.expression)));
    } else if (this.is('begin')) this.atomicBody(parts);
    return { op: 'createRoutine', at: start.ordinal, kind, name, replace, arguments: args, ...parts };
  }

  /** RETURN expression: a query of one value. */
  private valueQuery(expression: SourceExpression): SourceQuery {
    const { at } = expression;
    return {
      ...{ op: 'select', at, with: null, distinct: 'none', distinctOn: [] },
      items: [{ op: 'selectItem', at, expression, alias: null, quoted: false }],
      ...{ from: [], where: null, group: [], having: null, windows: [], order: [], limit: null, offset: null },
      ...{ ties: false, locking: [] },
    };
  }

  // BEGIN ATOMIC ( statement ';' )* END
  private atomicBody(parts: Parts): void {
    this.word('begin');
    this.word('atomic');
    parts.form = 'atomic';
    const lender = this.lender();
    while (!this.is('end')) {
      parts.statements.push(this.delegate(lender, lender.preparable));
      if (this.next(1).value !== ';') this.unexpected(this.next(1));
      this.take(0, T.Stray);
    }
    this.word('end');
  }

  protected argumentList(): SourceRoutineArgument[] {
    const list: SourceRoutineArgument[] = [];
    this.take(0, T.LeftParen);
    if (!this.isNext(1, T.RightParen)) {
      do list.push(this.argument());
      while (this.isNext(1, T.Comma) && this.take(0, T.Comma) !== undefined);
    }
    this.take(0, T.RightParen);
    return list;
  }

  // mode? name? mode? type ( ( DEFAULT | '=' ) expression )?
  private argument(): SourceRoutineArgument {
    const start = this.next(1);
    let mode = this.mode();
    const name = this.argumentName();
    if (name !== null && mode === null) mode = this.mode();
    const type = this.argumentType();
    let value: SourceExpression | null = null;
    if (this.accept('default')) value = this.SUBRULE(this.expression);
    else if (this.isNext(1, T.Equal)) {
      this.take(0, T.Equal);
      value = this.SUBRULE(this.expression);
    }
    return { op: 'routineArgument', at: start.ordinal, mode: mode ?? 'in', name, type, default: value };
  }

  private mode(): Mode | null {
    const word = this.acceptOne('in', 'out', 'inout', 'variadic');
    if (word === null) return null;
    return word.value === 'in' && this.accept('out') ? 'inout' : (word.value as Mode);
  }

  /** A word with a type behind it is the argument's name. */
  private argumentName(): string | null {
    if (!this.isNext(1, T.TypeFunctionName)) return null;
    const isTypeBehind =
      this.isNext(2, T.TypeFunctionName) ||
      this.isNext(2, T.TypeWord) ||
      ['interval', 'setof', 'in', 'out', 'inout', 'variadic'].some((word) => this.is(word, 2));
    return isTypeBehind ? this.take(0, T.TypeFunctionName).value : null;
  }

  private argumentType(): SourceType {
    const type = this.SUBRULE(this.typeName);
    if (this.isNext(1, T.Percent)) this.refuse('%TYPE', this.next(1));
    return type;
  }

  /** The types of the arguments that call for a routine, where they are written. */
  protected routineTypes(): { types: SourceType[]; given: boolean } {
    if (!this.isNext(1, T.LeftParen)) return { types: [], given: false };
    const list = this.argumentList();
    const found = list.find((one) => one.default !== null);
    if (found !== undefined) this.unexpected(this.next(1));
    return { types: list.filter(({ mode }) => mode !== 'out').map(({ type }) => type), given: true };
  }

  private returns(parts: Parts): void {
    this.word('returns');
    if (this.accept('table')) {
      parts.returnsSet = true;
      parts.columns = this.argumentList();
      if (parts.columns.length === 0) this.unexpected(this.next(0));
      return;
    }
    parts.returnsSet = this.accept('setof');
    parts.returns = this.argumentType();
  }

  /** One clause of CREATE FUNCTION; false: there is none. */
  private clause(parts: Parts): boolean {
    if (this.accept('as')) {
      parts.body = this.take(0, T.StringLiteral).value;
      if (this.isNext(1, T.Comma)) this.refuse('a function in an object file', this.next(1));
      return true;
    }
    if (this.accept('language')) {
      parts.language = this.isNext(1, T.StringLiteral)
        ? this.take(0, T.StringLiteral).value
        : this.take(0, T.NonReservedWord).value;
      return true;
    }
    if (this.is('transform')) this.refuse('TRANSFORM', this.next(1));
    if (this.is('window')) this.refuse('CREATE FUNCTION WINDOW', this.next(1));
    const options = this.routineOptions(true);
    parts.options.push(...options);
    return options.length > 0;
  }

  /** Options of CREATE and ALTER FUNCTION; `one`: at most one. */
  protected routineOptions(one = false): SourceOption[] {
    const options: SourceOption[] = [];
    for (;;) {
      const option = this.routineOption();
      if (option === null) return options;
      options.push(option);
      if (one) return options;
    }
  }

  private routineOption(): SourceOption | null {
    const start = this.next(1);
    const named = (name: string, value: string): SourceOption => ({
      ...{ op: 'option', at: start.ordinal, name, value: constant(start.ordinal, 'string', value) },
    });
    const volatility = this.acceptOne('immutable', 'stable', 'volatile');
    if (volatility !== null) return named('volatility', volatility.value);
    if (this.accept('strict')) return named('strict', 'true');
    if (this.accept('called')) {
      for (const word of ['on', 'null', 'input']) this.word(word);
      return named('strict', 'false');
    }
    if (this.is('returns') && this.is('null', 2)) {
      for (const word of ['returns', 'null', 'on', 'null', 'input']) this.word(word);
      return named('strict', 'true');
    }
    if (this.accept('external') || this.is('security')) {
      this.word('security');
      const word = this.acceptOne('invoker', 'definer');
      return word === null ? this.unexpected(this.next(1)) : named('security', word.value);
    }
    if (this.is('not') && this.is('leakproof', 2)) {
      for (const word of ['not', 'leakproof']) this.word(word);
      return named('leakproof', 'false');
    }
    if (this.accept('leakproof')) return named('leakproof', 'true');
    if (this.accept('parallel')) return named('parallel', this.columnId(0));
    for (const word of ['cost', 'rows'])
      if (this.accept(word)) return { op: 'option', at: start.ordinal, name: word, value: this.SUBRULE(this.signedNumber) };
    if (this.is('support')) throw notSupported('SUPPORT', start.startOffset);
    if (this.is('set') || this.is('reset')) throw notSupported('a routine with settings of its own', start.startOffset);
    return null;
  }
}
