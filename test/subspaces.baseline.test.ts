// Null space, column space and dependencies on the baseline build.
import { runsOn } from './builds.js';
import './suites/subspaces.js';

runsOn('baseline');
