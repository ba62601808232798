/**
 * FROM (from_list of gram.y): tables, subqueries, functions, joins.
 *
 *   fromItem  ::= joined ( join joined )*          joined ::= table | function | '(' query ')' | '(' fromItem ')'
 */

import type {
  SourceAlias,
  SourceColumnDef,
  SourceExpression,
  SourceFrom,
  SourceSample,
} from '../../../engine/sblr/source.gen.ts';
import type { Rule } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import * as T from '../tokens.ts';
import { K } from '../tokens.ts';
import { isQueryAhead } from './parentheses.ts';
import { QueryGrammar } from './query.ts';

type JoinKind = 'inner' | 'left' | 'right' | 'full' | 'cross';

interface FunctionAlias {
  readonly alias: SourceAlias | null;
  readonly columns: SourceColumnDef[];
}

export abstract class FromGrammar extends QueryGrammar {
  override readonly fromList: Rule<[], SourceFrom[]> = this.RULE('fromList', () =>
    this.list(1, () => this.SUBRULE(this.fromItem)),
  );

  readonly fromItem: Rule<[], SourceFrom> = this.RULE('fromItem', () => {
    let left = this.SUBRULE(this.fromPrimary);
    this.MANY(() => {
      left = this.SUBRULE(this.joinBehind, { ARGS: [left] });
    });
    return left;
  });

  readonly fromPrimary: Rule<[], SourceFrom> = this.RULE('fromPrimary', () => this.OR(this.primaries));

  private readonly primaries = [
    { GATE: () => isQueryAhead(this), ALT: (): SourceFrom => this.SUBRULE1(this.derivedTable, { ARGS: [false] }) },
    { ALT: (): SourceFrom => this.SUBRULE(this.joinInParens) },
    { ALT: () => this.lateralItem() },
    { GATE: () => this.isNext(2, K.FROM), ALT: () => this.rowsFrom() },
    { GATE: () => this.isFunctionAhead(), ALT: (): SourceFrom => this.SUBRULE1(this.tableFunction, { ARGS: [false] }) },
    {
      GATE: () => this.isNext(1, T.ColumnId) || this.isNext(1, K.ONLY),
      ALT: (): SourceFrom => this.SUBRULE(this.tableRef),
    },
    { GATE: () => !this.isNext(1, T.LeftParen), ALT: (): SourceFrom => this.SUBRULE2(this.tableFunction, { ARGS: [false] }) },
  ];

  private rowsFrom(): SourceFrom {
    const token = this.take(1, K.ROWS);
    this.take(1, K.FROM);
    return this.ACTION(() => this.refuse('ROWS FROM', token));
  }

  private lateralItem(): SourceFrom {
    this.take(1, K.LATERAL);
    return this.OR1([
      { ALT: () => this.SUBRULE2(this.derivedTable, { ARGS: [true] }) },
      { GATE: () => !this.isNext(1, T.LeftParen), ALT: () => this.SUBRULE3(this.tableFunction, { ARGS: [true] }) },
    ]);
  }

  /** A name, perhaps of several parts, with a parenthesis behind it. */
  private isFunctionAhead(): boolean {
    let ahead = 2;
    while (this.isNext(ahead, T.Dot)) ahead += 2;
    return this.isNext(ahead, T.LeftParen);
  }

  // ( CROSS JOIN primary | NATURAL type? JOIN primary | type? JOIN item ( ON expression | USING columns ( AS name )? ) )
  readonly joinBehind: Rule<[SourceFrom], SourceFrom> = this.RULE('joinBehind', (left: SourceFrom) => {
    const token = this.next(1);
    return this.OR([
      {
        ALT: (): SourceFrom => {
          this.take(1, K.CROSS);
          this.take(1, K.JOIN);
          const right = this.SUBRULE1(this.fromPrimary);
          return this.joinOf(token, 'cross', false, left, right);
        },
      },
      {
        ALT: (): SourceFrom => {
          this.take(2, K.NATURAL);
          const kind = this.SUBRULE2(this.joinKind);
          this.take(2, K.JOIN);
          const right = this.SUBRULE2(this.fromPrimary);
          return this.joinOf(token, kind, true, left, right);
        },
      },
      {
        ALT: (): SourceFrom => {
          const kind = this.SUBRULE3(this.joinKind);
          this.take(3, K.JOIN);
          const right = this.SUBRULE3(this.joinedRight);
          return this.SUBRULE(this.joinCondition, { ARGS: [token, kind, left, right] });
        },
      },
    ]);
  });

  /** What stands between JOIN and its condition: joins with their own conditions may nest there. */
  readonly joinedRight: Rule<[], SourceFrom> = this.RULE('joinedRight', () => {
    this.enterQuery();
    let right = this.SUBRULE(this.fromPrimary);
    this.MANY(() => {
      right = this.SUBRULE(this.joinBehind, { ARGS: [right] });
    });
    this.leaveQuery();
    return right;
  });

