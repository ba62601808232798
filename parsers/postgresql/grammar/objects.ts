/**
 * Schemas, views, routines, ALTER, COMMENT and what goes with them. These statements are long lists of small phrases told apart by
 * their words, so they are read word by word; columns, constraints, types, expressions and queries are rules of the other grammars.
 */

import { syntaxError } from '../../../engine/sblr/parse-error.ts';
import type {
  SourceAlterActionNode,
  SourceConstraint,
  SourceExpression,
  SourceName,
  SourceOption,
  SourceStatement,
  SourceType,
} from '../../../engine/sblr/source.gen.ts';
import type { GrammarOptions, Rule } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import { constant, nameOf } from '../lower.ts';
import { recursiveView } from '../lower-definition.ts';
import * as T from '../tokens.ts';
import type { ChangeGrammar } from './changes.ts';
import type { DefinitionGrammar } from './definitions.ts';
import { MadeTypeGrammar } from './made-types.ts';

type Action = SourceAlterActionNode;
type AlterKind = Extract<SourceStatement, { op: 'alter' }>['kind'];

const EMPTY_ACTION = {
  op: 'alterAction',
  ...{ name: null, to: null, column: null, constraint: null, type: null, collation: null },
  ...{ expression: null, options: [], ifExists: false, cascade: false, table: null, bound: null },
} as const;

const action = (token: SqlToken, kind: Action['kind'], more: Partial<Action> = {}): Action => ({
  ...EMPTY_ACTION,
  at: token.ordinal,
  kind,
  ...more,
});

const ALTERED: readonly AlterKind[] = ['table', 'index', 'sequence', 'view', 'schema', 'function', 'procedure', 'routine'];
const ROUTINES: readonly string[] = ['function', 'procedure', 'routine'];
const CONSTRAINT_WORDS = ['constraint', 'check', 'unique', 'primary', 'foreign', 'exclude'];

/** What COMMENT names by a name alone, and by a name ON another one. */
const COMMENTED = [
  'table',
  'column',
  'index',
  'sequence',
  'view',
  'schema',
  'type',
  'domain',
  'database',
  'role',
  'extension',
  'statistics',
];
const COMMENTED_ON = ['constraint', 'trigger', 'policy', 'rule'];

export class ObjectGrammar extends MadeTypeGrammar {
  private readonly definitions: () => DefinitionGrammar;

  /** `definitions` reads a CREATE TABLE and the like inside CREATE SCHEMA. */
  constructor(queries: () => ChangeGrammar, definitions: () => DefinitionGrammar, options: GrammarOptions = {}) {
    super(queries, options);
    this.definitions = definitions;
    this.performSelfAnalysis();
  }

  readonly object: Rule<[], SourceStatement> = this.RULE('object', () => {
    if (this.RECORDING_PHASE) return this.take(1, T.ColumnLabel) as never;
    const start = this.next(1);
    switch (start.value) {
      case 'create':
        return this.created();
      case 'alter':
        return this.altered();
      case 'comment':
        return this.commented();
      case 'drop':
        return this.droppedRoutine();
      case 'reindex':
        return this.reindexed();
      case 'set':
        return this.constraintsSet();
      case 'call': {
        this.word('call');
        const call = this.SUBRULE(this.expression);
        if (call.op !== 'call') this.unexpected(start);
        return { op: 'callProcedure', at: start.ordinal, call } as SourceStatement;
      }
      default:
        return this.unexpected(start);
    }
  });

  // ---- CREATE ----

