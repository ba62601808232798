/** Roles, GRANT and REVOKE, default privileges (policies.ts has policies); read word by word, as in objects.ts. */

import { EOF } from 'chevrotain';
import { syntaxError } from '../../../engine/sblr/parse-error.ts';
import type {
  SourceExpression,
  SourceGrantedRight,
  SourceName,
  SourceOption,
  SourceRoutineName,
  SourceStatement,
} from '../../../engine/sblr/source.gen.ts';
import type { GrammarOptions, Rule } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import { constant } from '../lower.ts';
import * as T from '../tokens.ts';
import type { ChangeGrammar } from './changes.ts';
import { DatabaseGrammar } from './databases.ts';

type Statement<Op extends SourceStatement['op']> = Extract<SourceStatement, { op: Op }>;
type Grant = Statement<'grant'>;

const ROLE_KINDS: readonly string[] = ['role', 'user', 'group'];

/** Options of roles that stand alone; each has an opposite that begins with `no`. */
const SWITCHES: readonly string[] = ['superuser', 'createdb', 'createrole', 'inherit', 'login', 'replication', 'bypassrls'];

/** What stands behind ON: words -> kind of the objects. */
const KINDS: readonly (readonly [string, Grant['kind']])[] = [
  ['table', 'table'],
  ['sequence', 'sequence'],
  ['schema', 'schema'],
  ['database', 'database'],
  ['function', 'function'],
  ['procedure', 'procedure'],
  ['routine', 'routine'],
  ['type', 'type'],
  ['domain', 'domain'],
  ['language', 'language'],
];
const ALL_KINDS: readonly (readonly [string, Grant['kind']])[] = [
  ['tables', 'allTables'],
  ['sequences', 'allSequences'],
  ['functions', 'allFunctions'],
  ['routines', 'allFunctions'],
];
const DEFAULT_KINDS: readonly (readonly [string, Grant['kind']])[] = [
  ['tables', 'table'],
  ['sequences', 'sequence'],
  ['functions', 'function'],
  ['routines', 'function'],
  ['types', 'type'],
  ['schemas', 'schema'],
];
const RIGHTS: readonly string[] = [
  ...['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger', 'usage', 'create', 'connect'],
  ...['temporary', 'temp', 'execute'],
];

export class PrivilegeGrammar extends DatabaseGrammar {
  constructor(queries: () => ChangeGrammar, options: GrammarOptions = {}) {
    super(queries, options);
    this.performSelfAnalysis();
  }

  readonly privilege: Rule<[], SourceStatement> = this.RULE('privilege', () => {
    if (this.RECORDING_PHASE) return this.take(1, T.ColumnLabel) as never;
    const start = this.next(1);
    if (this.is('policy', 2)) return this.policy(start);
    if (this.is('statistics', 2)) return this.statistics(start);
    if (this.is('database', 2) || this.is('extension', 2)) return this.place(start);
    switch (start.value) {
      case 'create':
        return this.roleMade(start);
      case 'alter':
        return this.is('default', 2) ? this.defaults(start) : this.roleAltered(start);
      case 'grant':
        this.word('grant');
        return this.granted(start, false);
      case 'revoke':
        this.word('revoke');
        return this.granted(start, true);
      case 'reassign':
        return this.owned(start, 'reassign');
      case 'drop':
        return this.owned(start, 'drop');
      default:
        return this.unexpected(start);
    }
  });

  // ---- roles ----

  private roleMade({ ordinal: at }: SqlToken): SourceStatement {
    this.word('create');
    const kind = (this.acceptOne(...ROLE_KINDS) ?? this.unexpected(this.next(1))).value as Statement<'createRole'>['kind'];
    const name = this.roleName();
    this.accept('with');
    const options: SourceOption[] = [];
    while (!this.isNext(1, EOF)) options.push(...this.roleOption(true));
    return { op: 'createRole', at, kind, name, options };
  }

  private roleAltered({ ordinal: at }: SqlToken): SourceStatement {
    this.word('alter');
    const kind = (this.acceptOne(...ROLE_KINDS) ?? this.unexpected(this.next(1))).value;
    const all = kind !== 'group' && this.accept('all');
    const name = all ? null : this.roleName();
    const setting = this.roleSetting(at, name);
    if (setting !== null) return setting;
    if (name === null) return this.unexpected(this.next(1));
    if (this.accept('rename')) {
      this.word('to');
      return { op: 'renameRole', at, name, to: this.roleName() };
    }
    if (kind === 'group') {
      const revoke = (this.acceptOne('add', 'drop') ?? this.unexpected(this.next(1))).value === 'drop';
      this.word('user');
      const to = this.items(() => this.roleName());
      return { op: 'grantRole', at, revoke, roles: [name], to, admin: false, cascade: false, grantedBy: null };
    }
    this.accept('with');
    const options: SourceOption[] = [];
    while (!this.isNext(1, EOF)) options.push(...this.roleOption(false));
    return { op: 'alterRole', at, name, options };
  }

