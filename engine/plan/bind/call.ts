/** CALL: which procedure it means, and what it is given. */

import type { BoundUtility } from '../../sblr/bound.ts';
import { foldParts, shownType } from '../../sblr/resolve-type.ts';
import type { Signature } from '../../sblr/semantics.ts';
import type { SourceExpression, SourceStatement } from '../../sblr/source.gen.ts';
import { sqlType } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { clauseOf } from './clause.ts';
import { castAssign } from './coerce.ts';
import { fault, unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { resolveSignature } from './resolve.ts';
import { arranged } from './routines.ts';
import { NO_RELATIONS } from './scope.ts';
import type { BindState } from './state.ts';

const isSubquery = (node: unknown): boolean => {
  if (Array.isArray(node)) return node.some(isSubquery);
  if (typeof node !== 'object' || node === null) return false;
  return (node as { op?: string }).op === 'subquery' || Object.values(node).some(isSubquery);
};

/** 42883, 42809, 42725, 42501; 0A000 */
export function bindCall(statement: SourceStatement & { op: 'callProcedure' }, state: BindState): BoundUtility {
  const { call } = statement;
  if (call.op !== 'call') throw fault(SQLSTATE.syntax_error, 'CALL takes a procedure with its arguments', statement.at);
  if (call.star || call.distinct || call.variadic || call.order.length > 0 || call.filter !== null || call.over !== null)
    throw unsupported('what stands beside the arguments of CALL is', call.at);
  const parts = foldParts(call.name, state.semantics);
  const given = call.arguments.find(isSubquery);
  if (given !== undefined) throw unsupportedSubquery(given.at);
  const name = parts[parts.length - 1];
  const found = state.environment.catalog.findRoutines?.(parts.length > 1 ? parts[0] : null, name) ?? [];
  const clause = clauseOf(state, NO_RELATIONS, 'CALL arguments');
  const types = call.arguments.map((argument) => bindExpr(argument, clause).type);
  const fitting = found.flatMap((routine) => {
    const places = arranged(routine.parameters, call);
    return places === null ? [] : [{ routine, places }];
  });
  const signatures = fitting.map(({ routine, places }, at): Signature => {
    const own = call.arguments.map((_, argument) => routine.parameters[places.indexOf(argument)].type.name);
    return { arguments: own, result: routine.returns.name, primitive: String(at) };
  });
  const resolution = resolveSignature(
    signatures,
    types.map((type) => type.name),
    state.semantics,
  );
  const shown = `${parts.join('.')}(${types.map((type) => shownType(type.name, state.semantics)).join(', ')})`;
  const isBuiltIn = found.length === 0 && name in state.semantics.functions;
  const chosen = resolution.found === null ? null : fitting[Number((resolution.found.signature as Signature).primitive)];
  if (isBuiltIn || (chosen !== null && chosen.routine.kind !== 'procedure'))
    throw fault(SQLSTATE.wrong_object_type, `${shown} is not a procedure`, call.at, 'To call a function, use SELECT.');
  if (chosen === null)
    throw fault(
      SQLSTATE.undefined_function,
      `procedure ${shown} does not exist`,
      call.at,
      'No procedure matches the given name and argument types. You might need to add explicit type casts.',
    );
  const { routine, places } = chosen;
  state.useRoutine(routine);
  const values: SourceExpression[] = [];
  for (const [at, parameter] of routine.parameters.entries()) {
    if (parameter.mode === 'variadic') throw unsupported('a VARIADIC argument is', call.at);
    const place = places[at];
    const value = place === undefined ? (parameter.default?.source as SourceExpression) : call.arguments[place];
    if (place !== undefined) {
      const node = bindExpr(call.arguments[place], clause);
      castAssign(state, node, { name: parameter.name, type: parameter.type }, call.at, 'argument');
    }
    if (parameter.mode !== 'out') values.push(value);
  }
  const output = routine.parameters
    .filter(({ mode }) => mode === 'out' || mode === 'inout')
    .map(({ name: column, type }) => ({ name: column, column: 0, type: sqlType(type.name), table: 0, attribute: 0 }));
  return { kind: 'utility', statement, call: { routine, values, output } };
}

const unsupportedSubquery = (at: number): Error =>
  fault(SQLSTATE.feature_not_supported, 'cannot use subquery in CALL argument', at);
