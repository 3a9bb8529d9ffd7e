// What is refused, on the relaxed build.
import { runsOn } from './builds.js';
import './suites/errors.js';

runsOn('relaxed');
