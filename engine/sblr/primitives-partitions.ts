/** Primitives that tell rows of hash partitions apart. How to read a line: primitives.ts. */

const TYPES = 'bool int2 int4 int8 oid date timestamp timestamptz text uuid';

export const PARTITION_PRIMITIVES = `
${TYPES.split(' ')
  .map((type) => `partition.hash.${type}(int8, ${type}) int8 called`)
  .join('\n')}
partition.remainder(int8, int4) int4
`;
