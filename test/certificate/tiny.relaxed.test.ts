// Certificates on the relaxed build.
import './tiny.js';
