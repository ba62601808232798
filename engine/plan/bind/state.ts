/** What is known while one statement is bound: parameters, numbers given out, objects used. */

import type { CatalogRelation, CatalogRoutine } from '../../catalog/objects.ts';
import type { BoundExpression, BoundModule, BoundParameter, BoundStatement, ColumnId, Right } from '../../sblr/bound.ts';
import type { SourceQuery } from '../../sblr/source.gen.ts';
import type { TypeFinder } from '../../sblr/resolve-type.ts';
import type { DialectSemantics } from '../../sblr/semantics.ts';
import { type SqlType, sqlType, typeId, withNullable } from '../../sblr/types.ts';
import type { UserType } from '../../values/user-types.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import type { BindEnvironment } from './environment.ts';
import { ambiguousParameter, permissionDenied } from './errors.ts';
import type { BindNotes } from './notes.ts';

export const UNKNOWN: SqlType = sqlType('unknown');
export const BOOLEAN: SqlType = sqlType('bool');
/** Parameters beyond this are an error of the client. */
const PARAMETERS_MAX = 65_535;

interface Use {
  readonly version: number;
  readonly rights: Set<Right>;
  /** Rights to some columns only. */
  columns?: Map<Right, Set<number>>;
}

/** Rights that may be to single columns. */
const OF_COLUMNS: readonly Right[] = ['select', 'insert', 'update', 'references'];

/** Of one statement; the dialect is that of the text at hand (a stored expression has its own: `within`). */
export class BindState {
  /** Who shows the expression afterwards; null: nobody does. */
  notes: BindNotes | null = null;
  readonly environment: BindEnvironment;
  readonly semantics: DialectSemantics;
  /** The client's parameters: types given or inferred so far; the lifted literals' behind them. */
  readonly parameters: (SqlType | null)[];
  readonly clientParameters: number;
  readonly numbers: { column: number; local: number; relation: number };
  readonly uses: Map<number, Use>;
  readonly shaping: Set<number>;
  /** Token ordinals of bound nodes that may be named in an error later. */
  readonly positions: WeakMap<BoundExpression, number>;
  /** Names of the first columns of queries, which name the items that they are. */
  readonly queryNames: WeakMap<SourceQuery, string>;
  /** Parameters under IS NULL, which asks for no type: they get the one that they have elsewhere. */
  readonly untyped: { type: SqlType; readonly index: number }[];

  constructor(environment: BindEnvironment, clientParameters: number) {
    this.environment = environment;
    this.semantics = environment.semantics;
    this.clientParameters = clientParameters;
    this.parameters = Array.from({ length: clientParameters }, (_, index) => environment.parameterTypes[index] ?? null);
    for (const literal of environment.literals)
      this.parameters.push(literal.type.name === 'unknown' ? null : withNullable(literal.type, false));
    this.numbers = { column: 0, local: 0, relation: 0 };
    this.uses = new Map();
    this.shaping = new Set();
    this.positions = new WeakMap();
    this.untyped = [];
    this.queryNames = new WeakMap();
  }

  /** Finds types that users have made, and notes that the statement rests on them. */
  readonly findType: TypeFinder = (schema, name) => {
    const found = this.environment.catalog.findType?.(schema, name) ?? null;
    if (found !== null) this.useType(found.domain ?? typeId(found.name));
    return found;
  };

  /** Notes that the statement rests on a type. Returns what the catalog says of it. */
  useType(id: number): UserType | null {
    const version = this.environment.catalog.typeVersion?.(id);
    if (version !== undefined && !this.uses.has(id)) this.uses.set(id, { version, rights: new Set() });
    return this.environment.catalog.userType?.(id) ?? null;
  }

  /** The same statement, in a text of another dialect. */
  within(dialect: string): BindState {
    if (dialect === this.semantics.dialect) return this;
    const semantics = this.environment.semanticsOf(dialect);
    return Object.create(this, { semantics: { value: semantics } }) as BindState;
  }

  newColumn(): ColumnId {
    return this.numbers.column++;
  }

  /** A number for a relation of WITH, or for a recursion. */
  newCte(): number {
    return this.numbers.relation++;
  }

  newLocal(): number {
    return this.numbers.local++;
  }

  /** The role has the right to the whole relation, and not to some of its columns only. */
  mayAll(relation: CatalogRelation, right: Right): boolean {
    return this.uses.get(relation.id)?.rights.has(right) === true || this.environment.catalog.allows(relation.id, right);
  }

