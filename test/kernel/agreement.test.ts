// What the kernel and the library must agree on.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METHODS } from '../../src/matrix/rank.js';

test("METHODS has a name for each number of the kernel's enum", () => {
  const claim = readFileSync(new URL('../../assembly/certificate/claim.ts', import.meta.url), 'utf8');
  const members = /enum Method \{([^}]*)\}/
    .exec(claim)![1]
    .split(',')
    .map((name) => name.trim().toLowerCase());
  // Two of them are told to callers by what they are.
  const told = members.filter(Boolean).map((name) => (name === 'trailing' ? 'inertia' : name));
  expect(METHODS).toEqual(told);
});
