// Before each file of the projects `baseline` and `relaxed`: the kernel in use is the build that the project is about.
import { simd } from '../src/kernel/load.js';

if (simd !== process.env.KERNEL_BUILD)
  throw new Error(
    `The kernel in use is the ${simd} build, the tests are of the ${process.env.KERNEL_BUILD} one.`,
  );
