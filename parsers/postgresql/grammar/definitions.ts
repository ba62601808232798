/**
 * DDL: CREATE TABLE, CREATE INDEX, CREATE SEQUENCE, DROP, TRUNCATE, ANALYZE. Expressions and queries are left to the grammar of
 * queries.
 */

import type {
  SourceColumnDef,
  SourceConstraint,
  SourceCreateTableNode,
  SourceName,
  SourceOption,
  SourcePartitionBound,
  SourcePartitionKey,
  SourceQuery,
  SourceStatement,
  SourceTableLike,
} from '../../../engine/sblr/source.gen.ts';
import type { GrammarOptions, Rule } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import * as T from '../tokens.ts';
import { K } from '../tokens.ts';
import type { ChangeGrammar } from './changes.ts';
import { type PartitionElements, PartitionGrammar } from './partitions.ts';

type Persistence = SourceCreateTableNode['persistence'];

interface TableElements {
  readonly columns: SourceColumnDef[];
  readonly constraints: SourceConstraint[];
  readonly likes: SourceTableLike[];
}

const DROP_KINDS = new Map<string, string>([
  ...(['table', 'index', 'view', 'sequence', 'schema', 'type', 'domain', 'function', 'role'].map((kind) => [kind, kind]) as [
    string,
    string,
  ][]),
  ['user', 'role'],
  ['group', 'role'],
]);

/** What LIKE may take over. */
const LIKE_PARTS = [
  ...['comments', 'compression', 'constraints', 'defaults', 'generated', 'identity', 'indexes', 'statistics', 'storage'],
];

const partOf = ({ parent, bound }: { parent: SourceName; bound: SourcePartitionBound }) => ({ partitionOf: parent, bound });

type DropKind = Extract<SourceStatement, { op: 'drop' }>['kind'];

export class DefinitionGrammar extends PartitionGrammar {
  constructor(queries: () => ChangeGrammar, options: GrammarOptions = {}) {
    super(queries, options);
    this.performSelfAnalysis();
  }

  readonly definition: Rule<[], SourceStatement> = this.RULE('definition', () =>
    this.OR([
      { ALT: (): SourceStatement => this.SUBRULE(this.create) },
      { ALT: (): SourceStatement => this.SUBRULE(this.drop) },
      { ALT: (): SourceStatement => this.SUBRULE(this.truncate) },
      { ALT: (): SourceStatement => this.SUBRULE(this.analyze) },
    ]),
  );

  readonly create: Rule<[], SourceStatement> = this.RULE('create', () => {
    const start = this.take(1, K.CREATE);
    const persistence = this.SUBRULE(this.persistence);
    return this.OR([
      { ALT: (): SourceStatement => this.SUBRULE(this.createTable, { ARGS: [start, persistence] }) },
      { ALT: (): SourceStatement => this.SUBRULE(this.createSequence, { ARGS: [start, persistence] }) },
      {
        GATE: () => persistence === 'permanent',
        ALT: (): SourceStatement => this.SUBRULE(this.createIndex, { ARGS: [start] }),
      },
    ]);
  });

  // ( ( GLOBAL | LOCAL )? ( TEMPORARY | TEMP ) | UNLOGGED )?
  readonly persistence: Rule<[], Persistence> = this.RULE('persistence', () => {
    let persistence: Persistence = 'permanent';
    this.OPTION1(() => {
      persistence = this.OR1([
        {
          ALT: (): Persistence => {
            this.OPTION2(() => this.OR2([{ ALT: () => this.take(1, K.GLOBAL) }, { ALT: () => this.take(1, K.LOCAL) }]));
            this.OR3([{ ALT: () => this.take(1, K.TEMPORARY) }, { ALT: () => this.take(1, K.TEMP) }]);
            return 'temporary';
          },
        },
        { ALT: (): Persistence => this.yields('unlogged', 1, K.UNLOGGED) },
      ]);
    });
    return persistence;
  });

  // ( IF NOT EXISTS )?
  readonly ifNotExists: Rule<[], boolean> = this.RULE('ifNotExists', () => {
    let absent = false;
    this.OPTION({
      GATE: () => this.isNext(2, K.NOT),
      DEF: () => {
        this.take(1, K.IF);
        this.take(1, K.NOT);
        absent = this.take(1, K.EXISTS) !== undefined;
      },
    });
    return absent;
  });

