/** Types that JSON_VALUE can be asked for. */
export const VALUE_TYPES: readonly string[] = [
  ...['text', 'bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'date', 'time', 'timestamp', 'timestamptz'],
  ...['interval', 'uuid', 'jsonb', 'json'],
];
