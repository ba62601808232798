/**
 * Columns with their constraints, constraints of tables, options of sequences and WITH (...).
 */

import { notSupported, syntaxError } from '../../../engine/sblr/parse-error.ts';
import type {
  SourceColumnDef,
  SourceConstraint,
  SourceConstraintNode,
  SourceExpression,
  SourceName,
  SourceOption,
  SourceQuery,
  SourceType,
} from '../../../engine/sblr/source.gen.ts';
import type { GrammarOptions, Rule } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import { constant, integerConstant, negated } from '../lower.ts';
import { constraintAt, type WritableConstraint } from '../lower-definition.ts';
import * as T from '../tokens.ts';
import { K } from '../tokens.ts';
import type { ChangeGrammar } from './changes.ts';
import { TypeGrammar } from './types.ts';

type Action = SourceConstraintNode['onDelete'];

export abstract class ConstraintGrammar extends TypeGrammar {
  private readonly queries: () => ChangeGrammar;

  constructor(queries: () => ChangeGrammar, options: GrammarOptions) {
    super(options);
    this.queries = queries;
  }

  protected lender(): ChangeGrammar {
    return this.queries();
  }

  override readonly expression: Rule<[restricted?: boolean], SourceExpression> = this.RULE(
    'expression',
    (restricted?: boolean) => {
      if (this.RECORDING_PHASE) return this.take(1, T.ExpressionStart) as never;
      const lender = this.lender();
      return this.delegate(lender, lender.expression, restricted);
    },
  );

  readonly query: Rule<[], SourceQuery> = this.RULE('query', () => {
    if (this.RECORDING_PHASE) return this.take(1, T.QueryStart) as never;
    const lender = this.lender();
    return this.delegate(lender, lender.query);
  });

  // name type? ( COLLATE name | constraint )*
  readonly columnDefinition: Rule<[], SourceColumnDef> = this.RULE('columnDefinition', () => {
    const name = this.take(1, T.ColumnId);
    let type: SourceType | null = null;
    let collation: SourceName | null = null;
    const constraints: WritableConstraint[] = [];
    const behind = this.next(1);
    this.OPTION(() => (type = this.SUBRULE(this.typeName)));
    this.ACTION(() => this.checkTyped(type, behind));
    this.MANY(() =>
      this.OR([
        {
          ALT: () => {
            this.take(1, K.COLLATE);
            collation = this.SUBRULE(this.anyName);
          },
        },
        { ALT: () => this.refuse('STORAGE', this.take(1, K.STORAGE)) },
        { ALT: () => this.refuse('COMPRESSION', this.take(1, K.COMPRESSION)) },
        {
          GATE: () => !this.isNext(1, K.NOT) || this.isNext(2, K.DEFERRABLE) || this.isNext(2, K.ENFORCED),
          ALT: () => this.SUBRULE(this.constraintAttribute, { ARGS: [constraints] }),
        },
        { ALT: () => void constraints.push(this.SUBRULE(this.columnConstraint)) },
      ]),
    );
    return { op: 'columnDef', at: name.ordinal, name: name.value, type, collation, constraints } as SourceColumnDef;
  });

  /** Whether the columns of this table have types: all have, or none has and the table is made from a query. */
  protected typed: boolean | null = null;

  private checkTyped(type: SourceType | null, behind: SqlToken): void {
    const isNameOnly = type === null && (this.isNext(1, T.Comma) || this.isNext(1, T.RightParen));
    if (type === null && !isNameOnly) this.unexpected(this.next(1));
    if (this.typed !== null && this.typed !== (type !== null)) this.unexpected(behind);
    this.typed = type !== null;
  }

  // NOT? DEFERRABLE | INITIALLY ( DEFERRED | IMMEDIATE ) | NOT? ENFORCED: of the constraint before
  readonly constraintAttribute: Rule<[WritableConstraint[]], void> = this.RULE(
    'constraintAttribute',
    (constraints: WritableConstraint[]) => {
      const start = this.next(1);
      const last = this.ACTION(() => constraints.at(-1)) as WritableConstraint;
      this.ACTION(() => {
        if (last === undefined) this.misplaced(start);
      });
      this.OR([
        { ALT: () => void this.mayDefer(last, this.take(1, K.DEFERRABLE), true) },
        {
          GATE: () => this.isNext(2, K.DEFERRABLE) || this.isNext(2, K.ENFORCED) || this.isNext(2, K.VALID),
          ALT: () => {
            this.take(2, K.NOT);
            this.OR2([
              { ALT: () => this.notValid(last, this.take(2, K.VALID)) },
              { ALT: () => void this.mayDefer(last, this.take(2, K.DEFERRABLE), false) },
              { ALT: () => this.refuse('NOT ENFORCED', this.take(2, K.ENFORCED)) },
            ]);
          },
        },
        {
          ALT: () => {
            this.take(3, K.INITIALLY);
            const deferred = this.OR3([
              { ALT: () => this.yields(true, 3, K.DEFERRED) },
              { ALT: () => this.yields(false, 3, K.IMMEDIATE) },
            ]);
            this.ACTION(() => {
              last.initiallyDeferred = deferred;
              if (deferred) last.deferrable = true;
            });
          },
        },
        { ALT: () => void this.take(4, K.ENFORCED) },
      ]);
    },
  );

