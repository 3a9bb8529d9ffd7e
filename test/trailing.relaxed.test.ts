// Spectra without a gap on the relaxed build.
import { runsOn } from './builds.js';
import './suites/trailing.js';

runsOn('relaxed');
