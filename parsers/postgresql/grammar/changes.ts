/**
 * INSERT, UPDATE, DELETE, MERGE; and with them the whole grammar of queries and changes.
 */

import type {
  SourceAlias,
  SourceConflict,
  SourceExpression,
  SourceFrom,
  SourceIndexElement,
  SourceInsertNode,
  SourceMergeWhen,
  SourceName,
  SourceQuery,
  SourceSelectItem,
  SourceSetItem,
  SourceStatement,
  SourceWith,
} from '../../../engine/sblr/source.gen.ts';
import type { GrammarOptions, Rule } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import { putWith } from '../lower-query.ts';
import * as T from '../tokens.ts';
import { K } from '../tokens.ts';
import { FromGrammar } from './from.ts';
import { isQueryAhead } from './parentheses.ts';

type Statement = SourceStatement | SourceQuery;
type MergeInsert = Pick<SourceMergeWhen, 'columns' | 'columnsAt' | 'overriding' | 'values'> & { readonly action: 'insert' };

/** WHEN ... THEN DO NOTHING. */
const NO_ACTION = { action: 'nothing', set: [], columns: [], columnsAt: 0, overriding: 'none', values: [] } as const;

export class ChangeGrammar extends FromGrammar {
  constructor(options: GrammarOptions = {}) {
    super(options);
    this.performSelfAnalysis();
  }

  // with? ( query | INSERT ... | UPDATE ... | DELETE ... | MERGE ... )
  override readonly preparable: Rule<[], Statement> = this.RULE('preparable', () => {
    this.enterQuery();
    let withClause: SourceWith | null = null;
    this.OPTION(() => (withClause = this.SUBRULE(this.withClause)));
    const statement = this.OR([
      { ALT: (): Statement => this.SUBRULE(this.queryWith) },
      { ALT: (): Statement => this.SUBRULE(this.insert) },
      { ALT: (): Statement => this.SUBRULE(this.update) },
      { ALT: (): Statement => this.SUBRULE(this.delete) },
      { ALT: (): Statement => this.SUBRULE(this.merge) },
    ]);
    this.leaveQuery();
    return this.ACTION(() => {
      if (withClause === null) return this.intoTable(statement);
      return putWith(statement as SourceQuery, withClause, this.next(0)) as Statement;
    });
  });

  /** SELECT ... INTO name: CREATE TABLE name AS SELECT ... */
  private intoTable(statement: Statement): Statement {
    const { into } = this;
    if (into === null || into.input !== this.input || statement.op !== 'select' || statement.at !== into.at) return statement;
    this.into = null;
    const own = { op: 'createTable' as const, at: into.at, name: into.name, persistence: into.persistence, ifNotExists: false };
    const parts = { columns: [], constraints: [], likes: [], inherits: [], options: [] };
    const family = { partitionOf: null, bound: null, partitionBy: null };
    return { ...own, ...parts, ...family, as: statement, withData: true, onCommit: 'none' };
  }

  // INSERT INTO name ( AS alias )? ( columns? ( OVERRIDING ( SYSTEM | USER ) VALUE )? query | DEFAULT VALUES ) conflict? returning?
  readonly insert: Rule<[], SourceStatement> = this.RULE('insert', () => {
    const { ordinal } = this.take(1, K.INSERT);
    this.take(1, K.INTO);
    const table = this.SUBRULE(this.anyName);
    let alias: string | null = null;
    let columns: string[] = [];
    let columnsAt = 0;
    let overriding: SourceInsertNode['overriding'] = 'none';
    let source: SourceQuery | null = null;
    let conflict: SourceConflict | null = null;
    this.OPTION1(() => {
      this.take(1, K.AS);
      alias = this.columnId(1);
    });
    this.OPTION2({
      GATE: () => !isQueryAhead(this),
      DEF: () => {
        columnsAt = this.next(2).ordinal;
        columns = this.SUBRULE(this.insertColumns);
      },
    });
    this.OPTION3(() => {
      this.take(3, K.OVERRIDING);
      overriding = this.OR3([
        { ALT: () => this.yields('system' as const, 3, K.SYSTEM) },
        { ALT: () => this.yields('user' as const, 3, K.USER) },
      ]);
      this.take(3, K.VALUE);
    });
    this.OR([
      {
        ALT: () => {
          this.take(4, K.DEFAULT);
          this.take(4, K.VALUES);
        },
      },
      { ALT: () => (source = this.SUBRULE(this.query)) },
    ]);
    this.OPTION4(() => (conflict = this.SUBRULE(this.onConflict)));
    const returning = this.SUBRULE(this.returning);
    const around = { op: 'insert' as const, at: ordinal, with: null, table, alias, columns, columnsAt };
    return { ...around, overriding, source, conflict, returning } as SourceStatement;
  });