  private created(): SourceStatement {
    const start = this.word('create');
    const replace = this.accept('or');
    if (replace) this.word('replace');
    if (this.is('function') || this.is('procedure')) return this.routine(start, replace);
    if (this.is('schema') && !replace) return this.schema(start);
    if (this.is('type') && !replace) return this.createdType(start);
    if (this.is('domain') && !replace) return this.createdDomain(start);
    this.acceptOne('global', 'local');
    const isTemporary = this.acceptOne('temporary', 'temp') !== null;
    const recursive = this.accept('recursive');
    this.word('view');
    const name = this.SUBRULE(this.anyName);
    const columns = this.isNext(1, T.LeftParen) ? this.SUBRULE(this.columnNames) : [];
    const options = this.is('with') ? this.SUBRULE(this.withOptions) : [];
    this.word('as');
    const query = this.SUBRULE(this.query);
    const own = { op: 'createView' as const, at: start.ordinal, name, persistence: persistenceOf(isTemporary), replace };
    const whole = recursive ? recursiveView(query, name, columns) : query;
    if (recursive && columns.length === 0) this.unexpected(this.next(1));
    return { ...own, columns, options, query: whole, check: this.checkOption() };
  }

  // ( WITH ( CASCADED | LOCAL )? CHECK OPTION )?
  private checkOption(): 'none' | 'local' | 'cascaded' {
    if (!this.accept('with')) return 'none';
    const word = this.acceptOne('cascaded', 'local');
    this.word('check');
    this.word('option');
    return word?.value === 'local' ? 'local' : 'cascaded';
  }

  private schema(start: SqlToken): SourceStatement {
    this.word('schema');
    const ifNotExists = this.is('if') && this.is('not', 2);
    if (ifNotExists) for (const one of ['if', 'not', 'exists']) this.word(one);
    const name = this.is('authorization') ? null : this.columnId(0);
    const role = this.accept('authorization') ? this.roleName() : null;
    if (name === null && role === null) this.unexpected(this.next(1));
    const elements: SourceStatement[] = [];
    while (this.is('create')) elements.push(this.element());
    if (this.is('grant')) this.refuse('GRANT in CREATE SCHEMA', this.next(1));
    if (ifNotExists && elements.length > 0)
      throw syntaxError('CREATE SCHEMA IF NOT EXISTS cannot include schema elements', this.next(0).startOffset);
    return { op: 'createSchema', at: start.ordinal, name, role, ifNotExists, elements };
  }

  private element(): SourceStatement {
    const behind = this.is('temporary', 2) || this.is('temp', 2) ? 3 : 2;
    if (['view', 'recursive', 'or'].some((word) => this.is(word, behind))) return this.created();
    const lender = this.definitions();
    return this.delegate(lender, lender.definition);
  }

  // ---- ALTER ----

  private altered(): SourceStatement {
    const start = this.word('alter');
    if (this.is('type') || this.is('domain')) return this.alteredType(start, this.is('type') ? 'type' : 'domain');
    const kind = ALTERED.find((one) => this.is(one));
    if (kind === undefined) return this.unexpected(this.next(1));
    this.word(kind);
    const ifExists = this.ifExists();
    const only = kind === 'table' && this.accept('only');
    if (kind === 'index' && this.is('all')) this.refuse('ALTER INDEX ALL IN TABLESPACE', this.next(1));
    const name = this.SUBRULE(this.anyName);
    if (kind === 'table' && this.isNext(1, T.Star)) this.take(0, T.Star);
    const own = { op: 'alter' as const, at: start.ordinal, kind, name, ifExists, only };
    const { types, given } = ROUTINES.includes(kind) ? this.routineTypes() : { types: [], given: false };
    return { ...own, arguments: types, argumentsGiven: given, actions: this.actions(kind) };
  }

  private actions(kind: AlterKind): Action[] {
    const single = this.wholeAction(kind);
    if (single !== null) return [single];
    if (kind === 'table') {
      const actions = [this.tableAction()];
      while (this.isNext(1, T.Comma)) {
        this.take(0, T.Comma);
        actions.push(this.tableAction());
      }
      return actions;
    }
    if (kind === 'sequence') return [this.sequenceAction()];
    if (kind === 'view' || kind === 'index') return [this.plainAction(kind)];
    if (kind === 'schema') return this.unexpected(this.next(1));
    const start = this.next(1);
    const options = this.routineOptions();
    if (options.length === 0) return this.unexpected(this.next(1));
    this.acceptOne('restrict');
    return [action(start, 'routineOptions', { options })];
  }

