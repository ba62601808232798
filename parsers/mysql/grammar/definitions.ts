/** CREATE and DROP of tables, indexes and databases; columns and keys. */

import { plainError } from '../../../engine/sblr/parse-error.ts';
import type {
  SourceColumnDef,
  SourceConstraint,
  SourceExpression,
  SourceName,
  SourceStatement,
} from '../../../engine/sblr/source.gen.ts';
import { columnOf, keyName, nameOf, ownName } from '../lower.ts';
import { LEVEL } from '../precedence.ts';
import * as T from '../tokens.ts';
import { TypeGrammar } from './types.ts';

type IndexElement = Extract<SourceStatement, { op: 'createIndex' }>['elements'][number];
type Action = SourceConstraint['onDelete'];

/** Engines of MySQL's whose tables behave as those here do. */
const ENGINES = new Set(['innodb', 'scratchbird']);

const EMPTY_CONSTRAINT: Omit<SourceConstraint, 'at' | 'kind'> = {
  ...{ op: 'constraint', name: null, expression: null, columns: [], nullsDistinct: true, table: null, referenced: [] },
  ...{ onDelete: 'noAction', onUpdate: 'noAction', deferrable: false, initiallyDeferred: false, options: [], match: 'simple' },
  ...{ deleteColumns: [], include: [], index: null, notValid: false },
};
const constraint = (at: number, kind: SourceConstraint['kind'], more: Partial<SourceConstraint> = {}): SourceConstraint => ({
  ...EMPTY_CONSTRAINT,
  at,
  kind,
  ...more,
});

export abstract class DefinitionGrammar extends TypeGrammar {
  protected create(): SourceStatement {
    const { ordinal: at } = this.word('create');
    if (this.isOne('database', 'schema')) return this.createDatabase(at);
    const unique = this.accept('unique');
    if (this.is('fulltext') || this.is('spatial')) this.refuse(`${this.next(1).value.toUpperCase()} INDEX`);
    if (unique || this.is('index')) return this.createIndex(at, unique);
    const temporary = this.accept('temporary');
    if (this.accept('table')) return this.createTable(at, temporary);
    if (this.isOne('view', 'or', 'trigger', 'procedure', 'function', 'event', 'user', 'role', 'algorithm', 'definer', 'server'))
      this.refuse(`CREATE ${this.next(1).value.toUpperCase()}`);
    return this.unexpected(this.next(1));
  }

  private createDatabase(at: number): SourceStatement {
    this.any();
    const ifNotExists = this.ifNotExists();
    const name = this.identifier().value;
    this.tableOptions();
    return { op: 'createSchema', at, name, role: null, ifNotExists, elements: [] };
  }

  // CREATE UNIQUE? INDEX name ON table '(' elements ')'
  private createIndex(at: number, unique: boolean): SourceStatement {
    this.word('index');
    const name = this.identifier().value;
    this.indexType();
    this.word('on');
    const table = this.tableName();
    const elements = this.indexElements();
    this.indexOptions();
    return {
      ...{
        op: 'createIndex',
        at,
        name: keyName(table, name),
        table,
        unique,
        concurrently: false,
        ifNotExists: false,
        method: null,
        elements,
      },
      ...{ include: [], nullsDistinct: true, where: null, only: false },
    };
  }

  private indexElements(): IndexElement[] {
    return this.inParens(() =>
      this.items((): IndexElement => {
        if (this.isNext(1, T.LeftParen)) this.refuse('an index over an expression');
        const name = this.identifier();
        if (this.isNext(1, T.LeftParen)) this.refuse('an index over a part of a column');
        const descending = this.acceptOne('asc', 'desc') === 'desc';
        const expression = columnOf(nameOf([name]));
        return {
          op: 'indexElement',
          at: name.ordinal,
          expression,
          collation: null,
          operatorClass: null,
          descending,
          nulls: 'default',
        };
      }),
    );
  }

  // USING BTREE
  private indexType(): void {
    if (this.accept('using') && this.acceptOne('btree', 'hash') === null) this.unexpected(this.next(1));
  }

  private indexOptions(): void {
    for (;;) {
      if (this.is('using')) this.indexType();
      else if (this.accept('comment')) this.take(0, T.StringLiteral);
      else if (!this.accept('visible')) return;
    }
  }

  // ---- tables ----