  // ( IN DATABASE name )? ( SET name ( TO | '=' ) value | SET name FROM CURRENT | RESET ( name | ALL ) )
  private roleSetting(at: number, name: string | null): SourceStatement | null {
    let database: string | null = null;
    if (this.is('in') && this.is('database', 2)) {
      this.word('in');
      this.word('database');
      database = this.columnId(0);
    }
    if (this.accept('reset')) {
      const setting = this.accept('all') ? null : this.settingPath();
      return { op: 'alterRoleSetting', at, name, database, setting, values: [], reset: true };
    }
    if (!this.accept('set')) return database === null ? null : this.unexpected(this.next(1));
    const setting = this.settingPath();
    if (this.accept('from')) this.refuse('ALTER ROLE SET ... FROM CURRENT', this.word('current'));
    if (!this.accept('to')) this.take(0, T.Equal);
    const values = this.accept('default') ? [] : this.items(() => this.plainValue());
    return { op: 'alterRoleSetting', at, name, database, setting, values, reset: values.length === 0 };
  }

  private settingPath(): string {
    let name = this.columnId(0);
    while (this.acceptToken(T.Dot)) name += `.${this.columnId(0)}`;
    return name;
  }

  private roleOption(isNew: boolean): SourceOption[] {
    const token = this.next(1);
    const option = (name: string, value: SourceExpression | null = null): SourceOption => ({
      op: 'option',
      at: token.ordinal,
      name,
      value,
    });
    const text = (of: SqlToken): SourceExpression => constant(of.ordinal, 'string', of.value);
    const members = (name: string): SourceOption[] =>
      this.items(() => {
        const at = this.next(1).ordinal;
        return option(name, constant(at, 'string', this.roleName()));
      });
    this.acceptOne('encrypted');
    if (this.accept('password')) {
      if (this.is('null')) return [option('password', constant(this.word('null').ordinal, 'null', 'null'))];
      return [option('password', text(this.take(0, T.StringLiteral)))];
    }
    if (this.accept('connection')) {
      this.word('limit');
      return [option('connection limit', this.SUBRULE(this.signedNumber))];
    }
    if (this.accept('valid')) {
      this.word('until');
      return [option('valid until', text(this.take(0, T.StringLiteral)))];
    }
    if (isNew && this.accept('sysid')) return [option('sysid', this.SUBRULE(this.signedNumber))];
    if (isNew && this.accept('in')) {
      this.acceptOne('role', 'group') ?? this.unexpected(this.next(1));
      return members('in role');
    }
    if (isNew && this.accept('admin')) return members('admin');
    if (isNew && this.acceptOne('role', 'user') !== null) return members('role');
    if (!isNew && this.accept('user')) return members('role');
    const word = this.is('inherit') ? this.word('inherit') : this.take(0, T.Identifier);
    if (!SWITCHES.includes(word.value) && !(word.value.startsWith('no') && SWITCHES.includes(word.value.slice(2))))
      this.refuseOption(word);
    return [option(word.value)];
  }

  private refuseOption(word: SqlToken): never {
    throw syntaxError(`unrecognized role option "${word.value}"`, word.startOffset);
  }

  // ---- GRANT, REVOKE ----

  private granted({ ordinal: at }: SqlToken, revoke: boolean): SourceStatement {
    const optionFor = revoke ? this.optionFor() : null;
    const first = this.next(1);
    const rights = this.rights();
    if (!this.is('on')) {
      if (optionFor === 'grant' || rights.some(({ columns }) => columns.length > 0)) return this.unexpected(this.next(1));
      return this.membership(
        at,
        revoke,
        rights.map(({ name }) => name),
        optionFor === 'admin',
      );
    }
    if (optionFor === 'admin') return this.unexpected(first);
    this.checkRights(rights, first);
    this.word('on');
    const target = this.target();
    return { ...this.grant(at, revoke, rights, optionFor === 'grant'), ...target, ...this.receivers(revoke, optionFor !== null) };
  }

  // ( GRANT | ADMIN ) OPTION FOR
  private optionFor(): 'grant' | 'admin' | null {
    const isOption = this.is('option', 2) && (this.is('grant') || this.is('admin'));
    if (!isOption) return null;
    const kind = this.next(1).value as 'grant' | 'admin';
    for (const word of [kind, 'option', 'for']) this.word(word);
    return kind;
  }

  /** Rights, or roles: which of them, only what follows tells. */
  private rights(): SourceGrantedRight[] {
    if (this.is('all')) {
      const { ordinal } = this.word('all');
      this.accept('privileges');
      return [{ op: 'grantedRight', at: ordinal, name: 'all', columns: this.rightColumns() }];
    }
    return this.items(() => {
      const word = this.acceptOne('select', 'references', 'create') ?? this.take(0, T.NonReservedWord);
      return { op: 'grantedRight', at: word.ordinal, name: word.value, columns: this.rightColumns() } as SourceGrantedRight;
    });
  }

  private rightColumns(): string[] {
    return this.isNext(1, T.LeftParen) ? this.SUBRULE(this.columnNames) : [];
  }