  // TABLE ( IF NOT EXISTS )? name ( elements rest | rest AS query ( WITH NO? DATA )? )
  readonly createTable: Rule<[SqlToken, Persistence], SourceStatement> = this.RULE(
    'createTable',
    (start: SqlToken, persistence: Persistence) => {
      this.take(1, K.TABLE);
      const ifNotExists = this.SUBRULE(this.ifNotExists);
      const name = this.SUBRULE(this.anyName);
      let elements: TableElements = { columns: [], constraints: [], likes: [] };
      let as: SourceQuery | null = null;
      let withData = true;
      let isDefined = false;
      let partition: { parent: SourceName; elements: PartitionElements; bound: SourcePartitionBound } | null = null;
      this.OR([
        { ALT: () => this.refuse('CREATE TABLE OF', this.take(1, K.OF)) },
        {
          GATE: () => this.isNext(2, K.OF),
          ALT: () => {
            isDefined = true;
            partition = this.SUBRULE(this.partitionOf);
          },
        },
        {
          ALT: () =>
            this.OPTION1(() => {
              isDefined = true;
              elements = this.SUBRULE(this.tableElements);
            }),
        },
      ]);
      const around = this.SUBRULE(this.tableOptions);
      this.OPTION2(() => {
        this.take(2, K.AS);
        as = this.SUBRULE(this.query);
        isDefined = true;
        this.OPTION3(() => {
          this.take(3, K.WITH);
          this.OPTION4(() => (withData = this.take(3, K.NO) === undefined));
          this.take(3, K.DATA);
        });
      });
      return this.ACTION(() => {
        const { partitionOf, bound } = partition === null ? { partitionOf: null, bound: null } : partOf(partition);
        if (partition !== null) elements = { ...elements, ...(partition as { elements: PartitionElements }).elements };
        const untyped = partition === null ? elements.columns.find((column) => column.type === null) : undefined;
        const isMismatch = as === null ? untyped !== undefined : elements.columns.some((column) => column.type !== null);
        if (!isDefined || isMismatch) this.unexpected(this.next(1));
        const { columns, constraints, likes } = elements;
        const own = { op: 'createTable' as const, at: start.ordinal, name, persistence, ifNotExists, columns, constraints };
        return { ...own, likes, as, withData, ...around, partitionOf, bound } as SourceStatement;
      });
    },
  );

  // ( INHERITS '(' names ')' | PARTITION BY ... | USING ... | WITH options | WITHOUT OIDS | ON COMMIT ... | TABLESPACE ... )*
  readonly tableOptions = this.RULE('tableOptions', () => {
    let options: SourceOption[] = [];
    let onCommit: SourceCreateTableNode['onCommit'] = 'none';
    let inherits: SourceName[] = [];
    let partitionBy: SourcePartitionKey | null = null;
    this.MANY(() =>
      this.OR([
        {
          ALT: () => {
            this.take(1, K.INHERITS);
            this.take(1, T.LeftParen);
            inherits = this.list(1, () => this.SUBRULE(this.anyName));
            this.take(1, T.RightParen);
          },
        },
        { ALT: () => void (partitionBy = this.SUBRULE(this.partitionKey)) },
        { ALT: () => this.refuse('CREATE TABLE USING', this.take(1, K.USING)) },
        { ALT: () => this.refuse('TABLESPACE', this.take(1, K.TABLESPACE)) },
        { ALT: () => void (options = this.SUBRULE(this.withOptions)) },
        {
          ALT: () => {
            this.take(1, K.WITHOUT);
            this.take(1, K.OIDS);
          },
        },
        { ALT: () => void (onCommit = this.onCommit()) },
      ]),
    );
    return { onCommit, options, inherits, partitionBy };
  });

  // ON COMMIT ( DROP | DELETE ROWS | PRESERVE ROWS )
  private onCommit(): SourceCreateTableNode['onCommit'] {
    this.take(2, K.ON);
    this.take(2, K.COMMIT);
    return this.OR2([
      { ALT: () => this.yields('drop' as const, 2, K.DROP) },
      { ALT: () => this.yields('delete' as const, 2, K.DELETE, K.ROWS) },
      { ALT: () => this.yields('preserve' as const, 3, K.PRESERVE, K.ROWS) },
    ]);
  }

