// The kernel's routines on the relaxed build.
import { runsOn } from './builds.js';
import './kernel/suite.js';

runsOn('relaxed');