  private checkRights(rights: readonly SourceGrantedRight[], first: SqlToken): void {
    for (const { name } of rights) if (name !== 'all' && !RIGHTS.includes(name)) this.unknownRight(name, first);
  }

  private unknownRight(name: string, token: SqlToken): never {
    return this.refuse(`the privilege type ${name}`, token);
  }

  private grant(at: number, revoke: boolean, rights: SourceGrantedRight[], option: boolean): Grant {
    return {
      ...{ op: 'grant', at, revoke, byDefault: false, rights, kind: 'table', names: [], routines: [], roles: [] },
      ...{ option, cascade: false, forRoles: [], inSchemas: [], grantedBy: null },
    };
  }

  // ( TABLE? names | KIND names | ALL KINDS IN SCHEMA names )
  private target(): Pick<Grant, 'kind' | 'names' | 'routines'> {
    if (this.is('all') && ALL_KINDS.some(([word]) => this.is(word, 2))) {
      this.word('all');
      const kind = (ALL_KINDS.find(([word]) => this.accept(word)) as (typeof ALL_KINDS)[number])[1];
      this.word('in');
      this.word('schema');
      return { kind, names: this.names(), routines: [] };
    }
    const found = KINDS.find(([word]) => this.is(word) && !this.isNext(2, T.Comma) && !this.is('to', 2) && !this.is('from', 2));
    const kind = found?.[1] ?? 'table';
    if (found !== undefined) this.word(found[0]);
    if (kind !== 'function' && kind !== 'procedure' && kind !== 'routine') return { kind, names: this.names(), routines: [] };
    return { kind, names: [], routines: this.items(() => this.routineName()) };
  }

  private routineName(): SourceRoutineName {
    const name = this.SUBRULE(this.anyName);
    const { types, given } = this.routineTypes();
    return { op: 'routineName', at: name.at, name, arguments: types, argumentsGiven: given };
  }

  private names(): SourceName[] {
    return this.items(() => this.SUBRULE(this.anyName));
  }

  private receivers(revoke: boolean, hasOption: boolean): Pick<Grant, 'roles' | 'option' | 'cascade' | 'grantedBy'> {
    this.word(revoke ? 'from' : 'to');
    const roles = this.items(() => {
      this.accept('group');
      return this.roleName();
    });
    let option = hasOption;
    if (!revoke && this.is('with')) {
      for (const word of ['with', 'grant', 'option']) this.word(word);
      option = true;
    }
    const grantedBy = this.grantedBy();
    return { roles, option, cascade: revoke && this.cascades(), grantedBy };
  }

  private grantedBy(): string | null {
    if (!this.accept('granted')) return null;
    this.word('by');
    return this.roleName();
  }

  private membership(at: number, revoke: boolean, roles: string[], adminOnly: boolean): SourceStatement {
    this.word(revoke ? 'from' : 'to');
    const to = this.items(() => this.roleName());
    let admin = adminOnly;
    if (!revoke && this.is('with')) {
      for (const word of ['with', 'admin', 'option']) this.word(word);
      admin = true;
    }
    const grantedBy = this.grantedBy();
    return { op: 'grantRole', at, revoke, roles, to, admin, cascade: revoke && this.cascades(), grantedBy };
  }

  // ALTER DEFAULT PRIVILEGES ( FOR ( ROLE | USER ) names )? ( IN SCHEMA names )? ( GRANT | REVOKE ) ...
  private defaults({ ordinal: at }: SqlToken): SourceStatement {
    for (const word of ['alter', 'default', 'privileges']) this.word(word);
    let forRoles: string[] = [];
    let inSchemas: string[] = [];
    for (;;) {
      if (this.accept('for')) {
        this.acceptOne('role', 'user') ?? this.unexpected(this.next(1));
        forRoles = this.items(() => this.roleName());
      } else if (this.accept('in')) {
        this.word('schema');
        inSchemas = this.items(() => this.columnId(0));
      } else break;
    }
    const revoke = (this.acceptOne('grant', 'revoke') ?? this.unexpected(this.next(1))).value === 'revoke';
    const optionFor = revoke ? this.optionFor() : null;
    const first = this.next(1);
    const rights = this.rights();
    this.checkRights(rights, first);
    this.word('on');
    const found = DEFAULT_KINDS.find(([word]) => this.is(word));
    if (found === undefined) return this.unexpected(this.next(1));
    this.word(found[0]);
    const grant = this.grant(at, revoke, rights, optionFor !== null);
    return { ...grant, byDefault: true, kind: found[1], forRoles, inSchemas, ...this.receivers(revoke, optionFor !== null) };
  }

  // REASSIGN OWNED BY roles TO role; DROP OWNED BY roles ( CASCADE | RESTRICT )?
  private owned({ ordinal: at }: SqlToken, action: 'reassign' | 'drop'): SourceStatement {
    for (const word of [action, 'owned', 'by']) this.word(word);
    const roles = this.items(() => this.roleName());
    if (action === 'drop') return { op: 'ownedBy', at, action, roles, to: null, cascade: this.cascades() };
    this.word('to');
    return { op: 'ownedBy', at, action, roles, to: this.roleName(), cascade: false };
  }
}