  /** RENAME, SET SCHEMA, OWNER TO: of nearly everything. */
  private wholeAction(kind: AlterKind): Action | null {
    const start = this.next(1);
    if (this.accept('rename')) {
      if (this.accept('to')) return action(start, 'renameTo', { to: this.columnId(0) });
      if (kind !== 'table' && kind !== 'view') return this.unexpected(this.next(1));
      const isConstraint = this.accept('constraint');
      if (!isConstraint) this.accept('column');
      const name = this.columnId(0);
      this.word('to');
      return action(start, isConstraint ? 'renameConstraint' : 'renameColumn', { name, to: this.columnId(0) });
    }
    if (this.is('set') && this.is('schema', 2) && kind !== 'schema') {
      this.word('set');
      this.word('schema');
      return action(start, 'setSchema', { to: this.columnId(0) });
    }
    if (kind === 'table' || !this.accept('owner')) return null;
    this.word('to');
    return action(start, 'ownerTo', { to: this.roleName() });
  }

  private tableAction(): Action {
    const start = this.next(1);
    if (this.accept('add')) return this.adding(start);
    if (this.accept('drop')) return this.dropping(start);
    if (this.accept('alter')) return this.alteringColumn(start);
    if (this.accept('validate')) {
      this.word('constraint');
      return action(start, 'validateConstraint', { name: this.columnId(0) });
    }
    if (this.accept('owner')) {
      this.word('to');
      return action(start, 'ownerTo', { to: this.roleName() });
    }
    if (this.accept('reset')) return action(start, 'resetOptions', { options: this.optionList() });
    if (this.accept('set')) return this.tableSetting(start);
    if (this.accept('cluster')) {
      this.word('on');
      this.columnId(0);
      return action(start, 'noEffect');
    }
    if (this.accept('replica')) {
      this.word('identity');
      if (this.accept('using')) {
        this.word('index');
        this.columnId(0);
      } else if (this.acceptOne('default', 'full', 'nothing') === null) return this.unexpected(this.next(1));
      return action(start, 'noEffect');
    }
    const security = this.rowSecurity(start);
    if (security !== null) return security;
    const family = this.familyAction(start);
    if (family !== null) return family;
    for (const word of ['enable', 'disable', 'force', 'no', 'of', 'not'])
      if (this.is(word)) this.refuse(`ALTER TABLE ${word.toUpperCase()} ${this.next(2).image.toUpperCase()}`, start);
    return this.unexpected(start);
  }

  // ( ENABLE | DISABLE | NO? FORCE ) ROW LEVEL SECURITY
  private rowSecurity(start: SqlToken): Action | null {
    const isNegated = this.is('no') && this.is('force', 2);
    if (!this.is('row', isNegated ? 3 : 2)) return null;
    if (isNegated) this.word('no');
    const word = this.acceptOne('enable', 'disable', 'force');
    if (word === null) return null;
    for (const one of ['row', 'level', 'security']) this.word(one);
    const kind = `${isNegated ? 'noForce' : word.value}RowSecurity` as Action['kind'];
    return action(start, kind);
  }

  // ATTACH PARTITION name bound | DETACH PARTITION name CONCURRENTLY? | NO? INHERIT name
  private familyAction(start: SqlToken): Action | null {
    if (this.accept('attach')) {
      this.word('partition');
      const table = this.SUBRULE(this.anyName);
      return action(start, 'attachPartition', { table, bound: this.partitionBound() });
    }
    if (this.accept('detach')) {
      this.word('partition');
      const table = this.SUBRULE(this.anyName);
      if (this.is('finalize')) this.refuse('DETACH PARTITION FINALIZE', start);
      this.accept('concurrently');
      return action(start, 'detachPartition', { table });
    }
    const isNot = this.is('no') && this.is('inherit', 2);
    if (isNot) this.word('no');
    if (!this.accept('inherit')) return null;
    return action(start, isNot ? 'noInherit' : 'inherit', { table: this.SUBRULE(this.anyName) });
  }

