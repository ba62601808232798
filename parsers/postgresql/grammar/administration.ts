/**
 * Transactions, settings, EXPLAIN.
 */

import type { SourceExpression, SourceOption, SourceQuery, SourceStatement } from '../../../engine/sblr/source.gen.ts';
import type { GrammarOptions, Rule } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import { constant, integerConstant, negated, ownName, typeNode } from '../lower.ts';
import * as T from '../tokens.ts';
import { K } from '../tokens.ts';
import { PostgresGrammar } from './base.ts';

type Statement = SourceStatement | SourceQuery;

/** What BEGIN and SET TRANSACTION say of a transaction. */
interface Modes {
  isolation: string | null;
  readOnly: boolean | null;
  deferrable: boolean | null;
}

type Scope = 'session' | 'local';

const ANALYZE = 'analyze';
const VERBOSE = 'verbose';

export class AdministrationGrammar extends PostgresGrammar {
  private readonly explainable: (parser: AdministrationGrammar) => Statement;

  /** `explainable` reads the statement behind EXPLAIN from the next token on. */
  constructor(explainable: (parser: AdministrationGrammar) => Statement, options: GrammarOptions = {}) {
    super(options);
    this.explainable = explainable;
    this.performSelfAnalysis();
  }

  readonly administration: Rule<[], SourceStatement> = this.RULE('administration', () =>
    this.OR([
      { ALT: (): SourceStatement => this.SUBRULE(this.begin) },
      { ALT: (): SourceStatement => this.SUBRULE(this.commit) },
      { ALT: (): SourceStatement => this.SUBRULE(this.rollback) },
      { ALT: (): SourceStatement => this.SUBRULE(this.savepoint) },
      { ALT: (): SourceStatement => this.SUBRULE(this.set) },
      { ALT: (): SourceStatement => this.SUBRULE(this.show) },
      { ALT: (): SourceStatement => this.SUBRULE(this.reset_) },
      { ALT: (): SourceStatement => this.SUBRULE(this.explain) },
    ]),
  );

  private workOrTransaction(): void {
    this.option(9, () => this.or(9, [{ ALT: () => this.take(9, K.WORK) }, { ALT: () => this.take(9, K.TRANSACTION) }]));
  }

  // ( BEGIN ( WORK | TRANSACTION )? | START TRANSACTION ) modes?
  readonly begin: Rule<[], SourceStatement> = this.RULE('begin', () => {
    const begun = this.OR([
      {
        ALT: () => {
          const word = this.take(1, K.BEGIN);
          this.workOrTransaction();
          return { word, start: false };
        },
      },
      {
        ALT: () => {
          const word = this.take(1, K.START);
          this.take(1, K.TRANSACTION);
          return { word, start: true };
        },
      },
    ]);
    const modes = this.SUBRULE(this.transactionModes);
    return this.ACTION(() => ({ op: 'begin', at: begun.word.ordinal, ...modes, start: begun.start }) as SourceStatement);
  });

  // ( mode ( ','? mode )* )?
  readonly transactionModes: Rule<[], Modes> = this.RULE('transactionModes', () => {
    const modes: Modes = { isolation: null, readOnly: null, deferrable: null };
    let isFirst = true;
    this.MANY(() => {
      this.OPTION({
        GATE: () => !isFirst,
        DEF: () => this.take(1, T.Comma),
      });
      isFirst = false;
      this.OR([
        {
          ALT: () => {
            this.take(1, K.ISOLATION);
            this.take(1, K.LEVEL);
            modes.isolation = this.SUBRULE(this.isolationLevel);
          },
        },
        {
          ALT: () => {
            this.take(1, K.READ);
            modes.readOnly = this.OR1([
              { ALT: () => this.yields(true, 1, K.ONLY) },
              { ALT: () => this.yields(false, 1, K.WRITE) },
            ]);
          },
        },
        { ALT: () => void (modes.deferrable = this.take(1, K.DEFERRABLE) !== undefined) },
        {
          ALT: () => {
            this.take(1, K.NOT);
            modes.deferrable = this.take(2, K.DEFERRABLE) === undefined;
          },
        },
      ]);
    });
    return modes;
  });

