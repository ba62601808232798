/** `npm start`: see serve.ts. What is compiled is kept, for this start's threads and for the next start: half the time to be ready. */

import { enableCompileCache } from 'node:module';

const { directory } = enableCompileCache();
if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory;
const { serve } = await import('./serve.ts');
await serve(process.argv.slice(2));