  private createTable(at: number, temporary: boolean): SourceStatement {
    const ifNotExists = this.ifNotExists();
    const name = this.tableName();
    if (this.is('like') || (this.isNext(1, T.LeftParen) && this.is('like', 2))) this.refuse('CREATE TABLE LIKE');
    const columns: SourceColumnDef[] = [];
    const constraints: SourceConstraint[] = [];
    if (this.isNext(1, T.LeftParen) && !this.isQueryAhead())
      this.inParens(() => this.items(() => this.element(columns, constraints)));
    mustDiffer(columns);
    nameKeys(name, constraints);
    this.tableOptions();
    if (this.is('partition')) this.refuse('PARTITION BY');
    const hasQuery = this.accept('as') || this.isOne('select', 'with', 'values', 'table') || this.isNext(1, T.LeftParen);
    if (hasQuery && columns.length > 0) this.refuse('CREATE TABLE of columns and a query');
    const as = hasQuery ? this.query() : null;
    return {
      ...{
        op: 'createTable',
        at,
        name,
        persistence: temporary ? 'temporary' : 'permanent',
        ifNotExists,
        columns,
        constraints,
        as,
      },
      ...{
        withData: true,
        onCommit: 'none',
        options: [],
        likes: [],
        inherits: [],
        partitionOf: null,
        bound: null,
        partitionBy: null,
      },
    };
  }

  private element(columns: SourceColumnDef[], constraints: SourceConstraint[]): void {
    const start = this.next(1);
    const at = start.ordinal;
    if (this.isOne('fulltext', 'spatial')) this.refuse(`${start.value.toUpperCase()} INDEX`);
    if (this.isOne('index', 'key')) this.refuse('INDEX in CREATE TABLE');
    const name = this.accept('constraint') && this.isNext(1, T.Identifier) ? this.identifier().value : null;
    if (this.accept('primary', 'key')) {
      this.indexType();
      constraints.push(constraint(at, 'primaryKey', { columns: this.keyColumns() }));
    } else if (this.accept('unique')) {
      this.acceptOne('index', 'key');
      const own = this.isNext(1, T.Identifier) && !this.is('using') ? this.identifier().value : name;
      this.indexType();
      constraints.push(constraint(at, 'unique', { name: own, columns: this.keyColumns() }));
    } else if (this.accept('foreign', 'key')) {
      const own = this.isNext(1, T.Identifier) ? this.identifier().value : null;
      constraints.push(constraint(at, 'references', { name: name ?? own, columns: this.columnNames(), ...this.references() }));
    } else if (this.is('check')) constraints.push(this.check(at, name));
    else if (name !== null) this.unexpected(this.next(1));
    else columns.push(this.column(constraints));
  }

  private keyColumns(): string[] {
    const columns = this.indexElements().map(({ expression }) => (expression as { readonly name: SourceName }).name.parts[0]);
    this.indexOptions();
    return columns;
  }

  private check(at: number, name: string | null): SourceConstraint {
    this.word('check');
    const expression = this.inParens(() => this.expression());
    if (this.is('not')) this.refuse('NOT ENFORCED');
    this.accept('enforced');
    return constraint(at, 'check', { name, expression });
  }

  // REFERENCES table columns ( ON ( DELETE | UPDATE ) action )*
  private references(): Partial<SourceConstraint> {
    this.word('references');
    const table = this.tableName();
    const referenced = this.columnNames();
    let onDelete: Action = 'noAction';
    let onUpdate: Action = 'noAction';
    if (this.is('match')) this.refuse('MATCH');
    while (this.accept('on')) {
      if (this.accept('delete')) onDelete = this.action();
      else {
        this.word('update');
        onUpdate = this.action();
      }
    }
    return { table, referenced, onDelete, onUpdate };
  }

  private action(): Action {
    if (this.accept('cascade')) return 'cascade';
    if (this.accept('restrict')) return 'restrict';
    if (this.accept('set', 'null')) return 'setNull';
    if (this.is('set')) this.refuse('SET DEFAULT of a foreign key');
    this.word('no', 'action');
    return 'noAction';
  }