  private tableSetting(start: SqlToken): Action {
    if (this.isNext(1, T.LeftParen)) return action(start, 'setOptions', { options: this.optionList() });
    if (this.accept('logged')) return action(start, 'setLogged');
    if (this.accept('unlogged')) return action(start, 'setUnlogged');
    if (this.accept('without')) {
      if (this.acceptOne('cluster', 'oids') === null) return this.unexpected(this.next(1));
      return action(start, 'noEffect');
    }
    if (this.is('tablespace') || this.is('access')) this.refuse(`ALTER TABLE SET ${this.next(1).image.toUpperCase()}`, start);
    return this.unexpected(this.next(1));
  }

  private adding(start: SqlToken): Action {
    if (CONSTRAINT_WORDS.some((word) => this.is(word))) {
      const constraint: SourceConstraint = this.SUBRULE(this.tableConstraint);
      return action(start, 'addConstraint', { constraint });
    }
    this.accept('column');
    const ifExists = this.is('if') && this.is('not', 2);
    if (ifExists) for (const one of ['if', 'not', 'exists']) this.word(one);
    this.typed = true;
    return action(start, 'addColumn', { column: this.SUBRULE(this.columnDefinition), ifExists });
  }

  private dropping(start: SqlToken): Action {
    const kind = this.accept('constraint') ? 'dropConstraint' : 'dropColumn';
    if (kind === 'dropColumn') this.accept('column');
    const ifExists = this.ifExists();
    const name = this.columnId(0);
    return action(start, kind, { name, ifExists, cascade: this.cascades() });
  }

  private alteringColumn(start: SqlToken): Action {
    if (this.accept('constraint')) {
      const name = this.columnId(0);
      const { deferrable, deferred } = this.deferral();
      const flag = (word: string, value: boolean): SourceOption => ({
        ...{ op: 'option', at: start.ordinal, name: word, value: constant(start.ordinal, 'boolean', String(value)) },
      });
      return action(start, 'alterConstraint', { name, options: [flag('deferrable', deferrable), flag('deferred', deferred)] });
    }
    this.accept('column');
    const column = this.next(1);
    const name = column.tokenType === T.IntegerLiteral ? this.unexpected(column) : this.columnId(0);
    if (this.accept('type')) return this.typeChange(start, name);
    if (this.accept('reset')) return action(start, 'noEffect', { name, options: this.optionList() });
    if (this.accept('restart'))
      return action(start, 'setIdentity', { name, options: [this.restartOption(start), ...this.identityChanges()] });
    if (this.accept('add')) {
      const constraint = { ...this.SUBRULE(this.columnConstraint) };
      if (!constraint.kind.startsWith('identity')) this.unexpected(start);
      return action(start, 'addIdentity', { name, constraint });
    }
    if (this.accept('drop')) return this.columnDropping(start, name);
    this.word('set');
    return this.columnSetting(start, name);
  }

  private restartOption(start: SqlToken): SourceOption {
    this.accept('with');
    const isNumber = this.isNext(1, T.IntegerLiteral) || this.isNext(1, T.Minus) || this.isNext(1, T.Plus);
    return { op: 'option', at: start.ordinal, name: 'restart', value: isNumber ? this.SUBRULE(this.signedNumber) : null };
  }

  private columnDropping(start: SqlToken, name: string): Action {
    if (this.accept('default')) return action(start, 'dropDefault', { name });
    if (this.accept('not')) {
      this.word('null');
      return action(start, 'dropNotNull', { name });
    }
    const kind = this.acceptOne('expression', 'identity');
    if (kind === null) return this.unexpected(this.next(1));
    return action(start, kind.value === 'expression' ? 'dropExpression' : 'dropIdentity', { name, ifExists: this.ifExists() });
  }

  private columnSetting(start: SqlToken, name: string): Action {
    if (this.accept('data')) {
      this.word('type');
      return this.typeChange(start, name);
    }
    if (this.accept('default')) return action(start, 'setDefault', { name, expression: this.SUBRULE(this.expression) });
    if (this.accept('not')) {
      this.word('null');
      return action(start, 'setNotNull', { name });
    }
    if (this.isNext(1, T.LeftParen)) return action(start, 'noEffect', { name, options: this.optionList() });
    if (this.accept('statistics')) {
      this.SUBRULE(this.signedNumber);
      return action(start, 'noEffect', { name });
    }
    if (this.acceptOne('storage', 'compression') !== null) {
      this.take(0, T.ColumnLabel);
      return action(start, 'noEffect', { name });
    }
    if (this.is('expression')) this.refuse('ALTER COLUMN SET EXPRESSION', start);
    return action(start, 'setIdentity', { name, options: this.identityChanges(true) });
  }

