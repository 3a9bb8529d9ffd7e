// Node's own modules, which Deno and Bun have too, without an import that a bundler for browsers would follow. Jest's
// CommonJS cannot import() at all: there, as everywhere from Node 20.16 on, the process is asked.

interface Asked {
  getBuiltinModule?(name: string): unknown;
}

/** The module `name`, such as 'node:os'. Rejects where the engine has none. */
export async function builtin(name: string): Promise<unknown> {
  const asked: Asked = typeof process === 'object' ? process : {};
  return asked.getBuiltinModule?.(name) ?? import(/* @vite-ignore */ /* webpackIgnore: true */ name);
}