  // '(' name ( ',' name )* ')': parts of a column have no place in the source form
  readonly insertColumns: Rule<[], string[]> = this.RULE('insertColumns', () => {
    this.take(1, T.LeftParen);
    const names = this.list(1, () => this.SUBRULE(this.targetColumn));
    this.take(1, T.RightParen);
    return names;
  });

  readonly targetColumn: Rule<[], string> = this.RULE('targetColumn', () => {
    const name = this.take(1, T.ColumnId);
    this.OPTION(() => {
      const part = this.OR([{ ALT: () => this.take(1, T.Dot) }, { ALT: () => this.take(1, T.LeftBracket) }]);
      this.ACTION(() => this.refuse('a part of a column as the target of a change', part));
    });
    return name.value;
  });

  // ON CONFLICT ( '(' elements ')' ( WHERE ... )? | ON CONSTRAINT name )? DO ( NOTHING | UPDATE SET items ( WHERE ... )? )
  readonly onConflict: Rule<[], SourceConflict> = this.RULE('onConflict', () => {
    const { ordinal } = this.take(1, K.ON);
    this.take(1, K.CONFLICT);
    let target: SourceIndexElement[] = [];
    let targetWhere: SourceExpression | null = null;
    let constraint: string | null = null;
    let set: SourceSetItem[] = [];
    let where: SourceExpression | null = null;
    this.OPTION1(() =>
      this.OR1([
        {
          ALT: () => {
            target = this.SUBRULE(this.indexElements);
            this.OPTION2(() => {
              this.take(2, K.WHERE);
              targetWhere = this.SUBRULE2(this.expression);
            });
          },
        },
        {
          ALT: () => {
            this.take(3, K.ON);
            this.take(3, K.CONSTRAINT);
            constraint = this.columnId(3);
          },
        },
      ]),
    );
    this.take(4, K.DO);
    const action = this.OR4([
      { ALT: () => this.yields('nothing' as const, 4, K.NOTHING) },
      {
        ALT: () => {
          this.take(4, K.UPDATE);
          this.take(4, K.SET);
          set = this.SUBRULE(this.setItems);
          this.OPTION4(() => {
            this.take(5, K.WHERE);
            where = this.SUBRULE5(this.expression);
          });
          return 'update' as const;
        },
      },
    ]);
    return { op: 'conflict', at: ordinal, target, targetWhere, constraint, action, set, where } as SourceConflict;
  });

  // '(' element ( ',' element )* ')'
  readonly indexElements: Rule<[], SourceIndexElement[]> = this.RULE('indexElements', () => {
    this.take(1, T.LeftParen);
    const elements = this.list(1, () => this.SUBRULE(this.indexElement));
    this.take(1, T.RightParen);
    return elements;
  });

  // ( name | call | '(' expression ')' ) ( COLLATE name )? name? ( ASC | DESC )? ( NULLS ( FIRST | LAST ) )?
  readonly indexElement: Rule<[], SourceIndexElement> = this.RULE('indexElement', () => {
    const start = this.next(1);
    const expression = this.SUBRULE(this.atom);
    let collation: SourceName | null = null;
    let operatorClass: SourceName | null = null;
    let descending = false;
    let nulls: SourceIndexElement['nulls'] = 'default';
    this.OPTION1(() => {
      this.take(1, K.COLLATE);
      collation = this.SUBRULE1(this.anyName);
    });
    this.OPTION2(() => {
      operatorClass = this.SUBRULE2(this.anyName);
      this.OPTION3(() => {
        const open = this.take(3, T.LeftParen);
        this.ACTION(() => this.refuse('operator class parameters', open));
      });
    });
    this.OPTION4(() =>
      this.OR4([{ ALT: () => void this.take(4, K.ASC) }, { ALT: () => void (descending = this.take(4, K.DESC) !== undefined) }]),
    );
    this.OPTION5(() => {
      this.take(5, T.NullsOrder);
      nulls = this.OR5([
        { ALT: () => this.yields('first' as const, 5, K.FIRST) },
        { ALT: () => this.yields('last' as const, 5, K.LAST) },
      ]);
    });
    const at = this.ACTION(() => this.elementStart(start, expression));
    return { op: 'indexElement', at, expression, collation, operatorClass, descending, nulls } as SourceIndexElement;
  });