  // '(' ( element ( ',' element )* )? ')'
  readonly tableElements: Rule<[], TableElements> = this.RULE('tableElements', () => {
    const elements: TableElements = { columns: [], constraints: [], likes: [] };
    this.typed = null;
    this.take(1, T.LeftParen);
    this.OPTION(() => {
      this.list(1, () =>
        this.OR([
          { ALT: () => void elements.likes.push(this.SUBRULE(this.tableLike, { ARGS: [elements.columns.length] })) },
          {
            // EXCLUDE may also be the name of a column.
            GATE: () => !this.isNext(1, K.EXCLUDE) || this.isNext(2, K.USING) || this.isNext(2, T.LeftParen),
            ALT: () => void elements.constraints.push(this.SUBRULE(this.tableConstraint)),
          },
          { ALT: () => void elements.columns.push(this.SUBRULE(this.columnDefinition)) },
        ]),
      );
    });
    this.take(1, T.RightParen);
    return elements;
  });

  // LIKE table ( ( INCLUDING | EXCLUDING ) what )*
  readonly tableLike: Rule<[number], SourceTableLike> = this.RULE('tableLike', (before: number) => {
    const { ordinal } = this.take(1, K.LIKE);
    const table = this.SUBRULE(this.anyName);
    let including: string[] = [];
    this.MANY(() => {
      const isIncluding = this.OR([
        { ALT: () => this.yields(true, 1, K.INCLUDING) },
        { ALT: () => this.yields(false, 1, K.EXCLUDING) },
      ]);
      const word = this.take(1, T.ColumnLabel);
      this.ACTION(() => {
        const named = word.value === 'all' ? LIKE_PARTS : [word.value];
        if (!LIKE_PARTS.includes(named[0])) this.unexpected(word);
        including = including.filter((one) => !named.includes(one));
        if (isIncluding) including.push(...named);
      });
    });
    return { op: 'tableLike', at: ordinal, table, including, before } as SourceTableLike;
  });

  // UNIQUE? INDEX CONCURRENTLY? ( ( IF NOT EXISTS )? name )? ON ONLY? table ( USING method )? elements ...
  readonly createIndex: Rule<[SqlToken], SourceStatement> = this.RULE('createIndex', (start: SqlToken) => {
    let unique = false;
    let name: string | null = null;
    let method: string | null = null;
    let concurrently = false;
    let only = false;
    this.OPTION1(() => (unique = this.take(1, K.UNIQUE) !== undefined));
    this.take(1, K.INDEX);
    this.OPTION2(() => (concurrently = this.take(1, K.CONCURRENTLY) !== undefined));
    const ifNotExists = this.SUBRULE(this.ifNotExists);
    this.OPTION3(() => (name = this.columnId(1)));
    const on = this.take(1, K.ON);
    this.OPTION4(() => (only = this.take(1, K.ONLY) !== undefined));
    const table = this.SUBRULE(this.anyName);
    this.OPTION5(() => {
      this.take(1, K.USING);
      method = this.columnId(2);
    });
    const elements = this.SUBRULE(this.indexElements);
    const rest = this.SUBRULE(this.indexRest);
    return this.ACTION(() => {
      if (ifNotExists && name === null) this.unexpected(on);
      const own = { op: 'createIndex' as const, at: start.ordinal, name, table, unique, concurrently, ifNotExists };
      return { ...own, method, elements, ...rest, only } as SourceStatement;
    });
  });

  // ( INCLUDE columns )? ( NULLS NOT? DISTINCT )? ( WITH options )? ( TABLESPACE name )? ( WHERE expression )?
  readonly indexRest = this.RULE('indexRest', () => {
    let include: string[] = [];
    let where = null;
    this.OPTION1(() => {
      this.take(1, K.INCLUDE);
      this.take(3, T.LeftParen);
      include = this.list(1, () => {
        const name = this.take(3, T.ColumnId);
        // PostgreSQL reads elements of an index here, and finds their options without sense later.
        this.OPTION(() => this.refuse('INCLUDE of anything but columns', this.take(4, T.ColumnId)));
        return name.value;
      });
      this.take(3, T.RightParen);
    });
    const nullsDistinct = this.SUBRULE(this.nullsDistinct);
    this.OPTION2(() => this.SUBRULE(this.withOptions));
    this.OPTION3(() => this.refuse('TABLESPACE', this.take(2, K.TABLESPACE)));
    this.OPTION4(() => {
      this.take(3, K.WHERE);
      where = this.SUBRULE(this.expression);
    });
    return { include, nullsDistinct, where };
  });