  // READ UNCOMMITTED | READ COMMITTED | REPEATABLE READ | SERIALIZABLE
  readonly isolationLevel: Rule<[], string> = this.RULE('isolationLevel', () =>
    this.OR([
      {
        ALT: () => {
          this.take(1, K.READ);
          return this.OR1([
            { ALT: () => this.yields('read uncommitted', 1, K.UNCOMMITTED) },
            { ALT: () => this.yields('read committed', 1, K.COMMITTED) },
          ]);
        },
      },
      { ALT: () => this.yields('repeatable read', 2, K.REPEATABLE, K.READ) },
      { ALT: () => this.yields('serializable', 3, K.SERIALIZABLE) },
    ]),
  );

  // ( COMMIT | END ) ( WORK | TRANSACTION )? chain?
  readonly commit: Rule<[], SourceStatement> = this.RULE('commit', () => {
    const { ordinal } = this.OR1([{ ALT: () => this.take(1, K.COMMIT) }, { ALT: () => this.take(1, K.END) }]);
    this.OPTION1(() => this.refuse('COMMIT PREPARED', this.take(1, K.PREPARED)));
    this.workOrTransaction();
    return { op: 'commit', at: ordinal, chain: this.SUBRULE(this.chain) } as SourceStatement;
  });

  // ( AND NO? CHAIN )?
  readonly chain: Rule<[], boolean> = this.RULE('chain', () => {
    let chain = false;
    this.OPTION1(() => {
      chain = true;
      this.take(1, K.AND);
      this.OPTION2(() => (chain = this.take(1, K.NO) === undefined));
      this.take(1, K.CHAIN);
    });
    return chain;
  });

  // ( ROLLBACK | ABORT ) ( WORK | TRANSACTION )? ( TO SAVEPOINT? name | chain? )
  readonly rollback: Rule<[], SourceStatement> = this.RULE('rollback', () => {
    const { ordinal } = this.OR1([{ ALT: () => this.take(1, K.ROLLBACK) }, { ALT: () => this.take(1, K.ABORT) }]);
    this.OPTION1(() => this.refuse('ROLLBACK PREPARED', this.take(1, K.PREPARED)));
    this.workOrTransaction();
    return this.OR2([
      {
        ALT: (): SourceStatement => {
          this.take(2, K.TO);
          return { op: 'rollbackTo', at: ordinal, name: this.savepointName(2) };
        },
      },
      { ALT: (): SourceStatement => ({ op: 'rollback', at: ordinal, chain: this.SUBRULE(this.chain) }) },
    ]);
  });

  // SAVEPOINT? name
  private savepointName(occurrence: number): string {
    this.option(occurrence, {
      GATE: () => this.isNext(2, T.ColumnId),
      DEF: () => this.take(occurrence, K.SAVEPOINT),
    });
    return this.columnId(occurrence);
  }

  // SAVEPOINT name | RELEASE SAVEPOINT? name
  readonly savepoint: Rule<[], SourceStatement> = this.RULE('savepoint', () =>
    this.OR([
      {
        ALT: (): SourceStatement => {
          const { ordinal } = this.take(1, K.SAVEPOINT);
          return { op: 'savepoint', at: ordinal, name: this.columnId(1) };
        },
      },
      {
        ALT: (): SourceStatement => {
          const { ordinal } = this.take(1, K.RELEASE);
          return { op: 'release', at: ordinal, name: this.savepointName(2) };
        },
      },
    ]),
  );