  private misplaced(start: SqlToken): never {
    const what = start.tokenType === K.INITIALLY ? 'INITIALLY DEFERRED' : 'DEFERRABLE';
    throw syntaxError(`misplaced ${what} clause`, start.startOffset);
  }

  private notValid(constraint: WritableConstraint, token: SqlToken): void {
    this.ACTION(() => {
      if (constraint.kind !== 'check' && constraint.kind !== 'references') {
        throw notSupported(
          `${constraint.kind === 'unique' ? 'UNIQUE' : 'PRIMARY KEY'} constraints marked NOT VALID`,
          token.startOffset,
        );
      }
      constraint.notValid = true;
    });
  }

  private mayDefer(constraint: WritableConstraint, token: SqlToken, deferrable: boolean): void {
    this.ACTION(() => {
      const canDefer = ['unique', 'primaryKey', 'references'].includes(constraint.kind);
      if (deferrable && !canDefer) this.misplaced(token);
      constraint.deferrable = deferrable;
    });
  }

  // ( CONSTRAINT name )? ( NOT NULL | NULL | DEFAULT ... | CHECK ... | PRIMARY KEY | UNIQUE | REFERENCES ... | GENERATED ... )
  readonly columnConstraint: Rule<[], WritableConstraint> = this.RULE('columnConstraint', () => {
    const start = this.next(1);
    const constraint = this.ACTION(() => constraintAt(start.ordinal));
    this.OPTION(() => this.constraintName(constraint));
    this.OR([
      {
        ALT: () => {
          this.take(2, K.NOT);
          this.take(2, K.NULL);
          this.kindOf(constraint, 'notNull');
          this.OPTION2(() => this.noInherit());
        },
      },
      {
        ALT: () => {
          this.take(3, K.NULL);
          return this.kindOf(constraint, 'null');
        },
      },
      {
        ALT: () => {
          this.take(4, K.DEFAULT);
          this.kindOf(constraint, 'default');
          const value = this.SUBRULE(this.expression, { ARGS: [true] });
          this.ACTION(() => (constraint.expression = value));
        },
      },
      { ALT: () => this.SUBRULE(this.checkConstraint, { ARGS: [constraint] }) },
      { ALT: () => this.SUBRULE(this.keyConstraint, { ARGS: [constraint, false] }) },
      { ALT: () => this.SUBRULE(this.referencesConstraint, { ARGS: [constraint] }) },
      { ALT: () => this.SUBRULE(this.generatedConstraint, { ARGS: [constraint] }) },
    ]);
    return constraint;
  });

  private constraintName(constraint: WritableConstraint): void {
    this.take(1, K.CONSTRAINT);
    const name = this.columnId(1);
    this.ACTION(() => (constraint.name = name));
  }

  private kindOf(constraint: WritableConstraint, kind: SourceConstraintNode['kind']): void {
    this.ACTION(() => (constraint.kind = kind));
  }

  private noInherit(): void {
    const no = this.take(9, K.NO);
    this.take(9, K.INHERIT);
    this.refuse('NO INHERIT', no);
  }

  // CHECK '(' expression ')'
  readonly checkConstraint: Rule<[WritableConstraint], void> = this.RULE('checkConstraint', (constraint: WritableConstraint) => {
    this.take(1, K.CHECK);
    this.take(1, T.LeftParen);
    const condition = this.SUBRULE(this.expression);
    this.take(1, T.RightParen);
    this.OPTION(() => this.noInherit());
    this.kindOf(constraint, 'check');
    this.ACTION(() => (constraint.expression = condition));
  });