  readonly joinKind: Rule<[], JoinKind> = this.RULE('joinKind', () => {
    let kind: JoinKind = 'inner';
    this.OPTION1(() => {
      kind = this.OR([
        { ALT: (): JoinKind => this.yields('inner', 1, K.INNER) },
        { ALT: (): JoinKind => this.outer(this.take(1, K.LEFT), 1) },
        { ALT: (): JoinKind => this.outer(this.take(1, K.RIGHT), 2) },
        { ALT: (): JoinKind => this.outer(this.take(1, K.FULL), 3) },
      ]);
    });
    return kind;
  });

  private outer(word: SqlToken, occurrence: 1 | 2 | 3): JoinKind {
    this.option(occurrence + 1, () => this.take(occurrence, K.OUTER));
    return word.value as JoinKind;
  }

  readonly joinCondition: Rule<[SqlToken, JoinKind, SourceFrom, SourceFrom], SourceFrom> = this.RULE(
    'joinCondition',
    (token: SqlToken, kind: JoinKind, left: SourceFrom, right: SourceFrom) => {
      let on: SourceExpression | null = null;
      let using: string[] = [];
      let alias: SourceAlias | null = null;
      this.OR([
        {
          ALT: () => {
            this.take(1, K.ON);
            on = this.SUBRULE(this.expression);
          },
        },
        {
          ALT: () => {
            this.take(1, K.USING);
            using = this.SUBRULE(this.columnNames);
            this.OPTION(() => {
              this.take(1, K.AS);
              const name = this.take(1, T.ColumnId);
              alias = { op: 'alias', at: name.ordinal, name: name.value, quoted: name.quoted, columns: [] };
            });
          },
        },
      ]);
      const at = this.ACTION(() => token.ordinal);
      return { op: 'join', at, kind, natural: false, using, on, left, right, alias } as SourceFrom;
    },
  );

  private joinOf(token: SqlToken, kind: JoinKind, natural: boolean, left: SourceFrom, right: SourceFrom): SourceFrom {
    const at = this.ACTION(() => token.ordinal);
    return { op: 'join', at, kind, natural, using: [], on: null, left, right, alias: null };
  }

  // '(' fromItem ')': a join in parentheses; with an alias PostgreSQL hides the names inside
  readonly joinInParens: Rule<[], SourceFrom> = this.RULE('joinInParens', () => {
    this.enterQuery();
    this.take(1, T.LeftParen);
    const inner = this.SUBRULE(this.fromItem);
    const close = this.next(1);
    this.ACTION(() => {
      if (inner.op !== 'join') this.unexpected(close);
    });
    this.take(1, T.RightParen);
    const alias = this.SUBRULE(this.optionalAlias);
    this.leaveQuery();
    return alias === null ? inner : ({ op: 'joinAlias', at: inner.at, join: inner, alias } as SourceFrom);
  });

  // '(' query ')' alias?
  readonly derivedTable: Rule<[boolean], SourceFrom> = this.RULE('derivedTable', (lateral: boolean) => {
    const start = this.next(1);
    const query = this.SUBRULE(this.queryInParens);
    const alias = this.SUBRULE(this.optionalAlias);
    const at = this.ACTION(() => start.ordinal);
    return { op: 'queryRef', at, query, alias, lateral } as SourceFrom;
  });

  // ( AS? name columns? )?
  readonly optionalAlias: Rule<[], SourceAlias | null> = this.RULE('optionalAlias', () => {
    if (!this.RECORDING_PHASE && !this.isNext(1, K.AS) && !this.isNext(1, T.ColumnId)) return null;
    let alias: SourceAlias | null = null;
    this.OPTION1(() => {
      this.OPTION2(() => this.take(1, K.AS));
      const name = this.take(1, T.ColumnId);
      let columns: string[] = [];
      this.OPTION3(() => (columns = this.SUBRULE(this.columnNames)));
      alias = { op: 'alias', at: name.ordinal, name: name.value, quoted: name.quoted, columns };
    });
    return this.ACTION(() => alias);
  });

  // ( ONLY name | ONLY '(' name ')' | name '*'? ) alias? sample?
  readonly tableRef: Rule<[], SourceFrom> = this.RULE('tableRef', () => {
    const { name, only } = this.SUBRULE(this.relation);
    const alias = this.SUBRULE(this.optionalAlias);
    let sample: SourceSample | null = null;
    if (this.RECORDING_PHASE || this.isNext(1, K.TABLESAMPLE)) this.OPTION(() => (sample = this.SUBRULE(this.tableSample)));
    const at = this.RECORDING_PHASE ? 0 : name.at;
    return { op: 'tableRef', at, name, alias, only, sample } as SourceFrom;
  });

