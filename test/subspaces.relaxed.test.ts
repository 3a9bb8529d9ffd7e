// Null space, column space and dependencies on the relaxed build.
import { runsOn } from './builds.js';
import './suites/subspaces.js';

runsOn('relaxed');