  // ( PRIMARY KEY | UNIQUE ( NULLS NOT? DISTINCT )? ) columns? ( INCLUDE columns )? ( WITH options )? ( USING INDEX ... )?
  readonly keyConstraint: Rule<[WritableConstraint, boolean], void> = this.RULE(
    'keyConstraint',
    (constraint: WritableConstraint, ofTable: boolean) => {
      this.OR([
        {
          ALT: () => {
            this.take(1, K.PRIMARY);
            this.take(1, K.KEY);
            return this.kindOf(constraint, 'primaryKey');
          },
        },
        {
          ALT: () => {
            this.take(1, K.UNIQUE);
            this.kindOf(constraint, 'unique');
            const distinct = this.SUBRULE(this.nullsDistinct);
            this.ACTION(() => (constraint.nullsDistinct = distinct));
          },
        },
      ]);
      this.OPTION1({
        GATE: () => ofTable,
        DEF: () => {
          this.take(1, K.USING);
          this.take(1, K.INDEX);
          const index = this.columnId(2);
          this.ACTION(() => (constraint.index = index));
        },
      });
      this.OPTION2({
        GATE: () => ofTable,
        DEF: () => {
          const columns = this.SUBRULE(this.columnNames);
          this.ACTION(() => (constraint.columns = columns));
        },
      });
      this.ACTION(() => {
        if (ofTable && constraint.columns.length === 0 && constraint.index === null) this.unexpected(this.next(1));
      });
      this.OPTION3(() => {
        this.take(1, K.INCLUDE);
        const columns = this.SUBRULE2(this.columnNames);
        this.ACTION(() => (constraint.include = columns));
      });
      this.OPTION4(() => {
        const options = this.SUBRULE(this.withOptions);
        this.ACTION(() => (constraint.options = options));
      });
      this.OPTION5(() => this.refuse('a constraint USING INDEX TABLESPACE', this.take(2, K.USING)));
    },
  );

  // ( NULLS NOT? DISTINCT )?: true unless NOT
  readonly nullsDistinct: Rule<[], boolean> = this.RULE('nullsDistinct', () => {
    let distinct = true;
    this.OPTION1(() => {
      this.take(1, K.NULLS);
      this.OPTION2(() => (distinct = this.take(1, K.NOT) === undefined));
      this.take(1, K.DISTINCT);
    });
    return distinct;
  });

  // REFERENCES table columns? ( MATCH ... )? ( ON DELETE action | ON UPDATE action )*
  readonly referencesConstraint: Rule<[WritableConstraint], void> = this.RULE(
    'referencesConstraint',
    (constraint: WritableConstraint) => {
      this.take(1, K.REFERENCES);
      const table = this.SUBRULE(this.anyName);
      let referenced: string[] = [];
      let onDelete: Action = 'noAction';
      let onUpdate: Action = 'noAction';
      let full = false;
      let deleteColumns: string[] = [];
      this.OPTION1(() => (referenced = this.SUBRULE(this.columnNames)));
      this.OPTION2(() => {
        this.take(1, K.MATCH);
        this.OR1([
          { ALT: () => void this.take(1, K.SIMPLE) },
          { ALT: () => void (full = this.take(1, K.FULL) !== undefined) },
          { ALT: () => this.refuse('MATCH PARTIAL', this.take(1, K.PARTIAL)) },
        ]);
      });
      this.MANY(() => {
        this.take(2, K.ON);
        const isDelete = this.OR2([
          { ALT: () => this.yields(true, 2, K.DELETE) },
          { ALT: () => this.yields(false, 2, K.UPDATE) },
        ]);
        const { action, columns } = this.SUBRULE(this.referenceAction);
        this.ACTION(() => {
          if (!isDelete && columns.length > 0)
            throw notSupported('a column list with SET NULL is only supported for ON DELETE actions', this.next(0).startOffset);
          if (isDelete) [onDelete, deleteColumns] = [action, columns];
          else onUpdate = action;
        });
      });
      this.ACTION(() => {
        const match = full ? 'full' : 'simple';
        Object.assign(constraint, { kind: 'references', table, referenced, onDelete, onUpdate, match, deleteColumns });
      });
    },
  );

  readonly referenceAction: Rule<[], { action: Action; columns: string[] }> = this.RULE('referenceAction', () => {
    let columns: string[] = [];
    const action = this.OR([
      { ALT: (): Action => this.yields('noAction', 1, K.NO, K.ACTION) },
      { ALT: (): Action => this.yields('restrict', 2, K.RESTRICT) },
      { ALT: (): Action => this.yields('cascade', 3, K.CASCADE) },
      {
        ALT: (): Action => {
          this.take(4, K.SET);
          const action = this.OR2([
            { ALT: (): Action => this.yields('setNull', 4, K.NULL) },
            { ALT: (): Action => this.yields('setDefault', 5, K.DEFAULT) },
          ]);
          this.OPTION(() => (columns = this.SUBRULE(this.columnNames)));
          return action;
        },
      },
    ]);
    return { action, columns };
  });