  // SET ( SESSION | LOCAL )? ( TRANSACTION modes | CHARACTERISTICS AS TRANSACTION modes | setting )
  readonly set: Rule<[], SourceStatement> = this.RULE('set', () => {
    const { ordinal } = this.take(1, K.SET);
    let scope: Scope = 'session';
    this.OPTION1({
      GATE: () => !this.isNext(2, K.AUTHORIZATION) && !this.isSettingBehind(2),
      DEF: () => {
        scope = this.OR1([
          { ALT: (): Scope => this.yields('session', 1, K.SESSION) },
          { ALT: (): Scope => this.yields('local', 1, K.LOCAL) },
        ]);
      },
    });
    return this.OR2([
      {
        GATE: () => !this.isSettingBehind(2),
        ALT: (): SourceStatement => {
          this.take(2, K.TRANSACTION);
          this.OPTION2(() => this.refuse('SET TRANSACTION SNAPSHOT', this.take(2, K.SNAPSHOT)));
          return this.transactionSettings(ordinal, 'transaction', 2);
        },
      },
      {
        GATE: () => this.isNext(0, K.SESSION) && this.isNext(2, K.AS),
        ALT: (): SourceStatement => {
          this.take(3, K.CHARACTERISTICS);
          this.take(3, K.AS);
          this.take(3, K.TRANSACTION);
          return this.transactionSettings(ordinal, 'session', 3);
        },
      },
      { GATE: () => !this.isSettingBehind(2), ALT: () => this.refuse('SET CONSTRAINTS', this.take(4, K.CONSTRAINTS)) },
      { ALT: (): SourceStatement => this.SUBRULE(this.setting, { ARGS: [ordinal, scope] }) },
    ]);
  });

  private isSettingBehind(ahead: number): boolean {
    return this.isNext(ahead, T.Equal) || this.isNext(ahead, K.TO) || this.isNext(ahead, T.Dot);
  }

  private transactionSettings(at: number, scope: 'transaction' | 'session', occurrence: number): SourceStatement {
    const start = this.next(1);
    const modes = this.subrule(occurrence, this.transactionModes);
    return this.ACTION(() => {
      if (modes.isolation === null && modes.readOnly === null && modes.deferrable === null) this.unexpected(start);
      return { op: 'setTransaction', at, scope, ...modes } as SourceStatement;
    });
  }

  // TIME ZONE zone | NAMES ... | ROLE ... | SESSION AUTHORIZATION ... | SCHEMA Sconst | name ( TO | '=' ) values
  readonly setting: Rule<[number, Scope], SourceStatement> = this.RULE('setting', (at: number, scope: Scope) => {
    const isOwnSyntax = (): boolean => !this.isSettingBehind(2);
    return this.OR1([
      { GATE: () => this.isNext(2, K.ZONE), ALT: (): SourceStatement => this.timeZone(at, scope) },
      { GATE: isOwnSyntax, ALT: (): SourceStatement => this.oneWord(at, scope, this.take(1, K.NAMES), 'client_encoding', 1) },
      { GATE: isOwnSyntax, ALT: (): SourceStatement => this.oneWord(at, scope, this.take(1, K.ROLE), 'role', 2) },
      { GATE: isOwnSyntax, ALT: (): SourceStatement => this.oneWord(at, scope, this.take(1, K.SCHEMA), 'search_path', 3) },
      {
        GATE: isOwnSyntax,
        ALT: (): SourceStatement => {
          const word = this.take(2, K.SESSION);
          this.take(1, K.AUTHORIZATION);
          return this.oneWord(at, scope, word, 'session_authorization', 4);
        },
      },
      { GATE: isOwnSyntax, ALT: () => this.refuse('SET XML OPTION', this.take(1, K.XML)) },
      {
        ALT: (): SourceStatement => {
          const name = this.SUBRULE(this.settingName);
          this.OPTION1(() => this.refuse('SET ... FROM CURRENT', this.take(5, K.FROM)));
          this.OR2([{ ALT: () => this.take(5, K.TO) }, { ALT: () => this.take(5, T.Equal) }]);
          const values = this.SUBRULE(this.settingValues);
          return { op: 'set', at, name, values, scope };
        },
      },
    ]);
  });

  // name ( '.' name )*
  readonly settingName: Rule<[], string> = this.RULE('settingName', () => {
    let name = this.take(1, T.ColumnId).value;
    this.MANY(() => {
      this.take(1, T.Dot);
      name += `.${this.take(2, T.ColumnId).value}`;
    });
    return name;
  });

  // DEFAULT | value ( ',' value )*
  readonly settingValues: Rule<[], SourceExpression[]> = this.RULE('settingValues', () =>
    this.OR([
      { ALT: (): SourceExpression[] => this.yields([], 1, K.DEFAULT) },
      { ALT: () => this.list(1, () => this.SUBRULE(this.settingValue)) },
    ]),
  );