  /** An element is a bare column, a call, or anything in parentheses. */
  private elementStart(start: SqlToken, expression: SourceExpression): number {
    const isColumn = expression.op === 'column' && expression.name.parts.length === 1;
    const isCall = expression.op === 'call' || expression.op === 'special' || expression.op === 'cast';
    // A name of several parts could have been a function's.
    if (expression.op === 'column' && !isColumn) this.unexpected(this.next(1));
    if (start.tokenType !== T.LeftParen && !isColumn && !isCall) this.unexpected(start);
    // Parentheses around several expressions are a row, which is none here.
    if (start.tokenType === T.LeftParen && expression.op === 'row' && expression.at === start.ordinal) this.unexpected(start);
    return start.ordinal;
  }

  // ( RETURNING items )?
  readonly returning: Rule<[], SourceSelectItem[]> = this.RULE('returning', () => {
    let items: SourceSelectItem[] = [];
    this.OPTION1(() => {
      this.take(1, K.RETURNING);
      this.OPTION2(() => {
        const token = this.take(1, K.WITH);
        this.ACTION(() => this.refuse('RETURNING WITH', token));
      });
      items = this.SUBRULE(this.selectItems);
    });
    return items;
  });

  // UPDATE relation ( AS? alias )? SET items ( FROM ... )? ( WHERE ... )? returning?
  readonly update: Rule<[], SourceStatement> = this.RULE('update', () => {
    const { ordinal } = this.take(1, K.UPDATE);
    const { name, only } = this.SUBRULE(this.relation);
    const alias = this.SUBRULE(this.targetAlias);
    this.take(1, K.SET);
    const set = this.SUBRULE(this.setItems);
    let from: SourceFrom[] = [];
    this.OPTION1(() => {
      this.take(1, K.FROM);
      from = this.SUBRULE(this.fromList);
    });
    const where = this.SUBRULE(this.targetWhere);
    const returning = this.SUBRULE(this.returning);
    return { op: 'update', at: ordinal, with: null, table: name, alias, set, from, where, returning, only } as SourceStatement;
  });

  // DELETE FROM relation ( AS? alias )? ( USING ... )? ( WHERE ... )? returning?
  readonly delete: Rule<[], SourceStatement> = this.RULE('delete', () => {
    const { ordinal } = this.take(1, K.DELETE);
    this.take(1, K.FROM);
    const { name, only } = this.SUBRULE(this.relation);
    const alias = this.SUBRULE(this.targetAlias);
    let using: SourceFrom[] = [];
    this.OPTION1(() => {
      this.take(1, K.USING);
      using = this.SUBRULE(this.fromList);
    });
    const where = this.SUBRULE(this.targetWhere);
    const returning = this.SUBRULE(this.returning);
    return { op: 'delete', at: ordinal, with: null, table: name, alias, using, where, returning, only } as SourceStatement;
  });

  // MERGE INTO relation ( AS? alias )? USING item ON expression when+
  readonly merge: Rule<[], SourceStatement> = this.RULE('merge', () => {
    const { ordinal } = this.take(1, K.MERGE);
    this.take(1, K.INTO);
    const { name, only } = this.SUBRULE(this.relation);
    const alias = this.SUBRULE(this.targetAlias);
    this.take(1, K.USING);
    const source = this.SUBRULE(this.fromItem);
    this.take(1, K.ON);
    const on = this.SUBRULE(this.expression);
    const whens: SourceMergeWhen[] = [];
    this.AT_LEAST_ONE(() => whens.push(this.SUBRULE(this.mergeWhen)));
    return { op: 'merge', at: ordinal, with: null, table: name, alias, source, on, whens, only } as SourceStatement;
  });

  // WHEN NOT? MATCHED ( AND expression )? THEN ( UPDATE SET items | DELETE | insert | DO NOTHING )
  readonly mergeWhen: Rule<[], SourceMergeWhen> = this.RULE('mergeWhen', () => {
    const { ordinal } = this.take(1, K.WHEN);
    const matched = !this.has(1, K.NOT);
    this.take(1, K.MATCHED);
    let condition: SourceExpression | null = null;
    this.OPTION2(() => {
      this.take(1, K.AND);
      condition = this.SUBRULE(this.expression);
    });
    this.take(1, K.THEN);
    const plain = { ...NO_ACTION, op: 'mergeWhen' as const, at: ordinal, matched, condition };
    const mayChange = (): boolean => this.RECORDING_PHASE || matched;
    return this.OR([
      {
        GATE: mayChange,
        ALT: (): SourceMergeWhen => {
          this.take(1, K.UPDATE);
          this.take(1, K.SET);
          return { ...plain, action: 'update', set: this.SUBRULE(this.setItems) };
        },
      },
      { GATE: mayChange, ALT: (): SourceMergeWhen => this.yields({ ...plain, action: 'delete' as const }, 1, K.DELETE) },
      {
        GATE: () => this.RECORDING_PHASE || !matched,
        ALT: (): SourceMergeWhen => ({ ...plain, ...this.SUBRULE(this.mergeInsert) }),
      },
      { ALT: (): SourceMergeWhen => this.yields(plain, 1, K.DO, K.NOTHING) },
    ]);
  });