  readonly relation = this.RULE('relation', () => {
    const only = !this.RECORDING_PHASE && this.isNext(1, K.ONLY);
    if (!this.RECORDING_PHASE && !only) {
      const plain = this.SUBRULE3(this.anyName);
      if (this.isNext(1, T.Star)) this.take(2, T.Star);
      return { name: plain, only };
    }
    const name = this.OR([
      {
        ALT: () => {
          this.take(1, K.ONLY);
          return this.OR1([
            {
              ALT: () => {
                this.take(1, T.LeftParen);
                const inner = this.SUBRULE1(this.anyName);
                this.take(1, T.RightParen);
                return inner;
              },
            },
            { ALT: () => this.SUBRULE2(this.anyName) },
          ]);
        },
      },
      {
        ALT: () => {
          const plain = this.SUBRULE3(this.anyName);
          this.OPTION(() => this.take(2, T.Star));
          return plain;
        },
      },
    ]);
    return { name, only };
  });

  // TABLESAMPLE method '(' ... ')' ( REPEATABLE '(' seed ')' )?
  readonly tableSample: Rule<[], SourceSample> = this.RULE('tableSample', () => {
    const { ordinal } = this.take(1, K.TABLESAMPLE);
    const method = this.take(1, T.TypeFunctionName).value;
    this.take(1, T.LeftParen);
    const args = this.list(1, () => this.SUBRULE1(this.expression));
    this.take(1, T.RightParen);
    let seed: SourceExpression | null = null;
    this.OPTION(() => {
      this.take(1, K.REPEATABLE);
      this.take(2, T.LeftParen);
      seed = this.SUBRULE2(this.expression);
      this.take(2, T.RightParen);
    });
    return { op: 'sample', at: ordinal, method, arguments: args, seed } as SourceSample;
  });

  // function ( WITH ORDINALITY )? ( AS? name ( columns | columnDefinitions )? | AS columnDefinitions )?
  readonly tableFunction: Rule<[boolean], SourceFrom> = this.RULE('tableFunction', (lateral: boolean) => {
    const start = this.next(1);
    const call = this.SUBRULE(this.atom);
    let ordinality = false;
    this.OPTION(() => {
      this.take(1, T.WithTime);
      ordinality = this.take(1, K.ORDINALITY) !== undefined;
    });
    const { alias, columns } = this.SUBRULE(this.functionAlias);
    return this.ACTION(() => {
      const isCall = call.op === 'call' || call.op === 'valueFunction' || call.op === 'cast' || call.op === 'special';
      if (!isCall) this.unexpected(start);
      return { op: 'functionRef', at: start.ordinal, call, alias, lateral, ordinality, columns } as SourceFrom;
    });
  });

  readonly functionAlias: Rule<[], FunctionAlias> = this.RULE('functionAlias', () => {
    let name: SqlToken | undefined;
    let names: string[] = [];
    let columns: SourceColumnDef[] = [];
    this.OPTION1(() => {
      this.OPTION2(() => this.take(1, K.AS));
      this.OPTION3(() => (name = this.take(1, T.ColumnId)));
      this.OPTION4(() =>
        this.OR([
          {
            GATE: () => name !== undefined && (this.isNext(3, T.Comma) || this.isNext(3, T.RightParen)),
            ALT: () => void (names = this.SUBRULE(this.columnNames)),
          },
          { ALT: () => void (columns = this.SUBRULE(this.columnDefinitions)) },
        ]),
      );
    });
    return this.ACTION(() => {
      if (name === undefined) {
        // AS alone names nothing.
        if (columns.length === 0 && this.isNext(0, K.AS)) this.unexpected(this.next(1));
        return { alias: null, columns };
      }
      const { ordinal, value, quoted } = name;
      const alias: SourceAlias = { op: 'alias', at: ordinal, name: value, quoted, columns: names };
      return { alias, columns };
    });
  });

  // '(' name type ( COLLATE name )? ( ',' ... )* ')'
  readonly columnDefinitions: Rule<[], SourceColumnDef[]> = this.RULE('columnDefinitions', () => {
    this.take(1, T.LeftParen);
    const columns = this.list(1, (): SourceColumnDef => {
      const name = this.take(1, T.ColumnId);
      const type = this.SUBRULE(this.typeName);
      let collation = null;
      this.OPTION(() => {
        this.take(1, K.COLLATE);
        collation = this.SUBRULE(this.anyName);
      });
      return { op: 'columnDef', at: name.ordinal, name: name.value, type, collation, constraints: [] };
    });
    this.take(1, T.RightParen);
    return columns;
  });
}