  // Sconst | number | word; ON and TRUE too
  readonly settingValue: Rule<[], SourceExpression> = this.RULE('settingValue', () =>
    this.OR([
      { ALT: (): SourceExpression => this.textOf(this.take(1, T.StringLiteral)) },
      { ALT: (): SourceExpression => this.SUBRULE(this.signedNumber) },
      { ALT: (): SourceExpression => this.textOf(this.take(1, T.NonReservedWord)) },
      { ALT: (): SourceExpression => this.textOf(this.take(1, K.TRUE)) },
      { ALT: (): SourceExpression => this.textOf(this.take(1, K.FALSE)) },
      { ALT: (): SourceExpression => this.textOf(this.take(1, K.ON)) },
    ]),
  );

  private textOf(token: SqlToken): SourceExpression {
    return constant(token.ordinal, 'string', token.value);
  }

  readonly signedNumber: Rule<[], SourceExpression> = this.RULE('signedNumber', () => {
    let minus: SqlToken | undefined;
    this.OPTION(() => this.OR1([{ ALT: () => void this.take(1, T.Plus) }, { ALT: () => void (minus = this.take(1, T.Minus)) }]));
    const token = this.OR2([{ ALT: () => this.take(1, T.IntegerLiteral) }, { ALT: () => this.take(1, T.DecimalLiteral) }]);
    return this.ACTION(() => {
      const isInteger = token.tokenType === T.IntegerLiteral;
      const value = isInteger ? integerConstant(token) : constant(token.ordinal, 'decimal', token.value);
      return minus === undefined ? value : negated(minus.ordinal, value);
    });
  });

  /** SET NAMES 'utf8', SET ROLE name, ...: without a value, the default. */
  private oneWord(at: number, scope: Scope, word: SqlToken, name: string, occurrence: 1 | 2 | 3 | 4): SourceStatement {
    let values: SourceExpression[] = [];
    this.option(occurrence + 1, () => {
      values = this.or(occurrence + 2, [
        { ALT: (): SourceExpression[] => this.yields([], occurrence, K.DEFAULT) },
        { ALT: (): SourceExpression[] => [this.textOf(this.take(occurrence, T.StringLiteral))] },
        { ALT: (): SourceExpression[] => [this.textOf(this.take(occurrence + 5, T.NonReservedWord))] },
      ]);
    });
    this.ACTION(() => {
      if (values.length === 0 && word.tokenType !== K.NAMES && !this.isDefaultBehind()) this.unexpected(this.next(1));
    });
    return { op: 'set', at, name, values, scope };
  }

  private isDefaultBehind(): boolean {
    return this.LA(0).tokenType === K.DEFAULT;
  }

  // TIME ZONE ( Sconst | word | number | INTERVAL Sconst fields | DEFAULT | LOCAL )
  private timeZone(at: number, scope: Scope): SourceStatement {
    this.take(6, K.TIME);
    this.take(6, K.ZONE);
    const values = this.OR7([
      { ALT: (): SourceExpression[] => this.yields([], 6, K.DEFAULT) },
      { ALT: (): SourceExpression[] => this.yields([], 6, K.LOCAL) },
      { ALT: (): SourceExpression[] => [this.textOf(this.take(6, T.StringLiteral))] },
      { ALT: (): SourceExpression[] => [this.SUBRULE(this.signedNumber)] },
      { ALT: (): SourceExpression[] => [this.SUBRULE(this.intervalZone)] },
      { ALT: (): SourceExpression[] => [this.textOf(this.take(6, T.Identifier))] },
    ]);
    return { op: 'set', at, name: 'timezone', values, scope };
  }

  // INTERVAL Sconst ( HOUR ( TO MINUTE )? )?
  readonly intervalZone: Rule<[], SourceExpression> = this.RULE('intervalZone', () => {
    const word = this.take(1, K.INTERVAL);
    const text = this.take(1, T.StringLiteral);
    let fields: string | null = null;
    this.OPTION1(() => {
      this.take(1, K.HOUR);
      fields = 'hour';
      this.OPTION2(() => {
        this.take(1, K.TO);
        this.take(1, K.MINUTE);
        fields = 'hour to minute';
      });
    });
    return this.ACTION((): SourceExpression => {
      const type = typeNode(word.ordinal, ownName(word.ordinal, 'interval'), [], fields);
      return { op: 'typedLiteral', at: word.ordinal, type, text: text.value };
    });
  });