  // INSERT columns? ( OVERRIDING ( SYSTEM | USER ) VALUE )? ( VALUES '(' expressions ')' | DEFAULT VALUES )
  readonly mergeInsert: Rule<[], MergeInsert> = this.RULE('mergeInsert', () => {
    this.take(1, K.INSERT);
    let columns: string[] = [];
    let columnsAt = 0;
    let overriding: SourceInsertNode['overriding'] = 'none';
    let values: SourceExpression[] = [];
    this.OPTION1(() => {
      columnsAt = this.next(2).ordinal;
      columns = this.SUBRULE(this.insertColumns);
    });
    this.OPTION2(() => {
      this.take(2, K.OVERRIDING);
      overriding = this.OR2([
        { ALT: () => this.yields('system' as const, 2, K.SYSTEM) },
        { ALT: () => this.yields('user' as const, 2, K.USER) },
      ]);
      this.take(2, K.VALUE);
    });
    this.OR3([
      {
        ALT: () => {
          this.take(3, K.VALUES);
          this.take(3, T.LeftParen);
          values = this.list(3, () => this.SUBRULE(this.expression));
          this.take(3, T.RightParen);
        },
      },
      {
        ALT: () => {
          this.take(4, K.DEFAULT);
          this.take(4, K.VALUES);
        },
      },
    ]);
    return { action: 'insert' as const, columns, columnsAt, overriding, values };
  });

  // ( AS? name )?, where SET is no name without AS
  readonly targetAlias: Rule<[], SourceAlias | null> = this.RULE('targetAlias', () => {
    let alias: SourceAlias | null = null;
    this.OPTION1({
      GATE: () => !this.isNext(1, K.SET),
      DEF: () => {
        this.OPTION2(() => this.take(1, K.AS));
        const name = this.take(1, T.ColumnId);
        alias = { op: 'alias', at: name.ordinal, name: name.value, quoted: name.quoted, columns: [] };
      },
    });
    return this.ACTION(() => alias);
  });

  // ( WHERE ( expression | CURRENT OF name ) )?
  readonly targetWhere: Rule<[], SourceExpression | null> = this.RULE('targetWhere', () => {
    let where: SourceExpression | null = null;
    this.OPTION(() => {
      this.take(1, K.WHERE);
      where = this.OR([
        {
          GATE: () => this.isNext(2, K.OF),
          ALT: (): SourceExpression => this.refuse('WHERE CURRENT OF', this.recorded(1, K.CURRENT)),
        },
        { ALT: (): SourceExpression => this.SUBRULE(this.expression) },
      ]);
    });
    return this.ACTION(() => where);
  });

  readonly setItems: Rule<[], SourceSetItem[]> = this.RULE('setItems', () => this.list(1, () => this.SUBRULE(this.setItem)));

  // name ( '[' ... ']' | '.' name )* '=' expression | '(' name ( ',' name )* ')' '=' expression
  readonly setItem: Rule<[], SourceSetItem> = this.RULE('setItem', () => {
    const start = this.next(1);
    let multiple = false;
    let path: SourceExpression | null = null;
    const columns = this.OR([
      {
        ALT: () => {
          multiple = true;
          return this.SUBRULE(this.insertColumns);
        },
      },
      {
        ALT: () => {
          const name = this.take(1, T.ColumnId);
          const column = this.ACTION(() => columnOf(start.ordinal, name));
          const whole = this.SUBRULE(this.indirection, { ARGS: [column] });
          path = whole === column ? null : whole;
          return [name.value];
        },
      },
    ]);
    this.take(1, T.Equal);
    const value = this.SUBRULE(this.expression);
    const at = this.ACTION(() => start.ordinal);
    return { op: 'setItem', at, columns, path, value, multiple } as SourceSetItem;
  });
}

const columnOf = (at: number, { value, quoted }: SqlToken): SourceExpression => ({
  op: 'column',
  at,
  name: { op: 'name', at, parts: [value], quoted: [quoted] },
});
