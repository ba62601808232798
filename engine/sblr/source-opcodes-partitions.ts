/** The nodes of the source form (source-opcodes.ts) that are about partitioned tables. */

import { node, type OpcodeTable } from './opcode-table.ts';

export const PARTITION_OPCODES = {
  partitionKey: node(110, 'partitionKey', 'PARTITION BY', { strategy: 'range|list|hash', elements: 'indexElement[]' }),
  partitionBound: node(
    111,
    'partitionBound',
    'FOR VALUES IN (values), FROM (values) TO (to), WITH (MODULUS, REMAINDER); MINVALUE and MAXVALUE are columns of that name; DEFAULT',
    {
      kind: 'default|list|range|hash',
      values: 'expression[]',
      to: 'expression[]',
      modulus: 'number',
      remainder: 'number',
    },
  ),
} as const satisfies OpcodeTable;