  // SHOW ( TIME ZONE | TRANSACTION ISOLATION LEVEL | SESSION AUTHORIZATION | ALL | name )
  readonly show: Rule<[], SourceStatement> = this.RULE('show', () => {
    const { ordinal } = this.take(1, K.SHOW);
    return { op: 'show', at: ordinal, name: this.SUBRULE(this.shownName) } as SourceStatement;
  });

  readonly reset_: Rule<[], SourceStatement> = this.RULE('resetSetting', () => {
    const { ordinal } = this.take(1, K.RESET);
    return { op: 'reset', at: ordinal, name: this.SUBRULE(this.shownName) } as SourceStatement;
  });

  readonly shownName: Rule<[], string | null> = this.RULE('shownName', () =>
    this.OR([
      { ALT: (): string | null => this.yields(null, 1, K.ALL) },
      { GATE: () => this.isNext(2, K.ZONE), ALT: (): string | null => this.yields('timezone', 2, K.TIME, K.ZONE) },
      {
        GATE: () => this.isNext(2, K.ISOLATION),
        ALT: (): string | null => {
          this.take(3, K.TRANSACTION);
          this.take(3, K.ISOLATION);
          this.take(3, K.LEVEL);
          return 'transaction_isolation';
        },
      },
      {
        GATE: () => this.isNext(2, K.AUTHORIZATION),
        ALT: (): string | null => this.yields('session_authorization', 4, K.SESSION, K.AUTHORIZATION),
      },
      { ALT: (): string | null => this.SUBRULE(this.settingName) },
    ]),
  );

  // EXPLAIN ( '(' option ( ',' option )* ')' | ANALYZE? VERBOSE? ) statement
  readonly explain: Rule<[], SourceStatement> = this.RULE('explain', () => {
    const { ordinal } = this.take(1, K.EXPLAIN);
    const options: SourceOption[] = [];
    const plain = (token: SqlToken, name: string): void => {
      options.push({ op: 'option', at: token.ordinal, name, value: null });
    };
    this.OR([
      {
        GATE: () => this.isNext(2, T.NonReservedWord) || this.isNext(2, K.ANALYZE) || this.isNext(2, K.ANALYSE),
        ALT: () => {
          this.take(1, T.LeftParen);
          options.push(...this.list(1, () => this.SUBRULE(this.explainOption)));
          this.take(1, T.RightParen);
        },
      },
      {
        ALT: () => {
          this.OPTION1(() => {
            const word = this.OR1([{ ALT: () => this.take(1, K.ANALYZE) }, { ALT: () => this.take(1, K.ANALYSE) }]);
            plain(word, ANALYZE);
          });
          this.OPTION2(() => plain(this.take(1, K.VERBOSE), VERBOSE));
        },
      },
    ]);
    const statement = this.ACTION(() => this.explainable(this));
    return { op: 'explain', at: ordinal, options, statement } as SourceStatement;
  });

  // ( name | ANALYZE ) value?
  readonly explainOption: Rule<[], SourceOption> = this.RULE('explainOption', () => {
    const word = this.OR([
      { ALT: () => this.take(1, K.ANALYZE) },
      { ALT: () => this.take(1, K.ANALYSE) },
      { ALT: () => this.take(1, T.NonReservedWord) },
    ]);
    let value: SourceExpression | null = null;
    this.OPTION(() => (value = this.SUBRULE(this.settingValue)));
    const name = word.tokenType === K.ANALYSE ? ANALYZE : word.value;
    return { op: 'option', at: word.ordinal, name, value } as SourceOption;
  });

  /** Reads on with another grammar. */
  lend<Result>(other: PostgresGrammar, rule: Rule<[], Result>): Result {
    return this.delegate(other, rule);
  }

  /** The first token of the statement behind EXPLAIN. */
  peek(): SqlToken {
    return this.next(1);
  }
}