  /**
   * Notes that the statement rests on an object, and that the role may do so. `columns`: it is about these only, and a right to them is
   * enough; without a column in it, a right to any. 42501
   */
  use(relation: CatalogRelation, right: Right, columns?: readonly number[]): void {
    let use = this.uses.get(relation.id);
    if (use === undefined) {
      use = { version: relation.version, rights: new Set() };
      this.uses.set(relation.id, use);
    }
    if (use.rights.has(right)) return;
    const { catalog } = this.environment;
    if (catalog.allows(relation.id, right)) {
      use.rights.add(right);
      return;
    }
    if (columns === undefined || !catalog.allows(relation.id, right, undefined, columns)) throw permissionDenied(relation);
    use.columns ??= new Map();
    const known = use.columns.get(right) ?? new Set();
    use.columns.set(right, known);
    for (const column of columns) known.add(column);
  }

  /** Notes that the statement rests on an object, whoever may do what with it. */
  rest({ id, version }: CatalogRelation): void {
    if (!this.uses.has(id)) this.uses.set(id, { version, rights: new Set() });
  }

  /** Notes that the statement rests on a routine, and that the role may call it. 42501 */
  useRoutine({ id, version, name, kind }: CatalogRoutine): void {
    const use = this.uses.get(id) ?? { version, rights: new Set() };
    this.uses.set(id, use);
    if (use.rights.has('execute')) return;
    if (!this.environment.catalog.allows(id, 'execute'))
      throw new SqlError(SQLSTATE.insufficient_privilege, `permission denied for ${kind} ${name}`);
    use.rights.add('execute');
  }

  /** The same, where single columns are asked for later: here a right to some column is enough. */
  useSome(relation: CatalogRelation, right: Right): void {
    this.use(relation, right, OF_COLUMNS.includes(right) ? [] : undefined);
  }

  // ---- parameters and lifted literals ----

  parameter(number: number, at: number): BoundParameter {
    if (number < 1 || number > PARAMETERS_MAX)
      throw new SqlError(SQLSTATE.undefined_parameter, `there is no parameter $${number}`, { position: at });
    return this.slot(number - 1, at);
  }

  literal(index: number, at: number): BoundParameter {
    if (this.environment.literals[index] === undefined)
      throw new SqlError(SQLSTATE.internal_error, `the text has no literal ${index}`, { position: at });
    return this.slot(this.clientParameters + index, at);
  }

  private slot(index: number, at: number): BoundParameter {
    const isLiteral = index >= this.clientParameters;
    const known = this.parameters[index];
    const type =
      known === null || (isLiteral && this.environment.literals[index - this.clientParameters].type.name === 'unknown')
        ? withNullable(UNKNOWN, !isLiteral)
        : known;
    const node: BoundParameter = { op: 'parameter', index, type };
    this.positions.set(node, at);
    return node;
  }

  /** The lifted literal that a parameter stands for, or null for one of the client's. */
  liftedLiteral(parameter: BoundParameter): { readonly index: number; readonly text: string } | null {
    const index = parameter.index - this.clientParameters;
    return index < 0 ? null : { index, text: this.environment.literals[index].text };
  }

  /** A parameter of no type yet gets one. The node that it becomes; null: it has another type already. */
  resolveParameter(parameter: BoundParameter, type: SqlType): BoundParameter | null {
    const known = this.parameters[parameter.index];
    if (known !== null && known.name !== type.name) {
      if (this.liftedLiteral(parameter) !== null) return null;
      throw ambiguousParameter(parameter.index + 1, known, type, this.semantics, this.positions.get(parameter));
    }
    const isLiteral = this.liftedLiteral(parameter) !== null;
    const resolved = known ?? { ...sqlType(type.name), nullable: !isLiteral };
    this.parameters[parameter.index] = resolved;
    const node: BoundParameter = { op: 'parameter', index: parameter.index, type: resolved };
    const at = this.positions.get(parameter);
    if (at !== undefined) this.positions.set(node, at);
    return node;
  }

  // ---- the end ----

  finish(statement: BoundStatement): BoundModule {
    const parameters = this.parameters.map((type, index) => {
      if (type !== null) return type;
      // A literal that nothing has read: GROUP BY 'x' and the like.
      if (index >= this.clientParameters) return withNullable(sqlType(this.semantics.unknownBecomes), false);
      throw new SqlError(SQLSTATE.indeterminate_datatype, `could not determine data type of parameter $${index + 1}`, {
        hint: `say its type: $${index + 1}::text`,
      });
    });
    for (const node of this.untyped) node.type = parameters[node.index];
    return {
      statement,
      parameters,
      clientParameters: this.clientParameters,
      shaping: [...this.shaping].sort((a, b) => a - b),
      uses: [...this.uses].map(([object, { version, rights, columns }]) => ({
        ...{ object, version, rights: [...rights] },
        columnRights: columns === undefined ? [] : [...columns].map(([right, own]) => ({ right, columns: [...own] })),
      })),
      columns: this.numbers.column,
    };
  }
}
