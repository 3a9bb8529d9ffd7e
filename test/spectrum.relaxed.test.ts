// Singular values, and plain matrices, on the relaxed build.
import { runsOn } from './builds.js';
import './suites/spectrum.js';

runsOn('relaxed');
