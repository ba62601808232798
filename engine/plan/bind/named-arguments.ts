/** Arguments given by name: f(a, name => b), put in the order in which the dialect's functions take them. */

import type { SourceCallNode, SourceExpression } from '../../sblr/source.gen.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import type { BindState } from './state.ts';
import { fault } from './errors.ts';

const missing = (source: SourceCallNode, name: string): Error =>
  fault(
    SQLSTATE.undefined_function,
    `function ${name} does not exist with arguments of these names`,
    source.at,
    'No function matches the given name and argument types. You might need to add explicit type casts.',
  );

/** The arguments of a call by place; what is left out between them has its default. 42601, 42883 */
export function inOrder(source: SourceCallNode, name: string, state: BindState): readonly SourceExpression[] {
  if (!source.names.some((one) => one !== '')) return source.arguments;
  const parameters = state.semantics.parameterNames?.[name];
  if (parameters === undefined) throw missing(source, name);
  const given: (SourceExpression | undefined)[] = [];
  let named = false;
  for (const [index, value] of source.arguments.entries()) {
    const own = source.names[index] ?? '';
    if (own === '' && named) throw fault(SQLSTATE.syntax_error, 'positional argument cannot follow named argument', value.at);
    named ||= own !== '';
    const place = own === '' ? index : parameters.findIndex((parameter) => parameter.name === own);
    if (place < 0 || place >= parameters.length || given[place] !== undefined) throw missing(source, name);
    given[place] = value;
  }
  // Behind the last one given, arguments are left out; before it they have their defaults.
  return Array.from(given, (value, place): SourceExpression => {
    const { value: text } = parameters[place];
    if (value !== undefined) return value;
    if (text === undefined) throw missing(source, name);
    return { op: 'constant', at: source.at, kind: text === 'true' || text === 'false' ? 'boolean' : 'integer', text };
  });
}