  /** ( SET ( GENERATED ( ALWAYS | BY DEFAULT ) | option ) | RESTART ... )*; `isSet`: the first SET is read. */
  private identityChanges(isSet = false): SourceOption[] {
    const options: SourceOption[] = [];
    for (let set = isSet || this.accept('set'); set || this.is('restart'); set = this.accept('set')) {
      const start = this.next(1);
      if (!set) {
        this.word('restart');
        options.push(this.restartOption(start));
      } else if (this.accept('generated')) {
        const always = this.accept('always');
        if (!always) for (const word of ['by', 'default']) this.word(word);
        options.push({
          ...{ op: 'option', at: start.ordinal, name: 'generated' },
          value: constant(start.ordinal, 'string', always ? 'always' : 'byDefault'),
        });
      } else options.push(this.SUBRULE(this.sequenceOption));
    }
    return options;
  }

  private typeChange(start: SqlToken, name: string): Action {
    const type = this.SUBRULE(this.typeName);
    const collation = this.accept('collate') ? this.SUBRULE(this.anyName) : null;
    const expression = this.accept('using') ? this.SUBRULE(this.expression) : null;
    return action(start, 'setType', { name, type, collation, expression });
  }

  private sequenceAction(): Action {
    const start = this.next(1);
    if (this.is('set') && this.is('logged', 2)) {
      this.word('set');
      this.word('logged');
      return action(start, 'setLogged');
    }
    if (this.is('set') && this.is('unlogged', 2)) {
      this.word('set');
      this.word('unlogged');
      return action(start, 'setUnlogged');
    }
    const { options, type } = this.SUBRULE(this.sequenceOptions);
    if (options.length === 0 && type === null) return this.unexpected(this.next(1));
    return action(start, 'sequenceOptions', { options, type });
  }

  /** Of views and indexes. */
  private plainAction(kind: AlterKind): Action {
    const start = this.next(1);
    if (kind === 'index' && this.accept('attach')) {
      this.word('partition');
      return action(start, 'attachPartition', { table: this.SUBRULE(this.anyName) });
    }
    if (this.accept('set')) {
      if (this.is('tablespace')) this.refuse('SET TABLESPACE', start);
      return action(start, 'setOptions', { options: this.optionList() });
    }
    if (this.accept('reset')) return action(start, 'resetOptions', { options: this.optionList() });
    if (!this.accept('alter')) return this.unexpected(start);
    this.accept('column');
    if (kind === 'index') {
      this.take(0, T.IntegerLiteral);
      for (const word of ['set', 'statistics']) this.word(word);
      this.SUBRULE(this.signedNumber);
      return action(start, 'noEffect');
    }
    const name = this.columnId(0);
    if (this.accept('drop')) {
      this.word('default');
      return action(start, 'dropDefault', { name });
    }
    this.word('set');
    this.word('default');
    return action(start, 'setDefault', { name, expression: this.SUBRULE(this.expression) });
  }

  /** '(' name ( '=' value )? ( ',' ... )* ')' */
  private optionList(): SourceOption[] {
    const options: SourceOption[] = [];
    this.take(0, T.LeftParen);
    do {
      const parts = [this.take(0, T.ColumnLabel)];
      if (this.isNext(1, T.Dot)) {
        this.take(0, T.Dot);
        parts.push(this.take(0, T.ColumnLabel));
      }
      let value: SourceExpression | null = null;
      if (this.isNext(1, T.Equal)) {
        this.take(0, T.Equal);
        value = this.SUBRULE(this.optionValue);
      }
      options.push({ op: 'option', at: parts[0].ordinal, name: parts.map((part) => part.value).join('.'), value });
    } while (this.isNext(1, T.Comma) && this.take(0, T.Comma) !== undefined);
    this.take(0, T.RightParen);
    return options;
  }