  // GENERATED ( ALWAYS | BY DEFAULT ) AS ( IDENTITY ( '(' option+ ')' )? | '(' expression ')' ( STORED | VIRTUAL )? )
  readonly generatedConstraint: Rule<[WritableConstraint], void> = this.RULE(
    'generatedConstraint',
    (constraint: WritableConstraint) => {
      this.take(1, K.GENERATED);
      const always = this.OR1([
        { ALT: () => this.yields(true, 1, K.ALWAYS) },
        { ALT: () => this.yields(false, 1, K.BY, K.DEFAULT) },
      ]);
      this.take(1, K.AS);
      this.OR2([
        {
          ALT: () => {
            this.take(2, K.IDENTITY);
            this.ACTION(() => (constraint.kind = always ? 'identityAlways' : 'identityByDefault'));
            this.OPTION(() => {
              this.take(2, T.LeftParen);
              const { options } = this.SUBRULE(this.sequenceOptions);
              this.take(2, T.RightParen);
              this.ACTION(() => (constraint.options = options));
            });
          },
        },
        { ALT: () => this.generatedColumn(constraint, always) },
      ]);
    },
  );

  private generatedColumn(constraint: WritableConstraint, always: boolean): void {
    const open = this.take(3, T.LeftParen);
    const value = this.SUBRULE(this.expression);
    this.take(3, T.RightParen);
    const storage = this.OPTION4(() => this.OR3([{ ALT: () => this.take(3, K.STORED) }, { ALT: () => this.take(3, K.VIRTUAL) }]));
    this.ACTION(() => {
      if (!always) throw syntaxError('for a generated column, GENERATED ALWAYS must be specified', open.startOffset);
      // Where nothing is said, PostgreSQL 18 takes it for virtual; 15 asks for STORED.
      if (storage?.tokenType !== K.STORED) this.refuse('a generated column that is VIRTUAL', open);
      Object.assign(constraint, { kind: 'generated', expression: value });
    });
  }

  // ( CONSTRAINT name )? ( CHECK ... | PRIMARY KEY columns | UNIQUE columns | FOREIGN KEY columns REFERENCES ... ) attribute*
  readonly tableConstraint: Rule<[], SourceConstraint> = this.RULE('tableConstraint', () => {
    const start = this.next(1);
    const constraint = this.ACTION(() => constraintAt(start.ordinal));
    this.OPTION1(() => this.constraintName(constraint));
    this.OR([
      { ALT: () => this.SUBRULE(this.checkConstraint, { ARGS: [constraint] }) },
      { ALT: () => this.SUBRULE(this.keyConstraint, { ARGS: [constraint, true] }) },
      {
        ALT: () => {
          this.take(2, K.FOREIGN);
          this.take(2, K.KEY);
          const columns = this.SUBRULE(this.columnNames);
          this.SUBRULE(this.referencesConstraint, { ARGS: [constraint] });
          this.ACTION(() => (constraint.columns = columns));
        },
      },
      { ALT: () => this.refuse('EXCLUDE', this.take(2, K.EXCLUDE)) },
    ]);
    this.MANY(() => this.SUBRULE(this.constraintAttribute, { ARGS: [[constraint]] }));
    return constraint;
  });

  // WITH '(' name ( '=' value )? ( ',' ... )* ')'
  readonly withOptions: Rule<[], SourceOption[]> = this.RULE('withOptions', () => {
    this.take(1, K.WITH);
    this.take(1, T.LeftParen);
    const options = this.list(1, (): SourceOption => {
      const parts = [this.take(1, T.ColumnLabel)];
      this.OPTION1(() => {
        this.take(1, T.Dot);
        parts.push(this.take(2, T.ColumnLabel));
      });
      let value: SourceExpression | null = null;
      this.OPTION2(() => {
        this.take(1, T.Equal);
        value = this.SUBRULE(this.optionValue);
      });
      const name = parts.map((part) => part.value).join('.');
      return { op: 'option', at: parts[0].ordinal, name, value };
    });
    this.take(1, T.RightParen);
    return options;
  });

  // Sconst | number | word
  readonly optionValue: Rule<[], SourceExpression> = this.RULE('optionValue', () =>
    this.OR([
      {
        ALT: (): SourceExpression => {
          const token = this.take(1, T.StringLiteral);
          return constant(token.ordinal, 'string', token.value);
        },
      },
      { ALT: (): SourceExpression => this.SUBRULE(this.signedNumber) },
      {
        ALT: (): SourceExpression => {
          const token = this.take(1, T.ColumnLabel);
          return constant(token.ordinal, 'string', token.value);
        },
      },
    ]),
  );