  // SEQUENCE ( IF NOT EXISTS )? name option*
  readonly createSequence: Rule<[SqlToken, Persistence], SourceStatement> = this.RULE(
    'createSequence',
    (start: SqlToken, persistence: Persistence) => {
      this.take(1, K.SEQUENCE);
      const ifNotExists = this.SUBRULE(this.ifNotExists);
      const name = this.SUBRULE(this.anyName);
      const { options, type } = this.SUBRULE(this.sequenceOptions);
      return this.ACTION(() => {
        const own = { op: 'createSequence' as const, at: start.ordinal, name, persistence, ifNotExists };
        return { ...own, type, options } as SourceStatement;
      });
    },
  );

  // DROP kind CONCURRENTLY? ( IF EXISTS )? name ( ',' name )* ( CASCADE | RESTRICT )?
  readonly drop: Rule<[], SourceStatement> = this.RULE('drop', () => {
    const { ordinal } = this.take(1, K.DROP);
    const kind = this.take(1, T.DropKind);
    let concurrently = false;
    let ifExists = false;
    this.OPTION1({
      GATE: () => kind.tokenType === K.INDEX,
      DEF: () => (concurrently = this.take(1, K.CONCURRENTLY) !== undefined),
    });
    this.OPTION2({
      GATE: () => this.isNext(2, K.EXISTS),
      DEF: () => {
        this.take(1, K.IF);
        ifExists = this.take(1, K.EXISTS) !== undefined;
      },
    });
    const names = this.list(1, (): SourceName => {
      const name = this.SUBRULE(this.anyName);
      this.OPTION3({
        GATE: () => kind.tokenType === K.FUNCTION,
        DEF: () => this.refuse('DROP FUNCTION with arguments', this.take(1, T.LeftParen)),
      });
      return name;
    });
    const cascade = this.SUBRULE(this.cascade);
    const what = DROP_KINDS.get(kind.value) as DropKind;
    return { op: 'drop', at: ordinal, kind: what, names, ifExists, cascade, concurrently } as SourceStatement;
  });

  // ( CASCADE | RESTRICT )?
  readonly cascade: Rule<[], boolean> = this.RULE('cascade', () => {
    let cascade = false;
    this.OPTION(() => {
      this.OR([
        { ALT: () => void (cascade = this.take(1, K.CASCADE) !== undefined) },
        { ALT: () => void this.take(1, K.RESTRICT) },
      ]);
    });
    return cascade;
  });

  // TRUNCATE TABLE? relation ( ',' relation )* ( ( RESTART | CONTINUE ) IDENTITY )? ( CASCADE | RESTRICT )?
  readonly truncate: Rule<[], SourceStatement> = this.RULE('truncate', () => {
    const { ordinal } = this.take(1, K.TRUNCATE);
    this.OPTION1(() => this.take(1, K.TABLE));
    const only: boolean[] = [];
    const tables = this.list(1, () => {
      let isOnly = false;
      this.OPTION2(() => (isOnly = this.take(1, K.ONLY) !== undefined));
      only.push(isOnly);
      const name = this.SUBRULE(this.anyName);
      this.OPTION3(() => this.take(1, T.Star));
      return name;
    });
    let restartIdentity = false;
    this.OPTION4(() => {
      this.OR([
        { ALT: () => void (restartIdentity = this.take(1, K.RESTART) !== undefined) },
        { ALT: () => void this.take(1, K.CONTINUE) },
      ]);
      this.take(1, K.IDENTITY);
    });
    const cascade = this.SUBRULE(this.cascade);
    return { op: 'truncate', at: ordinal, tables, restartIdentity, cascade, only } as SourceStatement;
  });

  // ANALYZE VERBOSE? ( name ( ',' name )* )?
  readonly analyze: Rule<[], SourceStatement> = this.RULE('analyze', () => {
    const { ordinal } = this.OR([{ ALT: () => this.take(1, K.ANALYZE) }, { ALT: () => this.take(1, K.ANALYSE) }]);
    this.OPTION1(() => this.take(1, K.VERBOSE));
    this.OPTION2(() => this.refuse('ANALYZE with options', this.take(1, T.LeftParen)));
    let tables: SourceName[] = [];
    this.OPTION3(() => {
      tables = this.list(1, () => {
        const name = this.SUBRULE(this.anyName);
        this.OPTION4(() => this.refuse('ANALYZE of single columns', this.take(2, T.LeftParen)));
        return name;
      });
    });
    return { op: 'analyze', at: ordinal, tables } as SourceStatement;
  });
}