  private deferral(): { deferrable: boolean; deferred: boolean } {
    let deferrable = false;
    let deferred = false;
    for (;;) {
      if (this.accept('deferrable')) deferrable = true;
      else if (this.is('not') && this.is('deferrable', 2)) for (const word of ['not', 'deferrable']) this.word(word);
      else if (this.accept('initially')) {
        deferred = this.accept('deferred');
        if (deferred) deferrable = true;
        else this.word('immediate');
      } else return { deferrable, deferred };
    }
  }

  // ---- COMMENT, DROP, REINDEX, SET CONSTRAINTS ----

  private commented(): SourceStatement {
    const { ordinal } = this.word('comment');
    this.word('on');
    const word = this.next(1);
    const kind = word.value;
    let name: SourceName;
    let of: SourceName | null = null;
    let routine: { types: SourceType[]; given: boolean } = { types: [], given: false };
    if (COMMENTED.includes(kind) || COMMENTED_ON.includes(kind) || ROUTINES.includes(kind)) this.take(0, T.ColumnLabel);
    else return this.refuse(`COMMENT ON ${word.image.toUpperCase()}`, word);
    if (COMMENTED_ON.includes(kind)) {
      name = nameOf([this.take(0, T.ColumnId)]);
      this.word('on');
      if (kind === 'constraint' && this.is('domain')) this.refuse('COMMENT ON CONSTRAINT ON DOMAIN', word);
      of = this.SUBRULE(this.anyName);
    } else name = this.SUBRULE(this.anyName);
    if (ROUTINES.includes(kind)) routine = this.routineTypes();
    this.word('is');
    const text = this.accept('null') ? null : this.take(0, T.StringLiteral).value;
    const { types, given } = routine;
    return { op: 'comment', at: ordinal, kind, name, of, arguments: types, argumentsGiven: given, text };
  }

  private droppedRoutine(): SourceStatement {
    const { ordinal } = this.word('drop');
    const kind = this.next(1).value as 'function' | 'procedure' | 'routine';
    this.word(kind);
    const ifExists = this.ifExists();
    const routines: Extract<SourceStatement, { op: 'dropRoutine' }>['routines'][number][] = [];
    do {
      const name = this.SUBRULE(this.anyName);
      const { types, given } = this.routineTypes();
      routines.push({ op: 'routineName', at: name.at, name, arguments: types, argumentsGiven: given });
    } while (this.isNext(1, T.Comma) && this.take(0, T.Comma) !== undefined);
    return { op: 'dropRoutine', at: ordinal, kind, routines, ifExists, cascade: this.cascades() };
  }

  private reindexed(): SourceStatement {
    const { ordinal } = this.word('reindex');
    if (this.isNext(1, T.LeftParen)) this.optionList();
    const kind = (['index', 'table', 'schema', 'database', 'system'] as const).find((one) => this.is(one));
    if (kind === undefined) return this.unexpected(this.next(1));
    this.word(kind);
    this.accept('concurrently');
    const isNamed = kind === 'index' || kind === 'table' || kind === 'schema' || this.isNext(1, T.ColumnId);
    const name = isNamed ? this.SUBRULE(this.anyName) : null;
    return { op: 'reindex', at: ordinal, kind, name };
  }

  private constraintsSet(): SourceStatement {
    const { ordinal } = this.word('set');
    this.word('constraints');
    const names: SourceName[] = [];
    if (!this.accept('all')) {
      do names.push(this.SUBRULE(this.anyName));
      while (this.isNext(1, T.Comma) && this.take(0, T.Comma) !== undefined);
    }
    const word = this.acceptOne('deferred', 'immediate');
    if (word === null) return this.unexpected(this.next(1));
    return { op: 'setConstraints', at: ordinal, names, deferred: word.value === 'deferred' };
  }
}

const persistenceOf = (isTemporary: boolean): 'temporary' | 'permanent' => (isTemporary ? 'temporary' : 'permanent');