  // ( '+' | '-' )? number
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

  // option*: the type of AS is told apart
  readonly sequenceOptions = this.RULE('sequenceOptions', () => {
    const options: SourceOption[] = [];
    let type: SourceType | null = null;
    this.MANY(() =>
      this.OR([
        {
          ALT: () => {
            this.take(1, K.AS);
            type = this.SUBRULE(this.simpleType);
          },
        },
        { ALT: () => void options.push(this.SUBRULE(this.sequenceOption)) },
      ]),
    );
    return { options, type: this.ACTION(() => type) };
  });

  // INCREMENT BY? n | NO? MINVALUE n | NO? MAXVALUE n | START WITH? n | RESTART WITH? n | CACHE n | NO? CYCLE | OWNED BY name
  readonly sequenceOption: Rule<[], SourceOption> = this.RULE('sequenceOption', () =>
    this.OR([
      {
        ALT: (): SourceOption => {
          const word = this.take(1, K.INCREMENT);
          this.OPTION1(() => this.take(1, K.BY));
          return this.sequenceOptionOf(word, 'increment', this.SUBRULE1(this.signedNumber));
        },
      },
      {
        ALT: (): SourceOption => this.sequenceOptionOf(this.take(1, K.MINVALUE), 'minvalue', this.SUBRULE2(this.signedNumber)),
      },
      {
        ALT: (): SourceOption => this.sequenceOptionOf(this.take(1, K.MAXVALUE), 'maxvalue', this.SUBRULE3(this.signedNumber)),
      },
      {
        ALT: (): SourceOption => {
          const word = this.take(1, K.START);
          this.OPTION2(() => this.take(1, K.WITH));
          return this.sequenceOptionOf(word, 'start', this.SUBRULE4(this.signedNumber));
        },
      },
      {
        ALT: (): SourceOption => {
          const word = this.take(1, K.RESTART);
          let value: SourceExpression | null = null;
          this.OPTION3(() => {
            this.OPTION4(() => this.take(2, K.WITH));
            value = this.SUBRULE5(this.signedNumber);
          });
          return this.sequenceOptionOf(word, 'restart', value);
        },
      },
      { ALT: (): SourceOption => this.sequenceOptionOf(this.take(1, K.CACHE), 'cache', this.SUBRULE6(this.signedNumber)) },
      // What dumps call the sequence of an identity column.
      {
        ALT: (): SourceOption => {
          const word = this.take(4, K.SEQUENCE);
          this.take(4, K.NAME);
          const name = this.SUBRULE7(this.anyName);
          return this.sequenceOptionOf(word, 'sequence name', { op: 'column', at: word.ordinal, name });
        },
      },
      { ALT: (): SourceOption => this.cycleOption(this.take(1, K.CYCLE), true) },
      { ALT: (): SourceOption => this.noOption() },
      {
        ALT: (): SourceOption => {
          const word = this.take(3, K.OWNED);
          this.take(3, K.BY);
          return this.ownedBy(word);
        },
      },
    ]),
  );

  /** `value` null: the option is there without one; NO MINVALUE, NO MAXVALUE, OWNED BY NONE. */
  private sequenceOptionOf(word: SqlToken, name: string, value: SourceExpression | null): SourceOption {
    return { op: 'option', at: word.ordinal, name, value };
  }

  private cycleOption(word: SqlToken, cycles: boolean): SourceOption {
    return this.sequenceOptionOf(word, 'cycle', constant(word.ordinal, 'boolean', cycles ? 'true' : 'false'));
  }

  private noOption(): SourceOption {
    const no = this.take(4, K.NO);
    return this.OR4([
      {
        ALT: () => {
          this.take(4, K.MINVALUE);
          return this.sequenceOptionOf(no, 'minvalue', null);
        },
      },
      {
        ALT: () => {
          this.take(4, K.MAXVALUE);
          return this.sequenceOptionOf(no, 'maxvalue', null);
        },
      },
      {
        ALT: () => {
          this.take(4, K.CYCLE);
          return this.cycleOption(no, false);
        },
      },
    ]);
  }

  private ownedBy(word: SqlToken): SourceOption {
    return this.OR5([
      {
        GATE: () => !this.isNext(2, T.Dot),
        ALT: () => {
          this.take(5, K.NONE);
          return this.sequenceOptionOf(word, 'ownedBy', null);
        },
      },
      {
        ALT: () => {
          const name = this.SUBRULE(this.anyName);
          return this.sequenceOptionOf(word, 'ownedBy', { op: 'column', at: name.at, name } as SourceExpression);
        },
      },
    ]);
  }
}
