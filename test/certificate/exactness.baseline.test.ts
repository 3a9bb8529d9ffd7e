// Certificates on the baseline build.
import './exactness.js';
