// What holds for every matrix on the relaxed build.
import { runsOn } from './builds.js';
import './suites/properties.js';

runsOn('relaxed');