  // name type ( NOT NULL | NULL | DEFAULT value | UNIQUE KEY? | PRIMARY? KEY | CHECK ... | COMMENT text )*
  private column(keys: SourceConstraint[]): SourceColumnDef {
    const name = this.identifier();
    const type = this.columnType();
    const constraints: SourceConstraint[] = [];
    for (;;) {
      const { ordinal: at } = this.next(1);
      if (this.accept('not', 'null')) constraints.push(constraint(at, 'notNull'));
      else if (this.accept('null')) constraints.push(constraint(at, 'null'));
      else if (this.accept('default')) constraints.push(constraint(at, 'default', { expression: this.defaultValue() }));
      else if (this.accept('unique')) {
        this.accept('key');
        keys.push(constraint(at, 'unique', { columns: [name.value] }));
      } else if (this.is('primary') || this.is('key')) {
        this.accept('primary');
        this.word('key');
        keys.push(constraint(at, 'primaryKey', { columns: [name.value] }));
      } else if (this.is('check')) constraints.push(this.check(at, null));
      else if (this.accept('comment')) this.take(0, T.StringLiteral);
      else if (this.accept('collate')) this.collation();
      else if (this.is('auto_increment')) this.refuse('AUTO_INCREMENT');
      else if (this.is('on')) this.refuse('ON UPDATE CURRENT_TIMESTAMP');
      else if (this.isOne('generated', 'as')) this.refuse('a generated column');
      else if (this.is('references')) this.refuse('REFERENCES of a column');
      else break;
    }
    return { op: 'columnDef', at: name.ordinal, name: name.value, type, collation: null, constraints };
  }

  /** A literal, CURRENT_TIMESTAMP, or an expression in parentheses. */
  private defaultValue(): SourceExpression {
    if (this.isNext(1, T.LeftParen)) return this.inParens(() => this.expression());
    if (!this.isOperator('-') && !this.isOperator('+')) return this.atom();
    return this.expression(LEVEL.sign);
  }

  // ( ENGINE =? name | CHARSET =? name | COLLATE =? name | COMMENT =? text | AUTO_INCREMENT =? n | ROW_FORMAT =? name ,? )*
  private tableOptions(): void {
    for (;;) {
      this.acceptToken(T.Comma);
      const isDefault = this.accept('default');
      const equals = (): void => void this.acceptOperator('=');
      if (this.accept('character', 'set') || this.accept('charset')) {
        equals();
        this.charset();
      } else if (this.accept('collate')) {
        equals();
        this.collation();
      } else if (isDefault) this.unexpected(this.next(1));
      else if (this.accept('engine')) {
        equals();
        const engine = this.isNext(1, T.StringLiteral) ? this.any() : this.take(0, T.Word);
        if (!ENGINES.has(engine.value.toLowerCase())) this.refuse(`the storage engine ${engine.value}`, engine);
      } else if (
        this.acceptOne('comment', 'row_format', 'auto_increment', 'stats_persistent', 'encryption', 'key_block_size') !== null
      ) {
        equals();
        this.any();
      } else return;
    }
  }

  // ---- DROP ----

  protected drop(): SourceStatement {
    const { ordinal: at } = this.word('drop');
    if (this.accept('database') || this.accept('schema')) {
      const ifExists = this.ifExists();
      const name = this.identifier();
      return { op: 'drop', at, kind: 'schema', names: [nameOf([name])], ifExists, cascade: true, concurrently: false };
    }
    if (this.accept('index')) return this.dropIndex(at);
    this.accept('temporary');
    if (this.accept('table') || this.accept('tables')) {
      const ifExists = this.ifExists();
      const names = this.items(() => this.tableName());
      this.acceptOne('restrict', 'cascade');
      return { op: 'drop', at, kind: 'table', names, ifExists, cascade: false, concurrently: false };
    }
    if (this.isOne('view', 'trigger', 'procedure', 'function', 'event', 'user', 'role', 'server'))
      this.refuse(`DROP ${this.next(1).value.toUpperCase()}`);
    return this.unexpected(this.next(1));
  }

  private dropIndex(at: number): SourceStatement {
    const index = this.identifier();
    this.word('on');
    const table = this.tableName();
    const name = ownName(index.ordinal, ...table.parts.slice(0, -1), keyName(table, index.value));
    return { op: 'drop', at, kind: 'index', names: [name], ifExists: false, cascade: false, concurrently: false };
  }
}

/** Keys get the engine's names; those without a name the one of their first column. */
function nameKeys(table: SourceName, constraints: SourceConstraint[]): void {
  const taken = new Set(constraints.map(({ kind, name }) => (kind === 'unique' ? name : null)));
  for (const [index, key] of constraints.entries()) {
    if (key.kind === 'primaryKey') constraints[index] = { ...key, name: keyName(table, 'PRIMARY') };
    if (key.kind !== 'unique') continue;
    let name = key.name ?? key.columns[0];
    for (let number = 2; key.name === null && taken.has(name); number++) name = `${key.columns[0]}_${number}`;
    taken.add(name);
    constraints[index] = { ...key, name: keyName(table, name) };
  }
}

/** Names of columns differ in more than the case of their letters. 1060 */
function mustDiffer(columns: readonly SourceColumnDef[]): void {
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name.toLowerCase())) throw plainError('42701', `Duplicate column name '${name}'`);
    seen.add(name.toLowerCase());
  }
}
