// Families of matrices on the relaxed build.
import { runsOn } from './builds.js';
import './suites/families.js';

runsOn('relaxed');
