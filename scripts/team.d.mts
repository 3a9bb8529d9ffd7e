interface Team {
  run<T>(work: () => T, threads?: number): Promise<T>;
  close(): Promise<unknown>;
}
export function createTeam(library: object, module: WebAssembly.Module, most: number): Promise<Team>;
