// Certificates on the relaxed build.
import './exactness.js';
