// inline-worker.ts with all that it needs but the kernel, as one script. scripts/bundle.mjs fills it in.
export const code: string = '';
